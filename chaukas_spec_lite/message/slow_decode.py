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

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.message.record import Record, generated_class
from chaukas_spec_lite.wellknown.slow_readers import READERS
from chaukas_spec_lite.wellknown.values import NULL
from chaukas_spec_lite.wellknown.writers import CONTENT
from chaukas_spec_lite.wire.fields import DEFAULTS, PLAIN, FieldData, fields_of
from chaukas_spec_lite.wire.format import LEN, MAX_DEPTH, NotCanonical
from chaukas_spec_lite.wire.reading import PACKABLE, SCALARS, WIRE_TYPES, Slices, read_packed, walk

R = TypeVar("R", bound=Record)
Reader = Callable[[bytes, int, int], Any]

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
    return _known(_entry(_known_fields(cls)[number << 3 | LEN].field, data, 0, len(data), depth))


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
    return _known(_entry(_known_fields(cls)[number << 3 | LEN].field, rest, 0, len(rest), depth, start))


def _known(entry: tuple[Any, Any] | None) -> tuple[Any, Any]:
    if entry is None:
        raise NotCanonical
    return entry


class _Known:
    """A field in the form that a tag announces, and what reading it takes."""

    __slots__ = ("field", "in_pieces", "oneof", "others", "packed", "read")

    def __init__(self, field: FieldData, read: Reader | None, others: tuple[str, ...], packed: bool = False) -> None:
        self.field = field
        self.read = read
        """Reads a value at a place of the input, if it is no message; all values of a packed field."""
        self.packed = packed
        self.oneof = field.oneof
        self.others = others
        """The names of the other members of its oneof."""
        self.in_pieces = field.is_message and field.label not in ("repeated", "map")
        """Whether it is a singular message, whose pieces are merged."""


_MEMBERS_MAX = 4096
"""How many members of an enum, with those of unknown numbers, a table holds."""


class _Members(dict[int, Any]):
    """The members of an enum by their numbers, since asking the class takes longer than reading the number."""

    def __init__(self, cls: Any) -> None:
        super().__init__((int(member), member) for member in cls)
        self._cls = cls

    def __missing__(self, number: int) -> Any:
        member = self._cls(number)  # of an unknown number, which enums are open for
        if len(self) < _MEMBERS_MAX:
            self[number] = member
        return member


def _known_fields(cls: type[Record]) -> dict[int, _Known]:
    """What to do with each tag that a message of the class may have."""
    known: dict[int, _Known] | None = cls.__dict__.get("_field_by_tag")
    if known is None:
        known = cls._field_by_tag = dict(_tags(cls))
    return known


def _tags(cls: type[Record]) -> Iterator[tuple[int, _Known]]:
    for field in fields_of(cls):
        members = _Members(field.cls) if field.kind == "enum" else None
        others = tuple(
            other.name for other in fields_of(cls) if field.oneof and other.oneof == field.oneof and other is not field
        )
        if field.label == "map":
            yield field.number << 3 | LEN, _Known(field, None, others)
            continue
        yield field.number << 3 | WIRE_TYPES.get(field.kind, LEN), _Known(field, _reader(field.kind, members), others)
        if field.label == "repeated" and field.kind in PACKABLE:  # parsers take both forms, whatever the schema says
            yield field.number << 3 | LEN, _Known(field, _packed_reader(field.kind, members), others, packed=True)


def _reader(kind: str, members: _Members | None) -> Reader | None:
    read = SCALARS.get(kind)
    return read if members is None or read is None else lambda data, pos, end: members[read(data, pos, end)]


def _packed_reader(kind: str, members: _Members | None) -> Reader:
    if members is None:
        return partial(read_packed, kind)
    member = members.__getitem__

    def read(data: bytes, pos: int, end: int) -> Any:
        content = data[pos:end]
        return map(member, content if content.isascii() else read_packed(kind, data, pos, end))

    return read


def _merge(message: Record, data: bytes, slices: Slices, depth: int) -> None:
    known = _known_fields(type(message))
    unknown: list[bytes] = []
    pending: dict[int, Slices] = {}
    replaced: dict[int, Slices] = {}
    chosen: dict[str, int] = {}
    for start, tag, value, stop in walk(data, slices, depth, zero=not known):
        found = known.get(tag)
        if found is None:
            unknown.append(data[start:stop])
            continue
        # Before the value is read: setting one member of a oneof clears the others, even if it is set to its default.
        # Of those only the last one can be set, once all have been cleared that the message may have come with.
        if (oneof := found.oneof) is not None and (last := chosen.get(oneof)) != tag:
            chosen[oneof] = tag
            for name in found.others if last is None else (known[last].field.name,):
                setattr(message, name, None)
            if last in pending:
                replaced.setdefault(last, []).extend(pending.pop(last))
        if found.in_pieces:
            # Only noted here. Decoding and merging every piece by itself would read nested ones again at every level.
            if tag in pending:
                pending[tag].append((value, stop))
            else:
                pending[tag] = [(value, stop)]
        elif not _take(message, found, data, value, stop, depth):
            unknown.append(data[start:stop])
    for tag, parts in replaced.items():  # for nothing, but the reference refuses what is not valid
        _singular(known[tag].field, None, data, parts, depth + 1)
    # Singular messages come last, when all their pieces are known: each is then read in one go.
    for tag, parts in pending.items():
        field = known[tag].field
        setattr(message, field.name, _singular(field, getattr(message, field.name), data, parts, depth + 1))
    # Behind those that are there already, in the order of the input, as in the reference.
    if unknown:
        message._unknown_fields = b"".join([message._unknown_fields, *unknown])


def _take(message: Record, known: _Known, data: bytes, pos: int, end: int, depth: int) -> bool:
    """Set a field, other than a singular message, from one occurrence on the wire.

    Returns:
        False if it is an entry of a map that has unknown fields, so that the occurrence is an unknown field.
    """
    field, read = known.field, known.read
    try:
        if field.label == "repeated":
            values = getattr(message, field.name)
            if known.packed and read is not None:
                values.extend(read(data, pos, end))
            else:
                _append(values, known, data, pos, end, depth)
        elif read is not None:
            setattr(message, field.name, read(data, pos, end))
        else:
            entry = _entry(field, data, pos, end, depth + 1)
            if entry is None:
                return False
            getattr(message, field.name)[entry[0]] = entry[1]
    except DecodeError as error:
        error.path = f".{field.proto_name}{error.path}"
        raise
    return True


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
