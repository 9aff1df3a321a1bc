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
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer: Writer | None = None
        self._reader: Reader | None = None
        """Kept open, so that it can be read even if it is deleted."""

    def read(self, place: Start, stretches: Sequence[tuple[int, int]], keep: bool) -> Iterator[Entry]:
        """Read parts of a segment, of which all is damage if it is gone.

        Args:
            place: Where it begins.
            stretches: Where each part begins and ends.
            keep: Whether to keep it open.

        Raises:
            SpoolError: It cannot be read just now.
        """
        if not stretches:
            return
        try:
            reader = self._open(place)
        except SpoolLost:
            yield from (Entry(*stretch, None) for stretch in stretches)
            return
        is_open = reader in (self._reader, self.writer)
        if keep and not is_open:
            self.close_reader()
            self._reader = reader
        try:
            for stretch in stretches:
                yield from reader.entries(*stretch)
        finally:
            if not (keep or is_open):
                reader.close()

    def _open(self, place: Start) -> Reader:
        if self._reader is not None and self._reader.place == place:
            return self._reader
        if self.writer is not None and self.writer.place == place:
            return self.writer
        return Reader.open(self.folder, place)

    def retire(self, writer: Writer) -> None:
        """Go on with a segment that is not appended to any more: it stays open if it may be the first that waits."""
        if self._reader is None:
            self._reader = writer
        else:
            writer.close()

    def missing(self, places: Sequence[Start]) -> list[Start]:
        """List the segments that somebody deleted; the one that is kept open is put back instead.

        Raises:
            OSError: They cannot be listed, or the disk has no room for that one.
        """
        there = set(os.listdir(self.folder))
        gone = [place for place in places if place.name not in there]
        if (reader := self._reader) is not None and reader.place in gone:
            reader.copy(reader.place.path(self.folder))
            gone.remove(reader.place)
            self.close_reader()  # from here on the copy is what counts, whatever becomes of it
        return gone

    def keep(self, place: Start) -> None:
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
        self.close_reader(place)
        with suppress(OSError):  # it goes when the log is closed
            place.path(self.folder).unlink(missing_ok=True)

    def close_reader(self, place: Start | None = None) -> None:
        """Close the segment that is kept open, if it is this one, or whichever it is."""
        if self._reader is not None and place in (None, self._reader.place):
            self._reader.close()
            self._reader = None

    def forget(self, place: Start) -> None:
        """Close whatever is open of a segment."""
        self.close_reader(place)
        if (writer := self.writer) is not None and writer.place == place:
            self.writer = None
            writer.close()

    def close(self) -> None:
        """Close all."""
        self.close_reader()
        if self.writer is not None:
            self.forget(self.writer.place)
