"""What a store is asked: conditions, order and page, in no dialect; ``collector.query`` says what they mean.

Beside nothing else, so that stores can be understood, and imported, without the schema's messages.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

DEFAULT_PAGE_SIZE = 100

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
