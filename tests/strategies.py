"""Hypothesis strategies for messages of any generated class, driven by its field data, and for damaged encodings.

`messages(cls)` makes every kind of value that a field can hold: also what only the wire can bring, such as unknown
fields, unknown enum values, nanoseconds and values of no kind. `reference_message` builds the same message with the
reference implementation from the Python values, so that our own encoder has no part in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timezone
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wellknown.times import datetime_from_wire, timedelta_from_wire
from chaukas_spec_lite.wellknown.values import NO_KIND, NULL, UnknownNull, carry, carry_inner
from chaukas_spec_lite.wire import fields as kinds
from chaukas_spec_lite.wire.fields import SIGNED, UNSIGNED, WRAPPERS, FieldData, fields_of
from tests.wellknown.strategies import int32, int64, offsets, timedeltas

MAX_NESTING = 3
"""How deep messages of ours nest in a generated one; Struct values nest by themselves."""


def varint(value: int) -> bytes:
    """A varint, written without the code under test."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def delimited(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def _integers(low: int, high: int) -> st.SearchStrategy[int]:
    edges = [edge for edge in (low, high, -1, 1, 127, 128, 2047, 2048, 1 << 31) if low <= edge <= high]
    return st.sampled_from(edges) | st.integers(0, 127) | st.integers(low, high)


_text = st.text(max_size=12) | st.text("ab é\0", min_size=120, max_size=130) | st.just("x" * 2050) | st.just("é" * 1024)

SCALARS: dict[str, st.SearchStrategy[Any]] = {
    **{kind: _integers(-(1 << bits - 1), (1 << bits - 1) - 1) for kind, bits in SIGNED.items()},
    **{kind: _integers(0, (1 << bits) - 1) for kind, bits in UNSIGNED.items()},
    "bool": st.booleans(),
    "double": st.floats() | st.sampled_from([0.0, -0.0, 1.0]),
    "float": st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.0]),
    "string": _text,
    "bytes": st.binary(max_size=12) | st.binary(min_size=125, max_size=130),
}
"""Values of each scalar type."""


def _unknown_field(number: int, depth: int = 0) -> st.SearchStrategy[bytes]:
    # A group is unknown whatever its number: proto3 has none.
    group = st.lists(st.integers(1, 40).flatmap(lambda n: _unknown_field(n, depth + 1)), max_size=2).map(
        lambda inner: varint(number << 3 | 3) + b"".join(inner) + varint(number << 3 | 4)
    )
    if depth > 2:
        return group
    return st.one_of(
        st.integers(0, (1 << 64) - 1).map(lambda value: varint(number << 3) + varint(value)),
        st.binary(min_size=8, max_size=8).map(lambda value: varint(number << 3 | 1) + value),
        st.binary(max_size=9).map(lambda value: delimited(number, value)),
        st.binary(min_size=4, max_size=4).map(lambda value: varint(number << 3 | 5) + value),
        group,
    )


def unknown_fields(*numbers: int) -> st.SearchStrategy[bytes]:
    """One or two fields with numbers that a message does not have; groups may have any number."""
    one = st.sampled_from(numbers).flatmap(_unknown_field) | st.just(b"\x0b\x0c")
    return st.lists(one, min_size=1, max_size=2).map(b"".join)


