"""The exact decoder: it reads any wire form of any message as the reference does, driven by field data.

Generated decoders read what ordinary encoders write, and leave everything else to this module: fields out of order or
given twice, unknown ones, the wrong wire type, and what is invalid, of which this says what is wrong and where.

The rules are those of https://protobuf.dev/programming-guides/encoding/#last-one-wins: of a scalar that is given
several times the last one counts, messages merge, lists grow, and a member of a oneof clears the others. To merge a
singular message, the places of its pieces in the input are collected (``Slices``) and read in one go, so that the work
stays linear however often and however deep pieces repeat.
"""

# _unknown_fields is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.message.record import Record, generated_class
from chaukas_spec_lite.wellknown.slow_readers import READERS
from chaukas_spec_lite.wellknown.values import NULL
from chaukas_spec_lite.wellknown.writers import CONTENT
from chaukas_spec_lite.wire.fields import DEFAULTS, PLAIN, FieldData, fields_of
from chaukas_spec_lite.wire.format import LEN, MAX_DEPTH, NotCanonical
from chaukas_spec_lite.wire.reading import PACKABLE, SCALARS, WIRE_TYPES, Slices, read_packed, walk

R = TypeVar("R", bound=Record)

_ZEROS = {kind: default() for kind, default in DEFAULTS.items()}


def parse(cls: type[R], data: bytes) -> R:
    """Decode a message.

    Raises:
        DecodeError: With the path from the message's class, and the offset.
    """
    message = generated_class(cls)()
    try:
        merge(message, data)
    except DecodeError as error:
        error.path = cls.__name__ + error.path
        raise
    return cls._holding(message)


def merge(message: Record, data: bytes, depth: int = 0) -> None:
    """Decode fields into a message that may have some set: what generated decoders call for the rest of their input."""
    _merge(message, data, [(0, len(data))], depth)


def read_plain(kind: str, data: bytes, depth: int) -> Any:
    """Decode a well-known message into a plain value."""
    return READERS[kind](data, [(0, len(data))], depth)


def read_entry(cls: type[Record], number: int, data: bytes, depth: int) -> tuple[Any, Any]:
    """Decode an entry of a map field, which stands ``depth`` levels below the outermost message.

    Raises:
        NotCanonical: The entry has unknown fields, so the message has to keep it as an unknown field as a whole.
    """
    return _known(_entry(_known_fields(cls)[number].field, data, 0, len(data), depth))


def finish_entry(
    cls: type[Record], number: int, data: bytes, depth: int, start: tuple[Any, Any], rest: bytes
) -> tuple[Any, Any]:
    """Decode an entry of a map field of which a generated decoder has read a part already.

    Args:
        cls: The class of the message.
        number: The number of the map field.
        data: The whole entry.
        depth: Its level below the outermost message.
        start: The key and the value that were read.
        rest: What follows them. Only this is read, since reading values again at every level would take quadratic time.

    Raises:
        NotCanonical: The entry has unknown fields, so the message has to keep it as an unknown field as a whole.
    """
    if start[1] is None:  # no value was read, or it was a null: only reading all of it can tell
        return read_entry(cls, number, data, depth)
    return _known(_entry(_known_fields(cls)[number].field, rest, 0, len(rest), depth, start))


def _known(entry: tuple[Any, Any] | None) -> tuple[Any, Any]:
    if entry is None:
        raise NotCanonical
    return entry


class _Known(NamedTuple):
    """A field, and what reading it takes."""

    field: FieldData
    wire: int
    """The wire type that it comes in."""
    packable: bool
    """Whether it may also come packed: of a repeated scalar, parsers take both forms, whatever the schema says."""
    others: tuple[str, ...]
    """The names of the other members of its oneof."""
    in_pieces: bool
    """Whether it is a singular message, whose pieces are merged."""
    read: Callable[[bytes, int, int], Any] | None
    """Reads one value at a place of the input, if it is no message."""
    members: _Members | None
    """What numbers mean, if it is an enum."""


