"""A query's conditions in SQL: which of them drives it, and what of the others is looked at event by event."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from chaukas_spec_lite.collector.stores.asking import Query
from chaukas_spec_lite.collector.stores.sqlite.schema import Values, has

MAX_STREAMS = 200
"""How many keys of an index are read side by side; beyond, all events are passed by in their order."""
_MOST_OWNERS = 2000
"""How many owners of a value are looked at, to find a tenant's among them."""

_INDEXED = ("span_id", "trace_id", "session_id")
"""Columns with an index, those first that are likely to have the fewest events of one value."""
_EQUAL = (*_INDEXED, "agent_id")
_ONE_OF = {"severities": "severity", "statuses": "status", "types": "type"}
_BY_OWNER = "events e INDEXED BY events_by_owner"


@dataclass(frozen=True, slots=True)
class Condition:
    """A term of SQL, and the values of its places."""

    term: str
    values: Values


@dataclass(frozen=True, slots=True)
class Key:
    """What an index is read for, with the events in the order of answers."""

    source: str
    """The table ``events``, called ``e``, with its index."""
    named: Condition
    """The condition that events are of this key."""
    marked: Condition | None = None
    """Which marks, called ``m``, say in what seconds there are such events, where the index is one of others, too."""


@dataclass(frozen=True, slots=True)
class _Driver:
    """A condition that an index, or marks, answer: a column that has one of some values."""

    column: str
    values: Values
    replaces: Condition
    """Which of the query's conditions it stands for."""

    def key(self, value: str | int, owner: int) -> Key:
        if self.column in _INDEXED:
            source = f"events e INDEXED BY events_by_{self.column.removesuffix('_id')}"
            return Key(source, Condition(f"e.{self.column} = ? AND e.owner = ?", (value, owner)))
        one = _marked(self.column, value)
        named = Condition(f"e.owner = ? AND {one.term}", (owner, *one.values))
        marked = Condition(f"m.field = '{self.column}' AND m.value = ? AND m.owner = ?", (value, owner))
        return Key(_BY_OWNER, named, marked)

    @property
    def owners(self) -> tuple[str, str, str]:
        """Where to look for the owners of a value: the table, its alias, and the condition of one value."""
        if self.column in _INDEXED:
            return self.key("", 0).source, "e", f"e.{self.column} = ?"
        return "marks m", "m", f"m.field = '{self.column}' AND m.value = ?"


def conditions_of(query: Query) -> list[Condition]:
    """All conditions of a query on an event ``e``, but for its range of time and its text."""
    found = [Condition(f"e.{name} = ?", (getattr(query, name),)) for name in _EQUAL if getattr(query, name)]
    for name, column in _ONE_OF.items():
        if values := getattr(query, name):
            found.append(_one_of(column, values))
    found += [_marked("tag", tag) for tag in query.tags]
    return [*_owned(query), *found]


def keys_of(connection: sqlite3.Connection, query: Query) -> tuple[list[Key], list[Condition]]:
    """The keys that drive a query, none of which shares an event with another, and the conditions that are left."""
    everything = conditions_of(query)
    own = _owned(query)
    owners = _owners(connection, query)
    for driver in _drivers(query):
        keys = _keys(connection, driver, owners, query)
        if keys is not None:
            # The condition whose events they are goes only where the keys were made of the owners themselves.
            met = [driver.replaces, *(own if owners is not None else ())]
            return keys, [each for each in everything if each not in met]
    if owners is not None:
        keys = [Key(_BY_OWNER, Condition("e.owner = ?", (owner,))) for owner in owners]
        return keys, [each for each in everything if each not in own]
    return [Key("events e INDEXED BY events_by_moment", Condition("1", ()))], everything


def _drivers(query: Query) -> Iterator[_Driver]:
    for column in _INDEXED:
        if value := getattr(query, column):
            yield _Driver(column, (value,), Condition(f"e.{column} = ?", (value,)))
    for tag in query.tags:
        yield _Driver("tag", (tag,), _marked("tag", tag))
    if query.agent_id:
        yield _Driver("agent_id", (query.agent_id,), Condition("e.agent_id = ?", (query.agent_id,)))
    for name, column in _ONE_OF.items():
        if values := getattr(query, name):
            yield _Driver(column, values, _one_of(column, values))


def _keys(connection: sqlite3.Connection, driver: _Driver, owners: list[int] | None, query: Query) -> list[Key] | None:
    """The keys of each value of a driver and each owner; None if they are too many."""
    if owners is not None:
        keys = list(itertools.starmap(driver.key, itertools.product(driver.values, owners)))
        return keys if len(keys) <= MAX_STREAMS else None
    # From one owner to the next by a look-up each, instead of past all their events; whoever they are, as SQLite would
    # go through all of the tenant's for each look-up.
    table, a, named = driver.owners
    term, whose = _tenancy(query)
    own = f"EXISTS (SELECT 1 FROM owners o WHERE o.owner = found.owner AND {term})" if whose else "1"
    following = f"SELECT {a}.owner FROM {table} WHERE {named} AND {a}.owner > found.owner ORDER BY {a}.owner LIMIT 1"
    statement = (
        "WITH RECURSIVE found (owner) AS (SELECT 0 UNION ALL "  # lower than any
        f"SELECT ({following}) FROM found WHERE found.owner IS NOT NULL) "
        f"SELECT owner, {own} FROM found WHERE owner > 0"
    )
    keys = list[Key]()
    for value in driver.values:
        with closing(connection.execute(statement, (value, *whose))) as found:  # one by one, as far as it is read
            for count, (owner, is_own) in enumerate(found):
                if is_own:
                    keys.append(driver.key(value, owner))
                if count == _MOST_OWNERS or len(keys) > MAX_STREAMS:
                    return None
    return keys


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
    # Looked up for each event: a list of thousands of projects would be made anew for each part of a page.
    return [Condition(f"EXISTS (SELECT 1 FROM owners o WHERE o.owner = e.owner AND {term})", values)] if values else []


def _one_of(column: str, values: Values) -> Condition:
    return Condition(f"e.{column} IN ({', '.join('?' * len(values))})", values)


def _marked(column: str, value: str | int) -> Condition:
    term, sought = has(column, value)
    return Condition(term, (sought,))
