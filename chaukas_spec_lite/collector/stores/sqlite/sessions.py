"""Lists sessions out of their table, which has their sums."""

from __future__ import annotations

import sqlite3

from chaukas_spec_lite.collector.stores.asking import SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.base import SessionPlace, SessionSummary
from chaukas_spec_lite.collector.stores.sqlite.deleting import columns_of
from chaukas_spec_lite.collector.stores.sqlite.schema import Values, moment_of, timestamp_of

_FEW = 2000
"""Up to so many events of an agent, their sessions are looked up; with more, an agent is looked for in each session."""
_OF_AGENT = (
    "marks m CROSS JOIN events e INDEXED BY events_by_owner WHERE m.field = 'agent_id' AND m.value = ? AND m.owner = ? "
    "AND e.owner = m.owner AND e.moment BETWEEN m.since AND m.until AND e.agent_id = ?"
)


def sessions(
    connection: sqlite3.Connection,
    tenancy: Tenancy,
    limit: int,
    before: SessionPlace | None,
    only: SessionFilter,
) -> list[SessionSummary]:
    """List sessions, those with the latest events first."""
    found: list[Values] = []
    condition, values = columns_of(tenancy)
    owners = connection.execute(f"SELECT owner, tenant_id, project_id FROM owners WHERE {condition}", values)
    wanted, wanted_values = _wanted(only)
    for owner, tenant, project in owners.fetchall():
        terms, bound = ["owner = ?", *wanted], (owner, *wanted_values)
        if before is not None:
            # Of those with the same end and id, the owners that come later are left.
            terms.append(f"(last, session_id) {'<=' if (tenant, project) < before[3:] else '<'} (?, ?)")
            bound = *bound, moment_of(*before[:2]), before[2]
        if only.agent_id:
            term, sought = _with_agent(connection, owner, only.agent_id)
            terms.append(term)
            bound = *bound, *sought
        found += connection.execute(
            "SELECT last, session_id, ?, ?, events, errors, first FROM sessions INDEXED BY sessions_by_end "
            f"WHERE {' AND '.join(terms)} ORDER BY last DESC, session_id DESC LIMIT ?",
            (tenant, project, *bound, limit),
        )
    found.sort(reverse=True)
    return [
        SessionSummary(tenant, project, session, events, errors, timestamp_of(first)[1:], timestamp_of(last)[1:])
        for last, session, tenant, project, events, errors, first in found[:limit]
    ]


def _wanted(only: SessionFilter) -> tuple[list[str], Values]:
    terms = ["errors > 0"] if only.with_errors else []
    values: list[bytes] = []
    if only.start is not None or only.end is not None:
        terms.append("timed > 0")
    if only.start is not None:
        terms.append("last >= ?")
        values.append(moment_of(*only.start))
    if only.end is not None:
        terms.append("first < ?")
        values.append(moment_of(*only.end))
    return terms, tuple(values)


def _with_agent(connection: sqlite3.Connection, owner: int, agent_id: str) -> tuple[str, Values]:
    """The condition that a session has an event of an agent, the quicker one of two that say so, and its values."""
    values = (agent_id, owner, agent_id)
    ((count,),) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {_OF_AGENT} LIMIT {_FEW + 1})",
        values,
    )
    if count <= _FEW:
        return f"session_id IN (SELECT e.session_id FROM {_OF_AGENT})", values
    return (
        "EXISTS (SELECT 1 FROM events e INDEXED BY events_by_session "
        "WHERE e.session_id = sessions.session_id AND e.owner = sessions.owner AND e.agent_id = ?)"
    ), (agent_id,)
