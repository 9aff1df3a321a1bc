"""Queries: page after page of what is found, in pages small enough to be received."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

from chaukas_spec_lite.errors import AnswerTooLargeError, MessageTooLargeError, PeerProtocolError, StatusCode
from chaukas_spec_lite.spec.client.v1.client import QueryEventsRequest, QueryEventsResponse
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.spec.common.v1.query import QueryRequest

PAGE_SIZE = 500
"""How many events a query asks for at once; a page that is too large to be received is asked for again, halved."""

_SMALL = 64 << 10
"""A request of at most this size, in bytes, is taken by every server, so that "too large" means its response."""


async def find(
    query: QueryRequest, limit: int | None, ask: Callable[[bytes], Awaitable[QueryEventsResponse]]
) -> AsyncGenerator[Event, None]:
    """Yield what a query finds, fetching a page whenever the one before is used up.

    Args:
        query: The query, with the size of its pages. It is changed from page to page.
        limit: How many events to yield at most; None for all.
        ask: Sends an encoded ``QueryEventsRequest``.

    Raises:
        PeerProtocolError: The server's pages go round in a circle.
    """
    left = limit
    while left is None or left > 0:
        if left is not None:
            query.page_size = min(query.page_size, left)
        request = bytes(QueryEventsRequest(query=query))
        try:
            page = (await ask(request)).response
        except MessageTooLargeError as error:
            if query.page_size == 1 or not _blames_response(error, len(request)):
                raise
            query.page_size //= 2
            continue
        if page is None:
            return
        for event in page.events if left is None else page.events[:left]:
            yield event
        if left is not None:
            left -= len(page.events)
        if not page.next_page_token:
            return
        if page.next_page_token == query.page_token:
            raise PeerProtocolError(
                "the server answered a page with the token of that very page",
                status=StatusCode.INTERNAL,
                rpc="QueryEvents",
            )
        query.page_token = page.next_page_token


def _blames_response(error: MessageTooLargeError, request_size: int) -> bool:
    """Whether a query failed because of the size of its response, so that a smaller page may succeed.

    Servers, and proxies before them, may have limits of their own for responses, and use the same words for those as
    for requests. With a request that is small, they can only mean the response.
    """
    return isinstance(error, AnswerTooLargeError) or (error.size is None and request_size <= _SMALL)
