"""The log of a collector, as commands read it: by HTTP from one that runs, or in its store."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from chaukas_spec_lite.audit.entries_message import EntriesMessage
from chaukas_spec_lite.audit.keys import decode_base64
from chaukas_spec_lite.audit.merkle import HASH_SIZE, prove_consistency, prove_inclusion
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.audit.tiles import hashes_of_tiles
from chaukas_spec_lite.cli.existing_store import existing_store
from chaukas_spec_lite.cli.http_door import ENCODED, JSON, DoorClient, HttpDoorError, object_of
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.event_log import hashes_for
from chaukas_spec_lite.errors import ChaukasError, DecodeError, ProofError

if TYPE_CHECKING:
    from chaukas_spec_lite.audit.merkle import Hashes
    from chaukas_spec_lite.collector.stores.event_log import EventLog, LogEntry

_PAGE = 1000
_ASKED = 4000
"""How many entries are asked for at once; a collector may send fewer."""
_LEAVES = 2000
"""How many hashes without their events are read at a time."""


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


class TenantPart(NamedTuple):
    """Entries of a log side by side, in columns: to make an object of each would take longer than to hash it."""

    first: int
    """The place of the first one."""
    leaves: Sequence[bytes]
    """Their hashes, as the log has them."""
    events: Sequence[bytes | None]
    """None of those that are not there. Empty if whoever asks knows the events of all, and their hashes are these."""
    absent: Mapping[int, TenantEntry]
    """Those without an event, by their place in the part."""

    def before(self, place: int) -> TenantPart:
        """Return those in front of one."""
        absent = {each: entry for each, entry in self.absent.items() if each < place}
        return TenantPart(self.first, self.leaves[:place], self.events[:place], absent)

    def entries(self) -> Iterator[TenantEntry]:
        """Make an object of each entry, if the part has its events."""
        for place, (leaf, data) in enumerate(zip(self.leaves, self.events, strict=True)):
            yield self.absent[place] if data is None else TenantEntry(self.first + place, leaf, data)


class TenantLog(Protocol):
    """The log of one tenant. All methods raise ``LogUnavailableError`` or another ``ChaukasError``."""

    async def checkpoint(self) -> str:
        """Return its newest checkpoint."""
        ...

    async def consistency(self, old_size: int, size: int) -> list[bytes]:
        """Return the proof that its tree of one size has grown out of that of another."""
        ...

    def parts(self, size: int) -> AsyncGenerator[TenantPart, None]:
        """Yield its first entries, so many, in their order, as many at a time as come together."""
        ...

    async def event_id(self, index: int) -> str:
        """Return the id that an entry's event has there; empty if none is known."""
        ...

    async def inclusion(self, project_id: str, event_id: str, leaf: bytes, size: int) -> tuple[int, list[bytes]]:
        """Say which entry an event of some hash is, and prove that in the tree of a size.

        One that says no project is of that of the key which sent it, whichever that was.
        """
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

    async def parts(self, size: int) -> AsyncGenerator[TenantPart, None]:
        """Ask for part after part, each as a message; a collector of an older version answers with JSON."""
        first = 0
        while first < size:
            parameters = {"from": str(first), "limit": str(min(_ASKED, size - first))}
            body, form = self._open("entries", parameters, None, f"{ENCODED}, {JSON};q=0.9")
            encoded = form.partition(";")[0].strip().lower() == ENCODED
            part = self._part_in(body) if encoded else self._part_in_json(body, first)
            self._check_place(part, first, size)
            yield part
            first += len(part.leaves)

    async def event_id(self, index: int) -> str:
        """Ask for it."""
        answer = self._json("entries", {"from": str(index), "limit": "1"})
        try:
            return str(answer["entries"][0]["event_id"] or "")
        except (KeyError, TypeError, IndexError):
            return ""

    async def inclusion(self, project_id: str, event_id: str, leaf: bytes, size: int) -> tuple[int, list[bytes]]:
        """Ask for the number of the entry, and for tiles, each of them once."""
        try:
            return self._included({"project_id": project_id} if project_id else {}, event_id, size)
        except LogUnavailableError as error:
            if project_id:
                raise
            with suppress(LogUnavailableError):  # Others may have the id, too.
                index, path = self._included({"project_id": ""}, event_id, size)
                if self._trees[size](0, index) == leaf:
                    return index, path
            raise error from None

    def _included(self, of: dict[str, str], event_id: str, size: int) -> tuple[int, list[bytes]]:
        try:
            proof = InclusionProof.parse(self._get("proof", {"event_id": event_id, **of}).decode(errors="replace"))
            index = proof.index
            if index >= size:
                raise _too_late(event_id, index, size)
            hashes = self._trees.setdefault(size, hashes_of_tiles(lambda tile: self._get(f"tile/{tile.path}"), size))
            return index, prove_inclusion(hashes, index, size)
        except (ProofError, ValueError) as error:
            raise LogUnavailableError(f"{self._url}: the answer is no proof: {error}") from error

    def _part_in(self, body: bytes) -> TenantPart:
        try:
            message = EntriesMessage.parse(body)
        except DecodeError as error:
            raise LogUnavailableError(f"{self._url}: entries cannot be read: {error}") from error
        first, absent = message.first, dict[int, TenantEntry]()
        for each in message.absent:
            why = "not shown to this key" if each.hidden else _reason(each.at, each.by, each.reason)
            own = each.project_id, each.event_id, why
            absent[each.place] = TenantEntry(first + each.place, message.leaves[each.place], None, *own)
        return TenantPart(first, message.leaves, message.events, absent)

    def _part_in_json(self, body: bytes, first: int) -> TenantPart:
        answer = self._object("entries", body)
        try:
            found = [_entry_of(each) for each in answer["entries"]]
        except (KeyError, TypeError, ValueError) as error:
            raise LogUnavailableError(f"{self._url}: an entry cannot be read: {error!r}") from error
        for place, entry in enumerate(found, first):
            if entry.index != place:
                raise LogUnavailableError(f"{self._url}: entry {entry.index} came in the place of {place}")
        absent = {place: each for place, each in enumerate(found) if each.data is None}
        return TenantPart(first, [each.leaf for each in found], [each.data for each in found], absent)

    def _check_place(self, part: TenantPart, first: int, size: int) -> None:
        if not part.leaves:
            raise LogUnavailableError(f"{self._url}: the log ends before entry {first} of {size}")
        if part.first != first:
            raise LogUnavailableError(f"{self._url}: entry {part.first} came in the place of {first}")
        if first + len(part.leaves) > size:  # Nothing that was signed is about these.
            raise LogUnavailableError(f"{self._url}: more entries came than the {size} that were asked for")

    def cosigned(self, note: str) -> str:
        """Hand over a checkpoint with a cosignature; return the note that the collector has of it now."""
        return self._open("cosignatures", {}, note.encode())[0].decode(errors="replace")

    def _json(self, route: str, parameters: dict[str, str]) -> dict[str, Any]:
        return self._object(route, self._get(route, parameters))

    def _object(self, route: str, body: bytes) -> dict[str, Any]:
        answer = object_of(body)
        if answer is None:
            raise LogUnavailableError(f"{self._url}/audit/{route}: the answer is no JSON object")
        return answer

    def _get(self, route: str, parameters: dict[str, str] | None = None) -> bytes:
        return self._open(route, parameters or {}, None)[0]

    def _open(
        self, route: str, parameters: dict[str, str], body: bytes | None, accept: str = "*/*"
    ) -> tuple[bytes, str]:
        asked = parameters if self._tenant is None else {**parameters, "tenant_id": self._tenant}
        headers = {"Accept": accept} | ({} if body is None else {"Content-Type": "text/plain; charset=utf-8"})
        try:
            return self._door.open(f"/audit/{route}", [*asked.items()], headers, body)
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
        known: Hashes of events that were read from the store, by the numbers of their arrival. An entry of such an
            event, with this hash, is taken out, and its event not read again. What is left in the end has no entry.
    """

    def __init__(self, log: EventLog, tenant: str, known: dict[int, bytes] | None = None) -> None:
        self._log = log
        self._tenant = tenant
        self._known = {} if known is None else known

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
        places = await self._log.places(Tenancy(self._tenant, project_id or None), event_id)
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

    async def parts(self, size: int, first: int = 0) -> AsyncGenerator[TenantPart, None]:
        """Read part by part, from a place on."""
        while first < size:
            hashes: Sequence[bytes] = ()
            begin, end = first, size
            if self._known:
                hashes, numbers = await self._log.leaves(self._tenant, first, min(_LEAVES, size - first))
                begin, end = (first + place for place in self._unknown(hashes, numbers))
            if begin > first:
                yield TenantPart(first, hashes[: begin - first], (), {})
            while begin < end:
                part = await self._read(begin, min(_PAGE, end - begin))
                yield part
                begin += len(part.leaves)
            if end < first + len(hashes):
                yield TenantPart(end, hashes[end - first :], (), {})
            first = max(end, first + len(hashes))

    def _unknown(self, hashes: Sequence[bytes], numbers: Sequence[int]) -> tuple[int, int]:
        """Take out the events that are known; say from where to where entries have to be read, as others are there."""
        if not hashes:
            return 0, 1  # To read it says that there is none.
        known = [*map(self._known.get, numbers)]
        unknown = [] if known == hashes else [n for n, leaf in enumerate(hashes) if leaf != known[n]]
        begin, end = (unknown[0], unknown[-1] + 1) if unknown else (len(hashes), len(hashes))
        # Those between them are read again, and may not be the same ones then.
        for number in (*numbers[:begin], *numbers[end:]):
            self._known.pop(number, None)
        return begin, end

    async def _read(self, first: int, limit: int) -> TenantPart:
        found = await self._log.entries(self._tenant, first, limit)
        if not found:
            raise LogUnavailableError(f"the log ends before entry {first}")
        absent = {
            place: TenantEntry(each.index, each.leaf, None, each.project_id, each.event_id, _why_gone(each))
            for place, each in enumerate(found)
            if each.data is None
        }
        return TenantPart(first, [each.leaf for each in found], [each.data for each in found], absent)

    async def event_id(self, index: int) -> str:
        """Read it."""
        return "".join(each.event_id for each in await self._log.entries(self._tenant, index, 1))


def _why_gone(entry: LogEntry) -> str:
    if entry.data is not None:
        return ""
    gone = entry.gone
    if gone is None or gone.at is None:
        return "deleted"
    at = datetime.fromtimestamp(gone.at, timezone.utc).isoformat(timespec="seconds")
    return _reason(at, gone.by, "" if gone.deletion is None else gone.deletion.reason)


@asynccontextmanager
async def stored_log(
    address: str, tenant: str, known: dict[int, bytes] | None = None
) -> AsyncGenerator[StoredLog, None]:
    """Open the log in a store; see ``StoredLog``.

    Raises:
        LogUnavailableError: The store keeps none.
    """
    store = existing_store(address)
    await store.open()
    try:
        if store.log is None:
            raise LogUnavailableError(f"{store.name} keeps no log; chaukas-lite serve --audit-key FILE begins one")
        yield StoredLog(store.log, tenant, known)
    finally:
        await store.close()
