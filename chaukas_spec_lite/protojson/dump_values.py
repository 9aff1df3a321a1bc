"""Writing Struct, ListValue and Value: plain Python values that are JSON already, but for what JSON does not have.

``depth`` is that of the message on the wire: what is written here is what ``load_values`` reads.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from chaukas_spec_lite.protojson.problem import Problem, shown, too_deep, within
from chaukas_spec_lite.wellknown.values import NO_KIND, NULL, Carrier, plain_of
from chaukas_spec_lite.wire.format import MAX_DEPTH
from chaukas_spec_lite.wire.scalars import is_array, is_dict, named

_INFINITY = float("inf")

_CONSTANTS = {None: "null", False: "false", True: "true"}

_KEYS: dict[str, str] = {}
"""Names of members as they stand before their values: ``"name": ``. The same ones come again and again."""
_KEYS_MAX = 4096
_KEY_LENGTH_MAX = 128


def dump_value(value: Any, depth: int) -> str:
    """Write a Value that stands ``depth`` levels deep: numbers are doubles, NaN and infinities have no form."""
    if depth > MAX_DEPTH:
        raise too_deep()
    if isinstance(value, Carrier):
        value = plain_of(value)
    if value is None or value is NULL:
        return "null"
    if value is NO_KIND:
        raise Problem("a google.protobuf.Value of no kind has no JSON")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return dump_text(value)
    if isinstance(value, (int, float)):
        return _number(value)
    if is_dict(value):
        return dump_struct(value, depth + 1)
    if is_array(value):
        return dump_list(value, depth + 1)
    raise Problem(f"{named(value)} is no JSON value; use None, bool, int, float, str, list or dict")


def dump_struct(value: Any, depth: int) -> str:
    """Write a Struct that stands ``depth`` levels deep."""
    if not is_dict(value):
        raise Problem(f"expected dict, got {named(value)}")
    if depth > MAX_DEPTH - 2 and (value or depth > MAX_DEPTH):
        raise too_deep()
    members: list[str] = []
    cached = _KEYS.get
    key: Any = ""
    try:
        for key, item in value.items():
            name = cached(key) or _key(key)
            kind = item.__class__
            if kind is str:
                members.append(name + (quoted(item) if item.isascii() else dump_text(item)))
            elif kind is float and -_INFINITY < item < _INFINITY:
                members.append(f"{name}{item!r}")
            elif kind is bool or item is None:
                members.append(name + _CONSTANTS[item])
            else:
                members.append(name + dump_value(item, depth + 2))
    except Problem as problem:
        raise within(problem, key if isinstance(key, str) else repr(key)) from None
    return f"{{{', '.join(members)}}}"


def dump_list(value: Any, depth: int) -> str:
    """Write a ListValue that stands ``depth`` levels deep."""
    if not is_array(value):
        raise Problem(f"expected list, got {named(value)}")
    if depth > MAX_DEPTH - 1 and (value or depth > MAX_DEPTH):
        raise too_deep()
    elements: list[str] = []
    try:
        for item in value:
            kind = item.__class__
            if kind is str:
                elements.append(quoted(item) if item.isascii() else dump_text(item))
            elif kind is float and -_INFINITY < item < _INFINITY:
                elements.append(repr(item))
            elif kind is bool or item is None:
                elements.append(_CONSTANTS[item])
            else:
                elements.append(dump_value(item, depth + 1))
    except Problem as problem:
        raise within(problem, len(elements)) from None
    return f"[{', '.join(elements)}]"


def dump_text(value: str) -> str:
    """Write a string, which has to be Unicode text: half of a surrogate pair is none."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Problem(f"a lone surrogate at index {error.start} is no Unicode text") from None
    return quoted(value)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise Problem(f"a key is {shown(key)}, not a str")
    name = f"{dump_text(key)}: "
    if len(name) <= _KEY_LENGTH_MAX:
        if len(_KEYS) >= _KEYS_MAX:
            _KEYS.clear()
        _KEYS[key] = name
    return name


def _number(value: float) -> str:
    try:
        double = float(value)
    except OverflowError:
        raise Problem(f"{shown(value)} is too large for a double") from None
    if not -_INFINITY < double < _INFINITY:
        raise Problem(f"{double} in a google.protobuf.Value has no JSON")
    return repr(double)
