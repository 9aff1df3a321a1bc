"""Takes marks away that no event is left for, with so little work at a time that nobody who writes waits long."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterable
from operator import itemgetter
from typing import TypeAlias

from chaukas_spec_lite.collector.stores.sqlite.schema import Mark, marks_of, stretch_of, tags_of

Place: TypeAlias = "tuple[int, bytes, str, int | str]"
"""Where a stale mark stands: owner, second, field, value."""

BEGINNING: Place = (0, b"", "", 0)
"""Before all of them."""

_CROWD = 1000
"""With more events left in one second, its marks wait: a rare value would be looked for in all of them, step after
step. Events without a timestamp are of one second, too."""
_LOOKED_AT = 20_000
"""After so many events the rest waits."""
_SWEPT = 500
"""How many marks that waited are looked at again at a time."""

_LEFT = """
SELECT moment, agent_id, type, status, severity, tags FROM events INDEXED BY events_by_owner
WHERE owner = ? AND moment BETWEEN ? AND ? LIMIT ?
"""
_STRETCH = itemgetter(2, 3)


def unmark(connection: sqlite3.Connection, marks: Iterable[Mark]) -> None:
    """Delete those of some marks that no event is left for; note for ``sweep`` where to find that out takes long."""
    crowded, unseen = _settled(connection, sorted(marks, key=_STRETCH))
    connection.executemany(
        "INSERT INTO stale_marks (field, value, owner, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        crowded + unseen,
    )


def sweep(connection: sqlite3.Connection, after: Place) -> Place | None:
    """Look again at some that were noted, behind a place; return where to go on, None at the end."""
    places: list[Place] = connection.execute(
        "SELECT owner, since, field, value FROM stale_marks WHERE (owner, since, field, value) > (?, ?, ?, ?) "
        f"ORDER BY owner, since, field, value LIMIT {_SWEPT}",
        after,
    ).fetchall()
    if not places:
        return None
    marks: list[Mark] = [(field, value, owner, since) for owner, since, field, value in places]
    crowded, unseen = _settled(connection, marks)
    kept = {*crowded, *unseen}
    connection.executemany(
        "DELETE FROM stale_marks WHERE field = ? AND value = ? AND owner = ? AND since = ?",
        [each for each in marks if each not in kept],
    )
    owner, since, *_ = last = places[len(places) - len(unseen) - 1]
    # Past all others of a second that has too many events still.
    return (owner, since + b"\0", "", 0) if crowded and _STRETCH(crowded[-1]) == (owner, since) else last


def _settled(connection: sqlite3.Connection, marks: list[Mark]) -> tuple[list[Mark], list[Mark]]:
    """Delete those of some marks, in the order of their seconds, that no event is left for.

    Returns:
        Those of seconds that have too many events, and those at the end that were not looked at.
    """
    crowded: list[Mark] = []
    unseen: list[Mark] = []
    looked_at = 0
    for (owner, since), group in itertools.groupby(marks, key=_STRETCH):
        if looked_at >= _LOOKED_AT:
            unseen += group
            continue
        left = connection.execute(_LEFT, (owner, *stretch_of(since), _CROWD + 1)).fetchall()
        looked_at += len(left)
        if len(left) > _CROWD:
            crowded += group
            continue
        used = {
            each
            for moment, agent, type_, status, severity, tags in left
            for each in marks_of(owner, moment, agent, type_, status, severity, tags_of(tags))
        }
        connection.executemany(
            "DELETE FROM marks WHERE field = ? AND value = ? AND owner = ? AND since = ?",
            [each for each in group if each not in used],
        )
    return crowded, unseen
