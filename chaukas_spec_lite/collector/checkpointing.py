"""Signs checkpoints of each tenant's log as it grows, for as long as a collector runs.

Nothing is signed that contradicts what was: before each signature the tree is proven to have grown out of the newest
checkpoint, that in the store and the one that was signed last, which stands beside the key, too. So whoever rewrites
the database gets no signature for it, whether a collector runs or not.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaukas_spec_lite.audit.merkle import Hashes, prove_consistency, tree_root, verify_consistency
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.collector.checkpoints import Checkpoints, SignedCheckpoint
from chaukas_spec_lite.collector.last_signed import LastSigned
from chaukas_spec_lite.collector.log_signer import LogSigner
from chaukas_spec_lite.collector.refused_logs import RefusedLogs
from chaukas_spec_lite.collector.stores.event_log import EventLog, LogHead, hashes_for
from chaukas_spec_lite.errors import ProofError, SettingError, StoreError
from chaukas_spec_lite.rationed_log import RationedLog, in_words

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""How many seconds lie between two looks at most."""
_PART = 1000
"""How many tenants are asked for at once."""
MAX_KNOWN = 100_000
"""Of how many logs the newest checkpoint is kept in memory. Those of others are read at each look, and each event is
signed at the next one."""
_TOLD_EVERY = 60.0
_SHOWN = 200
"""How many characters of a log's name are told."""


@dataclass(frozen=True, slots=True)
class CheckpointPace:
    """When a checkpoint is due.

    Args:
        events: After how many new entries; None for whatever number.
        seconds: After how long since the first of them was seen.
    """

    events: int | None
    seconds: float

    def is_due(self, new: int, waited: float) -> bool:
        """Say whether a log with so many new entries, seen so many seconds ago, is to be signed."""
        return new > 0 and ((self.events is not None and new >= self.events) or waited >= self.seconds)


@dataclass(slots=True)
class _Known:
    """What is known of the log of a tenant."""

    newest: Checkpoint | None
    """The newest checkpoint that was signed or seen."""
    since: float | None = None
    """When entries beyond it were first seen."""

    @property
    def size(self) -> int:
        return 0 if self.newest is None else self.newest.size


