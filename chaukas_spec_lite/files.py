"""Reads recorded events, one at a time, from the kinds of file that there are.

- Delimited protobuf: encoded ``Event`` messages, each behind its length as a varint.
- JSON lines, as the official SDK writes them in file mode: an event per line, nearly ProtoJSON.
- JSON of any layout: an object over many lines, several of them, or an array.

Each may be compressed with gzip. How a file begins tells which of them it is. The SDK's form is read here, so that
``from_json`` stays strict.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import BufferedReader, BytesIO
from os import PathLike
from pathlib import Path
from typing import NamedTuple, TypeAlias, cast

from chaukas_spec_lite.errors import ChaukasError, DecodeError, JSONError
from chaukas_spec_lite.gzipped import MAGIC, Gunzip
from chaukas_spec_lite.json_pieces import PieceTooLong, pieces
from chaukas_spec_lite.protojson.load_messages import from_parsed
from chaukas_spec_lite.protojson.text import decode, parse
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wire.reading import read_varint
from chaukas_spec_lite.wire.scalars import is_dict

MAX_EVENT = 64 << 20
"""Bytes of the largest event that is read. A larger length is a sign that the file is something else."""

_SQLITE = b"SQLite format 3\0"

_TAG_OF_EVENT_ID = b"\x0a"  # what nearly every encoded event begins with

_TORN = "the last event is torn, as its writer was ended while it wrote"

_NAIVE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?")
"""A timestamp without a zone, as the official SDK writes it."""

_KEY_OR_END = re.compile(rb'\s*(?:"[^"\\]*"\s*:|\})')
_OBJECT_OR_END = re.compile(rb"\s*(?:\{\s*[\"}]|\]|$)")
_LOOK_AHEAD = 4096
"""Bytes that are looked at behind a line that is nothing but a bracket."""


class EventFileError(ChaukasError):
    """A file is not what it should be; the message names the file and the place in it."""


class Recorded(NamedTuple):
    """An event of a file."""

    event: Event
    position: int
    """Bytes of the file up to the end of the event; of a compressed one, those that were read for it."""


class NoEvent(NamedTuple):
    """A place in a file that holds no event."""

    error: EventFileError
    position: int
    """As that of an event."""
    torn: bool
    """Whether it is the end of a file whose writer was ended, or still writes: nothing is wrong with the rest."""


class EncodedEntry(NamedTuple):
    """An event of a file of encoded ones, as it stands there; whether it is one, nobody may have looked yet."""

    data: bytes
    position: int
    """As that of an event."""


Entry: TypeAlias = "Recorded | NoEvent"
AnyEntry: TypeAlias = "Recorded | EncodedEntry | NoEvent"
ReadObject: TypeAlias = "Callable[[bytes], Iterable[Event | JSONError]]"
"""Reads the events of a JSON object, and says what is wrong with those that are none."""


def read_events(path: str | PathLike[str]) -> Iterator[Recorded]:
    """Read the events of a file, of any kind, one at a time. gzip is recognised, whatever the file's name.

    Args:
        path: The file; a pipe will do.

    Raises:
        EventFileError: Something in the file is no event. What came before it has been returned. If the last event is
            torn, because its writer was ended while it wrote, the error says so.
        OSError: The file cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        for entry in read_entries(file, str(path)):
            if isinstance(entry, NoEvent):
                raise entry.error
            yield entry


def read_entries(file: BufferedReader, name: str, read: ReadObject | None = None) -> Iterator[Entry]:
    """Read the events of an open file, and go on behind what is none, wherever that is possible.

    Args:
        file: The file; a pipe will do.
        name: What errors call it.
        read: What reads objects of JSON; without it, they are in the form of the official SDK.
    """
    # The way of encoded ones yields none of them here.
    yield from cast("Iterator[Entry]", _any_entries(file, name, read or _read_sdk, _parsed))


def read_encoded(
    file: BufferedReader, name: str, read: ReadObject | None = None, *, checks: bool = False
) -> Iterator[AnyEntry]:
    """Read an open file as ``read_entries`` does, but leave encoded events as they are, behind the first one.

    Args:
        file: The file; a pipe will do.
        name: What errors call it.
        read: What reads objects of JSON.
        checks: Whether to see of each that it is an event, and not of the first alone, which then stays as it is, too.
    """
    return _any_entries(file, name, read or _read_sdk, _checked if checks else EncodedEntry)


