"""The client for code without ``async``: each method drives the asynchronous one on a background loop, and waits."""

from __future__ import annotations

import ssl
import weakref
from collections.abc import Generator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from chaukas_spec_lite.blocking.loop import Loop, OnLoop
from chaukas_spec_lite.client.client import ChaukasClient

if TYPE_CHECKING:
    from datetime import datetime

    from typing_extensions import Never, Self, Unpack

    from chaukas_spec_lite.client.queries import QueryOptions
    from chaukas_spec_lite.client.settings import Settings
    from chaukas_spec_lite.clock import Clock
    from chaukas_spec_lite.encoded_events import AnyBatch, AnyEvent
    from chaukas_spec_lite.retry import RetryPolicy
    from chaukas_spec_lite.rpc.client.keepalive import Keepalive
    from chaukas_spec_lite.rpc.client.tls import Tls
    from chaukas_spec_lite.rpc.stubs.calls import MetadataLike
    from chaukas_spec_lite.rpc.transport.limits import Framing
    from chaukas_spec_lite.spec.common.v1.events import Event
    from chaukas_spec_lite.spec.common.v1.query import Capabilities
    from chaukas_spec_lite.spec.server.v1.server import GetEventStatsResponse


class BlockingChaukasClient(OnLoop[ChaukasClient]):
    """Sends events to a Chaukas server, and reads them back, for code without ``async``: each method waits.

    ::

        with BlockingChaukasClient("localhost:50051", tenant_id="acme", project_id="demo") as client:
            client.ingest_event(event)
            for found in client.query_events(session_id="s-1"): ...

    It may be used from several threads at a time, under a running event loop, and after a fork. A ``ChaukasClient``,
    in the attribute ``client``, does the work on an event loop in a background thread, in the attribute ``loop``.

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
        client = ChaukasClient(
            endpoint,
            api_key=api_key,
            tenant_id=tenant_id,
            project_id=project_id,
            timeout=timeout,
            attempt_timeout=attempt_timeout,
            batch_size=batch_size,
            max_batch_bytes=max_batch_bytes,
            tags=tags,
            branch=branch,
            tls=tls,
            metadata=metadata,
            retry=retry,
            framing=framing,
            keepalive=keepalive,
            clock=clock,
            environ=environ,
            **misspelt,
        )
        self._drive(client, Loop())

    @classmethod
    def on(cls, loop: Loop, client: ChaukasClient) -> Self:
        """Drive a client on a loop that may serve others too. Closing this one stops the loop.

        Args:
            loop: The background loop.
            client: A client that was not used so far.
        """
        self = cls.__new__(cls)
        self._drive(client, loop)
        return self

    def _drive(self, client: ChaukasClient, loop: Loop) -> None:
        self.client = client
        self.loop = loop
        # For a client that was never closed. At exit it is not needed: a daemon thread ends with the interpreter.
        weakref.finalize(self, _let_go, client, loop).atexit = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.settings.endpoint)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and stop the thread. Calls that are under way fail with a ``ChaukasError``."""
        self.loop.close(self.client.aclose())

    @property
    def settings(self) -> Settings:
        """The settings that arguments and environment add up to."""
        return self.client.settings

    def healthz(self, *, timeout: float | None = None) -> None:
        """Ask whether the service is up: return if it is.

        The first failure is the answer, and is not followed by repetitions. Only if the connection of an earlier call
        turns out to be lost, a new one is made.

        Args:
            timeout: How long the call may take, in seconds; the client's if None.

        Raises:
            RpcError: It is not, or cannot be reached.
            ClientClosedError: The client is closed.
        """
        self.loop.run(self.client.healthz(timeout=timeout))

    def get_capabilities(self, *, timeout: float | None = None) -> Capabilities:
        """Ask what the server can do.

        Args:
            timeout: How long the call may take with all its repetitions, in seconds; the client's if None.

        Returns:
            The server's capabilities; empty ones if it names none.

        Raises:
            RpcError: The call failed.
            ClientClosedError: The client is closed.
        """
        return self.loop.run(self.client.get_capabilities(timeout=timeout))

    def get_event_stats(
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
        return self.loop.run(
            self.client.get_event_stats(
                tenant_id=tenant_id, project_id=project_id, start=start, end=end, timeout=timeout
            )
        )

    def ingest_event(self, event: AnyEvent, *, timeout: float | None = None) -> None:
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
        self.loop.run(self.client.ingest_event(event, timeout=timeout))

    def ingest_events(self, events: Iterable[AnyEvent] | AnyBatch, *, timeout: float | None = None) -> None:
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
        self.loop.run(self.client.ingest_events(events, timeout=timeout))

    def ingest_encoded(self, encoded_events: Sequence[bytes], *, timeout: float | None = None) -> None:
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
        self.loop.run(self.client.ingest_encoded(encoded_events, timeout=timeout))

    def query_events(self, **query: Unpack[QueryOptions]) -> Generator[Event, None, None]:
        """Find events: ``for event in client.query_events(session_id="s-1"): ...``.

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
        return self.loop.iterate(self.client.query_events(**query), self)

    def query_encoded(self, **query: Unpack[QueryOptions]) -> Generator[bytes, None, None]:
        """Find events as ``query_events`` does, and yield them encoded, as they came; nothing looks into them.

        Args:
            query: What to find, by name, as for ``query_events``.

        Raises:
            TypeError: There is no argument of that name; the error names the nearest one.
            SettingError: ``limit``, ``page_size`` or ``timeout`` cannot be used.
            RpcError: A page failed. It is the loop that raises this, and ``ClientClosedError``.
        """
        return self.loop.iterate(self.client.query_encoded(**query), self)


def _let_go(client: ChaukasClient, loop: Loop) -> None:
    """Close a forgotten client and its loop, without waiting: the garbage collector calls this in any thread."""
    loop.close(client.aclose(), wait=False)
