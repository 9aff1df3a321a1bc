"""The file of keys: who has one, as hashes. A key is shown once, when it is made, and stands nowhere.

The file is JSON, readable for its owner alone, and replaced as a whole, so that nobody ever reads half of it. It stays
its owner's, whoever changes it: the collector that serves with it has to be able to read it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, cast

from chaukas_spec_lite.collector.key_entries import CHECK_BYTES, ID_BYTES, SALT_BYTES, KeyEntry, entries_of
from chaukas_spec_lite.collector.private_files import make_folder, write_whole
from chaukas_spec_lite.errors import SettingError, SpoolError
from chaukas_spec_lite.settings import shown
from chaukas_spec_lite.spool.lock import InUse, Lock

PREFIX = "ck"
"""What every key begins with, so that scanners for secrets can find one that went astray."""

_VERSION = 2
_SECRET_BYTES = 24
_SCRYPT: Mapping[str, int] = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
"""16 MiB and about 50 ms, as OWASP's cheat sheet on storing passwords has it for interactive use."""

_LOCK_SECONDS = 10.0
_LOCK_PAUSE = 0.02


def hashed(secret: str, salt: str) -> str:
    """Hash a key's secret; takes tens of milliseconds, so not on an event loop.

    Args:
        secret: The part behind the id.
        salt: The entry's, hexadecimal.
    """
    return hashlib.scrypt(_encoded(secret), salt=bytes.fromhex(salt), **_SCRYPT).hex()


def check_of(secret: str, salt: str) -> str:
    """Return the few bits of a key's secret by which nearly all wrong ones are told; takes microseconds.

    Args:
        secret: The part behind the id.
        salt: The entry's, hexadecimal.
    """
    # Not a beginning of the other hash, or this one would say something about that one.
    key, data = bytes.fromhex(salt), _encoded(secret)
    return hashlib.blake2b(data, digest_size=CHECK_BYTES, key=key, person=b"chaukas-check").hexdigest()


def _encoded(secret: str) -> bytes:
    return secret.encode(errors="surrogatepass")  # A header may hold anything; it is wrong then, and no failure.


def split(key: str) -> tuple[str, str] | None:
    """Return a key's id and its secret, or None for what is no key."""
    prefix, _, rest = key.partition("_")
    id_, _, secret = rest.partition("_")
    return (id_, secret) if prefix == PREFIX and id_ and secret else None


def read(path: Path) -> dict[str, KeyEntry]:
    """Read the keys by their ids.

    Raises:
        SettingError: The file cannot be read, or is no file of keys; it names the key and the field that is wrong.
    """
    try:
        data: object = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_object)
    except OSError as error:
        hint = ": make it with chaukas-lite keys add" if isinstance(error, FileNotFoundError) else ""
        raise SettingError("keys", f"{path} cannot be read: {error.strerror or error}{hint}") from error
    except (ValueError, RecursionError) as error:
        raise SettingError("keys", f"{path} is no file of keys: {error}") from error
    problem = _problem_of(data)
    if problem:
        raise SettingError("keys", f"{path} is no file of keys: {problem}")
    document = cast("dict[str, Any]", data)
    if document["version"] != _VERSION:
        age = "a newer" if document["version"] > _VERSION else "an earlier"
        raise SettingError(
            "keys", f"{path} was made by {age} version of this package: make its keys anew in another file"
        )
    try:
        return entries_of(document["keys"])
    except SettingError as error:
        raise SettingError("keys", f"{path}: {error.name}: {error.message}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it has {shown(next(name for name in names if names.count(name) > 1))} twice in one object")
    return made


def _problem_of(data: object) -> str:
    if not isinstance(data, dict):
        return f"it has to be an object, not {shown(data)}"
    document = cast("dict[str, Any]", data)
    if set(document) != {"version", "keys"}:
        return "it has to have version and keys, and nothing else"
    if type(document["version"]) is not int:
        return f"version: has to be a whole number, not {shown(document['version'])}"
    return "" if isinstance(document["keys"], list) else f"keys: has to be a list, not {shown(document['keys'])}"


