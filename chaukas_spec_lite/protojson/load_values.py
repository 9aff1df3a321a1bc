"""Reading values from parsed JSON: scalars, and the well-known types that have a JSON form of their own.

In a field most well-known types are plain Python values: ``LOAD`` has a reader for each kind of field. As the outermost
message, or the content of an ``Any``, they are messages: ``LOAD_MESSAGE`` has a reader for each.

All readers of fields take ``(value, run)``, so that one loop calls them all. They raise ``ValueError`` or ``Problem``
for a value that is not of their kind. Depths are counted on the wire, where a Struct holds entries, which hold Values,
which hold Structs: what is read here is what ``wellknown.writers`` can write.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeGuard

from chaukas_spec_lite.protojson.problem import Problem, json_type, shown, too_deep, within
from chaukas_spec_lite.wellknown.times import wire_from_datetime, wire_from_timedelta
from chaukas_spec_lite.wellknown.timetext import duration_from_json, timestamp_from_json
from chaukas_spec_lite.wire.fields import DURATION, FIELD_MASK, LIST, STRUCT, TIMESTAMP, VALUE, WRAPPERS
from chaukas_spec_lite.wire.format import MAX_DEPTH, pack_float, unpack_float
from chaukas_spec_lite.wire.scalars import RANGES, is_array

if TYPE_CHECKING:
    from chaukas_spec_lite.protojson.run import Load, LoadMessage, LoadRun

_INFINITY = float("inf")
_SPECIAL = {"NaN": float("nan"), "Infinity": _INFINITY, "-Infinity": -_INFINITY}
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,30})")
_DIGITS_MAX = 31
"""More digits than any integer type has, so that a longer number is out of range without converting it."""
_EXPONENT_DIGITS_MAX = 18
"""An exponent with more digits is larger than any text is long, so that its value does not matter."""
_TO_STANDARD = str.maketrans("-_", "+/")


def is_object(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether a value is what a JSON object is read as, or any other mapping."""
    return isinstance(value, Mapping)


