"""An event loop in a background thread, on which code without ``async`` runs coroutines."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from chaukas_spec_lite import process
from chaukas_spec_lite.errors import ClientClosedError

T = TypeVar("T")


class OnLoop(Generic[T]):
    """An asynchronous client, and the background loop that drives it. Other objects may use that loop, too."""

    client: T
    """The asynchronous client that does the work."""
    loop: Loop
    """The background loop that the client runs on."""


class Loop:
    """Runs coroutines on an event loop in a daemon thread, for any thread but its own.

    The thread starts with the first coroutine, and again in a forked child, because a fork copies only the thread that
    forks; also where the fork was made in C, and no hook has run. The end of the interpreter has two phases. First,
    threads can no longer start: a loop that has none runs coroutines in the calling thread. Later, the interpreter
    destroys its objects and no other thread ever runs again: coroutines are refused.

    Args:
        new_event_loop: Makes the event loop, as in ``Loop(uvloop.new_event_loop)``.
    """

    def __init__(self, new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        self._new_event_loop = new_event_loop
        self._closed = False
        # Reentrant, because the garbage collector may run at any line, also while the lock is held, and close a
        # generator of `iterate`, which schedules a coroutine.
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        process.after_fork_in_child(self.forget)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result. Interrupting the wait (Ctrl-C) cancels the coroutine.

        Args:
            coroutine: What to run, for example a call of an asynchronous method.

        Raises:
            ClientClosedError: The loop is closed, or was closed meanwhile, or the interpreter is ending.
            RuntimeError: This is the loop's own thread, which would wait for itself.
        """
        if self._is_here():
            coroutine.close()
            raise RuntimeError("a blocking call would wait for itself here, on the thread of its own event loop")
        future = self._schedule(coroutine)
        if isinstance(future, asyncio.AbstractEventLoop):  # There is no thread, so the loop runs in this one.
            return future.run_until_complete(coroutine)
        try:
            return future.result()
        except concurrent.futures.CancelledError as error:
            # `close` cancels what still runs. Callers should not see that as a cancellation, which nobody asked for.
            if self._closed:
                raise ClientClosedError("it was closed during the call") from error
            raise
        except BaseException:  # Ctrl-C ends the wait, but the coroutine would go on in its thread.
            future.cancel()
            raise

    def begin(self, coroutine: Coroutine[Any, Any, object]) -> concurrent.futures.Future[object] | None:
        """Start a coroutine without waiting for it. At the end of the interpreter it is dropped: nothing would run it.

        Args:
            coroutine: What to start.

        Returns:
            What ends with the coroutine; None if it was dropped.

        Raises:
            ClientClosedError: The loop is closed, or the interpreter is ending.
        """
        future = self._schedule(coroutine)
        if isinstance(future, asyncio.AbstractEventLoop):
            coroutine.close()
            return None
        return future

    def iterate(self, generator: AsyncGenerator[T, None], owner: object = None) -> Generator[T, None, None]:
        """Go through an asynchronous generator, at the caller's pace; leaving early closes it.

        Args:
            generator: What to go through.
            owner: An object to keep alive during the iteration, because its end would close the loop. In ``for event in
                Client(...).query_events()`` nothing else refers to the client.

        Raises:
            ClientClosedError: The loop is closed, or was closed meanwhile, or the interpreter is ending.
        """
        try:
            while (found := self.run(_next(generator))) is not None:
                yield found[0]
        finally:
            # Closing the loop has closed its generators already, and a finalizing interpreter runs no coroutine.
            if not self._closed and not sys.is_finalizing():
                # If a `for` was left early, the garbage collector may come here, in any thread. In the loop's own
                # thread this must not wait, as the loop would wait for itself.
                (self.begin if self._is_here() else self.run)(generator.aclose())

    def close(self, last: Coroutine[Any, Any, None] | None = None, *, wait: bool = True) -> None:
        """Run a last coroutine, if given, and stop; coroutines that are then still running are cancelled.

        Args:
            last: What to run before the end.
            wait: Whether to wait until the thread has ended.
        """
        if sys.is_finalizing():  # The thread never runs again, so nothing can be waited for, not even the lock.
            if last is not None:
                last.close()  # Otherwise Python warns that it was never awaited.
            return
        process.notice_fork()
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None  # A second `close` finds nothing to stop.
        if loop is None:
            if last is not None:
                last.close()
        elif thread is None:
            loop.run_until_complete(_finish(loop, last, stop=False))
            loop.close()
        else:
            asyncio.run_coroutine_threadsafe(_finish(loop, last, stop=True), loop)
            # A thread cannot wait for itself. It comes here if the garbage collector finds a forgotten client.
            if wait and thread is not threading.current_thread():
                thread.join()

    def forget(self) -> None:
        """Start again in a forked child, without touching the parent's loop and thread."""
        # The loop's epoll is shared with the parent: closing it here would remove the parent's sockets. The lock may be
        # held by a thread that the child does not have.
        if self._loop is not None:
            process.leave_to_parent(self._loop, self._thread)
        self._lock = threading.RLock()
        self._loop = self._thread = None

    def _is_here(self) -> bool:
        return self._thread is threading.current_thread()

    def _schedule(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T] | asyncio.AbstractEventLoop:
        """Start a coroutine in the thread; without one, at the end of the interpreter, return the loop to run it in."""
        try:
            # Before the lock: another thread may hold it, and would never release it.
            if sys.is_finalizing():
                raise ClientClosedError("the interpreter is ending, so nothing can be waited for")
            process.notice_fork()
            # The lock is held until the coroutine is scheduled. So `close` comes either before, and the coroutine is
            # refused, or after, and cancels it. In between, it would be scheduled on a loop that has stopped, and its
            # caller would wait for ever.
            with self._lock:
                if self._closed:
                    raise ClientClosedError("it is closed")
                if self._loop is None:
                    loop = self._new_event_loop()
                    self._thread = _start(loop)
                    self._loop = loop  # Last: if Ctrl-C interrupts the start, the next call starts another thread.
                if self._thread is None:  # `_start` could not start one, because the interpreter is ending.
                    return self._loop
                return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except BaseException:
            coroutine.close()  # Otherwise Python warns that it was never awaited.
            raise


