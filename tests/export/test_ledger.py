"""The ledger: what was reported as SPOOLED is in the collector, whatever is killed, and nothing that was not emitted.

Both sides are processes that are killed with SIGKILL at random moments: those that emit, with the children that they
fork, and the collector. Where they seal what they emit, each chain is whole to where its process was killed, which is
said of it.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.audit.chain import INTERRUPTED
from chaukas_spec_lite.audit.verification import FaultKind, verify
from tests.export.collector_process import CollectorProcess
from tests.export.ledger_child import CHILD, ledger_event
from tests.patience import HANG

ROOT = Path(__file__).parent.parent.parent


def start(how: str, port: int, spool: Path, turn: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.export.ledger_child", how, str(port), str(spool), str(turn)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, start_new_session=True
    )


def kill_after(child: subprocess.Popen[bytes], seconds: float) -> dict[str, str]:
    """Read which events a child reports, by their names and ids, and kill it so many seconds after the first."""
    assert child.stdout is not None
    lines = [child.stdout.readline()]
    timer = threading.Timer(seconds, os.killpg, (child.pid, signal.SIGKILL))
    timer.start()
    lines += child.stdout.readlines()
    timer.join()
    child.wait()
    child.stdout.close()
    # The last line may be cut off.
    return dict(line.decode().split() for line in lines if line.endswith(b"\n"))


def restart(collector: CollectorProcess, ended: threading.Event, seed: int, restarts: list[float]) -> None:
    """Kill the collector at random moments, and let it be away for a while."""
    chance = random.Random(seed)
    while not ended.wait(chance.uniform(0.05, 0.9)):
        collector.kill()
        restarts.append(time.monotonic())
        time.sleep(chance.uniform(0.0, 0.3))
        collector.start()


def emit_in_rounds(
    how: str, rounds: int, port: int, spool: Path, chance: random.Random, restarts: list[float]
) -> tuple[int, dict[str, str]]:
    """Let processes emit until they are killed; return the number of rounds, and the names and ids they reported.

    There are more rounds where the collector is slow to come back, so that it was often killed amid them.
    """
    reported: dict[str, str] = {}
    for turn in itertools.count():
        if turn >= rounds and len(restarts) > rounds / 2:
            return turn, reported
        # Two processes share the directory; each is killed at a moment of its own.
        pair = [start(how, port, spool, 2 * turn + each) for each in (0, 1)]

        def run(child: subprocess.Popen[bytes], seconds: float) -> None:
            reported.update(kill_after(child, seconds))

        threads = [threading.Thread(target=run, args=(child, chance.uniform(0.0, 0.8))) for child in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    raise AssertionError("rounds without end")


def drain(port: int, spool: Path) -> None:
    """Send what is left, which leaves nothing else behind."""
    child = start("drain", port, spool, 0)
    assert child.wait(4 * HANG) == 0
    assert child.stdout is not None
    child.stdout.close()
    assert [*spool.iterdir()] == []


def play(rounds: int, tmp_path: Path, seed: int, how: str) -> None:
    spool = tmp_path / "spool"
    collector, ended, restarts = CollectorProcess(tmp_path / "events.db"), threading.Event(), list[float]()
    restarting = threading.Thread(target=restart, args=(collector, ended, seed, restarts))
    try:
        restarting.start()
        try:
            played, reported = emit_in_rounds(how, rounds, collector.port, spool, random.Random(seed), restarts)
        finally:
            ended.set()
            restarting.join()
        drain(collector.port, spool)
    finally:
        collector.kill()
    received = collector.events()
    assert settle_accounts(reported, [unsealed(data) for data in received if not is_interruption(data)], played) > 0
    found = verify(received)
    if how == "seal":
        assert found.unsealed == 0
        assert {fault.kind for fault in found.faults} == {FaultKind.INTERRUPTED}, found.faults
    else:
        assert found.unsealed == found.events


def is_interruption(data: bytes) -> bool:
    return Event.parse(data).session_id.startswith(INTERRUPTED)


def unsealed(data: bytes) -> bytes:
    event = Event.parse(data)
    event.content_hash = event.hash_prev = ""
    return bytes(event)


def settle_accounts(reported: dict[str, str], received: list[bytes], rounds: int) -> int:
    """Compare what was reported with what arrived; return from how many forked children events came."""
    arrived: dict[str, str] = {}
    last: dict[int, int] = {}
    for data in received:
        event = Event.parse(data)
        turn, number = map(int, event.agent_name.split("-"))
        assert turn % CHILD < 2 * rounds
        assert event.agent_name not in arrived, "it is stored once: each time it is sent, it has the same id"
        arrived[event.agent_name] = event.event_id
        event.event_id = ""
        assert event == ledger_event(turn, number), "it was emitted, exactly like this"
        assert number > last.get(turn, -1), "new events of a process arrive in its order"
        last[turn] = number
    missing = [name for name in reported if name not in arrived]
    assert not missing, f"{len(missing)} of {len(reported)} events are lost: {missing[:5]}"
    assert arrived.items() >= reported.items(), "with the ids that emit gave them"
    assert len(reported) > 20 * rounds, "enough happened for this to mean something"
    return sum(turn > CHILD for turn in last)


@pytest.mark.parametrize(("how", "rounds"), [("emit", 5), ("seal", 3)])
def test_nothing_is_lost_in_some_rounds(tmp_path: Path, how: str, rounds: int) -> None:
    play(rounds, tmp_path, 5, how)


@pytest.mark.thorough
@pytest.mark.parametrize("how", ["emit", "seal"])
@pytest.mark.parametrize("seed", range(100, 105))
def test_nothing_is_lost_in_a_hundred_rounds(tmp_path: Path, seed: int, how: str) -> None:
    play(20, tmp_path, seed, how)


def test_accounts_that_do_not_balance_are_noticed() -> None:
    def stored(number: int, event_id: str) -> bytes:
        event = ledger_event(0, number)
        event.event_id = event_id
        return bytes(event)

    reported = {f"0-{number}": f"id {number}" for number in range(30)}
    events = [stored(number, f"id {number}") for number in range(30)]
    settle_accounts(reported, events, 1)
    with pytest.raises(AssertionError, match="1 of 30 events are lost"):
        settle_accounts(reported, events[:-1], 1)
    with pytest.raises(AssertionError, match="exactly like this"):
        settle_accounts(reported, [*events[:-1], events[-1] + b"\x32\x01x"], 1)
    with pytest.raises(AssertionError, match="in its order"):
        settle_accounts(reported, events[::-1], 1)
    with pytest.raises(AssertionError, match="stored once"):
        settle_accounts(reported, [*events, stored(29, "another")], 1)
    with pytest.raises(AssertionError, match="with the ids"):
        settle_accounts(reported, [*events[:-1], stored(29, "another")], 1)
