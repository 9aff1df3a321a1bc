"""What settings classes are made of: each field describes its meaning, unit, valid values and environment variable.

A settings class is a frozen dataclass. Its fields are made with ``field(default=..., metadata=about(...))``, or, which
is the same, with ``setting``, and its ``__post_init__`` calls ``check_fields``::

    @documented
    @dataclass(frozen=True, kw_only=True)
    class Backup:
        interval: float = field(
            default=60.0, metadata=about("The time between copies.", Number(above=0, unit="seconds"), "BACKUP_EVERY")
        )

        def __post_init__(self) -> None:
            check_fields(self)

From this one description come the check at construction, the reading of environment variables (``from_environment``),
the text of ``help(Backup)`` and the tables of the documentation (``describe``).
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.misspelt import refuse_unknown

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_ABOUT = "chaukas_spec_lite.about"
"""The key of a field's metadata."""

_MAX_WHOLE = 2**63 - 1
"""The largest whole number there is a use for: what fits into 64 bits."""


# Checks


def shown(value: object) -> str:
    """Return a wrong value as Python writes it, for errors, but not much of a long one.

    Of other objects than texts and numbers only the type is named: a dict may hold a password.
    """
    if value is not None and not isinstance(value, (str, int, float)):
        return type(value).__name__
    try:
        text = repr(value)
    except ValueError:  # From Python 3.11 on, an int of more than some 4,300 digits has no text.
        return "a number of thousands of digits"
    return text if len(text) <= 100 else f"{text[:80]}…"


class Check(Generic[T_co]):
    """Accepts a value, perhaps converted to a plain form, or raises an error. The base of the checks below."""

    unit = ""
    """What a number counts: ``seconds``, ``bytes``; empty if it counts nothing."""

    def __call__(self, value: object, name: str) -> T_co:
        """Return the value, perhaps converted (an int to a float, a list to a tuple).

        Args:
            value: What was given.
            name: The setting, or the environment variable, for the error.

        Raises:
            SettingTypeError: The value has the wrong type.
            SettingError: The value has the right type but cannot be used.
        """
        return self._take(value, name)

    def _take(self, value: object, name: str) -> T_co:
        raise NotImplementedError

    def read(self, text: str) -> object:
        """Convert the text of an environment variable to the type that ``__call__`` takes.

        Raises:
            ValueError: The text cannot be read.
        """
        return text


class Number(Check[float]):
    """A finite number with ``least <= value``, or else ``above < value``. A bool is no number here."""

    def __init__(self, *, least: float = 0.0, above: float | None = None, unit: str = "") -> None:
        self._least = least
        self._above = above
        self.unit = unit

    def _take(self, value: object, name: str) -> float:
        # bool is a subclass of int, but `timeout=True` is a mistake.
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise SettingTypeError(name, f"has to be a number{_of(self.unit)}, not {shown(value)}")
        try:
            number = float(value)
        except OverflowError:  # An int beyond all floats. The next line refuses it like any infinite number.
            number = math.inf
        if not math.isfinite(number) or not (self._least <= number if self._above is None else self._above < number):
            bound = f"at least {self._least}" if self._above is None else f"above {self._above}"
            raise SettingError(name, f"has to be {bound}, and finite, not {shown(value)}")
        return number

    def read(self, text: str) -> object:
        """Read a decimal number."""
        # `float` would also take underscores and the digits of other scripts.
        if not text.isascii() or "_" in text:
            raise ValueError
        return float(text)


