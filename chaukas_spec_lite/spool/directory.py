"""The directory that processes share: whose each log is, and how much all of them hold."""

from __future__ import annotations

import logging
import os
import re
from collections import deque
from collections.abc import Callable, Collection
from pathlib import Path

from chaukas_spec_lite.spool import progress
from chaukas_spec_lite.spool.errors import SpoolError, SpoolNewer, translated
from chaukas_spec_lite.spool.lock import InUse
from chaukas_spec_lite.spool.log import PREFIX, Log
from chaukas_spec_lite.spool.segment import MAGIC, Start

logger = logging.getLogger("chaukas_spec_lite.export")

_NAME = re.compile(PREFIX + "[0-9a-f-]{36}")
"""Neither what people put beside the logs, nor what was set aside for them."""


class SpoolDirectory:
    """Finds and claims the logs that ended processes left.

    Args:
        path: The directory; it need not exist.
        read_note: Is given each log that is claimed, and may append what its note asks for.
    """

    def __init__(self, path: Path, read_note: Callable[[Log], object] = lambda log: None) -> None:
        self.path = path
        self._read_note = read_note
        self._left_alone: set[Path] = set()
        """Folders that were named to people, so that no search names them again."""
        self._listed: deque[Path] = deque()
        """What is still to be looked at of the last list of logs: there may be thousands, too many to list for each."""

    def logs(self) -> list[Path]:
        """The folders of all logs, oldest first.

        Raises:
            SpoolError: The directory cannot be read.
        """
        with translated(self.path):
            try:
                return sorted(path for path in self.path.iterdir() if _NAME.fullmatch(path.name))
            except FileNotFoundError:
                return []

    def bytes_waiting(self, besides: Path | None = None) -> int:
        """Tell how many bytes wait in all logs, as far as their owners have written down what is done.

        Args:
            besides: A log to leave out.

        Raises:
            SpoolError: The directory cannot be read.
        """
        return sum(_bytes_waiting(folder) for folder in self.logs() if folder != besides)

    def claim(self, last: Collection[Path] = ()) -> Log | None:
        """Claim a log with something in it that no living process has, if there is one.

        Those are looked at first that come after the one that was found last, so that each has its turn.

        Args:
            last: The folders of logs to claim only if there are no others, in the order of their turns.

        Raises:
            SpoolError: The directory cannot be read.
        """
        # First what is left of the old list, but for the last ones; only a new list can show that there is nothing.
        for is_new_list in (False, True):
            if is_new_list:
                turns = {folder: turn for turn, folder in enumerate(last)}
                self._listed = deque(sorted(self.logs(), key=lambda folder: turns.get(folder, -1)))
            while self._listed and (is_new_list or self._listed[0] not in last):
                log = self._try(self._listed.popleft())
                if log is not None:
                    if log.tally.pending or any(log.tally.gone):
                        return log
                    log.close()
        return None

    def leaves_some(self) -> bool:
        """Whether logs are there that can not be claimed, although no living process has them."""
        return any(os.path.exists(folder) for folder in self._left_alone)

    def _try(self, folder: Path) -> Log | None:
        try:
            log = Log.claim(folder)
            try:
                self._read_note(log)
                if log.tally.pending and not log.is_certain:
                    text = "It is not known how far %s was sent, as its progress is gone or damaged: some is sent again"
                    logger.warning(text, folder)
            except BaseException:  # whatever it is, the next search has to find it
                log.abandon()
                raise
            return log
        except InUse:  # the usual case here
            return None
        except SpoolError as error:
            if folder not in self._left_alone and os.path.exists(folder):
                self._left_alone.add(folder)
                text = "A log of the spool is left to a later version of this library: %s"
                if not isinstance(error, SpoolNewer):
                    text = "A log of the spool is left alone, as it cannot be opened: %s; this is tried again, and if "
                    text += "it lasts, mend the disk, or move the folder away"
                logger.warning(text, error)
        return None


def _bytes_waiting(folder: Path) -> int:
    try:
        places = Start.all_in(folder)
        size = sum(max(0, place.path(folder).stat().st_size - len(MAGIC)) for place in places)
        done = (progress.read(folder / "progress") or progress.Done()).before
    except OSError:  # its owner removes it just now, or nobody can read it
        return 0
    return max(0, size - max(0, done - places[0].position)) if places else 0
