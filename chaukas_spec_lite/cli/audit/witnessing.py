"""What a witness has seen of a log, in a file, and what it does when the log has another history."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaukas_spec_lite.audit.notes import SignedNote
from chaukas_spec_lite.cli.log_checks import NotProvenError, RewrittenError, check_tenant, grown, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chaukas_spec_lite.audit.keys import SigningKey, VerifierKey
    from chaukas_spec_lite.cli.log_checks import Signed
    from chaukas_spec_lite.cli.logs import HttpLog


@dataclass(frozen=True, slots=True)
class Seen:
    """What a round came to."""

    now: Signed
    before: Signed | None
    """What the witness had seen before; None the first time."""


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

    async def round(self, log: HttpLog, clock: Callable[[], float]) -> Seen:
        """Fetch the newest checkpoint, compare it with the last one that was seen, and cosign it.

        The state is on the disk before the cosignature goes out: otherwise a crash in between could let this witness
        cosign two histories.

        Args:
            log: The log.
            clock: Tells the seconds since 1970.

        Raises:
            RewrittenError: The log has another history. Both checkpoints are kept beside the state.
            NotProvenError: What it shows is no checkpoint of the log.
            ChaukasError: It cannot be reached.
            OSError: The state cannot be read or written.
        """
        now = signed(await log.checkpoint(), self._log_keys, "the log's newest checkpoint")
        check_tenant(now, self._tenant)
        before = self._read()
        if before is not None:
            if before.checkpoint.origin != now.checkpoint.origin:
                names = f"{before.checkpoint.origin}, not of {now.checkpoint.origin}"
                raise NotProvenError(f"{self._state} is of the log {names}: each log needs a state of its own")
            try:
                await grown(log, before, now)
            except RewrittenError as error:
                kept = " and ".join(str(self._keep(each)) for each in (before, now))
                raise RewrittenError(f"{error}. It was not cosigned. Both checkpoints are kept: {kept}") from error
        write_whole(self._state, now.note)
        cosigned = SignedNote.parse(now.note).cosign(self._key, int(clock()))
        log.cosigned(str(cosigned))
        return Seen(now, before)

    def _read(self) -> Signed | None:
        try:
            note = self._state.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return signed(note, self._log_keys, f"the state {self._state}")

    def _keep(self, seen: Signed) -> Path:
        """Keep a checkpoint as evidence, under a name that no other one gets."""
        digest = hashlib.sha256(seen.note.encode()).hexdigest()[:16]
        path = self._state.with_name(f"{self._state.name}.evidence-{seen.checkpoint.size}-{digest}")
        write_whole(path, seen.note)
        return path


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it holds all of the old text or all of the new one, whatever happens."""
    descriptor, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}-")
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(descriptor)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    if os.name == "posix":
        # The new name, too, has to be on the disk.
        folder = os.open(path.absolute().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
