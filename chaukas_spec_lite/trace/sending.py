"""From the recorder to where its events go. Nothing here raises: recording never stops the program that is recorded."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event

_log = logging.getLogger("chaukas_spec_lite")


class Sink(Protocol):
    """Where events go: an exporter, a file, a list."""

    def emit(self, event: Event, /) -> object:
        """Take an event."""
        ...


@dataclass(frozen=True)
class RecorderStats:
    """Sums of a recorder."""

    recorded: int = 0
    """Events that went on to the sink."""
    filtered: int = 0
    """Events that ``before_send`` held back."""
    sampled_out: int = 0
    failed: int = 0
    """Events that were lost to an exception, ours, of ``before_send`` or of the sink."""


class Sending:
    """Hands events on to a sink, and counts them."""

    def __init__(
        self,
        sink: Sink,
        *,
        before_send: Iterable[Callable[[Event], Event | None]] = (),
        sampler: object = None,
        keep_on_error: bool = False,
    ) -> None:
        self.sink = sink
        self._before_send = tuple(before_send)
        self._recorded = self._filtered = self._failed = 0

    def emit(self, event: Event) -> bool:
        """Hand an event on; never raises. Returns whether it went on."""
        try:
            for change in self._before_send:
                changed = change(event)
                if changed is None:
                    self._filtered += 1
                    return False
                event = changed
            self.sink.emit(event)
        except Exception as error:  # whatever a sink does, the program goes on
            self.failed(error)
            return False
        self._recorded += 1
        return True

    def failed(self, error: BaseException) -> None:
        """Count and tell that an event was lost."""
        self._failed += 1
        with contextlib.suppress(Exception):  # of a handler of the program's, or the exception's own text
            _log.error("an event was not recorded: %s: %s", type(error).__name__, error)

    def flush(self, timeout: float = 30.0) -> bool:
        """Flush the sink, if it can be."""
        flush = getattr(self.sink, "flush", None)
        return True if flush is None else bool(cast(Callable[[float], object], flush)(timeout))

    def close(self, timeout: float | None = None) -> bool:
        """Close the sink, if it can be."""
        close = getattr(self.sink, "close", None)
        return True if close is None else close(timeout) is not False

    def stats(self) -> RecorderStats:
        """The sums so far."""
        return RecorderStats(self._recorded, self._filtered, 0, self._failed)