class Whole(Check[int]):
    """A whole number from ``least`` to ``most``, both included. A bool is no number here."""

    def __init__(self, *, least: int = 1, most: int = _MAX_WHOLE, unit: str = "") -> None:
        self._least = least
        self._most = most
        self.unit = unit

    def _take(self, value: object, name: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise SettingTypeError(name, f"has to be a whole number{_of(self.unit)}, not {shown(value)}")
        if value < self._least:
            raise SettingError(name, f"has to be at least {self._least}, not {shown(value)}")
        if value > self._most:
            raise SettingError(name, f"has to be at most {self._most}, not {shown(value)}")
        return value

    def read(self, text: str) -> object:
        """Read decimal digits."""
        # `int` would also take spaces, underscores and other digits, and takes long for thousands of them.
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise ValueError
        return int(text)


class Text(Check[str]):
    """A ``str``."""

    def _take(self, value: object, name: str) -> str:
        if not isinstance(value, str):
            raise SettingTypeError(name, f"has to be a str, not {shown(value)}")
        return value


class Secret(Check[str]):
    """Printable ASCII without spaces, which errors never show."""

    def _take(self, value: object, name: str) -> str:
        if not isinstance(value, str):
            raise SettingTypeError(name, f"has to be a str, not {type(value).__name__} (its value is not shown)")
        if not value or any(not "!" <= character <= "~" for character in value):
            raise SettingError(name, "has to be printable ASCII without spaces (its value is not shown)")
        return value


class Texts(Check["tuple[str, ...]"]):
    """A sequence of ``str``, or one ``str`` with commas. Spaces around them and empty ones are left out."""

    def _take(self, value: object, name: str) -> tuple[str, ...]:
        # A str is a sequence of str, too: its letters. bytes are a sequence of numbers, with an error that would
        # confuse.
        parts: object = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, Sequence) or isinstance(parts, (bytes, bytearray, memoryview)):
            raise SettingTypeError(name, f"has to be text with commas or a sequence of str, not {shown(value)}")
        texts = [_TEXT(part, name).strip() for part in cast("Sequence[object]", parts)]
        return tuple(text for text in texts if text)


class Flag(Check[bool]):
    """True or False."""

    def _take(self, value: object, name: str) -> bool:
        if not isinstance(value, bool):
            raise SettingTypeError(name, f"has to be True or False, not {shown(value)}")
        return value


class OneOf(Check[str]):
    """One of a few texts."""

    def __init__(self, *choices: str) -> None:
        self._choices = choices

    def _take(self, value: object, name: str) -> str:
        if isinstance(value, str) and value in self._choices:
            return value
        kind = SettingError if isinstance(value, str) else SettingTypeError
        raise kind(name, f"has to be one of {', '.join(self._choices)}, not {shown(value)}")


class Instance(Check[C]):
    """An object of a class. ``instead`` is added to the error, to say what to write."""

    def __init__(self, cls: type[C], instead: str = "") -> None:
        self._cls = cls
        self._instead = instead

    def _take(self, value: object, name: str) -> C:
        if not isinstance(value, self._cls):
            hint = f"; {self._instead}" if self._instead else ""
            article = "an" if self._cls.__name__[0] in "AEIOU" else "a"
            # Only the type is shown: a wrong endpoint may hold a password.
            raise SettingTypeError(name, f"has to be {article} {self._cls.__name__}, not {type(value).__name__}{hint}")
        return value


class OrNone(Check["T | None"], Generic[T]):
    """None, or a value that another check accepts."""

    def __init__(self, check: Check[T]) -> None:
        self._check = check
        self.unit = check.unit

    def _take(self, value: object, name: str) -> T | None:
        return None if value is None else self._check(value, name)

    def read(self, text: str) -> object:
        """Read what the other check reads."""
        return self._check.read(text)


_TEXT = Text()

POSITIVE_SECONDS = Number(above=0, unit="seconds")
"""Checks a time within which something has to happen, so that 0 would make no sense."""


def _of(unit: str) -> str:
    return f" of {unit}" if unit else ""


# Metadata of fields


@dataclass(frozen=True)
class About:
    """The description of a settings field, which is stored in its metadata."""

    effect: str
    check: Check[object]
    variable: str = ""


def about(effect: str, check: Check[object], variable: str = "") -> dict[str, About]:
    """Make the metadata of a settings field.

    Args:
        effect: What the setting does, in whole sentences.
        check: Which values it takes; it also knows the unit.
        variable: The environment variable that is read where no argument is given.
    """
    return {_ABOUT: About(effect, check, variable)}


def setting(default: T, effect: str, check: Check[object], variable: str = "") -> T:
    """Make a field of a settings class that has a default; the other arguments are those of ``about``."""
    return field(default=default, metadata=about(effect, check, variable))


