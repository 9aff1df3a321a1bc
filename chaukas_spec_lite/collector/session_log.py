"""Whether the events of a session stand in the collector's log under a signed checkpoint, for whoever looks at it.

Each event is hashed as it is stored, looked for in the log, and followed up to the root that the newest checkpoint
has signed. So a database that was changed is not believed, as long as the log's key is not in the same hands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from chaukas_spec_lite.audit.merkle import leaf_hash, pair, tree_root
from chaukas_spec_lite.audit.tiles import HEIGHT, WIDTH
from chaukas_spec_lite.collector.checkpoints import Checkpoints
from chaukas_spec_lite.collector.session_state import LogState
from chaukas_spec_lite.collector.skim import skim
from chaukas_spec_lite.errors import CodecError

if TYPE_CHECKING:
    from chaukas_spec_lite.audit.notes import Checkpoint
    from chaukas_spec_lite.collector.audit_log import LogSigning
    from chaukas_spec_lite.collector.stores.asking import Tenancy
    from chaukas_spec_lite.collector.stores.event_log import EventLog, LogPlace

MAX_EVENTS = 100_000
MAX_LOGS = 100
"""How many events of a session are looked for, and in how many logs: a session may be one of several tenants."""
_TILES = 32
"""How many tiles are hashed at once."""

Pages: TypeAlias = "Callable[[int], AsyncGenerator[list[bytes], None]]"
"""Finds so many events at most, page after page."""
Work: TypeAlias = "Callable[[Callable[[], Any]], Awaitable[Any]]"
"""Does something that takes time in a thread."""
Read: TypeAlias = "Callable[[Awaitable[Any]], Awaitable[Any]]"
"""Waits for the store."""

MISSING = "not in the log", "it was put into the database past the log"
ALTERED = "altered", "it is not what was logged when it came"
MOVED = "of another session", "it says so itself: somebody has changed where the database has it"
UNSIGNED = "not signed", "its entry is not in the tree that the log's key has signed"


@dataclass(frozen=True, slots=True)
class LogFault:
    """Something that is wrong with an event's place in the log."""

    kind: str
    event_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class CoveredLog:
    """The log of a tenant, and how many of the session's events are in it."""

    tenant_id: str
    origin: str
    checkpoint: int | None
    """How many entries its newest checkpoint is of; None without one."""
    events: int
    covered: int
    """How many of them are entries that the checkpoint covers."""
    refused: str
    """Why the log is not signed any more; empty if it is."""


@dataclass(frozen=True, slots=True)
class SessionLog:
    """What was found."""

    state: LogState
    events: int = 0
    whole: bool = True
    """Whether all events were looked for."""
    logs: Sequence[CoveredLog] = ()
    faults: Sequence[LogFault] = ()

    @property
    def covered(self) -> int:
        """How many events a signed checkpoint covers."""
        return sum(each.covered for each in self.logs)


@dataclass(slots=True)
class _Found:
    """The places of events."""

    events: int = 0
    whole: bool = True
    entries: defaultdict[str, dict[int, tuple[str, bytes]]] = field(default_factory=lambda: defaultdict(dict))
    """By tenant and number of the entry: the event's id, and its hash as it is stored."""
    faults: dict[tuple[str, bytes], LogFault] = field(default_factory=dict[tuple[str, bytes], LogFault])
    """By the same two."""

    def take(self, event_id: str, leaf: bytes, places: Sequence[LogPlace], *, is_its_own: bool) -> None:
        self.events += 1
        for place in places:
            if is_its_own and place.leaf == leaf and place.index not in self.entries[place.tenant_id]:
                self.entries[place.tenant_id][place.index] = event_id, leaf
                return
        kind, detail = (ALTERED if is_its_own else MOVED) if places else MISSING
        self.faults[event_id, leaf] = LogFault(kind, event_id, detail)


