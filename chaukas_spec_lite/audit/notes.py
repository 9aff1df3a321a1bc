"""Signed notes and checkpoints: what a log signs about itself, and what witnesses sign about it.

The formats are C2SP's: signed-note (https://c2sp.org/signed-note), tlog-checkpoint, and tlog-cosignature with Ed25519.
A note is read whoever has signed it; it says something only once ``verify`` has named the keys that did.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from chaukas_spec_lite.audit.keys import COSIGNATURE, ED25519, SigningKey, VerifierKey, decode_base64
from chaukas_spec_lite.audit.merkle import HASH_SIZE
from chaukas_spec_lite.errors import NoteError

MAX_NOTE = 1_000_000
"""How many characters a note has at most."""
MAX_SIGNATURES = 100
"""How many signatures are looked at."""

_TIME = struct.Struct(">Q")
_LINE = re.compile("\u2014 (\\S+) (\\S+)\n")
_NOTE = re.compile("(?s:.*?)\n\n(?:\u2014 [^\n]*\n)+")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """A line below a note: who has signed it."""

    name: str
    """The key's name."""
    key_id: bytes
    """Four bytes that tell keys of the same name apart."""
    signature: bytes

    def __str__(self) -> str:
        return f"\u2014 {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text and its signatures."""

    text: str
    """What is signed, with its last newline."""
    signatures: tuple[NoteSignature, ...] = ()

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    @classmethod
    def parse(cls, text: str) -> SignedNote:
        """Read a note.

        Raises:
            NoteError: It is none.
        """
        if len(text) > MAX_NOTE:
            raise NoteError(f"a note has at most {MAX_NOTE} characters, not {len(text)}")
        if any(character < " " and character != "\n" for character in text):
            raise NoteError("a note holds a control character")
        if not _is_utf8(text):
            raise NoteError("a note holds a lone surrogate, which is no character")
        body, separator, lines = text.rpartition("\n\n")
        if not separator:
            raise NoteError("a note has an empty line between its text and its signatures")
        found = list(_LINE.finditer(lines))
        if not found or "".join(each[0] for each in found) != lines:
            raise NoteError("below its text, a note has signature lines only: an em dash, a name, a signature")
        if len(found) > MAX_SIGNATURES:
            raise NoteError(f"a note has at most {MAX_SIGNATURES} signatures, not {len(found)}")
        return cls(f"{body}\n", tuple(_signature(each[1], each[2]) for each in found))

    def sign(self, key: SigningKey) -> SignedNote:
        """Return the note with the signature of a log's key behind the others."""
        signature = NoteSignature(key.name, key.verifier().key_id, key.sign(self.text.encode()))
        return replace(self, signatures=(*self.signatures, signature))

    def cosign(self, key: SigningKey, seconds: int) -> SignedNote:
        """Return the note with the cosignature of a witness behind the others.

        Args:
            key: The witness's.
            seconds: When it signs, in seconds since 1970.
        """
        signed = _TIME.pack(seconds) + key.sign(_cosigned(self.text, seconds))
        signature = NoteSignature(key.name, key.verifier(COSIGNATURE).key_id, signed)
        return replace(self, signatures=(*self.signatures, signature))

    def verify(self, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
        """Return those of some keys that have signed it.

        Args:
            keys: The keys that are trusted. Signatures of others do not matter.

        Raises:
            NoteError: None of them has signed it, or a signature that says it is of one of them is not.
        """
        known = {(key.name, key.key_id): key for key in keys}
        signers: list[VerifierKey] = []
        for signature in self.signatures:
            key = known.get((signature.name, signature.key_id))
            if key is None:
                continue
            if not self._is_signed(key, signature.signature):
                raise NoteError(f"the signature of {signature.name} is not one of this text")
            if key not in signers:
                signers.append(key)
        if not signers:
            names = ", ".join(sorted({key.name for key in known.values()})) or "nobody"
            raise NoteError(f"it is not signed by whom it has to be: {names}")
        return signers

    def _is_signed(self, key: VerifierKey, signature: bytes) -> bool:
        if key.kind == ED25519:
            return key.has_signed(self.text.encode(), signature)
        if len(signature) < _TIME.size:
            return False
        (seconds,) = _TIME.unpack_from(signature)
        return key.has_signed(_cosigned(self.text, seconds), signature[_TIME.size :])


def notes_in(text: str) -> list[SignedNote]:
    """Read notes that stand one behind the other.

    Raises:
        NoteError: There is something else, too.
    """
    found = _NOTE.findall(text)
    if "".join(found) != text:
        raise NoteError("there is something else than notes, each of a text and signatures")
    return [SignedNote.parse(each) for each in found]


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _signature(name: str, encoded: str) -> NoteSignature:
    data = decode_base64(encoded)
    if len(data) < 5 or "+" in name:
        raise NoteError(f"the signature of {name} cannot be read")
    return NoteSignature(name, data[:4], data[4:])


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: its name, its size and its root."""

    origin: str
    """The log's name, such as ``example.com/acme``."""
    size: int
    """How many entries it has."""
    root: bytes
    """The root of the tree over them."""

    def note(self, *keys: SigningKey) -> SignedNote:
        """Return it as a note that is signed with keys of the log."""
        note = SignedNote(f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n")
        for key in keys:
            note = note.sign(key)
        return note

    @classmethod
    def of(cls, note: SignedNote) -> Checkpoint:
        """Read a note's text.

        Raises:
            NoteError: It is no checkpoint.
        """
        lines: Sequence[str] = note.text.split("\n")[:-1]
        if len(lines) < 3 or not all(lines):
            raise NoteError("a checkpoint has at least three lines, and no empty one: origin, size and root")
        origin, size, root, *_ = lines
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size, re.ASCII):
            raise NoteError(f"a checkpoint has the size of its log in the second line, not {size[:40]!r}")
        decoded = decode_base64(root)
        if len(decoded) != HASH_SIZE:
            raise NoteError("a checkpoint has the root of its log in the third line, in base64")
        return cls(origin, int(size), decoded)
