"""Whether the log of commits beside a database is whole: what SQLite cannot read of it, it ignores without a word.

Its format is that of https://www.sqlite.org/fileformat2.html#the_write_ahead_log: a header, and frames that hold a page
each. A frame belongs to the log if it has the header's salts and its checksum goes on from that of the frame before.

What a killed process leaves ends somewhere, maybe amid a frame. Behind that may stand frames of earlier rounds of the
log, which have other salts, and those of a transaction that was never committed. A commit with the log's salts, whose
checksum goes on from the frame before it, was once whole: so something between is damaged, or was lost in a power cut.
"""

from __future__ import annotations

from pathlib import Path
from struct import Struct
from typing import BinaryIO

from chaukas_spec_lite.spool import frames
from chaukas_spec_lite.spool.frames import Order

_MAGIC: dict[int, Order] = {0x377F0682: "little", 0x377F0683: "big"}
_HEADER = Struct(">8I")
_USUAL_PAGE = 8192
"""That of spool files (``spool._PAGE_SIZE``), should the header not tell."""


def damage(database: Path) -> str | None:
    """Say what is wrong with a database's log, if anything. Nobody may write to it meanwhile; raises ``OSError``.

    Takes some 40 us for a page in the log. A log that was deleted or cut off leaves no trace, nor does damage to the
    last commit, which looks like one that was never finished.
    """
    path = Path(f"{database}-wal")
    if not path.exists():
        return None
    size = path.stat().st_size
    if size and not database.stat().st_size:
        return f"it is empty, and {size} bytes of commits are in its log"
    with path.open("rb") as log:
        start = log.read(_HEADER.size)
        if len(start) < _HEADER.size:
            return None
        magic, _, page_size, _, *rest = _HEADER.unpack(start)
        sums = rest[2], rest[3]
        if magic not in _MAGIC or frames.checksum(start[:24], (0, 0), _MAGIC[magic]) != sums:
            return "the header of its log is damaged" if _has_frames(log, size) else None
        return _broken(log, page_size, (rest[0], rest[1]), sums, _MAGIC[magic])


def _has_frames(log: BinaryIO, size: int) -> bool:
    """Whether there are frames behind a damaged header; a power cut may leave nothing but zeros."""
    frame = frames.HEAD.size + _USUAL_PAGE
    for place in range(_HEADER.size, size - frame + 1, frame):
        log.seek(place)
        if any(log.read(frames.HEAD.size)):
            return True
    return False


def _broken(log: BinaryIO, page_size: int, salts: tuple[int, int], sums: tuple[int, int], order: Order) -> str | None:
    """Follow the frames to the end of what is whole, and look for commits behind it."""
    broken: int | None = None
    commits, certain, follows = 0, False, True
    count = frames.last_commit(log, page_size, salts)
    for number, frame in enumerate(frames.read(log, count, page_size, sums, order), 1):
        ours = frame.salts == salts and frame.page > 0
        if broken is None and not (ours and frame.whole):
            broken = number
        elif broken is not None and ours and frame.pages:
            commits += 1
            certain = certain or (follows and frame.whole)
        follows = ours
    return f"its log is damaged at frame {broken}, before some {commits} commits" if certain else None
