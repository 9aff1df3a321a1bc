"""The client of the schema's services: events to a server, and queries of what it holds."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from chaukas_spec_lite.client.arguments import encoded, no_event, several_events
from chaukas_spec_lite.client.queries import DecodedPage, EncodedPage, QueryOptions, find, first_page, stats_request
from chaukas_spec_lite.client.services import EitherService
from chaukas_spec_lite.client.settings import ENDPOINT_VARIABLES, Settings
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.defaults import complete
from chaukas_spec_lite.encoded_events import complete_encoded, encode_given
from chaukas_spec_lite.errors import CodecError, MessageTooLargeError
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.misspelt import arguments_of, refuse_unknown
from chaukas_spec_lite.retry import RetryPolicy
from chaukas_spec_lite.rpc.client.caller import CallOptions, UnaryCaller, log
from chaukas_spec_lite.rpc.client.keepalive import Keepalive
from chaukas_spec_lite.rpc.client.metadata import headers_of
from chaukas_spec_lite.rpc.client.proxy import proxies_of
from chaukas_spec_lite.rpc.client.tls import Tls, secure
from chaukas_spec_lite.rpc.stubs.calls import MetadataLike
from chaukas_spec_lite.rpc.transport.limits import Framing
from chaukas_spec_lite.settings import POSITIVE_SECONDS, Instance
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub
from chaukas_spec_lite.spec.common.v1.events import Event, EventBatch
from chaukas_spec_lite.spec.common.v1.query import Capabilities
from chaukas_spec_lite.spec.server.v1.server_grpc import ChaukasServerServiceStub
from chaukas_spec_lite.wire.envelopes import OVERHEAD, batch_request, batches, event_id_of, event_request, framed_size

if TYPE_CHECKING:
    from typing_extensions import Never, Self, Unpack

    from chaukas_spec_lite.encoded_events import AnyBatch, AnyEvent
    from chaukas_spec_lite.spec.server.v1.server import GetEventStatsResponse

T = TypeVar("T")

HTTP1_HINT = "{} is the gRPC address; {}, which stands in for it, may be set to an HTTP API's".format(
    *ENDPOINT_VARIABLES
)
"""What errors add when the peer speaks HTTP/1."""


class ChaukasClient:
    """Sends events to a Chaukas server, and reads them back.

    ::

        async with ChaukasClient("localhost:50051", tenant_id="acme", project_id="demo") as client:
            await client.ingest_event(event)

    It connects on the first call, again whenever that is needed, and afresh in a forked child. It serves one event loop
    at a time. All errors are ``ChaukasError``.

    Args:
        endpoint: Where the server listens: ``host:port``, ``http://...``, ``https://...`` or ``unix:/path``, or several
            of them, which are tried in turn. If None, it comes from ``CHAUKAS_GRPC_ENDPOINT``, see ``Settings``.
        api_key: Travels with each request as ``authorization: Bearer ...``.
        tenant_id: The tenant of events that name none, and of queries.
        project_id: The project of events that name none, and of queries.
        timeout: How long a call may take with all its repetitions, in seconds (30 by default). Each method takes a
            ``timeout`` of its own.
        attempt_timeout: How long one attempt of a call may take, in seconds. It doubles whenever a server that was
            reached does not answer in time, up to ``timeout``, until the server has been quick for a hundred answers.
        batch_size: The largest number of events in one request of ``ingest_events`` (20 by default).
        max_batch_bytes: The size of the encoded events in one request, in bytes, above which no further event is added
            to it (262,144 by default).
        tags: The tags of events that have none.
        branch: The branch of events that name none.
        tls: True for TLS with the system's authorities, ``Tls(...)`` for other authorities and client certificates, or
            an ``ssl.SSLContext``. If None, the form of the endpoint decides.
        metadata: Goes along with each request: pairs of a lower-case key and a text, or a mapping of them.
        retry: How repetitions of a call that failed are spaced (``RetryPolicy()`` by default).
        framing: How large messages may be, and from which size on they are compressed (``Framing()`` by default).
        keepalive: When a silent connection is tested (``Keepalive()`` by default).
        clock: Tells the time and waits; for tests.
        environ: Where environment variables are looked up; ``os.environ`` if None. With ``{}``, none are set.
        misspelt: Always refused. The error names the argument that is most like the misspelt one.

    If ``endpoint``, ``api_key``, ``tenant_id``, ``project_id``, ``timeout``, ``batch_size``, ``max_batch_bytes``,
    ``tags`` or ``branch`` is None, it comes from the environment, see ``Settings``.

    Raises:
        SettingError: An argument, or a variable of the environment, cannot be used.
        TypeError: An argument has the wrong type (``SettingTypeError``) or a name that does not exist.
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
        tags: str | Sequence[str] | None = None,
        branch: str | None = None,
        tls: bool | Tls | ssl.SSLContext | None = None,
        metadata: MetadataLike | None = None,
        retry: RetryPolicy | None = None,
        framing: Framing | None = None,
        keepalive: Keepalive | None = None,
        clock: Clock | None = None,
        environ: Mapping[str, str] | None = None,
        **misspelt: Never,
    ) -> None:
        refuse_unknown(misspelt, arguments_of(ChaukasClient), listed="ChaukasClient")
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
            environ=environ,
        )
        self._framing = _given(framing, Framing(), "framing")
        options = CallOptions(
            timeout=self.settings.timeout,
            attempt_timeout=POSITIVE_SECONDS(attempt_timeout, "attempt_timeout"),
            retry=_given(retry, RetryPolicy(), "retry"),
            framing=self._framing,
            keepalive=_given(keepalive, Keepalive(), "keepalive"),
            clock=clock or Clock(),
            http1_hint=HTTP1_HINT,
            proxies=proxies_of(self.settings.endpoint, os.environ if environ is None else environ),
        )
        security = secure(self.settings.endpoint, tls)
        # A warning, no error: inside a trusted network, TLS may end at a proxy.
        if self.settings.api_key is not None and security.context is None and not self.settings.endpoint.is_local:
            log.warning("the api_key goes to %s in plain text: use https://", self.settings.endpoint)
        headers = headers_of(self.settings.api_key, metadata)
        self._caller = UnaryCaller(self.settings.endpoint, security, headers, options)
        self._service = EitherService(self._caller, ChaukasClientServiceStub, ChaukasServerServiceStub)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.settings.endpoint)!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection. Calls that are under way fail with a ``ChaukasError``."""
        await self._caller.aclose()

    async def healthz(self, *, timeout: float | None = None) -> None:
        """Ask whether the service is up: return if it is.

        The first failure is the answer, and is not followed by repetitions. Only if the connection of an earlier call
        turns out to be lost, a new one is made.

        Args:
            timeout: How long the call may take, in seconds; the client's if None.

        Raises:
            RpcError: It is not, or cannot be reached.
            ClientClosedError: The client is closed.
        """
        await self._service.call("healthz", timeout=_timeout(timeout), once=True)

    async def get_capabilities(self, *, timeout: float | None = None) -> Capabilities:
        """Ask what the server can do.

        Args:
            timeout: How long the call may take with all its repetitions, in seconds; the client's if None.

        Returns:
            The server's capabilities; empty ones if it names none.

        Raises:
            RpcError: The call failed.
            ClientClosedError: The client is closed.
        """
        response = await self._service.call("get_capabilities", timeout=_timeout(timeout))
        capabilities: Capabilities | None = response.capabilities
        return capabilities or Capabilities()

    async def get_event_stats(
        self,
        *,
        tenant_id: str | None = None,
        project_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        timeout: float | None = None,
    ) -> GetEventStatsResponse:
        """Ask how many events and sessions there are; of the schema's two services, only the server's knows.

        Args:
            tenant_id: Whose events; the client's own if None, anybody's if ``""``.
            project_id: The same of projects.
            start: From this timestamp on; not limited if None.
            end: Before this timestamp; not limited if None.
            timeout: How long the call may take with all its repetitions, in seconds; the client's if None.

        Returns:
            The number of events, also by their type, and of sessions, and how long these took on average.

        Raises:
            RpcError: The call failed; with UNIMPLEMENTED, the server lacks the service.
            ClientClosedError: The client is closed.
        """
        request = stats_request(tenant_id, project_id, start, end, self.settings)
        response: GetEventStatsResponse = await self._service.call("get_event_stats", request, _timeout(timeout))
        return response

    async def ingest_event(self, event: AnyEvent, *, timeout: float | None = None) -> None:
        """Hand over one event, and return when the server has taken it.

        Where the event leaves them empty, it is given an ``event_id`` (a UUIDv7) and a ``timestamp`` (now), by which it
        may be sent again without being stored twice, and the client's tenant, project, branch and tags. A sealed one,
        which has a ``content_hash``, stays as it is: its hash would be of another event. Only an
        ``Event`` of this package is changed by it: another one needs an ``event_id`` before it is sent, for that.

        Args:
            event: The event. What it leaves empty is filled in. One of the official package, or encoded, is sent as it
                is, with what is missing behind it.
            timeout: How long the call may take with all its repetitions, in seconds; the client's if None.

        Raises:
            EncodeError: The event holds a value that cannot be written; its ``path`` says where.
            DecodeError: The bytes are no event.
            MessageTooLargeError: The event is too large for a message. Nothing was sent.
            RpcError: The call failed.
            ClientClosedError: The client is closed.
            TypeError: It is no event.
        """
        data = self._encode(event)
        self._check_size([data])  # By the bound for batches, so that an event never fits alone but not in a batch.
        await self._service.ingest_event(event_request(data), _timeout(timeout))

    async def ingest_events(self, events: Iterable[AnyEvent] | AnyBatch, *, timeout: float | None = None) -> None:
        """Hand over events in order, in one batch, or in several where ``batch_size`` or a size limit asks for it.

        All events are encoded and measured before the first is sent. After an error, the same events may be sent again
        as they are: servers know them by the ids they were given.

        Args:
            events: The events, each as for ``ingest_event``; or an ``EventBatch``, ours or the official package's, of
                which the events are sent, in batches with ids of their own.
            timeout: How long each batch may take with all its repetitions, in seconds; the client's if None.

        Raises:
            EncodeError: An event cannot be written; ``path`` begins with its index, ``events[3]``. Nothing was sent.
            DecodeError: The bytes of one are no event, as above.
            MessageTooLargeError: An event is too large for a message. Nothing was sent.
            RpcError: A batch failed; those before it were taken.
            ClientClosedError: The client is closed.
            TypeError: One of them is no event.
        """
        # All before the first batch is sent: an error in the last event must not leave half of them on the server.
        parts = [self._encode(event, index) for index, event in enumerate(several_events(events))]
        self._check_size(parts)
        settings = self.settings
        max_bytes = min(settings.max_batch_bytes, self._framing.max_send - OVERHEAD)
        for batch in batches(parts, len, settings.batch_size, max_bytes):
            await self.ingest_encoded(batch, timeout=timeout)

    async def ingest_encoded(self, encoded_events: Sequence[bytes], *, timeout: float | None = None) -> None:
        """Hand over events that are encoded already, and have ids, in one batch; nothing looks into them.

        Args:
            encoded_events: What ``bytes(event)`` gives, for each event.
            timeout: How long the call may take with all its repetitions, in seconds; the client's if None.

        Raises:
            MessageTooLargeError: They are too large together.
            RpcError: The call failed.
            ClientClosedError: The client is closed.
            TypeError: They are no bytes.
        """
        await self._service.ingest_batch(_batch(encoded_events), len(encoded_events), _timeout(timeout))

    async def send(self, encoded_events: Sequence[bytes], /) -> int:
        """Hand over events that are encoded already, in one attempt: an exporter repeats it, see ``Sender``.

        Args:
            encoded_events: What ``bytes(event)`` gives, for each event.

        Returns:
            How many of them the server says it has rejected; the others are stored.

        Raises:
            RpcError: They were not acknowledged.
            MessageTooLargeError: They are too large together.
            ClientClosedError: The client is closed.
            TypeError: They are no bytes.
        """
        return await self._service.ingest_batch(_batch(encoded_events), len(encoded_events), once=True)

    def query_events(self, **query: Unpack[QueryOptions]) -> AsyncGenerator[Event, None]:
        """Find events: ``async for event in client.query_events(session_id="s-1"): ...``.

        Pages of events are fetched as the loop gets there; a page that fails for a passing reason is fetched again.
        Leaving the loop ends the query.

        Args:
            query: What to find, by name. Each of these may be left out:

                - ``tenant_id``, ``project_id``: Whose events; the client's own if None, anybody's if ``""``.
                - ``session_id``, ``agent_id``, ``span_id``, ``trace_id``: Where they belong; anywhere if empty.
                - ``types``, ``statuses``, ``severities``: One of these enum members; any if empty.
                - ``tags``: All of these tags.
                - ``text_query``: Text that stands somewhere in the event, in upper or lower case.
                - ``start``, ``end``: From the one timestamp on, and before the other; not limited if None.
                - ``order``: ``SortOrder.ASC`` or ``DESC``, by timestamp. If UNSPECIFIED, the server decides; this
                  package's collector gives the newest first.
                - ``limit``: The largest number of events; None for all.
                - ``page_size``: How many to ask for at once (500). A page that is too large to be received is asked for
                  again, halved. An event that cannot be received even by itself ends the query with a
                  ``MessageTooLargeError``, which says how large ``framing.max_receive`` has to be.
                - ``timeout``: How long each page may take with all its repetitions, in seconds; the client's if None.

        Raises:
            TypeError: There is no argument of that name; the error names the nearest one.
            SettingError: ``limit``, ``page_size`` or ``timeout`` cannot be used.
            RpcError: A page failed. It is the loop that raises this, and ``ClientClosedError``.
        """
        return find(first_page(query, self.settings), query.get("limit"), self._ask(query, DecodedPage), _event_id)

    def query_encoded(self, **query: Unpack[QueryOptions]) -> AsyncGenerator[bytes, None]:
        """Find events as ``query_events`` does, and yield them encoded, as they came; nothing looks into them.

        Args:
            query: What to find, by name, as for ``query_events``.

        Raises:
            TypeError: There is no argument of that name; the error names the nearest one.
            SettingError: ``limit``, ``page_size`` or ``timeout`` cannot be used.
            RpcError: A page failed. It is the loop that raises this, and ``ClientClosedError``.
        """
        return find(first_page(query, self.settings), query.get("limit"), self._ask(query, EncodedPage), event_id_of)

    def _ask(self, query: QueryOptions, page: type[DecodedPage | EncodedPage]) -> Callable[[bytes], Awaitable[Any]]:
        timeout = _timeout(query.get("timeout"))
        return lambda request: self._service.call("query_events", request, timeout, response_type=page)

    def _encode(self, event: AnyEvent, index: int | None = None) -> bytes:
        try:
            if isinstance(event, Event):
                complete(event, self.settings)
                return bytes(event)
            if (data := encode_given(event)) is None:
                raise no_event(event, index)
            return complete_encoded(data, event, self.settings)
        except CodecError as error:
            if index is not None:
                error.path = f"events[{index}]{error.path.removeprefix('Event')}"
            raise

    def _check_size(self, encoded: Sequence[bytes]) -> None:
        limit = self._framing.max_send - OVERHEAD
        for index, data in enumerate(encoded):
            if framed_size(len(data)) > limit:
                raise MessageTooLargeError(
                    f"event {event_id_of(data)!r} (number {index}) has {len(data)} bytes, and alone exceeds "
                    f"the limit for a message, {self._framing.max_send}; nothing was sent",
                    size=len(data),
                    limit=limit,
                )


def _batch(encoded_events: Sequence[bytes]) -> bytes:
    # Put together on bytes, because the events would have to be decoded to become part of a message.
    head = bytes(EventBatch(batch_id=uuid7(), timestamp=datetime.now(timezone.utc)))
    return batch_request(head, encoded(encoded_events))


def _event_id(event: Event) -> str:
    return event.event_id


def _given(value: T | None, default: T, name: str) -> T:
    return default if value is None else Instance(type(default))(value, name)


def _timeout(timeout: float | None) -> float | None:
    return None if timeout is None else POSITIVE_SECONDS(timeout, "timeout")
