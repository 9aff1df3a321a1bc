"""Lists sessions, which are summed up of their events."""

from __future__ import annotations

import json
from typing import Any

from chaukas_spec_lite.collector.stores.asking import Moment, SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.base import ERROR_TYPE, FAILED_STATUS, SessionPlace, SessionSummary
from chaukas_spec_lite.collector.stores.postgres.connections import Database
from chaukas_spec_lite.collector.stores.postgres.rows import UNTIMED, key, plain
from chaukas_spec_lite.collector.stores.postgres.statements import Statement, within


async def sessions(
    connections: Database,
    tenancy: Tenancy,
    limit: int,
    before: SessionPlace | None,
    only: SessionFilter,
    time_limit: float,
) -> list[SessionSummary]:
    """As ``Store.sessions``."""
    own = Statement()
    within(own, tenancy)
    own.require("session_id <> ''")
    timed = f"FILTER (WHERE seconds > {own.value(UNTIMED)}::bigint)"
    agent = f"bool_or(agent_id = {own.value(key(only.agent_id))})" if only.agent_id else "true"
    wanted = Statement(values=own.values)
    wanted.require("by_agent")
    if only.with_errors:
        wanted.require("errors > 0")
    if only.start is not None:
        wanted.require("ended >= {}::bigint[]", _bound(only.start))
    if only.end is not None:
        wanted.require("begun < {}::bigint[]", _bound(only.end))
    if before is not None:
        place = [list(before[:2]), *map(key, before[2:])]
        wanted.require("(last, session_id, tenant_id, project_id) < ({}::bigint[], {}, {}, {})", *place)
    async with connections.reading(time_limit) as connection:
        rows = await connection.fetch(
            f"""
            SELECT tenant_id, project_id, session_id, events, errors, coalesce(begun, '{{0,0}}'), last, originals FROM (
                SELECT *, coalesce(ended, '{{0,0}}') AS last FROM (
                    SELECT tenant_id, project_id, session_id, count(*) AS events,
                        count(*) FILTER (WHERE type = {ERROR_TYPE} OR status = {FAILED_STATUS}) AS errors,
                        min(ARRAY[seconds, nanos]) {timed} AS begun,
                        max(ARRAY[seconds, nanos]) {timed} AS ended,
                        (array_agg(originals) FILTER (WHERE originals IS NOT NULL))[1] AS originals,
                        {agent} AS by_agent
                    FROM events WHERE {own.where} GROUP BY tenant_id, project_id, session_id
                ) AS summed
            ) AS listed
            WHERE {wanted.where}
            ORDER BY last DESC, session_id DESC, tenant_id DESC, project_id DESC LIMIT {limit}
            """,
            *own.values,
        )
    return [_summary(*row) for row in rows]


def _bound(moment: Moment) -> list[int]:
    return [*moment]


def _summary(*row: Any) -> SessionSummary:
    tenant, project, session, events, errors, first, last, originals = row
    if originals is None:
        tenant, project, session = (plain(each) for each in (tenant, project, session))
    else:
        (tenant, project, _, session, *_), _ = json.loads(originals)
    return SessionSummary(tenant, project, session, events, errors, tuple(first), tuple(last))
