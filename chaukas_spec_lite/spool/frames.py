"""The frames of SQLite's log of commits, many at a time: which of them are what was written.

The checksum of a frame goes on from that of the frame before it. Word by word, it is what comes before the word before,
plus the word before, plus the word, in 32 bits. Doing that for one frame after the other takes seconds for a long log.
So it is done for a thousand at once, each from the checksum that the frame before it says it has: a long integer holds
a word of each, in 64 bits, which sums fill slowly.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, Literal, NamedTuple

HEAD = Struct(">6I")
"""What stands before a page: its number, the size of the database if it ends a commit (or else 0), salts and sums."""

_MANY = 1024
_STEPS = 32
"""After so many steps sums may be close to 64 bits."""

Order = Literal["little", "big"]


class Frame(NamedTuple):
    """A frame; ``whole`` says whether it goes on from the one before it in the file."""

    page: int
    pages: int
    salts: tuple[int, int]
    whole: bool


def last_commit(log: BinaryIO, page_size: int, salts: tuple[int, int]) -> int:
    """Tell how many frames there are up to the last one that has these salts and ends a commit; 0 if none does.

    A log is written from its beginning again and again, and most of it may be of an earlier round.
    """
    start, size, last = log.tell(), HEAD.size + page_size, 0
    for number in range((os.fstat(log.fileno()).st_size - start) // size):
        head = os.pread(log.fileno(), HEAD.size, start + number * size)
        if len(head) == HEAD.size and HEAD.unpack(head)[1] and HEAD.unpack(head)[2:4] == salts:
            last = number + 1
    return last


def read(log: BinaryIO, count: int, page_size: int, sums: tuple[int, int], order: Order) -> Iterator[Frame]:
    """Read so many frames from where a log stands; ``sums`` are those of its header."""
    size = HEAD.size + page_size
    for done in range(0, count, _MANY):
        data = log.read(min(_MANY, count - done) * size)
        data = data[: len(data) // size * size]
        wholes = _compare(data, size // 4, sums, order)
        for number, whole in enumerate(wholes):
            page, pages, *salts, first, second = HEAD.unpack_from(data, number * size)
            yield Frame(page, pages, (salts[0], salts[1]), whole)
            sums = first, second


def checksum(data: bytes, sums: tuple[int, int], order: Order) -> tuple[int, int]:
    """Go on with a checksum; for what is short."""
    first, second = sums
    for place in range(0, len(data), 8):
        first = (first + int.from_bytes(data[place : place + 4], order) + second) & 0xFFFFFFFF
        second = (second + int.from_bytes(data[place + 4 : place + 8], order) + first) & 0xFFFFFFFF
    return first, second


def _compare(data: bytes, stride: int, sums: tuple[int, int], order: Order) -> list[bool]:
    """Say of each frame whether its checksum is right. ``stride`` is its size in words.

    All arrays hold words as they are in the file, or in the other order; what they are as numbers here does not matter.
    """
    words = array("I", data)
    first, second = (_swapped(words[place::stride]).tobytes() for place in (4, 5))  # big-endian in any log
    if order == "big":
        _swapped(words)
    lanes = _Lanes(len(first) // 4)
    older = lanes.split(sums[0].to_bytes(4, "little") + first[:-4])
    newer = lanes.split(sums[1].to_bytes(4, "little") + second[:-4])
    for step, place in enumerate((0, 1, *range(HEAD.size // 4, stride)), 1):
        even, odd = lanes.split(words[place::stride].tobytes())
        older, newer = newer, (older[0] + newer[0] + even, older[1] + newer[1] + odd)
        if step % _STEPS == 0:
            older, newer = lanes.cut(older), lanes.cut(newer)
    return lanes.equal((lanes.cut(older), lanes.split(first)), (lanes.cut(newer), lanes.split(second)))


def _swapped(words: array[int]) -> array[int]:
    words.byteswap()
    return words


_Pair = tuple[int, int]


class _Lanes:
    """Many words of 32 bits as two long integers, of those with even numbers and of those with odd ones."""

    def __init__(self, words: int) -> None:
        self._words = words
        self._half = (words + 1) // 2
        self._mask = ((1 << 64 * self._half) - 1) // ((1 << 64) - 1) * 0xFFFFFFFF

    def split(self, words: bytes) -> _Pair:
        both = int.from_bytes(words, "little")
        return both & self._mask, both >> 32 & self._mask

    def cut(self, pair: _Pair) -> _Pair:
        return pair[0] & self._mask, pair[1] & self._mask

    def equal(self, *compared: tuple[_Pair, _Pair]) -> list[bool]:
        even = odd = 0
        for one, other in compared:
            even |= one[0] ^ other[0]
            odd |= one[1] ^ other[1]
        lanes = (array("Q", each.to_bytes(8 * self._half, "little")) for each in (even, odd))
        return [not lane for pair in zip(*lanes, strict=True) for lane in pair][: self._words]
