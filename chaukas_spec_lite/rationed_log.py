"""Log lines that do not repeat without end: one of each kind in an interval, the next with how many were left out."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable

MAX_KINDS = 1000
"""For how many kinds of lines it is remembered when the last one was logged. More within an interval share a line."""

MAX_TOPICS = 20
"""Of how many topics of one kind a line of its own is logged within an interval."""

_OTHERS = "others"
"""The kind of those beyond ``MAX_KINDS``."""


def in_words(error: BaseException) -> str:
    """Return the type and the text of an error, which may be anybody's."""
    try:
        text = str(error)
    except Exception:  # what is wrong with that one, too
        text = "its text cannot be read"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class RationedLog:
    """Logs one line of each kind in an interval; safe to use from any thread, and from what interrupts one.

    Args:
        logger: Where the lines go.
        interval: The interval in seconds.
        now: Tells the time in seconds; monotonic.
    """

    def __init__(self, logger: logging.Logger, interval: float, now: Callable[[], float]) -> None:
        self._logger = logger
        self._interval = interval
        self._now = now
        # An RLock, as a signal handler may interrupt the code that holds it and come here. At worst one line too many
        # is logged, or one too few counted as left out.
        self._lock = threading.RLock()
        self._logged_at: dict[str, float] = {}
        self._left_out: Counter[str] = Counter()
        """Kinds that are in ``_logged_at``."""
        self._topics: dict[str, set[str]] = {}
        """By kind: the names under which its topics are in ``_logged_at``."""
        self._full_until = 0.0
        """Until when there is no use in looking for a kind that can be forgotten."""
        self._logging: set[int] = set()
        """Threads that are logging. What they log meanwhile, because a handler emits, is left out: each line would
        cause another one."""

    def log(
        self,
        kind: str,
        level: int,
        message: str,
        *values: object,
        topic: str = "",
        error: BaseException | None = None,
    ) -> bool:
        """Log a line, unless one of its kind was logged within the interval, or it comes from a handler.

        Args:
            kind: What kind of line it is, by any text.
            level: That of ``logging``.
            message: The line, with places for the values as ``logging`` has them.
            values: The values.
            topic: What the line is about, as one kind may need a line of its own for each of several things. Those
                beyond ``MAX_TOPICS`` share one, as a topic may be made up for each event.
            error: An exception of which the traceback is logged, too.

        Returns:
            Whether it was logged, and not left out.
        """
        now, here = self._now(), threading.get_ident()
        with self._lock:
            if topic:
                kind = self._of_topic(kind, f"{kind} {topic}", now)
            if kind not in self._logged_at and len(self._logged_at) >= MAX_KINDS:
                kind = self._with_room(kind, now)
            last = self._logged_at.get(kind)
            if here in self._logging or (last is not None and now - last < self._interval):
                self._left_out[kind] += 1
                return False
            self._logged_at[kind] = now
            left_out = self._left_out.pop(kind, 0)
        if left_out:
            message, values = f"{message} (and %d more like it since the last line)", (*values, left_out)
        # Logging handlers are the user's and may emit, on this thread, which may want to log again.
        self._logging.add(here)
        try:
            # One that raises must not harm the program either, and there is nobody else to tell.
            with contextlib.suppress(Exception):
                self._logger.log(level, message, *values, exc_info=error)
        finally:
            self._logging.discard(here)
        return True

    def _of_topic(self, kind: str, name: str, now: float) -> str:
        """Return the kind of a topic: one of its own, or that of all, if there are too many."""
        names = self._topics.setdefault(kind, set())
        if name not in names and len(names) >= MAX_TOPICS:
            for each in list(names):  # in one step, as signals may log
                if now - self._logged_at.get(each, now) >= self._interval:
                    self._forget(each, kind)
        if name in names or len(names) < MAX_TOPICS:
            names.add(name)
            return name
        return kind

    def _with_room(self, kind: str, now: float) -> str:
        """Forget kinds of which no line was logged for long; return the kind to take, if that makes no room."""
        if now >= self._full_until:
            for each, at in list(self._logged_at.items()):
                if now - at >= self._interval:
                    self._forget(each, _OTHERS)
            self._full_until = min(self._logged_at.values(), default=now) + self._interval
        return kind if len(self._logged_at) < MAX_KINDS else _OTHERS

    def _forget(self, kind: str, into: str) -> None:
        """Forget a kind; what was left out of it is told with another one."""
        self._logged_at.pop(kind, None)
        if left_out := self._left_out.pop(kind, 0):
            self._left_out[into] += left_out
        for names in self._topics.values():
            names.discard(kind)
