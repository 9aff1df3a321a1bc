"""Who signs for the audit log: the collector's keys, all of one name, which is the log's identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaukas_spec_lite.audit.keys import SigningKey, VerifierKey
from chaukas_spec_lite.audit.notes import MAX_NOTE, Checkpoint, SignedNote
from chaukas_spec_lite.audit.origins import origin_of
from chaukas_spec_lite.errors import NoteError, SettingError

MAX_ORIGIN = MAX_NOTE // 2
"""How many characters the name of a log has at most, with its tenant's id: the rest of a note is for signatures."""
MAX_KEYS = 10
"""How many keys sign at once. A key that changes needs two; a note has room for a hundred signatures."""


@dataclass(frozen=True, slots=True)
class LogSigner:
    """Signs checkpoints, and knows those that it has signed.

    Args:
        keys: The keys, the first of which gives the log its name.
    """

    keys: tuple[SigningKey, ...]

    @classmethod
    def read(cls, paths: Sequence[Path]) -> LogSigner:
        """Read the keys.

        Raises:
            SettingError: A file cannot be read or has no key, the keys do not go together, or an extra is missing.
        """
        try:
            keys = tuple(map(SigningKey.read, paths))
            verifiers = {key.verifier() for key in keys}
        except OSError as error:
            raise SettingError("audit_key", f"{error.filename} cannot be read: {error.strerror or error}") from None
        except ModuleNotFoundError as error:
            raise SettingError("audit_key", str(error)) from None
        names = sorted({key.name for key in keys})
        if len(names) > 1:
            raise SettingError(
                "audit_key", f"the keys of one log have one name, and these have several: {', '.join(names)}"
            )
        if len(verifiers) < len(keys):
            raise SettingError("audit_key", f"the same key of {names[0]} is given twice")
        if len(keys) > MAX_KEYS:
            raise SettingError("audit_key", f"{len(keys)} keys are more than the {MAX_KEYS} that sign at once")
        return cls(keys)

    @property
    def name(self) -> str:
        """The log's name."""
        return self.keys[0].name

    @property
    def verifiers(self) -> list[VerifierKey]:
        """The public halves."""
        return [key.verifier() for key in self.keys]

    def origin(self, tenant_id: str) -> str:
        """The name of a tenant's log."""
        return origin_of(self.name, tenant_id)

    def can_sign(self, tenant_id: str) -> bool:
        """Whether checkpoints can hold the name of a tenant's log."""
        return len(self.origin(tenant_id)) <= MAX_ORIGIN

    def sign(self, tenant_id: str, size: int, root: bytes) -> SignedNote:
        """Make a checkpoint of a tenant's log, signed with each key."""
        return Checkpoint(self.origin(tenant_id), size, root).note(*self.keys)

    def completed(self, note: SignedNote) -> SignedNote:
        """Return a checkpoint with the signatures of those keys that have not signed it."""
        signed = {(each.name, each.key_id) for each in note.signatures}
        for key in self.keys:
            if (key.name, key.verifier().key_id) not in signed:
                note = note.sign(key)
        return note

    def has_signed(self, note: SignedNote) -> bool:
        """Whether one of the keys has signed a note."""
        try:
            return bool(note.verify(self.verifiers))
        except NoteError:
            return False
