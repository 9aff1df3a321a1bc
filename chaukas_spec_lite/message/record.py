"""What a message is apart from its encoded forms: a record of fields, compared, printed, copied and pickled.

``Message`` stands above it. The modules that ``Message`` calls (exact decoding, diagnosis, JSON) need only this class.
All of it works on field data, at a cost that does not matter where nothing is encoded or decoded.
"""

# The functions below the class are part of it:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_args, get_type_hints

import betterproto2

from chaukas_spec_lite.wire.fields import FieldData, fields_of
from chaukas_spec_lite.wire.scalars import is_array, is_dict

if TYPE_CHECKING:
    from typing_extensions import Self

R = TypeVar("R", bound="Record")

new = object.__new__
"""Makes a message on which nothing is set, not even to defaults, for decoders."""


# For type checkers messages are betterproto2's. At run time they are only registered as such, below: inheriting would give
# each message a ``__dict__``, in which misspelt attributes are lost, and reflective methods that know nothing of ours.
if TYPE_CHECKING:
    _Base = betterproto2.Message
else:
    _Base = object


@dataclass(init=False, eq=False, repr=False)
class _WithUnknownFields(_Base):
    """Makes ``dataclasses.replace`` hand the unknown fields to the constructor, while ``fields`` does not list them."""

    __slots__ = ()

    # Keyword-only, or it would come first in __match_args__.
    _unknown_fields: InitVar[bytes] = dataclasses.field(default=b"", kw_only=True)


class _Description:
    """The attribute ``_betterproto``, in which functions such as ``betterproto2.which_one_of`` look fields up."""

    def __get__(self, message: object, cls: type[Any]) -> betterproto2.ProtoClassMetadata:
        # That of the generated class: what a subclass declares besides is no field of the schema.
        for generated in cls.__mro__:
            if "_full_name" in vars(generated) and generated._full_name:
                if "_description" not in vars(generated):
                    generated._description = betterproto2.ProtoClassMetadata(generated)
                known: betterproto2.ProtoClassMetadata = generated._description
                return known
        raise AttributeError(f"{cls.__name__} is no generated message class, so there is nothing to describe")


class Record(_WithUnknownFields):
    """The fields of a message, without a codec; only ``Message`` inherits from it."""

    __slots__ = ("__weakref__", "_unknown_fields")

    if TYPE_CHECKING:
        _unknown_fields: bytes
    else:
        _betterproto = _Description()

        @classmethod
        def _cls_for(cls, field: dataclasses.Field[Any], index: int = 0) -> Any:
            """Return a field's type, or one of its parameters, to betterproto2's description of the class."""
            hint = get_type_hints(cls)[field.name]
            parameters = get_args(hint)
            return parameters[index] if parameters else hint

    _full_name: ClassVar[str] = ""
    """The schema's name of the message, such as ``chaukas.spec.common.v1.Event``."""
    _field_by_number: ClassVar[dict[int, FieldData]]
    """What the exact decoder looks up, made when it first decodes the class."""

    def __init__(self, **fields: Any) -> None:
        raise TypeError(f"{type(self).__name__} is not a generated message class")

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Make ``@dataclass`` on a user's subclass leave alone what it would replace by something less exact."""
        super().__init_subclass__(**arguments)
        own = vars(cls)
        if "_full_name" in own:  # a generated class, whose decorator is told all that already
            return
        for name in ("__eq__", "__repr__"):
            if name not in own:
                setattr(cls, name, getattr(cls, name))
        if "__post_init__" in own and not hasattr(own["__post_init__"], "__wrapped__"):
            cls.__post_init__ = _with_unknown_fields(own["__post_init__"])  # type: ignore[method-assign]

    def __post_init__(self, _unknown_fields: bytes = b"") -> None:
        """Take the unknown fields from a constructor that ``@dataclass`` made for a subclass; ours take them themselves."""
        self._unknown_fields = _unknown_fields

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


betterproto2.Message.register(Record)


def _with_unknown_fields(post_init: Callable[..., None]) -> Callable[..., None]:
    """Let a ``__post_init__`` that a user wrote know nothing of the unknown fields, the first argument of each."""

    @functools.wraps(post_init)
    def wrapper(self: Record, _unknown_fields: bytes = b"", *values: Any) -> None:
        self._unknown_fields = _unknown_fields
        post_init(self, *values)

    return wrapper


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
