"""What a message is apart from its encoded forms: a record of fields, compared, printed, copied and pickled.

``Message`` stands above it. The modules that ``Message`` calls (exact decoding, diagnosis, JSON) need only this class.
All of it works on the attributes of the class (``wire.attributes``), so that it is quick, too.
"""

# The functions below the class are part of it:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import InitVar, dataclass
from datetime import datetime, timedelta
from enum import Enum
from operator import attrgetter
from reprlib import recursive_repr
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_args, get_type_hints

import betterproto2

from chaukas_spec_lite.message.listing import Listing
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.wire.attributes import Attributes, attributes_of, differs
from chaukas_spec_lite.wire.equality import same_values
from chaukas_spec_lite.wire.fields import fields_of

if TYPE_CHECKING:
    from typing_extensions import Self

R = TypeVar("R", bound="Record")
T = TypeVar("T")

new = object.__new__
"""Makes a message on which nothing is set, not even to defaults, for decoders."""


# For type checkers messages are betterproto2's. At run time they are only registered as such, below: inheriting would
# give each message a ``__dict__``, in which misspelt attributes are lost, and methods that know nothing of ours.
if TYPE_CHECKING:
    _Base = betterproto2.Message
else:
    _Base = object


@dataclass(init=False, eq=False, repr=False)
class _WithUnknownFields(_Base):
    """Makes ``dataclasses.replace`` hand the unknown fields to the constructor, while ``fields`` does not list them."""

    __slots__ = ()

    if not TYPE_CHECKING:  # a checker that saw it would want it in the __post_init__ of a user's subclass
        # Keyword-only, or it would come first in __match_args__.
        _unknown_fields: InitVar[bytes] = dataclasses.field(default=b"", kw_only=True)


# ``dataclass`` has read it. Python 3.10 cannot evaluate an InitVar for ``typing.get_type_hints``.
_WithUnknownFields.__annotations__.clear()


class _Description:
    """The attribute ``_betterproto``, in which functions such as ``betterproto2.which_one_of`` look fields up."""

    def __get__(self, message: object, cls: type[Any]) -> betterproto2.ProtoClassMetadata:
        # That of the generated class: what a subclass declares besides is no field of the schema.
        generated = generated_class(cls)
        if not generated._full_name:
            raise AttributeError(f"{cls.__name__} is no generated message class, so there is nothing to describe")
        if "_description" not in vars(generated):
            generated._description = betterproto2.ProtoClassMetadata(generated)
        known: betterproto2.ProtoClassMetadata = generated._description
        return known


def generated_class(cls: type[Any]) -> type[Any]:
    """Return the generated class that a message class is, or that a user derived it from."""
    return next((each for each in cls.__mro__ if vars(each).get("_full_name")), cls)


