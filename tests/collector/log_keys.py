"""Keys and checkpoints that tests of the audit log are made with."""

from __future__ import annotations

from chaukas_spec_lite.audit.keys import COSIGNATURE, SigningKey, VerifierKey
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.collector.audit_log import LogSigning
from chaukas_spec_lite.collector.log_signer import LogSigner

NAME = "example.com/collector"
OLD, NEW = SigningKey(NAME, bytes(range(32))), SigningKey(NAME, bytes(range(1, 33)))
"""Two keys of one log."""
WITNESS, OTHER = (
    SigningKey("witness.example/w", bytes(range(2, 34))),
    SigningKey("other.example/w", bytes(range(3, 35))),
)
WITNESSES = (WITNESS.verifier(COSIGNATURE), OTHER.verifier(COSIGNATURE))

SIGNER = LogSigner((OLD,))
SIGNING = LogSigning(SIGNER, WITNESSES, 60.0)
KEYS = SIGNER.verifiers


def read(text: str, origin: str, keys: list[VerifierKey] = KEYS) -> Checkpoint:
    """Read a checkpoint that has to be signed by each of these keys."""
    note = SignedNote.parse(text)
    assert note.verify(keys) == keys
    checkpoint = Checkpoint.of(note)
    assert checkpoint.origin == f"{NAME}/tenant/{origin}"
    return checkpoint