@dataclass(frozen=True, slots=True)
class SessionLogReader:
    """Looks for the events of a session in the log.

    Args:
        kept: The store's log.
        signing: Who signs it.
        read: Waits for the store.
        work: Does something that takes time in a thread.
    """

    kept: EventLog
    signing: LogSigning
    read: Read
    work: Work

    async def of(self, session_id: str, pages: Pages, tenancy: Tenancy) -> SessionLog:
        """Look for all events of a session.

        Args:
            session_id: Its id, which all of them have to have.
            pages: Finds them.
            tenancy: Whose they are.

        Raises:
            StoreError: The store cannot be read.
        """
        found = await self._places(session_id, pages, tenancy)
        if found.faults:
            # One that was deleted after it was read is no longer where it was looked for: what is wrong stays so.
            again = await self._places(session_id, pages, tenancy)
            again.faults = {key: fault for key, fault in again.faults.items() if key in found.faults}
            found = again
        faults = list(found.faults.values())
        logs: list[CoveredLog] = []
        for tenant in sorted(found.entries)[:MAX_LOGS]:
            entries = found.entries[tenant]
            if entries:
                covered, unsigned = await self._covered(tenant, entries)
                logs.append(covered)
                faults += [LogFault(UNSIGNED[0], entries[each][0], UNSIGNED[1]) for each in unsigned]
        whole = found.whole and len(found.entries) <= MAX_LOGS
        return SessionLog(_state(found.events, logs, faults), found.events, whole, logs, faults)

    async def _places(self, session_id: str, pages: Pages, tenancy: Tenancy) -> _Found:
        found = _Found()
        # One more, which tells whether these are all.
        async with aclosing(pages(MAX_EVENTS + 1)) as events:
            async for page in events:
                room = MAX_EVENTS - found.events
                found.whole = len(page) <= room
                hashed = await self.work(partial(_hashed, page[:room]))
                places: defaultdict[str, list[LogPlace]] = defaultdict(list)
                for place in await self.read(self.kept.places(tenancy, *{event_id for event_id, _, _ in hashed})):
                    places[place.event_id].append(place)
                for event_id, session, leaf in hashed:
                    found.take(event_id, leaf, places[event_id], is_its_own=session == session_id)
        return found

    async def _covered(self, tenant: str, entries: dict[int, tuple[str, bytes]]) -> tuple[CoveredLog, list[int]]:
        """Hold entries against the newest checkpoint; return those, too, that it does not cover and should."""
        signer = self.signing.signer
        newest = await self.read(Checkpoints(self.kept, signer).latest(tenant))
        size = None if newest is None else newest.checkpoint.size
        below = {index: leaf for index, (_, leaf) in entries.items() if size is not None and index < size}
        wrong: set[int] = set()
        if newest is not None:
            is_signed = await self.work(partial(signer.has_signed, newest.note))
            wrong = await self._unsigned(tenant, newest.checkpoint, below) if is_signed else set(below)
        refused = self.signing.refusals.why(tenant)
        covered = CoveredLog(tenant, signer.origin(tenant), size, len(entries), len(below) - len(wrong), refused)
        return covered, sorted(wrong)

    async def _unsigned(self, tenant: str, checkpoint: Checkpoint, leaves: dict[int, bytes]) -> set[int]:
        """Say which of some entries are not those of the tree that a checkpoint has signed.

        Level by level, as tiles have them: of each tile that has something to be looked for, and of the last one, which
        is part of the root.
        """
        wrong: set[int] = set()
        wanted = {index: (leaf, [index]) for index, leaf in leaves.items()}
        edges: list[Sequence[bytes]] = []
        level = 0
        while count := checkpoint.size >> HEIGHT * level:
            last, rest = divmod(count, WIDTH)
            numbers = sorted({place // WIDTH for place in wanted} | ({last} if rest else set()))
            edges.append(())
            above: dict[int, tuple[bytes, list[int]]] = {}
            for first in range(0, len(numbers), _TILES):
                tiles: dict[int, list[bytes]] = {}
                for number in numbers[first : first + _TILES]:
                    width = rest if number == last else WIDTH
                    asked = self.kept.hashes(tenant, HEIGHT * level, number * WIDTH, width)
                    tiles[number] = await self.read(asked)
                if rest and last in tiles:
                    edges[level] = tiles[last]
                above |= await self.work(partial(_compared, tiles, wanted, wrong, last))
            wanted, level = above, level + 1
        root = await self.work(partial(_root, edges, checkpoint.size))
        return wrong if root == checkpoint.root else set(leaves)


def _hashed(events: Sequence[bytes]) -> list[tuple[str, str, bytes]]:
    """The ids of events and of their sessions, as they say them, and their hashes."""
    return [(*_ids_of(data), leaf_hash(data)) for data in events]


def _ids_of(data: bytes) -> tuple[str, str]:
    try:
        row = skim(data)
    except CodecError:  # Somebody has changed it, and it is in no log.
        return "", ""
    return row.event_id, row.session_id


def _compared(
    tiles: dict[int, list[bytes]],
    wanted: dict[int, tuple[bytes, list[int]]],
    wrong: set[int],
    last: int,
) -> dict[int, tuple[bytes, list[int]]]:
    """Compare hashes with those of tiles; return what the level above has to have.

    Args:
        tiles: The tiles of a level, by their numbers.
        wanted: The hashes that the level has to have, by their places, and for which entries.
        wrong: Gets the entries of those that it has not.
        last: Which tile is not full: nothing stands above it yet.
    """
    within: defaultdict[int, list[int]] = defaultdict(list)
    for place in wanted:
        within[place // WIDTH].append(place)
    above: dict[int, tuple[bytes, list[int]]] = {}
    for number, hashes in tiles.items():
        entries: list[int] = []
        for place in within[number]:
            expected, of = wanted[place]
            at = place % WIDTH
            if at < len(hashes) and hashes[at] == expected:
                entries += of
            else:
                wrong.update(of)
        if number != last and entries:
            for _ in range(HEIGHT):
                hashes = pair(hashes)
            above[number] = (hashes[0] if hashes else b""), entries
    return above


def _root(edges: Sequence[Sequence[bytes]], size: int) -> bytes:
    """The root of a tree, of the tiles at its right edge that are not full; empty if they lack something."""

    def hashes(level: int, place: int) -> bytes:
        tile_level, times = divmod(level, HEIGHT)
        start = (place << times) - (size >> HEIGHT * tile_level) // WIDTH * WIDTH
        found = edges[tile_level][start : start + (1 << times)]
        for _ in range(times):
            found = pair(found)
        return found[0] if found else b""

    return tree_root(hashes, size)


def _state(events: int, logs: Sequence[CoveredLog], faults: Sequence[LogFault]) -> LogState:
    if not events:
        return LogState.EMPTY
    if any(each.refused for each in logs):
        return LogState.REFUSED
    if faults:
        return LogState.CONTRADICTED
    return LogState.LOGGED if sum(each.covered for each in logs) == events else LogState.WAITING