class _Members(dict[int, Any]):
    """The members of an enum by their numbers, since asking the class takes longer than reading the number."""

    def __init__(self, cls: Any) -> None:
        super().__init__((int(member), member) for member in cls)
        self._cls = cls

    def __missing__(self, number: int) -> Any:
        return self._cls(number)  # of unknown numbers, which enums are open for


def _known_fields(cls: type[Record]) -> dict[int, _Known]:
    known: dict[int, _Known] | None = cls.__dict__.get("_field_by_number")
    if known is None:
        known = {field.number: _known_field(cls, field) for field in fields_of(cls)}
        cls._field_by_number = known
    return known


def _known_field(cls: type[Record], field: FieldData) -> _Known:
    members = _Members(field.cls) if field.kind == "enum" else None
    read = SCALARS.get(field.kind)
    return _Known(
        field,
        LEN if field.label == "map" else WIRE_TYPES.get(field.kind, LEN),
        field.label == "repeated" and field.kind in PACKABLE,
        tuple(each.name for each in fields_of(cls) if field.oneof and each.oneof == field.oneof and each is not field),
        field.label not in ("repeated", "map") and field.is_message,
        read if members is None or read is None else _enum_reader(read, members),
        members,
    )


def _enum_reader(read: Callable[[bytes, int, int], int], members: _Members) -> Callable[[bytes, int, int], Any]:
    return lambda data, pos, end: members[read(data, pos, end)]


def _merge(message: Record, data: bytes, slices: Slices, depth: int) -> None:
    known = _known_fields(type(message))
    unknown: list[bytes] = []
    pending: dict[int, Slices] = {}
    chosen: dict[str, _Known] = {}
    for start, tag, value, stop in walk(data, slices, depth, zero=not known):
        found = known.get(tag >> 3)
        wire = tag & 7
        if found is None or (wire != found.wire and not (wire == LEN and found.packable)):
            unknown.append(data[start:stop])
            continue
        # Before the value is read: setting one member of a oneof clears the others, even if it is set to its default.
        # Of those only the last one can be set, once all have been cleared that the message may have come with.
        oneof = found.field.oneof
        if oneof is not None and (last := chosen.get(oneof)) is not found:
            _replace(message, found, last, data, depth, pending)
            chosen[oneof] = found
        if found.in_pieces:
            # Only noted here. Decoding and merging every piece by itself would read nested ones again at every level.
            pending.setdefault(found.field.number, []).append((value, stop))
        elif not _take(message, found, wire != found.wire, data, value, stop, depth):
            unknown.append(data[start:stop])
    # Singular messages come last, when all their pieces are known: each is then read in one go.
    for number, parts in pending.items():
        field = known[number].field
        setattr(message, field.name, _singular(field, getattr(message, field.name), data, parts, depth + 1))
    # Behind those that are there already, in the order of the input, as in the reference.
    if unknown:
        message._unknown_fields = b"".join([message._unknown_fields, *unknown])


def _take(message: Record, known: _Known, packed: bool, data: bytes, pos: int, end: int, depth: int) -> bool:
    """Set a field, other than a singular message, from one occurrence on the wire.

    Returns:
        False if it is an entry of a map that has unknown fields, so that the occurrence is an unknown field.
    """
    field, read = known.field, known.read
    try:
        if packed:
            values = read_packed(field.kind, data, pos, end)
            getattr(message, field.name).extend(map(known.members.__getitem__, values) if known.members else values)
        elif field.label == "repeated":
            _append(getattr(message, field.name), known, data, pos, end, depth)
        elif field.label == "map":
            entry = _entry(field, data, pos, end, depth + 1)
            if entry is None:
                return False
            getattr(message, field.name)[entry[0]] = entry[1]
        elif read is not None:
            setattr(message, field.name, read(data, pos, end))
    except DecodeError as error:
        error.path = f".{field.proto_name}{error.path}"
        raise
    return True


