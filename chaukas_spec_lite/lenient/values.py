"""Making what a Struct, a ListValue or a Value can hold out of anything: strict values stay as they are.

Depths are counted as encoders count them: a Value inside of a Struct stands two levels below it, because the entry is a
message too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import count, islice
from typing import Any, TypeGuard, TypeVar

from chaukas_spec_lite.lenient.notes import Limits, Notes, class_of, name_of, shown
from chaukas_spec_lite.lenient.table import Summary, kind_of, row_of
from chaukas_spec_lite.lenient.texts import SHORT, TextWriter, is_binary
from chaukas_spec_lite.wellknown.values import NO_KIND, NULL, Carrier, carry, carry_inner, inner_unknown_of, unknown_of
from chaukas_spec_lite.wellknown.writers import encode_value
from chaukas_spec_lite.wire.format import MAX_DEPTH
from chaukas_spec_lite.wire.scalars import is_dict

T = TypeVar("T")

EXACT = 1 << 53
"""Up to here, a double holds every integer."""

AROUND_MAX = MAX_DEPTH
"""How many containers may stand around a value. A step by the table counts, too: it could lead on without end."""


class Values:
    """One way through the plain values of a message."""

    def __init__(
        self, notes: Notes, texts: TextWriter, default: Callable[[Any], Any] | None, limits: Limits, items: int
    ) -> None:
        self._notes = notes
        self._texts = texts
        self._default = default
        self._shown = limits.shown
        self._left = limits.values
        """How many more values are looked at."""
        self._items = items
        """How many of each list or dict are written."""
        self.most = 0
        """How many the longest one has."""
        self._around: list[int] = []
        """The ids of what stands around the value, from the outermost one, to find what contains itself."""

    # Fields

    def struct(self, given: Any, depth: int, name: str) -> dict[str, Any] | None:
        """Make the content of a Struct field, or None if no message may stand so deep.

        Args:
            given: What the field holds.
            depth: The level of the Struct.
            name: The field's name, under which what is no dict is wrapped.
        """
        if depth > MAX_DEPTH - 2:
            return self._too_deep(given, depth, {})
        # A Value one level higher would hold this Struct. What may have to be wrapped stands in an entry: of an object
        # that becomes a dict after all, a level less is kept than there is room for.
        made = self.value(given, depth - 1 if issubclass(class_of(given), dict) else depth + 2)
        if is_dict(made):
            return made
        self._notes.tell(f"{name_of(given)} became the dict {{{name!r}: ...}}, as the field holds nothing but a dict")
        return {name: made}

    def array(self, given: Any, depth: int) -> list[Any] | None:
        """Make the content of a ListValue field, which stands at a level, or None if no message may stand so deep."""
        if depth > MAX_DEPTH - 1:
            return self._too_deep(given, depth, [])
        # As in a Struct.
        made = self.value(given, depth - 1 if issubclass(class_of(given), (list, tuple)) else depth + 1)
        if is_list(made):
            return made
        self._notes.tell(f"{name_of(given)} became a list with nothing else in it, as the field holds a list")
        return [made]

    def _too_deep(self, given: Any, depth: int, empty: T) -> T | None:
        if depth > MAX_DEPTH or not isinstance(given, (dict, list)) or given:
            became = f"became an empty {type(empty).__name__}" if depth <= MAX_DEPTH else "was left out"
            self._notes.lose(f"{_sized(given)} {became}, as it is nested deeper than can be read")
        return empty if depth <= MAX_DEPTH else None

    # Values

    def value(self, given: Any, depth: int) -> Any:
        """Make what a Value can hold, which stands at a level.

        It is as deep in Python's stack as the value is in others.
        """
        kind = class_of(given)
        if kind is str:
            return self._texts.made(given)
        if kind is bool or given is None or given is NULL or given is NO_KIND:
            return given
        if kind is int or kind is float:
            return self._number(given)
        notes, around = len(self._notes.steps), len(self._around)
        try:
            return self._other(given, depth)
        except MemoryError:
            raise
        except Exception as error:  # a value may raise anything as it is read
            del self._notes.steps[notes:], self._around[around:]
            return self._described(given, f", as it raised {type(error).__name__}")

    def _other(self, given: Any, depth: int) -> Any:
        kind = class_of(given)
        if issubclass(kind, Carrier):
            return self._carrier(given, depth)
        if issubclass(kind, (str, int, float)):
            return self._derived(given, depth)
        if is_binary(given) and (hashed := self._texts.hash_of(given)) is not None:
            return hashed
        if id(given) in self._around:
            mark = f"[contains itself: {_sized(given)}]"
            self._notes.lose(f"{name_of(given)} contains itself; the second time it became the text {mark}")
            return mark
        if len(self._around) >= AROUND_MAX:
            return self._deep(given)
        self._around.append(id(given))
        made = self._container(given, depth)
        self._around.pop()
        return made

    def _deep(self, given: Any) -> str:
        mark = f"[nested too deep: {_sized(given)}]"
        self._notes.lose(f"{name_of(given)}, nested deeper than can be read, became the text {mark}")
        return mark

    def _container(self, given: Any, depth: int) -> Any:
        kind = class_of(given)
        if issubclass(kind, dict):
            return self._entries(given, depth)
        if issubclass(kind, (list, tuple)):
            return self._list(given, depth)
        row = row_of(kind)
        if row is None:
            return self._unknown(given, depth)
        made = row.make(given)
        tell = self._notes.lose if isinstance(made, Summary) else self._notes.tell
        tell(f"{name_of(given)} became {row.said(made)}")
        if made is not given:
            return self.value(made, depth)
        return self._entries(given, depth) if issubclass(kind, Mapping) else self._list(given, depth)

    def _unknown(self, given: Any, depth: int) -> Any:
        if self._default is None:
            return self._described(given)
        default, self._default = self._default, None  # what it makes is not handed to it again
        try:
            made = default(given)
            if made is given:
                return self._described(given)
            self._notes.tell(f"{name_of(given)} became {kind_of(made)}, which default= made of it")
            return self.value(made, depth)
        finally:
            self._default = default

    def _described(self, given: Any, why: str = "") -> str:
        """Write the ``repr`` of a value that nothing better can be made of."""
        try:
            text = repr(given)
        except MemoryError:
            raise
        except Exception as error:  # of a class that somebody else wrote
            text = f"[{name_of(given)}, whose repr raises {type(error).__name__}]"
            self._notes.lose(f"{name_of(given)} became the text {text}{why}")
            return self._texts.made(text)
        if len(text) <= self._shown:
            self._notes.tell(f"{name_of(given)} became its repr, as text{why}")
            return self._texts.made(text)
        self._notes.lose(
            f"{name_of(given)} became the first {self._shown:,} of {len(text):,} characters of its repr{why}"
        )
        return self._texts.made(f"{text[: self._shown]}...")

    def _number(self, given: float) -> Any:
        if -EXACT <= given <= EXACT:
            return given
        if isinstance(given, int):
            self._notes.tell("int beyond 2**53 became text, as a number would lose its last digits")
            # Python refuses to print integers of more than some hundred digits, but in base 16.
            return str(given) if given.bit_length() < 2_000 else hex(given)
        if given - given == 0:  # it is finite
            return given
        name = "NaN" if given != given else "Infinity" if given > 0 else "-Infinity"
        self._notes.tell(f"float became the text {name!r}, as JSON has no such number")
        return name

    def _derived(self, given: Any, depth: int) -> Any:
        """Make a value of a class that is derived from ``str``, ``int`` or ``float``."""
        if isinstance(given, str):
            plain: Any = str.__str__(given)
        else:
            plain = int.__index__(given) if isinstance(given, int) else float.__float__(given)
        try:
            encode_value(given, depth)
        except MemoryError:
            raise
        except Exception as error:  # its own methods may raise anything
            plainly = f"became the {type(plain).__name__} that it is derived from"
            self._notes.tell(f"{name_of(given)} {plainly}, as encoding it raised {type(error).__name__}")
        return self.value(plain, depth)

    def _carrier(self, given: Carrier, depth: int) -> Any:
        """Keep what came off the wire with unknown fields. Only what a dict or a list holds can be odd."""
        if not isinstance(given, (dict, list)):
            return given
        made = self.value(dict(given) if is_dict(given) else [*given], depth)
        return carry(carry_inner(made, inner_unknown_of(given)), unknown_of(given))

    # Containers

    def items(self, given: Iterable[Any]) -> tuple[list[Any], str]:
        """Read a list, or what has items like one: as many as may be looked at, and what is to be said of the rest."""
        return self._read(self._series(given, iter, list, tuple), given)

    def pairs(self, given: Mapping[Any, Any]) -> tuple[list[tuple[Any, Any]], str]:
        """Read a mapping: as many entries as may be looked at, and what is to be said of the rest."""
        return self._read(self._series(given, lambda mapping: mapping.items(), dict), given)

    def take(self) -> bool:
        """Whether one more value may be looked at."""
        self._left -= 1
        return self._left >= 0

    def _list(self, given: Iterable[Any], depth: int) -> Any:
        items, rest = self.items(given)
        # The ListValue stands one level below the Value that holds it, its first Value another one.
        if depth > MAX_DEPTH - 2 and (items or depth == MAX_DEPTH):
            return self._deep(given)
        made = items if _are_numbers(items) else self._each(items, depth)
        return [*made, rest] if rest and depth < MAX_DEPTH - 1 else made

    def _each(self, items: list[Any], depth: int) -> list[Any]:
        made: list[Any] = []
        for position, item in enumerate(items):
            self._notes.enter(f"[{position}]")
            made.append(self.value(item, depth + 2))
            self._notes.leave()
        return made

    def _entries(self, given: Mapping[Any, Any], depth: int) -> Any:
        pairs, rest = self.pairs(given)
        if depth > MAX_DEPTH - 3 and (pairs or depth == MAX_DEPTH):
            return self._deep(given)
        made: dict[str, Any] = {}
        for key, item in pairs:
            self._notes.enter(f"[{shown(key)}]")
            plain = type(key) is str and len(key) <= SHORT and key.isascii() and key not in made
            name = key if plain else self._key(key, made)
            made[name] = self.value(item, depth + 3)
            self._notes.leave()
        if rest and depth < MAX_DEPTH - 2:
            made[self._free("...", made)] = rest
        return made

    def _series(self, given: Any, read: Callable[[Any], Iterable[Any]], *classes: type[Any]) -> Iterable[Any]:
        """Begin to read a container by its own method, or by that of the class it is derived from if that fails."""
        try:
            return read(given)
        except Exception as error:  # of a class that somebody else wrote
            base = next((each for each in classes if isinstance(given, each)), None)
            if isinstance(error, MemoryError) or base is None:
                raise
            plainly = f"was read as the {base.__name__} that it is derived from"
            self._notes.tell(f"{name_of(given)} {plainly}, as its own way raised {type(error).__name__}")
            return getattr(base, "items" if base is dict else "__iter__")(given)  # type: ignore[no-any-return]  # iterable

    def _read(self, series: Iterable[Any], given: Any) -> tuple[list[Any], str]:
        """Take as many items as may be looked at; return them, and what is to be said of the rest."""
        found: list[Any] = []
        most = min(self._items, self._left)
        problem = said = ""
        try:
            found.extend(islice(series, most + 1))  # in C, so that no other thread changes it meanwhile
        except MemoryError:
            raise
        except Exception as error:  # of a class that somebody else wrote
            problem = f"[cannot be read further: {type(error).__name__}]"
            said = f"was cut after its first {len(found):,}, as reading it further raised {type(error).__name__}"
        if len(found) > most:
            del found[most:]
            problem = f"[cut after {most:,}{_length(given)}]"
            said = f"{_length(given).strip()} was cut after {most:,} items".strip()
        self._left -= len(found)
        self.most = max(self.most, len(found))
        if said:
            self._notes.lose(f"{name_of(given)} {said}")
        return found, problem

    def _key(self, key: Any, taken: dict[str, Any]) -> str:
        """Make the text of a key, other than all before it."""
        told = len(self._notes.conversions)
        if isinstance(key, str):
            name = self._texts.made(str.__str__(key))
        elif key is None or isinstance(key, bool):
            name = {None: "null", True: "true", False: "false"}[key]
        elif type(key) in (int, float):
            name = repr(key)
        elif isinstance(key, bytes):
            name = self._texts.of_bytes(key)
        else:
            made = self.value(key, MAX_DEPTH - 3)
            name = made if isinstance(made, str) else shown(made)
        if not isinstance(key, str):
            self._notes.forget(told)
            self._notes.tell(f"key of type {name_of(key)} became the text {shown(name)}")
        return self._free(name, taken)

    def _free(self, name: str, taken: dict[str, Any]) -> str:
        """Make a key other than all before it. None of two keys that become the same text may be lost."""
        if name not in taken:
            return name
        # Nearly always the first number is free: there are as many as keys.
        free = next(each for n in count(len(taken) + 1) if (each := f"{name} ({n})") not in taken)
        self._notes.tell(f"the key {shown(name)} was there already, so this one became {shown(free)}")
        return free


def _are_numbers(items: list[Any]) -> bool:
    """Whether all items are numbers that JSON has, asked in C: embeddings have thousands."""
    if not items or not {float, int}.issuperset(map(type, items)):
        return False
    least, most = min(items), max(items)
    if least < -EXACT or most > EXACT:
        return False
    try:
        total: float = sum(items)
    except OverflowError:  # NaN has hidden an integer from min and max
        return False
    return total == total  # NaN, and other than itself, if one of them is


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a value is a list; for type checkers, one with items of any type."""
    return isinstance(value, list)


def _sized(value: Any) -> str:
    """Name a value by its type, and how much is in it if that can be told."""
    return name_of(value) + _length(value)


def _length(value: Any) -> str:
    try:
        return f" of {len(value):,}"
    except MemoryError:
        raise
    except Exception:  # it has no length, or is of a class that somebody else wrote
        return ""
