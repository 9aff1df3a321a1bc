"""A query's conditions in SQL: which of them drives it, and what of the others is looked at event by event."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from chaukas_spec_lite.collector.stores.asking import Query
from chaukas_spec_lite.collector.stores.sqlite.schema import Values

MAX_STREAMS = 200
"""How many keys of an index are read side by side; beyond, all events are passed by in their order."""

_EQUAL = ("span_id", "trace_id", "session_id", "agent_id")
"""Columns with an index, those first that are likely to have the fewest events of one value."""
_ONE_OF = {"severities": "severity", "statuses": "status", "types": "type"}
_INDEXES = {
    **{column: f"events_by_{column.removesuffix('_id')}" for column in _EQUAL},
    **{column: f"events_by_{column}" for column in _ONE_OF.values()},
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A term of SQL, and the values of its places."""

    term: str
    values: Values


@dataclass(frozen=True, slots=True)
class _Driver:
    """A condition that an index answers: a column that has one of some values."""

    column: str
    values: Values
    replaces: Condition | None
    """Which of the query's conditions it stands for."""

    @property
    def source(self) -> str:
        """The table with its index, and the alias of its first letter."""
        return "tags t" if self.column == "tag" else f"events e INDEXED BY {_INDEXES[self.column]}"

    @property
    def alias(self) -> str:
        return self.source[0]


def conditions_of(query: Query) -> list[Condition]:
    """All conditions of a query on an event ``e``, but for its range of time and its text."""
    found = [Condition(f"e.{name} = ?", (getattr(query, name),)) for name in _EQUAL if getattr(query, name)]
    for name, column in _ONE_OF.items():
        if values := getattr(query, name):
            found.append(_one_of(column, values))
    found += [_tagged(tag) for tag in query.tags]
    return [*_owned(query), *found]


def pairs_of(connection: sqlite3.Connection, query: Query) -> tuple[list[tuple[str, Condition]], list[Condition]]:
    """What drives a query, and the conditions that are left.

    Returns:
        For each key of an index that has to be read: the table with its index, and the condition that names the key.
        The alias of ``events`` is ``e``, that of ``tags`` ``t``.
    """
    everything = conditions_of(query)
    own = _owned(query)
    owners = _owners(connection, query)
    for driver in _drivers(query):
        keys = list(itertools.islice(_keys(connection, driver, owners, query), MAX_STREAMS + 1))
        if len(keys) <= MAX_STREAMS:
            a = driver.alias
            driving = [(driver.source, Condition(f"{a}.{driver.column} = ? AND {a}.owner = ?", key)) for key in keys]
            # The condition whose events they are goes only where the keys were made of the owners themselves.
            met = [driver.replaces, *(own if owners is not None else ())]
            return driving, [each for each in everything if each not in met]
    if owners is not None:
        by_owner = "events e INDEXED BY events_by_owner"
        driving = [(by_owner, Condition("e.owner = ?", (owner,))) for owner in owners]
        return driving, [each for each in everything if each not in own]
    return [("events e INDEXED BY events_by_moment", Condition("1", ()))], everything


def _drivers(query: Query) -> Iterator[_Driver]:
    for column in _EQUAL[:3]:
        if value := getattr(query, column):
            yield _Driver(column, (value,), Condition(f"e.{column} = ?", (value,)))
    for tag in query.tags:
        yield _Driver("tag", (tag,), _tagged(tag))
    if query.agent_id:
        yield _Driver("agent_id", (query.agent_id,), Condition("e.agent_id = ?", (query.agent_id,)))
    for name, column in _ONE_OF.items():
        if values := getattr(query, name):
            yield _Driver(column, values, _one_of(column, values))


def _keys(connection: sqlite3.Connection, driver: _Driver, owners: list[int] | None, query: Query) -> Iterator[Values]:
    """The pairs of value and owner that an index is read for."""
    if owners is not None:
        yield from itertools.product(driver.values, owners)
        return
    # From one owner to the next by a look-up each, instead of past all their events.
    a, column = driver.alias, driver.column
    term, whose = _tenancy(query)
    own = f"AND {a}.owner IN (SELECT owner FROM owners WHERE {term})" if whose else ""
    following = (
        f"SELECT {a}.owner FROM {driver.source} "
        f"WHERE {a}.{column} = ? AND {a}.owner > ? {own} ORDER BY {a}.owner LIMIT 1"
    )
    for value in driver.values:
        found = (0,)  # lower than any
        while found := connection.execute(following, (value, *found, *whose)).fetchone():
            yield value, *found


def _owners(connection: sqlite3.Connection, query: Query) -> list[int] | None:
    """The owners that a tenancy has; None if it is everyone, or too many to be told apart."""
    if query.tenancy.tenant_id is None and query.tenancy.project_id is None:
        return None
    (term, values), limit = _tenancy(query), MAX_STREAMS + 1
    found = connection.execute(f"SELECT owner FROM owners WHERE {term} LIMIT {limit}", values).fetchall()
    return [owner for (owner,) in found] if len(found) <= MAX_STREAMS else None


def _tenancy(query: Query) -> tuple[str, Values]:
    named = {"tenant_id": query.tenancy.tenant_id, "project_id": query.tenancy.project_id}
    wanted = {column: value for column, value in named.items() if value is not None}
    return " AND ".join(f"{column} = ?" for column in wanted), tuple(wanted.values())


def _owned(query: Query) -> list[Condition]:
    term, values = _tenancy(query)
    return [Condition(f"e.owner IN (SELECT owner FROM owners WHERE {term})", values)] if values else []


def _one_of(column: str, values: Values) -> Condition:
    return Condition(f"e.{column} IN ({', '.join('?' * len(values))})", values)


def _tagged(tag: str) -> Condition:
    return Condition(
        "EXISTS (SELECT 1 FROM tags x WHERE x.tag = ? AND x.owner = e.owner AND x.moment = e.moment AND x.seq = e.seq)",
        (tag,),
    )
