"""What a span records: its START event when it begins, its END event when it ends, and how it ended."""

# sys._getframe is private by its name only:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from chaukas_spec_lite import process
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spec.common.v1.events import Author, Event, EventStatus, EventType, PerformanceMetrics, Severity
from chaukas_spec_lite.trace.capture import Metadata, mapping_of
from chaukas_spec_lite.trace.context import Owner, Place
from chaukas_spec_lite.trace.failures import error_info, is_cancellation, is_exception, mark_recorded, recorded_in
from chaukas_spec_lite.trace.recording import Recording

if TYPE_CHECKING:
    from typing_extensions import Self

LEFT_OPEN = "left_open"
"""The metadata that marks the END of a span that nobody has ended, and says how that was found."""

FAILED_IN = "failed_in"
"""The metadata of a FAILED span whose error another event has, with which it was recorded first: that event's span."""

NEW, OPEN, ENDED = range(3)

_NAMES = "_name", "_model", "_operation"
"""Where spans keep what they are called."""

_HERE = "chaukas_spec_lite."

_COMPLETED, _FAILED, _CANCELLED = EventStatus.COMPLETED, EventStatus.FAILED, EventStatus.CANCELLED
_STARTED, _INFO, _ERROR = EventStatus.STARTED, Severity.INFO, Severity.ERROR

_TUPLE: Any = tuple
_new_place: Callable[[type[Place], tuple[object, ...]], Place] = _TUPLE.__new__
"""What the constructor of a named tuple calls, in half the time."""


