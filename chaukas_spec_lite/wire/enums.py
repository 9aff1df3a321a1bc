"""The base class of every generated enum.

proto3 enums are open: a number without a name is a value too. Members have short names (``EventType.AGENT_START``); the
schema's names (``EventType.EVENT_TYPE_AGENT_START``) are aliases, and what JSON shows.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import betterproto2
from betterproto2.enum_ import _EnumMeta  # pyright: ignore[reportPrivateUsage]  # it has no public name

from chaukas_spec_lite.official_names import ENUM_NAMES, OfficialName, instead_of
from chaukas_spec_lite.wire.format import Table
from chaukas_spec_lite.wire.scalars import label_number, no_member

if TYPE_CHECKING:
    from typing_extensions import Self

E = TypeVar("E", bound="Enum")


class EnumType(_EnumMeta):
    """The type of enums. It answers for names that do not exist.

    From Python 3.12 on, ``__getattr__`` would make every ``EventType.AGENT_START`` take five times as long. There,
    Python's own traceback names the nearest member.
    """

    if not TYPE_CHECKING:  # a checker that saw __getattr__ would take every attribute to exist
        if sys.version_info < (3, 12):  # where every member is looked up by __getattr__ in any case

            def __getattr__(cls, name: str) -> Any:
                """Look up a member, which is no attribute in these versions."""
                try:
                    return cls._member_map_[name]
                except KeyError:
                    # Python calls this after the names below have raised their error, which is lost.
                    said = instead_of(name, cls, ENUM_NAMES[name]) if name in ENUM_NAMES else no_member(name, cls)
                    # Without an object, in which Python itself would look for the nearest name once more.
                    raise AttributeError(said, name=name, obj=None) from None

        def __getitem__(cls, name: str) -> Any:
            """Look up a member by its name."""
            try:
                return cls._member_map_[name]
            except KeyError:
                raise KeyError(no_member(name, cls)) from None


# In the metaclass: only classes have them, ``dir`` does not list them, and a member of such a name goes before them.
for _name, _instead in ENUM_NAMES.items():
    setattr(EnumType, _name, OfficialName(_name, _instead))


class Enum(betterproto2.Enum, metaclass=EnumType):
    """An open enum, with the interface of betterproto2's."""

    def __repr__(self) -> str:
        # As betterproto2's, but made once: an event has four members, which would take a fifth of its ``repr``.
        try:
            return self._repr
        except AttributeError:
            self._repr: str = f"<{type(self).__name__}.{self._name_ or '~UNKNOWN'}: {self._value_!r}>"
            return self._repr

    def __reduce_ex__(self, protocol: object) -> tuple[type[Self], tuple[int]]:
        # Python 3.11.0 to 3.11.3 would look a member up by its name, which an unknown number has not, and which warns.
        return type(self), (self._value_,)

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if isinstance(value, str):
            known = value in cls.__members__
            instead = f"{value!r} is no number; write {cls.__name__}[{value!r}]" if known else no_member(value, cls)
            raise ValueError(instead)
        return super()._missing_(value)  # type: ignore[no-untyped-call]  # betterproto2 leaves it untyped

    @classmethod
    def from_string(cls, name: str) -> Self:
        """Find a member by its name.

        Args:
            name: The short name (``AGENT_START``) or the schema's (``EVENT_TYPE_AGENT_START``).

        Raises:
            ValueError: No member has this name.
        """
        number = label_number(name, cls)
        # ``label_number`` reads ``__members__``, which warns of nothing.
        if isinstance(cls, DeprecatedMembers):
            _warn(cls, name)
        return cls(number)


class DeprecatedMembers(EnumType):
    """The type of enums of which some members are deprecated: looking one of those up by name warns."""

    if not TYPE_CHECKING:  # a checker that saw __getattribute__ would take every attribute to exist

        def __getattribute__(cls, name: str) -> Any:
            """Look up an attribute of the class, such as a member."""
            value = super().__getattribute__(name)
            if value.__class__ is cls:  # a member, not a method or the like
                _warn(cls, name)
            return value

        def __getitem__(cls, name: str) -> Any:
            """Look up a member by its name."""
            value = super().__getitem__(name)
            _warn(cls, name)
            return value


def _warn(cls: Any, name: str) -> None:
    """Warn the program that looked the member up (two calls above), if the member is deprecated."""
    if name in cls.deprecated_members():
        warnings.warn(f"{cls.__name__}.{name} is deprecated", DeprecationWarning, stacklevel=3)


def deprecated_constants(module: str, constants: Mapping[str, object]) -> Callable[[str], object]:
    """Make the ``__getattr__`` of a generated module, for the constants whose use warns."""

    def look_up(name: str) -> object:
        if name not in constants:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(f"{name} is deprecated", DeprecationWarning, stacklevel=2)
        return constants[name]

    return look_up


def members(cls: type[E], count: int) -> Table[E]:
    """List the values of an enum from 0 on, with or without a name: decoders find a value fastest in a list."""
    return [cls(number) for number in range(count)]


def members_by_number(cls: type[E]) -> dict[int, E]:
    """Make the table of an enum's members, for numbers too large or too sparse for a list."""
    return {int(member): member for member in cls}


def is_null_value(cls: type[Any]) -> bool:
    """Whether an enum is ``google.protobuf.NullValue``, whose JSON is ``null``."""
    return cls.__name__ == "NullValue" and cls.__module__ == "chaukas_spec_lite.spec.google.protobuf.struct"


def names_by_number(cls: type[betterproto2.Enum]) -> dict[int, str]:
    """The schema's name of each number; the first one, where several share it."""
    renamed = cls.betterproto_value_to_renamed_proto_names()
    return {int(member): renamed.get(int(member), member.name) for member in cls}


def members_by_name(cls: type[betterproto2.Enum]) -> dict[str, Any]:
    """The member for each name of the schema; the short names that Python code uses are not among them."""
    renamed = cls.betterproto_renamed_proto_names_to_value()
    if renamed:
        return {name: cls(number) for name, number in renamed.items()}
    members = dict(cls.__members__)
    full = cls.betterproto_value_to_renamed_proto_names()
    if not full:
        return members
    number, name = next(iter(full.items()))
    prefix = name.removesuffix(cls(number).name)
    return {
        name: member
        for name, member in members.items()
        if name.startswith(prefix) and members.get(name.removeprefix(prefix)) is member
    }
