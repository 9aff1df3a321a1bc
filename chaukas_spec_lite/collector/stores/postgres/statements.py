"""From a ``Query`` to PostgreSQL's SQL. Nothing here touches a database.

Every index begins with the tenant. A page is one statement on the events of an owner: a tenant and a project, or a
tenant with all of its projects. Where there are several, it is that statement for each, and takes the first of what
these find. With a session, trace, agent or span in a query for all projects, the owners are the projects that have it,
as the index of that value has each project's events in their order; but not if these are many, because a page would
look at each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from chaukas_spec_lite.collector.page_tokens import Position
from chaukas_spec_lite.collector.stores.asking import Moment, Query, Tenancy
from chaukas_spec_lite.collector.stores.postgres.rows import UNTIMED, escaped, key
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES

Owner: TypeAlias = "tuple[str, str | None]"
"""Tenant and project, as columns hold them, or None for all projects."""

MAX_PLACES = 16
"""In how many projects a value is looked for; what more have is looked for in the events of the tenant, in order."""

_KEYS = ("session_id", "agent_id", "span_id", "trace_id")
_CHOICES = {"types": "type", "statuses": "status", "severities": "severity"}


@dataclass(slots=True)
class Statement:
    """SQL with its values; conditions are put together extent by extent."""

    values: list[object] = field(default_factory=list[object])
    conditions: list[str] = field(default_factory=list[str])

    def value(self, value: object) -> str:
        """Take a value, and return what stands for it."""
        self.values.append(value)
        return f"${len(self.values)}"

    def require(self, condition: str, *values: object) -> None:
        """Add a condition, whose ``{}`` stand for values."""
        self.conditions.append(condition.format(*map(self.value, values)))

    @property
    def where(self) -> str:
        """All conditions."""
        return " AND ".join(self.conditions) or "true"


def owners(tenancy: Tenancy) -> tuple[str, list[object]]:
    """Return the statement for the owners of a tenancy that does not name one."""
    statement = Statement()
    within(statement, tenancy)
    project = "NULL" if tenancy.project_id is None else "project_id"
    return f"SELECT DISTINCT tenant_id, {project} FROM owners WHERE {statement.where} ORDER BY 1", statement.values


def places(query: Query) -> tuple[str, list[object]] | None:
    """Return the statement for the owners that have a value of a query for all projects; None if it has no such value.

    It finds one more than ``MAX_PLACES`` if there are too many.
    """
    for name in _KEYS:
        if wanted := getattr(query, name):
            break
    else:
        return None
    statement = Statement()
    value = f"{name} = {statement.value(key(wanted))} AND {name} <> ''"
    tenant, tenants = "found.tenant_id", "SELECT DISTINCT tenant_id FROM owners"
    if query.tenancy.tenant_id is not None:
        tenant = statement.value(key(query.tenancy.tenant_id))
        tenants = f"SELECT {tenant}::text"
    # From one project to the next by a look-up, instead of past all their events. It is what comes first behind a text
    # in the order of characters that ends with the lowest of them; before the first one of a tenant there is none.
    return (
        f"""
        WITH RECURSIVE found (tenant_id, project_id) AS (
            SELECT tenant_id COLLATE "C", NULL::text COLLATE "C" FROM ({tenants}) AS each (tenant_id)
            UNION ALL
            SELECT following.* FROM found CROSS JOIN LATERAL (
                SELECT tenant_id, project_id FROM events WHERE tenant_id = {tenant} AND {value}
                    AND project_id >= coalesce(found.project_id || E'\\x01', '')
                ORDER BY project_id LIMIT 1
            ) AS following
        )
        SELECT tenant_id, project_id FROM found WHERE project_id IS NOT NULL LIMIT {MAX_PLACES + 1}
        """,
        statement.values,
    )


def found_within(query: Query, text_in_sql: bool) -> Statement:
    """Return all conditions of a query."""
    statement = filtered(query, text_in_sql)
    within(statement, query.tenancy)
    return statement


def within(statement: Statement, tenancy: Tenancy) -> None:
    """Require that rows belong to a tenancy."""
    if tenancy.tenant_id is not None:
        statement.require("tenant_id = {}", key(tenancy.tenant_id))
    if tenancy.project_id is not None:
        statement.require("project_id = {}", key(tenancy.project_id))


def filtered(query: Query, text_in_sql: bool) -> Statement:
    """Return the conditions of a query, but for those on tenant and project.

    Args:
        query: The query.
        text_in_sql: Whether the condition on texts is among them.
    """
    statement = Statement()
    for name in _KEYS:
        if wanted := getattr(query, name):
            # Said again as a constant, by which PostgreSQL knows that the index without empty ones will do.
            statement.require(f"{name} = {{}} AND {name} <> ''", key(wanted))
    for name, column in _CHOICES.items():
        if chosen := getattr(query, name):
            statement.require(f"{column} = ANY({{}}::integer[])", list(chosen))
    if query.tags:
        statement.require("tags @> {}::text[]", [key(tag) for tag in query.tags])
    if query.start is not None or query.end is not None:
        statement.require("seconds > {}::bigint", UNTIMED)
    if query.start is not None:
        statement.require("(seconds, nanos) >= ({}::bigint, {}::integer)", *_bound(query.start))
    if query.end is not None:
        statement.require("(seconds, nanos) < ({}::bigint, {}::integer)", *_bound(query.end))
    if query.text and text_in_sql:
        statement.require("text LIKE {}", f"%{_pattern(escaped(query.text))}%")
    return statement


@dataclass(frozen=True, slots=True)
class Extent:
    """What is read at once."""

    text_in_sql: bool
    """Whether PostgreSQL looks for the query's text."""
    limit: int
    """How many events at most."""
    max_bytes: int
    """The size of all of them together; the first may be larger."""