def _replace(
    message: Record, found: _Known, last: _Known | None, data: bytes, depth: int, pending: dict[int, Slices]
) -> None:
    """Clear the other members of a oneof, of which ``last`` is the only one that can be set, unless it is ``None``."""
    if last is None:  # the message may have come with any of them
        for name in found.others:
            setattr(message, name, None)
        return
    setattr(message, last.field.name, None)
    parts = pending.pop(last.field.number, None)
    if parts is not None:  # it is replaced, but the reference refuses it if it is not valid
        _singular(last.field, None, data, parts, depth + 1)


def _append(values: list[Any], known: _Known, data: bytes, pos: int, end: int, depth: int) -> None:
    try:
        read = known.read
        values.append(_one(known.field, data, pos, end, depth) if read is None else read(data, pos, end))
    except DecodeError as error:
        error.path = f"[{len(values)}]{error.path}"
        raise


def _one(field: FieldData, data: bytes, pos: int, end: int, depth: int) -> Any:
    """Read a value that is merged with no other."""
    if field.is_message:
        return _message(field, None, data, [(pos, end)], depth + 1)
    value = SCALARS[field.kind](data, pos, end)
    return field.cls(value) if field.kind == "enum" else value


def _singular(field: FieldData, old: Any, data: bytes, slices: Slices, depth: int) -> Any:
    try:
        value = _message(field, old, data, slices, depth)
        return NULL if value is None else value  # JSON null: None would mean that the field is not set
    except DecodeError as error:
        error.path = f".{field.proto_name}{error.path}"
        raise


def _message(field: FieldData, old: Any, data: bytes, slices: Slices, depth: int) -> Any:
    """Read a message from its pieces and merge it into the one that is already there, if any."""
    if field.kind not in PLAIN:
        message = field.cls() if old is None else old
        _merge(message, data, slices, depth)
        return message
    read = READERS[field.kind]
    new = read(data, slices, depth)
    if old is None:
        return new
    # A plain value cannot be merged into, so it is written again, and read with the new pieces behind it, which merges
    # them.
    content = CONTENT[field.kind](old, depth).encode("latin-1") + b"".join(data[pos:end] for pos, end in slices)
    return read(content, [(0, len(content))], depth)


def _entry(
    field: FieldData, data: bytes, pos: int, end: int, depth: int, start: tuple[Any, Any] | None = None
) -> tuple[Any, Any] | None:
    """Read an entry of a map, in which what is missing is its default, or what ``start`` has.

    Returns:
        Key and value; ``None`` if the entry has unknown fields, because the reference then keeps it, as a whole, as an
        unknown field.
    """
    assert field.key is not None
    key_tag = 1 << 3 | WIRE_TYPES[field.key]
    value_tag = 2 << 3 | WIRE_TYPES.get(field.kind, LEN)
    # A missing key or value is the type's default, not an error.
    key, old = start or (_ZEROS[field.key], None)
    slices: Slices = []
    known = True
    for _, tag, value, stop in walk(data, [(pos, end)], depth):
        if tag == key_tag:
            key = SCALARS[field.key](data, value, stop)
        elif tag == value_tag:
            # A value that comes twice in one entry is merged like any singular field.
            slices.append((value, stop))
        else:
            known = False
    try:
        content = _entry_value(field, old, data, slices, depth)
    except DecodeError as error:
        error.path = f"[{key!r}]{error.path}"
        raise
    if field.is_message and not slices and old is None and depth == MAX_DEPTH:
        known = False  # the empty value would stand too deep to be written, so the entry is kept as it came
    return (key, content) if known else None


def _entry_value(field: FieldData, old: Any, data: bytes, slices: Slices, depth: int) -> Any:
    if field.is_message:
        return _message(field, old, data, slices, depth + 1)
    if old is None:
        old = field.cls(0) if field.kind == "enum" else _ZEROS[field.kind]
    # Of a scalar the last one counts, but all have to be valid.
    return [old, *(_one(field, data, pos, end, depth) for pos, end in slices)][-1]
