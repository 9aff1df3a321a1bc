"""Checking and writing single values: generated encoders call this for all but the most ordinary values.

Each writer returns latin-1 text (``wire.format`` says why), or raises a ``TypeError`` or ``ValueError`` that says what
was expected. ``message.diagnosis`` finds the path to the value afterwards, by calling the same functions.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import index
from typing import Any, TypeGuard

import betterproto2

from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.wire.fields import SIGNED, UNSIGNED
from chaukas_spec_lite.wire.format import (
    pack_double,
    pack_fixed32,
    pack_fixed64,
    pack_float,
    pack_sfixed32,
    pack_sfixed64,
    size,
    varint,
)
from chaukas_spec_lite.wire.refusals import refused, short

RANGES = {kind: (-(1 << bits - 1), (1 << bits - 1) - 1) for kind, bits in SIGNED.items()} | {
    kind: (0, (1 << bits) - 1) for kind, bits in UNSIGNED.items()
}
"""The least and the greatest value of each integer type."""


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether a value is a mapping; for type checkers, one with keys and values of any type."""
    return isinstance(value, Mapping)


def is_dict(value: object) -> TypeGuard[dict[Any, Any]]:
    """Whether a value is a dict, as a JSON object is; for type checkers, one with keys and values of any type."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Whether a value is a list or a tuple, as a JSON array may be; for type checkers, one with items of any type."""
    return isinstance(value, (list, tuple))


def is_repeatable(value: object) -> TypeGuard[Iterable[Any]]:
    """Whether a value is a series of items that can be read again and again; text and mappings hold something else."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, memoryview, Mapping, Iterator))


def integer(value: Any, kind: str) -> int:
    """Check an integer as the reference does: anything with ``__index__`` that is no bool, within the type's range.

    Raises:
        TypeError: The value is no integer.
        ValueError: It is out of range.
    """
    # A bool has ``__index__``, but where a number is expected it is a mistake more often than not.
    if isinstance(value, bool):
        raise TypeError(refused(value, "int", f" for {kind}"))
    try:
        number = index(value)
    except TypeError:
        raise TypeError(refused(value, "int", f" for {kind}")) from None
    low, high = RANGES[kind]
    if not low <= number <= high:
        raise ValueError(f"{_shown(number)} is out of range for {kind}")
    return number


def _shown(number: int) -> str:
    # Python refuses to print integers of more than some thousand digits.
    return str(number) if number.bit_length() < 200 else f"an integer of {number.bit_length()} bits"


def int32(value: Any) -> str:
    """Write an int32 as a varint; negative numbers take ten bytes, as the format has it."""
    return varint(integer(value, "int32") & 0xFFFFFFFFFFFFFFFF)


def int64(value: Any) -> str:
    """Write an int64 as a varint."""
    return varint(integer(value, "int64") & 0xFFFFFFFFFFFFFFFF)


def uint32(value: Any) -> str:
    """Write a uint32 as a varint."""
    return varint(integer(value, "uint32"))


def uint64(value: Any) -> str:
    """Write a uint64 as a varint."""
    return varint(integer(value, "uint64"))


def sint32(value: Any) -> str:
    """Write a sint32 as a zigzag varint."""
    number = integer(value, "sint32")
    # Zigzag: 0, -1, 1, -2 become 0, 1, 2, 3, so that small negative numbers stay short.
    return varint(number << 1 if number >= 0 else ~(number << 1))


def sint64(value: Any) -> str:
    """Write a sint64 as a zigzag varint."""
    number = integer(value, "sint64")
    return varint(number << 1 if number >= 0 else ~(number << 1))


def fixed32(value: Any) -> str:
    """Write a fixed32."""
    return pack_fixed32(integer(value, "fixed32")).decode("latin-1")


def fixed64(value: Any) -> str:
    """Write a fixed64."""
    return pack_fixed64(integer(value, "fixed64")).decode("latin-1")


def sfixed32(value: Any) -> str:
    """Write an sfixed32."""
    return pack_sfixed32(integer(value, "sfixed32")).decode("latin-1")


def sfixed64(value: Any) -> str:
    """Write an sfixed64."""
    return pack_sfixed64(integer(value, "sfixed64")).decode("latin-1")


def double(value: Any) -> str:
    """Write a double, from any real number that fits, as in the reference."""
    try:
        return pack_double(value).decode("latin-1")
    except struct.error:
        if isinstance(value, int):
            raise ValueError("the int is too large for a double; in a Struct, use str(value)") from None
        raise TypeError(refused(value, "float")) from None


def single(value: Any) -> str:
    """Write a float (32 bits); a number that is too large becomes an infinity, as in the reference."""
    wide = double(value)
    # After ``double``, which has refused what is no number; ``float`` alone would read strings.
    number = float(value)
    try:
        return pack_float(number).decode("latin-1")
    except OverflowError:  # an infinity of the number's sign, which is the highest bit of the last byte
        return "\x00\x00\x80\xff" if wide[-1] >= "\x80" else "\x00\x00\x80\x7f"


def boolean(value: Any) -> str:
    """Write a bool, from any integer of 64 bits, as in the reference: all but zero are true."""
    try:
        number = index(value)
    except TypeError:
        # numpy's bool has no ``__index__``; the reference takes it, too.
        if not (type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_")):
            raise TypeError(refused(value, "bool")) from None
        number = bool(value)
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"{_shown(number)} is out of range for bool")
    return "\x01" if number else "\x00"


def label_number(label: str, cls: type[betterproto2.Enum]) -> int:
    """Return the number of an enum value that is given by its name, in the schema's form or the short one."""
    found = cls.__members__.get(label)
    if found is None:
        found_number = cls.betterproto_renamed_proto_names_to_value().get(label)
        if found_number is not None:
            return found_number
        raise ValueError(no_member(label, cls))
    return int(found)


