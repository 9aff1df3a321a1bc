r"""Reading the ordinary wire form of Struct, ListValue and Value; anything else raises ``NotCanonical``.

The Struct ``{"model": "m1"}`` is ``\n\x0d \n\x05 model \x12\x04 \x1a\x02 m1``: tag and length of the entry, of the key,
of the Value, of the string in it. The four bytes before a key (``\n\x0d\n\x05``) and the four before a value's content
(``\x12\x04\x1a\x02``) are each a *head*, read at once and looked up in a table of the heads met so far.

Each inner length is compared with the one around it. So ``left``, which counts down what remains of the whole, is zero
at the end exactly if no part overran another. A read beyond the end of the input gives fewer bytes, and fails where
they are used (``IndexError``, ``struct.error``).
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from struct import Struct
from typing import Any

from chaukas_spec_lite.wellknown.number_lists import RECORD, SEVERAL, decode_numbers
from chaukas_spec_lite.wire.format import MAX_DEPTH, NotCanonical, more_length, unpack_double
from chaukas_spec_lite.wire.memo import Memo

Read = Callable[[int], bytes]

_unpack_behind_3 = Struct("<3xd").unpack

_STRING, _NUMBER, _PLAIN, _STRUCT, _LIST, _STRING_2, _STRUCT_2, _LIST_2 = range(8)
"""The kinds of values; ``_PLAIN`` is true, false or null, the last three have lengths of two bytes."""
_KINDS = {0x1A: _STRING, 0x2A: _STRUCT, 0x32: _LIST}
_KINDS_2 = {_STRING: _STRING_2, _STRUCT: _STRUCT_2, _LIST: _LIST_2}
_PLAIN_VALUES = {b"\x02\x20\x00": False, b"\x02\x20\x01": True, b"\x02\x08\x00": None}

Entry = tuple[int, int, int]
"""What the head of an entry says: the length of the key, of the field with its value, and of the whole entry. Where the
key's length is not in the head, -1 and the length of key and value together."""
Value = tuple[int, Any, int, bytes]
"""What the head of a value says: its kind, the length of its content (of a plain one, the value itself), the length of
the whole field, and for lengths of two bytes the two that have to follow the head; of a number, the first byte of its
eight, which is the last of the head."""
Field = tuple[str, int, Any, int, bytes]
"""What a key and the head of the value behind it say: the name, and the same as ``Value``."""

_HEADS_MAX = 8192
"""How many heads a table holds."""
_ENTRIES: Memo[bytes, Entry] = Memo(_HEADS_MAX)
"""What the head of a map entry says."""
_FIELDS: Memo[bytes, Field] = Memo(_HEADS_MAX)
"""What a key and the head of the value behind it say: keys mostly have values of the same kinds and lengths, and one
look-up for both takes less time than two."""
_ENTRY_VALUES: Memo[bytes, Value] = Memo(_HEADS_MAX)
"""What the head of a value in a map entry says, behind a key that it has not been met with."""
_LIST_VALUES: Memo[bytes, Value] = Memo(_HEADS_MAX)
"""What the head of a value in a list says."""
# Bound once: Python 3.11 calls a method of a subclass of ``dict`` more slowly.
_known_entry, _known_field, _known_list_value = _ENTRIES.get, _FIELDS.get, _LIST_VALUES.get

_LONG = 4096
"""The length in bytes from which on a string is decoded in place, without cutting its bytes out first."""

_KEYS: Memo[bytes, str] = Memo(4096)
_KEY_LENGTH_MAX = 128
_known_key, _known_entry_value = _KEYS.get, _ENTRY_VALUES.get


def decode_struct(data: bytes, depth: int) -> dict[str, Any]:
    """Read the content of a Struct that stands ``depth`` levels below the outermost message."""
    return structure(BytesIO(data).read, len(data), depth)


def decode_list(data: bytes, depth: int) -> list[Any]:
    """Read the content of a ListValue that stands ``depth`` levels below the outermost message."""
    return _list(BytesIO(data).read, len(data), depth)


