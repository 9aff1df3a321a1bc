"""The official SDK, ``chaukas-sdk``, with an exporter in place of its own HTTP client.

The SDK's client loses events when its server answers 429 or 500, keeps none on disk, and ignores its flush interval.
What the SDK does to agent frameworks stays as it is; only where its events go changes::

    from chaukas.sdk import enable_chaukas

    enable_chaukas()
    SdkSink(exporter).install()
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite import BlockingExporter, Event, EventExporter
from chaukas_spec_lite.settings import POSITIVE_SECONDS
from chaukas_spec_lite.trace.sink import Sink, check_sink

if TYPE_CHECKING:
    from typing_extensions import Self

log = logging.getLogger(__name__)

SDK = "chaukas.sdk"
TESTED = "0.1.0"
"""The version of the SDK that this was made for, and is tested with."""

_LEAST = 0.01
"""How many seconds a flush takes while none is enough."""


class SdkSink:
    """Stands where the official SDK has its client, and hands each event on at once.

    It attaches by attributes alone, no class is changed. The SDK's instrumentation sends through the attribute
    ``client`` of its tracer; ``install`` puts this object there, and where ``chaukas.sdk.get_client()`` finds it, which
    the SDK flushes at the end of ``asyncio.run`` and closes at exit. A ``ChaukasTracer`` that a program makes itself
    takes it as its client: ``ChaukasTracer(client=SdkSink(exporter))``.

    Nothing that happens here raises in the program that is observed: what goes wrong is logged.

    Args:
        sink: An ``EventExporter`` or ``BlockingExporter``, which get the SDK's events byte for byte, or anything else
            with an ``emit``, which gets them as ``Event``. It stays open when the SDK closes its client: close it
            yourself, or leave it to the exporter, which saves what waits when the interpreter ends.
        flush_timeout: How many seconds a flush of the SDK takes at most. From plain functions the SDK flushes after
            each event: so after a flush that was not enough the next one takes half the time, until one is. What is
            not sent by then stays with the sink.

    Raises:
        SettingTypeError: The sink has no ``emit``, or an async one.
    """

    def __init__(self, sink: Sink, *, flush_timeout: float = 5.0) -> None:
        check_sink(sink)
        self.sink = sink
        """Where the events go."""
        self.failed = 0
        """How many events the sink raised at, which are lost."""
        self._as_they_are = isinstance(sink, (EventExporter, BlockingExporter))
        self._flush_timeout = self._patience = POSITIVE_SECONDS(flush_timeout, "flush_timeout")
        self._replaced: Any = None
        self._closed = False

    # Attaching

    def install(self) -> Self:
        """Take the place of the SDK's client, and over what waits there. Doing it again changes nothing.

        Call it after ``enable_chaukas()``, each time; ``disable_chaukas()`` detaches it.

        Returns:
            This object.

        Raises:
            ModuleNotFoundError: The SDK is not installed.
            RuntimeError: The SDK is not enabled, or keeps its client in some other place than the version that this was
                made for.
        """
        sdk = _sdk()
        tracer = sdk.get_tracer()
        if tracer is None:
            raise RuntimeError("the SDK is not enabled: call chaukas.sdk.enable_chaukas() before install()")
        if not hasattr(tracer, "client") or not hasattr(sdk, "_client"):
            raise RuntimeError(f"this version of chaukas-sdk keeps its client elsewhere; {TESTED} is known")
        self._closed = False
        if tracer.client is not self:
            self._replaced = tracer.client
            tracer.client = sdk._client = self
            self._take_over(self._replaced)
        return self

    def uninstall(self) -> None:
        """Give the SDK its own client back. Without ``install`` before it, this does nothing."""
        sdk = _sdk()
        tracer = sdk.get_tracer()
        if tracer is not None and tracer.client is self:
            tracer.client = sdk._client = self._replaced

    def _take_over(self, client: Any) -> None:
        """Take what waits in the SDK's client, which nobody would ever flush again."""
        queue: list[Any] = getattr(client, "_events_queue", [])
        while queue:
            self._take(queue.pop(0))

    # What the SDK calls

    async def send_event(self, event: Any) -> None:
        """Hand on an event.

        Args:
            event: The SDK's event, or a wrapper around it.
        """
        self._take(event)

    async def send_events(self, events: Iterable[Any]) -> None:
        """Hand on events, in order.

        Args:
            events: Each as for ``send_event``.
        """
        for event in events:
            self._take(event)

    async def flush(self) -> None:
        """Have the sink send what waits, for ``flush_timeout`` seconds at most."""
        flush = getattr(self.sink, "flush", None)
        if flush is None:
            return
        try:
            if inspect.iscoroutinefunction(flush):
                done = await flush(self._patience)
            else:
                done = await _beside_the_loop(flush, self._patience)
            # A server that is away must not hold up the program at each of its events.
            self._patience = max(self._patience / 2, _LEAST) if done is False else self._flush_timeout
        except Exception as error:  # of somebody else's sink, in a program that has nothing to do with it
            log.warning("Flushing the events of chaukas-sdk failed: %r", error)

    async def close(self) -> None:
        """Flush. After ``disable_chaukas()`` events are ignored, as the SDK's client does; at exit they still go on."""
        await self.flush()
        self._closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __getattr__(self, name: str) -> Any:
        # What programs ask the SDK's client besides: its configuration, and what makes builders of events.
        replaced = self.__dict__.get("_replaced")
        if replaced is None or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(replaced, name)

    def _take(self, event: Any) -> None:
        # The SDK leaves its instrumentation in place when it is disabled; at exit it closes its client, too, but there
        # it stays enabled.
        if self._closed and not _sdk().is_enabled():
            return
        try:
            unwrap = getattr(event, "to_proto", None)
            message = event if unwrap is None else unwrap()
            self.sink.emit(message if self._as_they_are else Event.parse(message))
        except Exception as error:  # as above
            self.failed += 1
            # The first with its traceback: the others are most likely the same.
            log.error("An event of chaukas-sdk was lost: %r", error, exc_info=self.failed == 1)


def _sdk() -> Any:
    try:
        return import_module("chaukas.sdk")
    except ModuleNotFoundError as error:
        if error.name not in ("chaukas", SDK):
            raise
        raise ModuleNotFoundError(
            f"SdkSink needs the official SDK: pip install chaukas-sdk=={TESTED}", name=error.name
        ) from error


async def _beside_the_loop(flush: Callable[[float], object], timeout: float) -> object:
    """Call a function that waits, without holding up the event loop; where no thread can start any more, here."""
    try:
        waiting = asyncio.get_running_loop().run_in_executor(None, flush, timeout)
    except RuntimeError:  # the interpreter is ending, and this loop has nothing else to do
        return flush(timeout)
    return await waiting
