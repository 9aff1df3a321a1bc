"""A collector remembers beside its key what it signed last: who cuts the database while none runs gets no signature."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from chaukas_spec_lite.audit.notes import SignedNote
from tests.cli.serving import Served, run, serving
from tests.collector.log_keys import KEYS, NAME, NEW, OLD, read
from tests.collector.log_serving import HTTP, check_grown, covering, event, get, post, url
from tests.collector.stores.postgres_calls import session
from tests.patience import wait_until

CUT = "it has 5 entries, and a checkpoint is of 8"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    OLD.write(tmp_path / "log.key")
    (tmp_path / "log.pub").write_text(f"{KEYS[0]}\n")
    return tmp_path / "log.key"


def options(key: Path, store: object) -> tuple[object, ...]:
    return ("--store", store, "--audit-key", key, "--checkpoint-seconds", "10ms", *HTTP)


def refused(served: Served) -> bool:
    found = re.search("^chaukas_refused_logs (.*)$", get(served, "/metrics").text, re.MULTILINE)
    assert found is not None
    return float(found[1]) > 0


def claims_proofs(served: Served) -> bool:
    claimed: bool = get(served, "/v1/capabilities").json()["audit_proofs"]
    return claimed


def grow(home: Path, key: Path, store: object, first: int, end: int) -> str:
    """Have a collector take events until they are signed; return the checkpoint."""
    with serving(home, *options(key, store)) as served:  # type: ignore[arg-type]
        for number in range(first, end):
            assert post(served, event(number)).status_code == 202
        seen = covering(served, end)
        assert claims_proofs(served)
        assert served.end()[0] == 0
    return seen


def test_a_tail_that_is_cut_while_no_collector_runs_is_told_and_not_signed(tmp_path: Path, key: Path) -> None:
    store, state = tmp_path / "events.db", tmp_path / "log.key.state"
    grow(tmp_path, key, store, 0, 5)
    shutil.copy(store, tmp_path / "before.db")
    seen = grow(tmp_path, key, store, 5, 8)
    assert state.read_text() == seen
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    shutil.move(store, tmp_path / "true.db")
    shutil.copy(tmp_path / "before.db", store)
    audited = "verify", "--store", store, "--tenant", "acme", "--key", "log.pub", "--checkpoint", "log.key.state"
    done = run(tmp_path, *audited, "--unsealed")
    assert (done.returncode, "has 5 entries, and had 8: its end is gone" in done.stderr) == (1, True), done.stderr

    with serving(tmp_path, *options(key, store)) as served:  # type: ignore[arg-type]
        wait_until(lambda: refused(served))
        assert not claims_proofs(served)
        said = f"the log '{NAME}/tenant/acme' contradicts what was signed, and is not signed any more: {CUT}"
        for path in ("checkpoint", "proof?event_id=1", "consistency?from=1"):
            asked = f"{path}{'&' if '?' in path else '?'}tenant_id=acme"
            found = get(served, f"/audit/{asked}")
            assert (found.status_code, found.json()["detail"]) == (409, said)
        done = run(tmp_path, "verify", "--log", url(served), "--tenant", "acme", "--key", "log.pub", "--unsealed")
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
        (listed,) = get(served, "/audit/logs").json()["logs"]
        assert (listed["refused"], listed["checkpoint"]) == (CUT, 5)
        # What is there is evidence, and events are taken as always.
        assert read(get(served, "/audit/checkpoint", tenant_id="acme", size=99).content.decode(), "acme").size == 5
        assert post(served, *map(event, range(100, 110))).status_code == 202
        wait_until(lambda: get(served, "/audit/logs").json()["logs"][0]["size"] == 15)
        # With as many entries as were signed, it is the history that is another one.
        changed = "the first 8 of its 15 entries are not those of the checkpoint"
        wait_until(lambda: get(served, "/audit/logs").json()["logs"][0]["refused"] == changed)
        status, errors = served.end()
    told = [line for line in errors.splitlines() if "CRITICAL" in line]
    assert (status, len(told)) == (0, 1)
    assert f"no further checkpoint is signed, as the log contradicts what was signed: {CUT} ({state})" in told[0]
    assert state.read_text() == seen

    shutil.copy(tmp_path / "true.db", store)
    with serving(tmp_path, *options(key, store)) as served:  # type: ignore[arg-type]
        post(served, event(8))
        covering(served, 9)
        check_grown(served, seen)
        assert claims_proofs(served)


def test_a_log_that_is_gone_is_told_and_a_new_key_knows_it_too(tmp_path: Path, key: Path) -> None:
    grow(tmp_path, key, tmp_path / "events.db", 0, 3)
    NEW.write(tmp_path / "new.key")
    both = (*options(key, tmp_path / "events.db"), "--audit-key", tmp_path / "new.key")
    with serving(tmp_path, *both) as served:  # type: ignore[arg-type]
        wait_until(lambda: len(SignedNote.parse(covering(served, 3)).signatures) == 2)
        wait_until(lambda: (tmp_path / "new.key.state").read_text() == covering(served, 3))
    (tmp_path / "events.db").unlink()
    with serving(tmp_path, *options(tmp_path / "new.key", tmp_path / "events.db")) as served:  # type: ignore[arg-type]
        wait_until(lambda: refused(served))
        found = get(served, "/audit/checkpoint", tenant_id="acme")
        assert found.status_code == 409
        assert "it has 0 entries, and a checkpoint is of 3" in found.json()["detail"]


def test_in_memory_each_start_is_a_new_log(tmp_path: Path, key: Path) -> None:
    for _ in range(2):
        grow(tmp_path, key, "memory:", 0, 3)
    assert not (tmp_path / "log.key.state").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="has no such pipes")
def test_a_disk_that_hangs_holds_up_neither_checkpoints_nor_the_stop(tmp_path: Path, key: Path) -> None:
    """A pipe that nobody writes to stands in for the disk: whoever opens it waits for ever."""
    store, state = tmp_path / "events.db", tmp_path / "log.key.state"
    with serving(tmp_path, *options(key, store)) as served:  # type: ignore[arg-type]
        assert post(served, event(0)).status_code == 202
        covering(served, 1)
        # It is written when the checkpoint is there already, and would take the place of the pipe.
        wait_until(lambda: "\n1\n" in state.read_text())
        state.unlink()
        os.mkfifo(state)
        for number in (1, 2):
            assert post(served, event(number)).status_code == 202
            covering(served, number + 1)
        code, said = served.end()
    assert code == 0
    assert f"{state} is not up to date, as the disk does not answer" in said


def test_a_damaged_state_is_one_sentence(tmp_path: Path, key: Path) -> None:
    (tmp_path / "log.key.state").write_text("no checkpoint\n")
    done = run(tmp_path, "serve", "--store", "events.db", "--grpc", "127.0.0.1:0", "--http", "off", "--audit-key", key)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    said = f"Error: audit_key: {tmp_path / 'log.key.state'} is no file of checkpoints, which"
    assert done.stderr.splitlines()[-1].startswith(said)


@pytest.mark.stores
def test_collectors_of_one_database_remember_for_themselves(database: str, tmp_path: Path) -> None:
    homes = [tmp_path / name for name in "ab"]
    for home in homes:
        home.mkdir()
        OLD.write(home / "log.key")

    def both(stack: ExitStack) -> list[Served]:
        return [stack.enter_context(serving(home, *options(home / "log.key", database))) for home in homes]  # type: ignore[arg-type]

    with ExitStack() as stack:
        one, two = both(stack)
        for number in range(6):
            post((one, two)[number % 2], event(number))
        seen = covering(one, 6)
    # One of them goes on alone, and the other one comes back.
    grow(homes[0], homes[0] / "log.key", database, 6, 8)
    with ExitStack() as stack:
        one, two = both(stack)
        post(two, event(8))
        covering(two, 9)
        check_grown(one, seen)
        for each in (one, two):
            wait_until(lambda each=each: covering(each, 9) in states(homes))  # type: ignore[misc]
            assert (refused(each), claims_proofs(each)) == (False, True)

    async def empty() -> None:
        async with session(database) as connection:
            await connection.execute("DROP SCHEMA chaukas CASCADE")

    asyncio.run(empty())
    with ExitStack() as stack:
        for each in both(stack):
            wait_until(lambda each=each: refused(each))  # type: ignore[misc]
            assert not claims_proofs(each)


def states(homes: list[Path]) -> list[str]:
    return [(home / "log.key.state").read_text() for home in homes]
