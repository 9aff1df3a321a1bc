"""Lists sessions out of their table, which has their sums."""

from __future__ import annotations

import sqlite3

from chaukas_spec_lite.collector.stores.asking import SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.base import SessionPlace, SessionSummary
from chaukas_spec_lite.collector.stores.sqlite.deleting import columns_of
from chaukas_spec_lite.collector.stores.sqlite.schema import UNTIMED, Values, moment_of, timestamp_of

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
    statement = f"SELECT owner, tenant_id, project_id FROM owners WHERE {condition}"
    owners = connection.execute(statement, values).fetchall()
    wanted, wanted_values = _wanted(only)
    if len(owners) > limit and not only.agent_id:  # which the sessions of each owner are asked for in a way of its own
        until = None if before is None else moment_of(*before[:2])
        latest = _latest(connection, (condition, values), limit, until, (wanted, wanted_values))
        owners = [each for each in owners if each[0] in latest]
    for owner, tenant, project in owners:
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


def _latest(
    connection: sqlite3.Connection,
    whose: tuple[str, Values],
    limit: int,
    until: bytes | None,
    wanted: tuple[list[str], Values],
) -> set[int]:
    """The owners that the latest sessions can be of: by one statement, as one for each costs ten times as much."""
    terms, values = wanted
    if until is not None:
        terms, values = [*terms, "last <= ?"], (*values, until)
    newest = (
        "SELECT owner, (SELECT last FROM sessions INDEXED BY sessions_by_end "
        f"WHERE {' AND '.join(['owner = owners.owner', *terms])} ORDER BY last DESC LIMIT 1) "
        f"FROM owners WHERE {whose[0]}"
    )
    found = {owner: last for owner, last in connection.execute(newest, (*values, *whose[1])) if last is not None}
    # A page has no sessions that end before the newest ones of so many owners. Those that end where it begins are not
    # counted: they may have been on the page before.
    latest = sorted((last for last in found.values() if last != until), reverse=True)[:limit]
    least = latest[-1] if len(latest) == limit > 0 else UNTIMED
    return {owner for owner, last in found.items() if last >= least}


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
