"""Events in a list, for tests; nowhere; and to two sinks at once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from chaukas_spec_lite.audit.chain import Sealer
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.export.dropped import Dropped
from chaukas_spec_lite.export.encoder import Encoder
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spec.common.v1.events import Event

if TYPE_CHECKING:
    from typing_extensions import Self

    from chaukas_spec_lite.encoded_events import AnyEvent


class OpenSink(Protocol):
    """What every sink of this room has."""

    def emit(self, event: AnyEvent) -> object:
        """Take an event, also one of the official package, or encoded; return what became of it."""
        ...

    def flush(self, timeout: float = 30.0) -> bool:
        """Bring what waits to where it goes, within so many seconds; return whether all got there."""
        ...

    def close(self, timeout: float | None = None) -> bool:
        """Flush, and end; return whether all events ever got to where they were to go."""
        ...


class MemorySink:
    """Keeps events in a list, as they would have been sent.

    ::

        sink = MemorySink()
        sink.emit(Event(type=EventType.AGENT_START))
        assert sink.events[0].type == EventType.AGENT_START

    Args:
        limit: How many events are kept, the last ones; None for all.
        audit: Whether each event is given its hash, and that of the one before it; see ``ExportSettings``.

    Raises:
        SettingError: The limit is no whole number from 1 on.
    """

    def __init__(self, limit: int | None = None, *, audit: bool = False) -> None:
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            raise SettingError("limit", "has to be a whole number of events from 1 on, or None for all")
        # Appending to a deque is one step, so threads and signal handlers need no lock, and neither does a fork.
        self._events: deque[Event] = deque(maxlen=limit)
        self._encoder = Encoder(ExportSettings(audit=audit), None, None)
        self._sealer = Sealer()
        self.limit = limit
        """How many events are kept at most."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._events)} events>"

    @property
    def events(self) -> list[Event]:
        """The events, oldest first. They are copies, and the list is a new one each time."""
        while True:
            try:
                return list(self._events)
            except RuntimeError:  # another thread emitted meanwhile
                time.sleep(0)

    def clear(self) -> None:
        """Forget all events."""
        self._events.clear()

    def emit(self, event: AnyEvent) -> Emitted:
        """Keep a copy of an event, and fill in its ``event_id`` and ``timestamp`` if they are missing.

        Args:
            event: The event, also one of the official package, or encoded.

        Returns:
            QUEUED: it is in memory only. DROPPED if its ids and names alone are larger than any event may be.

        Raises:
            TypeError: It is no event.
        """
        # Through bytes: a test sees what a server would get, and the program may go on changing what it gave.
        encoded, _ = self._encoder.encode(event)
        if isinstance(encoded, Dropped):
            return Emitted.DROPPED
        self._sealer.write(encoded, self._append)
        return Emitted.QUEUED

    def _append(self, event: bytes) -> bool:
        self._events.append(Event.parse(event))
        return True

    def flush(self, timeout: float = 30.0) -> bool:
        """Return True: nothing waits.

        Args:
            timeout: Counts for nothing here; other sinks wait so long.
        """
        return True

    def close(self, timeout: float | None = None) -> bool:
        """Return True. The events stay.

        Args:
            timeout: Counts for nothing here.
        """
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class NullSink:
    """Takes events, and does nothing with them."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def emit(self, event: AnyEvent) -> None:
        """Do nothing. It does not say DROPPED: that would count as a loss, where nothing else was asked for."""

    def flush(self, timeout: float = 30.0) -> bool:
        """Return True: nothing waits.

        Args:
            timeout: Counts for nothing here.
        """
        return True

    def close(self, timeout: float | None = None) -> bool:
        """Return True.

        Args:
            timeout: Counts for nothing here.
        """
        return True


class BothSinks:
    """Gives each event to two sinks: where it goes, and where it is shown.

    Args:
        sink: What counts: what its methods return is returned, and all that this object lacks is looked up there.
        shown: Is given each event before, and closed after it.
    """

    def __init__(self, sink: OpenSink, shown: OpenSink) -> None:
        self.sink = sink
        self.shown = shown

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.sink!r}, {self.shown!r})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "sink":  # not yet set, in a copy that is being made
            raise AttributeError(name)
        return getattr(self.sink, name)

    def emit(self, event: AnyEvent) -> object:
        """Show an event, and give it to the sink."""
        self.shown.emit(event)
        return self.sink.emit(event)

    def flush(self, timeout: float = 30.0) -> bool:
        """Flush the sink."""
        return self.sink.flush(timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Close both."""
        with _closing(self.shown):
            return self.sink.close(timeout)


@contextmanager
def _closing(sink: OpenSink) -> Generator[None]:
    try:
        yield
    finally:
        sink.close()
