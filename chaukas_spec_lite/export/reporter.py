"""Tells people what went wrong: in the log but not too often, and through a callback."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from chaukas_spec_lite.export.stats import Dropped, DropReason

logger = logging.getLogger("chaukas_spec_lite.export")


class Reporter:
    """Logs drops and failures; safe to use from any thread, and from what interrupts one.

    Of each kind of message one line is logged per interval; the next one says how many were left out.
    """

    def __init__(self, interval: float, now: Callable[[], float], on_drop: Callable[[Dropped], object] | None) -> None:
        self._interval = interval
        self._now = now
        self._on_drop = on_drop
        # A signal handler may come here amid this: at worst one line more is logged, or one fewer counted as left out.
        self._lock = threading.RLock()
        self._logged_at: dict[str, float] = {}
        self._left_out: Counter[str] = Counter()
        self._offering: set[int] = set()
        """Threads within the callback; what it emits and is dropped is not offered, as that might never end."""
        self.last_error: str | None = None

    def drop(self, dropped: Sequence[Dropped]) -> None:
        """Log why events will not be sent, one line for each reason, and offer each to the callback."""
        alike: dict[DropReason, list[Dropped]] = {}
        for each in dropped:
            alike.setdefault(each.reason, []).append(each)
        for reason, (first, *others) in alike.items():
            what = f"{len(others) + 1} events, the first of them" if others else "an event"
            name = first.event_id or "without an event_id"
            self._log_drop(reason, f"{what} {name} ({len(first.data)} bytes): {first.detail}")
        here = threading.get_ident()
        if self._on_drop is None or here in self._offering:
            return
        self._offering.add(here)
        try:
            for each in dropped:
                self._offer(each, self._on_drop)
        finally:
            self._offering.discard(here)

    def _offer(self, dropped: Dropped, on_drop: Callable[[Dropped], object]) -> None:
        try:
            on_drop(dropped)
        # The callback is not ours, and whoever emits must not meet its mistakes. Nor is a CancelledError of a function
        # that cannot wait one of the task that called it: it comes from something that the callback asked.
        except (Exception, asyncio.CancelledError) as error:
            self.log("callback", logging.ERROR, "The callback for dropped events failed", error=error)

    def lost(self, events: int, detail: str) -> None:
        """Log that events will not be sent that are no longer at hand."""
        self._log_drop(DropReason.CORRUPT, f"{events} events: {detail}")

    def _log_drop(self, reason: DropReason, detail: str) -> None:
        self.log(f"dropped {reason.value}", logging.WARNING, "Dropped as %s: %s", reason.value, detail)

    def not_kept(self, dropped: Dropped) -> None:
        """Say that there is no room for a dead letter."""
        text = "No room for the dead letter of event %s (%s): raise dead_letter_max_bytes"
        self.log("dead letters full", logging.WARNING, text, dropped.event_id, dropped.reason.value)

    def failure(self, kind: str, what: str, error: BaseException, *, expected: bool = True) -> None:
        """Note a failure that something else will be tried after; what is not expected is shown with its traceback."""
        self.last_error = f"{type(error).__name__}: {error}"
        self.log(kind, logging.WARNING, "%s: %s", what, self.last_error, error=None if expected else error)

    def task_ended(self, task: asyncio.Task[None]) -> None:
        """Log that a task of the exporter failed, which none should."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.last_error = f"{type(error).__name__}: {error}"
            logger.error("A task of the exporter failed; start() begins a new one", exc_info=error)

    def log(self, kind: str, level: int, message: str, *values: object, error: BaseException | None = None) -> None:
        """Log a line, unless one of its kind was logged within the interval."""
        now = self._now()
        with self._lock:
            last = self._logged_at.get(kind)
            if last is not None and now - last < self._interval:
                self._left_out[kind] += 1
                return
            self._logged_at[kind] = now
            left_out = self._left_out.pop(kind, 0)
        if left_out:
            message, values = f"{message} (and %d more like it since the last line)", (*values, left_out)
        logger.log(level, message, *values, exc_info=error)