_Make: TypeAlias = "Callable[[bytes, int], Recorded | EncodedEntry]"
"""Makes an entry of an encoded event, and of where it ends; raises ``DecodeError`` if it sees that it is none."""


def _parsed(data: bytes, position: int) -> Recorded:
    return Recorded(Event.parse(data), position)


def _checked(data: bytes, position: int) -> EncodedEntry:
    Event.parse(data)
    return EncodedEntry(data, position)


def _any_entries(file: BufferedReader, name: str, read: ReadObject, make: _Make) -> Iterator[AnyEntry]:
    if file.peek(len(MAGIC)).startswith(MAGIC):
        return _compressed(file, name, read, make)
    return _entries(file, name, read, make)


def _compressed(file: BufferedReader, name: str, read: ReadObject, make: _Make) -> Iterator[AnyEntry]:
    members = Gunzip(file)
    try:
        for entry in _entries(BufferedReader(members), name, read, make):
            yield entry._replace(position=members.position)
    except zlib.error as error:
        yield _unread(f"{name}: near byte {members.position:,}: it cannot be decompressed: {error}", 0, cause=error)
        return
    # Where nothing of an event came out of the last member, the events before it seem to be all.
    if members.torn:
        yield _unread(f"{name}: the file ends within a gzip member: {_TORN}", members.position, torn=True)


def _unread(text: str, position: int, *, torn: bool = False, cause: BaseException | None = None) -> NoEvent:
    error = EventFileError(text)
    error.__cause__ = cause
    return NoEvent(error, position, torn)


def _entries(file: BufferedReader, name: str, read: ReadObject, make: _Make) -> Iterator[AnyEntry]:
    # Read ahead and put back, because a pipe cannot be rewound.
    ahead = _first_line(file)
    if ahead.startswith(_SQLITE):
        yield _unread(
            f"{name} is an SQLite database and no file of events; one in which a collector keeps them is named by "
            f"--store sqlite:{name}",
            0,
        )
    elif _is_document(ahead, file):
        yield from _document(_Ahead(ahead, file), name, read)
    elif _is_json(ahead):
        yield from _json_lines(_Ahead(ahead, file), name, read)
    else:
        yield from _delimited(_Ahead(ahead, file), name, make)


class _Ahead:
    """A file whose first bytes have been read already, put before the others again. It may be a pipe, so no seeking."""

    def __init__(self, ahead: bytes, file: BufferedReader) -> None:
        self._ahead = BytesIO(ahead)
        self._file = file
        self._begun = False
        """Whether the file itself is read by now. A file of events is read in small pieces, so it has to be quick."""
        self.position = 0

    def read(self, size: int) -> bytes:
        """Read that many bytes, or what is left."""
        data = self._file.read(size) if self._begun else self._first(size)
        self.position += len(data)
        return data

    def _first(self, size: int) -> bytes:
        data = self._ahead.read(size)
        self._begun = len(data) < size
        return data + self._file.read(size - len(data))

    def read1(self, size: int) -> bytes:
        """Read some bytes, as many as there are without waiting for more; none at the end."""
        data = self._ahead.read(size) or self._file.read1(size)
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


def _is_document(ahead: bytes, file: BufferedReader) -> bool:
    """Whether a file with this beginning holds JSON whose objects need not be lines.

    A bracket alone does not tell: as a byte it is also a length, and a line break the tag of ``event_id``.
    """
    line = ahead.removeprefix(codecs.BOM_UTF8).strip()
    if line[:1] not in (b"{", b"["):
        return False
    behind = line[1:]
    if not behind.strip():
        behind = file.peek(_LOOK_AHEAD)[:_LOOK_AHEAD]
    if line.startswith(b"["):
        return _OBJECT_OR_END.match(behind) is not None
    # An object that goes on in the next line. One that is torn ends anywhere else.
    return _KEY_OR_END.match(behind) is not None and line[-1:] in (b"{", b"[", b",") and b"\n" in ahead


