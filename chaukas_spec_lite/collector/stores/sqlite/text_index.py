"""The index of texts: SQLite's FTS5 with trigrams, for searches of any three characters and more.

It belongs to the file: made when a store that wants it opens the file, and kept up from then on by every collector
that writes to it. It only names candidates, so it may name too many, never too few: whoever asks looks into the event.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence

from chaukas_spec_lite.collector.stores.base import Texts

log = logging.getLogger(__name__)

# Contentless: the events hold the texts already. Without positions (detail=none) it takes a fraction of the space; that
# the trigrams follow each other is seen in the event.
_CREATE = """
CREATE VIRTUAL TABLE texts USING fts5 (
    text, content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1'
)
"""
_STEP = 500
_TRIGRAMS = 24
"""How many of a text's trigrams are asked for at most: more narrow it down no further, and cost a look-up each."""


def exists(connection: sqlite3.Connection) -> bool:
    """Whether the file has the index, be it still incomplete."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'texts'").fetchone() is not None


def complete(connection: sqlite3.Connection) -> bool:
    """Whether all events are in the index."""
    found = connection.execute("SELECT value FROM settings WHERE name = 'indexed_from'").fetchone()
    return found is not None and found[0] == 0


def make(connection: sqlite3.Connection, texts: Texts, check: Callable[[], None]) -> None:
    """Make the index if there is none, and fill it backwards in steps, between which others can write.

    Args:
        connection: To the file.
        texts: Tells what a search for text looks at in an encoded event.
        check: Called after each step; raises an error to stop it. It goes on where it was when it is called again.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not exists(connection):
            connection.execute(_CREATE)
            # From here on, whoever stores an event puts it into the index; those below are added now.
            connection.execute(
                "INSERT OR REPLACE INTO settings SELECT 'indexed_from', coalesce(max(seq), 0) + 1 FROM events"
            )
        connection.execute("COMMIT")
        if not complete(connection):
            log.info("indexing the texts of events that are there already")
        while not complete(connection):
            check()
            connection.execute("BEGIN IMMEDIATE")
            _fill(connection, texts)
            connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _fill(connection: sqlite3.Connection, texts: Texts) -> None:
    ((below,),) = connection.execute("SELECT value FROM settings WHERE name = 'indexed_from'")
    rows = connection.execute(
        "SELECT seq, data FROM events WHERE seq < ? ORDER BY seq DESC LIMIT ?", (below, _STEP)
    ).fetchall()
    insert(connection, [(seq, texts(data)) for seq, data in reversed(rows)])
    connection.execute("UPDATE settings SET value = ? WHERE name = 'indexed_from'", (rows[-1][0] if rows else 0,))


def insert(connection: sqlite3.Connection, texts: Sequence[tuple[int, str]]) -> None:
    """Add events by their numbers."""
    if texts:
        connection.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", [(n, _plain(t)) for n, t in texts])


def delete(connection: sqlite3.Connection, texts: Sequence[tuple[int, str]]) -> None:
    """Take events out; the texts have to be those that were put in."""
    statement = "INSERT INTO texts (texts, rowid, text) VALUES ('delete', ?, ?)"
    if texts:
        connection.executemany(statement, [(n, _plain(t)) for n, t in texts])


def pattern(text: str) -> str | None:
    """What to ask the index for; None if it cannot help."""
    plain = _plain(text)
    trigrams = list(dict.fromkeys(plain[start : start + 3] for start in range(len(plain) - 2)))
    step = max(1, len(trigrams) // _TRIGRAMS)
    chosen = [trigram.replace('"', '""') for trigram in trigrams[::step]]
    return " AND ".join(f'"{trigram}"' for trigram in chosen) or None


def _plain(text: str) -> str:
    return text.replace("\0", "\x01")  # which ends a text for FTS5
