"""From one queue to the server: the task that sends, and what becomes of batches that fail. It knows bytes only."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from chaukas_spec_lite import process
from chaukas_spec_lite.audit.chain import Unsealed
from chaukas_spec_lite.clock import Clock, within
from chaukas_spec_lite.errors import ClientClosedError
from chaukas_spec_lite.export.batching import After, Batching, Send, Server
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.sender import Sender, Verdict, WrongSend, deliver, judge
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.export.waker import Waker
from chaukas_spec_lite.wire.envelopes import event_id_of

_REASONS = {Verdict.INVALID: DropReason.INVALID, Verdict.TOO_LARGE: DropReason.TOO_LARGE}

_REJECTED = "the server failed at it again and again, and took others"

_NEVER = 1 << 62


class Pipeline:
    """Sends what one queue holds, and keeps it on disk if there is a spool.

    An exporter has one for what it is given, and with a spool a ``Recovery``, for what ended processes left.

    Args:
        sender: Takes the batches.
        settings: Those of the exporter.
        reporter: Is told of drops and failures.
        clock: The time.
        server: What the exporter's pipelines know of the server.
    """

    def __init__(
        self, sender: Sender, settings: ExportSettings, reporter: Reporter, clock: Clock, server: Server
    ) -> None:
        self._sender = sender
        self._settings = settings
        self._reporter = reporter
        self._clock = clock
        self._new_batching = partial(Batching, settings, clock.random, server)
        self._batching = self._new_batching()
        self._task: asyncio.Task[None] | None = None
        self._look_again = asyncio.Event()
        self._ended = False
        self._wake_at = _NEVER
        """How many ready events the task sleeps for, or ``max_batch_bytes`` of them; ``_NEVER`` if it is awake."""
        self.waker = Waker()
        self._owner = process.current()
        self.queue = EventQueue(settings, clock.now)

    # Emitting

    def emit(self, event: bytes | Unsealed | Dropped) -> Emitted:
        """Take an encoded event, or one that was refused already; say where it is now."""
        queue = self.queue
        if self._reporter.offering:
            self._reporter.emitting(event)
        # A thread other than the loop's may wait for room; see ``_make_room``.
        outcome = queue.admit(event, not self.waker.is_here())
        if outcome is Emitted.QUEUED and queue.disk is not None and not queue.disk.why_not:
            # Otherwise the disk refuses, which is told with its reason.
            text = "An event is in memory only: emit interrupted the exporter, which takes it to the disk in a moment"
            self._reporter.log("queued", logging.WARNING, text)
        # Admitting this event may have displaced an older one. Told outside of the queue's lock, as the callback is the
        # user's code and may emit.
        if queue.ledger.news:
            self.report()
        # Not at each event: waking a loop costs more than admitting one. The task sleeps for a number of events, see
        # ``_wake_at``.
        if self._is_due():
            self.waker.wake()
        return outcome

    def _is_due(self) -> bool:
        """Whether the task asked to be woken for what is ready now."""
        # Read without the lock, on the hot path of ``emit``. A number that is out of date costs one wake-up more, or
        # one less until the next event or ``flush_interval``.
        ready = self.queue.pending
        if ready >= self._wake_at:
            return True
        return ready > 0 and self._wake_at != _NEVER and self.queue.pending_bytes >= self._settings.max_batch_bytes

    def report(self) -> None:
        """Tell people what happened; without the queue's lock, as handlers of the log may emit, and have locks too."""
        if not self.queue.ledger.news:
            return
        dropped: list[Dropped] = []
        for each in self.queue.take_news():
            if isinstance(each, Dropped):  # the id is read only now, as few events are dropped
                dropped.append(each if each.event_id else replace(each, event_id=event_id_of(each.data)))
            elif each.error is None:
                self._reporter.lost(each.lost, each.what)
            else:
                self._reporter.failure(each.kind, each.what, each.error)
        if dropped:
            self._reporter.drop(dropped)

    # Sending

    def start(self) -> None:
        """Begin to send, on the running loop; does nothing if a task is sending already."""
        if self._task is not None and self.is_running():
            # Two loops that send one queue would send events twice and in any order.
            if self._task.get_loop() is not asyncio.get_running_loop():
                raise ClientClosedError("another event loop, still open, is sending for this exporter")
            return
        self._look_again = asyncio.Event()
        self._ended = False
        work = self._run(self.waker.attach(), process.current())
        # In a context of its own: sending is no part of the step of the program that happened to emit first, and
        # what it logs must not be taken for something that happened there.
        self._task = contextvars.Context().run(asyncio.create_task, work, name="chaukas-export")
        self._task.add_done_callback(self._reporter.task_ended)

    async def _run(self, event: asyncio.Event, owner: int) -> None:
        # A child that was forked within a coroutine goes on with a copy of the loop and of this task, which must not
        # touch anything.
        try:
            while not self._ended and owner == process.current():
                try:
                    await self._turn(event)
                except Exception as error:  # a mistake, ours or in a sender's exception, must not end sending for good
                    if owner != process.current():
                        return
                    self.queue.put_back()
                    self._reporter.failure("turn", "Sending failed, and is tried again", error, expected=False)
                    # It may fail each time, so not at once.
                    await self._clock.wait(asyncio.Event(), self._clock.now() + self._settings.retry.maximum)
        except asyncio.CancelledError:
            if owner == process.current():
                self.queue.put_back()
                if not self._ended:  # the loop ends, and if this one is not used again, others send what is on disk
                    self.queue.rest()
            raise

    async def _turn(self, event: asyncio.Event) -> None:
        """Make one attempt, or wait until it is time for one."""
        # Cleared before the queue is looked at: what comes after the look sets it again, and the wait below returns at
        # once.
        event.clear()
        self.queue.tend()  # first, as it may find out that others have all that waited here
        again_at = self._look_around()
        decision = self._batching.next(self._clock.now(), self.queue.waiting())
        # These have just let in late events, some of which may have been refused.
        self.report()
        self._look_again.set()  # whatever woke this task may have completed a flush: flushes look for themselves
        if isinstance(decision, Send):
            await self._attempt(decision)
            return
        self._wake_at = _NEVER if decision.events is None else decision.events
        # An event that came between the decision and the line above has not set ``event``: so look once more.
        if not self._is_due():
            times = [each for each in (decision.until, again_at) if each is not None]
            await self._clock.wait(event, min(times, default=None))
        self._wake_at = _NEVER

    def _look_around(self) -> float | None:
        """Do what has to be done before a decision; say when it has to be done again, None if not by itself."""
        return None

    async def _attempt(self, attempt: Send) -> None:
        events = self.queue.take(attempt)
        if not events:
            # Between decision and choice, ``drop_oldest`` may have displaced them all. Or the disk cannot be read now.
            # Or the attempt was to be at another event, and those behind the first are damaged.
            self.report()
            if attempt.skip:
                self._batching.found_no_other()
            if self.queue.pending:
                await self._clock.wait(asyncio.Event(), self._clock.now() + self._settings.spool_retry)
            return
        began = self._clock.now()
        try:
            # The batch stays in the queue during the call, so a crash or a cancellation anywhere here loses nothing.
            await within(self._settings.send_timeout, deliver(self._sender, events))
        except asyncio.CancelledError as error:
            # ``send_timeout`` ends in a TimeoutError, so a CancelledError is either ours (``stop_sending``) or the
            # sender's bug. Taking the sender's for ours would end the export without a word.
            if _is_cancelled():
                self._reporter.cut_short(self._clock.now() - began, _name_of(self._sender))
                raise
            self._failed(attempt, len(events), error)  # it came from inside the sender, and is its failure
        except WrongSend as error:  # it may have stored the batch, and sent again would store it each time
            self._reporter.last_error = str(error)
            self.queue.drop(DropReason.REJECTED, str(error))
        except Exception as error:  # whatever the sender is made of, its failures must not end the exporter
            if self._owner != process.current():  # before Python 3.11, the copy of an attempt in a forked child fails
                raise
            self._failed(attempt, len(events), error)
        else:
            self.queue.acknowledged()
            self._reporter.was_sent()
            if self._batching.succeeded(self._clock.now(), attempt) is After.DROP_FIRST:
                self.queue.take(Send(0, 1, 0))
                if self.queue.ledger.first_changes == self._batching.first_changes:
                    self.queue.drop(DropReason.REJECTED, _REJECTED)
                else:  # the suspect is damaged on disk, and this is another one
                    self.queue.put_back()
        self.report()
        await asyncio.sleep(0)  # a sender that never waits must not keep the loop for itself

    def _failed(self, attempt: Send, events: int, error: BaseException) -> None:
        verdict = judge(error)
        pushback = getattr(error, "pushback", None)
        if not isinstance(pushback, (int, float)):  # the exception is the sender's, and may mean anything by it
            pushback = None
        after = self._batching.failed(self._clock.now(), attempt, events, verdict, pushback)
        if after is After.DROP:
            self._reporter.last_error = f"{type(error).__name__}: {error}"
            reason = _REASONS.get(verdict)
            detail = f"{_REJECTED}: {error}" if reason is None else str(error)
            self.queue.drop(reason or DropReason.REJECTED, detail)
            return
        self.queue.put_back()
        self.queue.ledger.retried += 1
        if verdict in _REASONS:
            what = "A batch was refused; it is sent in parts, to find the event at fault"
            self._reporter.failure(f"send {verdict.value}", what, error)
        else:
            self._reporter.not_sent(verdict.value, events, error)

    # Flushing, closing

    async def flush(self, deadline: float) -> bool:
        """Send at once what waits; say whether all of it has been acknowledged, none dropped."""
        return await self._flush(deadline, lambda: True)

    async def _flush(self, deadline: float, is_all: Callable[[], bool]) -> bool:
        mark, told = self.queue.mark(), False
        try:
            self._batching.hurry()
            self.waker.wake()
            while mark.left or not is_all():
                self._look_again.clear()
                # A task that ended sets ``_look_again`` no more, so waiting for it would last until the deadline for
                # nothing.
                if self._task is None or self._task.done() or self._clock.now() >= deadline:
                    # Only a flush that returns has told its caller. After a cancellation the next flush tells of the
                    # drops that this one saw.
                    told = True
                    return False
                await self._clock.wait(self._look_again, deadline)
            told = True
            return not mark.dropped
        finally:
            self.queue.unmark(mark, told)

    def give_up(self, detail: str) -> None:
        """Leave what is on disk to the next process; drop what is in memory and the disk does not take."""
        self._ended = True  # a task that there was no time to wait for would claim the log again
        self.queue.give_up(detail)
        self.report()

    def after_fork(self) -> None:
        """Keep a child from going on with an attempt of the parent, if it was forked within a coroutine."""
        if self._task is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed, or runs in another thread
                self._task.cancel()

    def is_running(self) -> bool:
        """Whether the task that sends is there, on a loop that may run."""
        return self._task is not None and not (self._task.done() or self._task.get_loop().is_closed())

    @property
    def was_started(self) -> bool:
        """Whether ``start`` was ever called in this process."""
        return self._task is not None

    async def stop_sending(self, deadline: float) -> None:
        """End the task that sends; ``start`` begins a new one."""
        self._ended = True  # before Python 3.12, wait_for may lose a cancellation
        if self._task is not None:
            self._task.cancel()
            ended = asyncio.Event()
            self._task.add_done_callback(lambda _: ended.set())
            await self._clock.wait(ended, deadline)
        self._look_again.set()


def _name_of(sender: Sender) -> str:
    """Name a sender by what it sends to, if it is a client. Its `repr` may hold a password."""
    endpoint: object = getattr(getattr(sender, "settings", None), "endpoint", None)
    return type(sender).__name__ if endpoint is None else str(endpoint)


def _is_cancelled() -> bool:
    """Whether it is the current task that somebody cancelled, and not something that it waits for."""
    task = asyncio.current_task()
    # Before Python 3.11 nobody can tell.
    return sys.version_info < (3, 11) or task is None or task.cancelling() > 0