def page(
    query: Query, whose: Sequence[Owner], watermark: int, after: Position | None, extent: Extent
) -> tuple[str, list[object]]:
    """Return the statement for a page: seconds, nanos, number, text, and data, None from where it would be too large.

    Args:
        query: The query.
        whose: The owners whose events it may find: all with a project, or all without.
        watermark: The first transaction whose events it does not see.
        after: Where it begins.
        extent: How much of it is read.
    """
    statement = filtered(query, extent.text_in_sql)
    statement.require("xid < {}::bigint", watermark)
    if after is not None:
        timed, seconds, nanos, number = after
        comparison = "<" if query.descending else ">"
        statement.require(
            f"(seconds, nanos, seq) {comparison} ({{}}::bigint, {{}}::integer, {{}}::bigint)",
            *(seconds if timed else UNTIMED, nanos, number),
        )
    direction = "DESC" if query.descending else "ASC"
    order = f"ORDER BY seconds {direction}, nanos {direction}, seq {direction} LIMIT {extent.limit}"
    columns = "seconds, nanos, seq, data, text"
    if len(whose) == 1:
        ((tenant, project),) = whose
        statement.require("tenant_id = {}", tenant)
        if project is not None:
            statement.require("project_id = {}", project)
        found = f"SELECT {columns} FROM events WHERE {statement.where} {order}"
    else:
        tenants, projects = statement.value([each[0] for each in whose]), statement.value([each[1] for each in whose])
        of_project = "" if whose[0][1] is None else "AND project_id = owner.project_id"
        found = (
            f"SELECT each.* FROM unnest({tenants}::text[], {projects}::text[]) AS owner (tenant_id, project_id)"
            f" CROSS JOIN LATERAL (SELECT {columns} FROM events WHERE tenant_id = owner.tenant_id"
            f" {of_project} AND {statement.where} {order}) AS each {order}"
        )
    room = statement.value(extent.max_bytes)
    return (
        f"SELECT seconds, nanos, seq, text, CASE WHEN place = 1 OR taken <= {room}::bigint THEN data END FROM ("
        f"SELECT *, row_number() OVER placed AS place, sum(octet_length(data) + {MAX_FRAME_BYTES}) OVER placed AS taken"
        f" FROM ({found}) AS found"
        f" WINDOW placed AS (ORDER BY seconds {direction}, nanos {direction}, seq {direction} ROWS UNBOUNDED PRECEDING)"
        f") AS placed ORDER BY place",
        statement.values,
    )


def indexable(text: str) -> bool:
    """Whether an index of trigrams can find a text."""
    run = 0
    for character in text:
        run = run + 1 if character.isalnum() else 0
        if run == 3:
            return True
    return False


def _bound(moment: Moment) -> tuple[int, int]:
    return moment


def _pattern(text: str) -> str:
    """Return the pattern of LIKE for a text as it is."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
