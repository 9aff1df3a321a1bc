"""From a recorder to its sink: ``before_send``, the sampler, and the count of what became of each event."""

from __future__ import annotations

import logging
import threading
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Iterable
from types import FrameType

from chaukas_spec_lite import process
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.rationed_log import RationedLog, in_words
from chaukas_spec_lite.settings import Flag, Instance, Number
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.before_send import BeforeSend, Functions, checked
from chaukas_spec_lite.trace.facts import facts_of
from chaukas_spec_lite.trace.outcomes import Outcome, Outcomes, RecorderStats
from chaukas_spec_lite.trace.sampling import Sampler
from chaukas_spec_lite.trace.selecting import Selection
from chaukas_spec_lite.trace.sink import NeedsLoopError, Outlet, Sink, was_taken

__all__ = ["BeforeSend", "RecorderStats", "Sending", "Sink"]

MAX_DEPTH = 10
"""How deep events may lie within one another: those that a sink or a ``before_send`` emits while it is given one."""

_SECONDS = Number(unit="seconds")

_IS_SAMPLER = Instance(Sampler, "write sampler=Sampler(rate=0.1)")

logger = logging.getLogger("chaukas_spec_lite")


class Sending:
    """What a recorder emits to: runs each event through ``before_send`` and the sampler, and hands it to the sink.

    Any thread may use it, and signal handlers and finalizers, which may interrupt one that does.

    Args:
        sink: Where events go: anything with ``emit``, such as an exporter.
        before_send: A function of an event, or several, which run in their order: each returns the event, changed or
            not, or None if it is not to be recorded (counted as ``filtered``). An event at which one raises, or returns
            something else, is kept back, from the disk, too; that is counted as ``failed`` and told in the log.
        sampler: Chooses what is left out; None leaves out nothing.
        send_on_error: Whether such an event is sent all the same, as the function left it.
        log_interval: Of each thing that goes wrong one line is logged in this time, in seconds.
        clock: Tells the time; for tests.

    Raises:
        SettingTypeError: The sink or a function cannot be used; the error says what to write instead.
        SettingError: A setting cannot be used.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        before_send: BeforeSend | Iterable[BeforeSend] | None = None,
        sampler: Sampler | None = None,
        send_on_error: bool = False,
        log_interval: float = 60.0,
        clock: Clock | None = None,
    ) -> None:
        self.sink = sink
        """The sink, as it was given."""
        self._outlet = Outlet(sink)
        self._hand_over_to_sink = sink.emit
        self._now = (clock or Clock()).now
        self._sampler = None if sampler is None else _IS_SAMPLER(sampler, "sampler")
        self._selection: Selection | None = None
        self._given = checked(before_send), Flag()(send_on_error, "send_on_error")
        self._log_interval = _SECONDS(log_interval, "log_interval")
        self._open = [True]
        """Empty once it is closed: of several calls of ``close``, one takes out what is in it."""
        self._endings: list[bool] = []
        self._begin()
        process.after_fork_in_child(self._begin)

    def _begin(self) -> None:
        """Begin anew, in a forked child, too: counts, locks and what waits are the parent's."""
        self._process = process.current()
        self.outcomes = Outcomes()
        """What became of the events."""
        self._log = RationedLog(logger, self._log_interval, self._now)
        self._functions = Functions(*self._given, self.outcomes, self._log)
        self._depths: dict[int, int] = {}
        if self._sampler is not None:
            parts = self.outcomes, self._log, self._now, self._deliver, self._selection
            self._selection = Selection(self._sampler, *parts)
        self._chooses = self._selection is not None or bool(self._functions)

    # Emitting

    def emit(self, event: Event) -> bool:
        """Record an event. It raises nothing, but what a signal handler raises meanwhile, such as at Ctrl-C.

        Args:
            event: The event. A ``before_send`` may change it.

        Returns:
            Whether it went on: the sink has taken it, or it waits for the sampler. False if it was left out or kept
            back, or the sink did not take it.
        """
        if self._process != process.current():  # As the functions below do, without a call.
            process.notice_fork()
        here, depths = threading.get_ident(), self._depths
        depth = depths.get(here, 0)
        depths[here] = depth + 1
        try:
            if depth >= MAX_DEPTH:
                return self._failed("depth", "a before_send or the sink emits an event for each event that it is given")
            if not isinstance(event, Event):
                return self._failed("type", f"it takes an Event, not {type(event).__name__}")
            if not self._open:
                return self._failed("closed", "it came after close(), which belongs at the end of the program")
            if self._chooses:
                return self._choose(event)
            return self._deliver(event, self.outcomes.count)
        finally:
            # Where this goes on in a child that was forked meanwhile, they are the parent's.
            if depth:
                depths[here] = depth
            else:
                depths.pop(here, None)

    def _choose(self, event: Event) -> bool:
        """Emit an event that ``before_send`` or the sampler may leave out."""
        try:
            result = self._select(event)
        except Exception as error:  # A fault of this library must not harm the program that is being recorded.
            self.outcomes.no_room += isinstance(error, RecursionError)
            return self._failed("fault", in_words(error), error)
        except BaseException:  # Ctrl-C is not ours to stop, but the event has to be counted.
            self.outcomes.count(Outcome.FAILED)
            raise
        went_on = result is Outcome.WAITING
        if isinstance(result, Event):
            went_on = self._deliver(result, self.outcomes.count)
        if self._selection is not None:
            self._selection.hand_over()
        return went_on

    def _select(self, event: Event) -> Event | Outcome:
        """Return what is to be handed over of an event; or what became of it, which is counted then."""
        selection = self._selection
        facts = None if selection is None else facts_of(event)
        if selection is not None and facts is not None and selection.leaves_out(facts):
            result: Event | Outcome = Outcome.SAMPLED_OUT
        else:
            result = self._functions.run(event)
            if selection is not None and facts is not None:
                if isinstance(result, Event):
                    return selection.take(facts, result)
                selection.forget(facts)
        if isinstance(result, Outcome):
            self.outcomes.count(result)
        return result

    def _deliver(self, event: Event, count: Callable[[Outcome], None]) -> bool:
        """Hand an event to the sink, and say whether it took it."""
        try:
            result = self._hand_over_to_sink(event)
            taken = result is None or was_taken(result)
        # A sink is the user's, or a device that fails, and must not harm the program that is being recorded.
        except (Exception, CancelledError) as error:
            self.outcomes.no_room += isinstance(error, RecursionError)
            count(Outcome.FAILED)
            self._tell("emit", error, "an event was not recorded")
            return False
        except BaseException:
            count(Outcome.FAILED)
            raise
        count(Outcome.SENT if taken else Outcome.FAILED)
        if not taken:
            self.outcomes.last_error = f"{type(self.sink).__name__} did not take an event"
        return taken

    def redacted(self, event: Event) -> Event:
        """Return an event as a ``Redactor`` leaves it, where there is one; it is not sent. Raises what that raises.

        Args:
            event: The event.
        """
        return self._functions.redacted(event) if self._functions else event

    def failed(self, error: BaseException) -> None:
        """Count and tell that an event was lost before it came here.

        Args:
            error: What making the event raised.
        """
        process.notice_fork()
        self._failed("making", in_words(error), error)

    def never_begun(self, kind: str, name: object, frame: FrameType) -> None:
        """Tell that a span was made, and given up without having begun.

        Args:
            kind: The span's class.
            name: What it is called.
            frame: Where it was given up: at the end of a function, its caller.
        """
        where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        text = "%s %r was made, but never begun, so it is not recorded: write `with recorder.%s(...):`; given up at %s"
        method = kind.removesuffix("Span").lower()
        self._log.log(f"never begun {where} {name}", logging.WARNING, text, kind, name, method, where)

    def came_late(self, method: str, frame: FrameType) -> None:
        """Tell that a span was given a result after its END.

        Args:
            method: The method that took it.
            frame: Where it was called.
        """
        where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        text = "%s() came after the END of its span, so it is not recorded: call it within the `with`; at %s"
        self._log.log(f"late {where}", logging.WARNING, text, method, where)

    def _failed(self, kind: str, why: str, error: BaseException | None = None) -> bool:
        self.outcomes.count(Outcome.FAILED)
        self.outcomes.last_error = f"an event was not recorded: {why}"
        self._log.log(kind, logging.ERROR, "An event was not recorded: %s", why, error=error)
        return False

    def _tell(self, method: str, error: BaseException, effect: str) -> None:
        said = f"{type(self.sink).__name__}.{method} raised {in_words(error)}"
        self.outcomes.last_error = said
        # The errors of this library say what to do; of any other people want to see where it comes from.
        cause = None if isinstance(error, ChaukasError) else error
        self._log.log(f"sink {method}", logging.ERROR, "%s; %s", said, effect, error=cause)

    # Flushing and ending

    def flush(self, timeout: float = 30.0) -> bool:
        """Flush the sink, and wait for that. What the sampler holds stays there.

        Args:
            timeout: How many seconds to wait at most; below 0 counts as 0.

        Returns:
            Whether all went well, by what the sink says. False within an event loop, if the sink works in one:
            ``aflush`` waits for it there.

        Raises:
            SettingError: ``timeout`` is no number.
        """
        process.notice_fork()
        seconds = _timeout(timeout)
        self._hand_over()
        try:
            return self._try("flush", lambda: self._outlet.flush(seconds))
        except NeedsLoopError:
            return self._needs_loop("flush")

    def close(self, timeout: float | None = None) -> bool:
        """Settle what the sampler holds, and end the sink. Doing it again changes nothing.

        Args:
            timeout: How many seconds to take at most, below 0 as for ``flush``; None for the sink's own.

        Returns:
            Whether all went well, by what the sink says. False within an event loop, if the sink works in one:
            ``aclose`` ends it there.

        Raises:
            SettingError: ``timeout`` is no number.
        """
        process.notice_fork()
        seconds = None if timeout is None else _timeout(timeout)
        if self._ends():
            try:
                self._endings.append(self._try("close", lambda: self._outlet.close(seconds)))
            except NeedsLoopError:
                self._open.append(True)  # It still has to be ended.
                return self._needs_loop("close")
        return all(self._endings)

    async def aflush(self, timeout: float = 30.0) -> bool:
        """Do as ``flush`` does, in an event loop, which is not held up."""
        process.notice_fork()
        seconds = _timeout(timeout)
        self._hand_over()
        return await self._try_in_loop("flush", self._outlet.aflush(seconds))

    async def aclose(self, timeout: float | None = None) -> bool:
        """Do as ``close`` does, in an event loop, which is not held up."""
        process.notice_fork()
        seconds = None if timeout is None else _timeout(timeout)
        if self._ends():
            self._endings.append(await self._try_in_loop("close", self._outlet.aclose(seconds)))
        return all(self._endings)

    def _ends(self) -> bool:
        """Say whether this call is the one that ends it; if so, nothing waits for the sampler any more."""
        try:
            self._open.pop()
        except IndexError:
            return False
        if self._selection is not None:
            self._selection.settle()
            self._selection.hand_over()
        return True

    def _hand_over(self) -> None:
        if self._selection is not None:
            self._selection.hand_over()

    def _try(self, method: str, call: Callable[[], bool]) -> bool:
        try:
            return call()
        except NeedsLoopError:
            raise
        except Exception as error:  # as in ``_deliver``
            self._tell(method, error, "some events may be lost")
        return False

    def _needs_loop(self, method: str) -> bool:
        said = f"{type(self.sink).__name__} is asynchronous, and {method}() was called within an event loop"
        self.outcomes.last_error = said
        self._log.log(f"loop {method}", logging.ERROR, "%s; nothing was done: write await recorder.a%s()", said, method)
        return False

    async def _try_in_loop(self, method: str, call: Awaitable[bool]) -> bool:
        try:
            return await call
        except Exception as error:  # as in ``_deliver``; a cancellation is one of this task
            self._tell(method, error, "some events may be lost")
            return False

    # Looking

    def stats(self) -> RecorderStats:
        """Return the sums so far, all as they are at one moment. A forked child begins at zero."""
        process.notice_fork()
        return self.outcomes.stats()


def _timeout(timeout: float) -> float:
    # To a deadline that has passed, the time is below 0. nan stays nan, which is refused.
    value = min(max(timeout, 0), threading.TIMEOUT_MAX) if isinstance(timeout, (int, float)) else timeout
    return _SECONDS(value, "timeout")
