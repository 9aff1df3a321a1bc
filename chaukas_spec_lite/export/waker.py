"""Wakes a task of the exporter, on its event loop, from any thread."""

from __future__ import annotations

import asyncio
import threading


class Waker:
    """An ``asyncio.Event`` that any thread may set. Without a loop, and with a closed one, that does nothing."""

    def __init__(self) -> None:
        self._target: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        """The loop, and the event to set on it. One attribute, as other threads wake while another loop is attached."""
        self._asked: asyncio.Event | None = None
        """The event that its loop has been asked to set, and has not yet."""
        self._thread = 0

    def attach(self) -> asyncio.Event:
        """Belong to the running loop from now on; return the event that ``wake`` sets."""
        event = asyncio.Event()
        self._thread = threading.get_ident()
        self._target = asyncio.get_running_loop(), event
        return event

    def is_here(self) -> bool:
        """Whether the calling thread is the one of the loop."""
        return threading.get_ident() == self._thread

    def runs_elsewhere(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop if it is running in another thread."""
        loop = None if self._target is None else self._target[0]
        return loop if loop is not None and loop.is_running() and not self.is_here() else None

    def wake(self) -> None:
        """Set the event.

        On the loop's own thread this goes through the loop, too: a signal handler may have interrupted its sleep, which
        goes on for as long as it was meant to unless something is written to the loop's pipe.
        """
        if (target := self._target) is None:
            return
        loop, event = target
        # One callback in the loop's queue is enough, however many threads call: each costs a write to the loop's pipe.
        if self._asked is event or event.is_set():
            return
        try:
            # Before the call, not after: the loop may run the callback, which resets this, before the next line here.
            self._asked = event
            loop.call_soon_threadsafe(self._set, event)
        except BaseException as error:
            self._asked = None
            # The program may have ended its loop without closing the exporter.
            if not (isinstance(error, RuntimeError) and loop.is_closed()):
                raise

    def _set(self, event: asyncio.Event) -> None:
        self._asked = None
        event.set()