class _Threads(concurrent.futures.ThreadPoolExecutor):
    """Makes each call, such as looking up a host name, in a daemon thread of its own.

    The interpreter's end waits for the threads of an ordinary executor: for as long as the system's resolver takes, and
    for ever in a child that was forked in C, which has none of the threads that Python knows of. Also, an ordinary
    executor refuses all calls from then on, although events are still being sent.
    """

    def submit(self, call: Callable[..., T], /, *arguments: Any, **named: Any) -> concurrent.futures.Future[T]:
        """Begin a call; raise ``RuntimeError`` if the interpreter starts no more threads."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()

        def make() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    result = call(*arguments, **named)
                except BaseException as error:  # whatever it is, it is for who waits for the call
                    future.set_exception(error)
                else:
                    future.set_result(result)

        threading.Thread(target=make, name="chaukas call", daemon=True).start()
        return future


def _start(loop: asyncio.AbstractEventLoop) -> threading.Thread | None:
    """Run a loop in a new thread; return None if the interpreter is ending and starts no more threads."""
    # A daemon: the interpreter would otherwise wait at its end for a loop that runs for ever.
    loop.set_default_executor(_Threads())
    thread = threading.Thread(target=_serve, args=(loop,), name="chaukas", daemon=True)
    try:
        # It inherits that it takes no signals. Python runs handlers in the main thread, whichever takes the signal, and
        # even while the main thread blocks it so as not to be interrupted: celery's workers do so with a lock in hand,
        # for which a cold shutdown may then wait.
        with process.no_signals():
            thread.start()
    except RuntimeError:
        return None
    except BaseException:
        # Ctrl-C, perhaps after the thread has begun. Nobody will use its loop, since the next call starts another one.
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
        # `last` ran first, because it may need them: the client's end waits for its connection's.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await loop.shutdown_asyncgens()
        # The default executor is not shut down, because that would wait for its threads: looking up a host name cannot
        # be interrupted, and may take longer than the caller wants to wait.
        if stop:
            loop.call_soon(loop.stop)  # In the next turn, in which the callbacks of this task's end run, too.


async def _next(generator: AsyncGenerator[T, None]) -> tuple[T] | None:
    """Return the next item in a tuple, or None at the end: the item itself may be None."""
    try:
        return (await anext(generator),)
    except StopAsyncIteration:
        return None
