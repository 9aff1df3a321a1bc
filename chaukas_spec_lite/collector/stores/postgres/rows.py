"""Between event rows and the columns of PostgreSQL.

PostgreSQL's text holds no NUL, and its indexes hold no value of more than 2,704 bytes. So a text with a NUL is escaped,
and one that is too long for an index is replaced by its hash in the column, and kept beside it, in ``originals``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, DeletionRecord, EventRow, Rejected

MAX_KEY_BYTES = 500
"""How long a text in a column may be: three of them, and the time, fit into an index."""

_ESCAPE = "\x01"
_NUL = _ESCAPE + "\x02"
_ESCAPED = _ESCAPE + "\x03"
_HASHED = _ESCAPE + "\x04"

UNTIMED = -(2**63)
"""The seconds of an event without a timestamp, which comes before all others. No timestamp has them."""

COLUMNS = (
    *("tenant_id", "project_id", "event_id", "session_id", "agent_id", "span_id", "trace_id"),
    *("type", "status", "severity", "seconds", "nanos", "tags", "data", "originals"),
)
"""Those of an event that come from its row, in order; the text that is searched is handed over beside them."""
_TEXTS = COLUMNS[:7]


def escaped(text: str) -> str:
    """Return what a column holds for a text of any length; a part of a text is a part of it, too."""
    if _ESCAPE in text or "\0" in text:
        return text.replace(_ESCAPE, _ESCAPED).replace("\0", _NUL)
    return text


def key(text: str) -> str:
    """Return what a column with an index holds for a text: equal for equal ones only."""
    if len(text) * 4 > MAX_KEY_BYTES and len(text.encode(errors="surrogatepass")) > MAX_KEY_BYTES:
        return _HASHED + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return escaped(text)


def content(data: bytes) -> bytes:
    """Return what tells one event's content from another's."""
    return hashlib.blake2b(data, digest_size=16).digest()


def columns_of(row: EventRow) -> tuple[object, ...]:
    """Return the values of ``COLUMNS``."""
    texts = [getattr(row, name) for name in _TEXTS]
    keys = [key(text) for text in texts]
    tags = [key(tag) for tag in row.tags]
    originals = None
    if any(each.startswith(_HASHED) for each in (*keys, *tags)):
        originals = json.dumps([texts, row.tags]).encode()
    seconds = row.seconds if row.timed else UNTIMED
    return (*keys, row.type, row.status, row.severity, seconds, row.nanos, tags, row.data, originals)


def row_of(columns: Sequence[Any]) -> EventRow:
    """Return the row that columns hold, without the text that is searched."""
    *keys, type_, status, severity, seconds, nanos, tags, data, originals = columns
    texts: list[Any]
    if originals is None:
        texts, tags = [plain(each) for each in keys], [plain(tag) for tag in tags]
    else:
        texts, tags = json.loads(originals)
    timed = seconds != UNTIMED
    texts += [type_, status, severity, int(timed), seconds if timed else 0, nanos, tuple(tags), bytes(data)]
    return EventRow(*texts)


def rejected_of(texts: bytes, data: bytes, received: float) -> Rejected:
    """Return what was rejected from its columns."""
    tenant, project, event, reason = json.loads(texts)
    return Rejected(tenant, project, event, reason, bytes(data), received)


def record_of(texts: bytes, made: float, events: int, by: str) -> DeletionRecord:
    """Return the record of a deletion from its columns."""
    tenant, project, session, reason = json.loads(texts)
    return DeletionRecord(Deletion(Tenancy(tenant, project), session, reason, plain(by)), made, events)


def plain(column: str) -> str:
    """Return the text that a column holds, unless it is a hash."""
    if _ESCAPE in column:
        return column.replace(_NUL, "\0").replace(_ESCAPED, _ESCAPE)
    return column
