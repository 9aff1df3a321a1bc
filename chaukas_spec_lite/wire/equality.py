"""Comparing the values of fields as the messages that they encode to: NaN is itself, and in JSON true is not 1."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import Any

_LEAVES = {str, int, float, bool, NoneType}
_CONTAINERS = {dict, list}

_CARRIED = ("unknown", "inner_unknown")
"""The unknown fields that a ``wellknown.values.Carrier`` has besides its plain value."""


def same_values(these: Sequence[Any], those: Sequence[Any]) -> bool:
    """Compare values that hold no JSON, one by one."""
    # Python's comparison of the whole decides nearly always, and takes True for 1 as the wire does.
    return these == those or all(a is b or _same(a, b, False) for a, b in zip(these, those, strict=True))


def same_json(a: Any, b: Any) -> bool:
    """Compare two JSON values, or lists or dicts of them or of messages."""
    return (_same_types(a, b) and a == b) or _same(a, b, True)


def _same_types(a: Any, b: Any) -> bool:
    """Whether two JSON values are made of the same types, so that true never stands for 1; False where it is unsure."""
    kind: type[Any] = a.__class__
    if kind is not type(b):
        return False
    if kind is dict:
        if list(a) != list(b):
            return False
        a, b = a.values(), b.values()
    elif kind is not list:
        return kind in _LEAVES
    types = list(map(type, a))
    if types != list(map(type, b)):
        return False
    others = {*types} - _LEAVES
    return not others or (
        others <= _CONTAINERS
        and all(_same_types(x, y) for x, y, inner in zip(a, b, types, strict=True) if inner in _CONTAINERS)
    )


def _same(a: Any, b: Any, json: bool) -> bool:
    # Containers come first: messages in them are then compared once, not once at every level.
    kind: type[Any] = a.__class__
    other: type[Any] = b.__class__
    if kind is other is dict:
        return a.keys() == b.keys() and all(_same(value, b[key], json) for key, value in a.items())
    # Python takes True for 1; JSON does not.
    if json and issubclass(kind, bool) is not issubclass(other, bool):
        return False
    if kind in (list, tuple) and other in (list, tuple):
        return len(a) == len(b) and all(_same(x, y, json) for x, y in zip(a, b, strict=True))
    if a == b:
        return True
    # From here on equal are only NaN, and containers with NaN somewhere in them.
    if kind is not other or any(getattr(a, name, b"") != getattr(b, name, b"") for name in _CARRIED):
        return False
    if issubclass(kind, float):
        return bool(a != a and b != b)
    if issubclass(kind, dict):
        return a.keys() == b.keys() and all(_same(value, b[key], json) for key, value in a.items())
    if issubclass(kind, (list, tuple)):
        return len(a) == len(b) and all(_same(x, y, json) for x, y in zip(a, b, strict=True))
    return False