class Checkpointer:
    """Looks at the logs of a store, and signs what is due.

    Args:
        events: The store's log.
        signer: Who signs.
        pace: When it is due.
        refused: Called when a log contradicts what was signed.
        clock: Tells seconds.
        last: What was signed last, as far as is known from elsewhere than the store.
        refusals: Gets to know which logs are not signed.
    """

    def __init__(
        self,
        events: EventLog,
        signer: LogSigner,
        pace: CheckpointPace,
        refused: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        last: LastSigned | None = None,
        refusals: RefusedLogs | None = None,
    ) -> None:
        self._events = events
        self._signer = signer
        self._pace = pace
        self._refused = refused
        self._clock = clock
        self._last = LastSigned(signer.name) if last is None else last
        self._refusals = RefusedLogs() if refusals is None else refusals
        self._checkpoints = Checkpoints(events, signer)
        self._known: dict[str, _Known] = {}
        self._told = RationedLog(log, _TOLD_EVERY, time.monotonic)
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look now and from time to time from now on, whatever goes wrong with one look.

        Raises:
            SettingError: The log has been signed by a key of another name, or what stands beside the key is damaged.
            StoreError: The log cannot be read.
        """
        await self._check_name()
        await self._last.begin()
        self._running = asyncio.ensure_future(self._run())

    async def _check_name(self) -> None:
        for head in await self._events.heads(None, 1):
            for kept in await self._events.checkpoints(head.tenant_id):
                origin = kept.note.partition("\n")[0]
                if origin != self._signer.origin(head.tenant_id):
                    raise SettingError(
                        "audit_key",
                        f"the store has the log {origin!r}, and a log keeps its name: a key of the name "
                        f"{self._signer.name!r} cannot sign it",
                    )

    async def stop(self, grace: float) -> None:
        """Look no more, but for a last time: whatever is new gets its checkpoint.

        Args:
            grace: How many seconds that may take; what is left then, the next collector signs.
        """
        running, self._running = self._running, None
        if running is None:
            return
        running.cancel()
        try:
            await asyncio.wait({running})
            await asyncio.wait_for(self._try_to_look(everything=True), grace)
        except asyncio.TimeoutError:
            log.warning(
                "what is new in some logs is not covered by a checkpoint yet: there was no time left to sign it"
            )
        finally:
            self._last.close()

    async def _run(self) -> None:
        while True:
            await self._try_to_look()
            await asyncio.sleep(min(LOOK_EVERY, self._pace.seconds))

    async def _try_to_look(self, *, everything: bool = False) -> None:
        """As ``look``; a failure is told in the log, and the next time may be better."""
        try:
            await self.look(everything=everything)
        except Exception as error:
            text = "checkpoints could not be made, which is tried again: %s"
            ours = None if isinstance(error, StoreError) else error
            self._told.log("failed", logging.ERROR, text, error if ours is None else in_words(error), error=ours)

    async def look(self, *, everything: bool = False) -> None:
        """Look once at all logs, and sign those that are due.

        Args:
            everything: Whether to sign whatever is new, as before a stop.

        Raises:
            Exception: One could not be read or signed; the others were looked at all the same.
        """
        after: str | None = None
        failed: Exception | None = None
        # Of these there has been a checkpoint, and so they have entries.
        missing = {*self._known, *self._last.tenants}
        while heads := await self._events.heads(after, _PART):
            failed = await self._look_at(heads, everything) or failed
            after = heads[-1].tenant_id
            missing.difference_update(head.tenant_id for head in heads)
        lost = sorted(missing)
        for first in range(0, len(lost), _PART):
            gone = [await self._events.head(tenant) for tenant in lost[first : first + _PART]]
            failed = await self._look_at(gone, everything) or failed
        if failed is not None:
            raise failed

    async def _look_at(self, heads: Sequence[LogHead], everything: bool) -> Exception | None:
        """Sign those of some logs that are due; return why one of them could not be read or signed."""
        failed: Exception | None = None
        due: dict[str, SignedCheckpoint] = {}
        seen: dict[str, SignedNote] = {}
        older: dict[str, SignedNote] = {}
        for head in heads:
            try:
                found = await self._due(head, everything, seen, older)
                if found is not None:
                    due[head.tenant_id] = found
            except Exception as error:  # Whatever somebody has put into the database: the other logs are not to blame.
                failed = error
        # Before anybody sees them: whatever is seen of a collector that is killed here, the next one knows.
        await self._last.remember(seen | {tenant: found.note for tenant, found in due.items()}, older)
        for tenant, found in due.items():
            try:
                await self._checkpoints.keep(tenant, found, self._signer.completed, is_new=True)
            except Exception as error:
                failed = error
            else:
                if tenant in self._known:
                    self._known[tenant] = _Known(found.checkpoint)
        return failed

    async def _due(
        self, head: LogHead, everything: bool, seen: dict[str, SignedNote], older: dict[str, SignedNote]
    ) -> SignedCheckpoint | None:
        """Return the checkpoint of a log that is to be kept now, if there is one.

        Args:
            head: The log's.
            everything: Whether whatever is new is to be signed.
            seen: Gets the checkpoints that others have signed, by tenant.
            older: And those that were signed some time ago.
        """
        tenant, now = head.tenant_id, self._clock()
        if not self._signer.can_sign(tenant):
            text = "the log of a tenant whose id has %d characters is not signed: checkpoints hold no such names"
            self._told.log("too long", logging.ERROR, text, len(tenant))
            return None
        known = self._known.get(tenant)
        if known is None:
            known, head = await self._first(tenant, seen, older)
            if len(self._known) < MAX_KNOWN:
                self._known[tenant] = known
            else:  # There is nowhere to remember since when it waits.
                everything = True
        if not self._is_to_be_signed(head, known, now, everything):
            return None
        newer = await self._signed_by_another(tenant, known)
        if newer is not None:
            # The head is read again: it is not older than the checkpoint.
            head = await self._events.head(tenant)
            # The other one may have begun on an older copy of the database, and know nothing of what was signed here.
            if not await self._is_consistent(head, known.newest):
                return None
            # What has come since then waits from now on.
            seen[tenant] = newer.note
            known.newest, known.since = newer.checkpoint, now
            if not self._is_to_be_signed(head, known, now, everything):
                return None
        if not await self._is_consistent(head, known.newest) or head.size == known.size:
            return None
        note = self._signer.sign(tenant, head.size, head.root)
        return SignedCheckpoint(note, Checkpoint.of(note))

    async def _first(
        self, tenant: str, seen: dict[str, SignedNote], older: dict[str, SignedNote]
    ) -> tuple[_Known, LogHead]:
        """Begin with a log that was not seen before: its newest checkpoint gets the signatures of keys that are new."""
        found = await self._checkpoints.latest(tenant)
        last = self._last.of(tenant)
        head = await self._events.head(tenant)
        newest = None if found is None else found.checkpoint
        if last is not None:
            if not await self._is_consistent(head, last.checkpoint):
                return _Known(last.checkpoint), head
            if newest is None or newest.size <= last.checkpoint.size:
                # Whoever was to keep it in the store was killed before, or somebody took it away there.
                seen[tenant] = await self._checkpoints.keep(tenant, last, self._signer.completed, is_new=True)
                return _Known(last.checkpoint), head
        if found is not None and not await self._contradiction(head, found.checkpoint):
            older[tenant] = await self._checkpoints.keep(tenant, found, self._signer.completed)
        return _Known(newest), head

    def _is_to_be_signed(self, head: LogHead, known: _Known, now: float, everything: bool) -> bool:
        """Say whether a checkpoint is due, or whether the log has to be held against the newest one again."""
        new = head.size - known.size
        contradicts = new < 0 or (new == 0 and known.newest is not None and known.newest.root != head.root)
        if contradicts or self._refusals.why(head.tenant_id):
            return True
        if new == 0:
            known.since = None
            return False
        if known.since is None:
            known.since = now
        return everything or self._pace.is_due(new, now - known.since)

    async def _signed_by_another(self, tenant: str, known: _Known) -> SignedCheckpoint | None:
        """Return the newer checkpoint that another collector has signed; None if there is none."""
        found = await self._checkpoints.latest(tenant)
        # One that nobody has signed could be there to be gone by.
        if found is None or found.checkpoint.size <= known.size or not self._signer.has_signed(found.note):
            return None
        return found

    async def _is_consistent(self, head: LogHead, newest: Checkpoint | None) -> bool:
        """Say whether a log has grown out of a checkpoint; if not, people are told."""
        tenant = head.tenant_id
        why = await self._contradiction(head, newest)
        if not why:
            self._refusals.accept(tenant)
            return True
        self._refused()
        self._refusals.refuse(tenant, why)
        last = self._last.of(tenant)
        if last is not None and last.checkpoint == newest:
            # Those who only read are not told where that is.
            why += f" ({self._last.where})"
        origin = self._signer.origin(tenant)[:_SHOWN]
        text = "%s: no further checkpoint is signed, as the log contradicts what was signed: %s"
        self._told.log(f"refused {origin}", logging.CRITICAL, text, origin, why)
        return False

    async def _contradiction(self, head: LogHead, newest: Checkpoint | None) -> str:
        """Say how a log contradicts its newest checkpoint, or itself; empty if it does not."""
        if newest is None:
            root = await hashes_for(self._events, head.tenant_id, lambda hashes: tree_root(hashes, head.size))
            return "" if root == head.root else f"its root is not that of its {head.size} entries"
        if head.size < newest.size:
            return f"it has {head.size} entries, and a checkpoint is of {newest.size}"

        def proof(hashes: Hashes) -> list[bytes]:
            return prove_consistency(hashes, newest.size, head.size)

        try:
            path = await hashes_for(self._events, head.tenant_id, proof)
            verify_consistency(newest.size, head.size, newest.root, head.root, path)
        except ProofError:
            return f"the first {newest.size} of its {head.size} entries are not those of the checkpoint"
        return ""
