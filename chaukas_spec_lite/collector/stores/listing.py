"""What a store keeps beside its events, in parts, the latest first: conflicts, what was rejected, deletions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from chaukas_spec_lite.collector.page_tokens import PageTokens, What
from chaukas_spec_lite.collector.stores.asking import Query

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.asking import Tenancy

T = TypeVar("T")

PART_BYTES = 4 * 2**20
"""How many bytes of events a part holds, unless its first one alone has more."""

_WRONG = "page_token: not the next_page_token of a page of this list; tenant and project must be the same for all pages"
CONFLICTS, REJECTED, DELETIONS = (What(name, _WRONG) for name in ("conflicts", "rejected", "deletions"))

_ALL = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """A part of a list, and the token of the next one, empty at the end."""

    items: list[T]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class PartAsked:
    """One part that is asked for.

    Args:
        tokens: The store's.
        what: Which list.
        tenancy: Whose.
        limit: How many items at most.
        page_token: The part's; empty for the first one.
    """

    tokens: PageTokens
    what: What
    tenancy: Tenancy
    limit: int
    page_token: str

    @property
    def below(self) -> int:
        """The number that those of all items are below; raises ``InvalidRequest`` if the token is none of the list."""
        asked = self.tokens.read(Query(tenancy=self.tenancy, page_token=self.page_token), self.what)
        return _ALL if asked is None else asked[1][3]

    @property
    def wanted(self) -> int:
        """How many items to look for: one more tells that there are more."""
        return self.limit + 1

    def part(self, found: Iterable[tuple[int, int, T | None]]) -> Part[T]:
        """Make the part.

        Args:
            found: The items from where it begins: number, size, and the item, or None where it has no place any more.
        """
        items: list[T] = []
        last = size = 0
        for number, own, item in found:
            size += own
            if item is None or len(items) == self.limit or (items and size > PART_BYTES):
                return Part(items, self.tokens.write(Query(tenancy=self.tenancy), 0, (0, 0, 0, last), self.what))
            items.append(item)
            last = number
        return Part(items, "")
