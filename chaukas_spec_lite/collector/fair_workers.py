"""Threads for work that takes long, in which callers take turns by where they come from."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from chaukas_spec_lite.errors import ThrottledError

T = TypeVar("T")


class FairWorkers:
    """Runs work in a few threads. Whoever has much to do waits for nobody but himself.

    Args:
        threads: How many run at a time.
        name: What the threads are called.
        most: How much may wait, of all.
        most_of_one: How much may wait, of one origin.
    """

    def __init__(self, threads: int, name: str, *, most: int, most_of_one: int) -> None:
        self._pool = ThreadPoolExecutor(threads, name)
        self._free = threads
        self._most = most
        self._most_of_one = most_of_one
        self._size = 0
        self._queues: OrderedDict[str, deque[tuple[Callable[[], Any], asyncio.Future[Any]]]] = OrderedDict()
        """What waits, by origin; whose turn is next stands first."""

    async def run(self, origin: str, work: Callable[[], T]) -> T:
        """Have something done.

        Args:
            origin: Who wants it.
            work: What is to be done, in a thread.

        Raises:
            ThrottledError: Too much waits already.
        """
        queue = self._queues.get(origin, ())
        if len(queue) >= self._most_of_one or self._size >= self._most:
            raise ThrottledError("too many keys are being looked at: try again", 1.0)
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(origin, deque()).append((work, result))
        self._size += 1
        self._begin()
        return await result

    def close(self) -> None:
        """Begin nothing more, and end the threads."""
        queues, self._queues = self._queues, OrderedDict()
        for queue in queues.values():
            for _, result in queue:
                result.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self) -> None:
        while self._free and self._queues:
            origin, queue = self._queues.popitem(last=False)
            work, result = queue.popleft()
            self._size -= 1
            if queue:
                self._queues[origin] = queue  # behind all others
            if result.done():  # nobody waits for it any more
                continue
            self._free -= 1
            running = asyncio.get_running_loop().run_in_executor(self._pool, work)
            running.add_done_callback(partial(self._ended, result))

    def _ended(self, result: asyncio.Future[Any], running: asyncio.Future[Any]) -> None:
        self._free += 1
        error = None if running.cancelled() else running.exception()
        if not result.done():
            if running.cancelled():
                result.cancel()
            elif error is not None:
                result.set_exception(error)
            else:
                result.set_result(running.result())
        self._begin()
