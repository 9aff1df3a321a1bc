"""The log of a collector, as commands read it: by HTTP from one that runs, or in its store."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from chaukas_spec_lite.audit.keys import decode_base64
from chaukas_spec_lite.audit.merkle import HASH_SIZE, prove_consistency, prove_inclusion
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.audit.tiles import hashes_of_tiles
from chaukas_spec_lite.cli.existing_store import existing_store
from chaukas_spec_lite.cli.http_door import DoorClient, HttpDoorError, object_of
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.event_log import hashes_for
from chaukas_spec_lite.errors import ChaukasError, ProofError

if TYPE_CHECKING:
    from chaukas_spec_lite.audit.merkle import Hashes
    from chaukas_spec_lite.collector.stores.event_log import EventLog, LogEntry

_PAGE = 1000


class LogUnavailableError(ChaukasError):
    """There is no log, or it does not answer as one."""


def _too_late(event_id: str, index: int, size: int) -> LogUnavailableError:
    return LogUnavailableError(
        f"event {event_id!r} is entry {index}, and the newest checkpoint is of {size}: wait for the next one"
    )


@dataclass(slots=True)  # Not frozen, which would take three times as long to make.
class TenantEntry:
    """An entry of a log."""

    index: int
    leaf: bytes
    """Its hash."""
    data: bytes | None
    """The event; None if it is not there."""
    project_id: str = ""
    event_id: str = ""
    why: str = ""
    """Why the event is not there."""


class TenantLog(Protocol):
    """The log of one tenant. All methods raise ``LogUnavailableError`` or another ``ChaukasError``."""

    async def checkpoint(self) -> str:
        """Return its newest checkpoint."""
        ...

    async def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Return the proof that its tree of one size has grown out of that of another."""
        ...

    def parts(self, size: int) -> AsyncGenerator[Sequence[TenantEntry], None]:
        """Yield its first entries, so many, in their order, as many at a time as come together."""
        ...

    async def inclusion(self, project_id: str, event_id: str, leaf: bytes, size: int) -> tuple[int, list[bytes]]:
        """Say which entry an event of some hash is, and prove that in the tree of a size."""
        ...


