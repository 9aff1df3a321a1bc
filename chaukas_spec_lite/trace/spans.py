"""What all spans have in common: a START event when they begin, an END event when they end, and a place in between."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from chaukas_spec_lite import process
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spec.common.v1.events import Author, Event, EventStatus, EventType, PerformanceMetrics, Severity
from chaukas_spec_lite.trace.capture import Capture, mapping_of
from chaukas_spec_lite.trace.context import Node, Place
from chaukas_spec_lite.trace.failures import error_info, is_cancellation, mark_recorded, recorded_in
from chaukas_spec_lite.trace.points import Metadata, Points
from chaukas_spec_lite.trace.recording import Recording
from chaukas_spec_lite.trace.safety import told

if TYPE_CHECKING:
    from typing_extensions import Self

Function = TypeVar("Function", bound="Callable[..., Any]")
Method = TypeVar("Method", bound="classmethod[Any, ..., Any] | staticmethod[..., Any]")
Entered = TypeVar("Entered")

LEFT_OPEN = "left_open"
"""The metadata that marks the END of a span that nobody has ended, and says how that was found."""

_NOWHERE = Place()


class Span(Points):
    """A piece of work: its START event when it begins, and its END event, in the same span, when it ends.

    It is a context manager, with ``with`` and ``async with``, and a decorator. Whoever cannot use either calls ``start``
    and ``end``; such a span is not the current one, unless ``recorder.under(span)`` makes it so.
    """

    __slots__ = (
        "__weakref__", "_capture", "_depth", "_failed_in", "_failure", "_metadata", "_node", "_parent", "_place",
        "_recording", "_result", "_started_ns", "_state", "_status", "event", "process",
    )  # fmt: skip

    START: ClassVar[EventType]
    END: ClassVar[EventType]
    AUTHOR: ClassVar[Author]
    NAMED = False
    """Whether a function that is decorated without a name gives its own."""

    event: Event | None
    """The START event, once the span has begun."""
    process: int
    """The process that began the span: in a forked child, the span is still its parent's to end."""

    def __init__(
        self, recording: Recording | None, metadata: Metadata | None = None, capture: Capture | None = None
    ) -> None:
        self._recording = recording
        self._capture = capture
        self._metadata: dict[str, Any] | None = None if metadata is None else mapping_of(metadata)
        self._renew()

    def _renew(self) -> None:
        self._state = _NEW
        self._status = EventStatus.COMPLETED
        self._failure: object = None
        self._failed_in = ""
        self._node: Node | None = None
        self._parent = _NOWHERE
        self._place = _NOWHERE
        self._started_ns = 0
        self._depth = 0
        self._result: object = _NOTHING
        self.event = None
        self.process = 0

    # What a program asks for

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
        """Where what happens inside of it is, to be continued elsewhere."""
        return self._place

    def set(self, metadata: Metadata | None = None, /, **more: Any) -> None:
        """Add metadata: to both events if the span has not begun, then to its END.

        Args:
            metadata: What to add, by name.
            more: The same, as keywords.
        """
        added = mapping_of(metadata) or {}
        self._metadata = {**(self._metadata or {}), **added, **more}

    def fail(self, error: BaseException | str) -> None:
        """Let the span end as ``FAILED`` with this ``error``, although no exception leaves it.

        Args:
            error: An exception, or what went wrong in words.
        """
        self._status, self._failure = EventStatus.FAILED, error

    def cancel(self) -> None:
        """Let the span end as ``CANCELLED``, although no exception leaves it."""
        self._status = EventStatus.CANCELLED

    # Begin and end

    def start(self) -> Self:
        """Begin without a ``with``: its START event is recorded. Inside of it is only what says so."""
        if self._recording is not None and self._state is not _OPEN:
            self._begin()
        return self

    def end(self) -> None:
        """End what ``start`` began: its END event is recorded, once."""
        if self._state is _OPEN:
            self._finish()

    def _enter(self, frame: FrameType | None) -> None:
        if self._state is _OPEN and self._node is not None:
            self._depth += 1
            return
        recording = self._recording
        if recording is None:
            return
        if self._state is not _OPEN:
            self._begin()
        try:
            self._node = recording.context.enter(self._place, recording.opened(self), frame)
        except Exception as error:  # of ours, which is not the program's
            told(error)

    def _begin(self) -> None:
        recording = self._recording
        assert recording is not None
        if self._state is _ENDED:
            self._renew()
        self._state = _OPEN
        try:
            self.process = process.current()
            self._started_ns = recording.monotonic_ns()
            self._place_in(recording)
            recording.opened(self)
            event = self.event = self._make(recording, self.START, EventStatus.STARTED, Severity.INFO)
            event.metadata = self._metadata
            self._fill_start(event)
            recording.sending.emit(event)
        except Exception as error:  # whatever it was, the program goes on; END says the rest
            told(error)

    def _place_in(self, recording: Recording) -> None:
        """Find the parent, and make the place within."""
        found = recording.here()
        # Outside of any span, a span has a trace of its own, and no session.
        parent = self._parent = found if found is not None else Place(trace_id=uuid7())
        self._place = Place(
            parent.session_id, parent.trace_id, uuid7(), parent.agent_id, parent.agent_name, parent.tags
        )

    def _leave(self, error: BaseException | None) -> None:
        if self._depth:
            self._depth -= 1
            return
        node, self._node = self._node, None
        try:
            if node is not None and self._recording is not None:
                self._recording.context.leave(node)
            if self._state is _OPEN:
                if error is not None:
                    self._judge(error)
                self._finish()
        except Exception as problem:  # of ours, which must not replace the program's
            told(problem)

    def _judge(self, error: BaseException) -> None:
        """Take note of the exception that leaves the span."""
        if is_cancellation(error):
            self._status = EventStatus.CANCELLED
        else:
            self._status, self._failure = EventStatus.FAILED, error

    def _finish(self, left_open: str = "") -> None:
        """Record the END event."""
        recording = self._recording
        assert recording is not None
        self._state = _ENDED
        recording.closed(self)
        if self.process != process.current():
            return
        try:
            event = self._make_end(recording)
            if left_open:
                event.metadata = {**(event.metadata or {}), LEFT_OPEN: left_open}
            recording.sending.emit(event)
        except Exception as error:  # as at the beginning
            told(error)
        self._failure = None  # an exception would keep the frames alive that it has passed

    def _make_end(self, recording: Recording) -> Event:
        elapsed_ms = (recording.monotonic_ns() - self._started_ns) / 1e6
        failed = self._status is EventStatus.FAILED
        event = self._make(recording, self.END, self._status, Severity.ERROR if failed else Severity.INFO)
        event.performance = PerformanceMetrics(duration_ms=elapsed_ms)
        metadata = dict(self._metadata) if self._metadata else {}
        if failed:
            self._describe_failure(recording, event, metadata)
        self._fill_end(event, metadata, elapsed_ms)
        event.metadata = metadata or None
        return event

    def _describe_failure(self, recording: Recording, event: Event, metadata: dict[str, Any]) -> None:
        failure, key = self._failure, recording.failure_key(self._place)
        if isinstance(failure, BaseException):
            if elsewhere := recorded_in(failure, key):
                metadata["failed_in"] = elsewhere
                return
            mark_recorded(failure, key, self._place.span_id)
        event.error = error_info(failure, recording.max_stack)

    def _make(self, recording: Recording, type: EventType, status: EventStatus, severity: Severity) -> Event:
        # The agent is that of the place within, so that an agent's own events name it.
        return recording.event(
            type, status, self.AUTHOR, self._place, self._place.span_id, self._parent.span_id, severity
        )

    def _fill_start(self, event: Event) -> None:
        """Put into the START event what the kind of span has besides."""

    def _fill_end(self, event: Event, metadata: dict[str, Any], elapsed_ms: float) -> None:
        """Put into the END event what the kind of span has besides; no content where ``error`` is set."""

    def abandon(self, found: str) -> None:
        """End a span that nobody will end, and mark it."""
        if self._state is _OPEN:
            if self._status is EventStatus.COMPLETED:
                self._status = EventStatus.CANCELLED
            self._finish(found)

    def __del__(self) -> None:
        # Without `_state`, the constructor has failed; while the interpreter ends, names of this module may be gone.
        if getattr(self, "_state", None) is _OPEN and not sys.is_finalizing():
            self.abandon("garbage-collected")

    # Context manager

    def __enter__(self) -> Self:
        self._enter(sys._getframe(1) if self._recording is not None else None)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self._leave(exc_val)

    def __aenter__(self) -> Ready[Self]:
        # No coroutine, which would run when it is awaited, with a frame of its own.
        self._enter(sys._getframe(1) if self._recording is not None else None)
        return Ready(self)

    def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> Ready[None]:
        self._leave(exc_val)
        return Ready(None)

    # Decorator

    @overload
    def __call__(self, function: Method, /) -> Method: ...
    @overload
    def __call__(self, function: Function, /) -> Function: ...
    def __call__(self, function: Any, /) -> Any:
        """Decorate a function: each call of it is a span like this one, of its own.

        Args:
            function: A function, coroutine function, generator function, async generator function, a method, or what
                ``classmethod`` and ``staticmethod`` make.

        Returns:
            The same with its signature.

        Raises:
            TypeError: It is nothing that can be decorated.
        """
        from chaukas_spec_lite.trace.decorating import decorate

        if self._recording is None:
            return function
        capture = self._recording.capture if self._capture is None else self._capture
        return decorate(self, function, capture)

    # What decorating.py asks for

    def again(self) -> Self:
        """Make a span with the same settings, that has not begun."""
        raise NotImplementedError

    def name_after(self, name: str) -> None:
        """Take the name of the decorated function, where the span has none."""

    def take_arguments(self, arguments: dict[str, Any] | None) -> None:
        """Take the arguments of a call that is about to be made."""
        if arguments:
            self.set(arguments=arguments)

    def take_result(self, value: object) -> None:
        """Take the result of the call."""
        self.set(output=value)

    def take_item(self, item: object) -> None:
        """Take what a generator has yielded."""

    # Points

    def _where(self) -> tuple[Recording, Place | None] | None:
        recording = self._recording
        if recording is None:
            return None
        return recording, self._place if self._place is not _NOWHERE else recording.here()

    def __repr__(self) -> str:
        state = {_NEW: "not begun", _OPEN: "open", _ENDED: "ended"}[self._state]
        return f"<{type(self).__name__} {self._place.span_id or '-'} {state}>"


_NEW, _OPEN, _ENDED = 0, 1, 2
_NOTHING = object()


class Ready(Generic[Entered]):
    """An awaitable that has its result: nothing is waited for, so no other task runs in between."""

    __slots__ = ("_value",)

    def __init__(self, value: Entered) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, Any, Entered]:
        return self._value
        yield  # makes this a generator
