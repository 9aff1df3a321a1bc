"""Threads in which events are decoded, one for each class of sizes, so that what is large holds up nothing small.

Decoding cannot be interrupted, and Python's own executors make a process that ends wait for it. So these are threads
of the module's own, which are left behind if they are in the middle of something that takes too long.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

_BOUNDS = {"chaukas-decode": 0, "chaukas-decode-large": 1 << 16, "chaukas-decode-huge": 1 << 20}
"""From how many bytes on something goes into the lane of a name. Somebody's 60 MB take half a minute of processor time
if they are of the oddest form: others' 100 kB do not wait for them."""

_HERE = 16 << 10
"""How many bytes are decoded in the event loop. Of the oddest form they take 4 ms; a thread that decodes keeps the loop
waiting for 5 ms, too, and to hand it a single event costs more than to decode that."""

_Job: TypeAlias = "tuple[Callable[[], Any], asyncio.Future[Any]]"


class Lanes:
    """One thread for each class of sizes: Python runs one at a time anyway. Used from one event loop."""

    def __init__(self) -> None:
        self._lanes = [OwnThread(name) for name in _BOUNDS]

    async def run(self, size: int, work: Callable[[], T]) -> T:
        """Do something that has to do with so many bytes; not begun if its caller leaves before."""
        return await self._lanes[bisect_right(list(_BOUNDS.values()), max(size, 0)) - 1].run(work)

    async def decode(self, size: int, work: Callable[[], T], whole: int | None = None) -> T:
        """Have something decoded: here if it is small, else in the thread for what is about as large.

        Args:
            size: How many bytes it has, or the largest part of it.
            work: Decodes it.
            whole: How many bytes it has in all, if that is another number.
        """
        if (size if whole is None else whole) <= _HERE:
            return work()
        return await self.run(size, work)

    async def close(self, grace: float) -> None:
        """Begin nothing any more, and wait so many seconds for what has been begun.

        Whoever still waits is cancelled.
        """
        waiting = [future for lane in self._lanes for future in lane.stop()]
        if waiting:
            await asyncio.wait(waiting, timeout=grace)
        for future in waiting:
            future.cancel()


class OwnThread:
    """One thread, which is left behind if it is in the middle of something. Used from one event loop.

    Args:
        name: What the thread's name begins with.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting: dict[asyncio.Future[Any], None] = {}
        """In their order: the first is what the thread does, or is about to."""
        self._thread: threading.Thread | None = None
        self._stopped = False

    async def run(self, work: Callable[[], T]) -> T:
        """Do something behind what was asked for before; not begun if its caller leaves before."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if self._stopped:
            future.cancel()
            return await future
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, args=(loop,), name=f"{self._name}_0", daemon=True)
            self._thread.start()
        self._waiting[future] = None
        future.add_done_callback(self._waiting.pop)
        self._jobs.put((work, future))
        return await future

    def stop(self) -> list[asyncio.Future[Any]]:
        """Cancel what has not been begun, and return the rest."""
        self._stopped = True
        waiting = [future for future in self._waiting if not future.done()]
        for future in waiting[1:]:
            future.cancel()
        self._jobs.put(None)
        return waiting[:1]

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (job := self._jobs.get()) is not None:
            work, future = job
            if future.cancelled():  # a look from another thread; what is cancelled just now is done in vain
                continue
            outcome: Any = None
            error: BaseException | None = None
            try:
                outcome = work()
            except BaseException as raised:  # raised again where it is waited for
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile, and nobody waits
                loop.call_soon_threadsafe(_settle, future, outcome, error)
            del job, work, future, outcome, error  # nothing of it is held until the next one comes


def _settle(future: asyncio.Future[Any], outcome: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(outcome)
