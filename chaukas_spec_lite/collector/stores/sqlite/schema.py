"""The tables of the file, and what a row looks like in them.

Events have an index for each value that few of them share, in the order of answers: value, owner, moment, and ``seq``,
which every index ends with. Of values that many share, ``marks`` says in which seconds an owner has such events at all,
and ``events_by_owner`` is read for these seconds. ``moment`` is one column that sorts as timestamps do. An ``owner`` is
a tenant and a project.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from typing import Any, TypeAlias

from chaukas_spec_lite.collector.stores.base import EventRow, Rejected

VERSION = 5
APPLICATION = 0x43484B53  # "CHKS"

Values: TypeAlias = "tuple[Any, ...]"
Mark: TypeAlias = "tuple[str, int | str, int, bytes]"
"""Field, value, owner, and the beginning of a second in which there are such events."""

_ROW = """
    owner INTEGER NOT NULL,
    moment BLOB NOT NULL,
    event_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    type INTEGER NOT NULL,
    status INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    tags TEXT NOT NULL,
    received INTEGER NOT NULL"""

CONFLICT_INDEX = "CREATE INDEX IF NOT EXISTS conflicts_by_owner ON conflicts (owner)"
"""Made wherever a file is opened that lacks it: those of before are of the same format."""
OWNER_INDEX = "CREATE INDEX events_by_owner ON events (owner, moment, seq, type, status, severity, agent_id)"
MARKS = """
CREATE TABLE marks (
    field TEXT NOT NULL,
    value NOT NULL,
    owner INTEGER NOT NULL,
    since BLOB NOT NULL,
    until BLOB NOT NULL,
    PRIMARY KEY (field, value, owner, since)
) WITHOUT ROWID;
CREATE TABLE stale_marks (
    owner INTEGER NOT NULL,
    since BLOB NOT NULL,
    field TEXT NOT NULL,
    value NOT NULL,
    PRIMARY KEY (owner, since, field, value)
) WITHOUT ROWID;
CREATE TABLE types (
    owner INTEGER NOT NULL,
    type INTEGER NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (owner, type)
) WITHOUT ROWID;
"""

GONE_INDEX = "CREATE INDEX log_gone_by_event ON log_gone (event_id, log)"
LOG = f"""
CREATE TABLE logs (
    log INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL DEFAULT 0,
    roots BLOB NOT NULL DEFAULT x''
);
CREATE TABLE log_leaves (
    log INTEGER NOT NULL,
    first INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    seqs BLOB NOT NULL,
    PRIMARY KEY (log, first)
);
CREATE INDEX log_leaves_by_seq ON log_leaves (log, first_seq);
CREATE TABLE log_nodes (
    log INTEGER NOT NULL,
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (log, level, place)
) WITHOUT ROWID;
CREATE TABLE log_gone (
    seq INTEGER PRIMARY KEY,
    log INTEGER NOT NULL,
    project_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    at REAL NOT NULL,
    deletion INTEGER
);
{GONE_INDEX};
CREATE TABLE checkpoints (
    log INTEGER NOT NULL,
    size INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (log, size)
) WITHOUT ROWID;
"""
"""Of each tenant. A row of ``log_leaves`` has entries side by side, which one transaction has stored: their hashes, and
the numbers of the events, which rise. Of the levels above, ``log_nodes`` has each eighth. ``log_gone`` tells of events
that were deleted, if that is wanted."""

ORDERED_BY = "ALTER TABLE deletions ADD COLUMN ordered_by TEXT NOT NULL DEFAULT ''"
"""Who wants a deletion. In a new file, too, in these words, which SQLite keeps: it is no other file then."""

SCHEMA = f"""
CREATE TABLE settings (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE owners (
    owner INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    events INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant_id, project_id)
);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,{_ROW},
    data BLOB NOT NULL,
    UNIQUE (event_id, owner)
);
CREATE INDEX events_by_moment ON events (moment);
{OWNER_INDEX};
CREATE INDEX events_by_session ON events (session_id, owner, moment);
CREATE INDEX events_by_span ON events (span_id, owner, moment);
CREATE INDEX events_by_trace ON events (trace_id, owner, moment);{MARKS}
CREATE TABLE sessions (
    owner INTEGER NOT NULL,
    session_id TEXT NOT NULL,
    events INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    timed INTEGER NOT NULL,
    first BLOB NOT NULL,
    last BLOB NOT NULL,
    PRIMARY KEY (owner, session_id)
) WITHOUT ROWID;
CREATE INDEX sessions_by_end ON sessions (owner, last, session_id);
CREATE TABLE conflicts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,{_ROW},
    data BLOB NOT NULL,
    digest BLOB NOT NULL,
    UNIQUE (event_id, owner, digest)
);
{CONFLICT_INDEX};
CREATE TABLE rejected (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    received REAL NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX rejected_by_tenant ON rejected (tenant_id);
CREATE TABLE deletions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL,
    project_id TEXT,
    session_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    at REAL NOT NULL,
    events INTEGER NOT NULL
);
{ORDERED_BY};{LOG}
INSERT INTO settings (name, value) VALUES ('secret', randomblob(32));
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""