class Record(Listing, _WithUnknownFields):
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
    _field_by_tag: ClassVar[dict[int, Any]]
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
        # A user's own, or that of another base class.
        if cls.__post_init__ is not Record.__post_init__:
            cls.__post_init__ = _with_unknown_fields(cls.__post_init__)  # type: ignore[method-assign]

    def __post_init__(self, _unknown_fields: bytes | None = None) -> None:
        """Take the unknown fields from the constructor that ``@dataclass`` makes for a subclass."""
        if _unknown_fields is not None:  # a subclass's __post_init__ may call this, and gives none
            self._unknown_fields = _unknown_fields

    def _refuse(self, misspelt: dict[str, Any]) -> None:
        """Take ``_unknown_fields``, which only ``replace`` and copying pass; refuse any other unexpected argument."""
        self._unknown_fields = misspelt.pop("_unknown_fields", self._unknown_fields)
        for name in misspelt:
            raise TypeError(self._no_field(name))

    def _no_field(self, name: str) -> str:
        """Say that there is no field of a name, and which one has the most similar name."""
        near = nearest(str(name), [field.name for field in fields_of(type(self))])
        hint = f"; did you mean {near!r}?" if near else ""
        return f"{type(self).__name__} has no field {name!r}{hint}"

    def _refuse_two(self, oneof: str) -> None:
        """Refuse a constructor call that gives two members of a oneof."""
        values = dict(self._set())
        given = [field.proto_name for field in fields_of(type(self)) if field.oneof == oneof and field.name in values]
        raise ValueError(
            f"{type(self).__name__}: {given[0]} and {given[1]} are both given, but only one of oneof {oneof} can be set"
        )

    def __eq__(self, other: object) -> bool:
        """Whether both are of one class and hold the same, unknown fields included; NaN is equal to itself."""
        if type(self) is not type(other):
            return NotImplemented
        known = attributes_of(type(self))
        try:
            same = known.same(self, other)
        except AttributeError:
            assert isinstance(other, Record)
            same = known.same(_filled(self), _filled(other))
        if not same or not known.derived:
            return same
        return same_values([_present(self, known.own_compared)], [_present(other, known.own_compared)])

    __hash__ = None  # type: ignore[assignment]  # messages can change

    @recursive_repr("...")
    def __repr__(self) -> str:
        """Show what is set: ``Event(event_id='e1', type=<EventType.AGENT_START: 10>)``."""
        return f"{type(self).__name__}({', '.join([f'{name}={value!r}' for name, value in _shown(self)])})"

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        """Tell rich what is set, as ``repr`` shows it; a subclass's own fields are always shown."""
        yield from _shown(self)

    def __bool__(self) -> bool:
        """Whether anything is set, unknown fields included."""
        return _complete(self, _holds_anything)

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
        defaults = attributes_of(type(self)).defaults
        if name not in defaults:
            raise AttributeError(self._no_field(name))
        value, default = getattr(self, name, None), defaults[name]
        return value is not default and differs(value, default)

    def _set(self) -> list[tuple[str, Any]]:
        """The names and values of the fields that are set."""
        return _complete(self, _items)

    def _take(self, other: Self) -> None:
        """Hold what another message of this class holds, without copying it."""
        attributes_of(type(self)).share(self, other)

    @classmethod
    def _holding(cls, decoded: Any) -> Self:
        """Make a message of this class, which a user may have derived, of one of the generated class.

        Its constructor sets what the class has besides. What it sets of the fields is replaced: decoding gives what was
        encoded.
        """
        if decoded.__class__ is cls:
            same: Self = decoded
            return same
        try:
            made = cls()
        except TypeError as error:
            generated, name = generated_class(cls).__name__, cls.__name__
            way = f"give its arguments defaults, or decode with {generated}"
            raise TypeError(f"decoding makes a {name} by {name}(), but {error}; {way}") from error
        made._take(decoded)
        return made

    def _own(self) -> dict[str, Any]:
        """The attributes that a user's subclass has besides the fields of the schema."""
        own: dict[str, Any] = dict(getattr(self, "__dict__", {}))
        own.update(_present(self, attributes_of(type(self)).own_slots))
        return own

    def _take_own(self, own: dict[str, Any]) -> None:
        for name, value in own.items():
            object.__setattr__(self, name, value)  # as pickle does it, whatever the subclass does when one is set

    def __copy__(self, _: Any = None) -> Self:
        """Copy the message but not the values in it."""
        known = attributes_of(type(self))
        copied = new(type(self))
        _share(copied, self, known)
        if known.derived:
            copied._take_own(self._own())
        return copied

    def __deepcopy__(self, memo: Any = None) -> Self:
        """Copy the message and all values in it."""
        memo = {} if memo is None else memo
        known = attributes_of(type(self))
        copied = new(type(self))
        memo[id(self)] = copied  # before its values, because a message may, wrongly, contain itself
        _share(copied, self, known)
        for name in known.copied:
            value = getattr(copied, name)
            if value is not None:
                setattr(copied, name, _deep(value, memo))
        if known.derived:
            # One by one: the dict that holds them here is gone when the next message is copied, and its id with it.
            copied._take_own({name: _deep(value, memo) for name, value in self._own().items()})
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the values as they are, so that what could not be encoded survives too."""
        # As a state, which pickle looks at when it knows the message already: it may, wrongly, contain itself.
        state = (dict(self._set()), _unknown(self), self._own() if attributes_of(type(self)).derived else {})
        return _unset, (type(self),), state

    def __setstate__(self, state: tuple[dict[str, Any], bytes, dict[str, Any]]) -> None:
        values, self._unknown_fields, own = state
        for name, value in values.items():
            setattr(self, name, value)
        self._take_own(own)


betterproto2.Message.register(Record)


def _with_unknown_fields(post_init: Callable[..., None]) -> Callable[..., None]:
    """Let a ``__post_init__`` that a user wrote know nothing of the unknown fields, the first argument of each."""

    @functools.wraps(post_init)
    def wrapper(self: Record, *values: Any) -> None:
        # Called by the constructor that ``@dataclass`` made, and not by a subclass's __post_init__ or its wrapper.
        if values and type(self).__post_init__ is wrapper:
            self._unknown_fields, values = values[0], values[1:]
        post_init(self, *values)

    return wrapper


def _present(record: object, names: Iterable[str]) -> dict[str, Any]:
    """The attributes of these names, as far as they exist."""
    return {name: getattr(record, name) for name in names if hasattr(record, name)}


def _share(copied: Record, record: Record, known: Attributes) -> None:
    try:
        known.share(copied, record)
    except AttributeError:
        known.share(copied, _filled(record))


def _complete(record: Any, read: Callable[[Any], T]) -> T:
    """Read attributes; those that were deleted become what they are when they are not set."""
    try:
        return read(record)
    except AttributeError:
        return read(_filled(record))


def _items(record: Record) -> list[tuple[str, Any]]:
    return list(attributes_of(type(record)).each_set(record))


def _shown(record: Record) -> list[tuple[str, Any]]:
    known = attributes_of(type(record))
    shown = _complete(record, _items)
    if known.own:
        shown.extend(_present(record, known.own).items())
    if unknown := _unknown(record):
        shown.append(("_unknown_fields", unknown))
    return shown


def _holds_anything(record: Record) -> bool:
    return any(True for _ in attributes_of(type(record)).each_set(record)) or bool(record._unknown_fields)


def _unknown(record: Record) -> bytes:
    return _complete(record, _unknown_fields)


_unknown_fields: Callable[[Any], bytes] = attrgetter("_unknown_fields")


def _unset(cls: type[R]) -> R:
    """Make a message without its constructor, which a user's subclass may have replaced."""
    record = new(cls)
    for field in fields_of(cls):
        setattr(record, field.name, field.default())
    record._unknown_fields = b""
    return record