def load_text(value: Any) -> str:
    """Check a string: it has to be Unicode text, which half of a surrogate pair is not."""
    if not isinstance(value, str):
        raise Problem(f"expected a string, got {json_type(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Problem(f"a lone surrogate at index {error.start} is no Unicode text") from None
    return str.__str__(value)


def _load_string(value: Any, _: Any) -> str:
    if value.__class__ is str and value.isascii():
        return value
    return load_text(value)


def _load_bytes(value: Any, _: Any) -> bytes:
    if not isinstance(value, str):
        raise Problem(f"expected base64 in a string, got {json_type(value)}")
    content = value.rstrip("=")
    padding = len(value) - len(content)
    # Padding may be left out, but if it is there it has to be complete. No bytes have an encoding of 4n + 1 characters.
    if len(content) % 4 == 1 or (padding and (len(value) % 4 or padding > 2)):
        raise Problem(f"{shown(value)} is no base64: its length is wrong")
    try:
        # Parsers take both alphabets, the standard and the URL-safe one: https://protobuf.dev/programming-guides/json/
        standard = content.translate(_TO_STANDARD) if "-" in content or "_" in content else content
        decoded = a2b_base64(standard + "=" * (-len(content) % 4))
    except ValueError as error:
        raise Problem(f"{shown(value)} is no base64: {error}") from None
    # a2b_base64 passes over characters that are none of the 64, so fewer bytes come out than the length says.
    if len(decoded) != len(content) * 3 // 4:
        raise Problem(f"{shown(value)} is no base64: it holds other characters")
    return decoded


def _load_bool(value: Any, _: Any) -> bool:
    # No numbers and no strings, other than for map keys: the reference refuses them.
    if value is True or value is False:
        return value
    raise Problem(f"expected true or false, got {json_type(value)}")


def _load_integer(kind: str) -> Load:
    low, high = RANGES[kind]

    def load(value: Any, _: Any) -> int:
        number: int = value if value.__class__ is int else _integer(value, kind)
        if low <= number <= high:
            return number
        raise Problem(f"{shown(value)} is out of range for {kind}")

    return load


def _integer(value: Any, kind: str) -> int:
    if isinstance(value, str):
        return int(value) if _INTEGER.fullmatch(value) else _from_decimal(value, kind)
    # JSON has one kind of number: 1.0 and 1e2 are integers where their value is one.
    if isinstance(value, float):
        if not value.is_integer():
            raise Problem(f"expected an integer for {kind}, got {value}")
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise Problem(f"expected an integer for {kind}, got {json_type(value)}")


def _from_decimal(value: str, kind: str) -> int:
    """Read an integer that is written as a decimal number: ``1.5e3`` is 1500.

    By digits and not by ``float``, which is inexact from 2**53 on; and without work for a huge exponent.
    """
    found = _NUMBER.fullmatch(value)
    if found is None:
        raise Problem(f"expected an integer for {kind}, got the string {shown(value)}")
    sign, whole, fraction, exponent_sign, exponent = found.groups("")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return 0
    # How many zeros follow the last digit that is not zero; negative if that digit stands behind the point.
    zeros = len(digits) - len(significant) - len(fraction)
    exponent = exponent.lstrip("0")
    power = int(exponent or "0") if len(exponent) <= _EXPONENT_DIGITS_MAX else 10**_EXPONENT_DIGITS_MAX
    zeros += -power if exponent_sign == "-" else power
    if zeros < 0:
        raise Problem(f"expected an integer for {kind}, got {shown(value)}")
    if len(significant) + zeros > _DIGITS_MAX:
        raise Problem(f"{shown(value)} is out of range for {kind}")
    return int(f"{sign}{significant}{'0' * zeros}")


def _load_double(value: Any, _: Any) -> float:
    if value.__class__ is float and -_INFINITY < value < _INFINITY:
        return value
    return _number(value)


def _number(value: Any) -> float:
    if isinstance(value, str):
        special = _SPECIAL.get(value)
        if special is not None:
            return special
        if not _NUMBER.fullmatch(value):
            raise Problem(f'expected a number, "NaN", "Infinity" or "-Infinity", got the string {shown(value)}')
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Problem(f"expected a number, got {json_type(value)}")
    try:
        # Strings too, which were checked to be JSON numbers: ``float`` alone takes more, such as "1_0" and " 1".
        number = float(value)
    except OverflowError:
        raise Problem(f"{shown(value)} is too large for a double") from None
    # Only reached by NaN as a Python float in a dict; JSON text with a bare NaN was refused when it was parsed.
    if number != number:
        raise Problem('NaN is no number in JSON; use the string "NaN"')
    if not -_INFINITY < number < _INFINITY:
        raise Problem(f'{shown(value)} is too large for a double; infinity is the string "Infinity" or "-Infinity"')
    return number


def _load_float(value: Any, run: Any) -> float:
    number = _load_double(value, run)
    try:
        # To 32 bits and back: what the message holds is then what comes back from the wire.
        (single,) = unpack_float(pack_float(number))
        return float(single)
    except OverflowError:
        raise Problem(f"{shown(value)} is too large for a float") from None


_SCALARS: dict[str, Load] = {
    "string": _load_string,
    "bytes": _load_bytes,
    "bool": _load_bool,
    "double": _load_double,
    "float": _load_float,
    **{kind: _load_integer(kind) for kind in RANGES},
}


def load_key(kind: str) -> Load:
    """Make the reader of a map's keys."""
    read = _SCALARS[kind]

    def load(key: Any, run: Any) -> Any:
        if not isinstance(key, str):
            raise Problem(f"expected a string for a key, got {json_type(key)}")
        if kind == "bool":
            if key not in ("true", "false"):
                raise Problem(f'expected the key "true" or "false", got {shown(key)}')
            return key == "true"
        return read(key, run)

    return load


def _load_value(value: Any, depth: int) -> Any:
    """Read a Value as a dict, list, str, float, bool or None."""
    if depth > MAX_DEPTH:
        raise too_deep()
    # Before numbers, because a bool is an int.
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return load_text(value)
    if isinstance(value, (int, float)):
        return _load_number(value)
    if is_object(value):
        return _load_object(value, depth + 1)
    if is_array(value):
        return _load_array(value, depth + 1)
    raise Problem(f"{type(value).__name__} is no JSON value")


def _load_struct(value: Any, depth: int) -> dict[str, Any]:
    """Read a Struct as a dict."""
    if not is_object(value):
        raise Problem(f"expected an object, got {json_type(value)}")
    return _load_object(value, depth)


def _load_list(value: Any, depth: int) -> list[Any]:
    """Read a ListValue as a list."""
    if not is_array(value):
        raise Problem(f"expected an array, got {json_type(value)}")
    return _load_array(value, depth)


def _load_object(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    # A value stands two levels below its Struct: in an entry, and in that a Value. An empty Struct has none.
    if depth > MAX_DEPTH - 2 and (value or depth > MAX_DEPTH):
        raise too_deep()
    out: dict[str, Any] = {}
    key: Any = ""
    try:
        for key, item in value.items():
            if key.__class__ is not str or not key.isascii():
                key = load_text(key)
            kind = item.__class__
            # The ordinary kinds where they are met: nearly all that real events hold, without a call for each.
            if kind is str:
                out[key] = item if item.isascii() else load_text(item)
            elif (kind is float and -_INFINITY < item < _INFINITY) or kind is bool or item is None:
                out[key] = item
            else:
                out[key] = _load_value(item, depth + 2)
    except (Problem, TypeError, ValueError) as error:
        raise within(error, key if isinstance(key, str) else repr(key)) from None
    return out


def _load_array(value: Any, depth: int) -> list[Any]:
    if depth > MAX_DEPTH - 1 and (value or depth > MAX_DEPTH):
        raise too_deep()
    out: list[Any] = []
    try:
        for item in value:
            kind = item.__class__
            if kind is str:
                out.append(item if item.isascii() else load_text(item))
            elif (kind is float and -_INFINITY < item < _INFINITY) or kind is bool or item is None:
                out.append(item)
            else:
                out.append(_load_value(item, depth + 1))
    except (Problem, TypeError, ValueError) as error:
        raise within(error, len(out)) from None
    return out


def _load_number(value: float) -> float:
    """Check the number of a Value, which is a finite double."""
    try:
        number = float(value)
    except OverflowError:
        raise Problem(f"{shown(value)} is too large for a double") from None
    if not -_INFINITY < number < _INFINITY:
        raise Problem(f"{number} in a google.protobuf.Value has no JSON")
    return number


def _load_timestamp(value: Any, run: LoadRun) -> datetime:
    run.check()
    if isinstance(value, str):
        return timestamp_from_json(value)
    raise Problem(f"expected RFC 3339 text such as 2026-01-02T03:04:05.678Z, got {json_type(value)}")


def _load_duration(value: Any, run: LoadRun) -> timedelta:
    run.check()
    if isinstance(value, str):
        return duration_from_json(value)
    raise Problem(f"expected text such as 1.500s, got {json_type(value)}")


def _load_wrapped(kind: str) -> Load:
    """Make the reader of a wrapper, which JSON shows as the scalar that it wraps."""
    read = _SCALARS[kind]

    def wrapped(value: Any, run: LoadRun) -> Any:
        run.check()  # on the wire a wrapper is a message, and counts as a level
        return read(value, run)

    return wrapped


LOAD: dict[str, Load] = {
    **_SCALARS,
    **{name: _load_wrapped(kind) for name, kind in WRAPPERS.items()},
    STRUCT: lambda value, run: _load_struct(value, run.depth),
    LIST: lambda value, run: _load_list(value, run.depth),
    VALUE: lambda value, run: _load_value(value, run.depth),
    TIMESTAMP: _load_timestamp,
    DURATION: _load_duration,
}
"""The reader of each kind of field but messages and enums."""


def _load_value_message(cls: type[Any], value: Any, run: LoadRun) -> Any:
    value = LOAD[VALUE](value, run)
    if value is None:
        return cls(null_value=0)
    kind = {bool: "bool", str: "string", float: "number", dict: "struct", list: "list"}[type(value)]
    return cls(**{f"{kind}_value": value})


def _load_timestamp_message(cls: type[Any], value: Any, run: LoadRun) -> Any:
    seconds, nanos, _ = wire_from_datetime(LOAD[TIMESTAMP](value, run))
    return cls(seconds, nanos)


def _load_duration_message(cls: type[Any], value: Any, run: LoadRun) -> Any:
    seconds, nanos, _ = wire_from_timedelta(LOAD[DURATION](value, run))
    return cls(seconds, nanos)


def _load_mask(cls: type[Any], value: Any, run: LoadRun) -> Any:
    run.check()
    if not isinstance(value, str):
        raise Problem(f"expected the paths of a FieldMask in a string, got {json_type(value)}")
    return cls(_mask_paths(load_text(value)))


def _mask_paths(text: str) -> list[str]:
    """Read the paths of a FieldMask: ``user.displayName,photo`` is ``user.display_name`` and ``photo``."""
    # An underscore would not survive being written again: the path could be neither form.
    if "_" in text:
        raise ValueError(f"{text!r} is no field mask: its paths are lowerCamelCase, as in user.displayName")
    if not text:
        return []
    return ["".join(f"_{c.lower()}" if c.isupper() else c for c in path) for path in text.split(",")]


def _load_only(kind: str) -> LoadMessage:
    """Make the reader of a message whose only field is read as ``kind``."""
    read = LOAD[kind]
    return lambda cls, value, run: cls(read(value, run))


LOAD_MESSAGE: dict[str, LoadMessage] = {
    STRUCT: _load_only(STRUCT),
    LIST: _load_only(LIST),
    VALUE: _load_value_message,
    TIMESTAMP: _load_timestamp_message,
    DURATION: _load_duration_message,
    FIELD_MASK: _load_mask,
    **{name: _load_only(kind) for name, kind in WRAPPERS.items()},
}
"""The readers of messages that have a JSON form of their own, by full name; but for ``Any``."""