def _document(file: _Ahead, name: str, read: ReadObject) -> Iterator[Entry]:
    try:
        for piece in pieces(file.read1, MAX_EVENT):
            end = piece.start + len(piece.data)
            place = f"{name}: in the object at byte {piece.start:,}"
            if not piece.complete:
                yield _unread(f"{place}: {_TORN}", end, torn=True)
                return
            yield from _objects(piece.data.removeprefix(codecs.BOM_UTF8), place, end, read)
    except PieceTooLong as error:
        yield _unread(f"{name}: the object at byte {error.start:,} is longer than {MAX_EVENT:,} bytes", file.position)


def _objects(data: bytes, place: str, end: int, read: ReadObject, *, last: bool = False) -> Iterator[Entry]:
    for found in read(data):
        if isinstance(found, JSONError):
            torn = last and not _is_whole(data)
            hint = f"; {_TORN}" if torn else ""
            column = f":{found.column}" if found.column else ""
            where = f"{found.path}: " if found.path else ""
            yield _unread(f"{place}{column}: {where}{found.message}{hint}", end, torn=torn, cause=found)
        else:
            yield Recorded(found, end)


def _json_lines(file: _Ahead, name: str, read: ReadObject) -> Iterator[Entry]:
    number = 0
    while line := file.readline(MAX_EVENT + 1):
        number += 1
        # ``readline`` got a limit, since a file without line breaks would be read into memory as a whole.
        if len(line) > MAX_EVENT:
            yield _unread(f"{name}:{number}: the line is longer than {MAX_EVENT:,} bytes", file.position)
            return
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if line.strip():
            yield from _objects(line, f"{name}:{number}", file.position, read, last=not line.endswith(b"\n"))


def _is_whole(line: bytes) -> bool:
    """Whether a line has all of its JSON, whatever is wrong with that."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _read_sdk(data: bytes) -> Iterator[Event | JSONError]:
    try:
        yield event_from_sdk(data)
    except JSONError as error:
        yield error


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
    add_zone(parsed)
    return from_parsed(Event, parsed, text, ignore_unknown_fields=ignore_unknown_fields)


def add_zone(parsed: object) -> None:
    """Add the zone to the timestamp of a parsed event that has none: the SDK means UTC without saying so."""
    if is_dict(parsed):
        timestamp = parsed.get("timestamp")
        if isinstance(timestamp, str) and _NAIVE.fullmatch(timestamp):
            parsed["timestamp"] = f"{timestamp}Z"


def _delimited(file: _Ahead, name: str, make: _Make) -> Iterator[AnyEntry]:
    while True:
        start = file.position
        data: bytes | None = b""
        try:
            if (data := _delimited_message(file)) is None:
                return
            # By the first one it is seen whether the file holds events at all.
            entry: AnyEntry = (_parsed if make is EncodedEntry and not start else make)(data, file.position)
        except DecodeError as error:
            torn = isinstance(error, _TornEvent) and bool(start)
            what = f"{name}: " if start else f"{name} is no file of events, neither JSON nor delimited protobuf: "
            text = f"{what}in the event at byte {start:,}: {error}"
            entry = _unread(text, file.position, torn=torn, cause=error)
            # Behind an event that is none there may be others, but not behind a length that is none.
            if not data or not start:
                yield entry
                return
        yield entry


class _TornEvent(DecodeError):
    """The file ends within an event."""


def _delimited_message(file: _Ahead) -> bytes | None:
    header = b""
    # Byte by byte: what follows the length belongs to the event.
    while len(header) < 10 and (byte := file.read(1)):
        header += byte
        if byte[0] < 128:
            break
    if not header:
        return None
    if len(header) < 10 and header[-1] > 127:
        raise _TornEvent("the input ends inside a varint")
    length, _ = read_varint(header, 0, len(header))
    if length > MAX_EVENT:
        raise DecodeError(f"its length would be {length:,} bytes, more than the {MAX_EVENT:,} that are read")
    data = file.read(length)
    if len(data) < length:
        raise _TornEvent(f"its length is {length:,} bytes, but the file ends after {len(data):,}: {_TORN}")
    return data
