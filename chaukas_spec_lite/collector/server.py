"""The collector as a whole: a store, the service on it, and the doors that lead there, started and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.audit_log import LogSigning
from chaukas_spec_lite.collector.callers import Authenticate, anyone
from chaukas_spec_lite.collector.checkpointing import Checkpointer, CheckpointPace
from chaukas_spec_lite.collector.doors.grpc import services_of
from chaukas_spec_lite.collector.doors.http import HttpServer
from chaukas_spec_lite.collector.doors.http_limits import HttpLimits
from chaukas_spec_lite.collector.doors.listening import GrpcDoor, HttpDoor, ListeningDoor
from chaukas_spec_lite.collector.keys import Keys
from chaukas_spec_lite.collector.last_signed import LastSigned
from chaukas_spec_lite.collector.log_signer import LogSigner
from chaukas_spec_lite.collector.open_files import fitted
from chaukas_spec_lite.collector.quotas import Quotas, Rate
from chaukas_spec_lite.collector.receipts import IngestLimits
from chaukas_spec_lite.collector.retaining import retain_always
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.settings import MEMORY, CollectorSettings
from chaukas_spec_lite.collector.stores.base import EventRow, Retention
from chaukas_spec_lite.collector.stores.opening import store_for
from chaukas_spec_lite.collector.tls import server_context
from chaukas_spec_lite.misspelt import arguments_of, refuse_unknown
from chaukas_spec_lite.rpc.client.endpoint import Tcp
from chaukas_spec_lite.rpc.server.server import MAX_MESSAGE_BYTES, MessageServer
from chaukas_spec_lite.rpc.transport.admission import ConnectionLimits, most_files
from chaukas_spec_lite.rpc.transport.limits import CallLimits

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from typing_extensions import Never, Self

    from chaukas_spec_lite.audit.keys import VerifierKey

_ANYWHERE = ("0.0.0.0", "::")


class Collector:
    """A server that stores events and finds them again: by gRPC, and by HTTP if ``from_settings`` says so.

    ::

        async with Collector("events.db", port=50051) as collector:
            print(collector.port)
            await collector.wait_closed()

    Args:
        path: The SQLite file, which is made if it does not exist, or the address of another store, such as
            ``postgresql://...``. None keeps events in memory only.
        host: The address to listen on. There is no encryption and no authentication: any program that reaches it can
            read and write, which is why it is the loopback interface unless you say otherwise. ``from_settings`` makes
            a collector with TLS and keys.
        port: The port to listen on; 0 takes any free one, which the attribute ``port`` then tells.
        max_message_bytes: The size in bytes, after decompression, above which a request is refused.
        grace: How many seconds calls that are running get to finish when the collector stops.
        misspelt: Always refused. The error names the argument that is most like the misspelt one.

    Raises:
        TypeError: There is no argument of that name.
        SettingError: There is no such store.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        grace: float = 5.0,
        **misspelt: Never,
    ) -> None:
        refuse_unknown(misspelt, arguments_of(Collector), "argument", "Collector")
        settings = CollectorSettings(
            grpc=Tcp(host, port), http=None, max_message=max_message_bytes, grace=grace, insecure=True
        )
        self._prepare(settings, path)

    @classmethod
    def from_settings(cls, settings: CollectorSettings) -> Self:
        """Make a collector with everything that settings can say.

        Args:
            settings: ``CollectorSettings.load`` makes them, of environment and file too.

        Raises:
            SettingError: The settings do not go together, or there is no such store.
        """
        settings.check_together()
        collector = cls()
        collector._prepare(settings, None if settings.store == MEMORY else settings.store)
        return collector

    def _prepare(self, settings: CollectorSettings, store: str | Path | None) -> None:
        self._settings = settings
        self._store = store_for(
            store,
            texts=searched_text,
            index_text=settings.index_text,
            max_memory=settings.max_memory,
            log=bool(settings.audit_key),
            worm=settings.worm,
        )
        self._signing = _signing(settings)
        rate = Rate(settings.events_per_second, settings.bytes_per_second)
        self._service = CollectorService(
            self._store,
            limits=IngestLimits(max_bytes=settings.max_body),
            quotas=Quotas(lambda _: rate),
            signing=self._signing,
        )
        self._doors: dict[str, ListeningDoor] = {}
        self._keys: Keys | None = None
        self._retaining: asyncio.Task[None] | None = None
        self._checkpointer: Checkpointer | None = None
        self._starts = False
        self._closed: asyncio.Event | None = None

    @property
    def host(self) -> str:
        """The address that gRPC listens on."""
        address = self._settings.grpc
        return "" if address is None else address.host

    @property
    def grace(self) -> float:
        """How many seconds calls that are running get to finish when it stops."""
        return self._settings.grace

    @property
    def port(self) -> int:
        """The port that gRPC listens on; raises ``RuntimeError`` unless it is running."""
        self._running()
        if self.grpc is None:
            raise RuntimeError("the collector does not listen for gRPC, only for HTTP")
        return self.grpc.port

    @property
    def grpc(self) -> Tcp | None:
        """Where gRPC listens, while the collector runs."""
        return self._address("grpc")

    @property
    def http(self) -> Tcp | None:
        """Where HTTP listens, while the collector runs."""
        return self._address("http")

    def clients(self) -> dict[str, str]:
        """The variables that programs have to be given to send to it, and their values, while it runs."""
        # For gRPC https:// would do as well in a program, but commands take that for HTTP.
        grpc, http = ("grpcs://", "https://") if self._settings.tls_cert else ("", "http://")
        found: dict[str, str] = {}
        if self.grpc is not None:
            found["CHAUKAS_GRPC_ENDPOINT"] = f"{grpc}{_reached(self.grpc)}"
        if self.http is not None:
            found["CHAUKAS_ENDPOINT"] = f"{http}{_reached(self.http)}"
        return found

    @property
    def store_name(self) -> str:
        """Where the events are kept, in words; without a password."""
        return self._store.name

    @property
    def audit_keys(self) -> list[VerifierKey]:
        """The keys that the audit log is signed with; none if it keeps none."""
        return [] if self._signing is None else self._signing.signer.verifiers

    def on_first_event(self, tell: Callable[[EventRow], None]) -> None:
        """Have a function called with the first event that is stored from now on; once."""
        self._service.on_first_event(tell)

    def _address(self, name: str) -> Tcp | None:
        door = self._doors.get(name)
        return None if door is None else door.address

    async def start(self) -> None:
        """Open the store, and listen. ``async with`` does it, too.

        Raises:
            SettingError: A file of keys or certificates cannot be used, or an extra is missing.
            StoreError: The file is no collector's, was made by a newer one, or cannot be opened.
            OSError: The port is taken, or the host has no such address.
            RuntimeError: It has been started already.
        """
        # Starting takes several turns of the event loop, in which a second call must not open the store once more.
        if self._doors or self._starts:
            raise RuntimeError("the collector has been started already")
        self._starts = True
        try:
            await self._start()
        finally:
            self._starts = False

    async def _start(self) -> None:
        settings = self._settings
        keys = Keys(settings.keys) if settings.keys else None
        # The store before the doors, so that no call arrives at a store that is not open.
        async with contextlib.AsyncExitStack() as opened:
            if keys is not None:
                opened.callback(keys.close)
                self._service.hindrance = keys.are_lost
            doors = _doors_of(settings, self._service, None if keys is None else keys.caller_of, self.clients)
            await self._service.open()
            opened.push_async_callback(self._service.close)
            checkpointer = await self._start_signing()
            if checkpointer is not None:
                opened.push_async_callback(checkpointer.stop, self.grace)
            for door in doors.values():
                await door.start()
                opened.push_async_callback(door.stop, 0)
            # Nothing can fail any more: what was opened stays open.
            opened.pop_all()
        retention = Retention(settings.retain, settings.max_size)
        if retention != Retention():
            self._retaining = asyncio.ensure_future(
                retain_always(self._store, retention, self._service.meter.count_failed_look)
            )
        self._doors, self._keys, self._closed = doors, keys, asyncio.Event()
        self._checkpointer = checkpointer

    async def _start_signing(self) -> Checkpointer | None:
        """Sign checkpoints of the store's log from now on, if it is to be signed."""
        kept = self._store.log
        if kept is None or self._signing is None:
            return None
        pace = CheckpointPace(self._settings.checkpoint_events, self._settings.checkpoint_seconds)
        refused = self._service.meter.count_refused_checkpoint
        signer = self._signing.signer
        # What is only in memory begins anew with each start, which is no secret, and no rewriting.
        keys = () if self._settings.store == MEMORY else self._settings.audit_key
        last = LastSigned(signer.name, keys)
        checkpointer = Checkpointer(kept, signer, pace, refused, last=last, refusals=self._signing.refusals)
        await checkpointer.start()
        return checkpointer

    async def stop(self) -> None:
        """Let the calls that are running finish, for at most ``grace`` seconds, then close doors and store.

        Raises:
            RuntimeError: It is not running.
        """
        closed = self._running()
        # Forgotten first, so that a second ``stop`` during the grace period is refused and not run twice.
        doors, self._doors = self._doors, {}
        keys, self._keys = self._keys, None
        retaining, self._retaining = self._retaining, None
        checkpointer, self._checkpointer = self._checkpointer, None
        try:
            await asyncio.gather(*(door.stop(self.grace) for door in doors.values()))
        # In this order: calls that are running still need keys and store.
        finally:
            if retaining is not None:
                retaining.cancel()
                await asyncio.wait({retaining})
            if keys is not None:
                keys.close()
            if checkpointer is not None:
                await checkpointer.stop(self.grace)
            try:
                await self._service.close()
            finally:
                closed.set()

    async def wait_closed(self) -> None:
        """Wait until somebody stops it; raises ``RuntimeError`` unless it is running."""
        await self._running().wait()

    def _running(self) -> asyncio.Event:
        if not self._doors or self._closed is None:
            raise RuntimeError("the collector is not running: use `async with Collector(...)` or `await start()`")
        return self._closed

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.stop()


