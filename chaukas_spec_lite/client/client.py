"""The client of ``ChaukasClientService``."""

# The stub keeps what the schema says about its methods to itself; it is generated for code of ours like this.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import datetime, timezone
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.client.batches import OVERHEAD, batch_request, event_request, framed_size, split
from chaukas_spec_lite.client.defaults import complete
from chaukas_spec_lite.client.settings import ENDPOINT_VARIABLES, Settings, seconds
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.errors import (
    AnswerTooLargeError,
    EncodeError,
    MessageTooLargeError,
    PeerProtocolError,
    SettingError,
    StatusCode,
)
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.rpc.client.caller import Caller, CallOptions, log
from chaukas_spec_lite.rpc.client.keepalive import Keepalive
from chaukas_spec_lite.rpc.client.metadata import headers_of
from chaukas_spec_lite.rpc.client.retry import RetryPolicy
from chaukas_spec_lite.rpc.client.tls import Tls, secure
from chaukas_spec_lite.rpc.stubs.calls import MetadataLike
from chaukas_spec_lite.rpc.stubs.service import Method
from chaukas_spec_lite.rpc.transport.framing import Framing
from chaukas_spec_lite.spec.client.v1 import client as pb
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub
from chaukas_spec_lite.spec.common.v1.events import Event, EventStatus, EventType, Severity
from chaukas_spec_lite.spec.common.v1.query import Capabilities, QueryFilter, QueryRequest, SortOrder, TimeRange

if TYPE_CHECKING:
    from typing_extensions import Self

PAGE_SIZE = 500
"""How many events a query asks for at once; a page that is too large to be received is asked for again, halved."""

HTTP1_HINT = "{} is the gRPC address; {}, which stands in for it, may be set to an HTTP API's".format(
    *ENDPOINT_VARIABLES
)
"""What errors add when the peer speaks HTTP/1."""

_SMALL = 64 << 10
"""The size in bytes up to which no server refuses a request for it."""

_METHODS: dict[str, Method[Any, Any]] = {method.name: method for method in ChaukasClientServiceStub._methods}
_HEALTHZ: Method[Any, pb.HealthzResponse] = _METHODS["healthz"]
_GET_CAPABILITIES: Method[Any, pb.GetCapabilitiesResponse] = _METHODS["get_capabilities"]
_INGEST_EVENT: Method[Any, pb.IngestEventResponse] = _METHODS["ingest_event"]
_INGEST_EVENT_BATCH: Method[Any, pb.IngestEventBatchResponse] = _METHODS["ingest_event_batch"]
_QUERY_EVENTS: Method[Any, pb.QueryEventsResponse] = _METHODS["query_events"]


