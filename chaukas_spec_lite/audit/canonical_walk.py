"""Tells whether an encoded event is in its canonical form, without making an event of it: in half the time.

It is right where it says yes. Where it does not, the event may be in that form all the same: what is rare is left to
the exact way, which decodes and encodes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple, TypeAlias, cast

from chaukas_spec_lite.audit.plain_fields import (
    KINDS,
    LIST_VALUES,
    STRUCT_ENTRY,
    Plain,
    PlainText,
    plain_fields,
    plain_text,
)
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wire.fields import STRUCT, TIMESTAMP, FieldData, fields_of
from chaukas_spec_lite.wire.format import LEN, NotCanonical
from chaukas_spec_lite.wire.reading import WIRE_TYPES, read_length

_MAX_DEPTH = 30

_NUMBER, _BOOL, _DOUBLE, _TEXT, _MESSAGE, _STRUCT, _TIME = range(7)
"""Kinds of fields; those from ``_TEXT`` on have a length."""

_Field: TypeAlias = "tuple[int, int, bool, bool, str | None, Any, Plain | None]"
"""Number, kind, whether it may be there with its default, whether it is repeated, its oneof, the class of a message,
and what matches plain fields behind it. A plain tuple, which Python takes apart in half the time."""


class _Table(NamedTuple):
    """The fields of a message."""

    fields: dict[int, _Field]
    """By their tags; those that are left to the exact way are not among them."""
    plain: Plain
    """Matches those that a message may begin with, as far as they are plain."""
    numbers: tuple[int, ...]
    """The numbers of all plain fields by their groups, which are counted from 1; 0 stands for none."""


_plain_entry, _plain_values = STRUCT_ENTRY.match, cast("Plain", LIST_VALUES.match)
_IN_STRUCT, _IN_LIST = 0x2A, 0x32
"""Tags in a value of a Struct."""

_TIMESTAMP = re.compile(
    rb"(?:\x08(?:[\x80-\xff]{0,4}[\x01-\x7f]))?(?:\x10(?:[\x80-\xff]{0,3}[\x01-\x7f]|[\x80-\xff]{4}[\x01-\x03]))?"
).fullmatch
"""In the usual range: seconds since 1970 of five bytes at most, nanoseconds below 2**30."""
_REST = re.compile(rb"[\x80-\xff]{0,2}[\x01-\x7f]").match
"""What follows the first byte of a varint of up to four bytes in its shortest form."""


Walked: TypeAlias = "tuple[str, str, str, str, str, str, int, int, int]"
"""What there is in an event that verification looks at: the ids of event, tenant, project and session, ``hash_prev``,
``content_hash``, the type, and where the field ``content_hash`` begins and ends, the same place twice if there is none.
A plain tuple, as there is one for every event."""


def walk(data: bytes) -> Walked:
    """Go through an event.

    Raises:
        NotCanonical: It is not in its canonical form, or that cannot be told here. So may ``ValueError``, ``KeyError``
            and ``IndexError``.
    """
    table, match, groups, seal = _event()
    # A character a byte: what is matched of texts is ASCII, and needs not be decoded text by text.
    plain = match(data.decode("latin-1"))
    event_id, tenant, project, session, hash_prev, content_hash, kind = plain.group(*groups)
    # Each text stands behind its length, of one character.
    event_id = event_id[1:] if event_id else ""
    tenant = tenant[1:] if tenant else ""
    project = project[1:] if project else ""
    session = session[1:] if session else ""
    hash_prev = hash_prev[1:] if hash_prev else ""
    content_hash = content_hash[1:] if content_hash else ""
    type_ = ord(kind) if kind else 0
    start, stop = plain.span(seal) if content_hash else (2, 0)
    start -= 2
    if plain.end() == len(data):
        return event_id, tenant, project, session, hash_prev, content_hash, type_, start, stop
    found: dict[int, Any] = {}
    _fields(data, plain, len(data), table, 1, found)
    if not found:
        return event_id, tenant, project, session, hash_prev, content_hash, type_, start, stop
    if _PROOF in found:
        raise NotCanonical
    known = zip(_TEXTS, (event_id, tenant, project, session, hash_prev, content_hash), strict=True)
    event_id, tenant, project, session, hash_prev, content_hash = [found.get(each, text) for each, text in known]
    start, stop = found.get(_SEAL, (start, stop))
    return event_id, tenant, project, session, hash_prev, content_hash, found.get(_TYPE, type_), start, stop


def _fields(
    data: bytes, plain: re.Match[Any], end: int, table: _Table, depth: int, found: dict[int, Any] | None = None
) -> None:
    """Check the fields of a message behind its plain ones.

    Of the event itself, take down texts, type, and where the seal stands, as far as they are not plain.
    """
    if depth > _MAX_DEPTH:
        raise NotCanonical
    pos, last = plain.end(), table.numbers[plain.lastindex or 0]
    fields = table.fields
    chosen: tuple[str, ...] = ()
    while pos < end:
        start, tag = pos, data[pos]
        if tag > 127:
            pos += 1
            tag += (data[pos] - 1) << 7
            if not 127 < tag < 1 << 14:
                raise NotCanonical
        number, kind, may_be_default, repeated, oneof, cls, behind = fields[tag]
        if (number <= last and (number < last or not repeated)) or oneof in chosen:
            raise NotCanonical
        pos, last = pos + 1, number
        if oneof is not None:
            chosen = (*chosen, oneof)
        if kind < _TEXT:
            start, pos = pos, _scalar(data, pos, kind, may_be_default)
            if found is not None and number == _TYPE:
                if pos > start + 1:
                    raise NotCanonical
                found[_TYPE] = data[start]
            continue
        value = pos + 1
        pos = value + data[pos]
        if pos - value > 127:
            value, pos = _length(data, value - 1, end)
        if pos > end:
            raise NotCanonical
        if kind == _STRUCT:
            _struct(data, value, pos, depth + 1)
        elif kind != _TEXT:
            _inner(data, value, pos, kind, cls, depth + 1)
        elif pos == value and not may_be_default:
            raise NotCanonical
        else:
            text = data[value:pos].decode()
            if found is not None:
                found[number] = text
                if number == _CONTENT_HASH:
                    found[_SEAL] = start, pos
        if behind is not None and pos < end:
            plain = behind(data, pos, end)
            if plain.lastindex is not None:
                # What is left out of this expression are numbers in front.
                pos, last = plain.end(), table.numbers[plain.lastindex - 1 - plain.re.groups]
    if pos != end:
        raise NotCanonical


def _inner(data: bytes, pos: int, end: int, kind: int, cls: Any, depth: int) -> None:
    """Check a message within another one, but no Struct."""
    if kind == _TIME:
        if _TIMESTAMP(data, pos, end) is None:
            raise NotCanonical
        return
    table = _table(cls)
    plain = table.plain(data, pos, end)
    if plain.end() != end:
        _fields(data, plain, end, table, depth)


def _scalar(data: bytes, pos: int, kind: int, may_be_default: bool) -> int:
    """Check a number; return where it ends."""
    if kind == _DOUBLE:
        _number(data[pos : pos + 8], may_be_default)
        return pos + 8
    first = data[pos]
    if first > 127:
        found = _REST(data, pos + 1)
        if found is None or kind == _BOOL:
            raise NotCanonical
        return found.end()
    if (first == 0 and not may_be_default) or (kind == _BOOL and first > 1):
        raise NotCanonical
    return pos + 1


def _struct(data: bytes, pos: int, end: int, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise NotCanonical
    before: bytes | None = None
    while pos < end:
        plain = _plain_entry(data, pos, end)
        if plain is not None:
            key, value, stop = plain[1][1:], plain.end(), pos + 2 + data[pos + 1]
            if before is not None and key <= before:
                raise NotCanonical
            before, pos = key, stop
            if plain.lastindex == 1:
                if value != stop:
                    raise NotCanonical
                continue
            # The lengths of the entry, of the value, and of the Struct or list in that have to fit.
            size = data[value - 1]
            if value + size != stop or stop > end or data[value - 3] != size + 2:
                raise NotCanonical
            (_struct if data[value - 2] == _IN_STRUCT else _list)(data, value, stop, depth + 2)
            continue
        if data[pos] != 0x0A:
            raise NotCanonical
        entry, stop = _length(data, pos + 1, end)
        if data[entry] != 0x0A:
            raise NotCanonical
        start, middle = _length(data, entry + 1, stop)
        key = data[start:middle]
        key.decode()
        if before is not None and key <= before:
            raise NotCanonical
        before = key
        if middle >= stop or data[middle] != 0x12:
            raise NotCanonical
        value, after = _length(data, middle + 1, stop)
        if after != stop:
            raise NotCanonical
        _struct_value(data, value, stop, depth + 1)
        pos = stop


def _struct_value(data: bytes, pos: int, end: int, depth: int) -> None:
    if pos >= end or depth > _MAX_DEPTH:
        raise NotCanonical
    tag = data[pos]
    if tag == 0x1A:
        value, stop = _length(data, pos + 1, end)
        data[value:stop].decode()
    elif tag == 0x11:
        stop = pos + 9
        _number(data[pos + 1 : stop], True)
    elif tag == 0x08 or tag == 0x20:
        stop = pos + 2
        if data[pos + 1] > (tag == 0x20):
            raise NotCanonical
    elif tag == _IN_STRUCT:
        value, stop = _length(data, pos + 1, end)
        _struct(data, value, stop, depth + 1)
    elif tag == _IN_LIST:
        value, stop = _length(data, pos + 1, end)
        _list(data, value, stop, depth)
    else:
        raise NotCanonical
    if stop != end:
        raise NotCanonical


def _list(data: bytes, pos: int, end: int, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise NotCanonical
    while (pos := _plain_values(data, pos, end).end()) < end:
        if data[pos] != 0x0A:
            raise NotCanonical
        value, pos = _length(data, pos + 1, end)
        _struct_value(data, value, pos, depth + 1)


def _length(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """Read a length in its shortest form; return where the content begins and ends."""
    n = data[pos]
    if n < 128:
        value, stop = pos + 1, pos + 1 + n
    else:
        value, stop = read_length(data, pos, end)
        if data[value - 1] == 0:
            raise NotCanonical
    if stop > end:
        raise NotCanonical
    return value, stop


def _number(data: bytes, may_be_default: bool) -> None:
    # What is no number has several encodings, which decoders need not keep apart.
    if len(data) != 8 or (data[7] & 0x7F == 0x7F and data[6] >= 0xF0) or (not may_be_default and not any(data)):
        raise NotCanonical


_KINDS = {"string": _TEXT, "enum": _NUMBER, "bool": _BOOL, "int32": _NUMBER, "double": _DOUBLE, "message": _MESSAGE}
_KINDS.update({STRUCT: _STRUCT, TIMESTAMP: _TIME})


class _Event(NamedTuple):
    table: _Table
    plain: PlainText
    """Matches the plain fields that an event begins with, one character a byte."""
    groups: tuple[int, ...]
    """The groups of ``_TEXTS`` in that, and that of the type."""
    seal: int
    """The group of ``content_hash``."""


@cache
def _event() -> _Event:
    table = _table(Event)
    groups = {number: group for group, number in enumerate(table.numbers)}
    named = (*(groups[number] for number in _TEXTS), groups[_TYPE])
    return _Event(table, plain_text(_plain_in(Event)), named, groups[_CONTENT_HASH])


@cache
def _table(cls: type[Any]) -> _Table:
    """Make the table of a message when one of its kind is met: to compile expressions takes some milliseconds."""
    plain = _plain_in(cls)
    found: dict[int, _Field] = {}
    for field in fields_of(cls):
        kind = _KINDS.get(field.kind)
        if kind is None or not _is_known(field, kind):
            continue
        repeated, rest = field.label == "repeated", [each for each in plain if each[0] >> 3 > field.number]
        # Of the event itself, texts are taken down.
        several = len(rest) > 1 and kind in (_STRUCT, _MESSAGE) and cls is not Event
        inner = field.cls if kind == _MESSAGE else None
        default, after = field.has_presence or repeated, plain_fields(rest) if several else None
        found[_tag(field)] = (field.number, kind, default, repeated, field.oneof, inner, after)
    # Those that an event begins with are matched as text, by an expression of their own.
    return _Table(found, plain_fields([] if cls is Event else plain), (0, *(tag >> 3 for tag, _ in plain)))


def _plain_in(cls: type[Any]) -> list[tuple[int, str]]:
    """Tag and kind of the plain fields of a message, in their order."""
    return sorted((_tag(field), field.kind) for field in fields_of(cls) if _is_plain(field, cls))


def _tag(field: FieldData) -> int:
    return field.number << 3 | WIRE_TYPES.get(field.kind, LEN)


def _is_known(field: FieldData, kind: int) -> bool:
    # Numbers that repeat are packed, and what is in a map has an order of its own.
    return field.label != "map" and (field.label != "repeated" or kind in (_TEXT, _MESSAGE))


def _is_plain(field: FieldData, cls: type[Any]) -> bool:
    if cls is Event and field.number == _PROOF:
        return False  # It is not hashed, so it has to be seen.
    return field.kind in KINDS and field.label != "repeated" and field.oneof is None


_NUMBERS = {field.name: field.number for field in fields_of(Event)}
_TEXTS = tuple(
    _NUMBERS[name] for name in ("event_id", "tenant_id", "project_id", "session_id", "hash_prev", "content_hash")
)
"""What is looked at of the texts at the top."""
_TYPE, _CONTENT_HASH, _PROOF = (_NUMBERS[name] for name in ("type", "content_hash", "worm_proof_id"))
_SEAL = 0
"""Where the place of the seal is taken down: no field has this number."""
