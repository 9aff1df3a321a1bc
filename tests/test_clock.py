"""Waits end in time, and a cancellation always arrives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from chaukas_spec_lite.clock import Clock, within
from chaukas_spec_lite.collector.stores.write_queue import in_time
from tests.patience import AGES, run


async def fails(event: asyncio.Event) -> None:
    await event.wait()
    raise OSError("at the same moment")


async def ends(event: asyncio.Event) -> None:
    await event.wait()


WAITS: dict[str, Callable[[asyncio.Event], Awaitable[object]]] = {
    "work that ends": lambda event: within(AGES, ends(event)),
    "work that fails": lambda event: within(AGES, fails(event)),
    "what a store writes": lambda event: in_time("a store", ends(event)),
    "an event": lambda event: Clock().wait(event, Clock().now() + AGES),
    "an event without a limit": lambda event: Clock().wait(event, None),
}


@pytest.mark.parametrize("name", WAITS)
@pytest.mark.parametrize("turns", range(6))
def test_a_cancellation_arrives_also_in_the_moment_in_which_the_wait_ends(name: str, turns: int) -> None:
    """``asyncio.wait_for`` loses it before Python 3.12: a task that goes on then keeps ``asyncio.run`` from ending."""

    async def main() -> None:
        event = asyncio.Event()

        async def goes_on() -> None:
            with contextlib.suppress(OSError):
                await WAITS[name](event)
            await asyncio.sleep(AGES)

        task = asyncio.create_task(goes_on())
        for _ in range(5):
            await asyncio.sleep(0)
        event.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        assert task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run(main())


def test_what_takes_too_long_is_ended() -> None:
    async def main() -> None:
        ended = False

        async def work() -> None:
            nonlocal ended
            try:
                await asyncio.sleep(AGES)
            finally:
                ended = True

        with pytest.raises(asyncio.TimeoutError):
            await within(0.01, work())
        assert ended
        event = asyncio.Event()
        event.set()
        with pytest.raises(OSError, match="at the same moment"):
            await within(AGES, fails(event))

    run(main())
