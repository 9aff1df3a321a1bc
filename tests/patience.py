"""How long tests wait, so that none of them depends on how busy the machine is.

A test that must show that nothing waits for some limit makes that limit ``AGES``, and is ended after ``HANG`` seconds:
what waits for the limit fails, and what does not passes, however slow the machine is.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any

HANG = 60.0
"""Seconds that nothing here takes on any machine, unless it hangs."""
AGES = 20 * HANG
"""Seconds for a limit that no test can reach: what waits for it is taken for a hang."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine, which fails if it hangs."""
    asyncio.run(asyncio.wait_for(main, HANG))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another task, thread or process brings about."""
    deadline = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.002)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread or process brings about, outside an event loop."""
    deadline = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def without_slowness(stderr: str) -> str:
    """Leave out what asyncio's debug mode says of slow callbacks: it tells of the machine, not of the program."""
    return re.sub(r"^(?:.* UTC  WARNING  )?Executing .* took \d+\.\d+ seconds\n", "", stderr, flags=re.MULTILINE)