def no_member(name: object, cls: type[betterproto2.Enum]) -> str:
    """Say that an enum has no member of a name, and which one has the most similar name."""
    near = nearest(str(name).upper(), cls.__members__)
    instead = f"did you mean {near!r}?" if near else f"list({cls.__name__}) shows what there is"
    if isinstance(name, int):
        instead = f"write {cls.__name__}({int(name)}) for a number"
    return f"{cls.__name__} has no value {short(name)}; {instead}"


def enumeration(value: Any, cls: type[betterproto2.Enum]) -> str:
    """Write an enum value: a member, any int32 (proto3 enums are open), or a name, as in the reference."""
    return int32(enum_number(value, cls))


def enum_number(value: Any, cls: type[betterproto2.Enum]) -> Any:
    """Check an enum value and return its number, as whatever integer it is."""
    if isinstance(value, str):
        return label_number(value, cls)
    # An integer of its own accord, but it means something else.
    if isinstance(value, enum.Enum) and not isinstance(value, cls):
        raise TypeError(f"expected a member of {cls.__name__}, got {value!r}")
    # Any other integer goes, not members only: proto3 enums are open, and a newer schema has more members.
    if isinstance(value, (bool, type)) or not hasattr(value, "__index__"):
        raise TypeError(refused(value, cls.__name__))
    return value


def enum_varints(cls: type[betterproto2.Enum]) -> dict[int, str]:
    """Make the table of an enum's values as varints."""
    return {int(member): varint(int(member) & 0xFFFFFFFFFFFFFFFF) for member in cls}


def text(value: Any) -> str:
    """Check a string and return its UTF-8 bytes as latin-1 text."""
    if value.__class__ is not str:
        if not isinstance(value, str):
            raise TypeError(refused(value, "str"))
        value = str.__str__(value)  # a subclass may encode as something else
    content: str = value
    try:
        return content.encode().decode("latin-1")  # what latin1 does, one call less
    # Python strings may hold half of a surrogate pair, UTF-8 may not.
    except UnicodeEncodeError as error:
        instead = 'use value.encode(errors="replace").decode()'
        raise ValueError(f"a lone surrogate at index {error.start} cannot be UTF-8; {instead}") from None


def string(value: Any) -> str:
    """Write a string behind its length."""
    content = text(value)
    return size(len(content)) + content


def binary(value: Any) -> str:
    """Write bytes behind their length."""
    content = raw(value)
    return size(len(content)) + content


def raw(value: Any) -> str:
    """Check bytes and return them as latin-1 text."""
    if not isinstance(value, bytes):
        raise TypeError(refused(value, "bytes"))
    return bytes.decode(value, "latin-1")  # which a subclass may override


def two_members(oneof: str, first: str, second: str) -> ValueError:
    """Make the error of a oneof with more than one member set."""
    return ValueError(f"{first} and {second} are both set, but only one of oneof {oneof} can be")


def unless_zero(tag: str, content: str) -> str:
    """Write a field without presence: nothing if all bytes of its value are zero. Those of minus zero are not."""
    return tag + content if content.strip("\0") else ""


def items(value: Any) -> list[Any] | tuple[Any, ...]:
    """Check the value of a repeated field."""
    if is_array(value):
        return value
    # None means "not set" for every attribute.
    if value is None:
        return ()
    raise TypeError(refused(value, "list"))


def entries(value: Any) -> Iterable[tuple[Any, Any]]:
    """Check the value of a map field and return its entries."""
    if is_mapping(value):
        return value.items()
    if value is None:
        return ()
    raise TypeError(refused(value, "dict"))


_ITEMS: Any = dict[Any, Any].items


def fields_in(value: Any) -> dict[Any, Any]:
    """Check the value of a Struct field: any mapping, as in the reference. Inside of a Struct only dicts are taken."""
    kind: Any = value.__class__
    if is_dict(value) and kind.items is _ITEMS:
        return value
    if is_mapping(value):  # a dict with entries of its own, too
        return {key: item for key, item in value.items()}  # noqa: C416  # its error says what is no pair
    raise TypeError(refused(value, "dict"))


def values_in(value: Any) -> list[Any] | tuple[Any, ...]:
    """Check the value of a ListValue field: anything that can be iterated more than once.

    The reference also takes what would hardly be meant: text as its characters, a mapping as its keys.
    """
    if is_array(value):
        return value
    if not is_repeatable(value):
        raise TypeError(refused(value, "list"))
    return list(value)


def instance(value: Any, cls: type[Any]) -> Any:
    """Check that a value is a message of a class or of a subclass."""
    if isinstance(value, cls):
        return value
    raise TypeError(refused(value, cls.__name__))


WRITERS: dict[str, Callable[[Any], str]] = {
    "int32": int32,
    "int64": int64,
    "uint32": uint32,
    "uint64": uint64,
    "sint32": sint32,
    "sint64": sint64,
    "fixed32": fixed32,
    "fixed64": fixed64,
    "sfixed32": sfixed32,
    "sfixed64": sfixed64,
    "double": double,
    "float": single,
    "bool": boolean,
    "string": string,
    "bytes": binary,
}
"""The writer of each scalar type's value, without its tag."""
