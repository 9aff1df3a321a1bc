"""What is done for a client ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")


async def unless_gone(gone: Coroutine[Any, Any, None], serving: Coroutine[Any, Any, T]) -> T:
    """Wait for an answer, and give it up when nobody waits for it any more; raises ``ClientDisconnect`` then.

    Args:
        gone: Ends when the client has left.
        serving: What makes the answer.
    """
    task, leaving = asyncio.ensure_future(serving), asyncio.ensure_future(gone)
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        leaving.cancel()
        task.cancel()
        # What was begun ends before the request does: a server that stops waits for requests.
        await asyncio.gather(task, leaving, return_exceptions=True)


async def left(request: Request) -> None:
    """Wait until the client of a request whose body is of no interest has left."""
    # What there is of the body comes first.
    while (await request.receive())["type"] != "http.disconnect":
        pass
