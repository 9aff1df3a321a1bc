"""Appending to the log, inside a transaction of somebody else's, and filling a new one with what is there already."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter

from chaukas_spec_lite.audit.merkle import leaf_hash
from chaukas_spec_lite.collector.stores.log_tree import MAX_STRETCH, frontier_of, grow, packed

log = logging.getLogger(__name__)

_STEP = 500
"""How many events that were there before go into the log at a time."""


def is_kept(connection: sqlite3.Connection) -> bool:
    """Whether events go into the log when they are stored."""
    return _setting(connection, "log") == "kept"


def keeps_records(connection: sqlite3.Connection) -> bool:
    """Whether a record stays of each event that is deleted."""
    return _setting(connection, "worm") is not None


def _setting(connection: sqlite3.Connection, name: str) -> str | int | None:
    found = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if found is None else found[0]


def append(connection: sqlite3.Connection, tenant: str, entries: Sequence[tuple[int, bytes]]) -> None:
    """Append events to the log of a tenant.

    Args:
        connection: A connection with a transaction that may write.
        tenant: Whose they are.
        entries: Their numbers, which rise, and they themselves.
    """
    head = connection.execute("SELECT log, size, roots FROM logs WHERE tenant_id = ?", (tenant,)).fetchone()
    if head is None:
        head = connection.execute("INSERT INTO logs (tenant_id) VALUES (?)", (tenant,)).lastrowid, 0, b""
    log_number, size, roots = head
    frontier = frontier_of(size, roots)
    leaves = [leaf_hash(data) for _, data in entries]
    nodes = grow(frontier, leaves)
    for start in range(0, len(leaves), MAX_STRETCH):
        seqs = [seq for seq, _ in entries[start : start + MAX_STRETCH]]
        hashes = b"".join(leaves[start : start + MAX_STRETCH])
        connection.execute(
            "INSERT INTO log_leaves (log, first, first_seq, hashes, seqs) VALUES (?, ?, ?, ?, ?)",
            (log_number, size + start, seqs[0], hashes, packed(seqs)),
        )
    if nodes:
        statement = "INSERT INTO log_nodes (log, level, place, hash) VALUES (?, ?, ?, ?)"
        connection.executemany(statement, [(log_number, *node) for node in nodes])
    connection.execute(
        "UPDATE logs SET size = ?, roots = ? WHERE log = ?", (frontier.size, b"".join(frontier.roots), log_number)
    )


def record(connection: sqlite3.Connection, seqs: Sequence[tuple[int]], at: float, deletion: int | None) -> None:
    """Record of events that they go, unless no such records are kept.

    Args:
        connection: A connection with a transaction that may write.
        seqs: Their numbers.
        at: When, in seconds since 1970.
        deletion: The number of the deletion that wants it; None if they are too old or too much.
    """
    if keeps_records(connection):
        connection.executemany(
            "INSERT INTO log_gone (seq, log, project_id, event_id, at, deletion)"
            " SELECT seq, log, project_id, event_id, ?, ?"
            " FROM events JOIN owners USING (owner) JOIN logs USING (tenant_id) WHERE seq = ?",
            [(at, deletion, seq) for (seq,) in seqs],
        )


def make(connection: sqlite3.Connection, check: Callable[[], None], *, wanted: bool, worm: bool) -> None:
    """Keep a log from now on, if it is wanted or was once; fill it in steps, between which others can write.

    Args:
        connection: To the file.
        check: Called after each step; raises an error to stop it. It goes on where it was when it is called again.
        wanted: Whether there shall be one.
        worm: Whether there shall be one, with records of what is deleted.
    """
    if not (wanted or worm or _setting(connection, "log") is not None):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("INSERT OR IGNORE INTO settings VALUES ('log', 0)")
        if worm:
            connection.execute("INSERT OR IGNORE INTO settings VALUES ('worm', 1)")
        connection.execute("COMMIT")
        if not is_kept(connection):
            log.info("putting the events that are there already into the log")
        while not is_kept(connection):
            check()
            connection.execute("BEGIN IMMEDIATE")
            _fill(connection)
            connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _fill(connection: sqlite3.Connection) -> None:
    after = _setting(connection, "log")
    if after == "kept":  # another collector has done it meanwhile
        return
    rows = connection.execute(
        "SELECT tenant_id, seq, data FROM events CROSS JOIN owners USING (owner) WHERE seq > ? ORDER BY seq LIMIT ?",
        (after, _STEP),
    ).fetchall()
    last = rows[-1][1] if rows else after
    rows.sort(key=itemgetter(0))  # which leaves each tenant's in their order
    for tenant, own in groupby(rows, itemgetter(0)):
        append(connection, tenant, [(seq, data) for _, seq, data in own])
    # With the last step in the same transaction, so that no event is stored in between, and left out.
    connection.execute("UPDATE settings SET value = ? WHERE name = 'log'", ("kept" if len(rows) < _STEP else last,))
