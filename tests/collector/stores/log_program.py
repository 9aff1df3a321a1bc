"""A program: stores events, keeps checkpoints of its log, and tells each one, until it is killed."""

import asyncio
import itertools
import sys
from dataclasses import replace

from chaukas_spec_lite.audit.notes import Checkpoint, NoteSignature
from chaukas_spec_lite.collector.stores.opening import open_store
from tests.collector.stores.events import row, texts


async def main(address: str, name: str) -> None:
    store = await open_store(address, texts=texts, log=True)
    log = store.log
    assert log is not None
    for number in itertools.count():
        tenants = ("acme", "other") if number % 3 else ("acme",)
        await store.add([row(f"{name}-{number}-{each}", tenant_id=tenant) for tenant in tenants for each in range(7)])
        head = await log.head("acme")
        note = Checkpoint("log/acme", head.size, head.root).note()
        await log.keep_checkpoint(
            "acme", head.size, str(replace(note, signatures=(NoteSignature(name, b"1234", b"signature"),)))
        )
        sys.stdout.write(f"{head.size} {head.root.hex()}\n")
        sys.stdout.flush()


asyncio.run(main(*sys.argv[1:]))
