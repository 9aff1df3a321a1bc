"""What a recorder shares with its spans: where events go, what they all have, and which spans are open."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from chaukas_spec_lite import process
from chaukas_spec_lite.spec.common.v1.events import Author, Event, EventStatus, EventType, Severity
from chaukas_spec_lite.trace.context import Context, Node, Place

if TYPE_CHECKING:
    from chaukas_spec_lite.trace.capture import Capture
    from chaukas_spec_lite.trace.prices import Prices
    from chaukas_spec_lite.trace.sending import Sending
    from chaukas_spec_lite.trace.spans import LiveSpan


_NOW = partial(datetime.now, timezone.utc)


@dataclass(frozen=True)
class Times:
    """The clocks of a recorder: one that tells the date, and one that measures, which no correction of the date moves.

    Args:
        now: Returns the time of day, with its time zone.
        monotonic_ns: Returns nanoseconds since any moment.
    """

    now: Callable[[], datetime] = _NOW
    monotonic_ns: Callable[[], int] = time.perf_counter_ns


MAX_LATE = 100
"""How many ENDs that a sink does not take are kept, to be tried again."""

_numbers = count(1)


class Recording:
    """The inner side of one recorder.

    Args:
        sending: Where events go.
        tenant_id: Of all events, as are the next three.
        project_id: See above.
        branch: See above.
        tags: See above.
        capture: What decorators record unless they are told otherwise.
        stream: Whether parts of answers are events.
        max_stack: Characters kept of stack traces; 0 for none.
        clock: The clocks.
        prices: What computes the cost of model calls.
    """

    def __init__(
        self,
        sending: Sending,
        *,
        tenant_id: str = "",
        project_id: str = "",
        branch: str = "",
        tags: tuple[str, ...] = (),
        capture: Capture = True,
        stream: bool = False,
        max_stack: int = 0,
        clock: Times | None = None,
        prices: Prices | None = None,
    ) -> None:
        times = clock or Times()
        self.send_to(sending)
        self.context = Context()
        self.capture = capture
        self.stream = stream
        self.max_stack = max_stack
        self.prices = prices
        self.now = times.now
        self.monotonic_ns = times.monotonic_ns
        self.outside: Place | None = None
        """The place outside of any span, where another process has one around this one."""
        self.number = str(next(_numbers))
        """Tells recorders apart, where an exception says in which of them it was recorded."""
        self.process = process.current()
        """The process that is known to tell when it ends."""
        self._tenant_id = tenant_id
        self._project_id = project_id
        self._branch = branch
        self._tags = tags
        self.late: list[LiveSpan | Event] = []
        """Spans that could not be ended as deep in the stack as they were, and ENDs that could not be sent there."""
        self.open: dict[int, weakref.ref[LiveSpan]] = {}
        """The spans that are open, by ``id``; whoever ends one takes it out."""

    def event(
        self,
        type: EventType,
        status: EventStatus,
        author: Author,
        place: Place,
        event_id: str,
        span_id: str,
        parent_span_id: str,
        severity: Severity = Severity.INFO,
    ) -> Event:
        """Make an event with all that does not depend on its content."""
        session_id, trace_id, _, agent_id, agent_name, tags, _, _ = place
        # By position, as far as that goes: a third faster.
        return Event(
            event_id,
            self._tenant_id,
            self._project_id,
            session_id,
            span_id,
            parent_span_id,
            type,
            severity,
            status,
            author,
            self.now(),
            agent_id,
            agent_name,
            branch=self._branch,
            tags=[*self._tags, *tags],
            trace_id=trace_id,
        )

    def lost(self, error: BaseException) -> None:
        """Count and tell an exception of ours, or of a value that somebody else wrote."""
        try:
            self.sending.failed(error)
        except Exception:  # of a handler of the log: there is nobody else to tell
            return

    def send_to(self, sending: Sending) -> None:
        """Let events go there from now on."""
        self.sending = sending
        self.emit: Callable[[Event], bool] = sending.emit
        """Takes an event that is complete."""

    def here(self) -> Place | None:
        """The place of the current span."""
        node = self.context.current()
        return self.outside if node is None else node.place

    def failure_key(self, place: Place) -> str:
        """What an exception remembers with which span it was recorded."""
        return f"{self.number}:{place.trace_id}"

    # Open spans

    def moved(self) -> None:
        """See to it that this process, a forked child, tells when it ends: one of multiprocessing has its own way."""
        process.watch_end()
        self.process = process.current()

    def emit_in_time(self, event: Event) -> bool:
        """Emit an event; say False if it has to be done again, further out, as there is too little room in the stack.

        What was left out, or refused by the sink, would be so again, and be counted twice.
        """
        outcomes = self.sending.outcomes
        before = outcomes.no_room
        if self.emit(event) or outcomes.no_room == before:
            return True
        if len(self.late) < MAX_LATE:
            self.late.append(event)
        return False

    def finish_late(self) -> None:
        """End what could not be ended."""
        waiting, self.late = self.late, []
        for each in waiting:
            if isinstance(each, Event):
                self.emit_in_time(each)  # There may still be too little room.
            else:
                each.end()

    def still_open(self) -> list[LiveSpan]:
        """The spans that this process has opened and not ended, the latest first."""
        spans = [span for each in list(self.open.values()) if (span := each()) is not None]
        return [span for span in reversed(spans) if span.process == process.current()]

    def end_all(self, found: str = "exit") -> None:
        """End the spans that are still open, and mark them, the latest first."""
        for span in self.still_open():
            span.abandon(found)
        if self.late:
            self.finish_late()


def owner_of(node: Node | None) -> object:
    """The span that a node stands for; None for one of another process, or that nobody has any more."""
    return None if node is None or node.owner is None else node.owner()