class LiveSpan:
    """A piece of work while it lasts.

    Args:
        recording: The recorder's inner side; None for a span that records nothing.
        metadata: What both its events have.
    """

    START: ClassVar[EventType]
    END: ClassVar[EventType]
    AUTHOR: ClassVar[Author]

    event: Event | None = None
    """The START event, once the span has begun."""
    process = 0
    """The process that began the span: in a forked child, the span is still its parent's to end."""

    # Defaults of the class, which cost nothing until something else is set.
    _stage = NEW
    _recording: Recording | None = None
    _used = False
    """Whether it has been put to use otherwise than by beginning it: as a decorator."""
    _status = EventStatus.COMPLETED
    _failure: object = None
    _parent = Place()
    _place = _parent
    reference: Owner = None
    """A weak reference to it, which stands for it where it is current."""
    _call_arguments: dict[str, Any] | None = None
    _started_ns = 0

    def __init__(self, recording: Recording | None, metadata: Metadata | None) -> None:
        self._recording = recording
        self._extra = None if metadata is None else mapping_of(metadata)

    # What a program asks for, and tells

    @property
    def span_id(self) -> str:
        """The id that its START and END share; empty before it has begun."""
        return self._place.span_id

    @property
    def trace_id(self) -> str:
        """The trace that it belongs to; empty before it has begun."""
        return self._place.trace_id

    @property
    def session_id(self) -> str:
        """The session that it belongs to; empty outside of any."""
        return self._place.session_id

    @property
    def place(self) -> Place:
        """Where what happens inside of it is: what other contexts and processes have to know to go on there."""
        return self._place

    def set(self, metadata: Metadata | None = None, /, **more: Any) -> None:
        """Add metadata: to both events if the span has not begun, and else to its END.

        Args:
            metadata: What to add, by name.
            more: The same, as keywords.
        """
        self._extra = {**(self._extra or {}), **(mapping_of(metadata) or {}), **more}

    def fail(self, error: BaseException | str) -> None:
        """Let the span end as ``FAILED`` with this ``error``, although no exception leaves it.

        Args:
            error: An exception, or what went wrong in words.
        """
        self._status, self._failure = _FAILED, error

    def cancel(self) -> None:
        """Let the span end as ``CANCELLED``, although no exception leaves it."""
        self._status = _CANCELLED

    def _tell_late(self, method: str) -> None:
        """Tell of a result that came after the END, which is the last event of a span."""
        if self._recording is None:
            return
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_HERE):
            frame = frame.f_back
        try:
            self._recording.sending.came_late(f"{type(self).__name__}.{method}", frame)
        except RecursionError:  # There is no room to tell it.
            return

    # Begin and end

    def start(self) -> Self:
        """Begin without a ``with``: its START event is recorded.

        The span does not become the current one; ``with recorder.under(span)`` makes it so for a while.
        """
        if self._recording is not None and self._stage != OPEN:
            self._begin(self._recording)
        return self

    def end(self) -> None:
        """End what ``start`` began: its END event is recorded, once. Without a ``start``, nothing happens."""
        if self._stage == OPEN:
            self._finish()

    def _begin(self, recording: Recording) -> None:
        if self._stage == ENDED:
            # Begun once more, it is another span, with the same settings.
            another = self.again()
            another._used = True
            self.__dict__ = another.__dict__
            del another  # before the state, which is its own, too, says that there is something to end
        self._stage = OPEN
        try:
            self.process = process.current()
            self._place_in(recording)
            if self.process != recording.process:
                recording.moved()
            # Until it ends, without keeping it alive.
            self.reference = recording.open[id(self)] = weakref.ref(self)
            place = self._place
            # A span's id is that of its START: one fewer to make.
            event = self.event = recording.event(
                self.START, _STARTED, self.AUTHOR, place, place[2], place[2], self._parent[2], _INFO
            )
            event.metadata = self._extra
            if self._call_arguments:
                event.metadata = {**(event.metadata or {}), "arguments": self._call_arguments}
            self._fill_start(event)
            self._started_ns = recording.monotonic_ns()
            recording.emit(event)
        except RecursionError:  # There is no room to record this: nothing of it is.
            self._stage = ENDED
        except Exception as error:  # whatever it was, the program goes on; END says the rest
            recording.lost(error)

    def _place_in(self, recording: Recording) -> None:
        """Find the parent, and make the place within."""
        # Outside of any span, a span has a trace of its own, and no session.
        node = recording.context.current()
        parent = self._parent = (recording.outside or Place("", uuid7())) if node is None else node.place
        within = parent[0], parent[1], uuid7(), parent[3], parent[4], parent[5], False, parent[7]
        self._place = _new_place(Place, within)

    def judge(self, error: BaseException) -> None:
        """Take note of the exception that leaves the span."""
        if is_cancellation(error):
            self._status = _CANCELLED
        else:
            self._status, self._failure = _FAILED, error

    def _finish(self, left_open: str = "") -> None:
        """Record the END event."""
        recording = self._recording
        assert recording is not None
        self._stage = ENDED
        try:
            recording.open.pop(id(self), None)
            if self.process != process.current():
                return
            event = self._make_end(recording)
            if left_open:
                event.metadata = {**(event.metadata or {}), LEFT_OPEN: left_open}
            if recording.emit_in_time(event) and recording.late:
                recording.finish_late()
        except RecursionError:  # A span further out will have room.
            self._stage = OPEN
            recording.late.append(self)
            return
        except Exception as error:  # as at the beginning
            recording.lost(error)
        self._failure = None  # An exception would keep the frames alive that it has passed.

    def _make_end(self, recording: Recording) -> Event:
        elapsed_ms = (recording.monotonic_ns() - self._started_ns) / 1e6
        place, status = self._place, self._status
        event = recording.event(
            self.END,
            status,
            self.AUTHOR,
            place,
            uuid7(),
            place[2],
            self._parent[2],
            _ERROR if status is _FAILED else _INFO,
        )
        event.performance = PerformanceMetrics(duration_ms=elapsed_ms)
        metadata = dict(self._extra) if self._extra else {}
        if status is _FAILED:
            self._describe_failure(recording, event, metadata)
        self._fill_end(event, metadata, elapsed_ms)
        event.metadata = metadata or None
        return event

    def _describe_failure(self, recording: Recording, event: Event, metadata: dict[str, Any]) -> None:
        failure, key = self._failure, recording.failure_key(self._place)
        if is_exception(failure):
            if elsewhere := recorded_in(failure, key):
                metadata[FAILED_IN] = elsewhere
                return
            mark_recorded(failure, key, self._place.span_id)
        event.error = error_info(failure, recording.max_stack)

    def abandon(self, found: str) -> None:
        """End a span that nobody will end, as ``CANCELLED``, and mark it."""
        if self._stage == OPEN:
            if self._status is _COMPLETED:
                self._status = _CANCELLED
            self._finish(found)

    def __del__(self) -> None:
        # At the end of the interpreter, names of this module may be gone.
        if self._stage == ENDED or self._recording is None or sys.is_finalizing():
            return
        try:
            if self._stage == OPEN:
                self.abandon("garbage-collected")
            elif not self._used:
                name = next((getattr(self, each) for each in _NAMES if getattr(self, each, "")), "")
                self._recording.sending.never_begun(type(self).__name__, name, sys._getframe(1))
        except RecursionError:
            if self._stage == OPEN:
                self._recording.late.append(self)
        except ValueError:  # There is no frame: the thread has ended.
            return

    # What kinds of spans say

    def again(self) -> Self:
        """Make a span with the same settings, that has not begun."""
        raise NotImplementedError

    def _fill_start(self, event: Event) -> None:
        """Put into the START event what the kind of span has besides."""

    def _fill_end(self, event: Event, metadata: dict[str, Any], elapsed_ms: float) -> None:
        """Put into the END event what the kind of span has besides; where it is FAILED, no content."""

    def __repr__(self) -> str:
        """The class, the span's id, and how far it is."""
        return f"<{type(self).__name__} {self._place.span_id or '-'} {('not begun', 'open', 'ended')[self._stage]}>"
