"""The audit log as it is served: keys, checkpoints, proofs, tiles, entries, and cosignatures of witnesses.

Each tenant sees its own log. Whoever may see one project only sees the tree of its tenant, without the others' events.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from chaukas_spec_lite.audit.merkle import prove_consistency, prove_inclusion
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.audit.origins import tenant_of
from chaukas_spec_lite.audit.proofs import InclusionProof
from chaukas_spec_lite.audit.tiles import HEIGHT, WIDTH, Tile
from chaukas_spec_lite.collector.checkpoints import Checkpoints, SignedCheckpoint
from chaukas_spec_lite.collector.cosigning import cosignatures, merged
from chaukas_spec_lite.collector.query import within
from chaukas_spec_lite.collector.refused_logs import RefusedLogs
from chaukas_spec_lite.collector.session_log import Pages, SessionLog, SessionLogReader, Work
from chaukas_spec_lite.collector.session_state import LogState
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.event_log import hashes_for
from chaukas_spec_lite.errors import (
    ForbiddenError,
    InvalidRequest,
    NotCoveredError,
    NoteError,
    NotFoundError,
    RefusedLogError,
    SplitViewError,
    StoreError,
)
from chaukas_spec_lite.rationed_log import RationedLog

if TYPE_CHECKING:
    from chaukas_spec_lite.audit.keys import VerifierKey
    from chaukas_spec_lite.collector.callers import Caller
    from chaukas_spec_lite.collector.log_signer import LogSigner
    from chaukas_spec_lite.collector.stores.base import Store
    from chaukas_spec_lite.collector.stores.event_log import EventLog, LogEntry, LogHead

T = TypeVar("T")

log = logging.getLogger(__name__)

_NO_LOG = "this collector keeps no audit log: chaukas-lite serve --audit-key FILE"
_TOLD_EVERY = 60.0
_SHOWN = 200
"""How many characters of a log's name are told."""


@dataclass(frozen=True, slots=True)
class LogSigning:
    """Who signs an audit log, and when.

    Args:
        signer: Signs checkpoints.
        witnesses: Whose cosignatures are kept.
        within_seconds: After how long a new event is covered by a checkpoint at the latest.
        refusals: Which logs are not signed.
    """

    signer: LogSigner
    witnesses: tuple[VerifierKey, ...] = ()
    within_seconds: float = 60.0
    refusals: RefusedLogs = field(default_factory=RefusedLogs)


@dataclass(frozen=True, slots=True)
class ListedLog:
    """A log as lists of logs show it."""

    origin: str
    head: LogHead
    refused: str = ""
    """Why it is not signed any more; empty if it is."""


@dataclass(frozen=True, slots=True)
class Consistency:
    """The proof that a log has only grown."""

    origin: str
    old_size: int
    size: int
    hashes: list[bytes]


@dataclass(frozen=True, slots=True)
class LogPart:
    """Entries of a log, side by side."""

    origin: str
    size: int
    """How many entries the log has."""
    entries: list[LogEntry]
    hidden: frozenset[int]
    """Which of them are others' than the caller may see: of those there is the hash alone."""
    next_entry: int | None
    """Where the next part begins; None at the end of the log."""