class HttpLog:
    """The log of a collector that runs.

    Args:
        url: Where its HTTP door listens.
        tenant: Whose log; None for that of the key.
    """

    def __init__(self, url: str, tenant: str | None = None) -> None:
        self._door = DoorClient(url, os.environ.get("CHAUKAS_API_KEY") or None)
        self._url = self._door.url
        self._tenant = tenant
        self._trees: dict[int, Hashes] = {}

    async def checkpoint(self) -> str:
        """Return its newest checkpoint."""
        return self._get("checkpoint").decode(errors="replace")

    async def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Ask for the proof."""
        answer = self._json("consistency", {"from": str(old_size), "to": str(size)})
        try:
            hashes: list[Any] = [*answer["hashes"]]
        except (KeyError, TypeError) as error:
            raise LogUnavailableError(f"{self._url}/audit/consistency: the answer has no hashes") from error
        found = [decode_base64(str(each)) for each in hashes]
        if any(len(each) != HASH_SIZE for each in found):
            raise LogUnavailableError(f"{self._url}/audit/consistency: the answer holds something else than hashes")
        return found

    async def parts(self, size: int) -> AsyncGenerator[Sequence[TenantEntry], None]:
        """Ask for part after part."""
        first = 0
        while first < size:
            answer = self._json("entries", {"from": str(first), "limit": str(min(_PAGE, size - first))})
            found = self._entries_in(answer, first, size)
            first += len(found)
            yield found

    async def inclusion(self, project_id: str, event_id: str, leaf: bytes, size: int) -> tuple[int, list[bytes]]:
        """Ask for the number of the entry, and for tiles, each of them once."""
        try:
            asked = {"event_id": event_id, "project_id": project_id}
            index = InclusionProof.parse(self._get("proof", asked).decode(errors="replace")).index
            if index >= size:
                raise _too_late(event_id, index, size)
            hashes = self._trees.setdefault(size, hashes_of_tiles(lambda tile: self._get(f"tile/{tile.path}"), size))
            return index, prove_inclusion(hashes, index, size)
        except (ProofError, ValueError) as error:
            raise LogUnavailableError(f"{self._url}: the answer is no proof: {error}") from error

    def _entries_in(self, answer: dict[str, Any], first: int, size: int) -> list[TenantEntry]:
        try:
            found = [_entry_of(each) for each in answer["entries"]]
        except (KeyError, TypeError, ValueError) as error:
            raise LogUnavailableError(f"{self._url}: an entry cannot be read: {error!r}") from error
        if not found:
            raise LogUnavailableError(f"{self._url}: the log ends before entry {first} of {size}")
        for place, entry in enumerate(found, first):
            if entry.index != place:
                raise LogUnavailableError(f"{self._url}: entry {entry.index} came in the place of {place}")
        if first + len(found) > size:  # Nothing that was signed is about these.
            raise LogUnavailableError(f"{self._url}: more entries came than the {size} that were asked for")
        return found

    def cosigned(self, note: str) -> str:
        """Hand over a checkpoint with a cosignature; return the note that the collector has of it now."""
        return self._open("cosignatures", {}, note.encode()).decode(errors="replace")

    def _json(self, route: str, parameters: dict[str, str]) -> dict[str, Any]:
        answer = object_of(self._get(route, parameters))
        if answer is None:
            raise LogUnavailableError(f"{self._url}/audit/{route}: the answer is no JSON object")
        return answer

    def _get(self, route: str, parameters: dict[str, str] | None = None) -> bytes:
        return self._open(route, parameters or {}, None)

    def _open(self, route: str, parameters: dict[str, str], body: bytes | None) -> bytes:
        asked = parameters if self._tenant is None else {**parameters, "tenant_id": self._tenant}
        headers = {"Accept": "*/*"} | ({} if body is None else {"Content-Type": "text/plain; charset=utf-8"})
        try:
            return self._door.open(f"/audit/{route}", [*asked.items()], headers, body)[0]
        except HttpDoorError as error:
            raise LogUnavailableError(str(error)) from error


def _entry_of(found: dict[str, Any]) -> TenantEntry:
    data = None if found["data"] is None else base64.b64decode(found["data"], validate=True)
    gone = found.get("deleted")
    why = _reason(gone["at"], gone.get("by"), gone["reason"]) if gone else "not shown to this key"
    leaf = decode_base64(found["leaf"])
    if len(leaf) != HASH_SIZE:
        raise ValueError(f"a hash of {len(leaf)} bytes")
    return TenantEntry(
        int(found["index"]), leaf, data, found["project_id"] or "", found["event_id"] or "", why if data is None else ""
    )


def _reason(at: object, by: object, reason: object) -> str:
    told = [(" ", at), (" by ", by), (": ", reason)]
    return "deleted" + "".join(f"{before}{each}" for before, each in told if each)


class StoredLog:
    """The log in a store, with a collector on it or not.

    Args:
        log: The store's.
        tenant: Whose.
    """

    def __init__(self, log: EventLog, tenant: str) -> None:
        self._log = log
        self._tenant = tenant

    async def checkpoint(self) -> str:
        """Return its newest checkpoint."""
        kept = await self._log.checkpoints(self._tenant)
        if not kept:
            raise LogUnavailableError(f"the log of tenant {self._tenant!r} has no checkpoint: a collector makes them")
        return kept[0].note

    async def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Make the proof."""
        return await hashes_for(self._log, self._tenant, lambda hashes: prove_consistency(hashes, old_size, size))

    async def inclusion(self, project_id: str, event_id: str, leaf: bytes, size: int) -> tuple[int, list[bytes]]:
        """Make the proof."""
        places = await self._log.places(Tenancy(self._tenant, project_id), event_id)
        # One that was deleted and came again has two.
        found = [each.index for each in places if each.leaf == leaf]
        if not found:
            raise LogUnavailableError(f"event {event_id!r} is not in the log as the store has it")
        if found[-1] >= size:
            raise _too_late(event_id, found[-1], size)
        make = partial(prove_inclusion, index=found[-1], size=size)
        return found[-1], await hashes_for(self._log, self._tenant, make)

    async def size(self) -> int:
        """Return how many entries it has by now."""
        return (await self._log.head(self._tenant)).size

    async def parts(self, size: int, first: int = 0) -> AsyncGenerator[Sequence[TenantEntry], None]:
        """Read part by part, from a place on."""
        while first < size:
            found = await self._log.entries(self._tenant, first, min(_PAGE, size - first))
            if not found:
                raise LogUnavailableError(f"the log ends before entry {first} of {size}")
            yield [
                TenantEntry(each.index, each.leaf, each.data, each.project_id, each.event_id, _why_gone(each))
                for each in found
            ]
            first += len(found)


def _why_gone(entry: LogEntry) -> str:
    if entry.data is not None:
        return ""
    gone = entry.gone
    if gone is None or gone.at is None:
        return "deleted"
    at = datetime.fromtimestamp(gone.at, timezone.utc).isoformat(timespec="seconds")
    return _reason(at, gone.by, "" if gone.deletion is None else gone.deletion.reason)


@asynccontextmanager
async def stored_log(address: str, tenant: str) -> AsyncGenerator[StoredLog, None]:
    """Open the log in a store.

    Raises:
        LogUnavailableError: The store keeps none.
    """
    store = existing_store(address)
    await store.open()
    try:
        if store.log is None:
            raise LogUnavailableError(f"{store.name} keeps no log; chaukas-lite serve --audit-key FILE begins one")
        yield StoredLog(store.log, tenant)
    finally:
        await store.close()
