"""What comparing, printing and copying need to know of a message class, computed once for each class.

Functions that go through all attributes are written as source code, as ``dataclasses`` does it: a loop over names takes
three times as long.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from math import copysign
from types import MemberDescriptorType
from typing import Any, NamedTuple

from chaukas_spec_lite.wire.equality import comparable, same_json, same_values
from chaukas_spec_lite.wire.fields import LIST, STRUCT, VALUE, FieldData, fields_of

_JSON = (STRUCT, LIST, VALUE)


class Attributes(NamedTuple):
    """The attributes of a class."""

    same: Callable[[Any, Any], bool]
    """Whether two messages of the class hold the same."""
    each_set: Callable[[Any], Iterator[tuple[str, Any]]]
    """Returns the names and values of the fields that are set, in the order of their numbers."""
    share: Callable[[Any, Any], None]
    """Sets the attributes of the first message to those of the second one."""
    shown: tuple[str, ...]
    """The fields of the schema, in the order of their numbers."""
    copied: tuple[str, ...]
    """The attributes whose values can change, so that a deep copy copies them too."""
    own: tuple[str, ...]
    """What ``repr`` shows besides: the fields of a dataclass that a user derived."""
    own_slots: tuple[str, ...]
    """The slots of a class that a user derived."""
    derived: bool
    """Whether the class is derived from a generated one, so that its instances may have attributes of their own."""


class _Groups(NamedTuple):
    """The names of attributes, by how their values are compared and copied."""

    scalars: list[str]
    """Values that cannot change, unknown fields among them."""
    several_scalars: list[str]
    messages: list[str]
    several_messages: list[str]
    json: list[str]
    """JSON values, several of them, and whatever a user declares."""


def attributes_of(cls: type[Any]) -> Attributes:
    """Return the attributes of a message class."""
    # In the class's own ``__dict__``, as with ``fields_of``.
    known: Attributes | None = cls.__dict__.get("_attributes")
    if known is None:
        known = cls._attributes = _attributes(cls)
    return known


def _attributes(cls: type[Any]) -> Attributes:
    fields = fields_of(cls)
    own = [field for field in dataclasses.fields(cls) if "chaukas" not in field.metadata]
    groups = _Groups(["_unknown_fields"], [], [], [], [])
    for field in fields:
        _group(field, groups).append(field.name)
    groups.json.extend(field.name for field in own if field.compare)
    slots = [
        name for base in cls.__mro__ for name, slot in vars(base).items() if isinstance(slot, MemberDescriptorType)
    ]
    known = {field.name for field in fields} | {"_unknown_fields"}
    return Attributes(
        _comparison(groups),
        _search(fields),
        _sharing(name for group in groups for name in group),
        tuple(field.name for field in fields),
        tuple(name for group in groups[1:] for name in group),
        tuple(field.name for field in own if field.repr),
        tuple(name for name in slots if name not in known),
        "_full_name" not in vars(cls),
    )


def _group(field: FieldData, groups: _Groups) -> list[str]:
    several = field.label in ("repeated", "map")
    if field.kind in _JSON:
        return groups.json
    if field.kind == "message":
        return groups.several_messages if several else groups.messages
    return groups.several_scalars if several else groups.scalars


def _comparison(groups: _Groups) -> Callable[[Any, Any], bool]:
    def values(message: str, names: list[str]) -> str:
        return f"({''.join(f'{message}.{name}, ' for name in names)})"

    plain = [*groups.scalars, *groups.several_scalars]
    conditions = [
        f"same_values({values('a', plain)}, {values('b', plain)})",
        # Once only: comparing them twice would take twice as long for every level.
        f"{values('a', groups.messages)} == {values('b', groups.messages)}",
        *(f"comparable(a.{name}) == comparable(b.{name})" for name in groups.several_messages),
        *(f"same_json(a.{name}, b.{name})" for name in groups.json),
    ]
    names = {"same_values": same_values, "comparable": comparable, "same_json": same_json}
    same: Callable[[Any, Any], bool] = eval(f"lambda a, b: {' and '.join(conditions)}", names)
    return same


def _search(fields: Iterable[FieldData]) -> Callable[[Any], Iterator[tuple[str, Any]]]:
    lines = ["def each_set(message):"]
    names: dict[str, Any] = {"plain": _FALSE_IF_DEFAULT, "differs": _differs}
    for position, field in enumerate(fields):
        default = field.default()
        names[f"default_{position}"] = default
        condition = f"(value := message.{field.name}) is not None"
        if default is not None:
            # Most fields are not set, and hold the default itself.
            condition += f" and value is not default_{position}"
            condition += f" and (value if value.__class__ in plain else differs(value, default_{position}))"
        lines.append(f" if {condition}: yield {field.name!r}, value")
    lines.append(" yield from ()")
    exec("\n".join(lines), names)
    each_set: Callable[[Any], Iterator[tuple[str, Any]]] = names["each_set"]
    return each_set


_FALSE_IF_DEFAULT = frozenset({str, int, bool, bytes, list, dict})


def _differs(value: Any, default: Any) -> bool:
    try:
        different = bool(value != default)
    except Exception:  # a foreign object may raise anything when it is compared; a default it is not
        return True
    # The one value that equals a default and is still written is minus zero.
    return different or (type(value) is float and copysign(1, value) < 0)


def _sharing(names: Iterable[str]) -> Callable[[Any, Any], None]:
    made: dict[str, Any] = {}
    exec("def share(copied, message):" + "".join(f"\n copied.{name} = message.{name}" for name in names), made)
    share: Callable[[Any, Any], None] = made["share"]
    return share
