"""Processes that store events and hand checkpoints out are killed: no later log contradicts any of those."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from chaukas_spec_lite.audit.merkle import prove_consistency, tree_root, verify_consistency
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.collector.stores.base import Store
from chaukas_spec_lite.collector.stores.event_log import hashes_for
from chaukas_spec_lite.collector.stores.opening import open_store
from tests.collector.stores.events import texts
from tests.patience import run

ROUNDS = 2
TOLD = 5
"""How many checkpoints each process tells before it is killed."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.stores)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "events.db") if request.param == "sqlite" else request.getfixturevalue("database")


def started(address: str, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.collector.stores.log_program", address, name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def told(process: subprocess.Popen[str]) -> list[tuple[int, bytes]]:
    """What a process has told, up to where it is killed."""
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(TOLD)]
    process.kill()
    lines += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    return [(int(line.split()[0]), bytes.fromhex(line.split()[1])) for line in lines if line.endswith("\n")]


def test_no_later_log_contradicts_what_was_handed_out(address: str) -> None:
    handed_out: list[tuple[int, bytes]] = []
    for number in range(ROUNDS):
        processes = [started(address, f"{number}-{each}") for each in range(2)]
        for process in processes:
            handed_out += told(process)
    assert len(handed_out) >= 2 * ROUNDS * TOLD

    async def main() -> None:
        store: Store = await open_store(address, texts=texts)
        log = store.log
        assert log is not None
        head = await log.head("acme")
        for size, root in handed_out:
            assert await hashes_for(log, "acme", partial(tree_root, size=size)) == root
            proof = await hashes_for(log, "acme", partial(prove_consistency, old_size=size, size=head.size))
            verify_consistency(size, head.size, root, head.root, proof)
        kept = [Checkpoint.of(SignedNote.parse(each.note)) for each in await log.checkpoints("acme", limit=1000)]
        assert {size for size, _ in handed_out} <= {each.size for each in kept}
        assert await store.check() == []
        await store.close()

    run(main())
