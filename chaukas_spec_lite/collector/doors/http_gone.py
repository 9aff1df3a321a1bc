"""What is done for a client ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")


async def unless_gone(request: Request, serving: Coroutine[Any, Any, T]) -> T:
    """Wait for an answer, and give it up when nobody waits for it any more; raises ``ClientDisconnect`` then.

    Args:
        request: The request, whose body has been read, or is of no interest.
        serving: What makes the answer.
    """
    task = asyncio.ensure_future(serving)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        gone.cancel()
        task.cancel()


async def _gone(request: Request) -> None:
    # What is left of the body comes first, and then that the client has gone.
    while (await request.receive())["type"] != "http.disconnect":
        pass
