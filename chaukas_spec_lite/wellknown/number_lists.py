r"""Long lists of numbers, such as embeddings, written and read at once.

In a ListValue each number is a record of eleven bytes: ``\n\t\x11`` (tag and length of the Value, the number's tag) and
eight of the double. So the n-th bytes of all records are a slice with a step of eleven.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack, unpack
from typing import Any

SEVERAL = 32
"""The length from which on this is clearly quicker than one number after another."""

RECORD = 11
_HEAD = b"\n\t\x11"
_EMPTY = _HEAD + bytes(8)
# No subclasses: bool is another kind of Value, and others may carry unknown fields.
_NUMBERS = frozenset((float, int))


def encode_numbers(values: Iterable[Any]) -> str | None:
    """Write a list of floats and ints as latin-1 text; ``None`` if anything else is in it."""
    if next(iter(values), None).__class__ not in _NUMBERS:  # lists of text are many
        return None
    numbers = tuple(values)  # what is checked is then what is written, whatever other threads do to the list
    if not _NUMBERS.issuperset(map(type, numbers)):
        return None
    n = len(numbers)
    packed = pack(f"<{n}d", *numbers)
    out = bytearray(_EMPTY * n)
    for place in range(8):
        out[len(_HEAD) + place :: RECORD] = packed[place::8]
    return out.decode("latin-1")


def decode_numbers(data: bytes, start: int, end: int) -> list[float] | None:
    """Read a ListValue that stands in ``data``; ``None`` if anything but numbers in their ordinary form is in it."""
    n, rest = divmod(end - start, RECORD)
    if rest or end > len(data) or not data.startswith(_HEAD, start):
        return None
    for place, byte in enumerate(_HEAD):
        if data[start + place : end : RECORD] != bytes((byte,)) * n:
            return None
    packed = bytearray(8 * n)
    for place in range(8):
        packed[place::8] = data[start + len(_HEAD) + place : end : RECORD]
    return [*unpack(f"<{n}d", packed)]
