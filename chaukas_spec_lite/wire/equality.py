"""Comparing the values of fields as the messages that they encode to: NaN is itself, and in JSON true is not 1."""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from typing import Any

_CARRIED = ("unknown", "inner_unknown")
"""The unknown fields that a ``wellknown.values.Carrier`` has besides its plain value."""

_WITHOUT_REFERENCES = 2
"""The newest version of marshal's format in which equal values are written alike, however often they are shared."""


def same_values(these: Sequence[Any], those: Sequence[Any]) -> bool:
    """Compare values that hold no JSON, one by one."""
    # Python's comparison of the whole decides nearly always, and takes True for 1 as the wire does.
    return these == those or all(a is b or _same(a, b, False) for a, b in zip(these, those, strict=True))


def comparable(several: Any) -> Any:
    """Make a list of a tuple of messages, for Python to compare: messages compare themselves right."""
    return list(several) if issubclass(several.__class__, tuple) else several


def same_json(a: Any, b: Any) -> bool:
    """Compare two JSON values, or lists or dicts of them."""
    if a is b:
        return True
    try:
        # What marshal writes tells true from 1, and 1 from 1.0; and it writes what JSON consists of, fast.
        alike = marshal.dumps(a, _WITHOUT_REFERENCES) == marshal.dumps(b, _WITHOUT_REFERENCES)
    except ValueError:  # there is something else in it, such as a message
        alike = False
    # Some objects, such as numpy's numbers, are written as their memory alone.
    return (alike and a == b) or _same(a, b, True)


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
