"""The directory that processes share: which file is whose, and what becomes of files that cannot be used."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spool import quarantine
from chaukas_spec_lite.spool.file import Spool, SpoolBusy, SpoolError, SpoolNewer, SpoolUnusable

logger = logging.getLogger("chaukas_spec_lite.export")

PREFIX, SUFFIX = "spool-", ".sqlite3"
_TRIES = 10
"""How many new files are tried, as another process that searches the directory may claim one first."""


class SpoolDirectory:
    """Finds and claims spool files.

    Args:
        path: The directory; it is made when the first file is claimed.
        synchronous: What a commit waits for, see ``ExportSettings.synchronous``.
    """

    def __init__(self, path: Path, synchronous: str) -> None:
        self.path = path
        self._synchronous = synchronous
        self._left_alone: set[Path] = set()
        """Files that a log line has named, so that no search names them again."""

    def claim(self) -> Spool:
        """Claim a file that no living process has, or a new one.

        Raises:
            SpoolError: The directory cannot be used, or no file in it.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            files = self._files()
        except OSError as error:
            raise SpoolError(f"the directory {self.path} cannot be used: {error}") from error
        # Old files first: the events of an ended process then go out before anything that is emitted now.
        for file in files:
            spool = self._try(file)
            if spool:
                return spool
        for _ in range(_TRIES):
            # Between making a file and locking it another process may find it, and keep it.
            with contextlib.suppress(SpoolBusy):
                return Spool.claim(self.path / f"{PREFIX}{uuid7()}{SUFFIX}", self._synchronous, new=True)
        raise SpoolBusy(f"each new file in {self.path} is in use at once")

    def abandoned(self) -> Iterator[Spool]:
        """Claim the files that nobody has, one after the other; each is closed before the next."""
        try:
            files = self._files()
        except OSError as error:
            raise SpoolError(f"the directory {self.path} cannot be read: {error}") from error
        for file in files:
            spool = self._try(file)
            if spool:
                try:
                    yield spool
                finally:
                    spool.close()

    def claim_abandoned(self, after: Path | None = None) -> Spool | None:
        """Claim a file with events that no living process has, if there is one.

        Args:
            after: Where the last search ended: the files behind it are looked at first, so that each has its turn.

        Raises:
            SpoolError: The directory cannot be read.
        """
        try:
            files = self._files()
        except OSError as error:
            raise SpoolError(f"the directory {self.path} cannot be read: {error}") from error
        # Those behind ``after`` first (False sorts before True), each half in the order of names, which is that of age.
        for file in sorted(files, key=lambda file: after is not None and file <= after):
            spool = self._try(file)
            if spool is None:
                continue
            try:
                if spool.has_events():
                    return spool
                spool.close()
            except SpoolError as error:
                spool.close()
                self._reject(file, error)
        return None

    def quarantine(self, path: Path, error: SpoolUnusable) -> None:
        """Move a file that cannot be used out of the way."""
        quarantine.move(path, error.kind, error)

    def _files(self) -> list[Path]:
        return sorted(file for file in self.path.iterdir() if file.name.startswith(PREFIX) and file.suffix == SUFFIX)

    def _try(self, file: Path) -> Spool | None:
        try:
            return Spool.claim(file, self._synchronous)
        except SpoolBusy:
            # In use by a living process, which is the usual case here.
            return None
        except SpoolError as error:
            self._reject(file, error)
            return None

    def _reject(self, file: Path, error: SpoolError) -> None:
        if isinstance(error, SpoolUnusable):
            self.quarantine(file, error)
        elif file not in self._left_alone:  # once each: it is found again in every search
            self._left_alone.add(file)
            newer = isinstance(error, SpoolNewer)
            why = "to a later version of this library" if newer else "alone, as it cannot be opened"
            logger.warning("A spool file is left %s: %s.", why, error)
