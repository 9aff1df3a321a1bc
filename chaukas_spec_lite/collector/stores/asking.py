"""What a store is asked: conditions, order and page, in no dialect; ``collector.query`` says what they mean.

Beside nothing else, so that stores can be understood, and imported, without the schema's messages.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from chaukas_spec_lite.wellknown.times import NANOS_PER_SECOND, wire_from_datetime

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000
"""Larger pages are cut down to this."""
MAX_CHOICES = 100
"""How many values each list of a filter may have."""
MAX_TEXT_LENGTH = 1000
"""How long, in characters, each text of a filter may be."""
_MAX_SECONDS = 2**63 - 1

Moment: TypeAlias = "tuple[int, int]"
"""Seconds since 1970 and nanoseconds."""


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Whose events: of one tenant, and of one project of it, or of all where it is None."""

    tenant_id: str | None = None
    project_id: str | None = None


EVERYBODY = Tenancy()
"""All events."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which events are wanted, in which order, and which page of them. An empty condition is none."""

    tenancy: Tenancy = EVERYBODY
    session_id: str = ""
    agent_id: str = ""
    span_id: str = ""
    trace_id: str = ""
    types: tuple[int, ...] = ()
    statuses: tuple[int, ...] = ()
    severities: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    text: str = ""
    """Folded."""
    start: Moment | None = None
    end: Moment | None = None
    descending: bool = True
    size: int = DEFAULT_PAGE_SIZE
    page_token: str = ""

    @property
    def fingerprint(self) -> bytes:
        """Tells this query from others, whatever page of whatever size is asked for."""
        conditions = (
            *(
                self.tenancy.tenant_id,
                self.tenancy.project_id,
                self.session_id,
                self.agent_id,
                self.span_id,
                self.trace_id,
            ),
            *(self.types, self.statuses, self.severities, self.tags, self.text, self.start, self.end, self.descending),
        )
        return hashlib.blake2b(repr(conditions).encode(errors="surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions are wanted. An empty condition is none."""

    agent_id: str = ""
    """Those with an event of this agent."""
    with_errors: bool = False
    """Those with an error among their events."""
    start: Moment | None = None
    end: Moment | None = None
    """Those that were going on at some time from ``start``, inclusive, to ``end``, exclusive. One without timestamps
    never was."""


EVERY_SESSION = SessionFilter()
"""All of them."""


def moment(timestamp: datetime | None) -> tuple[int, int, int]:
    """Where a timestamp stands in the order of time: whether there is one (1) or not (0), its seconds and its nanos.

    An event without a timestamp comes before all others. Timestamps that the wire allows and the schema does not are
    taken for the instant they add up to.
    """
    if timestamp is None:
        return 0, 0, 0
    seconds, nanos, _ = wire_from_datetime(timestamp)
    return normal_moment(seconds, nanos)


def normal_moment(seconds: int, nanos: int) -> tuple[int, int, int]:
    """As ``moment``, of what stands on the wire."""
    # A Timestamp on the wire may carry more than a second of nanos, or negative ones; the order of columns needs the
    # normal form.
    carry, nanos = divmod(nanos, NANOS_PER_SECOND)
    # Databases have integers of 64 bits, and a carry could exceed them.
    return 1, max(-_MAX_SECONDS, min(seconds + carry, _MAX_SECONDS)), nanos


SEPARATOR = "\x1f"
"""Stands between two texts of an event, so that nothing is found that is in neither: ASCII's unit separator."""


def fold(text: str) -> str:
    """Make texts comparable without regard to upper and lower case."""
    # Both sides go through this. Databases fold in ways of their own. What stands between the texts of an event is no
    # part of any.
    return text.casefold().replace(SEPARATOR, " ")
