"""What tells work in a thread to stop: its time is over, or nobody waits for it any more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.base import Texts


class Stopped(Exception):
    """A job was stopped between two steps."""


class Job:
    """Work with a time limit, which its caller may leave.

    Args:
        time_limit: How many seconds it may take, from now on.
    """

    def __init__(self, time_limit: float) -> None:
        self.time_limit = time_limit
        self.cancelled = False
        self._deadline = time.monotonic() + time_limit

    @property
    def is_late(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() >= self._deadline

    def shall_end(self) -> bool:
        """Whether it shall end; SQLite asks, too."""
        return self.cancelled or self.is_late

    def check(self) -> None:
        """End it, if it shall."""
        if self.shall_end():
            raise Stopped

    def checked(self, texts: Texts, data: bytes) -> str:
        """Return the text of an event, unless the job shall end: no database asks while events are decoded."""
        self.check()
        return texts(data)