def add(
    path: Path,
    tenant: str,
    project: str | None = None,
    *,
    may_read: bool = True,
    may_write: bool = True,
    may_see_metrics: bool = False,
    certificate: str = "",
    events_per_second: float | None = None,
    burst: float | None = None,
    bytes_per_second: float | None = None,
) -> tuple[KeyEntry, str]:
    """Make a key, and write it into the file, which is made if it is not there.

    Args:
        path: The file.
        tenant: Whose events the key is for.
        project: Only those of one project of the tenant; None for all.
        may_read: Whether it may query.
        may_write: Whether it may store events.
        may_see_metrics: Whether it may see the counts of the whole collector, those of all tenants.
        certificate: The name in a client's certificate that is to stand for the key, in place of a secret.
        events_per_second: How many events it may send on average; None for what the collector says of all keys.
        burst: How many of them at once, after it has sent none for a while; None for those of ten seconds.
        bytes_per_second: How many bytes of events it may send on average; None for what the collector says.

    Returns:
        The entry, and the key itself, which is kept nowhere; empty with ``certificate``.

    Raises:
        SettingError: The file cannot be read or written, or the certificate has a key already.
    """
    created = datetime.now(timezone.utc).isoformat(timespec="seconds")
    entry = KeyEntry(
        secrets.token_hex(ID_BYTES),
        *(tenant, project, may_read, may_write, may_see_metrics, certificate),
        events_per_second=events_per_second,
        burst=burst,
        bytes_per_second=bytes_per_second,
        created=created,
    )
    key = ""
    if not certificate:
        secret, salt = secrets.token_urlsafe(_SECRET_BYTES), secrets.token_hex(SALT_BYTES)
        entry = replace(entry, salt=salt, hash=hashed(secret, salt), check=check_of(secret, salt))
        key = f"{PREFIX}_{entry.id}_{secret}"
    entries_of([asdict(entry)])  # Or a file would be written that cannot be read.
    with _changing(path) as entries:
        if certificate and (other := next((e for e in entries.values() if e.certificate == certificate), None)):
            raise SettingError("certificate", f"{certificate} stands for the key {other.id} already: revoke it first")
        entries[entry.id] = entry
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
    # A link stays one, and leads to the new file.
    real = Path(os.path.realpath(path))
    try:
        make_folder(real.parent)
        # A file of its own, as the other one is replaced.
        lock = _locked(real.with_name(real.name + ".lock"), real)
        try:
            entries = read(path) if path.exists() else {}
            yield entries
            _replace(real, entries)
        finally:
            lock.release()
    except OSError as error:
        raise SettingError("keys", f"{path} cannot be written: {error.strerror or error}") from error


def _locked(path: Path, of: Path) -> Lock:
    file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        with suppress(FileNotFoundError, PermissionError):  # or else it is no worse than before
            _take_after(file, os.stat(of))
    finally:
        os.close(file)
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return Lock(path)
        except InUse as error:
            if time.monotonic() > deadline:
                raise SettingError("keys", f"{path}: another process has been changing keys for long") from error
            time.sleep(_LOCK_PAUSE)
        except SpoolError as error:
            raise SettingError("keys", str(error)) from error


def _take_after(file: int, model: os.stat_result) -> None:
    """Give an open file the owner, the group and the permissions of another one."""
    if sys.platform == "win32":  # where files inherit these from their folder
        return
    own = os.fstat(file)
    if (own.st_uid, own.st_gid) != (model.st_uid, model.st_gid):
        os.fchown(file, model.st_uid, model.st_gid)
    os.fchmod(file, stat.S_IMODE(model.st_mode))


def _replace(path: Path, entries: Mapping[str, KeyEntry]) -> None:
    data = {"version": _VERSION, "keys": [asdict(entry) for entry in entries.values()]}
    write_whole(path, json.dumps(data, indent=2) + "\n", partial(_keep_owner, path))


def _keep_owner(path: Path, file: int) -> None:
    """Make the new file the old one's owner's: the collector that reads it is often another user than who writes it."""
    try:
        model = os.stat(path)
    except FileNotFoundError:
        return
    try:
        _take_after(file, model)
    except PermissionError as error:
        raise SettingError(
            "keys",
            f"{path} belongs to user {model.st_uid}, group {model.st_gid}, and this user cannot make a file that does, "
            "so that the collector could not read it: change keys as that user, or as root. Nothing was changed",
        ) from error
