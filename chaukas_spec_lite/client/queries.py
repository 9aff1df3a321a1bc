"""Queries: what they ask for, and page after page of what is found, in pages small enough to be received."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from chaukas_spec_lite.errors import MessageTooLargeError, PeerProtocolError, ResponseTooLargeError, StatusCode
from chaukas_spec_lite.misspelt import refuse_unknown
from chaukas_spec_lite.settings import OrNone, Whole
from chaukas_spec_lite.spec.client.v1.client import QueryEventsRequest, QueryEventsResponse
from chaukas_spec_lite.spec.common.v1.events import Event, EventStatus, EventType, Severity
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, QueryRequest, SortOrder, TimeRange
from chaukas_spec_lite.spec.server.v1.server import GetEventStatsRequest
from chaukas_spec_lite.wire.envelopes import page_of

if TYPE_CHECKING:
    from chaukas_spec_lite.defaults import Defaults

T = TypeVar("T")

PAGE_SIZE = 500
"""How many events a query asks for at once; a page that is too large to be received is asked for again, halved."""

_SMALL = 64 << 10
"""The size in bytes up to which every server accepts a request. If one of this size is "too large", its response is."""


class QueryOptions(TypedDict, total=False):
    """The keyword arguments of ``query_events``, whose docstring says what each of them means."""

    tenant_id: str | None
    project_id: str | None
    session_id: str
    agent_id: str
    span_id: str
    trace_id: str
    types: Iterable[EventType]
    statuses: Iterable[EventStatus]
    severities: Iterable[Severity]
    tags: Iterable[str]
    text_query: str
    start: datetime | None
    end: datetime | None
    order: SortOrder
    limit: int | None
    page_size: int
    timeout: float | None


def first_page(options: QueryOptions, own: Defaults) -> QueryRequest:
    """Make the request for the first page of a query.

    Args:
        options: The arguments of ``query_events``.
        own: The client's settings. Their tenant and project are used if the options name none.

    Raises:
        TypeError: There is no such option, or one that takes a list was given a single value.
        SettingError: ``limit`` or ``page_size`` cannot be used.
    """
    refuse_unknown(options, QueryOptions.__optional_keys__, "argument of query_events", "ChaukasClient.query_events")
    OrNone(Whole(least=0))(options.get("limit"), "limit")
    page_size = Whole(most=2**31 - 1)(options.get("page_size", PAGE_SIZE), "page_size")
    tenant_id, project_id = _whose(options.get("tenant_id"), options.get("project_id"), own)
    query_filter = QueryFilter(
        tenant_id=tenant_id,
        project_id=project_id,
        session_id=options.get("session_id", ""),
        agent_id=options.get("agent_id", ""),
        span_id=options.get("span_id", ""),
        trace_id=options.get("trace_id", ""),
        types=_several(options.get("types"), "types"),
        statuses=_several(options.get("statuses"), "statuses"),
        severities=_several(options.get("severities"), "severities"),
        tags=_several(options.get("tags"), "tags"),
        text_query=options.get("text_query", ""),
        time=_range(options.get("start"), options.get("end")),
    )
    order = options.get("order", SortOrder.UNSPECIFIED)
    return QueryRequest(filter=query_filter, page_size=page_size, order_by_time=order)


def stats_request(
    tenant_id: str | None, project_id: str | None, start: datetime | None, end: datetime | None, own: Defaults
) -> bytes:
    """Make the encoded request of ``get_event_stats``, whose docstring says what its arguments mean.

    Args:
        tenant_id: The tenant; the client's own if None.
        project_id: The project; the same.
        start: Where the time begins.
        end: Where it ends.
        own: The client's settings.
    """
    tenant_id, project_id = _whose(tenant_id, project_id, own)
    return bytes(GetEventStatsRequest(tenant_id, project_id, _range(start, end)))


def _whose(tenant_id: str | None, project_id: str | None, own: Defaults) -> tuple[str, str]:
    return own.tenant_id if tenant_id is None else tenant_id, own.project_id if project_id is None else project_id


def _range(start: datetime | None, end: datetime | None) -> TimeRange | None:
    return None if start is None and end is None else TimeRange(start=start, end=end)


def _several(given: Any, name: str) -> list[Any]:
    """Make the list of what ``query_events`` was given for a condition that takes several values.

    Raises:
        TypeError: It is one value; the letters of a text would become conditions.
    """
    if given is None:
        return []
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        one = f"{type(given).__name__}.{given.name}" if isinstance(given, Enum) else repr(given)
        raise TypeError(f"{name}: query_events expects a list, got {type(given).__name__}; write {name}=[{one}]")
    return list(given)


class DecodedPage:
    """Reads a page of events, which both services write alike. Calls take it in the place of their response's class."""

    @staticmethod
    def parse(data: bytes) -> tuple[list[Event], str]:
        """Read events and the token of the next page; raises ``DecodeError``."""
        page = QueryEventsResponse.parse(data).response
        return ([], "") if page is None else (page.events, page.next_page_token)


