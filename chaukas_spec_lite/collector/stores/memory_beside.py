"""What a store in memory keeps beside its events: what was rejected, and the records of deletions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.stores.base import REJECTED_PER_TENANT, DeletionRecord, Rejected
from chaukas_spec_lite.collector.stores.listing import DELETIONS, REJECTED, Part, PartAsked
from chaukas_spec_lite.collector.stores.matching import is_part, within

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.page_tokens import PageTokens
    from chaukas_spec_lite.collector.stores.asking import Tenancy


class KeptBeside:
    """Keeps it.

    Args:
        tokens: The store's.

    Attributes:
        rejected: What was rejected, by its number, in the order in which it came.
        deletions: The records, the first of which has the number 1.
    """

    def __init__(self, tokens: PageTokens) -> None:
        self.rejected: dict[int, Rejected] = {}
        self.deletions: list[DeletionRecord] = []
        self._tokens = tokens
        self._last = 0

    def reject(self, rejected: Sequence[Rejected]) -> None:
        """Keep what was rejected; a tenant's oldest makes room for its own."""
        for each in rejected:
            self._last += 1
            self.rejected[self._last] = each
        seen: Counter[str] = Counter()
        for number, each in reversed(list(self.rejected.items())):
            seen[each.tenant_id] += 1
            if seen[each.tenant_id] > REJECTED_PER_TENANT:
                del self.rejected[number]

    def forget(self, chosen: Callable[[Rejected], bool]) -> None:
        """Forget some of what was rejected."""
        self.rejected = {number: each for number, each in self.rejected.items() if not chosen(each)}

    def list_rejected(self, tenancy: Tenancy, limit: int, page_token: str) -> Part[Rejected]:
        """As ``Store.rejected``."""
        asked = PartAsked(self._tokens, REJECTED, tenancy, limit, page_token)
        below = asked.below
        own = ((n, each) for n, each in reversed(self.rejected.items()) if n < below and within(tenancy, each))
        return asked.part((n, len(each.data), each) for n, each in own)

    def list_deletions(self, tenancy: Tenancy, limit: int, page_token: str) -> Part[DeletionRecord]:
        """As ``Store.deletions``."""
        asked = PartAsked(self._tokens, DELETIONS, tenancy, limit, page_token)
        last = min(asked.below - 1, len(self.deletions))
        numbered = ((number, self.deletions[number - 1]) for number in range(last, 0, -1))
        return asked.part((number, 0, each) for number, each in numbered if is_part(each.deletion.tenancy, tenancy))

    def count(self, tenancy: Tenancy) -> tuple[int, int]:
        """How much was rejected, and how many records there are."""
        return (
            sum(within(tenancy, each) for each in self.rejected.values()),
            sum(is_part(each.deletion.tenancy, tenancy) for each in self.deletions),
        )
