"""Copies of stores: what is read of this one, part by part, and what of another one is put into it."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from chaukas_spec_lite.collector.stores.base import Addition, Rejected, Texts
from chaukas_spec_lite.collector.stores.copied import EXPORT_BYTES, Arrived, CopyNote, Exported, Stage
from chaukas_spec_lite.collector.stores.sqlite.deleting import mixed_until, note_mixed
from chaukas_spec_lite.collector.stores.sqlite.reading import RECORD, REJECTED, ROW, record_of, values_of
from chaukas_spec_lite.collector.stores.sqlite.schema import rejected_of, row_of
from chaukas_spec_lite.collector.stores.sqlite.writing import Writing, keep_rejected

T = TypeVar("T")


def export(connection: sqlite3.Connection, stage: Stage, last: int, limit: int) -> Exported:
    """As ``Store.export``, from behind a number."""
    if stage is Stage.EVENTS or stage is Stage.CONFLICTS:
        # CROSS JOIN reads the events first, in their order.
        found = connection.execute(
            f"SELECT seq, {ROW} FROM {stage.value} CROSS JOIN owners USING (owner) WHERE seq > ? ORDER BY seq LIMIT ?",
            (last, limit),
        )
        rows, end = _bounded(found, _arrived, lambda each: len(each.row.data), last)
        return Exported(events=rows, after=end) if stage is Stage.EVENTS else Exported(conflicts=rows, after=end)
    if stage is Stage.REJECTED:
        found = connection.execute(
            f"SELECT seq, {REJECTED} FROM rejected WHERE seq > ? ORDER BY seq LIMIT ?", (last, limit)
        )
        rejected, end = _bounded(found, rejected_of, lambda each: len(each.data), last)
        return Exported(rejected=rejected, after=end)
    found = connection.execute(
        f"SELECT number, {RECORD} FROM deletions WHERE number > ? ORDER BY number LIMIT ?", (last, limit)
    )
    records, end = _bounded(found, record_of, lambda each: 0, last)
    return Exported(deletions=records, after=end)


def _bounded(
    rows: Iterable[tuple[Any, ...]], make: Callable[[tuple[Any, ...]], T], size: Callable[[T], int], last: int
) -> tuple[list[T], str]:
    found: list[T] = []
    room = EXPORT_BYTES
    for number, *values in rows:
        found.append(make(tuple(values)))
        last = number
        room -= size(found[-1])
        if room < 0:
            break
    return found, str(last)


def _arrived(values: tuple[Any, ...]) -> Arrived:
    return Arrived(row_of(values), values[-2] / 1000)


def count_until(connection: sqlite3.Connection, last: int) -> int:
    """As ``Store.count_until``."""
    ((count,),) = connection.execute("SELECT count(*) FROM events WHERE seq <= ?", (last,))
    return int(count)


def restore(connection: sqlite3.Connection, part: Exported, note: CopyNote, texts: Texts) -> list[Addition] | None:
    """As ``Store.restore``, in a transaction; None if another copy of the same store is under way."""
    if read_note(connection, note.source) != note.before:
        return None
    writing = Writing(connection, 0, texts)
    additions: list[Addition] = []
    mixed = _mixed_by(connection, part)
    for received, together in itertools.groupby(part.events, key=lambda each: each.received):
        writing.received = round(received * 1000)
        additions += writing.add([each.row for each in together])
    for row, received in part.conflicts:
        writing.received = round(received * 1000)
        writing.add_conflict(row)
    writing.finish()
    _restore_rejected(connection, part.rejected)
    for table in mixed:
        note_mixed(connection, table)
    connection.executemany(
        f"INSERT INTO deletions ({RECORD}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [values_of(each) for each in part.deletions],
    )
    connection.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (_name(note.source), note.after))
    return additions


def _mixed_by(connection: sqlite3.Connection, part: Exported) -> list[str]:
    """The tables in which rows of a part are put behind some that came later, or that are mixed already."""
    times: dict[str, list[float]] = {
        "events": [round(each.received * 1000) for each in part.events],
        "conflicts": [round(each.received * 1000) for each in part.conflicts],
        "rejected": [each.received for each in part.rejected],
    }
    mixed: list[str] = []
    for table, received in times.items():
        newest = connection.execute(f"SELECT received FROM {table} ORDER BY seq DESC LIMIT 1").fetchone()
        late = newest is not None and any(each < newest[0] for each in received)
        if received and (late or mixed_until(connection, table)):
            mixed.append(table)
    return mixed


def _restore_rejected(connection: sqlite3.Connection, rejected: list[Rejected]) -> None:
    if rejected:
        keep_rejected(connection, rejected)


def read_note(connection: sqlite3.Connection, source: str) -> str:
    """As ``Store.copy_note``."""
    found = connection.execute("SELECT value FROM settings WHERE name = ?", (_name(source),)).fetchone()
    return str(found[0]) if found else ""


def _name(source: str) -> str:
    return f"copy of {source}"
