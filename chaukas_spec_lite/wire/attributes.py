"""What comparing, printing and copying need to know of a message class, computed once for each class.

Functions that go through all attributes are written as source code, as ``dataclasses`` does it: a loop over names takes
three times as long.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from math import copysign
from types import MemberDescriptorType
from typing import Any

from chaukas_spec_lite.wire.equality import comparable, same_json, same_values
from chaukas_spec_lite.wire.fields import LIST, STRUCT, VALUE, FieldData, fields_of


class Attributes:
    """The attributes of a message class."""

    # No named tuple or dataclass, because making one takes a millisecond of every import.
    __slots__ = (
        "copied",
        "defaults",
        "derived",
        "each_set",
        "names",
        "own",
        "own_compared",
        "own_slots",
        "same",
        "share",
    )

    def __init__(self, cls: type[Any]) -> None:
        fields = fields_of(cls)
        own = [field for field in dataclasses.fields(cls) if "chaukas" not in field.metadata]
        groups = _grouped(fields)
        self.names = tuple(name for group in groups for name in group)
        """The slots of the generated class: the fields of the schema, and ``_unknown_fields``."""
        self.defaults = {field.name: field.default() for field in fields}
        """The fields of the schema, in the order of their numbers, and what each holds when it is not set."""
        self.same = _comparison(groups)
        """Whether two messages of the class hold the same in these."""
        self.each_set = _search(self.defaults)
        """Returns the names and values of the fields that are set, in the order of their numbers."""
        self.share = _sharing(self.names)
        """Sets the attributes of the first message to those of the second one."""
        self.copied = tuple(name for group in groups[1:] for name in group)
        """The attributes whose values can change, so that a deep copy copies them too."""
        self.own = tuple(field.name for field in own if field.repr)
        """What ``repr`` shows besides: the fields of a dataclass that a user derived."""
        self.own_compared = tuple(field.name for field in own if field.compare)
        """Those of a user's fields that ``==`` compares."""
        self.own_slots = tuple(name for name in _slots(cls) if name not in self.names)
        """The slots of a class that a user derived."""
        self.derived = "_full_name" not in vars(cls)
        """Whether the class is derived from a generated one, so that its instances may have attributes of their own."""


def attributes_of(cls: type[Any]) -> Attributes:
    """Return the attributes of a message class."""
    # In the class's own ``__dict__``, as with ``fields_of``.
    known: Attributes | None = cls.__dict__.get("_attributes")
    if known is None:
        known = cls._attributes = Attributes(cls)
    return known


def _grouped(fields: Iterable[FieldData]) -> list[list[str]]:
    """The names of attributes, by how their values are compared and copied."""
    groups: list[list[str]] = [["_unknown_fields"], [], [], [], []]
    for field in fields:
        groups[_group(field)].append(field.name)
    return groups


_SCALARS, _SEVERAL_SCALARS, _MESSAGES, _SEVERAL_MESSAGES, _JSON = range(5)
"""The groups. Scalars are values that cannot change; unknown fields are among them."""


def _group(field: FieldData) -> int:
    several = field.label in ("repeated", "map")
    if field.kind in (STRUCT, LIST, VALUE):
        return _JSON
    if field.kind == "message":
        return _SEVERAL_MESSAGES if several else _MESSAGES
    return _SEVERAL_SCALARS if several else _SCALARS


def _slots(cls: type[Any]) -> Iterator[str]:
    for base in cls.__mro__:
        yield from (name for name, value in vars(base).items() if isinstance(value, MemberDescriptorType))


def _comparison(groups: list[list[str]]) -> Callable[[Any, Any], bool]:
    def values(message: str, names: list[str]) -> str:
        return f"({''.join(f'{message}.{name}, ' for name in names)})"

    plain = [*groups[_SCALARS], *groups[_SEVERAL_SCALARS]]
    conditions = [
        f"same_values({values('a', plain)}, {values('b', plain)})",
        # Once only: comparing them twice would take twice as long for every level.
        f"{values('a', groups[_MESSAGES])} == {values('b', groups[_MESSAGES])}",
        *(f"comparable(a.{name}) == comparable(b.{name})" for name in groups[_SEVERAL_MESSAGES]),
        *(f"same_json(a.{name}, b.{name})" for name in groups[_JSON]),
    ]
    names = {"same_values": same_values, "comparable": comparable, "same_json": same_json}
    same: Callable[[Any, Any], bool] = eval(f"lambda a, b: {' and '.join(conditions)}", names)
    return same


def _search(defaults: dict[str, Any]) -> Callable[[Any], Iterator[tuple[str, Any]]]:
    lines = ["def each_set(message):"]
    names: dict[str, Any] = {"plain": _FALSE_IF_DEFAULT, "differs": differs}
    for position, (name, default) in enumerate(defaults.items()):
        names[f"default_{position}"] = default
        condition = f"(value := message.{name}) is not None"
        if default is not None:
            # Most fields are not set, and hold the default itself.
            condition += f" and value is not default_{position}"
            condition += f" and (value if value.__class__ in plain else differs(value, default_{position}))"
        lines.append(f" if {condition}: yield {name!r}, value")
    lines.append(" yield from ()")
    exec("\n".join(lines), names)
    each_set: Callable[[Any], Iterator[tuple[str, Any]]] = names["each_set"]
    return each_set


def differs(value: Any, default: Any) -> bool:
    """Whether a field is set that holds a value other than the default itself."""
    if value is None or default is None:
        return value is not None
    if type(value) in _FALSE_IF_DEFAULT:
        return bool(value)
    try:
        different = bool(value != default)
    except Exception:  # a foreign object may raise anything when it is compared; a default it is not
        return True
    # The one value that equals a default and is still written is minus zero.
    return different or (type(value) is float and copysign(1, value) < 0)


_FALSE_IF_DEFAULT = frozenset({str, int, bool, bytes, list, dict})


def _sharing(names: Iterable[str]) -> Callable[[Any, Any], None]:
    made: dict[str, Any] = {}
    exec("def share(copied, message):" + "".join(f"\n copied.{name} = message.{name}" for name in names), made)
    share: Callable[[Any, Any], None] = made["share"]
    return share