def _signing(settings: CollectorSettings) -> LogSigning | None:
    if not settings.audit_key:
        return None
    return LogSigning(LogSigner.read(settings.audit_key), settings.witness_key, settings.checkpoint_seconds)


def _doors_of(
    settings: CollectorSettings,
    service: CollectorService,
    authenticate: Authenticate | None,
    clients: Callable[[], Mapping[str, str]],
) -> dict[str, ListeningDoor]:
    """Make the doors that settings ask for; they do not listen yet.

    Args:
        settings: The collector's.
        service: What is behind the doors.
        authenticate: Tells who calls; None lets everybody in.
        clients: Tells the variables that programs are to be given.

    Returns:
        The doors by the names of their settings: ``grpc``, ``http``.

    Raises:
        SettingError: A certificate cannot be used.
    """
    doors: dict[str, ListeningDoor] = {}
    limits = fitted(
        ConnectionLimits(
            settings.max_connections,
            settings.max_connections_per_address,
            settings.handshake_timeout,
            settings.idle_timeout,
        ),
        doors=sum(address is not None for address in (settings.grpc, settings.http)),
        files=most_files(),
    )
    if settings.grpc is not None:
        calls = _calls_of(settings)
        services, health = services_of(service, authenticate or anyone, calls)
        server = MessageServer(services, max_message_bytes=settings.max_message, limits=limits, calls=calls)
        doors["grpc"] = GrpcDoor(settings.grpc, server, health, _context(settings, "h2"))
    if settings.http is not None:
        http_limits = HttpLimits(
            max_json_bytes=settings.max_json,
            max_held_bytes=settings.max_bodies,
            body_timeout=settings.body_timeout,
            connections=limits,
        )
        tls = _context(settings, "http/1.1")
        http = HttpServer(service, authenticate=authenticate, limits=http_limits, tls=tls, clients=clients)
        doors["http"] = HttpDoor(settings.http, http)
    return doors


def _reached(address: Tcp) -> str:
    """An address as clients have to write it."""
    return str(Tcp(socket.gethostname(), address.port) if address.host in _ANYWHERE else address)


def _calls_of(settings: CollectorSettings) -> CallLimits:
    calls, answers = settings.max_calls or CallLimits().calls, settings.max_answers
    return CallLimits(
        calls=calls,
        calls_per_peer=settings.max_calls_per_address or max(1, calls // 2),
        requests_held=settings.max_requests,
        requests_held_per_peer=settings.max_requests_per_address,
        answers_held=answers,
        answers_held_per_peer=max(1, answers // 4),
        answers_held_per_connection=max(1, answers // 8),
    )


def _context(settings: CollectorSettings, protocol: str) -> ssl.SSLContext | None:
    return server_context(
        settings.tls_cert,
        settings.tls_key,
        settings.client_ca,
        certificates_needed=settings.keys is None,
        protocol=protocol,
    )
