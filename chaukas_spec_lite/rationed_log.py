"""Log lines that do not repeat without end: one of each kind in an interval, the next with how many were left out."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable

MAX_KINDS = 1000
"""For how many kinds of lines it is remembered when the last one was logged, beyond the last interval."""

MAX_TOPICS = 20
"""Of how many topics of one kind a line of its own is logged within an interval."""


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
                name, logged = f"{kind} {topic}", list(self._logged_at.items())  # in one step, as signals may log
                lately = [each for each, at in logged if now - at < self._interval]
                near = [each for each in lately if each.startswith(f"{kind} ")]
                kind = name if name in near or len(near) < MAX_TOPICS else kind
            last = self._logged_at.get(kind)
            if here in self._logging or (last is not None and now - last < self._interval):
                self._left_out[kind] += 1
                return False
            if len(self._logged_at) >= MAX_KINDS:
                self._logged_at = {each: at for each, at in self._logged_at.items() if now - at < self._interval}
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