class EncodedPage:
    """Reads the same, but leaves events encoded."""

    @staticmethod
    def parse(data: bytes) -> tuple[list[bytes], str]:
        """Read events and the token of the next page; raises ``DecodeError``."""
        return page_of(data)


async def find(
    query: QueryRequest,
    limit: int | None,
    ask: Callable[[bytes], Awaitable[tuple[Sequence[T], str]]],
    id_of: Callable[[T], str],
) -> AsyncGenerator[T, None]:
    """Yield what a query finds, fetching a page whenever the one before is used up.

    Args:
        query: The query, with the size of its pages. It is changed from page to page.
        limit: How many events to yield at most; None for all.
        ask: Sends an encoded ``QueryEventsRequest``, and returns events and the token of the next page.
        id_of: Tells the id of an event.

    Raises:
        MessageTooLargeError: An event is above a limit by itself. The error says where it stands, and what to do.
        PeerProtocolError: A page names itself as the next one, which would never end.
    """
    left, most, last = limit, query.page_size, ""
    while left is None or left > 0:
        # The last page need not be larger than what is still wanted.
        if left is not None:
            query.page_size = min(query.page_size, left)
        request = bytes(QueryEventsRequest(query=query))
        try:
            events, token = await ask(request)
        except MessageTooLargeError as error:
            if not _blames_response(error, len(request)):
                raise
            if query.page_size == 1:
                _explain(error, last)
                raise
            # The same page token with half the size: tokens say where a page begins, not how long it is.
            query.page_size //= 2
            continue
        # A server may send more than was asked for.
        for event in events if left is None else events[:left]:
            yield event
        last = id_of(events[-1]) if events else last
        if left is not None:
            left -= len(events)
        if not token:
            return
        if token == query.page_token:
            raise PeerProtocolError(
                "the server answered a page with the token of that very page",
                status=StatusCode.INTERNAL,
                rpc="QueryEvents",
            )
        query.page_token = token
        # Larger pages again, slowly: a few large events must not cost a request for each one behind them, and where all
        # are large, most pages should come at the first attempt.
        query.page_size = min(most, query.page_size + query.page_size // 4 + 1)


def _blames_response(error: MessageTooLargeError, request_size: int) -> bool:
    """Whether a query failed because of the size of its response, so that a smaller page may succeed.

    Servers and proxies may limit the size of responses, and then answer in the same words as for requests. If the
    request is small, they can only mean the response. ``error.size`` is known only if the limit is ours.
    """
    return isinstance(error, ResponseTooLargeError) or (error.size is None and request_size <= _SMALL)


def _explain(error: MessageTooLargeError, last: str) -> None:
    """Have an error say which event is too large by itself, and what to do about it.

    Args:
        error: What the page of this one event failed with.
        last: The id of the event before it; empty if it is the first one.
    """
    where = f"the event behind {last!r}" if last else "the first event"
    if isinstance(error, ResponseTooLargeError):
        # Of a compressed response, only that it is above the limit is known.
        known = error.size is not None and error.limit is not None and error.size > error.limit
        least = f"Framing(max_receive={error.size})" if known else "a larger Framing(max_receive=...)"
        advice = f"max_receive is {error.limit} bytes: make the client with framing={least}"
    else:
        advice = "the limit is the server's, or that of a proxy: it has to be raised there"
    error.details = f"{where} of the query cannot be received even by itself: {error.details}; {advice}"