class ChaukasClient:
    """Sends events to a Chaukas server, and reads them back.

    ::

        async with ChaukasClient("localhost:50051", tenant_id="acme", project_id="demo") as client:
            await client.ingest_event(event)

    ``endpoint`` is ``host:port``, ``http://...``, ``https://...`` or ``unix:/path``, or several of them, to be tried in
    turn. ``api_key`` travels as ``authorization: Bearer ...``; ``metadata`` goes along with each request. ``tls`` is
    True for the system's authorities, ``Tls(...)`` for other ones and client certificates, or an ``ssl.SSLContext``;
    without it, the endpoint's form decides. These and ``timeout``, ``tenant_id``, ``project_id``, ``batch_size``,
    ``max_batch_bytes``, ``tags`` and ``branch`` come from the environment where they are not given, see ``Settings``.

    ``timeout`` is for each request with all its repetitions, ``attempt_timeout`` for one attempt, in seconds; each
    method takes a ``timeout`` of its own. ``retry`` says how repetitions are spaced, ``framing`` how large messages may
    be and from which size on they are compressed, ``keepalive`` when a silent connection is tested.

    It connects on the first call, again whenever that is needed, and afresh in a forked child. It serves one event loop
    at a time. All errors are ``ChaukasError``: ``SettingError`` here, ``RpcError`` from calls, ``EncodeError`` for
    messages that cannot be written.
    """

    def __init__(
        self,
        endpoint: str | Sequence[str] | None = None,
        *,
        api_key: str | None = None,
        tenant_id: str | None = None,
        project_id: str | None = None,
        timeout: float | None = None,
        attempt_timeout: float = 10.0,
        batch_size: int | None = None,
        max_batch_bytes: int | None = None,
        tags: Sequence[str] | None = None,
        branch: str | None = None,
        tls: bool | Tls | ssl.SSLContext | None = None,
        metadata: MetadataLike | None = None,
        retry: RetryPolicy | None = None,
        framing: Framing | None = None,
        keepalive: Keepalive | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = Settings.load(
            endpoint,
            api_key=api_key,
            tenant_id=tenant_id,
            project_id=project_id,
            timeout=timeout,
            batch_size=batch_size,
            max_batch_bytes=max_batch_bytes,
            tags=tags,
            branch=branch,
        )
        self._framing = framing or Framing()
        options = CallOptions(
            timeout=self.settings.timeout,
            attempt_timeout=seconds(attempt_timeout, "attempt_timeout"),
            retry=retry or RetryPolicy(),
            framing=self._framing,
            keepalive=keepalive or Keepalive(),
            clock=clock or Clock(),
            http1_hint=HTTP1_HINT,
        )
        security = secure(self.settings.endpoint, tls)
        if self.settings.api_key is not None and security.context is None and not self.settings.endpoint.is_local:
            log.warning("the api_key goes to %s in plain text: use https://", self.settings.endpoint)
        headers = headers_of(self.settings.api_key, metadata)
        self._caller = Caller(self.settings.endpoint, security, headers, options)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.settings.endpoint)!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection. Calls that are under way fail."""
        await self._caller.aclose()

    async def healthz(self, *, timeout: float | None = None) -> None:
        """Return if the service is up."""
        await self._caller.call(_HEALTHZ, b"", _timeout(timeout))

    async def get_capabilities(self, *, timeout: float | None = None) -> Capabilities:
        """Ask what the server can do."""
        answer = await self._caller.call(_GET_CAPABILITIES, b"", _timeout(timeout))
        return answer.capabilities or Capabilities()

    async def ingest_event(self, event: Event, *, timeout: float | None = None) -> None:
        """Hand over one event, and return when the server has taken it.

        Where the event leaves them empty, it is given an ``event_id`` (a UUIDv7) and ``timestamp`` (now), by which it
        may be sent again without being stored twice, and the client's tenant, project, branch and tags.
        """
        data = self._encode(event)
        self._check_size([data])
        await self._caller.call(_INGEST_EVENT, event_request(data), _timeout(timeout))

    async def ingest_events(self, events: Iterable[Event], *, timeout: float | None = None) -> None:
        """Hand over events in order, in one batch, or in several where ``batch_size`` or a size limit asks for it.

        All events are encoded and measured before the first is sent. ``timeout`` is for each batch. After an error, the
        same events may be sent again as they are: servers know them by the ids they were given, see ``ingest_event``.
        """
        encoded = [self._encode(event, index) for index, event in enumerate(events)]
        self._check_size(encoded)
        settings = self.settings
        max_bytes = min(settings.max_batch_bytes, self._framing.max_send - OVERHEAD)
        for part in split([len(data) for data in encoded], settings.batch_size, max_bytes):
            await self.ingest_encoded(encoded[part], timeout=timeout)

    async def ingest_encoded(self, encoded_events: Sequence[bytes], *, timeout: float | None = None) -> None:
        """Hand over events that are encoded already, and have ids, in one batch; nothing looks into them.

        Raises ``MessageTooLargeError`` if they are too large together.
        """
        request = batch_request(uuid7(), datetime.now(timezone.utc), encoded_events)
        await self._caller.call(_INGEST_EVENT_BATCH, request, _timeout(timeout))

    send = ingest_encoded
    """What an exporter calls."""

    def query_events(
        self,
        *,
        tenant_id: str | None = None,
        project_id: str | None = None,
        session_id: str = "",
        agent_id: str = "",
        span_id: str = "",
        trace_id: str = "",
        types: Iterable[EventType] = (),
        statuses: Iterable[EventStatus] = (),
        severities: Iterable[Severity] = (),
        tags: Iterable[str] = (),
        text_query: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
        order: SortOrder = SortOrder.UNSPECIFIED,
        limit: int | None = None,
        page_size: int = PAGE_SIZE,
        timeout: float | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Find events, at most ``limit``: ``async for event in client.query_events(session_id="s-1"): ...``.

        Tenant and project are the client's unless others are given; ``""`` stands for any. Pages of ``page_size``
        events are fetched as the loop gets there, each within ``timeout``; a page that fails for a passing reason is
        fetched again. Leaving the loop ends the query.
        """
        if limit is not None and limit < 0:
            raise SettingError("limit", f"has to be at least 0, not {limit}")
        if not 0 < page_size < 2**31:
            raise SettingError("page_size", f"has to be at least 1, not {page_size}")
        time = None if start is None and end is None else TimeRange(start=start, end=end)
        query_filter = QueryFilter(
            tenant_id=self.settings.tenant_id if tenant_id is None else tenant_id,
            project_id=self.settings.project_id if project_id is None else project_id,
            session_id=session_id,
            agent_id=agent_id,
            span_id=span_id,
            trace_id=trace_id,
            types=list(types),
            statuses=list(statuses),
            severities=list(severities),
            tags=list(tags),
            text_query=text_query,
            time=time,
        )
        query = QueryRequest(filter=query_filter, page_size=page_size, order_by_time=order)
        return self._events(query, limit, _timeout(timeout))

    async def _events(
        self, query: QueryRequest, limit: int | None, timeout: float | None
    ) -> AsyncGenerator[Event, None]:
        left = limit
        while left is None or left > 0:
            if left is not None:
                query.page_size = min(query.page_size, left)
            request = bytes(pb.QueryEventsRequest(query=query))
            try:
                answer = await self._caller.call(_QUERY_EVENTS, request, timeout)
            except MessageTooLargeError as error:
                if query.page_size == 1 or not _blames_answer(error, len(request)):
                    raise
                query.page_size //= 2
                continue
            page = answer.response
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
                    rpc=_QUERY_EVENTS.alias,
                )
            query.page_token = page.next_page_token

    def _encode(self, event: Event, index: int | None = None) -> bytes:
        if not isinstance(event, Event):
            raise TypeError(f"expected an Event, got {type(event).__name__}")
        complete(event, self.settings)
        try:
            return bytes(event)
        except EncodeError as error:
            if index is not None:
                error.path = f"events[{index}]{error.path.removeprefix('Event')}"
            raise

    def _check_size(self, encoded: Sequence[bytes]) -> None:
        limit = self._framing.max_send - OVERHEAD
        for index, data in enumerate(encoded):
            if framed_size(len(data)) > limit:
                raise MessageTooLargeError(
                    f"event {Event.parse(data).event_id!r} (number {index}) has {len(data)} bytes, and alone exceeds "
                    f"the limit for a message, {self._framing.max_send}; nothing was sent",
                    size=len(data),
                    limit=limit,
                )


def _blames_answer(error: MessageTooLargeError, request_size: int) -> bool:
    """Whether a query failed for the size of its answer, which a smaller page may mend.

    Servers, and whatever stands before them, may have limits of their own for answers, and use the same words for
    those as for requests; with a request that is small, they can only mean the answer.
    """
    return isinstance(error, AnswerTooLargeError) or (error.size is None and request_size <= _SMALL)


def _timeout(timeout: float | None) -> float | None:
    return None if timeout is None else seconds(timeout, "timeout")
