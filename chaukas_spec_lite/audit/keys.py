"""Keys that logs and witnesses sign with: Ed25519, by the package cryptography (extra ``audit``).

A key has a name, which stands beside its signatures. The public half is written as C2SP's signed-note has it,
``name+id+base64``. The file of the private half has one such line behind ``PRIVATE+KEY+``, as Go's tools write it, and
can be read by its owner alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from chaukas_spec_lite.errors import SettingError

ED25519, COSIGNATURE = 0x01, 0x04
"""The types of signatures: of a log; and of a witness, with the time."""

PRIVATE = "PRIVATE+KEY+"
"""What the line of a private half begins with."""

_KEY = re.compile(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)")
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a key."""

    name: str
    public: bytes
    """32 bytes."""
    kind: int = ED25519
    """What it signs: ``ED25519`` or ``COSIGNATURE``."""

    @property
    def key_id(self) -> bytes:
        """What tells it apart from others of its name: four bytes."""
        return hashlib.sha256(self.name.encode() + bytes([0x0A, self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return _line(self.name, self.key_id, self.kind, self.public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a key.

        Raises:
            SettingError: It is none.
        """
        name, key_id, kind, public = _parts(text.strip(), "key")
        key = cls(name, public, kind)
        if key.key_id != key_id:
            raise SettingError("key", f"is damaged: the id in it is not that of the key {name}")
        return key

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Say whether a signature is this key's, and of this message.

        Raises:
            ModuleNotFoundError: The extra ``audit`` is not installed.
        """
        ed25519 = _ed25519()
        from cryptography.exceptions import InvalidSignature

        try:
            ed25519.Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):  # the latter for bytes that are no key
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key with its private half."""

    name: str
    seed: bytes = field(repr=False)
    """The private half: 32 bytes."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[^+\s]+", self.name) or not self.name.isprintable():
            raise SettingError(
                "name", "of a key is text without spaces, plus signs and control characters, such as example.com/acme"
            )

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """Make a new key.

        Args:
            name: Its name, best that of a domain and a path, such as ``example.com/acme``.

        Raises:
            SettingError: The name cannot be one.
        """
        return cls(name, os.urandom(_KEY_BYTES))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SigningKey:
        """Read a key from its file.

        Raises:
            SettingError: The file has none.
            OSError: It cannot be read.
        """
        text = Path(path).read_text(encoding="utf-8", errors="replace").strip()
        if not text.startswith(PRIVATE):
            raise SettingError("key file", f"{path} has no private key; it would begin with {PRIVATE}")
        name, key_id, _, seed = _parts(text.removeprefix(PRIVATE), f"key file {path}")
        key = cls(name, seed)
        if key.verifier().key_id != key_id:
            raise SettingError("key file", f"{path} is damaged: the id in it is not that of the key {name}")
        return key

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the key to a new file that its owner alone can read.

        Raises:
            FileExistsError: There is such a file: a key is never written over.
            OSError: It cannot be written.
        """
        line = PRIVATE + _line(self.name, self.verifier().key_id, ED25519, self.seed)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(descriptor)

    def verifier(self, kind: int = ED25519) -> VerifierKey:
        """Return the public half.

        Args:
            kind: ``COSIGNATURE`` for that of a witness.
        """
        public = _ed25519().Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(self.name, public.public_bytes_raw(), kind)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message: 64 bytes."""
        signature: bytes = _ed25519().Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        return signature


def _ed25519() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ModuleNotFoundError as error:
        hint = "signatures need the package cryptography: pip install 'chaukas-spec-lite[audit]'"
        raise ModuleNotFoundError(hint, name=error.name) from error
    return ed25519


def _line(name: str, key_id: bytes, kind: int, key: bytes) -> str:
    return f"{name}+{key_id.hex()}+{base64.b64encode(bytes([kind]) + key).decode()}"


def decode_base64(text: str) -> bytes:
    """Read base64 in its one proper form; empty for anything else, as nothing is worth reading in another form."""
    try:
        data = binascii.a2b_base64(text)
    except ValueError:
        return b""
    # Only its one form comes out again, whatever else could be read.
    return data if binascii.b2a_base64(data, newline=False).decode() == text else b""


def _parts(text: str, what: str) -> tuple[str, bytes, int, bytes]:
    found = _KEY.fullmatch(text)
    data = decode_base64(found[3]) if found else b""
    if found is None or len(data) != 1 + _KEY_BYTES or data[0] not in (ED25519, COSIGNATURE):
        raise SettingError(what, "has to be name+id+base64, an Ed25519 key as signed notes have it")
    if not found[1].isprintable():
        raise SettingError(what, "has a name with control characters, which can hide what stands beside it")
    return found[1], bytes.fromhex(found[2]), data[0], data[1:]
