"""Proofs that can be checked offline: that an event is in a log, as C2SP's tlog-proof has it (c2sp.org/tlog-proof)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

from chaukas_spec_lite.audit.keys import VerifierKey, decode_base64
from chaukas_spec_lite.audit.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.errors import NoteError, ProofError

_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_PATH = 63
"""How many hashes a proof has at most: sizes of logs have 63 bits."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """The proof that an entry is in a log, with the checkpoint that it is proven against."""

    index: int
    """Which entry it is, counted from 0."""
    path: tuple[bytes, ...]
    """The hashes beside its way to the root, from below."""
    checkpoint: SignedNote
    """The log's checkpoint, with all its signatures."""
    extra: bytes = b""
    """Anything else, which is not proven."""

    def __str__(self) -> str:
        extra = [f"extra {_text(self.extra)}"] if self.extra else []
        lines = [_HEADER, *extra, f"index {self.index}", *map(_text, self.path)]
        return "\n".join([*lines, "", str(self.checkpoint)])

    @classmethod
    def parse(cls, text: str) -> InclusionProof:
        """Read a proof.

        Raises:
            ProofError: It is none.
        """
        head, _, note = text.partition("\n\n")
        lines = head.split("\n")
        if lines.pop(0) != _HEADER:
            raise ProofError(f"a proof begins with {_HEADER}")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = _bytes(lines.pop(0).removeprefix("extra "))
        found = re.fullmatch(r"index (0|[1-9][0-9]{0,18})", lines.pop(0) if lines else "", re.ASCII)
        if found is None or len(lines) > _MAX_PATH:
            raise ProofError("a proof has the number of its entry, and then a hash in each line")
        path = tuple(map(_bytes, lines))
        if any(len(each) != HASH_SIZE for each in path):
            raise ProofError(f"a hash has {HASH_SIZE} bytes")
        try:
            return cls(int(found[1]), path, SignedNote.parse(note), extra)
        except NoteError as error:
            raise ProofError(f"the checkpoint of the proof cannot be read: {error}") from error

    def verify(self, entry: bytes, origin: str, keys: Iterable[VerifierKey]) -> Checkpoint:
        """Check that it proves that an entry is in a log.

        Args:
            entry: The entry: the bytes of the event as the collector has them.
            origin: The log's name.
            keys: The keys that are trusted to sign for the log.

        Returns:
            The checkpoint that it is proven against.

        Raises:
            ProofError: It proves no such thing.
        """
        try:
            self.checkpoint.verify(keys)
            checkpoint = Checkpoint.of(self.checkpoint)
        except NoteError as error:
            raise ProofError(f"the checkpoint of the proof: {error}") from error
        if checkpoint.origin != origin:
            raise ProofError(f"the proof is of the log {checkpoint.origin!r}, not of {origin!r}")
        verify_inclusion(leaf_hash(entry), self.index, checkpoint.size, self.path, checkpoint.root)
        return checkpoint


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    if not (data := decode_base64(text)):
        raise ProofError(f"a line of the proof is not base64: {text[:100]!r}")
    return data
