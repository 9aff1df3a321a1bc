"""Encoding that loses no event for one odd value: what cannot be written is converted, and told.

``bytes(event)`` refuses what the schema does not take, because a program that encodes wants to know. A program that
records must not lose what happened because of a UUID in a dict. ``encode`` runs the strict encoder first; what does the
conversions is loaded when that has failed for the first time.
"""

# _encode is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from chaukas_spec_lite.lenient.notes import Conversion, EncodedEvent, Limits
from chaukas_spec_lite.message.message import Message

__all__ = ["Conversion", "EncodedEvent", "Limits", "encode"]

_ODD_NUMBER = re.compile(rb"\t\x11.{6}(?:[\x40-\xff][\x43\xc3]|.[\x44-\x7f\xc4-\xff])", re.DOTALL)
"""A Value of nine bytes that is a number of 2**53 and more, an infinity or NaN, which a double's last two bytes tell.

The strict encoder takes such numbers, but JSON has no infinity, and an id beyond 2**53 would lose its last digits.
Searching takes a twentieth of the time that encoding takes. Where other bytes of an event look like that, time is lost
and nothing else.
"""


DEFAULT = Limits()


def encode(
    event: Message,
    default: Callable[[Any], Any] | None = None,
    limits: Limits = DEFAULT,
    strictly: Callable[[Any], bytes] | None = None,
) -> EncodedEvent:
    """Encode an event whatever values it holds. The event is not changed.

    Args:
        event: The event, or any other message.
        default: Makes something else of a value that nothing is known about, as that of ``json.dumps``. Where it
            raises, or there is none, ``repr(value)`` is written.
        limits: How much is written.
        strictly: Encodes an event in which nothing is odd, in place of ``bytes``: for one that orders it otherwise.

    Returns:
        Bytes that any implementation reads, and what was converted; they are ``bytes(event)`` where nothing was. They
        are more than ``limits.event_bytes`` only where the event's ids and names alone are.

    Raises:
        TypeError: ``event`` is no message.
    """
    strict: bytes | Exception
    try:
        strict = event._encode(0).encode("latin-1") if strictly is None else strictly(event)
    except MemoryError:  # says nothing of a value
        raise
    except Exception as error:  # whatever it was: what follows looks at each value by itself
        if not isinstance(event, Message):  # asked here, because it takes as long as a small event
            raise TypeError(f"encode expects a message, got {type(event).__name__}") from None
        strict = error
    else:
        media = limits.media_bytes
        most = limits.event_bytes if media is None else min(media, limits.event_bytes)
        if len(strict) <= most and not _ODD_NUMBER.search(strict):
            return EncodedEvent(strict, [])
    from chaukas_spec_lite.lenient import encoding  # here, because few programs ever need it

    return encoding.encode(event, strict, default, limits)
