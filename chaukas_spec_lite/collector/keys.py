"""Who calls: from the key of a request, or the name in a client's certificate, to a ``Caller``.

A key has an id, which is looked up, and a secret, whose hash is compared. Hashing takes long, on purpose, and happens
once for each key: what was found right is remembered by a hash with a secret of this process. Nearly all wrong secrets
are told before, by a few bits, so strangers cannot have the collector hash, and right keys get in whatever else is sent
from where they come from.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from chaukas_spec_lite.collector import keys_file
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.fair_workers import FairWorkers
from chaukas_spec_lite.collector.key_entries import KeyEntry
from chaukas_spec_lite.collector.query import Tenancy
from chaukas_spec_lite.collector.quotas import KeyQuota
from chaukas_spec_lite.collector.watched_keys import WatchedKeys
from chaukas_spec_lite.errors import NotServingError, ThrottledError, UnauthenticatedError
from chaukas_spec_lite.rationed_log import RationedLog

log = logging.getLogger(__name__)

LOG_INTERVAL = 60.0
"""How many seconds lie between two log lines about failed attempts of one peer."""
MAX_FAILURES = 10
"""How many wrong keys a peer may send within ``FAILURE_WINDOW`` before they are not even called wrong."""
FAILURE_WINDOW = 60.0
"""In seconds."""
MAX_PEERS = 10_000
"""Of how many peers failures are remembered."""
MAX_WRONG = 1000
"""How many wrong keys are remembered of those that had to be hashed to be seen to be wrong."""
THREADS = 2
"""How many keys are hashed at a time: 16 MiB and a core each."""
MAX_WAITING = 1024
"""How many different keys may wait for their hash at a time."""
MAX_WAITING_OF_ONE = 64
"""How many of one peer."""


class Keys:
    """Knows the keys of a file, which is read again whenever it has changed.

    Args:
        path: The file, made by ``keys_file.add``.
        now: Tells the time in seconds; monotonic.

    Raises:
        SettingError: The file cannot be read, or is no file of keys.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._log = RationedLog(log, LOG_INTERVAL, now)
        self._file = WatchedKeys(path, now)
        self._secret = secrets.token_bytes(32)
        self._right: dict[bytes, KeyEntry] = {}
        """Keys that were found right, by their keyed hash."""
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        """Keys that were hashed and found wrong: whoever has found one by trial shall not have it hashed again."""
        self._hashing: dict[bytes, asyncio.Task[bool]] = {}
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """By peer: how many in this window, and when it began. The oldest windows stand first."""
        self._workers = FairWorkers(THREADS, "chaukas-keys", most=MAX_WAITING, most_of_one=MAX_WAITING_OF_ONE)

    def __len__(self) -> int:
        return len(self._file.entries)

    def close(self) -> None:
        """End the threads that hash."""
        self._workers.close()

    def are_lost(self) -> bool:
        """Look at the file; say whether nobody is let in, because it cannot be read any more."""
        self._refresh()
        return not self._file.trusted

    async def caller_of(self, authorization: str | None, certificate_name: str | None, peer: str) -> Caller:
        """Tell who calls.

        Args:
            authorization: The header, ``Bearer`` and the key; None if there was none.
            certificate_name: The name in the certificate that the client has shown, and TLS has verified.
            peer: The address it calls from, with or without the port; for limits and logs.

        Raises:
            UnauthenticatedError: There is no key, or not one of these.
            ThrottledError: The peer has sent too many wrong ones, or too many keys are being looked at.
            NotServingError: The file cannot be read any more.
        """
        if self.are_lost():
            raise NotServingError("the collector cannot read its keys, so it lets nobody in: try again later")
        peer = _without_port(peer)
        if authorization is None:
            return _caller(self._of_certificate(certificate_name, peer))
        scheme, _, key = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise self._refused(peer, "its authorization is not of the form: Bearer <key>")
        key = key.strip()
        digest = hashlib.blake2b(key.encode(errors="surrogatepass"), key=self._secret).digest()
        entry = self._right.get(digest) or await self._looked_up(key, digest, _network(peer))
        if entry is None:
            raise self._failed(peer)
        return _caller(entry)

    def _of_certificate(self, name: str | None, peer: str) -> KeyEntry:
        if not name:
            raise self._refused(peer, "it sent no key: set CHAUKAS_API_KEY, or send authorization: Bearer <key>")
        entry = self._file.certificates.get(name)
        if entry is None:
            raise self._refused(
                peer, "the name of its certificate has no key here: chaukas-lite keys add --certificate"
            )
        return entry

    async def _looked_up(self, key: str, digest: bytes, network: str) -> KeyEntry | None:
        parts = keys_file.split(key)
        entry = self._file.entries.get(parts[0]) if parts else None
        if parts is None or entry is None or not entry.hash or digest in self._wrong:
            return None
        if not hmac.compare_digest(keys_file.check_of(parts[1], entry.salt), entry.check):
            return None
        # A client that starts sends many calls at once, all with the same key: hashed once for all of them. The task is
        # not cancelled with one of them, as the others wait for it.
        task = self._hashing.get(digest)
        if task is None:
            task = self._hashing[digest] = asyncio.ensure_future(self._is_right(entry, parts[1], network))
            task.add_done_callback(partial(self._hashed, digest))
        if not await asyncio.shield(task):
            self._wrong[digest] = None
            if len(self._wrong) > MAX_WRONG:
                self._wrong.popitem(last=False)
            return None
        # The file may have changed meanwhile, and the key with it.
        now = self._file.entries.get(entry.id)
        if now is None or not _have_one_secret(now, entry):
            return None
        self._right[digest] = now
        return now

    async def _is_right(self, entry: KeyEntry, secret: str, network: str) -> bool:
        found = await self._workers.run(network, partial(keys_file.hashed, secret, entry.salt))
        return hmac.compare_digest(found, entry.hash)

    def _hashed(self, digest: bytes, task: asyncio.Task[bool]) -> None:
        del self._hashing[digest]
        if not task.cancelled():
            task.exception()  # Those who wait are told; perhaps all have gone away.

    def _refresh(self) -> None:
        if not self._file.refresh():
            return
        entries, self._wrong = self._file.entries, OrderedDict()
        # Right keys stay right while theirs is in the file: nobody's key is hashed anew because another one's came.
        self._right = {
            digest: entries[old.id]
            for digest, old in self._right.items()
            if old.id in entries and _have_one_secret(old, entries[old.id])
        }

    # Failures

    def _refused(self, peer: str, reason: str) -> UnauthenticatedError:
        text = "a call from %s was refused: %s"
        self._log.log("refused", logging.WARNING, text, peer or "?", reason, topic=_network(peer))
        return UnauthenticatedError(f"the call was refused: {reason}")

    def _failed(self, peer: str) -> UnauthenticatedError | ThrottledError:
        """Count a wrong key, and make the error."""
        network, now = _network(peer), self._now()
        count, began = self._failures.get(network, (0, now))
        if now - began >= FAILURE_WINDOW:
            count, began = 0, now
            del self._failures[network]  # to stand last again
        self._failures[network] = count + 1, began
        if len(self._failures) > MAX_PEERS:
            self._failures.popitem(last=False)
        refused = self._refused(peer, "its key is not known here, or was revoked")
        if count < MAX_FAILURES:
            return refused
        left = began + FAILURE_WINDOW - now
        return ThrottledError(f"too many wrong keys came from {peer}: try again in {left:.0f} seconds", left)


def _have_one_secret(one: KeyEntry, other: KeyEntry) -> bool:
    return (one.salt, one.hash) == (other.salt, other.hash)


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
    return Caller(
        entry.id,
        Tenancy(entry.tenant, entry.project),
        entry.read,
        entry.write,
        entry.metrics,
        KeyQuota(entry.events_per_second, entry.burst, entry.bytes_per_second),
    )
