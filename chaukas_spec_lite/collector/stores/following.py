"""What has arrived since: the part that all stores share of following them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from chaukas_spec_lite.collector.page_tokens import PageTokens, What
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.asking import Query

P = TypeVar("P")

ARRIVALS = What("arrivals", "cursor: not the cursor of an answer to this call; all conditions must be the same as then")
LOOKED_AT = 2000
"""How many arrivals are looked at for one answer."""

Place = tuple[int, int]
"""Where an arrival stands: in PostgreSQL its transaction, elsewhere 0, and its number."""


LookedAt = tuple[Place, "bytes | None"]
"""An arrival, with its event if it meets the conditions, and None if it is passed by."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What has arrived, and from where on to ask for more."""

    events: list[bytes]
    cursor: str
    more: bool
    """Whether more is there already, or may be: ask again at once."""


def place_of(tokens: PageTokens, query: Query) -> Place | None:
    """Up to where the answer before went; None to begin. The cursor is the query's page token."""
    asked = tokens.read(query, ARRIVALS)
    return None if asked is None else (asked[0], asked[1][3])


def followed(
    tokens: PageTokens, query: Query, place: Place, looked_at: Iterable[LookedAt | None], max_bytes: int
) -> Followed:
    """Make an answer.

    Args:
        tokens: The store's.
        query: The query.
        place: Where it begins.
        looked_at: The arrivals from there on. None says that there are more, or may be.
        max_bytes: The size that the events may have. A single one may be larger.
    """
    events: list[bytes] = []
    more = False
    for each in looked_at:
        if each is None:
            more = True
            break
        at, data = each
        if data is not None:
            max_bytes -= len(data) + MAX_FRAME_BYTES
            if events and (len(events) == query.size or max_bytes < 0):
                more = True
                break
            events.append(data)
        place = at
    return Followed(events, beginning(tokens, query, place), more)


def beginning(tokens: PageTokens, query: Query, place: Place) -> str:
    """The cursor for what arrives from some place on."""
    return tokens.write(query, place[0], (0, 0, 0, place[1]), ARRIVALS)
