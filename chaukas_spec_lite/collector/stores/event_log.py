"""The log of a store: per tenant, a Merkle tree over its events in the order of arrival, which only ever grows.

An entry is an event as it was stored, its hash that of RFC 6962 (``audit.merkle.leaf_hash``). It goes into the log in
the transaction that stores the event. What came under the id of another event, and what was rejected, is in no log. An
event that goes, whoever deletes it, leaves its hash, so that what has been proven once stays so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from chaukas_spec_lite.errors import StoreError

if TYPE_CHECKING:
    from chaukas_spec_lite.audit.merkle import Hashes
    from chaukas_spec_lite.collector.stores.asking import Tenancy
    from chaukas_spec_lite.collector.stores.base import Deletion

T = TypeVar("T")

RETENTION = "retention"
"""Who ordered that an event goes that was too old or too much."""


@dataclass(frozen=True, slots=True)
class LogHead:
    """How far the log of a tenant is."""

    tenant_id: str
    size: int
    """How many entries it has."""
    root: bytes
    """The root of its tree; empty in a list of heads if this one is damaged."""
    checkpoint: int | None = None
    """The size of the newest checkpoint that was kept; None without one."""


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where an event is in the log of its tenant."""

    index: int
    """Which entry it is, counted from 0."""
    tenant_id: str
    project_id: str
    event_id: str
    leaf: bytes
    """The entry's hash."""


@dataclass(frozen=True, slots=True)
class Gone:
    """That an event was deleted. Where a store keeps no records of that, nothing else is known."""

    at: float | None = None
    """When, in seconds since 1970; for a deletion, when it was begun. None if no record was kept."""
    deletion: Deletion | None = None
    """By whose order; None if it was too old or too much, or if no record was kept."""

    @property
    def by(self) -> str | None:
        """Who ordered it, as ``Deletion.by`` says it, or ``RETENTION``; None if no record was kept."""
        if self.deletion is not None:
            return self.deletion.by
        return None if self.at is None else RETENTION


@dataclass(slots=True)  # Not frozen, which would take three times as long to make.
class LogEntry:
    """An entry of a log."""

    index: int
    leaf: bytes
    """Its hash, as the tree has it."""
    project_id: str
    """Empty, and the id of the event too, if it was deleted without a record."""
    event_id: str
    data: bytes | None
    """The event as it was stored; None if it was deleted."""
    gone: Gone | None = None
    """What is known of that."""


class LogLeaves(NamedTuple):
    """The hashes of entries side by side."""

    hashes: list[bytes]
    numbers: list[int]
    """Of each one the number under which its event arrived, by which pages of events know it, too."""


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A checkpoint that was kept."""

    size: int
    """The size of the log that it is of."""
    note: str
    """The signed note."""


class EventLog(Protocol):
    """The log of a store; its methods raise ``StoreError`` as the store's do.

    Whatever it tells is committed: no crash takes it back. Hashes never change once they can be read.
    """

    @property
    def worm(self) -> bool:
        """Whether a record stays of each event that is deleted: which it was, when it went, by whose order."""
        ...

    async def heads(self, after_tenant: str | None = None, limit: int = 1000) -> list[LogHead]:
        """List the tenants that have entries, in an order of the store's, behind one of them; None to begin."""
        ...

    async def head(self, tenant_id: str) -> LogHead:
        """Return how far the log of a tenant is; of one without events, it is empty."""
        ...

    async def hashes(self, tenant_id: str, level: int, first: int, count: int) -> list[bytes]:
        """Return the roots of full subtrees side by side, each over ``2**level`` entries; see ``hashes_for``.

        Args:
            tenant_id: Whose log.
            level: Their height.
            first: The place of the first one among those of its level, counted from 0.
            count: How many of them; fewer are returned if the log has no more.
        """
        ...

    async def places(self, tenancy: Tenancy, *event_ids: str) -> list[LogPlace]:
        """Find the events of ids: of each one in each project at most, and deleted ones of which there is a record."""
        ...

    async def leaves(self, tenant_id: str, first: int, limit: int) -> LogLeaves:
        """Return the hashes of entries side by side from a place on, whether their events are there or not."""
        ...

    async def entries(self, tenant_id: str, first: int, limit: int) -> list[LogEntry]:
        """Return entries side by side from a place on; fewer, but one at least, where events are large."""
        ...

    async def keep_checkpoint(self, tenant_id: str, size: int, note: str, former: str = "") -> str:
        """Keep a checkpoint, for ever; all of a size are one, of which the note changes as witnesses sign it.

        Args:
            tenant_id: Whose log it is of.
            size: The size that it is of.
            note: The signed note.
            former: The note that is kept of this size, as far as the caller knows; empty for none. If it is another
                one, that stays: another collector, or witness, came first.

        Returns:
            The note that is kept now.

        Raises:
            StoreError: The log is not that large.
        """
        ...

    async def checkpoints(self, tenant_id: str, before: int | None = None, limit: int = 1) -> list[KeptCheckpoint]:
        """List what was kept, the largest first: all below a size, or the latest of all."""
        ...


async def hashes_for(log: EventLog, tenant_id: str, make: Callable[[Hashes], T]) -> T:
    """Make a proof, or a root, of the hashes of a log.

    Args:
        log: The log.
        tenant_id: Whose.
        make: Makes it: ``lambda hashes: prove_inclusion(hashes, index, size)``, for one. It is called twice: which
            hashes it needs does not depend on them.

    Raises:
        StoreError: The log lacks a hash: it is smaller than was said.
    """
    found: dict[tuple[int, int], bytes] = {}

    def ask(level: int, place: int) -> bytes:
        found[level, place] = b""
        return b""

    make(ask)
    for level, place in found:
        hashes = await log.hashes(tenant_id, level, place, 1)
        if not hashes:
            raise StoreError(f"the log of tenant {tenant_id!r} has no hash {place} of level {level}: it is smaller")
        found[level, place] = hashes[0]
    return make(lambda level, place: found[level, place])


def beyond(name: str, tenant_id: str, size: int, known: int) -> StoreError:
    """Make the error that says that a checkpoint is of a larger log than there is."""
    return StoreError(f"{name}: a checkpoint of {size} entries for tenant {tenant_id!r}, whose log has {known}")
