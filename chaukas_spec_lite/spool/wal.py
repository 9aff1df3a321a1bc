"""Whether SQLite's log of commits beside a database is whole: SQLite ignores, without a word, what it cannot read.

The format is https://www.sqlite.org/fileformat2.html#the_write_ahead_log: a header, then frames that hold one page
each. A frame belongs to the log if it has the header's salts and its checksum goes on from that of the frame before.

The log of a killed process may end in the middle of a frame. Behind that place there may be frames of earlier rounds of
the log, which have other salts, and frames of a transaction that was never committed. A commit that has the log's
salts, and whose checksum goes on from the frame before it, was once written as a whole. If such a commit stands behind
a frame that is not whole, then that frame was damaged, or lost in a power cut.

The checksum is a pair of sums over words of 32 bits, two words at a time::

    first  += word[i]     + second        (modulo 2**32)
    second += word[i + 1] + first

Python takes seconds to do that for a long log, frame by frame. Every frame also states its own checksum, which is where
the next frame goes on. So a thousand frames are summed at once, each from the stated checksum of the frame before it:
one long integer holds word ``i`` of all of them, each in a lane of 64 bits, and one addition adds to all lanes. A sum
grows by about 0.7 bits a step, so the lanes have to be cut back to 32 bits only now and then.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO, Literal, NamedTuple

Order = Literal["little", "big"]

_MAGIC: dict[int, Order] = {0x377F0682: "little", 0x377F0683: "big"}
_HEADER = Struct(">8I")
_HEAD = Struct(">6I")
"""What stands before a page: its number, the size of the database if it ends a commit (or else 0), salts and sums."""

_USUAL_PAGE = 8192
"""The page size of spool files (``file._PAGE_SIZE``), for a log whose header does not tell."""

_FRAMES_AT_ONCE = 1024
_STEPS_UNTIL_CUT = 32
"""After how many steps the sums may come close to the 64 bits of a lane."""


def damage(database: Path) -> str | None:
    """Say what is wrong with a database's log, if anything. Nobody may write to it meanwhile; raises ``OSError``.

    Takes some 40 us for a page in the log. A log that was deleted or cut off leaves no trace, nor does damage to the
    last commit, which looks like one that was never finished.
    """
    path = Path(f"{database}-wal")
    if not path.exists():
        return None
    size = path.stat().st_size
    # SQLite takes an empty database for a new one, and would throw its log away.
    if size and not database.stat().st_size:
        return f"it is empty, and {size} bytes of commits are in its log"
    with path.open("rb") as log:
        start = log.read(_HEADER.size)
        if len(start) < _HEADER.size:
            # A log shorter than its header has no frame, so no commit.
            return None
        magic, _, page_size, _, *rest = _HEADER.unpack(start)
        sums = rest[2], rest[3]
        if magic not in _MAGIC or checksum(start[:24], (0, 0), _MAGIC[magic]) != sums:
            return "the header of its log is damaged" if _has_frames(log, size) else None
        return _broken(log, page_size, (rest[0], rest[1]), sums, _MAGIC[magic])


def _has_frames(log: BinaryIO, size: int) -> bool:
    """Whether there are frames behind a damaged header; a power cut may leave nothing but zeros."""
    # The header's page size cannot be trusted, as it may be what is damaged.
    frame = _HEAD.size + _USUAL_PAGE
    for place in range(_HEADER.size, size - frame + 1, frame):
        log.seek(place)
        if any(log.read(_HEAD.size)):
            return True
    return False


def _broken(log: BinaryIO, page_size: int, salts: tuple[int, int], sums: tuple[int, int], order: Order) -> str | None:
    """Follow the frames to the end of what is whole, and look for commits behind it."""
    broken: int | None = None
    commits, certain, follows = 0, False, True
    count = _last_commit(log, page_size, salts)
    for number, frame in enumerate(read_frames(log, count, page_size, sums, order), 1):
        ours = frame.salts == salts and frame.page > 0
        # What comes first is where SQLite will stop reading.
        if broken is None and not (ours and frame.whole):
            broken = number
        elif broken is not None and ours and frame.pages:
            commits += 1
            # ``whole`` compares with the sums that the frame before states. After the first broken frame it
            # therefore proves something only if that frame is of this round of the log, too.
            certain = certain or (follows and frame.whole)
        follows = ours
    return f"its log is damaged at frame {broken}, before some {commits} commits" if certain else None


class Frame(NamedTuple):
    """A frame; ``whole`` says whether it goes on from the one before it in the file."""

    page: int
    pages: int
    salts: tuple[int, int]
    whole: bool


def _last_commit(log: BinaryIO, page_size: int, salts: tuple[int, int]) -> int:
    """Tell how many frames there are up to the last one that has these salts and ends a commit; 0 if none does.

    A log is written from its beginning again and again, and most of it may be of an earlier round.
    """
    start, size, last = log.tell(), _HEAD.size + page_size, 0
    for number in range((os.fstat(log.fileno()).st_size - start) // size):
        # ``pread`` leaves the position alone, from which ``read_frames`` goes on.
        head = os.pread(log.fileno(), _HEAD.size, start + number * size)
        if len(head) == _HEAD.size and _HEAD.unpack(head)[1] and _HEAD.unpack(head)[2:4] == salts:
            last = number + 1
    return last


def read_frames(log: BinaryIO, count: int, page_size: int, sums: tuple[int, int], order: Order) -> Iterator[Frame]:
    """Read so many frames from where a log stands; ``sums`` are those of its header."""
    size = _HEAD.size + page_size
    for done in range(0, count, _FRAMES_AT_ONCE):
        data = log.read(min(_FRAMES_AT_ONCE, count - done) * size)
        data = data[: len(data) // size * size]
        wholes = _compare(data, size // 4, sums, order)
        for number, whole in enumerate(wholes):
            page, pages, *salts, first, second = _HEAD.unpack_from(data, number * size)
            yield Frame(page, pages, (salts[0], salts[1]), whole)
            # What this frame states, right or wrong, is where the next one begins: so one damaged frame does not make
            # all behind it look damaged.
            sums = first, second


def checksum(data: bytes, sums: tuple[int, int], order: Order) -> tuple[int, int]:
    """Go on with a checksum over a short text: a header, or one frame in a test."""
    first, second = sums
    for place in range(0, len(data), 8):
        first = (first + int.from_bytes(data[place : place + 4], order) + second) & 0xFFFFFFFF
        second = (second + int.from_bytes(data[place + 4 : place + 8], order) + first) & 0xFFFFFFFF
    return first, second


def _compare(data: bytes, stride: int, sums: tuple[int, int], order: Order) -> list[bool]:
    """Say of each frame whether its checksum is right. ``stride`` is the size of a frame in words.

    The arrays swap bytes so that every word, read as little-endian, has the value that the log's byte order gives it.
    """
    words = array("I", data)
    first, second = (_swapped(words[place::stride]).tobytes() for place in (4, 5))  # big-endian in any log
    if order == "big":
        _swapped(words)
    lanes = _Lanes(len(first) // 4)
    older = lanes.split(sums[0].to_bytes(4, "little") + first[:-4])
    newer = lanes.split(sums[1].to_bytes(4, "little") + second[:-4])
    # In each step: newest = older + newer + word, which is what both lines of the formula say.
    # Words 0 and 1 are the page number and the database size. The salts (2, 3) and the sums (4, 5) are not summed, see
    # the format.
    for step, place in enumerate((0, 1, *range(_HEAD.size // 4, stride)), 1):
        even, odd = lanes.split(words[place::stride].tobytes())
        older, newer = newer, (older[0] + newer[0] + even, older[1] + newer[1] + odd)
        if step % _STEPS_UNTIL_CUT == 0:
            older, newer = lanes.cut(older), lanes.cut(newer)
    return lanes.equal((lanes.cut(older), lanes.split(first)), (lanes.cut(newer), lanes.split(second)))


def _swapped(words: array[int]) -> array[int]:
    words.byteswap()
    return words


_Pair = tuple[int, int]


class _Lanes:
    """Many words of 32 bits as two long integers: words with even numbers in one, words with odd numbers in the other.

    Each word so has 64 bits to itself, and what one lane carries over never reaches the next.
    """

    def __init__(self, words: int) -> None:
        self._words = words
        self._half = (words + 1) // 2
        # A one in every lane (a geometric series), times the lowest 32 bits.
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
