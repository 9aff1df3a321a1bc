"""The first look at an event: all texts that leave with it, read without a copy, to see which rules may find something.

Only plain values can be looked at: the object that stands for one may say something else when it is encoded later. An
event that holds anything else is converted first, by the table of lenient encoding, and what is sent is what was
looked at.
"""

# _unknown_fields is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chaukas_spec_lite.lenient.messages import Messages
from chaukas_spec_lite.lenient.notes import Limits, Notes, class_of
from chaukas_spec_lite.lenient.texts import TextWriter
from chaukas_spec_lite.lenient.values import Values, is_list
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.redaction.fields import Treatment, classes, treatments
from chaukas_spec_lite.wellknown.values import Carrier, NoKindType, NullType, UnknownDict, UnknownStr
from chaukas_spec_lite.wire.attributes import attributes_of
from chaukas_spec_lite.wire.scalars import is_dict

DEEPEST = 60
"""How many dicts and lists may stand in one another; a Struct of more could not be read (33 dicts, 49 lists)."""
NUMBER_LEAST = 10**12
"""A number from here on may be that of a card."""
_ATOMS = frozenset({bool, type(None), NullType, NoKindType})
_NUMBERS = frozenset({bool, int, float, type(None)})
_KINDS: dict[Treatment, tuple[type[Any], ...]] = {
    Treatment.NUMBER: (int, float, datetime),
    Treatment.NOTE: (list, dict, Message),
}


class OddValueError(Exception):
    """A value is no plain one, or stands too deep."""


class Look:
    """The texts of an event that may hold secrets, and its keys, in no order in particular."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def message(self, message: Message, depth: int = 0) -> None:
        """Read a message.

        Raises:
            OddValueError: It holds something else than plain values.
        """
        cls = type(message)
        known = treatments(cls)
        for name, value in attributes_of(cls).each_set(message):
            treatment = known[name]
            if treatment is Treatment.MESSAGE or treatment is Treatment.MESSAGES:
                self._messages(value, classes(cls)[name], treatment is Treatment.MESSAGES, depth)
            else:
                self._field(treatment, value)
        if message._unknown_fields:
            self._bytes(message._unknown_fields)

    def _messages(self, value: Any, cls: type[Any], several: bool, depth: int) -> None:
        if depth > DEEPEST or (several and class_of(value) is not list):
            raise OddValueError
        for each in [*value] if several else [value]:
            if not isinstance(each, cls):
                raise OddValueError
            self.message(each, depth + 1)

    def _field(self, treatment: Treatment, value: Any) -> None:
        if treatment is Treatment.TEXT or treatment is Treatment.ID:
            self._text(value, treatment is Treatment.TEXT)
        elif treatment is Treatment.TEXTS or treatment is Treatment.IDS:
            if class_of(value) is not list:
                raise OddValueError
            for each in [*value]:
                self._text(each, treatment is Treatment.TEXTS)
        elif treatment is Treatment.STRUCT:
            if class_of(value) not in (dict, UnknownDict):
                raise OddValueError
            self.value(value, 0)
        elif treatment is Treatment.JSON:
            self.value(value, 0)
        elif treatment is Treatment.BINARY:
            self._bytes(value)
        elif not isinstance(value, _KINDS[treatment]):
            raise OddValueError

    def _text(self, value: Any, wanted: bool) -> None:
        if type(value) is not str and type(value) is not UnknownStr:
            raise OddValueError
        if wanted:
            self.found.append(value)

    def value(self, value: Any, depth: int) -> None:
        """Read what a Struct can hold.

        Raises:
            OddValueError: It holds something else, or is nested too deep.
        """
        kind = class_of(value)
        if kind is str:
            self.found.append(value)
        elif kind in _ATOMS:
            return
        elif kind is int or kind is float:
            self._number(value)
        elif depth > DEEPEST:
            raise OddValueError
        elif kind is dict:
            self._entries(value, depth)
        elif kind is list:
            self._items(value, depth)
        elif isinstance(value, Carrier):
            self._carrier(value, depth)
        else:
            raise OddValueError

    def _entries(self, value: dict[Any, Any], depth: int) -> None:
        for key, item in [*value.items()]:  # in C, so that no other thread changes it meanwhile
            if type(key) is not str:
                raise OddValueError
            self.found.append(key)
            if type(item) is str:  # nearly half of all values
                self.found.append(item)
            else:
                self.value(item, depth + 1)

    def _items(self, value: list[Any], depth: int) -> None:
        items = [*value]
        if len(items) > 32 and _NUMBERS.issuperset(map(type, items)):  # embeddings have thousands
            self.found.extend(text for each in items if (text := digits_of(each)))
            return
        for item in items:
            self.value(item, depth + 1)

    def _number(self, value: float) -> None:
        text = digits_of(value)
        if text:
            self.found.append(text)

    def _carrier(self, value: Any, depth: int) -> None:
        self._bytes(value.unknown + value.inner_unknown)
        if is_dict(value):
            self._entries(value, depth)
        elif is_list(value):
            self._items(value, depth)
        elif isinstance(value, str):
            self.found.append(str.__str__(value))
        elif isinstance(value, (int, float)):
            self._number(value)

    def _bytes(self, value: Any) -> None:
        if not isinstance(value, bytes):
            raise OddValueError
        self.found.append(text_in(value))


def text_in(data: bytes) -> str:
    """Make text of bytes, without loss, in which all that is ASCII can be found."""
    return data.decode("latin-1")


def digits_of(number: Any) -> str:
    """Write a whole number that may be that of a card; nothing of others."""
    if number is None or not (NUMBER_LEAST <= number < 1e19) or number % 1:
        return ""
    return str(int(number))


class _Looking(TextWriter):
    """Writes bytes as text that shows the secrets in them, if there are any: base64 would hide them."""

    def __init__(self, notes: Notes, finds: Callable[[str], bool]) -> None:
        super().__init__(notes, None, None)
        self._finds = finds

    def hash_of(self, value: bytes | bytearray | memoryview[int]) -> str | None:
        """Return the text of bytes in a Struct with secrets in them; None for others, which become base64."""
        data = bytes(value)
        for text in (data.decode(errors="replace"), text_in(data)):
            if self._finds(text):
                return text
        return None

    def of_bytes(self, value: Any) -> str:
        """Return the text of bytes where text is expected."""
        return self.hash_of(value) or super().of_bytes(value)


def converted(event: Event, default: Callable[[Any], Any] | None, finds: Callable[[str], bool]) -> Event:
    """Copy an event, with plain values for all that are none, as lenient encoding makes them.

    Args:
        event: The event, which stays as it is.
        default: Makes something else of a value that nothing is known about.
        finds: Whether there are secrets in a text.
    """
    notes = Notes("Event")
    texts = _Looking(notes, finds)
    limits = Limits()
    values = Values(notes, texts, default, limits, limits.values)
    return Messages(notes, texts, values).whole(event)
