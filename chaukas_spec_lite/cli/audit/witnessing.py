"""What a witness has seen of a log, in a file, and what it does when the log has another history."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaukas_spec_lite.audit.notes import SignedNote
from chaukas_spec_lite.cli.log_checks import NotProvenError, RewrittenError, check_tenant, grown, signed
from chaukas_spec_lite.collector.private_files import write_whole
from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.sinks.locking import try_to_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from chaukas_spec_lite.audit.keys import SigningKey, VerifierKey
    from chaukas_spec_lite.cli.log_checks import Signed
    from chaukas_spec_lite.cli.logs import HttpLog


class StateInUseError(ChaukasError):
    """Another witness is between looking at the state and writing it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a round came to."""

    now: Signed
    before: Signed | None
    """What the witness had seen before; None the first time."""
    was_gone: bool = False
    """Whether the state was taken away since the round before: then it was compared with what this process had seen."""


class Witness:
    """Cosigns the checkpoints of a log, as long as it only grows.

    Args:
        key: The witness's.
        log_keys: The keys that are trusted to sign for the log.
        state: The file of the last checkpoint that it has seen.
        tenant: Whose log it has to be; None for whichever it is.
    """

    def __init__(self, key: SigningKey, log_keys: Sequence[VerifierKey], state: Path, tenant: str | None) -> None:
        self._key = key
        self._log_keys = log_keys
        self._state = state
        self._tenant = tenant
        self._last: Signed | None = None

    async def round(self, log: HttpLog, clock: Callable[[], float]) -> Seen:
        """Fetch the newest checkpoint, compare it with the last one that was seen, and cosign it.

        The state is on the disk before the cosignature goes out: otherwise a crash in between could let this witness
        cosign two histories. From reading the state to writing it, no other process has it: otherwise two that run at
        once could each follow another history.

        Args:
            log: The log.
            clock: Tells the seconds since 1970.

        Raises:
            RewrittenError: The log has another history. Both checkpoints are kept beside the state.
            NotProvenError: What it shows is no checkpoint of the log.
            StateInUseError: Another process is about to write the state.
            ChaukasError: It cannot be reached.
            OSError: The state cannot be read or written.
        """
        with _locked(self._state):
            seen = await self._compared(log)
            write_whole(self._state, seen.now.note)
            self._last = seen.now
        cosigned = SignedNote.parse(seen.now.note).cosign(self._key, int(clock()))
        log.cosigned(str(cosigned))
        return seen

    async def _compared(self, log: HttpLog) -> Seen:
        """Fetch the newest checkpoint, and see whether the log has grown out of the last one that was seen."""
        now = signed(await log.checkpoint(), self._log_keys, "the log's newest checkpoint")
        check_tenant(now, self._tenant)
        on_disk = self._read()
        # Both: the file may have been deleted meanwhile, or an older one put in its place.
        known = [each for each in (on_disk, self._last) if each is not None]
        for before in known:
            if before.checkpoint.origin != now.checkpoint.origin:
                names = f"{before.checkpoint.origin}, not of {now.checkpoint.origin}"
                raise NotProvenError(f"{self._state} is of the log {names}: each log needs a state of its own")
            try:
                await grown(log, before, now)
            except RewrittenError as error:
                kept = " and ".join(str(self._keep(each)) for each in (before, now))
                raise RewrittenError(f"{error}. It was not cosigned. Both checkpoints are kept: {kept}") from error
        newest = max(known, key=lambda each: each.checkpoint.size, default=None)
        return Seen(now, newest, on_disk is None and newest is not None)

    def _read(self) -> Signed | None:
        try:
            note = self._state.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        return signed(note, self._log_keys, f"the state {self._state}")

    def _keep(self, seen: Signed) -> Path:
        """Keep a checkpoint as evidence, under a name that no other one gets."""
        digest = hashlib.sha256(seen.note.encode()).hexdigest()[:16]
        path = self._state.with_name(f"{self._state.name}.evidence-{seen.checkpoint.size}-{digest}")
        write_whole(path, seen.note)
        return path


@contextmanager
def _locked(state: Path) -> Generator[None, None, None]:
    """Keep other witnesses from a state, by a lock on a file beside it: the state itself is replaced as a whole."""
    path = state.with_name(f"{state.name}.lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        taken = try_to_lock(descriptor)
        if taken is None:
            raise StateInUseError(f"{path} cannot be locked: the state has to be on a file system that has locks")
        if not taken:
            raise StateInUseError(f"another witness is using {state}: run one at a time for each key and log")
        yield
    finally:
        os.close(descriptor)  # which gives up the lock
