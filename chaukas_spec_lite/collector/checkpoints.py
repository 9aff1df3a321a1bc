"""The checkpoints of a store's log, read and kept: nothing damaged, and none of another log, is taken for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.collector.log_signer import LogSigner
from chaukas_spec_lite.collector.stores.event_log import EventLog, KeptCheckpoint
from chaukas_spec_lite.errors import NoteError, StoreError

_TRIES = 20
"""How often a note is merged with what others have made of it meanwhile."""


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint that a store has."""

    note: SignedNote
    checkpoint: Checkpoint


class Checkpoints:
    """Reads and keeps the checkpoints of a log.

    Args:
        log: The store's log.
        signer: Whose checkpoints they are.
    """

    def __init__(self, log: EventLog, signer: LogSigner) -> None:
        self._log = log
        self._signer = signer

    async def latest(self, tenant_id: str, at_most: int | None = None) -> SignedCheckpoint | None:
        """Return the checkpoint of the most entries, or of at most so many; None if there is none.

        Raises:
            StoreError: It is damaged.
        """
        before = None if at_most is None else at_most + 1
        for kept in await self._log.checkpoints(tenant_id, before, 1):
            return self._read(tenant_id, kept)
        return None

    def _read(self, tenant_id: str, kept: KeptCheckpoint) -> SignedCheckpoint:
        what = f"the checkpoint of {kept.size} entries that is kept for tenant {tenant_id!r}"
        try:
            note = SignedNote.parse(kept.note)
            checkpoint = Checkpoint.of(note)
        except NoteError as error:
            raise StoreError(f"{what} is damaged: {error}") from error
        if note.text != checkpoint.note().text:
            # Whoever has the database could have the log's key sign whatever stands behind the root.
            raise StoreError(f"{what} is damaged: it says more than origin, size and root")
        origin = self._signer.origin(tenant_id)
        if (checkpoint.origin, checkpoint.size) != (origin, kept.size):
            raise StoreError(f"{what} is not of the log {origin!r}, but of {checkpoint.origin!r}")
        return SignedCheckpoint(note, checkpoint)

    async def keep(
        self, tenant_id: str, found: SignedCheckpoint, change: Callable[[SignedNote], SignedNote], is_new: bool = False
    ) -> SignedNote:
        """Keep a checkpoint with other signatures, whatever others do to it at the same time.

        Args:
            tenant_id: Whose log it is of.
            found: The checkpoint.
            change: Returns a note of the same text with the signatures that it is to have.
            is_new: Whether none of its size was kept, as far as is known.

        Returns:
            The note that is kept now.

        Raises:
            StoreError: One of its size with another text is kept.
        """
        size, text = found.checkpoint.size, found.note.text
        note, former = found.note, "" if is_new else str(found.note)
        for _ in range(_TRIES):
            changed = str(change(note))
            if changed == former:
                return note
            kept = await self._log.keep_checkpoint(tenant_id, size, changed, former)
            note = self._read(tenant_id, KeptCheckpoint(size, kept)).note
            if note.text != text:
                raise StoreError(f"a checkpoint of {size} entries with another root is kept for tenant {tenant_id!r}")
            if kept == changed:
                return note
            former = kept
        raise StoreError(f"the checkpoint of {size} entries of tenant {tenant_id!r} is being changed by many at once")
