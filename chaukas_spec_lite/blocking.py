"""The synchronous face: the asynchronous classes, driven on an event loop in a background thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import os
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.errors import ClientClosedError
from chaukas_spec_lite.export.exporter import EventExporter

if TYPE_CHECKING:
    from typing_extensions import Self

    from chaukas_spec_lite.client.settings import Settings
    from chaukas_spec_lite.export.sender import Sender
    from chaukas_spec_lite.export.settings import ExportSettings
    from chaukas_spec_lite.export.stats import Emitted, Stats
    from chaukas_spec_lite.spec.common.v1.events import Event
    from chaukas_spec_lite.spool.dropped import DeadLetter, Dropped

P = ParamSpec("P")
T = TypeVar("T")


class Loop:
    """Runs coroutines on an event loop in a daemon thread, for any thread but its own.

    The thread starts with the first coroutine, and anew in a forked child, which does not have the parent's. At the end
    of the interpreter, when threads can no longer start, coroutines run in the calling thread; and once it destroys its
    objects, where no other thread ever runs again, they are refused. ``new_event_loop`` makes the event loop:
    ``Loop(uvloop.new_event_loop)``.
    """

    def __init__(self, new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        self._new_event_loop = new_event_loop
        self._closed = False
        self._lock = threading.RLock()  # the garbage collector may close a generator of ours amid anything
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        _forget_after_fork(self)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result. Interrupting the wait (Ctrl-C) cancels it."""
        if self._is_here():
            coroutine.close()
            raise RuntimeError("a blocking call would wait for itself here, on the thread of its own event loop")
        future = self._schedule(coroutine)
        if isinstance(future, asyncio.AbstractEventLoop):
            return future.run_until_complete(coroutine)
        try:
            return future.result()
        except concurrent.futures.CancelledError as error:
            if self._closed:
                raise ClientClosedError("it was closed amid the call") from error
            raise
        except BaseException:
            future.cancel()
            raise

    def begin(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Start a coroutine without waiting for it; at the end of the interpreter nothing would run it, so drop it."""
        if isinstance(self._schedule(coroutine), asyncio.AbstractEventLoop):
            coroutine.close()

    def iterate(self, generator: AsyncGenerator[T, None], owner: object = None) -> Generator[T, None, None]:
        """Go through an asynchronous generator, at the caller's pace; leaving early closes it.

        ``owner`` is kept alive meanwhile: it is what would end the loop when nobody refers to it any more.
        """
        try:
            while (found := self.run(_next(generator))) is not None:
                yield found[0]
        finally:
            if not self._closed and not sys.is_finalizing():  # when it is closed, so are generators
                # Whoever left early may have left this to the garbage collector, which runs in any thread.
                (self.begin if self._is_here() else self.run)(generator.aclose())

    def close(self, last: Coroutine[Any, Any, None] | None = None, *, wait: bool = True) -> None:
        """Run a last coroutine, if given, and stop; coroutines that are then still running are cancelled."""
        if sys.is_finalizing():
            if last is not None:
                last.close()
            return
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None:
            if last is not None:
                last.close()
        elif thread is None:
            loop.run_until_complete(_finish(loop, last, stop=False))
            loop.close()
        else:
            asyncio.run_coroutine_threadsafe(_finish(loop, last, stop=True), loop)
            if wait and thread is not threading.current_thread():
                thread.join()

    def forget(self) -> None:
        """Begin anew in a forked child, without touching what is the parent's."""
        if self._loop is not None:
            _INHERITED.append((self._loop, self._thread))
        self._lock = threading.RLock()
        self._loop = self._thread = None

    def _is_here(self) -> bool:
        return self._thread is threading.current_thread()

    def _schedule(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T] | asyncio.AbstractEventLoop:
        """Start a coroutine in the thread; without one, at the end of the interpreter, return the loop to run it in.

        Holding the lock sees to it that what is scheduled comes before ``close``, which then cancels it.
        """
        try:
            if sys.is_finalizing():  # Waiting for the thread, or for a lock that it holds, would never end.
                raise ClientClosedError("the interpreter is ending, so nothing can be waited for")
            with self._lock:
                if self._closed:
                    raise ClientClosedError("it is closed")
                if self._loop is None:
                    loop = self._new_event_loop()
                    self._thread = _start(loop)
                    self._loop = loop  # now that nothing can interrupt what would have to be complete
                if self._thread is None:  # The interpreter is shutting down.
                    return self._loop
                return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except BaseException:
            coroutine.close()
            raise


_INHERITED: list[object] = []
"""Event loops of the parent process, which must not be destroyed in a child: that would close what both share."""

_LOOPS: weakref.WeakSet[Loop] = weakref.WeakSet()


def _forget_after_fork(loop: Loop) -> None:
    _LOOPS.add(loop)
    _watch_forks()


@functools.cache
def _watch_forks() -> None:
    """Register once: the interpreter's hooks cannot be taken back."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget_all)


def _forget_all() -> None:
    for loop in list(_LOOPS):
        loop.forget()


def _start(loop: asyncio.AbstractEventLoop) -> threading.Thread | None:
    """Run a loop in a thread; None if threads can no longer start, as the interpreter is shutting down."""
    thread = threading.Thread(target=_serve, args=(loop,), name="chaukas", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        return None
    except BaseException:  # Interrupted (Ctrl-C), perhaps after the thread had begun: whoever comes next starts anew.
        loop.call_soon_threadsafe(loop.stop)
        raise
    return thread


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _finish(loop: asyncio.AbstractEventLoop, last: Coroutine[Any, Any, None] | None, *, stop: bool) -> None:
    """Run the last coroutine, end all others, and stop the loop whatever happens."""
    try:
        if last is not None:
            await last
    finally:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await loop.shutdown_asyncgens()
        # Nobody waits for the default executor's threads: looking up a name may take longer than whoever closes may.
        if stop:
            loop.call_soon(loop.stop)


async def _next(generator: AsyncGenerator[T, None]) -> tuple[T] | None:
    try:
        return (await anext(generator),)
    except StopAsyncIteration:
        return None


def _with_arguments_of(
    init: Callable[Concatenate[ChaukasClient, P], None],
) -> Callable[
    [Callable[[BlockingChaukasClient, ChaukasClient], None]], Callable[Concatenate[BlockingChaukasClient, P], None]
]:
    """Turn a constructor that takes a client into one that takes the client's arguments."""

    def decorate(
        take: Callable[[BlockingChaukasClient, ChaukasClient], None],
    ) -> Callable[Concatenate[BlockingChaukasClient, P], None]:
        @functools.wraps(init)
        def construct(self: BlockingChaukasClient, /, *args: P.args, **kwargs: P.kwargs) -> None:
            client = ChaukasClient.__new__(ChaukasClient)
            init(client, *args, **kwargs)
            take(self, client)

        return construct

    return decorate


def _blocking(
    method: Callable[Concatenate[ChaukasClient, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[BlockingChaukasClient, P], T]:
    """Make a method that runs the asynchronous client's on the loop."""

    @functools.wraps(method)
    def call(self: BlockingChaukasClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.loop.run(method(self.client, *args, **kwargs))

    return call


def _iterating(
    method: Callable[Concatenate[ChaukasClient, P], AsyncGenerator[T, None]],
) -> Callable[Concatenate[BlockingChaukasClient, P], Generator[T, None, None]]:
    """Make a method that goes through what the asynchronous client's yields."""

    @functools.wraps(method)
    def call(self: BlockingChaukasClient, /, *args: P.args, **kwargs: P.kwargs) -> Generator[T, None, None]:
        return self.loop.iterate(method(self.client, *args, **kwargs), self)

    return call


class BlockingChaukasClient:
    """``ChaukasClient`` for code without ``async``: the same arguments and methods, which wait for their results.

    ::

        with BlockingChaukasClient("localhost:50051") as client:
            client.ingest_event(event)
            for found in client.query_events(session_id="s-1"): ...

    It may be used from several threads at a time, under a running event loop, and after a fork.
    """

    client: ChaukasClient
    """The asynchronous client that does the work."""
    loop: Loop
    """Where it does it."""

    @_with_arguments_of(ChaukasClient.__init__)
    def __init__(self, client: ChaukasClient) -> None:
        self._drive(client, Loop())

    @classmethod
    def on(cls, loop: Loop, client: ChaukasClient) -> Self:
        """Drive a client, not used so far, on a loop that may serve others too; closing this one stops the loop."""
        self = cls.__new__(cls)
        self._drive(client, loop)
        return self

    def _drive(self, client: ChaukasClient, loop: Loop) -> None:
        self.client = client
        self.loop = loop
        # At exit there is nothing to do: the thread ends with the interpreter.
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
        """Close the connection and stop the thread. Calls that are under way fail."""
        self.loop.close(self.client.aclose())

    @property
    def settings(self) -> Settings:
        """What arguments and environment say."""
        return self.client.settings

    healthz = _blocking(ChaukasClient.healthz)
    get_capabilities = _blocking(ChaukasClient.get_capabilities)
    ingest_event = _blocking(ChaukasClient.ingest_event)
    ingest_events = _blocking(ChaukasClient.ingest_events)
    ingest_encoded = _blocking(ChaukasClient.ingest_encoded)
    query_events = _iterating(ChaukasClient.query_events)


def _let_go(client: ChaukasClient, loop: Loop) -> None:
    """Close what nobody can reach any more, without waiting: this may run in any thread, the loop's included."""
    loop.close(client.aclose(), wait=False)


class BlockingExporter:
    """``EventExporter`` for code without ``async``: the same arguments and methods, sending in a background thread.

    ::

        with BlockingExporter(client, spool="/var/spool/chaukas") as exporter:
            exporter.emit(Event(type=EventType.AGENT_START, ...))

    ``sender`` is a ``BlockingChaukasClient``, whose thread then serves both, a ``ChaukasClient`` of which nobody else
    makes use, or anything with such a ``send``. It sends from the beginning; in a forked child, from its first event.
    At the end of the interpreter, one that was not closed takes up to ``close_timeout`` to send what waits.
    """

    def __init__(
        self,
        sender: BlockingChaukasClient | Sender,
        settings: ExportSettings | None = None,
        *,
        on_drop: Callable[[Dropped], object] | None = None,
        **changes: Any,
    ) -> None:
        shared = sender.loop if isinstance(sender, BlockingChaukasClient) else None
        self._owns_loop = shared is None
        self.loop = shared or Loop()
        inner = sender.client if isinstance(sender, BlockingChaukasClient) else sender
        self.exporter = EventExporter(inner, settings, on_drop=on_drop, **changes)
        """The asynchronous exporter that does the work."""
        # It may outlive this object, and a client that nobody refers to would be closed by the garbage collector.
        self.exporter.companions = (sender, self.loop)
        self._process = os.getpid()
        self.loop.run(self.exporter.start())

    def _begin_in_child(self) -> None:
        """Start sending in a forked child, too, without waiting for it."""
        if self._process != os.getpid():
            self._process = os.getpid()
            # Where the loop is closed nothing is sent any more, but what is emitted is still spooled.
            with contextlib.suppress(ClientClosedError):
                self.loop.begin(self.exporter.start())

    def emit(self, event: Event) -> Emitted:
        """Take an event, see ``EventExporter.emit``; never waits for the background thread."""
        self._begin_in_child()
        return self.exporter.emit(event)

    def flush(self, timeout: float = 30.0) -> bool:
        """Send at once what waits, see ``EventExporter.flush``."""
        self._begin_in_child()
        return self.loop.run(self.exporter.flush(timeout))

    def close(self, timeout: float | None = None) -> bool:
        """Flush and end, see ``EventExporter.aclose``; a client that was given stays open."""
        try:
            return self.loop.run(self.exporter.aclose(timeout))
        except ClientClosedError:  # the client was closed first, and its loop with it
            self.loop, self._owns_loop = Loop(), True
            self.exporter.companions = self.loop
            return self.loop.run(self.exporter.aclose(timeout))
        finally:
            if self._owns_loop:
                self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()

    def stats(self) -> Stats:
        """Return the sums so far."""
        return self.exporter.stats()

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """Read the latest dead letters from the spool, oldest first."""
        return self.loop.run(self.exporter.dead_letters(limit))
