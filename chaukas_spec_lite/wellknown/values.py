"""What plain Python values cannot say: JSON null, a Value of no kind, and unknown fields around a plain value.

A carrier is a plain value that came with unknown fields: of the `Value` or wrapper message around it (`unknown`) and,
for a dict or list, of the `Struct` or `ListValue` it is itself (`inner_unknown`). Decoding makes one where the wire has
such fields and nowhere else, and encoding writes them back. A carrier is a subclass of the plain type and is used like
it; three types have no subclasses, so `UnknownBool`, `UnknownNull` and `UnknownNoKind` only stand in for their values:
they have the same truth, and `plain_of` tells which value they are.

Carriers are equal if their plain values and their unknown fields are; one that has unknown fields equals no plain value
of its type. (Another subclass of that type on the left, a bool for int or an OrderedDict for dict, sees only the plain
value.) They are ordered and printed as the plain value. `copy`, `deepcopy` and `pickle` keep unknown fields; what makes
a new value (`dict(x)`, `x.copy()`, `x + 1`, `dataclasses.asdict` for dicts and lists) leaves them behind.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from enum import Enum
from types import NoneType
from typing import Any, Final, Literal, final


class _Nothing(Enum):
    """A type with one value, which is false and the same object everywhere: type checkers narrow on `is`."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return self.name

    __str__ = __repr__


class NullType(_Nothing):
    """The type of `NULL`."""

    NULL = "NULL"


class NoKindType(_Nothing):
    """The type of `NO_KIND`."""

    NO_KIND = "NO_KIND"


NULL: Final = NullType.NULL
"""JSON null in a singular or oneof field of type `google.protobuf.Value`, where `None` means that it is not set."""
NO_KIND: Final = NoKindType.NO_KIND
"""A `google.protobuf.Value` in which none of the six kinds is set: legal on the wire, and nothing JSON can say."""


class Carrier:
    """The base of all plain values that came with unknown fields."""

    unknown: bytes = b""
    """The unknown fields of the Value or wrapper around the plain value, encoded."""
    inner_unknown: bytes = b""
    """The unknown fields of the Struct or ListValue that a dict or list is, encoded."""

    def __eq__(self, other: object) -> bool:
        equal = super().__eq__(other)
        # NotImplemented and False are handed on as they are: Python then asks the other operand, or is done.
        if equal is not True:
            return equal
        return self.unknown == unknown_of(other) and self.inner_unknown == inner_unknown_of(other)

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        # Defining ``__eq__`` takes ``__hash__`` away from a class; this gives it back to all but those that can change.
        if isinstance(self, (dict, list)):
            raise TypeError(f"unhashable type: '{type(self).__name__}'")
        return super().__hash__()

    def __repr__(self) -> str:
        inner = f", inner_unknown={self.inner_unknown!r}" if self.inner_unknown else ""
        return f"{type(self).__name__}({super().__repr__()}, unknown={self.unknown!r}{inner})"

    def __str__(self) -> str:
        return super().__repr__() if isinstance(self, (dict, list)) else str(plain_of(self))


@final
class UnknownDict(Carrier, dict[str, Any]):  # type: ignore[misc]  # still unhashable: see Carrier.__hash__
    """A dict that came with unknown fields."""


@final
class UnknownList(Carrier, list[Any]):  # type: ignore[misc]  # still unhashable: see Carrier.__hash__
    """A list that came with unknown fields."""


@final
class UnknownStr(Carrier, str):
    """A str that came with unknown fields."""


@final
class UnknownBytes(Carrier, bytes):
    """A bytes that came with unknown fields."""


@final
class UnknownInt(Carrier, int):
    """An int that came with unknown fields."""


@final
class UnknownFloat(Carrier, float):
    """A float that came with unknown fields."""


class _StandIn(Carrier):
    """A carrier for a type without subclasses; no dataclass, as `dataclasses.asdict` would turn that into a dict."""

    def __init__(self, unknown: bytes = b"") -> None:
        self.unknown = unknown

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


@final
class UnknownBool(_StandIn):
    """A bool that came with unknown fields. It is no bool, but as true or false as its `value`."""

    def __init__(self, value: bool, unknown: bytes = b"") -> None:
        self.value = value
        super().__init__(unknown)

    def __bool__(self) -> bool:
        return self.value


@final
class UnknownNull(_StandIn):
    """A null that came with unknown fields, or with a `number` other than that of `NULL_VALUE`, which is 0."""

    def __init__(self, number: int = 0, unknown: bytes = b"") -> None:
        self.number = number
        super().__init__(unknown)


@final
class UnknownNoKind(_StandIn):
    """A Value of no kind, or of one that this library does not know, with the fields that it had instead."""


def carry(value: Any, unknown: bytes) -> Any:
    """The value with these unknown fields of the Value or wrapper around it; itself if there are none."""
    # Most callers have none, and a plain value stays the object that it is.
    if not unknown:
        return value
    carrier = _carrier_of(value)
    carrier.unknown = unknown
    return carrier


def carry_inner(value: Any, unknown: bytes) -> Any:
    """The dict or list with these unknown fields of the Struct or ListValue that it is; itself if there are none."""
    if not unknown:
        return value
    carrier = _carrier_of(value)
    carrier.inner_unknown = unknown
    return carrier


def unknown_of(value: object) -> bytes:
    """The unknown fields of the Value or wrapper around a value."""
    return value.unknown if isinstance(value, Carrier) else b""


def inner_unknown_of(value: object) -> bytes:
    """The unknown fields of the Struct or ListValue that a dict or list is."""
    return value.inner_unknown if isinstance(value, Carrier) else b""


def plain_of(value: Any) -> Any:
    """The value without the unknown fields of the Value or wrapper around it.

    A dict or list keeps those of the Struct or ListValue it is, and the values in it are left alone. Of an
    `UnknownNull` only `NULL` is left, whatever its number.
    """
    return _PLAIN[type(value)](value) if isinstance(value, Carrier) else value


def _carrier_of(value: object) -> Carrier:
    if isinstance(value, Carrier):
        # A copy: the same carrier may stand in another message, with other unknown fields around it.
        return copy(value)
    make = _CARRIERS.get(type(value))
    if make is None:
        raise TypeError(f"a {type(value).__name__} cannot carry unknown fields: no field decodes to one")
    return make(value)


_CARRIERS: dict[type, Callable[[Any], Carrier]] = {
    dict: UnknownDict,
    list: UnknownList,
    str: UnknownStr,
    bytes: UnknownBytes,
    int: UnknownInt,
    float: UnknownFloat,
    bool: UnknownBool,
    NoneType: lambda _: UnknownNull(),
    NullType: lambda _: UnknownNull(),
    NoKindType: lambda _: UnknownNoKind(),
}
_PLAIN: dict[type[Carrier], Callable[[Any], Any]] = {
    UnknownDict: lambda value: carry_inner(dict(value), value.inner_unknown),
    UnknownList: lambda value: carry_inner(list(value), value.inner_unknown),
    UnknownStr: str.__str__,  # str() would ask Carrier.__str__, and that asks here
    UnknownBytes: bytes,
    UnknownInt: int,
    UnknownFloat: float,
    UnknownBool: bool,
    UnknownNull: lambda _: NULL,
    UnknownNoKind: lambda _: NO_KIND,
}
