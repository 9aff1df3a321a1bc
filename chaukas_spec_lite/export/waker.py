"""Wakes a task of the exporter, on its event loop, from any thread."""

from __future__ import annotations

import asyncio
import threading


class Waker:
    """An ``asyncio.Event`` that any thread may set. Without a loop, and with a closed one, that does nothing."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._event: asyncio.Event | None = None
        self._called = False
        """Whether the loop has been asked to set the event, and has not yet."""
        self._thread = 0

    def attach(self) -> asyncio.Event:
        """Belong to the running loop from now on; return the event that ``wake`` sets."""
        self._event = event = asyncio.Event()
        self._called = False
        self._thread = threading.get_ident()
        self.loop = asyncio.get_running_loop()
        return event

    def is_here(self) -> bool:
        """Whether the calling thread is the one of the loop."""
        return threading.get_ident() == self._thread

    def runs_elsewhere(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop if it is running in another thread."""
        return self.loop if self.loop is not None and self.loop.is_running() and not self.is_here() else None

    def wake(self) -> None:
        """Set the event.

        On the loop's own thread this goes through the loop, too: a signal handler may have interrupted its sleep, which
        goes on for as long as it was meant to unless something is written to the loop's pipe.
        """
        loop, event = self.loop, self._event
        # One callback in the loop's queue is enough, however many threads call: each costs a write to the loop's pipe.
        if loop is None or event is None or self._called or event.is_set():
            return
        try:
            # Before the call, not after: the loop may run the callback, which resets this, before the next line here.
            self._called = True
            loop.call_soon_threadsafe(self._set, event)
        except BaseException as error:
            self._called = False
            if not (isinstance(error, RuntimeError) and loop.is_closed()):
                raise
            self.loop = None  # the program has ended its loop without closing the exporter

    def _set(self, event: asyncio.Event) -> None:
        self._called = False
        event.set()
