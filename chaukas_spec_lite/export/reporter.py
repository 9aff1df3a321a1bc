"""Tells people what went wrong: in the log but not too often, and through a callback."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from chaukas_spec_lite.audit.chain import Unsealed
from chaukas_spec_lite.export.dead_letters import DeadLetters
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.lenient.notes import Conversion
from chaukas_spec_lite.rationed_log import MAX_TOPICS, RationedLog
from chaukas_spec_lite.spool.errors import SpoolError

T = TypeVar("T")

_INDEX = re.compile(r"\[\d+\]")

logger = logging.getLogger("chaukas_spec_lite.export")


@dataclass
class _Offering:
    """Drops that one thread offers to the callback: those it came with, and those that the callback causes by emitting.

    An event that the callback itself emitted is not offered to it: each call could emit, and drop, another one.
    """

    waiting: deque[Dropped]
    own: dict[int, object] = field(default_factory=dict[int, object])
    """What the callback emitted, by identity, as others may look the same. Kept here, so that no identity is reused."""

    def is_own(self, dropped: Dropped) -> bool:
        """Whether the callback emitted this."""
        return id(dropped) in self.own or (dropped.data != b"" and id(dropped.data) in self.own)


class Reporter:
    """Logs drops and failures; safe to use from any thread, and from what interrupts one.

    Of each kind of message one line is logged per interval; the next one says how many were left out.

    Args:
        interval: The interval in seconds.
        now: Tells the time in seconds; monotonic.
        on_drop: Called with each event that will not be sent.
        on_error: Called with each failure after which the exporter goes on.
        letters: Keeps each event that will not be sent; None without a spool.
    """

    def __init__(
        self,
        interval: float,
        now: Callable[[], float],
        on_drop: Callable[[Dropped], object] | None = None,
        on_error: Callable[[BaseException], object] | None = None,
        letters: DeadLetters | None = None,
    ) -> None:
        self._on_error = on_error
        self._letters = letters
        self._interval = interval
        self._now = now
        self._on_drop = on_drop
        # An RLock, as a signal handler may interrupt the code that holds it and come here.
        self._lock = threading.RLock()
        self.log = RationedLog(logger, interval, now).log
        self.offering: dict[int, _Offering] = {}
        """By thread, for those within the callback."""
        self.events_converted = 0
        self._down: tuple[float, int, bool] | None = None
        """Since when the server takes no events, how many attempts have failed, and whether one of them was logged."""
        self._unanswered = ""
        """What is to be said of the last attempt, if it was ended before an answer came; no failure was told then."""
        self._telling: set[int] = set()
        """Threads within ``on_error``. A failure that it causes itself is not given to it: there might be no end."""
        self.last_error: str | None = None

    def drop(self, dropped: Sequence[Dropped]) -> None:
        """Tell why events will not be sent: in the log, one line for each reason; as dead letters; to the callback."""
        alike: dict[tuple[DropReason, str], list[Dropped]] = {}
        for each in dropped:
            alike.setdefault((each.reason, each.path), []).append(each)
        for (reason, path), (first, *others) in alike.items():
            what = f"{len(others) + 1} events, the first of them" if others else "an event"
            name = first.event_id or "without an event_id"
            self._log_drop(reason, f"{what} {name} ({len(first.data)} bytes): {first.detail}", path)
        if self._letters is not None:
            try:
                self._letters.keep(dropped, self._not_kept)
            except SpoolError as error:
                self.failure("letters", "Dead letters stay in memory, until the disk takes them", error)
        if self._on_drop is not None:
            self._offer_all(dropped, self._on_drop)

    def emitting(self, event: bytes | Unsealed | Dropped) -> None:
        """Take note of an event that is being emitted, which may be the callback's own."""
        offering = self.offering.get(threading.get_ident())
        if offering is not None:
            offering.own[id(event)] = event
            if not isinstance(event, bytes):  # the queue makes another ``Dropped`` of it, with the event's id
                offering.own[id(event.data)] = event.data

    def _offer_all(self, dropped: Sequence[Dropped], on_drop: Callable[[Dropped], object]) -> None:
        # Not a lock: a callback may be slow, and other threads have to go on offering meanwhile.
        here = threading.get_ident()
        offering = self.offering.get(here)
        if offering is not None:  # the callback has emitted, which caused these drops: their turn comes after this one
            offering.waiting += [each for each in dropped if not offering.is_own(each)]
            return
        offering = self.offering[here] = _Offering(deque(dropped))
        try:
            while offering.waiting:
                self._call(on_drop, offering.waiting.popleft(), "dropped events")
        finally:
            del self.offering[here]

    def lost(self, events: int, detail: str) -> None:
        """Log the loss of events of which not even the bytes are left."""
        what = f"{events} events" if events else "an unknown number of events"
        self.last_error = f"{what} of the spool are lost: {detail}"
        self._log_drop(DropReason.SPOOL_LOST, f"{what}: {detail}")

    def _log_drop(self, reason: DropReason, detail: str, path: str = "") -> None:
        # Of each path a line of its own: a program may make several mistakes, and each has to be seen to be mended.
        text = "Dropped as %s: %s"
        self.log(f"dropped {reason.value}", logging.WARNING, text, reason.value, detail, topic=path)

    def converted(self, conversions: Sequence[Conversion]) -> None:
        """Count an event that was changed so that it can be encoded, and log where, one line for each path.

        Args:
            conversions: Where each value stands, what became of it, and whether some of it is lost.
        """
        with self._lock:
            self.events_converted += 1
        # Apart from each other: what is lost must not be hidden by what only looks different now.
        self._log_conversions("A part of an event was not recorded", [each for each in conversions if each.lost])
        text = "A value was converted, so that its event is not lost"
        self._log_conversions(text, [each for each in conversions if not each.lost])

    def _log_conversions(self, text: str, conversions: Sequence[Conversion]) -> None:
        for each in conversions[:MAX_TOPICS]:
            # One line for a whole list, whose items are mostly alike.
            topic = _INDEX.sub("[]", each.path)
            self.log(text, logging.WARNING, "%s: %s: %s", text, each.path, each.what, topic=topic)

    def _not_kept(self, dropped: Dropped) -> None:
        """Say that there is no room for a dead letter."""
        text = "No room for the dead letter of event %s (%s): raise dead_letter_max_bytes"
        self.log("dead letters full", logging.WARNING, text, dropped.event_id, dropped.reason.value)

    def failure(self, kind: str, what: str, error: BaseException, *, expected: bool = True) -> bool:
        """Note a failure after which the exporter goes on; return whether it was logged, or left out.

        One that is not ``expected`` is logged with a traceback.
        """
        self.last_error = f"{type(error).__name__}: {error}"
        logged = self.log(kind, logging.WARNING, "%s: %s", what, self.last_error, error=None if expected else error)
        if self._on_error is not None:
            self._give(error, self._on_error)
        return logged

    def _give(self, error: BaseException, on_error: Callable[[BaseException], object]) -> None:
        here = threading.get_ident()
        if here in self._telling:
            return
        self._telling.add(here)
        try:
            self._call(on_error, error, "errors")
        finally:
            self._telling.discard(here)

    def _call(self, callback: Callable[[T], object], argument: T, what: str) -> None:
        try:
            callback(argument)
        # The callback is the user's, and its mistakes must not reach the code that emits. A CancelledError is one, too:
        # the callback cannot wait, so nobody has cancelled the task here; it comes from something the callback asked.
        except (Exception, asyncio.CancelledError) as mistake:
            self.log(f"callback for {what}", logging.ERROR, f"The callback for {what} failed", error=mistake)

    def not_sent(self, kind: str, events: int, error: BaseException) -> None:
        """Note that an attempt to send failed; the first failure is logged at once, and then one in each interval."""
        self._unanswered = ""
        since, attempts, told = self._down or (self._now(), 0, False)
        what = "1 event was not sent; it is" if events == 1 else f"{events} events were not sent; they are"
        told = self.failure(f"send {kind}", f"{what} kept, and tried again", error) or told
        self._down = since, attempts + 1, told

    def cut_short(self, seconds: float, server: str) -> None:
        """Note that an attempt was ended before an answer came; of a server that is silent nothing else is known."""
        if self._down is None:
            self._unanswered = self.last_error = f"no answer came within {seconds:.3g} s from {server}"

    def was_sent(self) -> None:
        """Note that an attempt went through; if a failure before it was logged, so is this."""
        self._unanswered = ""
        if self._down is None:
            return
        (since, attempts, told), self._down = self._down, None
        if told:
            failed = "1 attempt" if attempts == 1 else f"{attempts} attempts"
            what = "The server takes events again; %s failed within %.0f seconds"
            self.log("sent again", logging.WARNING, what, failed, self._now() - since)

    def ended(self, pending: int, where: str, dropped: Mapping[str, int]) -> None:
        """Log what became of the events that were not sent, if there are any."""
        said: list[str] = []
        if pending:
            said.append(f"{pending} in {where}, for the next exporter with that directory")
        if dropped:
            reasons = ", ".join(f"{reason}: {events}" for reason, events in dropped.items())
            said.append(f"{sum(dropped.values())} dropped ({reasons})")
        if said and self._unanswered:
            said.append(self._unanswered)
        if said:
            self.log("ended", logging.WARNING, "Not sent when the exporter ended: %s", "; ".join(said))

    def task_ended(self, task: asyncio.Task[None]) -> None:
        """Log that a task of the exporter failed, which none should."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.last_error = f"{type(error).__name__}: {error}"
            logger.error("A task of the exporter failed; start() begins a new one", exc_info=error)