COLUMNS = (
    "owner, moment, event_id, session_id, agent_id, span_id, trace_id, type, status, severity, tags, received, data"
)
"""Of events and conflicts, in the order of ``values_of``."""

_MOMENT = struct.Struct(">QI")
_BIAS = 2**63
UNTIMED = b""
"""The moment of an event without a timestamp; sorts before all others."""


def moment_of(seconds: int, nanos: int) -> bytes:
    """The moment of a timestamp: bytes that sort as timestamps do."""
    return _MOMENT.pack(seconds + _BIAS, nanos)


def timestamp_of(moment: bytes) -> tuple[int, int, int]:
    """What a moment was made of: whether there is a timestamp, seconds, nanos."""
    if not moment:
        return 0, 0, 0
    seconds, nanos = _MOMENT.unpack(moment)
    return 1, seconds - _BIAS, nanos


def stretch_of(moment: bytes) -> tuple[bytes, bytes]:
    """The second of a moment: the moments that it reaches from and to. Events without a timestamp have one, too."""
    since = moment[:8]
    return since, since and since + b"\xff\xff\xff\xff"


def marks_of(
    owner: int, moment: bytes, agent_id: str, type_: int, status: int, severity: int, tags: Iterable[str]
) -> list[Mark]:
    """The marks of an event."""
    since = moment[:8]
    found: list[Mark] = [
        ("type", type_, owner, since),
        ("status", status, owner, since),
        ("severity", severity, owner, since),
    ]
    if agent_id:
        found.append(("agent_id", agent_id, owner, since))
    if tags:
        found += [("tag", tag, owner, since) for tag in tags]
    return found


ZERO = moment_of(0, 0)
"""The first and last moment of a session without timestamps."""


_encoded = json.JSONEncoder(separators=(",\n", ":")).encode
"""Writes each tag into a line of its own: within a text there is no such character in JSON, so a line begins a tag."""


def values_of(row: EventRow, tags: str, received: int) -> Values:
    """The columns of an event behind ``owner``, with that of its tags; ``received`` in milliseconds."""
    # Taken apart at once, which is quicker than by name: this runs for every event.
    _, _, event_id, session, agent, span, trace, type_, status, severity, timed, seconds, nanos, _, data, _ = row
    moment = moment_of(seconds, nanos) if timed else UNTIMED
    return moment, event_id, session, agent, span, trace, type_, status, severity, tags, received, data


def row_of(values: Values) -> EventRow:
    """The event of tenant, project and the columns from ``moment`` on."""
    tenant, project, moment, event_id, session, agent, span, trace, type_, status, severity, tags, _, data = values
    timed, seconds, nanos = timestamp_of(moment)
    return EventRow(
        *(tenant, project, event_id, session, agent, span, trace, type_, status, severity, timed, seconds, nanos),
        tags=tags_of(tags),
        data=data,
    )


def column_of(tags: tuple[str, ...]) -> str:
    """The column that holds tags."""
    return f"[\n{_encoded(tags)[1:]}" if tags else ""


def tags_of(column: str) -> tuple[str, ...]:
    """The tags that a column holds."""
    return tuple(json.loads(column)) if column else ()


def has(field: str, value: str | int) -> tuple[str, str | int]:
    """The condition that an event ``e`` has a value that is marked, and the value of its place."""
    if field == "tag":
        return "instr(e.tags, ?) > 0", f"\n{json.dumps(value)}"
    return f"e.{field} = ?", value


def rejected_of(values: Values) -> Rejected:
    """The rejected event of columns in the table's order, without ``seq``."""
    tenant, project, event_id, reason, received, data = values
    return Rejected(tenant, project, event_id, reason, data, received)
