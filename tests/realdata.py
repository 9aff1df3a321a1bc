"""The recorded telemetry in ``tests/data``, as tests and benchmarks read it; its README says what it is.

Everything is handed out as the bytes or lines that were recorded. Nothing here decodes a message, so that a codec
under test cannot hide its mistakes in the data it is tested with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"

CAPTURES = tuple(sorted(path.stem for path in DATA.glob("*.delim")))
"""Names of the captures that hold encoded events, such as ``pypi-crewai-sync``."""

JSONL_CAPTURES = tuple(sorted(path.stem for path in (DATA / "jsonl").glob("*.jsonl")))
"""Names of the captures that were written as JSON lines; they hold other events than those of ``CAPTURES``."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body of one HTTP request, as the official SDK posted it."""

    file: str
    """Path of its file below ``tests/data``."""
    path: str
    """Path it was posted to: ``/events`` or ``/events/batch``."""
    message_type: str
    """Full name of the message it holds, such as ``chaukas.spec.client.v1.IngestEventRequest``."""
    data: bytes
    """The encoded message."""
    events: int
    """Number of events in it."""


def events(name: str | None = None) -> list[bytes]:
    """The encoded events of one capture, or of all of them, in the order they were recorded."""
    names = CAPTURES if name is None else (name,)
    files = [f"{each}.delim" for each in names]
    return [event for file in files for event in split_delimited((DATA / file).read_bytes(), file)]


def bodies() -> list[Body]:
    """Every recorded HTTP body, in the manifest's order."""
    manifest = (DATA / "wire" / "manifest.jsonl").read_text(encoding="utf-8")
    return [_body(json.loads(line)) for line in manifest.splitlines()]


def jsonl(name: str | None = None) -> list[str]:
    """The lines of one JSON-lines capture, or of all of them; each line is one event."""
    names = JSONL_CAPTURES if name is None else (name,)
    # Not splitlines(): the text of an event may hold other line separators, such as U+2028.
    return [line for each in names for line in _text(f"jsonl/{each}.jsonl").split("\n") if line]


def split_delimited(data: bytes, name: str) -> Iterator[bytes]:
    """The messages of delimited data, each of which stands behind its length as a varint; ``name`` is for errors."""
    start = 0
    while start < len(data):
        length, position = _varint(data, start)
        end = position + length
        if end > len(data):
            raise ValueError(f"{name}: the message at byte {start} is cut off")
        yield data[position:end]
        start = end


def _body(row: dict[str, str | int]) -> Body:
    data = (DATA / str(row["file"])).read_bytes()
    if len(data) != row["bytes"]:
        raise ValueError(f"{row['file']}: {len(data)} bytes, but the manifest says {row['bytes']}")
    return Body(str(row["file"]), str(row["path"]), str(row["message_type"]), data, int(row["n_events"]))


def _text(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """The number at ``position`` and the position behind it, which lies beyond the end if the number is cut off."""
    value = shift = 0
    for byte in data[position : position + 10]:
        value |= (byte & 0x7F) << shift
        shift += 7
        position += 1
        if byte < 0x80:
            return value, position
    return 0, len(data) + 1
