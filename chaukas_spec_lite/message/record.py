"""What a message is apart from its encoded forms: a record of fields, compared, printed, copied and pickled.

``Message`` stands above it. The modules that ``Message`` calls (exact decoding, diagnosis, JSON) need only this class.
All of it works on field data, at a cost that does not matter where nothing is encoded or decoded.
"""

# The functions below the class are part of it:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import betterproto2

from chaukas_spec_lite.message.listing import Listing
from chaukas_spec_lite.wire.fields import FieldData, fields_of
from chaukas_spec_lite.wire.scalars import is_array, is_dict

if TYPE_CHECKING:
    from typing_extensions import Self

R = TypeVar("R", bound="Record")

new = object.__new__
"""Makes a message on which nothing is set, not even to defaults, for decoders."""


@dataclass(init=False, eq=False, repr=False)
class _WithUnknownFields(betterproto2.Message):
    """Makes ``dataclasses.replace`` hand the unknown fields to the constructor, while ``fields`` does not list them."""

    # Keyword-only, or it would come first in __match_args__.
    _unknown_fields: InitVar[bytes] = dataclasses.field(default=b"", kw_only=True)


class Record(Listing, _WithUnknownFields):
    """The fields of a message, without a codec; only ``Message`` inherits from it."""

    __slots__ = ("_unknown_fields",)

    if TYPE_CHECKING:
        _unknown_fields: bytes

    _full_name: ClassVar[str] = ""
    """The schema's name of the message, such as ``chaukas.spec.common.v1.Event``."""
    _field_by_number: ClassVar[dict[int, FieldData]]
    """What the exact decoder looks up, made when it first decodes the class."""

    def __init__(self, **fields: Any) -> None:
        raise TypeError(f"{type(self).__name__} is not a generated message class")

    def __post_init__(self) -> None:
        """Do nothing: generated constructors set everything themselves."""

    def _refuse(self, misspelt: dict[str, Any]) -> None:
        """Take ``_unknown_fields``, which only ``replace`` and copying pass; refuse any other unexpected argument."""
        self._unknown_fields = misspelt.pop("_unknown_fields", self._unknown_fields)
        for name in misspelt:
            import difflib  # here, because it takes two milliseconds that few programs need

            near = difflib.get_close_matches(name, [field.name for field in fields_of(type(self))], 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{type(self).__name__} has no field {name!r}{hint}")

    def _refuse_two(self, oneof: str) -> None:
        """Refuse a constructor call that gives two members of a oneof."""
        given = [field.proto_name for field in fields_of(type(self)) if field.oneof == oneof and _is_set(self, field)]
        raise ValueError(
            f"{type(self).__name__}: {given[0]} and {given[1]} are both given, but only one of oneof {oneof} can be set"
        )

    def __eq__(self, other: object) -> bool:
        """Whether both are of one class and hold the same, unknown fields included; NaN is equal to itself."""
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Record)
        return self._unknown_fields == other._unknown_fields and all(
            _same(getattr(self, field.name), getattr(other, field.name)) for field in fields_of(type(self))
        )

    __hash__ = None  # type: ignore[assignment]  # messages can change

    def __repr__(self) -> str:
        """Show what is set: ``Event(event_id='e1', type=<EventType.AGENT_START: 10>)``."""
        shown = [
            f"{field.name}={getattr(self, field.name)!r}" for field in fields_of(type(self)) if _is_set(self, field)
        ]
        if self._unknown_fields:
            shown.append(f"_unknown_fields={self._unknown_fields!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        """Tell rich what is set, as ``repr`` shows it; a subclass's own fields are always shown."""
        schema = {field.name for field in fields_of(type(self))}
        for name in (field.name for field in dataclasses.fields(self)):
            if name not in schema or self.is_set(name):
                yield name, getattr(self, name)
        if self._unknown_fields:
            yield "_unknown_fields", self._unknown_fields

    def __bool__(self) -> bool:
        """Whether anything is set, unknown fields included."""
        return bool(self._unknown_fields) or any(_is_set(self, field) for field in fields_of(type(self)))

    def is_set(self, name: str) -> bool:
        """Tell whether a field is set, so that encoding writes it.

        Args:
            name: The name of the attribute, such as ``"event_id"``.

        Returns:
            For a field with presence, whether it is not ``None``; for any other, whether it holds anything but its
            default.

        Raises:
            AttributeError: The message has no such field.
        """
        for field in fields_of(type(self)):
            if field.name == name:
                return _is_set(self, field)
        raise AttributeError(f"{type(self).__name__} has no field {name!r}")

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields_of(type(self)) if _is_set(self, field)}

    def _take(self, other: Self) -> None:
        """Hold what another message of this class holds, without copying it."""
        for field in fields_of(type(self)):
            setattr(self, field.name, getattr(other, field.name))
        self._unknown_fields = other._unknown_fields

    def __copy__(self, _: Any = None) -> Self:
        """Copy the message but not the values in it."""
        return _restore(type(self), self._values(), self._unknown_fields)

    def __deepcopy__(self, memo: Any = None) -> Self:
        """Copy the message and all values in it."""
        copied = type(self)()
        memo = {} if memo is None else memo
        memo[id(self)] = copied  # before its values, because a message may, wrongly, contain itself
        for name, value in copy.deepcopy(self._values(), memo).items():
            setattr(copied, name, value)
        copied._unknown_fields = self._unknown_fields
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the values as they are, so that what could not be encoded survives too."""
        return _restore, (type(self), self._values(), self._unknown_fields)


# betterproto2 resolves a class's annotations with the globals of the module that declares it, where the names that the
# base classes' annotations use are unknown. It empties those of its own base class for the same reason.
_WithUnknownFields.__annotations__ = {}
Record.__annotations__ = {}


def _restore(cls: type[R], values: dict[str, Any], unknown_fields: bytes) -> R:
    record = cls()
    for name, value in values.items():
        setattr(record, name, value)
    record._unknown_fields = unknown_fields
    return record


def _is_set(record: Record, field: FieldData) -> bool:
    value = getattr(record, field.name)
    if value is None or field.has_presence:
        return value is not None
    # The one value that equals a default and is still written is minus zero.
    return value != field.default() or (type(value) is float and str(value) == "-0.0")


_CARRIED = ("unknown", "inner_unknown")
"""The unknown fields that a ``wellknown.values.Carrier`` has besides its plain value."""


def _same(a: Any, b: Any) -> bool:
    """Compare two values as the messages that they encode to: NaN is itself, and in JSON values true is not 1."""
    if is_dict(a) and is_dict(b) and type(a) is type(b) is dict:
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    # Python takes True for 1; JSON and the wire do not.
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    if type(a) in (list, tuple) and type(b) in (list, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if a == b:
        return True
    # From here on equal are only NaN, and containers with NaN somewhere in them.
    if type(a) is not type(b) or any(getattr(a, name, b"") != getattr(b, name, b"") for name in _CARRIED):
        return False
    if isinstance(a, float):
        return a != a and b != b
    if is_dict(a) and is_dict(b):
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    if is_array(a) and is_array(b):
        return len(a) == len(b) and all(map(_same, a, b))
    return False