def rarely(common: st.SearchStrategy[Any], rare: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The first strategy mostly, the second now and then."""
    return st.integers(0, 9).flatmap(lambda die: rare if die == 9 else common)


def _carrying(values: st.SearchStrategy[Any], *numbers: int) -> st.SearchStrategy[Any]:
    return rarely(values, st.builds(carry, values, unknown_fields(*numbers)))


def _carrying_inner(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return rarely(values, st.builds(carry_inner, values, unknown_fields(2, 9)))


def _objects(values: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[dict[str, Any]]:
    return _sorted(st.dictionaries(_text, values, max_size=size))


def _sorted(maps: st.SearchStrategy[dict[Any, Any]]) -> st.SearchStrategy[dict[Any, Any]]:
    """Keys in the order in which the reference writes them when it is asked to be deterministic."""
    return maps.map(lambda entries: {key: entries[key] for key in sorted(entries, key=_rank)})


def _rank(key: Any) -> Any:
    """Strings ascend by UTF-8 bytes, the longer of two that begin alike first; numbers descend, taken as unsigned."""
    return (*key.encode(), 256) if isinstance(key, str) else -(key & 0xFFFFFFFFFFFFFFFF)


_leaves = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers(-(2**60), 2**60)
    | _text
    | rarely(st.none(), st.just(NO_KIND) | st.integers(-(2**31), 2**31 - 1).map(UnknownNull))
)


def _larger(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return _carrying(_carrying_inner(_objects(values, 3)) | _carrying_inner(st.lists(values, max_size=3)), 7, 1000)


json_values = st.recursive(_carrying(_leaves, 7, 1000), _larger, max_leaves=6)
"""What a Struct or ListValue may hold."""
structs = _carrying_inner(_objects(json_values, 4))
lists = _carrying_inner(st.lists(json_values, max_size=4))

_extra = rarely(st.just(b""), unknown_fields(3, 1000))
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    kinds.STRUCT: structs,
    kinds.LIST: lists,
    kinds.VALUE: json_values,
    kinds.TIMESTAMP: st.datetimes(timezones=offsets.map(timezone))
    | st.builds(datetime_from_wire, int64, int32, _extra),
    kinds.DURATION: timedeltas | st.builds(timedelta_from_wire, int64, int32, _extra),
    **{name: _carrying(SCALARS[kind], 2, 1000) for name, kind in WRAPPERS.items()},
}
"""Plain values of each well-known type."""


def _enum_values(field: FieldData) -> st.SearchStrategy[Any]:
    return (st.sampled_from(list(field.cls)) | rarely(st.just(0), int32)).map(field.cls)


def _one(field: FieldData, depth: int) -> st.SearchStrategy[Any]:
    if field.kind == "message":
        return messages(field.cls, depth + 1)
    if field.kind == "enum":
        return _enum_values(field)
    return PLAIN[field.kind] if field.kind in PLAIN else SCALARS[field.kind]


def _value(field: FieldData, depth: int) -> st.SearchStrategy[Any]:
    one = _one(field, depth)
    if field.label == "repeated":
        return st.lists(one, max_size=3)
    if field.label == "map":
        assert field.key is not None
        return _sorted(st.dictionaries(SCALARS[field.key], one, max_size=3))
    if field.kind == kinds.VALUE:
        return one.map(lambda value: NULL if value is None else value)
    return one


@cache
def messages(cls: type[Message], depth: int = 0) -> st.SearchStrategy[Any]:
    """Valid messages of a class: a few of its fields set, now and then with unknown ones."""
    fields = [field for field in fields_of(cls) if depth < MAX_NESTING or field.kind != "message"]
    free = [number for number in (17, 1000, 536_870_000) if number not in {field.number for field in fields_of(cls)}]

    @st.composite
    def build(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Message:
        message = cls()
        chosen = draw(st.lists(st.sampled_from(fields), max_size=5, unique_by=_exclusive)) if fields else []
        for field in chosen:
            setattr(message, field.name, draw(_value(field, depth)))
        message._unknown_fields = draw(rarely(st.just(b""), unknown_fields(*free)))
        return message

    return build()


def _exclusive(field: FieldData) -> object:
    return field.oneof or field.number


def reference_message(message: Message, into: Any) -> Any:
    """Set the fields of a reference message to the Python values of ours, one by one."""
    for field in fields_of(type(message)):
        value = getattr(message, field.name)
        if field.label == "map":
            _reference_map(field, value, getattr(into, field.proto_name))
        elif field.label == "repeated":
            target = getattr(into, field.proto_name)
            for item in value:
                if field.is_message:
                    _reference_one(field, item, target.add())
                else:
                    target.append(item)
        elif value is not None and (field.has_presence or value or str(value) == "-0.0"):
            if field.is_message:
                target = getattr(into, field.proto_name)
                target.SetInParent()
                _reference_one(field, value, target)
            else:
                setattr(into, field.proto_name, value)
    into.MergeFromString(message._unknown_fields)
    return into


def _reference_map(field: FieldData, value: dict[Any, Any], target: Any) -> None:
    for key, item in value.items():
        if field.is_message:
            _reference_one(field, item, target[key])
        else:
            target[key] = item


def _reference_one(field: FieldData, value: Any, into: Any) -> None:
    if field.kind == "message":
        reference_message(value, into)
    elif field.kind == kinds.STRUCT:
        reference_struct(value, into)
    elif field.kind == kinds.LIST:
        _reference_list(value, into)
    elif field.kind == kinds.VALUE:
        reference_value(value, into)
    elif field.kind in WRAPPERS:
        into.value = value.value if type(value).__name__ == "UnknownBool" else value
        into.MergeFromString(getattr(value, "unknown", b""))
    else:
        into.seconds, into.nanos, unknown = _wire_of(value)
        into.MergeFromString(unknown)


def _wire_of(value: Any) -> tuple[int, int, bytes]:
    """The message of a datetime or timedelta: integers all the way, and by another road than the library's."""
    if hasattr(value, "wire"):
        return value.wire
    if hasattr(value, "utcoffset"):
        days = value.toordinal() - 719_163
        local = ((days * 24 + value.hour) * 60 + value.minute) * 60 + value.second
        offset = value.utcoffset()
        microseconds = local * 1_000_000 + value.microsecond - _microseconds(offset)
        seconds, rest = divmod(microseconds, 1_000_000)
        return seconds, rest * 1000, b""
    microseconds = _microseconds(value)
    sign = -1 if microseconds < 0 else 1
    seconds, rest = divmod(abs(microseconds), 1_000_000)
    return sign * seconds, sign * rest * 1000, b""


def _microseconds(delta: Any) -> int:
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def reference_struct(value: dict[str, Any], into: Any) -> None:
    """Set a reference Struct to a dict."""
    for key, item in value.items():
        reference_value(item, into.fields[key])
    into.MergeFromString(getattr(value, "inner_unknown", b""))


def _reference_list(value: list[Any], into: Any) -> None:
    for item in value:
        reference_value(item, into.values.add())
    into.MergeFromString(getattr(value, "inner_unknown", b""))


def reference_value(value: Any, into: Any) -> None:
    """Set a reference Value to a JSON-like value."""
    name = type(value).__name__
    if value is None or value is NULL:
        into.null_value = 0
    elif name == "UnknownNull":
        into.null_value = value.number
    elif isinstance(value, bool) or name == "UnknownBool":
        into.bool_value = bool(value)
    elif isinstance(value, str):
        into.string_value = str.__str__(value)
    elif isinstance(value, (int, float)):
        into.number_value = value
    elif isinstance(value, dict):
        into.struct_value.SetInParent()
        reference_struct(value, into.struct_value)
    elif isinstance(value, list):
        into.list_value.SetInParent()
        _reference_list(value, into.list_value)
    else:
        assert value is NO_KIND or name == "UnknownNoKind", value
    into.MergeFromString(getattr(value, "unknown", b""))


def exchange(cls: type[Message], reference: type[Any], examples: int | None = None) -> None:
    """Let the reference read what we write, and us read what it writes, without a difference."""

    @settings(max_examples=examples or settings().max_examples)
    @given(messages(cls))
    def check(message: Message) -> None:
        data = reference_bytes(message)
        assert reference.FromString(bytes(message)).SerializeToString(deterministic=True) == data
        assert reference_bytes(cls.parse(data)) == data

    def reference_bytes(message: Message) -> bytes:
        return bytes(reference_message(message, reference()).SerializeToString(deterministic=True))

    check()
