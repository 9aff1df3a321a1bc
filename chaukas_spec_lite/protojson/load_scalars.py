"""Reading scalar values. What is wrong raises a ``Problem``.

Readers take ``(value, run)`` like those of messages, so that one loop calls them all; scalars need no run.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import Any

from chaukas_spec_lite.protojson.load_values import load_text
from chaukas_spec_lite.protojson.problem import Problem, json_type, shown
from chaukas_spec_lite.protojson.run import Load
from chaukas_spec_lite.wire.format import pack_float, unpack_float
from chaukas_spec_lite.wire.scalars import RANGES

_INFINITY = float("inf")
_SPECIAL = {"NaN": float("nan"), "Infinity": _INFINITY, "-Infinity": -_INFINITY}
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,30})")
_DIGITS_MAX = 31
"""More than any integer type has."""
_EXPONENT_DIGITS_MAX = 18
"""Exponents with more of them are larger than any text is long."""
_TO_STANDARD = str.maketrans("-_", "+/")


def _load_text(value: Any, _: Any) -> str:
    if value.__class__ is str and value.isascii():
        return value
    return load_text(value)


def _load_bytes(value: Any, _: Any) -> bytes:
    if not isinstance(value, str):
        raise Problem(f"expected base64 in a string, got {json_type(value)}")
    content = value.rstrip("=")
    padding = len(value) - len(content)
    if len(content) % 4 == 1 or (padding and (len(value) % 4 or padding > 2)):
        raise Problem(f"{shown(value)} is no base64: its length is wrong")
    try:
        standard = content.translate(_TO_STANDARD) if "-" in content or "_" in content else content
        decoded = a2b_base64(standard + "=" * (-len(content) % 4))
    except ValueError as error:
        raise Problem(f"{shown(value)} is no base64: {error}") from None
    if len(decoded) != len(content) * 3 // 4:  # a2b_base64 passes over what is none of the 64 characters
        raise Problem(f"{shown(value)} is no base64: it holds other characters")
    return decoded


def _load_bool(value: Any, _: Any) -> bool:
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
    if isinstance(value, float):
        if not value.is_integer():
            raise Problem(f"expected an integer for {kind}, got {value}")
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise Problem(f"expected an integer for {kind}, got {json_type(value)}")


def _from_decimal(value: str, kind: str) -> int:
    """Read an integer that is written as a decimal number, exactly and without work for huge exponents."""
    found = _NUMBER.fullmatch(value)
    if found is None:
        raise Problem(f"expected an integer for {kind}, got the string {shown(value)}")
    sign, whole, fraction, exponent_sign, exponent = found.groups("")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return 0
    # How many zeros follow the last digit that is none; less than nothing where it stands behind the point.
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
        number = float(value)
    except OverflowError:
        raise Problem(f"{shown(value)} is too large for a double") from None
    if number != number:
        raise Problem('NaN is no number in JSON; use the string "NaN"')
    if not -_INFINITY < number < _INFINITY:
        raise Problem(f'{shown(value)} is too large for a double; infinity is the string "Infinity" or "-Infinity"')
    return number


def _load_float(value: Any, run: Any) -> float:
    number = _load_double(value, run)
    try:
        (single,) = unpack_float(pack_float(number))
        return float(single)
    except OverflowError:
        raise Problem(f"{shown(value)} is too large for a float") from None


LOAD: dict[str, Load] = {
    "string": _load_text,
    "bytes": _load_bytes,
    "bool": _load_bool,
    "double": _load_double,
    "float": _load_float,
    **{kind: _load_integer(kind) for kind in RANGES},
}
"""The reader of each scalar type."""


def load_key(kind: str) -> Load:
    """Make the reader of a map's keys."""
    read = LOAD[kind]

    def load(key: Any, run: Any) -> Any:
        if not isinstance(key, str):
            raise Problem(f"expected a string for a key, got {json_type(key)}")
        if kind == "bool":
            if key not in ("true", "false"):
                raise Problem(f'expected the key "true" or "false", got {shown(key)}')
            return key == "true"
        return read(key, run)

    return load
