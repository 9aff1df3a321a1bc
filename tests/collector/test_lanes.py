"""Threads that decode: what is large keeps nothing small waiting, and nobody waits for it at the end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from chaukas_spec_lite.collector.lanes import Lanes
from tests.patience import AGES, HANG, run, until

SIZES = (100, 1 << 17, 1 << 22)
"""One of each class."""


class Gate:
    """Work that goes on when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self._open = threading.Event()

    def __call__(self) -> str:
        self.begun += 1
        assert self._open.wait(HANG)
        return threading.current_thread().name

    def open(self) -> None:
        self._open.set()


def test_what_is_large_keeps_nothing_smaller_waiting() -> None:
    async def main() -> None:
        lanes, gate = Lanes(), Gate()
        for number, size in enumerate(SIZES):
            stuck = [asyncio.ensure_future(lanes.run(each, gate)) for each in SIZES[number:]]
            await until(lambda: gate.begun == len(stuck))  # noqa: B023 (used at once)
            for smaller in SIZES[:number]:
                assert await lanes.run(smaller, lambda: "done") == "done"
            gate.open()
            assert len(set(await asyncio.gather(*stuck))) == len(stuck), "each in a thread of its own"
            gate = Gate()
            assert size
        await lanes.close(HANG)

    run(main())


def test_whoever_leaves_before_it_is_begun_has_nothing_done() -> None:
    async def main() -> None:
        lanes, gate, second = Lanes(), Gate(), Gate()
        stuck = asyncio.ensure_future(lanes.run(1, gate))
        leaving = asyncio.ensure_future(lanes.run(1, second))
        last = asyncio.ensure_future(lanes.run(1, lambda: "last"))
        await until(lambda: gate.begun == 1)
        leaving.cancel()
        await asyncio.wait([leaving])
        gate.open()
        assert await stuck
        assert await last == "last"
        assert second.begun == 0
        await lanes.close(HANG)

    run(main())


def test_what_it_raises_is_raised_where_it_is_waited_for() -> None:
    def fail() -> None:
        raise ValueError("no event")

    async def main() -> None:
        lanes = Lanes()
        with pytest.raises(ValueError, match="no event"):
            await lanes.run(1, fail)
        assert await lanes.run(1, lambda: 1) == 1
        await lanes.close(HANG)

    run(main())


def test_closing_waits_for_what_was_begun_and_begins_nothing() -> None:
    async def main() -> None:
        lanes, gate, second = Lanes(), Gate(), Gate()
        begun = asyncio.ensure_future(lanes.run(1, gate))
        waiting = asyncio.ensure_future(lanes.run(1, second))
        await until(lambda: gate.begun == 1)
        closing = asyncio.ensure_future(lanes.close(AGES))
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert not closing.done()
        gate.open()
        await closing
        assert await begun
        assert second.begun == 0
        with pytest.raises(asyncio.CancelledError):
            await lanes.run(1, second)

    run(main())


def test_closing_waits_no_longer_than_its_grace() -> None:
    async def main() -> None:
        lanes, gate = Lanes(), Gate()
        begun = asyncio.ensure_future(lanes.run(1, gate))
        await until(lambda: gate.begun == 1)
        await lanes.close(0.01)
        with pytest.raises(asyncio.CancelledError):
            await begun
        gate.open()

    run(main())


def test_a_process_ends_although_something_is_being_decoded() -> None:
    """Threads of Python's own executors would be waited for."""
    program = f"""
import asyncio, time
from chaukas_spec_lite.collector.lanes import Lanes

async def main():
    lanes = Lanes()
    begun = asyncio.ensure_future(lanes.run(1 << 26, lambda: time.sleep({AGES})))
    await asyncio.sleep(0.05)
    await lanes.close(0.05)
    print("closed")

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANG, check=True)
    assert (done.stdout, done.stderr) == ("closed\n", "")
