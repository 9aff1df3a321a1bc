"""Reads recorded events, one at a time, from the two kinds of file that there are.

- Delimited protobuf: encoded ``Event`` messages, each behind its length as a varint.
- JSON lines, as the official SDK writes them in file mode: an event per line, nearly ProtoJSON.

Either may be compressed with gzip. The first line of a file tells which of them it is. The SDK's form is read here, so
that ``from_json`` stays strict.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Iterator
from io import BufferedReader, BytesIO
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from chaukas_spec_lite.errors import ChaukasError, DecodeError, JSONError
from chaukas_spec_lite.gzipped import MAGIC, Gunzip
from chaukas_spec_lite.protojson.load_messages import from_parsed
from chaukas_spec_lite.protojson.text import decode, parse
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wire.reading import read_varint
from chaukas_spec_lite.wire.scalars import is_dict

MAX_EVENT = 64 << 20
"""Bytes of the largest event that is read. A larger length is a sign that the file is something else."""

_TAG_OF_EVENT_ID = b"\x0a"  # what nearly every encoded event begins with

_TORN = "the last event is torn, as its writer was ended while it wrote"

_NAIVE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?")
"""A timestamp without a zone, as the official SDK writes it."""


class EventFileError(ChaukasError):
    """A file is not what it should be; the message names the file and the place in it."""


class Recorded(NamedTuple):
    """An event of a file."""

    event: Event
    position: int
    """Bytes of the file up to the end of the event; of a compressed one, those that were read for it."""


def read_events(path: str | PathLike[str]) -> Iterator[Recorded]:
    """Read the events of a file, of either kind, one at a time. gzip is recognised, whatever the file's name.

    Args:
        path: The file; a pipe will do.

    Raises:
        EventFileError: Something in the file is no event. What came before it has been returned. If the last event is
            torn, because its writer was ended while it wrote, the error says so.
        OSError: The file cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        if file.peek(len(MAGIC)).startswith(MAGIC):
            yield from _compressed(file, path)
        else:
            yield from _events(file, path)


def _compressed(file: BufferedReader, path: Path) -> Iterator[Recorded]:
    members = Gunzip(file)
    try:
        for recorded in _events(BufferedReader(members), path):
            yield recorded._replace(position=members.position)
    except zlib.error as error:
        raise EventFileError(f"{path}: near byte {members.position:,}: it cannot be decompressed: {error}") from error
    # Where nothing of an event came out of the last member, the events before it seem to be all.
    if members.torn:
        raise EventFileError(f"{path}: the file ends within a gzip member: {_TORN}")


def _events(file: BufferedReader, path: Path) -> Iterator[Recorded]:
    # Read ahead and put back, because a pipe cannot be rewound.
    ahead = _first_line(file)
    read = _json_lines if _is_json(ahead) else _delimited
    yield from read(_Ahead(ahead, file), path)


class _Ahead:
    """A file whose first bytes have been read already, put before the others again. It may be a pipe, so no seeking."""

    def __init__(self, ahead: bytes, file: BufferedReader) -> None:
        self._ahead = BytesIO(ahead)
        self._file = file
        self.position = 0

    def read(self, size: int) -> bytes:
        """Read that many bytes, or what is left."""
        data = self._ahead.read(size)
        data += self._file.read(size - len(data))
        self.position += len(data)
        return data

    def readline(self, limit: int) -> bytes:
        """Read to the end of the line, but no more bytes than ``limit``."""
        data = self._ahead.readline(limit)
        if not data.endswith(b"\n"):
            data += self._file.readline(limit - len(data))
        self.position += len(data)
        return data


def _first_line(file: BufferedReader) -> bytes:
    """The first line that is not blank, and the blank ones before it."""
    ahead = line = file.readline(MAX_EVENT)
    while line and not line.strip() and len(ahead) < MAX_EVENT:
        ahead += (line := file.readline(MAX_EVENT))
    return ahead


def _is_json(ahead: bytes) -> bool:
    """Whether a file with this beginning holds JSON lines.

    A brace alone does not tell: as a byte it is also the length 123. A line that begins like JSON but is broken is
    still taken for JSON, unless the file goes on as a delimited one does. A blank file holds no events either way.
    """
    line = ahead.removeprefix(codecs.BOM_UTF8).strip()
    if not line.startswith(b"{"):
        return not line
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        # A broken JSON line is reported as JSON. A delimited file may begin with the same byte, but then comes the
        # first event, and with it the tag of ``event_id``.
        return line[1:].lstrip()[:1] in (b'"', b"}", b"") and ahead[1:2] != _TAG_OF_EVENT_ID
    return True


def _json_lines(file: _Ahead, path: Path) -> Iterator[Recorded]:
    number = 0
    while line := file.readline(MAX_EVENT + 1):
        number += 1
        # ``readline`` got a limit, since a file without line breaks would be read into memory as a whole.
        if len(line) > MAX_EVENT:
            raise EventFileError(f"{path}:{number}: the line is longer than {MAX_EVENT:,} bytes")
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if line.strip():
            event = _event_of_line(line, f"{path}:{number}", "" if line.endswith(b"\n") else f"; {_TORN}")
            yield Recorded(event, file.position)


def _event_of_line(line: bytes, place: str, hint: str) -> Event:
    try:
        return event_from_sdk(line)
    except JSONError as error:
        column = f":{error.column}" if error.column else ""
        where = f"{error.path}: " if error.path else ""
        raise EventFileError(f"{place}{column}: {where}{error.message}{hint}") from error


def event_from_sdk(line: str | bytes, *, ignore_unknown_fields: bool = False) -> Event:
    """Read one line of a file that the official SDK wrote: ProtoJSON, but for a ``timestamp`` without a zone, in UTC.

    Args:
        line: The line, as text or UTF-8.
        ignore_unknown_fields: Whether fields that the schema does not have are left out; else they are an error.

    Raises:
        JSONError: The line is no event; with the JSON path, and the line and column within ``line``.
    """
    text = decode(line)
    parsed = parse(text)
    if is_dict(parsed):
        timestamp = parsed.get("timestamp")
        if isinstance(timestamp, str) and _NAIVE.fullmatch(timestamp):
            # The SDK means UTC without saying so; ProtoJSON needs the zone.
            parsed["timestamp"] = f"{timestamp}Z"
    return from_parsed(Event, parsed, text, ignore_unknown_fields=ignore_unknown_fields)


def _delimited(file: _Ahead, path: Path) -> Iterator[Recorded]:
    while True:
        start = file.position
        try:
            data = _delimited_message(file)
            if data is None:
                return
            event = Event.parse(data)
        except DecodeError as error:
            hint = "" if start else " (the file holds neither length-delimited Event messages nor JSON lines)"
            raise EventFileError(f"{path}: in the event at byte {start:,}: {error}{hint}") from error
        yield Recorded(event, file.position)


def _delimited_message(file: _Ahead) -> bytes | None:
    header = b""
    # Byte by byte: what follows the length belongs to the event.
    while len(header) < 10 and (byte := file.read(1)):
        header += byte
        if byte[0] < 128:
            break
    if not header:
        return None
    length, _ = read_varint(header, 0, len(header))
    if length > MAX_EVENT:
        raise DecodeError(f"its length would be {length:,} bytes, more than the {MAX_EVENT:,} that are read")
    data = file.read(length)
    if len(data) < length:
        raise DecodeError(f"its length is {length:,} bytes, but the file ends after {len(data):,}: {_TORN}")
    return data