def decode_value(data: bytes, depth: int) -> Any:
    """Read the content of a Value that stands ``depth`` levels below the outermost message."""
    # The value of a list of one: so the head's tables serve here too.
    (value,) = _list(BytesIO(b"\n" + _varint(len(data)) + data).read, 1 + _size(len(data)) + len(data), depth - 1)
    return value


def structure(read: Read, left: int, depth: int) -> dict[str, Any]:
    """Read ``left`` bytes, the content of a Struct."""
    # A field stands two levels deeper: in an entry, and in that a Value. An empty Struct has none of them.
    if depth > MAX_DEPTH - 2 and (left or depth > MAX_DEPTH):
        raise NotCanonical
    fields: dict[str, Any] = {}
    while left > 0:
        head = read(4)
        key_length, length, whole = _known_entry(head) or _entry(head, read)
        # Counted down before the entry is read: if the entry overruns the Struct, ``left`` is negative at the end.
        left -= whole
        if key_length < 0:
            key_length, length = _key_length(length, read)
        head = read(key_length + 4)
        name, kind, n, whole, rest = _known_field(head) or _field(head, read)
        # The value's field has to fill what its entry has left behind the key. More could be unknown fields, less an
        # overrun.
        if whole != length:
            raise NotCanonical
        if kind == _STRING:
            fields[name] = read(n).decode() if n < _LONG else _long_text(read, n)
        elif kind == _NUMBER:
            # Seven more bytes: the first of the eight was in the head. At the end of the input ``unpack`` fails.
            fields[name] = unpack_double(rest + read(7))[0]
        elif kind == _PLAIN:
            fields[name] = n
        elif kind == _STRUCT:
            fields[name] = structure(read, n, depth + 3)
        elif kind == _LIST:
            fields[name] = _list(read, n, depth + 3)
        # The inner length has to be the one that the outer length implies, in its shortest form.
        elif read(2) != rest:
            raise NotCanonical
        elif kind == _STRING_2:
            fields[name] = read(n).decode() if n < _LONG else _long_text(read, n)
        else:
            fields[name] = structure(read, n, depth + 3) if kind == _STRUCT_2 else _list(read, n, depth + 3)
    if left:
        raise NotCanonical
    return fields


def _list(read: Read, left: int, depth: int) -> list[Any]:
    # A value stands one level deeper. An empty list has none.
    if depth > MAX_DEPTH - 1 and (left or depth > MAX_DEPTH):
        raise NotCanonical
    if left >= SEVERAL * RECORD and not left % RECORD and (numbers := _numbers(read, left)) is not None:
        return numbers
    values: list[Any] = []
    add = values.append
    while left > 0:
        head = read(4)
        kind, n, whole, size = _known_list_value(head) or _value(head, read, 0x0A, _LIST_VALUES)
        left -= whole
        if kind == _STRING:
            add(read(n).decode() if n < _LONG else _long_text(read, n))
        elif kind == _NUMBER:
            add(_unpack_behind_3(head + read(7))[0])
        elif kind == _PLAIN:
            add(n)
        elif kind == _STRUCT:
            add(structure(read, n, depth + 2))
        elif kind == _LIST:
            add(_list(read, n, depth + 2))
        elif read(2) != size:
            raise NotCanonical
        elif kind == _STRING_2:
            add(read(n).decode() if n < _LONG else _long_text(read, n))
        else:
            add(structure(read, n, depth + 2) if kind == _STRUCT_2 else _list(read, n, depth + 2))
    if left:
        raise NotCanonical
    return values


def _numbers(read: Any, n: int) -> list[float] | None:
    """Read a list of numbers where it stands; ``None``, with nothing read, if it is another."""
    buffer: BytesIO = read.__self__
    start = buffer.tell()
    numbers = decode_numbers(buffer.getvalue(), start, start + n)
    if numbers is not None:
        buffer.seek(n, 1)
    return numbers


def _long_text(read: Any, n: int) -> str:
    """Read a string without a copy of its bytes; ``read`` is a method of the buffer."""
    buffer: BytesIO = read.__self__
    end = buffer.seek(n, 1)
    content = memoryview(buffer.getvalue())[end - n : end]  # which is what the buffer was made of, not a copy
    if len(content) != n:
        raise NotCanonical
    return str(content, "utf-8")


