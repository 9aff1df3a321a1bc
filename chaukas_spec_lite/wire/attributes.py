"""What comparing, printing and copying need to know of a message class, computed once for each class."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from types import MemberDescriptorType
from typing import Any, NamedTuple

from chaukas_spec_lite.wire.fields import LIST, STRUCT, VALUE, FieldData, fields_of

Reader = Callable[[Any], tuple[Any, ...]]

_JSON = (STRUCT, LIST, VALUE)


class Attributes(NamedTuple):
    """The attributes of a class, first sorted by how they are compared and copied, then as they are shown."""

    names: tuple[str, ...]
    """``_unknown_fields``, scalars, repeated scalars and maps of them, messages, JSON values and all else."""
    read: Reader
    """Returns the values of ``names``."""
    share: Callable[[Any, Any], None]
    """Sets the attributes of the first message to those of the second one."""
    scalars: int
    """Where in ``names`` the values end that cannot change, and are shared by copies."""
    plain: int
    """Where the values end that contain neither messages nor JSON values."""
    messages: int
    """Where singular messages end."""
    defaults: dict[str, Any]
    """The fields of the schema, in the order of their numbers, and what each holds when it is not set."""
    read_shown: Reader
    """Returns the values of those."""
    own: tuple[str, ...]
    """What ``repr`` shows besides: the fields of a dataclass that a user derived."""
    own_compared: tuple[str, ...]
    """Those of a user's fields that ``==`` compares."""
    own_slots: tuple[str, ...]
    """The slots of a class that a user derived."""
    derived: bool
    """Whether the class is derived from a generated one, so that its instances may have attributes of their own."""


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
    groups: list[list[str]] = [["_unknown_fields"], [], [], []]
    for field in fields:
        groups[_group(field)].append(field.name)
    slots = [
        name for base in cls.__mro__ for name, slot in vars(base).items() if isinstance(slot, MemberDescriptorType)
    ]
    known = {field.name for field in fields} | {"_unknown_fields"}
    names = tuple(name for group in groups for name in group)
    scalars, plain, messages = (sum(map(len, groups[: end + 1])) for end in range(3))
    return Attributes(
        names,
        _reader(names),
        _sharer(names),
        scalars,
        plain,
        messages,
        {field.name: field.default() for field in fields},
        _reader(field.name for field in fields),
        tuple(field.name for field in own if field.repr),
        tuple(field.name for field in own if field.compare),
        tuple(name for name in slots if name not in known),
        "_full_name" not in vars(cls),
    )


def _group(field: FieldData) -> int:
    """The place of a field in ``Attributes.names``."""
    if field.label in ("repeated", "map"):
        return 3 if field.kind == "message" or field.kind in _JSON else 1
    return 2 if field.kind == "message" else 3 if field.kind in _JSON else 0


def _reader(names: Iterable[str]) -> Reader:
    """Write a function that reads attributes, as ``dataclasses`` does: ``attrgetter`` takes several times as long."""
    read: Reader = eval(f"lambda message: ({''.join(f'message.{name},' for name in names)})")
    return read


def _sharer(names: Iterable[str]) -> Callable[[Any, Any], None]:
    """Write a function that sets attributes of one message to those of another."""
    made: dict[str, Any] = {}
    exec("def share(copied, message):" + "".join(f"\n copied.{name} = message.{name}" for name in names), made)
    share: Callable[[Any, Any], None] = made["share"]
    return share
