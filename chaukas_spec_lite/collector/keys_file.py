"""The file of keys: who has one, as hashes. A key is shown once, when it is made, and stands nowhere.

The file is JSON, readable for its owner alone, and replaced as a whole, so that nobody ever reads half of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.settings import Flag, Text
from chaukas_spec_lite.spool.lock import InUse, Lock

PREFIX = "ck"
"""What every key begins with, so that scanners for secrets can find one that went astray."""

_VERSION = 1
_ID_BYTES = 5
_SECRET_BYTES = 24
_SALT_BYTES = 16
_SCRYPT: Mapping[str, int] = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
"""16 MiB and about 50 ms, as OWASP's cheat sheet on storing passwords has it for interactive use."""

_LOCK_SECONDS = 10.0
_LOCK_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key as the file has it."""

    id: str
    """What is looked up; no secret."""
    tenant: str
    project: str | None = None
    """None for all projects of the tenant."""
    read: bool = True
    write: bool = True
    certificate: str = ""
    """The name in a client's certificate that stands for the key; empty for a key with a secret."""
    salt: str = ""
    """Hexadecimal, and the next one, too."""
    hash: str = ""
    created: str = ""
    """When it was made, ISO 8601."""


def hashed(secret: str, salt: str) -> str:
    """Hash a key's secret; takes tens of milliseconds, so not on an event loop.

    Args:
        secret: The part behind the id.
        salt: The entry's, hexadecimal.
    """
    return hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), **_SCRYPT).hex()


def split(key: str) -> tuple[str, str] | None:
    """Return a key's id and its secret, or None for what is no key."""
    prefix, _, rest = key.partition("_")
    id_, _, secret = rest.partition("_")
    return (id_, secret) if prefix == PREFIX and id_ and secret else None


def read(path: Path) -> dict[str, KeyEntry]:
    """Read the keys by their ids.

    Raises:
        SettingError: The file cannot be read, or is no file of keys.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = ": make it with chaukas-lite keys add" if isinstance(error, FileNotFoundError) else ""
        raise SettingError("keys", f"{path} cannot be read: {error.strerror or error}{hint}") from error
    except ValueError as error:
        raise SettingError("keys", f"{path} is no file of keys: {error}") from error
    try:
        if data["version"] != _VERSION:
            raise SettingError("keys", f"{path} was made by a newer version of this package")
        entries = [_entry(each) for each in data["keys"]]
    # Whatever else JSON can hold: a list for an object, a number for a text, a name that is not one.
    except (KeyError, TypeError, AttributeError) as error:
        raise SettingError("keys", f"{path} is no file of keys: {error!r}") from error
    return {entry.id: entry for entry in entries}


def _entry(data: dict[str, Any]) -> KeyEntry:
    entry = KeyEntry(**data)
    for name in ("id", "tenant", "certificate", "salt", "hash"):
        Text()(getattr(entry, name), name)
    for name in ("read", "write"):  # a text "false" would be true
        Flag()(getattr(entry, name), name)
    if not entry.tenant or not (entry.certificate or (entry.salt and entry.hash)):
        raise TypeError("a key without tenant, or without hash and certificate")
    return entry


def add(
    path: Path,
    tenant: str,
    project: str | None = None,
    *,
    may_read: bool = True,
    may_write: bool = True,
    certificate: str = "",
) -> tuple[KeyEntry, str]:
    """Make a key, and write it into the file, which is made if it is not there.

    Args:
        path: The file.
        tenant: Whose events the key is for.
        project: Only those of one project of the tenant; None for all.
        may_read: Whether it may query.
        may_write: Whether it may store events.
        certificate: The name in a client's certificate that is to stand for the key, in place of a secret.

    Returns:
        The entry, and the key itself, which is kept nowhere; empty with ``certificate``.

    Raises:
        SettingError: The file cannot be read or written, or the certificate has a key already.
    """
    created = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with _changing(path) as entries:
        id_ = secrets.token_hex(_ID_BYTES)
        entry = KeyEntry(id_, tenant, project, may_read, may_write, certificate, created=created)
        key = ""
        if certificate:
            if other := next((each for each in entries.values() if each.certificate == certificate), None):
                raise SettingError(
                    "certificate", f"{certificate} stands for the key {other.id} already: revoke it first"
                )
        else:
            secret, salt = secrets.token_urlsafe(_SECRET_BYTES), secrets.token_hex(_SALT_BYTES)
            entry = replace(entry, salt=salt, hash=hashed(secret, salt))
            key = f"{PREFIX}_{id_}_{secret}"
        entries[id_] = entry
    return entry, key


def revoke(path: Path, id_: str) -> KeyEntry:
    """Take a key out of the file; collectors that serve with it notice.

    Raises:
        SettingError: There is no such key, or the file cannot be read or written.
    """
    with _changing(path) as entries:
        if id_ not in entries:
            raise SettingError("keys", f"{path} has no key with the id {id_!r}: chaukas-lite keys list shows them")
        return entries.pop(id_)


@contextmanager
def _changing(path: Path) -> Generator[dict[str, KeyEntry], None, None]:
    """Read the keys, let them be changed, and write them, while no other process does."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A file of its own, as the other one is replaced.
        lock = _locked(path.with_name(path.name + ".lock"))
        try:
            entries = read(path) if path.exists() else {}
            yield entries
            _replace(path, entries)
        finally:
            lock.release()
    except OSError as error:
        raise SettingError("keys", f"{path} cannot be written: {error.strerror or error}") from error


def _locked(path: Path) -> Lock:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return Lock(path)
        except InUse as error:
            if time.monotonic() > deadline:
                raise SettingError("keys", f"{path}: another process has been changing keys for long") from error
            time.sleep(_LOCK_PAUSE)


def _replace(path: Path, entries: Mapping[str, KeyEntry]) -> None:
    data = {"version": _VERSION, "keys": [asdict(entry) for entry in entries.values()]}
    # mkstemp makes files that their owner alone can read, which is what this one is to be.
    file, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            json.dump(data, stream, indent=2)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
