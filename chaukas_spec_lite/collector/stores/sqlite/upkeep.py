"""Looking for damage, and giving space back."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator

from chaukas_spec_lite.collector.stores.sqlite import log_reading, log_writing, text_index
from chaukas_spec_lite.collector.stores.sqlite.schema import marks_of, tags_of

_MOST = 20
"""How many findings of one kind are told."""
VACUUM_PAGES = 1000
"""How many pages of the file a step of a vacuum gives back."""

_INVARIANTS = {
    "owners whose counts are not those of their events": """
        SELECT o.tenant_id || '/' || o.project_id FROM owners o
        LEFT JOIN (SELECT owner, count(*) AS n, sum(length(data)) AS size FROM events GROUP BY owner) e USING (owner)
        LEFT JOIN (SELECT owner, sum(length(data)) AS size FROM conflicts GROUP BY owner) c USING (owner)
        WHERE o.events != coalesce(e.n, 0) OR o.bytes != coalesce(e.size, 0) + coalesce(c.size, 0)
    """,
    "events of no owner": "SELECT seq FROM events WHERE owner NOT IN (SELECT owner FROM owners)",
    "sessions whose summary is not that of their events": """
        SELECT s.session_id FROM sessions s
        LEFT JOIN (
            SELECT owner, session_id, count(*) AS n, min(nullif(moment, x'')) AS first, max(moment) AS last
            FROM events GROUP BY session_id, owner
        ) e USING (owner, session_id)
        WHERE s.events IS NOT e.n OR (s.timed > 0) IS NOT (e.last > x'')
            OR (s.timed > 0 AND (s.first IS NOT e.first OR s.last IS NOT e.last))
    """,
    "events whose session is not listed": """
        SELECT e.seq FROM events e LEFT JOIN sessions s USING (owner, session_id)
        WHERE e.session_id != '' AND s.owner IS NULL
    """,
    "owners whose events of a type are miscounted": """
        SELECT o.tenant_id || '/' || o.project_id FROM owners o JOIN (
            SELECT owner, type, sum(n) AS n FROM (
                SELECT owner, type, count(*) AS n FROM events GROUP BY owner, type
                UNION ALL SELECT owner, type, -events FROM types
            ) GROUP BY owner, type HAVING sum(n) != 0
        ) USING (owner)
    """,
}


def check(connection: sqlite3.Connection) -> list[str]:
    """Look for damage: SQLite's own check, then whether the tables agree with each other."""
    found = [text for (text,) in connection.execute(f"PRAGMA integrity_check({_MOST})") if text != "ok"]
    if found:  # what the tables say then means little
        return found
    for problem, statement in _INVARIANTS.items():
        wrong = [str(key) for (key,) in connection.execute(f"{statement} LIMIT {_MOST}")]
        if wrong:
            found.append(f"{problem}: {', '.join(wrong)}")
    wrong = [str(seq) for seq in itertools.islice(_unmarked(connection), _MOST)]
    if wrong:
        found.append(f"events with values that are not marked: {', '.join(wrong)}")
    if text_index.exists(connection) and not text_index.complete(connection):
        found.append("the index of texts is not complete: open the store with it once, and it will be")
    if log_writing.is_kept(connection):
        found += itertools.islice(log_reading.check(connection), _MOST)
    return found


def _unmarked(connection: sqlite3.Connection) -> Iterator[int]:
    columns = "seq, owner, moment, agent_id, type, status, severity, tags"
    statement = "SELECT 1 FROM marks WHERE field = ? AND value = ? AND owner = ? AND since = ?"
    for seq, owner, moment, agent, type_, status, severity, tags in connection.execute(f"SELECT {columns} FROM events"):
        marks = marks_of(owner, moment, agent, type_, status, severity, tags_of(tags))
        if not all(connection.execute(statement, mark).fetchone() for mark in marks):
            yield seq


def needs_rebuilding(connection: sqlite3.Connection) -> bool:
    """Whether the file was made in a way that lets SQLite give space back only by writing it anew."""
    ((mode,),) = connection.execute("PRAGMA auto_vacuum")
    return int(mode) == 0


def rebuild(connection: sqlite3.Connection) -> None:
    """Write the file anew; from then on, space is given back in steps."""
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("VACUUM")


def shrink(connection: sqlite3.Connection) -> bool:
    """Give a few pages back; return whether there are more."""
    # As a script: of a statement without rows Python makes one step, and a step of this one is a page.
    connection.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
    ((free,),) = connection.execute("PRAGMA freelist_count")
    return int(free) > 0


def checkpoint(connection: sqlite3.Connection) -> None:
    """Move the log of commits into the file, and cut the log off, as far as readers allow."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
