"""What meets a query's conditions, and what sessions come to: plain Python, which other stores are held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from chaukas_spec_lite.collector.stores.base import SessionSummary, is_error

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.page_tokens import Position
    from chaukas_spec_lite.collector.stores.asking import Query, SessionFilter, Tenancy
    from chaukas_spec_lite.collector.stores.base import EventRow, Rejected, SessionPlace

Key: TypeAlias = "tuple[str, str, str]"
"""Tenant, project, and the id of an event or a session."""


@dataclass(slots=True)
class SessionSum:
    """What the events of a session come to."""

    events: int = 0
    errors: int = 0
    agents: set[str] = field(default_factory=set[str])
    moments: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    @property
    def first(self) -> tuple[int, int]:
        """The timestamp of its first event, zeros without any."""
        return min(self.moments, default=(0, 0))

    @property
    def last(self) -> tuple[int, int]:
        """That of its last event."""
        return max(self.moments, default=(0, 0))

    def meets(self, only: SessionFilter) -> bool:
        """Whether it is one of those that are wanted."""
        return (
            only.agent_id in ("", *self.agents)
            and (self.errors > 0 or not only.with_errors)
            and (only.start is None or (bool(self.moments) and self.last >= only.start))
            and (only.end is None or (bool(self.moments) and self.first < only.end))
        )

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return (self.last[0] - self.first[0]) * 1e3 + (self.last[1] - self.first[1]) / 1e6


def key_of(row: EventRow) -> Key:
    """What tells an event from others."""
    return row.tenant_id, row.project_id, row.event_id


def position_of(number: int, row: EventRow) -> Position:
    """Where an event stands that arrived as the one with this number."""
    return row.timed, row.seconds, row.nanos, number


def matches(row: EventRow, query: Query) -> bool:
    """Whether an event meets the conditions of a query, but for that on its texts."""
    moment = (row.seconds, row.nanos)
    return (
        within(query.tenancy, row)
        and query.session_id in ("", row.session_id)
        and query.agent_id in ("", row.agent_id)
        and query.span_id in ("", row.span_id)
        and query.trace_id in ("", row.trace_id)
        and (not query.types or row.type in query.types)
        and (not query.statuses or row.status in query.statuses)
        and (not query.severities or row.severity in query.severities)
        and all(tag in row.tags for tag in query.tags)
        and (query.start is None or (row.timed == 1 and moment >= query.start))
        and (query.end is None or (row.timed == 1 and moment < query.end))
    )


def within(tenancy: Tenancy, owned: EventRow | Rejected | Key) -> bool:
    """Whether something belongs to a tenancy."""
    tenant, project = owned[:2] if isinstance(owned, tuple) else (owned.tenant_id, owned.project_id)
    return tenancy.tenant_id in (None, tenant) and tenancy.project_id in (None, project)


def is_part(tenancy: Tenancy, whole: Tenancy) -> bool:
    """Whether a tenancy lies within another one. That of all projects lies in none of a project."""
    return whole.tenant_id in (None, tenancy.tenant_id) and whole.project_id in (None, tenancy.project_id)


def sum_up(rows: Iterable[EventRow]) -> dict[Key, SessionSum]:
    """Sum events up by their sessions; those of none are left out."""
    sessions: dict[Key, SessionSum] = {}
    for row in rows:
        if row.session_id:
            session = sessions.setdefault((row.tenant_id, row.project_id, row.session_id), SessionSum())
            session.events += 1
            session.errors += is_error(row)
            session.agents.add(row.agent_id)
            if row.timed:
                session.moments.append((row.seconds, row.nanos))
    return sessions


def list_sessions(
    rows: Iterable[EventRow], limit: int, before: SessionPlace | None, only: SessionFilter
) -> list[SessionSummary]:
    """List the sessions of events, as ``Store.sessions`` does."""
    listed = [
        SessionSummary(*key, each.events, each.errors, each.first, each.last)
        for key, each in sum_up(rows).items()
        if each.meets(only)
    ]
    listed.sort(key=lambda each: each.place, reverse=True)
    return [each for each in listed if before is None or each.place < before][:limit]
