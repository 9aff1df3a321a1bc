"""Lists sessions, which are summed up of their events.

Those with the latest events come first, so they are looked for among the latest events, and only these sessions are
summed up. Where too few of them are wanted, all are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.collector.stores.asking import Moment, SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.base import ERROR_TYPE, FAILED_STATUS, SessionPlace, SessionSummary
from chaukas_spec_lite.collector.stores.postgres.connections import Database
from chaukas_spec_lite.collector.stores.postgres.rows import UNTIMED, key, plain
from chaukas_spec_lite.collector.stores.postgres.statements import Statement, within

if TYPE_CHECKING:
    from asyncpg import Connection

_WINDOWS = (1_000, 4_000, 16_000)
"""Among how many of the latest events sessions are looked for, one after the other."""
_NAMED = 2
"""How many times as many sessions as are wanted are summed up: some of them go on behind the page, or do not count."""
_EPOCH = (0, 0)
"""Where sessions without timestamps stand."""
_COLUMNS = "tenant_id, project_id, session_id, events, errors, coalesce(begun, '{0,0}') AS first, last, originals"
_LAST = 6
"""Which of these the end is."""
_ORDER = "ORDER BY last DESC, session_id DESC, tenant_id DESC, project_id DESC"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for."""

    tenancy: Tenancy
    limit: int
    before: SessionPlace | None
    only: SessionFilter


async def sessions(
    connections: Database,
    tenancy: Tenancy,
    limit: int,
    before: SessionPlace | None,
    only: SessionFilter,
    time_limit: float,
) -> list[SessionSummary]:
    """As ``Store.sessions``."""
    asked = _Asked(tenancy, limit, before, only)
    async with connections.reading(time_limit) as connection:
        # The indexes are by tenants: the latest events of all of them would be looked for in each.
        for window in () if tenancy.tenant_id is None else _WINDOWS:
            found = await _among_latest(connection, asked, window)
            if found is not None:
                return found
        return await _among_all(connection, asked)


async def _among_latest(connection: Connection, asked: _Asked, window: int) -> list[SessionSummary] | None:
    """Look for sessions among so many of the latest events; None if there may be others before, or among, those."""
    statement = Statement()
    within(statement, asked.tenancy)
    own = statement.where
    until = ""
    if asked.before is not None:
        until = "AND (seconds, nanos) <= ({}::bigint, {}::integer)".format(*map(statement.value, asked.before[:2]))
    most = _NAMED * max(asked.limit, 1)
    start = asked.only.start
    # Too few are not even summed up, unless those that ended since some time are wanted, however few.
    enough = "true" if start is not None else f"(SELECT count(*) FROM named) >= {asked.limit}"
    rows = await connection.fetch(
        f"""
        WITH latest AS MATERIALIZED (
            SELECT tenant_id, project_id, session_id, seconds, nanos FROM events
            WHERE {own} AND seconds > {statement.value(UNTIMED)}::bigint {until}
            ORDER BY seconds DESC, nanos DESC LIMIT {window}
        ), named AS MATERIALIZED (
            SELECT tenant_id, project_id, session_id, max(ARRAY[seconds, nanos]) AS seen
            FROM latest WHERE session_id <> '' GROUP BY tenant_id, project_id, session_id
            ORDER BY seen DESC LIMIT {most}
        ), edge AS (
            SELECT CASE WHEN (SELECT count(*) FROM named) < {most} THEN (SELECT min(ARRAY[seconds, nanos]) FROM latest)
                ELSE (SELECT min(seen) FROM named) END AS since
        )
        SELECT edge.since, listed.* FROM edge LEFT JOIN (
            SELECT {_COLUMNS} FROM (
                SELECT tenant_id, project_id, session_id, summed.*, ended AS last FROM named CROSS JOIN LATERAL (
                    SELECT {_sums(statement, asked.only)} FROM events
                    WHERE tenant_id = named.tenant_id AND project_id = named.project_id
                        AND session_id = named.session_id AND session_id <> ''
                ) AS summed WHERE {enough}
            ) AS each WHERE {_wanted(statement, asked)} {_ORDER} LIMIT {asked.limit}
        ) AS listed ON true {_ORDER}
        """,
        *statement.values,
    )
    since: list[int] | None = rows[0][0]
    if since is None or tuple(since) < _EPOCH:
        return None
    # Of those that ended at that very instant, some may be among events that were not looked at.
    listed = [tuple(row)[1:] for row in rows]
    found = [_summary(*row) for row in listed if row[_LAST] is not None and row[_LAST] > since]
    whole = len(found) == asked.limit or (start is not None and tuple(since) < start)
    return found if whole else None


async def _among_all(connection: Connection, asked: _Asked) -> list[SessionSummary]:
    """Sum up all sessions, and list those that are wanted."""
    statement = Statement()
    within(statement, asked.tenancy)
    statement.require("session_id <> ''")
    events = statement.where
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM (
            SELECT *, coalesce(ended, '{{0,0}}') AS last FROM (
                SELECT tenant_id, project_id, session_id, {_sums(statement, asked.only)}
                FROM events WHERE {events} GROUP BY tenant_id, project_id, session_id
            ) AS summed
        ) AS listed
        WHERE {_wanted(statement, asked)} {_ORDER} LIMIT {asked.limit}
        """,
        *statement.values,
    )
    return [_summary(*row) for row in rows]


def _sums(statement: Statement, only: SessionFilter) -> str:
    """The columns that sum up events of a session."""
    timed = f"FILTER (WHERE seconds > {statement.value(UNTIMED)}::bigint)"
    agent = f"bool_or(agent_id = {statement.value(key(only.agent_id))})" if only.agent_id else "true"
    return f"""
        count(*) AS events,
        count(*) FILTER (WHERE type = {ERROR_TYPE} OR status = {FAILED_STATUS}) AS errors,
        min(ARRAY[seconds, nanos]) {timed} AS begun,
        max(ARRAY[seconds, nanos]) {timed} AS ended,
        (array_agg(originals) FILTER (WHERE originals IS NOT NULL))[1] AS originals,
        {agent} AS by_agent
    """


def _wanted(statement: Statement, asked: _Asked) -> str:
    """The conditions on sessions that are summed up; their values go into the statement."""
    only = asked.only
    wanted = Statement(values=statement.values)
    wanted.require("by_agent")
    if only.with_errors:
        wanted.require("errors > 0")
    if only.start is not None:
        wanted.require("ended >= {}::bigint[]", _bound(only.start))
    if only.end is not None:
        wanted.require("begun < {}::bigint[]", _bound(only.end))
    if asked.before is not None:
        place = [list(asked.before[:2]), *map(key, asked.before[2:])]
        wanted.require("(last, session_id, tenant_id, project_id) < ({}::bigint[], {}, {}, {})", *place)
    return wanted.where


def _bound(moment: Moment) -> list[int]:
    return [*moment]


def _summary(*row: Any) -> SessionSummary:
    tenant, project, session, events, errors, first, last, originals = row
    if originals is None:
        tenant, project, session = (plain(each) for each in (tenant, project, session))
    else:
        (tenant, project, _, session, *_), _ = json.loads(originals)
    return SessionSummary(tenant, project, session, events, errors, tuple(first), tuple(last))
