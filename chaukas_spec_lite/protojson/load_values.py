"""Reading Struct, ListValue and Value as the plain Python values that they are in a message.

``depth`` is that of the message on the wire, where a Struct has entries, which hold Values, which hold Structs: what
is read here is what ``struct_encode`` can write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from chaukas_spec_lite.protojson.problem import Problem, json_type, shown, too_deep, within
from chaukas_spec_lite.wire.format import MAX_DEPTH
from chaukas_spec_lite.wire.scalars import is_array

_INFINITY = float("inf")


def is_object(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether a value is what a JSON object is read as, or any other mapping."""
    return isinstance(value, Mapping)


def load_value(value: Any, depth: int) -> Any:
    """Read a Value as a dict, list, str, float, bool or None."""
    if depth > MAX_DEPTH:
        raise too_deep()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return load_text(value)
    if isinstance(value, (int, float)):
        return _number(value)
    if is_object(value):
        return _object(value, depth + 1)
    if is_array(value):
        return _array(value, depth + 1)
    raise Problem(f"{type(value).__name__} is no JSON value")


def load_struct(value: Any, depth: int) -> dict[str, Any]:
    """Read a Struct as a dict."""
    if not is_object(value):
        raise Problem(f"expected an object, got {json_type(value)}")
    return _object(value, depth)


def load_list(value: Any, depth: int) -> list[Any]:
    """Read a ListValue as a list."""
    if not is_array(value):
        raise Problem(f"expected an array, got {json_type(value)}")
    return _array(value, depth)


def _object(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH - 2 and (value or depth > MAX_DEPTH):
        raise too_deep()
    out: dict[str, Any] = {}
    key: Any = ""
    try:
        for key, item in value.items():
            if key.__class__ is not str or not key.isascii():
                key = load_text(key)
            kind = item.__class__
            if kind is str:
                out[key] = item if item.isascii() else load_text(item)
            elif (kind is float and -_INFINITY < item < _INFINITY) or kind is bool or item is None:
                out[key] = item
            else:
                out[key] = load_value(item, depth + 2)
    except (Problem, TypeError, ValueError) as error:
        raise within(error, key if isinstance(key, str) else repr(key)) from None
    return out


def _array(value: Any, depth: int) -> list[Any]:
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
                out.append(load_value(item, depth + 1))
    except (Problem, TypeError, ValueError) as error:
        raise within(error, len(out)) from None
    return out


def load_text(value: Any) -> str:
    """Check a string: it has to be Unicode text, which half of a surrogate pair is not."""
    if not isinstance(value, str):
        raise Problem(f"expected a string, got {json_type(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Problem(f"a lone surrogate at index {error.start} is no Unicode text") from None
    return str.__str__(value)


def _number(value: float) -> float:
    """Check the number of a Value, which is a finite double."""
    try:
        double = float(value)
    except OverflowError:
        raise Problem(f"{shown(value)} is too large for a double") from None
    if not -_INFINITY < double < _INFINITY:
        raise Problem(f"{double} in a google.protobuf.Value has no JSON")
    return double
