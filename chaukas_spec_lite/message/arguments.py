"""What constructors do with arguments that are not what they usually get: convert them, or say what was expected.

Generated constructors call these functions after a check that costs nearly nothing. Encoding checks all values again,
because attributes can be assigned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, TypeVar, cast

import betterproto2

from chaukas_spec_lite.errors import EncodeError
from chaukas_spec_lite.wire.fields import fields_of
from chaukas_spec_lite.wire.refusals import named, short
from chaukas_spec_lite.wire.scalars import RANGES, enum_number

K = TypeVar("K")
V = TypeVar("V")
E = TypeVar("E", bound=betterproto2.Enum)


def listed(message: object, name: str, given: Any) -> list[Any]:
    """Make the list of a repeated field from what a constructor was given for it.

    Args:
        message: The message that is made.
        name: The field's name.
        given: Anything but a list or None.

    Raises:
        TypeError: It is text, whose letters would become the items, or nothing that has items.
    """
    # The items of bytes are ints, which some fields want.
    if isinstance(given, str) or (_is_bytes(given) and not _takes_ints(message, name)):
        raise TypeError(f"{_path(message, name)}: expected a list, got {_shown(given)}; write {name}=[{short(given)}]")
    try:
        return list(given)
    except TypeError as error:
        if hasattr(given, "__iter__"):  # it comes from within, and says more
            raise
        hint = f"write {name}=[...] for one item"
        raise TypeError(f"{_path(message, name)}: expected a list, got {named(given)}; {hint}") from error


def mapped(message: object, name: str, given: Mapping[K, V]) -> dict[K, V]:
    """Make the dict of a map field from what a constructor was given for it.

    Args:
        message: The message that is made.
        name: The field's name.
        given: Anything but a dict or None.

    Raises:
        TypeError: It is neither a mapping nor pairs.
    """
    try:
        return dict(given)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{_path(message, name)}: expected a dict, got {_shown(given)}") from error


def member(message: object, name: str, given: Any, cls: type[E]) -> E:
    """Make the member of an enum from what a constructor was given for a field of this enum.

    A name or a number becomes the member. What is neither is left to the encoder, as wrong values of other fields are;
    only what would be taken for something else is refused here.

    Args:
        message: The message that is made.
        name: The field's name.
        given: Anything but a member of ``cls``.
        cls: The enum.

    Raises:
        EncodeError: It is a member of another enum, or a name that no member has: what encoding would say.
    """
    if not isinstance(given, (int, str, Enum)) or isinstance(given, bool):
        return cast("E", given)
    try:
        number = int(enum_number(given, cls))
    except (TypeError, ValueError) as error:
        raise EncodeError(str(error), path=_path(message, name)) from None
    least, most = RANGES["int32"]
    return cls(number) if least <= number <= most else cast("E", given)


def members_listed(message: object, name: str, given: Iterable[Any], cls: type[E]) -> list[E]:
    """Make the list of a repeated enum field: a list of nothing but members is kept, as lists of other fields are."""
    items = given if isinstance(given, list) else listed(message, name, given)
    if all(item.__class__ is cls for item in items):
        return items
    return [
        item if item.__class__ is cls else member(message, f"{name}[{position}]", item, cls)
        for position, item in enumerate(items)
    ]


def members_mapped(message: object, name: str, given: Mapping[K, Any], cls: type[E]) -> dict[K, E]:
    """Make the dict of a map of enum values: a dict of nothing but members is kept, as dicts of other fields are."""
    items = given if isinstance(given, dict) else mapped(message, name, given)
    if all(item.__class__ is cls for item in items.values()):
        return cast("dict[K, E]", items)
    return {
        key: item if item.__class__ is cls else member(message, f"{name}[{key!r}]", item, cls)
        for key, item in items.items()
    }


def _is_bytes(given: object) -> bool:
    return isinstance(given, (bytes, bytearray, memoryview))


def _path(message: object, name: str) -> str:
    return f"{type(message).__name__}.{name}"


def _takes_ints(message: object, name: str) -> bool:
    kind = next(field.kind for field in fields_of(type(message)) if field.name == name)
    return "int" in kind or "fixed" in kind or kind == "enum"


def _shown(given: object) -> str:
    return f"{named(given)} {short(given)}"
