"""Stores that keep a log, with checkpoints, as a collector leaves them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.audit.chain import Chains
from chaukas_spec_lite.audit.keys import SigningKey
from chaukas_spec_lite.audit.notes import Checkpoint
from chaukas_spec_lite.audit.origins import origin_of
from chaukas_spec_lite.audit.sealing import seal
from chaukas_spec_lite.collector.query import Tenancy
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.skim import skim
from chaukas_spec_lite.collector.stores.base import Deletion
from chaukas_spec_lite.collector.stores.opening import store_for

TENANT = "acme"


def sealed_events(
    sessions: Sequence[str], each: int = 3, writer: str = "01a21c48-0000-7000-8000-000000000001"
) -> list[Event]:
    """Closed sessions of one writer."""
    chains = Chains(writer)
    events: list[Event] = []
    for session in sessions:
        for number in range(each):
            kind = EventType.SESSION_END if number == each - 1 else EventType.SYSTEM
            event = Event(
                event_id=f"{session}-{number}", tenant_id=TENANT, project_id="shop", session_id=session, type=kind
            )
            event.timestamp = datetime(2026, 11, 30, tzinfo=timezone.utc)
            event.metadata = {"b": number, "a": session}
            seal(event, chains)
            events.append(event)
    return events


def key(folder: Path, name: str = "example.com/log", file: str = "log") -> SigningKey:
    """Make a key, with a file of each half: log.key and log.pub."""
    made = SigningKey.generate(name)
    made.write(folder / f"{file}.key")
    (folder / f"{file}.pub").write_text(f"{made.verifier()}\n")
    return made


def add(
    path: Path | str,
    events: Sequence[Event | bytes],
    signer: SigningKey | None,
    *,
    without: str = "",
    tenant: str = TENANT,
) -> str:
    """Add events to a store, delete a session, sign a checkpoint; return it."""

    async def work() -> str:
        store = store_for(str(path), texts=searched_text, log=True, worm=True)
        await store.open()
        try:
            await store.add([skim(bytes(event)) for event in events])
            if without:
                await store.delete(Deletion(Tenancy(tenant, None), without, "asked for"))
            if signer is None:
                return ""
            assert store.log is not None
            head = await store.log.head(tenant)
            note = str(Checkpoint(origin_of(signer.name, tenant), head.size, head.root).note(signer))
            return await store.log.keep_checkpoint(tenant, head.size, note)
        finally:
            await store.close()

    return asyncio.run(work())
