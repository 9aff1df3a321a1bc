"""Where a recorder's events go: anything with ``emit``, and with as much more as it likes.

A sink may be ended by ``close`` or ``aclose``, and flushed by ``flush``, each plain or ``async``, with or without a
timeout; or by nothing. ``Outlet`` makes one thing of all of these.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

from chaukas_spec_lite.errors import SettingTypeError
from chaukas_spec_lite.spec.common.v1.events import Event


class Sink(Protocol):
    """Takes events. ``EventExporter`` and ``BlockingExporter`` are sinks.

    It may have besides ``flush(timeout)`` and ``close(timeout)`` or ``aclose(timeout)``, plain or ``async``, with a
    timeout in seconds or without. Whether they return False says that not all went well.
    """

    def emit(self, event: Event, /) -> object:
        """Take an event. It must not wait long: the program that is being recorded waits for it.

        Args:
            event: The event. It belongs to the program, which may change it once this has returned.

        Returns:
            False, or ``Emitted.DROPPED``, if it was not taken; anything else if it was.
        """
        ...


def check_sink(sink: object) -> None:
    """Refuse at once what can take no event, or each event would fail.

    Args:
        sink: What was given as a sink.

    Raises:
        SettingTypeError: It has no method ``emit`` that could be called. The error says what to write instead.
    """
    kind = type(sink).__name__
    if isinstance(sink, str):  # It may hold a password, so it is not shown.
        raise SettingTypeError("sink", "has to be an object, not text: Recorder.to and sinks.open_sink take addresses")
    if isinstance(sink, type):
        raise SettingTypeError("sink", f"has to be an object, not the class: write {sink.__name__}(...)")
    emit: object = getattr(sink, "emit", None)
    if not callable(emit):
        if callable(getattr(sink, "send", None)):
            exporter = "BlockingExporter" if kind.startswith("Blocking") else "EventExporter"
            raise SettingTypeError("sink", f"is of type {kind}, which sends, but takes no event: write {exporter}(...)")
        raise SettingTypeError("sink", f"is of type {kind}, which has no method emit: give it an exporter, or a sink")
    if inspect.iscoroutinefunction(emit) or inspect.isasyncgenfunction(emit):
        raise SettingTypeError("sink", f"{kind}.emit is asynchronous, and nobody could await it: write `def emit`")
    if not _takes(emit, None):
        signature = inspect.signature(emit)
        raise SettingTypeError("sink", f"{kind}.emit takes {signature}, and has to be `def emit(self, event)`")


def _takes(function: Callable[..., object], *arguments: object) -> bool:
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # Some callables made in C have no signature.
        return True
    return True


def was_taken(result: object) -> bool:
    """Say whether a sink has taken an event, by what its ``emit`` has returned."""
    # By its value, as this room cannot know the exporter's ``Emitted``.
    return not (result is False or getattr(result, "value", None) == "dropped")


class Outlet:
    """A sink, with the methods to flush and end it that every sink should have. They raise what the sink raises.

    Args:
        sink: The sink.

    Raises:
        SettingTypeError: It is none.
    """

    def __init__(self, sink: Sink) -> None:
        check_sink(sink)
        self._sink = sink

    def flush(self, timeout: float) -> bool:
        """Flush the sink, if it can be; return whether all went well."""
        return _now(self._call(timeout, "flush"))

    def close(self, timeout: float | None) -> bool:
        """End the sink, if it can be; return whether all went well."""
        return _now(self._call(timeout, "close", "aclose"))

    async def aflush(self, timeout: float) -> bool:
        """Flush the sink from an event loop, which a sink without ``async`` does not hold up."""
        return await self._in_loop(timeout, "aflush", "flush")

    async def aclose(self, timeout: float | None) -> bool:
        """End the sink from an event loop, which a sink without ``async`` does not hold up."""
        return await self._in_loop(timeout, "aclose", "close")

    def _call(self, timeout: float | None, *names: str) -> object:
        method = self._method(*names)
        if method is None:
            return True
        return method() if timeout is None or not _takes(method, timeout) else method(timeout)

    def _method(self, *names: str) -> Callable[..., object] | None:
        found = (getattr(self._sink, name, None) for name in names)
        return next((method for method in found if callable(method)), None)

    async def _in_loop(self, timeout: float | None, *names: str) -> bool:
        method = self._method(*names)
        if inspect.iscoroutinefunction(method):
            result = self._call(timeout, *names)
        else:
            try:
                result = await asyncio.to_thread(self._call, timeout, *names)
            except RuntimeError as error:
                # Where there are no threads, as in a browser, or none any more, as at the interpreter's end.
                if "thread" not in str(error):
                    raise
                result = self._call(timeout, *names)
        if inspect.isawaitable(result):
            result = await cast("Awaitable[object]", result)
        return result is not False


class NeedsLoopError(RuntimeError):
    """A sink that has to be awaited was called from within an event loop, without ``await``."""


def _now(result: object) -> bool:
    """Wait for the result of a sink's method, if there is something to wait for."""
    if not inspect.isawaitable(result):
        return result is not False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_whole(cast("Awaitable[object]", result))) is not False
    if inspect.iscoroutine(result):
        result.close()  # Python would warn that nobody has awaited it.
    raise NeedsLoopError


async def _whole(result: Awaitable[object]) -> object:
    return await result