def _filled(record: R) -> R:
    """Copy a message of which attributes do not exist, as somebody deleted them or called no constructor."""
    filled = _unset(type(record))
    for name, value in _present(record, attributes_of(type(record)).names).items():
        setattr(filled, name, value)
    return filled


_ATOMS = {str, int, float, bool, NoneType, bytes, datetime, timedelta}
"""Types of values that cannot change."""


def _deep(value: Any, memo: dict[int, Any]) -> Any:
    """Do what ``copy.deepcopy`` does, in a fraction of its time for what messages hold."""
    kind: type[Any] = value.__class__
    if kind in _ATOMS or isinstance(value, Enum):
        return value
    copied: Any = memo.get(id(value))
    if copied is not None:
        return copied
    # Noted before the values in it are copied, as it may contain itself.
    if kind is dict:
        copied = memo[id(value)] = {}
        for key, item in value.items():
            copied[key if type(key) is str else _deep(key, memo)] = item if type(item) in _ATOMS else _deep(item, memo)
    elif kind is list:
        copied = memo[id(value)] = []
        for item in value:
            copied.append(item if type(item) in _ATOMS else _deep(item, memo))
    elif isinstance(value, Record):
        copied = value.__deepcopy__(memo)
    else:
        copied = copy.deepcopy(value, memo)
    return copied