class AuditLog:
    """Serves the logs of a store.

    Args:
        store: The store, which need not be open yet.
        signing: Who signs; None if the collector keeps no log.
        read: Waits for the store, and makes of its errors what callers are told.
    """

    def __init__(
        self, store: Store, signing: LogSigning | None, read: Callable[[Awaitable[Any]], Awaitable[Any]]
    ) -> None:
        self._store = store
        self._signing = signing
        self._wait = read
        self._told = RationedLog(log, _TOLD_EVERY, time.monotonic)

    async def _read(self, reading: Awaitable[T]) -> T:
        result: T = await self._wait(reading)
        return result

    def capabilities(self) -> tuple[bool, bool]:
        """Say whether there is a log that is signed, and whether a record stays of each event that is deleted.

        As long as one tenant's log contradicts what was signed, it is none.
        """
        kept, signing = self._store.log, self._signing
        signed = kept is not None and signing is not None and not signing.refusals
        return signed, kept is not None and kept.worm

    @property
    def refused_logs(self) -> int:
        """How many logs are not signed, as they contradict what was signed."""
        return 0 if self._signing is None else len(self._signing.refusals)

    def _signed(self) -> tuple[EventLog, LogSigning]:
        """Return log and keys; raises ``NotFoundError`` without."""
        kept = self._store.log
        if kept is None or self._signing is None:
            raise NotFoundError(_NO_LOG)
        return kept, self._signing

    def signing(self, caller: Caller) -> LogSigning:
        """Return who signs, and who cosigns."""
        caller.check_reading()
        return self._signed()[1]

    async def logs(self, tenant_id: str, after: str | None, limit: int, caller: Caller) -> list[ListedLog]:
        """List logs by tenant.

        Args:
            tenant_id: Whose alone; empty for all that the caller may see.
            after: The tenant that the list before ended with; None to begin.
            limit: How many at most.
            caller: Who asks.
        """
        caller.check_reading()
        kept, signing = self._signed()
        whose = within(caller.tenancy, tenant_id, "", "audit").tenant_id
        if whose is None:
            heads = await self._read(kept.heads(after, limit))
        else:
            head = await self._read(kept.head(whose))
            heads = [head] if head.size and (after is None or whose > after) else []
        origin, why = signing.signer.origin, signing.refusals.why
        return [ListedLog(origin(head.tenant_id), head, why(head.tenant_id)) for head in heads]

    async def checkpoint(self, tenant_id: str, at_most: int | None, caller: Caller) -> str:
        """Return the newest checkpoint, or the newest one of at most so many entries.

        Raises:
            NotFoundError: There is none, or no log.
            RefusedLogError: The newest one is asked for, and the log is not signed any more.
        """
        tenant = self._tenant(tenant_id, caller)
        return str((await self._checkpoint(tenant, at_most)).note)

    async def _checkpoint(self, tenant: str, at_most: int | None = None) -> SignedCheckpoint:
        kept, signing = self._signed()
        if at_most is None:
            _check_signed(signing, tenant)
        found = await self._read(Checkpoints(kept, signing.signer).latest(tenant, at_most))
        if found is not None:
            return found
        origin = signing.signer.origin(tenant)[:_SHOWN]
        if not (await self._read(kept.head(tenant))).size:
            hint = "" if tenant else "; tenant_id says whose log is meant, and /audit/logs lists them"
            raise NotFoundError(f"the log {origin!r} has no entries{hint}")
        if at_most is not None:
            raise NotFoundError(f"the log {origin!r} has no checkpoint of at most {at_most} entries")
        if not signing.signer.can_sign(tenant):
            raise NotFoundError(f"the log {origin!r}... has no checkpoint: they hold no such long names")
        raise NotFoundError(f"the log {origin!r} has no checkpoint yet: one comes {_soon(signing)}")

    def _tenant(self, tenant_id: str, caller: Caller) -> str:
        """Whose log is meant; that of events without a tenant if nothing says it."""
        caller.check_reading()
        self._signed()
        return within(caller.tenancy, tenant_id, "", "audit").tenant_id or ""

    async def proof(self, event_id: str, whose: Tenancy, caller: Caller) -> str:
        """Prove that an event is in its log, against the newest checkpoint.

        Args:
            event_id: The event's. If it was deleted and came again, its last entry is meant.
            whose: Where to look for it; None for tenant or project is all that the caller may see.
            caller: Who asks.

        Raises:
            NotFoundError: There is no such event.
            InvalidRequest: Several projects or tenants have one.
            NotCoveredError: No checkpoint covers it yet.
            RefusedLogError: The log is not signed any more.
        """
        caller.check_reading()
        kept, signing = self._signed()
        seen = within(caller.tenancy, whose.tenant_id or "", whose.project_id or "", "audit")
        # Said to be empty is not the same as not said, for those who may see all.
        tenant = whose.tenant_id if seen.tenant_id is None else seen.tenant_id
        project = whose.project_id if seen.project_id is None else seen.project_id
        places = await self._read(kept.places(Tenancy(tenant, project), event_id))
        if not places:
            raise NotFoundError(f"event_id: no event {event_id[:100]!r} is in the log")
        of = sorted({f"tenant {each.tenant_id!r}, project {each.project_id!r}" for each in places})
        if len(of) > 1:
            raise InvalidRequest(f"event_id: there are several of this id; say whose: {'; '.join(of[:10])}")
        place = max(places, key=lambda each: each.index)
        _check_signed(signing, place.tenant_id)
        covering = await self._read(Checkpoints(kept, signing.signer).latest(place.tenant_id))
        if covering is None or covering.checkpoint.size <= place.index:
            raise NotCoveredError(
                f"event_id: the event is entry {place.index} of the log, and no checkpoint covers it yet: one comes "
                f"{_soon(signing)}",
                signing.within_seconds,
            )
        size = covering.checkpoint.size
        path = await self._read(
            hashes_for(kept, place.tenant_id, lambda hashes: prove_inclusion(hashes, place.index, size))
        )
        return str(InclusionProof(place.index, tuple(path), covering.note))

    async def session(self, session_id: str, pages: Pages, whose: Tenancy, work: Work, caller: Caller) -> SessionLog:
        """Say whether the events of a session stand in their log under a signed checkpoint.

        Args:
            session_id: The session's.
            pages: Finds the events, so many at most, for this caller.
            whose: Where they were looked for; empty or None for tenant or project is all that the caller may see.
            work: Does something that takes time in a thread.
            caller: Who asks.
        """
        caller.check_reading()
        kept, signing = self._store.log, self._signing
        if kept is None or signing is None:
            return SessionLog(LogState.NOT_KEPT)
        tenancy = within(caller.tenancy, whose.tenant_id or "", whose.project_id or "", "audit")
        return await SessionLogReader(kept, signing, self._wait, work).of(session_id, pages, tenancy)

    async def consistency(self, tenant_id: str, old_size: int, size: int | None, caller: Caller) -> Consistency:
        """Prove that a log has only grown since it had ``old_size`` entries, up to ``size``.

        Args:
            tenant_id: Whose log.
            old_size: How many entries it had.
            size: How many it has; None for those of the newest checkpoint.
            caller: Who asks.

        Raises:
            InvalidRequest: ``old_size`` is more than ``size``.
            NotFoundError: There is no such log, it is not that large, or it has no checkpoint.
        """
        tenant = self._tenant(tenant_id, caller)
        kept, signing = self._signed()
        if size is None:
            size = (await self._checkpoint(tenant)).checkpoint.size
        head = await self._read(kept.head(tenant))
        for name, each in (("to", size), ("from", old_size)):
            if each > head.size:
                raise NotFoundError(f"{name}: the log has {head.size} entries, not {each}")
        if old_size > size:
            raise InvalidRequest(f"from: {old_size} is more than the {size} entries up to which is to be proven")
        path = await self._read(hashes_for(kept, tenant, lambda hashes: prove_consistency(hashes, old_size, size or 0)))
        return Consistency(signing.signer.origin(tenant), old_size, size, path)

    async def tile(self, tenant_id: str, path: str, caller: Caller) -> bytes:
        """Return a tile of a log; raises ``NotFoundError`` if it has none of this path."""
        tenant = self._tenant(tenant_id, caller)
        kept, signing = self._signed()
        try:
            tile = Tile.parse(path)
        except ValueError as error:
            raise NotFoundError(str(error)) from None
        head = await self._read(kept.head(tenant))
        if not tile.exists(head.size):
            raise NotFoundError(f"the log {signing.signer.origin(tenant)!r} of {head.size} entries has no tile {path}")
        level, first = HEIGHT * tile.level, tile.index * WIDTH
        hashes = await self._read(kept.hashes(tenant, level, first, tile.width))
        if len(hashes) != tile.width:
            raise StoreError(f"the log of tenant {tenant!r} lacks hashes of tile {path}")
        return b"".join(hashes)

    async def entries(self, tenant_id: str, first: int, limit: int, caller: Caller) -> LogPart:
        """Return entries of a log from one on; fewer than asked for where events are large."""
        tenant = self._tenant(tenant_id, caller)
        kept, signing = self._signed()
        head = await self._read(kept.head(tenant))
        found: list[LogEntry] = []
        if first < head.size:
            found = await self._read(kept.entries(tenant, first, min(limit, head.size - first)))
        project = caller.tenancy.project_id
        hidden = frozenset(
            each.index for each in found if project is not None and (each.project_id != project or not each.event_id)
        )
        shown = [
            replace(each, project_id="", event_id="", data=None, gone=None) if each.index in hidden else each
            for each in found
        ]
        end = first + len(found)
        more = bool(found) and end < head.size
        return LogPart(signing.signer.origin(tenant), head.size, shown, hidden, end if more else None)

    async def cosign(self, text: str, caller: Caller) -> str:
        """Keep the cosignatures of witnesses on a checkpoint; return the checkpoint with all that it has.

        Raises:
            InvalidRequest: It is no checkpoint of the log, or has no cosignature of a known witness.
            NotFoundError: The log has no checkpoint of that size.
            SplitViewError: It is signed by the log's key, and contradicts the checkpoint of that size.
            ForbiddenError: The log is not one that the caller may see.
        """
        caller.check_reading()
        kept, signing = self._signed()
        try:
            given = SignedNote.parse(text)
            checkpoint = Checkpoint.of(given)
            cosigned = cosignatures(given, signing.witnesses)
        except NoteError as error:
            raise InvalidRequest(f"the body is no checkpoint that a known witness has cosigned: {error}") from None
        tenant = tenant_of(checkpoint.origin, signing.signer.name)
        if tenant is None:
            raise NotFoundError(f"there is no log {checkpoint.origin[:200]!r} here")
        if caller.tenancy.tenant_id not in (None, tenant):
            raise ForbiddenError("the key that was given is for the log of another tenant")
        found = await self._checkpoint(tenant, checkpoint.size)
        if found.checkpoint.size != checkpoint.size:
            raise NotFoundError(f"the log {checkpoint.origin!r} has no checkpoint of {checkpoint.size} entries")
        if found.note.text != given.text:
            raise self._contradicted(found, given, signing)
        keeping = Checkpoints(kept, signing.signer).keep(tenant, found, lambda note: merged(note, cosigned))
        return str(await self._read(keeping))

    def _contradicted(self, found: SignedCheckpoint, given: SignedNote, signing: LogSigning) -> Exception:
        size, origin = found.checkpoint.size, found.checkpoint.origin
        if not signing.signer.has_signed(given):
            return InvalidRequest(f"the body is not the checkpoint of {size} entries of the log {origin!r}")
        text = "%s: two checkpoints of %d entries are signed by the log's key, and differ: its history was rewritten"
        self._told.log(f"split {origin[:_SHOWN]}", logging.CRITICAL, text, origin[:_SHOWN], size)
        return SplitViewError(f"the log's own checkpoint of {size} entries is another one: keep both, one of them lies")


def _check_signed(signing: LogSigning, tenant: str) -> None:
    """Refuse to show the newest checkpoint of a log that contradicts what was signed; raises ``RefusedLogError``."""
    if why := signing.refusals.why(tenant):
        raise RefusedLogError(
            f"the log {signing.signer.origin(tenant)[:_SHOWN]!r} contradicts what was signed, and is not signed any "
            f"more: {why}"
        )


def _soon(signing: LogSigning) -> str:
    return f"within {signing.within_seconds:g} seconds"