def check_fields(settings: DataclassInstance, prefix: str = "") -> None:
    """Check all fields of a settings object, and replace values by their plain forms (a list by a tuple).

    Args:
        settings: An object of a settings class, in its ``__post_init__``.
        prefix: Stands before each name in errors: ``"retry."`` makes ``retry.initial``.

    Raises:
        SettingTypeError: A value has the wrong type.
        SettingError: A value has the right type but cannot be used.
    """
    for each in fields(settings):
        given = getattr(settings, each.name)
        checked = _about(each).check(given, prefix + each.name)
        if checked is not given:
            object.__setattr__(settings, each.name, checked)  # The object is frozen, but not finished before this.


def from_environment(cls: type[DataclassInstance], environ: Mapping[str, str], given: Iterable[str]) -> dict[str, Any]:
    """Read the variables of a settings class.

    Args:
        cls: The settings class.
        environ: The environment. A variable that is set to nothing, or to spaces, counts as not set.
        given: The fields that have a value already: their variables are not looked at.

    Returns:
        The values by field, checked.

    Raises:
        SettingError: A variable holds what cannot be used; its ``name`` is the variable.
    """
    left_out = set(given)
    values: dict[str, Any] = {}
    for each in fields(cls):
        what = _about(each)
        text = environ.get(what.variable, "").strip() if what.variable else ""
        if text and each.name not in left_out:
            values[each.name] = _read(what, text)
    return values


def _read(what: About, text: str) -> object:
    try:
        value = what.check.read(text)
    except ValueError:
        value = text  # The check refuses a text, with an error that says what is expected.
    try:
        return what.check(value, what.variable)
    except SettingTypeError as error:  # A variable is always text, so its value is wrong, not its type.
        raise SettingError(error.name, error.message) from None


# Descriptions


@dataclass(frozen=True)
class Setting:
    """One setting, described for people."""

    name: str
    type: str
    """As it stands in the source: ``float``, ``str | None``."""
    default: str
    """As Python writes it; empty if the setting has to be given."""
    unit: str
    variable: str
    """The environment variable; empty if there is none."""
    effect: str


def describe(cls: type[Any]) -> tuple[Setting, ...]:
    """Describe the fields of a settings class, in their order.

    Args:
        cls: ``Settings``, ``ExportSettings``, ``RetryPolicy``, ``Keepalive``, ``Framing`` or another class whose fields
            are made with ``about``.
    """
    return tuple(_described(each) for each in fields(cls))


def documented(cls: type[C]) -> type[C]:
    """Append the descriptions of a settings class's fields to its docstring, so that ``help`` shows them.

    Its constructor answers a misspelt name with the nearest one.
    """
    lines = [(cls.__doc__ or "").rstrip(), "", "    Attributes:"]
    for each in describe(cls):
        kind = f"{each.type}, {each.unit}" if each.unit else each.type
        facts = f"Default: {each.default}." if each.default else "Has to be given."
        variable = f" Environment: {each.variable}." if each.variable else ""
        text = f"{each.name} ({kind}): {each.effect} {facts}{variable}"
        lines += textwrap.wrap(text, 112, initial_indent=" " * 8, subsequent_indent=" " * 12, break_on_hyphens=False)
    cls.__doc__ = "\n".join([*lines, "    "])
    _answer_misspelt(cls)
    return cls


def _answer_misspelt(cls: type[Any]) -> None:
    construct: Callable[..., None] = vars(cls)["__init__"]  # Made by `dataclass`, which knows no similar names.
    names = [each.name for each in fields(cls)]

    @wraps(construct)
    def init(self: object, *args: object, **kwargs: object) -> None:
        refuse_unknown(kwargs, names, listed=cls.__name__)
        construct(self, *args, **kwargs)

    cls.__init__ = init


def _described(each: Field[Any]) -> Setting:
    what = _about(each)
    default = "" if each.default is MISSING else repr(each.default)
    if each.default_factory is not MISSING:
        default = repr(each.default_factory())
    kind = each.type if isinstance(each.type, str) else each.type.__name__
    return Setting(each.name, kind, default, what.check.unit, what.variable, what.effect)


def _about(each: Field[Any]) -> About:
    what = each.metadata.get(_ABOUT)
    if not isinstance(what, About):
        raise TypeError(f"the field {each.name!r} says nothing about itself: give it metadata=about(...)")
    return what
