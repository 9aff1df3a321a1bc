"""Encoding a message that the strict encoder refuses, or that is too large: as a copy, made smaller until it fits."""

# _encode is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chaukas_spec_lite.lenient.messages import Messages
from chaukas_spec_lite.lenient.notes import EncodedEvent, Limits, Notes
from chaukas_spec_lite.lenient.texts import TextWriter, longest_that_fit
from chaukas_spec_lite.lenient.values import Values
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.message.record import generated_class
from chaukas_spec_lite.wire.fields import fields_of


class _Attempt:
    """One way through a message: what became of it, and what could be cut."""

    def __init__(
        self, message: Message, default: Callable[[Any], Any] | None, limits: Limits, longest: int | None, items: int
    ) -> None:
        notes = Notes(generated_class(type(message)).__name__)
        texts = TextWriter(notes, longest, limits.media_bytes)
        values = Values(notes, texts, default, limits, items)
        self.copy = Messages(notes, texts, values).whole(message)
        self.data = _bytes_of(self.copy, notes)
        self.conversions = notes.conversions
        self.sizes = texts.sizes
        """How many bytes each text has that may be cut."""
        self.most = values.most
        """How many items the longest list or dict has."""


def encode(
    message: Message, strict: bytes | Exception, default: Callable[[Any], Any] | None, limits: Limits
) -> EncodedEvent:
    """Encode a message.

    Args:
        message: The message.
        strict: Its strict encoding, or what the strict encoder raised.
        default: See ``lenient.encode``.
        limits: See ``lenient.encode``.
    """
    whole = _Attempt(message, default, limits, None, limits.values)
    data, told = whole.data, whole.conversions
    if not told and isinstance(strict, bytes):
        data = strict
    elif not told:  # such as a dict that another thread has changed
        notes = Notes(generated_class(type(message)).__name__)
        notes.tell(f"the event was encoded twice, as {type(strict).__name__} was raised the first time")
        told = notes.conversions
    if len(data) > limits.event_bytes:
        cut = _cut(whole, limits)
        data, told = cut.data, told + cut.conversions
    return EncodedEvent(data, told)


def _cut(whole: _Attempt, limits: Limits) -> _Attempt:
    """Cut the longest texts, and if that is not enough lists and dicts, all to the same number of items."""
    most, items, found = limits.event_bytes, limits.values, whole
    while True:
        longest = longest_that_fit(found.sizes, len(found.data) - most)
        cut = _Attempt(whole.copy, None, limits, longest, items)
        if len(cut.data) <= most or items == 0:
            return cut
        # In proportion, but by halves at most: where lists hold lists, each step does more than that.
        items = max(found.most * most // len(cut.data), found.most // 2)
        found = _Attempt(whole.copy, None, limits, None, items)


def _bytes_of(copy: Message, notes: Notes) -> bytes:
    """Encode a copy; if there is a value that nothing was made of after all, without the field that it is in."""
    try:
        return copy._encode(0).encode("latin-1")
    except MemoryError:
        raise
    except Exception:  # it would be a fault of this room, or a stack that is full: what can be saved is saved
        parts = [_part(copy, field.name, notes) for field in fields_of(type(copy))]
        return b"".join(parts)


def _part(copy: Message, name: str, notes: Notes) -> bytes:
    alone = type(copy)()
    setattr(alone, name, getattr(copy, name))
    try:
        return alone._encode(0).encode("latin-1")
    except MemoryError:
        raise
    except Exception as error:  # see above
        notes.enter(f".{name}")
        notes.lose(f"the field was left out, as encoding it raised {type(error).__name__}")
        notes.leave()
        return b""
