"""The end of a command that runs until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def told_by_signals(told: asyncio.Event) -> Generator[None, None, None]:
    """Set an event on SIGTERM or Ctrl-C; a second one does what it does by itself, and ends the process at once."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)

    def tell(number: int, frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_DFL)
        loop.call_soon_threadsafe(told.set)

    # Not the loop's own handlers, which Windows lacks.
    before = {each: signal.signal(each, tell) for each in numbers}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
