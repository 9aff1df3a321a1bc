"""The segments of one log, of which at most two are kept open: the first one that waits, and the one appended to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from chaukas_spec_lite.spool.errors import SpoolLost, translated
from chaukas_spec_lite.spool.frames import Entry
from chaukas_spec_lite.spool.segment import Reader, Start, Writer

ASIDE = ".corrupt"


def link(path: Path, other: Path, instead: Callable[[Path, Path], object]) -> None:
    """Give a file a second name; some systems know none, and Pyodide has no such call, so something else is done."""
    try:
        os.link(path, other)
    except (OSError, AttributeError):
        instead(path, other)


class Segments:
    """Opens, reads and removes them; what is in them ``Tally`` knows.

    Args:
        folder: That of the log.
        is_ours: Tells whether this is the log's own process; no other one deletes anything.
    """

    def __init__(self, folder: Path, is_ours: Callable[[], bool]) -> None:
        self.folder = folder
        self._is_ours = is_ours
        self.writer: Writer | None = None
        """The one that is appended to."""
        self.opened: dict[Start, Reader] = {}
        """Those that are kept open, so that they can be read whatever becomes of their names; ``writer`` is one."""

    def read(self, place: Start, stretches: Sequence[tuple[int, int]], stay_open: bool) -> Iterator[Entry]:
        """Read parts of a segment, of which all is damage if it is gone.

        Args:
            place: Where it begins.
            stretches: Where each part begins and ends.
            stay_open: Whether to keep it open, instead of another one.

        Raises:
            SpoolError: It cannot be read just now.
        """
        if not stretches:
            return
        is_open = place in self.opened
        try:
            reader = self.opened[place] if is_open else Reader.open(self.folder, place)
        except SpoolLost:
            yield from (Entry(*stretch, None) for stretch in stretches)
            return
        if stay_open and not is_open:
            self.close()
            self.opened[place] = reader
        try:
            for stretch in stretches:
                yield from reader.entries(*stretch)
        finally:
            if not (stay_open or is_open):
                reader.close()

    def check(self) -> None:
        """See whether what was appended last is still there, as ``Writer.check`` does."""
        if self.writer is not None:
            self.writer.check()

    def missing(self, places: Sequence[Start]) -> list[Start]:
        """List the segments that somebody deleted; one that is kept open is put back instead.

        Raises:
            OSError: They cannot be listed, or the disk has no room for that one.
        """
        there = set(os.listdir(self.folder))
        gone = [place for place in places if place.name not in there]
        for place in set(gone) & self.opened.keys():
            self.opened[place].copy(place.path(self.folder))
            gone.remove(place)
            self.forget(place)  # from here on the copy is what counts, whatever becomes of it
        return gone

    def set_aside(self, place: Start) -> None:
        """Give a damaged segment a second name, so that the first one can go as always; some file systems need a copy.

        Raises:
            SpoolError: The disk has no room for that.
        """
        path = place.path(self.folder)
        aside = self.folder.parent / f"{self.folder.name}-{path.name}{ASIDE}"
        with translated(path):
            if path.exists() and not aside.exists():
                link(path, aside, shutil.copyfile)

    def remove(self, place: Start) -> None:
        """Remove a segment, as far as that is possible now."""
        self.forget(place)
        if self._is_ours():
            with suppress(OSError):  # it goes when the log is closed
                place.path(self.folder).unlink(missing_ok=True)

    def forget(self, place: Start) -> None:
        """Close a segment, if it is open."""
        if (reader := self.opened.pop(place, None)) is not None:
            if reader is self.writer:
                self.writer = None
            reader.close()

    def close(self, writer: bool = False) -> None:
        """Close all, but for the one that is appended to, or that one, too."""
        for place, reader in list(self.opened.items()):
            if writer or reader is not self.writer:
                self.forget(place)
