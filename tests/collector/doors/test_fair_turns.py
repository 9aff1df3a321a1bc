"""Whose turn it is: nobody waits for somebody else who asks for much."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from chaukas_spec_lite.collector.doors.fair_turns import FairTurns
from chaukas_spec_lite.collector.doors.http_turns import Turns
from chaukas_spec_lite.errors import ThrottledError
from tests.patience import HANG, run, until


class Worker:
    """Somebody who wants a turn, and keeps it until it is told to end."""

    def __init__(self, turns: FairTurns, origin: str, begun: list[str], name: str) -> None:
        self._end = asyncio.Event()
        self.task = asyncio.ensure_future(self._work(turns, origin, begun, name))

    async def _work(self, turns: FairTurns, origin: str, begun: list[str], name: str) -> None:
        async with turns.turn(origin):
            begun.append(name)
            await self._end.wait()

    async def end(self) -> None:
        self._end.set()
        await self.task


def test_whoever_wants_many_turns_gets_his_share_and_others_theirs() -> None:
    async def main() -> None:
        turns, begun = FairTurns(3, 2, waiting=10, waiting_of_one=10), list[str]()
        of_a = [Worker(turns, "a", begun, f"a{number}") for number in range(4)]
        await until(lambda: turns.waiting == 2)
        of_b = [Worker(turns, "b", begun, f"b{number}") for number in range(2)]
        of_c = Worker(turns, "c", begun, "c0")
        await until(lambda: turns.waiting == 4)
        assert begun == ["a0", "a1", "b0"]
        await of_b[0].end()  # a has both of its turns
        await until(lambda: len(begun) == 4)
        await of_a[0].end()
        await until(lambda: len(begun) == 5)
        await of_a[1].end()
        await until(lambda: len(begun) == 6)
        assert begun[3:] == ["b1", "a2", "c0"]
        await asyncio.gather(*(each.end() for each in (of_b[1], of_c, *of_a[2:])))
        assert (turns.working, turns.waiting) == (0, 0)

    run(main())


def test_whoever_leaves_takes_no_turn_from_anybody() -> None:
    async def main() -> None:
        turns, begun = FairTurns(1, 1, waiting=10, waiting_of_one=10), list[str]()
        async with turns.turn("a"):
            leaving = [Worker(turns, "b", begun, "b0"), Worker(turns, "b", begun, "b1")]
            staying = Worker(turns, "b", begun, "b2")
            await until(lambda: turns.waiting == 3)
            leaving[0].task.cancel()
            await asyncio.wait({leaving[0].task})
            assert turns.waiting == 2
            leaving[1].task.cancel()  # which it is told after its turn would have come
        await until(lambda: "b2" in begun)
        await staying.end()
        async with turns.turn("a"):
            last = Worker(turns, "b", begun, "b3")
            await until(lambda: turns.waiting == 1)
        last.task.cancel()  # which has its turn, and has not begun
        await asyncio.wait({last.task, leaving[1].task})
        assert begun == ["b2"]
        assert (turns.working, turns.waiting) == (0, 0)

    run(main())


def test_no_more_wait_than_may() -> None:
    async def main() -> None:
        turns, begun = FairTurns(1, 1, waiting=3, waiting_of_one=2), list[str]()
        all_of_them = [Worker(turns, "a", begun, f"a{number}") for number in range(3)]
        await until(lambda: turns.waiting == 2)
        with pytest.raises(ThrottledError):
            await turns.turn("a").__aenter__()
        all_of_them.append(Worker(turns, "b", begun, "b0"))
        await until(lambda: turns.waiting == 3)
        with pytest.raises(ThrottledError):
            await turns.turn("c").__aenter__()
        await asyncio.gather(*(each.end() for each in all_of_them))
        assert (turns.working, turns.waiting) == (0, 0)

    run(main())


@pytest.mark.parametrize("name", ["answer", "gathered"])
def test_work_whose_caller_has_left_keeps_its_turn_until_it_ends(name: str) -> None:
    """Whoever asked and left, again and again, had as many threads as he liked work at once."""

    async def main() -> None:
        do = getattr(Turns(), name)
        release, begun = threading.Event(), list[int]()

        def work(number: int) -> None:
            begun.append(number)
            release.wait(HANG)

        first = asyncio.ensure_future(do(partial(work, 1)))
        await until(lambda: begun == [1])
        second = asyncio.ensure_future(do(partial(work, 2)))
        first.cancel()
        await asyncio.sleep(0.05)
        assert (begun, first.done()) == ([1], False)
        release.set()
        await asyncio.wait({first, second})
        assert (begun, first.cancelled()) == ([1, 2], True)

    run(main())