def _field(head: bytes, read: Read) -> Field:
    """Find out what a key and the head of the value behind it say."""
    key, head_of_value = head[:-4], head[-4:]
    name, value = _known_key(key), _known_entry_value(head_of_value)
    if name is not None and value is not None:
        _FIELDS.remember(head, found := (name, *value))
        return found
    # Not remembered together before both have been met: what is met once, such as an id, may never come again.
    if name is None:
        name = key.decode()
        if len(key) <= _KEY_LENGTH_MAX:
            _KEYS.remember(key, name)
    return name, *(value or _value(head_of_value, read, 0x12, _ENTRY_VALUES))


def _entry(head: bytes, read: Read) -> Entry:
    """Find out what the head of a map entry says; of a large entry, read the rest of it."""
    tag, first, second, third = head
    if tag != 0x0A:
        raise NotCanonical
    if first < 128:
        # What the entry holds besides the key's tag and length: the field of the value.
        length = first - 2 - third
        if second != 0x0A or third > 127 or length < 0:
            raise NotCanonical
        found = third, length, first + 2
    elif second < 128:
        if third != 0x0A:
            raise NotCanonical
        size = first & 127 | second << 7
        found = -1, size - 1, size + 3
    else:
        size = first & 127 | (second & 127) << 7 | (more_length(third, read) if third > 127 else third) << 14
        tag, key = read(2)
        if tag != 0x0A or key > 127:
            raise NotCanonical
        # Not remembered: its table would hold a head for each length, and large entries are rare.
        return key, size - 2 - key, size + 4 if third < 128 else 1 + _size(size) + size
    _ENTRIES.remember(head, found)
    return found


def _key_length(length: int, read: Read) -> tuple[int, int]:
    """Read a key's length; return it and what remains for the value's field."""
    key = read(1)[0]
    if key < 128:
        return key, length - 1 - key
    key = more_length(key, read)
    return key, length - _size(key) - key


def _value(head: bytes, read: Read, tag: int, known: Memo[bytes, Value]) -> Value:
    """Find out what the head of a value field with this tag says; of a large value, read the rest of it."""
    got, first, second, third = head
    if got != tag:
        raise NotCanonical
    if first < 128:
        found = _short_value(head, first, second, third)
    elif second < 128:
        length = first & 127 | second << 7
        n = length - 3
        if n < 128:  # a length of one byte, beside one of two
            return _long_value(_KINDS[third], length, read)
        found = _KINDS_2[_KINDS[third]], n, length + 3, bytes((n & 127 | 128, n >> 7))
    else:
        length = first & 127 | (second & 127) << 7
        if third > 127:
            return _long_value(_KINDS[read(1)[0]], length | more_length(third, read) << 14, read)
        length |= third << 14
        n = length - 4
        kind, low, middle, high = read(4)
        # The inner length has to have three bytes as well, none of them padding.
        if low < 128 or middle < 128 or low & 127 | (middle & 127) << 7 | high << 14 != n:
            raise NotCanonical
        return _KINDS[kind], n, length + 4, b""
    known.remember(head, found)
    return found


def _short_value(head: bytes, first: int, second: int, third: int) -> Value:
    if first == 9 and second == 0x11:
        # The fourth byte of the head is the first of the number's eight, so the table has up to 256 heads of numbers.
        return _NUMBER, 0, 11, bytes((third,))
    if first == 2 and (second == 0x20 or second == 0x08):
        return _PLAIN, _PLAIN_VALUES[head[1:]], 4, b""
    # The inner length plus its tag and itself make up the outer one; anything else has more in it than one value.
    if third > 127 or third + 2 != first:
        raise NotCanonical
    return _KINDS[second], third, first + 2, b""


def _long_value(kind: int, length: int, read: Read) -> Value:
    n = read(1)[0]
    if n > 127:
        n = more_length(n, read)
    if 1 + _size(n) + n != length:
        raise NotCanonical
    return kind, n, 1 + _size(length) + length, b""


def _size(value: int) -> int:
    """How many bytes the shortest varint of a length takes; a longer one then does not match the length around it."""
    return 1 if value < 1 << 7 else 2 if value < 1 << 14 else 3 if value < 1 << 21 else 4 if value < 1 << 28 else 5


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
