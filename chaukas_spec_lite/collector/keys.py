"""Who calls: from the key of a request, or the name in a client's certificate, to a ``Caller``.

A key has an id, which is looked up, and a secret, whose hash is compared. Hashing takes long, on purpose, and happens
once for each key: what was found right is remembered by a hash with a secret of this process, until the file changes.
Whoever tries many wrong keys has to wait, and cannot make others wait: keys that are remembered are not held up.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import TypeAlias

from chaukas_spec_lite.collector import keys_file
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.keys_file import KeyEntry
from chaukas_spec_lite.collector.query import Tenancy
from chaukas_spec_lite.errors import SettingError, ThrottledError, UnauthenticatedError
from chaukas_spec_lite.rationed_log import RationedLog

log = logging.getLogger(__name__)

LOG_INTERVAL = 60.0
"""How many seconds lie between two log lines about failed attempts of one peer."""
MAX_FAILURES = 10
"""How many wrong keys a peer may send within ``FAILURE_WINDOW``."""
FAILURE_WINDOW = 60.0
"""In seconds."""
MAX_PEERS = 10_000
"""Of how many peers failures are remembered."""
MAX_WAITING = 64
"""How many different keys may wait for their hash at a time."""

_Stamp: TypeAlias = "tuple[int, int, int]"
"""When a file was changed, how large it is, and which one it is."""


class Keys:
    """Knows the keys of a file, which is read again whenever it has changed.

    Args:
        path: The file, made by ``keys_file.add``.
        now: Tells the time in seconds; monotonic.

    Raises:
        SettingError: The file cannot be read, or is no file of keys.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._now = now
        self._log = RationedLog(log, LOG_INTERVAL, now)
        self._stamp: _Stamp | None = self._stamp_now()
        self._entries = keys_file.read(path)
        self._secret = secrets.token_bytes(32)
        self._right: dict[bytes, KeyEntry] = {}
        """Keys that were found right, by their keyed hash."""
        self._hashing: dict[bytes, asyncio.Task[bool]] = {}
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """By peer: how many in this window, and when it began. The oldest windows stand first."""
        # One thread, so that strangers with wrong keys cannot take more than one core.
        self._thread = ThreadPoolExecutor(1, "chaukas-keys")

    def __len__(self) -> int:
        return len(self._entries)

    def close(self) -> None:
        """End the thread that hashes."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def caller_of(self, authorization: str | None, certificate_name: str | None, peer: str) -> Caller:
        """Tell who calls.

        Args:
            authorization: The header, ``Bearer`` and the key; None if there was none.
            certificate_name: The name in the certificate that the client has shown, and TLS has verified.
            peer: The address it calls from, with or without the port; for limits and logs.

        Raises:
            UnauthenticatedError: There is no key, or not one of these.
            ThrottledError: The peer has sent too many wrong ones, or too many keys are being looked at.
        """
        self._refresh()
        peer = _without_port(peer)
        if authorization is None:
            return _caller(self._of_certificate(certificate_name, peer))
        scheme, _, key = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise self._refused(peer, "its authorization is not of the form: Bearer <key>")
        key = key.strip()
        digest = hashlib.blake2b(key.encode(errors="surrogateescape"), key=self._secret).digest()
        entry = self._right.get(digest)
        if entry is None:
            self._check_failures(peer)
            entry = await self._looked_up(key, digest)
        if entry is None:
            self._count_failure(peer)
            raise self._refused(peer, "its key is not known here, or was revoked")
        return _caller(entry)

    def _of_certificate(self, name: str | None, peer: str) -> KeyEntry:
        if not name:
            raise self._refused(peer, "it sent no key: authorization: Bearer <key>")
        for entry in self._entries.values():
            if entry.certificate == name:
                return entry
        raise self._refused(peer, "the name of its certificate has no key here: chaukas-lite keys add --certificate")

    async def _looked_up(self, key: str, digest: bytes) -> KeyEntry | None:
        parts = keys_file.split(key)
        entry = self._entries.get(parts[0]) if parts else None
        if parts is None or entry is None or not entry.hash:
            return None
        stamp = self._stamp
        # A client that starts sends many calls at once, all with the same key: hashed once for all of them. The task is
        # not cancelled with one of them, as the others wait for it.
        task = self._hashing.get(digest)
        if task is None:
            if len(self._hashing) >= MAX_WAITING:
                raise ThrottledError("too many keys are being looked at: try again", 1.0)
            task = self._hashing[digest] = asyncio.ensure_future(self._is_right(entry, parts[1]))
            task.add_done_callback(lambda _: self._hashing.pop(digest, None))
        if not await asyncio.shield(task):
            return None
        # The file may have changed meanwhile, and the key with it.
        if stamp != self._stamp and self._entries.get(entry.id) != entry:
            return None
        self._right[digest] = entry
        return entry

    async def _is_right(self, entry: KeyEntry, secret: str) -> bool:
        found = await asyncio.get_running_loop().run_in_executor(self._thread, keys_file.hashed, secret, entry.salt)
        return hmac.compare_digest(found, entry.hash)

    # The file

    def _stamp_now(self) -> _Stamp | None:
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _refresh(self) -> None:
        """Read the file again if it has changed: one system call for each request, so that revoking works at once."""
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return
        try:
            entries = keys_file.read(self._path)
        except SettingError as error:
            # To refuse everybody would make producers throw events away because of a slip of the pen.
            self._log.log("file", logging.ERROR, "%s; the keys that were in it stay good", error)
            return
        self._stamp, self._entries = stamp, entries
        self._right.clear()
        log.info("%s was read again: %d keys", self._path, len(entries))

    # Failures

    def _refused(self, peer: str, reason: str) -> UnauthenticatedError:
        self._log.log(f"peer {_network(peer)}", logging.WARNING, "a call from %s was refused: %s", peer or "?", reason)
        return UnauthenticatedError(f"the call was refused: {reason}")

    def _check_failures(self, peer: str) -> None:
        count, began = self._failures.get(_network(peer), (0, 0.0))
        left = began + FAILURE_WINDOW - self._now()
        if count >= MAX_FAILURES and left > 0:
            raise ThrottledError(f"too many wrong keys came from {peer}: try again in {left:.0f} seconds", left)

    def _count_failure(self, peer: str) -> None:
        network, now = _network(peer), self._now()
        count, began = self._failures.get(network, (0, now))
        if now - began >= FAILURE_WINDOW:
            count, began = 0, now
            del self._failures[network]  # to stand last again
        self._failures[network] = count + 1, began
        if len(self._failures) > MAX_PEERS:
            self._failures.popitem(last=False)


def _without_port(peer: str) -> str:
    if peer.startswith("["):
        return peer[1:].partition("]")[0]
    host, colon, port = peer.rpartition(":")
    return host if colon and port.isdigit() and ":" not in host else peer


def _network(peer: str) -> str:
    """The peer for limits: whoever has one IPv6 address has the 2**64 of its network."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)


def _caller(entry: KeyEntry) -> Caller:
    return Caller(entry.id, Tenancy(entry.tenant, entry.project), entry.read, entry.write)
