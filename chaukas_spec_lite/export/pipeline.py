"""From one queue to the server: the task that sends, and what becomes of batches that fail."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from chaukas_spec_lite.clock import Clock, within
from chaukas_spec_lite.errors import ClientClosedError, DecodeError
from chaukas_spec_lite.export.batching import After, Batching, Send
from chaukas_spec_lite.export.entry import Entry
from chaukas_spec_lite.export.ledger import Totals
from chaukas_spec_lite.export.peers import Peers
from chaukas_spec_lite.export.queue import EventQueue
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.sender import Sender, Verdict, judge
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.spool_writer import Keeper
from chaukas_spec_lite.export.stats import Dropped, DropReason, Emitted
from chaukas_spec_lite.export.waker import Waker
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.spool.file import Spool

_REASONS = {Verdict.INVALID: DropReason.INVALID, Verdict.TOO_LARGE: DropReason.TOO_LARGE}

_REJECTED = "the server failed at it again and again, and took others"

_NEVER = 1 << 62

ERASE_EVENTS, ERASE_INTERVAL = 1000, 0.5
"""While more wait, events that were sent leave the spool when there are so many, or after so many seconds. A process
that is killed meanwhile leaves them to be sent again.
"""


class Pipeline:
    """Sends what one queue holds, and keeps it on disk if there is a spool.

    An exporter has one for what it is given, and others for the files that ended processes left: those are ``claimed``
    already. ``search`` is called from the spool's thread now and then, ``turned`` on the loop after each attempt.
    """

    def __init__(
        self,
        sender: Sender,
        settings: ExportSettings,
        reporter: Reporter,
        clock: Clock,
        peers: Peers,
        claimed: Spool | None = None,
        search: Callable[[], None] | None = None,
        turned: Callable[[], None] | None = None,
    ) -> None:
        self._sender = sender
        self._settings = settings
        self._reporter = reporter
        self._clock = clock
        self._peers = peers
        self._turned = turned
        self._erased_at = float("-inf")
        self._batching = Batching(settings, random.random)
        self._task: asyncio.Task[None] | None = None
        self._progress = asyncio.Event()
        self._ended = False
        self._wake_at = _NEVER
        """The task sleeps, and is to be woken when so many events are ready, or ``max_batch_bytes``."""
        self._held: list[threading.Lock] = []
        """What ``before_fork`` took."""
        self.retried = 0
        self.waker = Waker()
        self.queue = EventQueue(settings, clock.now)
        self.keeper: Keeper | None = None
        if settings.spool is not None:
            self.keeper = Keeper(self.queue, settings, reporter, clock.now, self.waker.wake, claimed, search)

    # Emitting

    def emit(self, event: bytes | Dropped) -> Emitted:
        """Take an encoded event, or one that has no chance, and say where it is."""
        queue = self.queue
        if self._reporter.offering:
            self._reporter.emitting(event)
        outcome = queue.admit(event, not self.waker.is_here())
        if outcome is None:  # its turn comes later, and nothing here may wait for the lock
            self.waker.wake()
            outcome = Emitted.QUEUED if isinstance(event, bytes) else Emitted.DROPPED
            self._log_queued(outcome)
            return outcome
        if isinstance(outcome, Entry):
            assert self.keeper is not None
            outcome = self.keeper.write(outcome)
            self._log_queued(outcome)
        if queue.ledger.unreported:
            self.report()
        if self._is_due():
            self.waker.wake()
        return outcome

    def _log_queued(self, outcome: Emitted) -> None:
        if outcome is Emitted.QUEUED and self.keeper is not None:
            text = "An event is in memory only: the spool fails, or did not commit within spool_wait"
            self._reporter.log("queued", logging.WARNING, text)

    def _is_due(self) -> bool:
        """Whether the task asked to be woken for what is ready now."""
        ready = len(self.queue.ready)
        if ready >= self._wake_at:
            return True
        return ready > 0 and self._wake_at != _NEVER and self.queue.memory_bytes >= self._settings.max_batch_bytes

    def report(self) -> None:
        """Tell of what was dropped, and keep it as dead letters."""
        dropped = [_identified(each) for each in self.queue.take_unreported()]
        self._reporter.drop(dropped)
        if self.keeper is not None and dropped:
            self.keeper.bury(dropped)

    # Sending

    def start(self) -> None:
        """Begin to send, on the running loop; does nothing if that has happened."""
        if is_over(self._task):
            self._progress = asyncio.Event()
            self._ended = False
            self._peers.leave(self._batching)
            self._peers.join(self._batching)
            self._task = asyncio.create_task(self._run(self.waker.attach()), name="chaukas-export")
            self._task.add_done_callback(self._reporter.task_ended)
            if self.keeper is not None:
                self.keeper.ask()

    async def _run(self, event: asyncio.Event) -> None:
        while not self._ended:
            event.clear()
            decision = self._batching.next(self._clock.now(), self.queue.waiting())
            if self.queue.ledger.unreported:
                self.report()
            if self.keeper is not None:
                self.keeper.look_at_unwritten()
            self._progress.set()  # whatever it was that woke this task, flushes look whether they are done
            if self._turned is not None:
                self._turned()
            if isinstance(decision, Send):
                await self._attempt(decision)
                continue
            self._wake_at = _NEVER if decision.events is None else decision.events
            if not self._is_due():  # or else one came in between
                await self._clock.wait(event, decision.until)
            self._wake_at = _NEVER

    async def _attempt(self, attempt: Send) -> None:
        entries = self.queue.take(attempt)
        if not entries:
            return
        try:
            await within(self._settings.send_timeout, self._sender.send([entry.data for entry in entries]))
        except asyncio.CancelledError as error:
            if _is_cancelled():
                self.queue.put_back()
                raise
            self._failed(attempt, entries, error)
        except Exception as error:  # whatever the sender is made of, its failures must not end the exporter
            self._failed(attempt, entries, error)
        else:
            self.queue.acknowledged(entries)
            self._peers.succeeded(self._batching, self._clock.now())
            if self._batching.succeeded(attempt) is After.DROP_FIRST:
                self.queue.drop(self.queue.take(Send(0, 1, 0)), DropReason.REJECTED, _REJECTED)
            self._erase()
        if self.queue.ledger.unreported:
            self.report()
        await asyncio.sleep(0)  # a sender that never waits must not keep the loop for itself

    def _erase(self) -> None:
        """Let the spool remove what was sent: at once when nothing waits or more is to be read, else now and then."""
        queue, now = self.queue, self._clock.now()
        many = len(queue.erased) >= ERASE_EVENTS or now - self._erased_at >= ERASE_INTERVAL
        if self.keeper is not None and (many or not queue.ledger.pending or queue.wants_refill()):
            self._erased_at = now
            self.keeper.ask()

    def _failed(self, attempt: Send, entries: Sequence[Entry], error: BaseException) -> None:
        verdict = judge(error)
        pushback = getattr(error, "pushback", None)
        self._erased_at = float("-inf")
        after = self._batching.failed(self._clock.now(), attempt, len(entries), verdict, pushback)
        self._peers.failed(self._batching, verdict)
        if after is After.DROP:
            self._reporter.last_error = f"{type(error).__name__}: {error}"
            reason = _REASONS.get(verdict)
            detail = f"{_REJECTED}: {error}" if reason is None else str(error)
            self.queue.drop(entries, reason or DropReason.REJECTED, detail)
            return
        self.queue.put_back()
        self.retried += 1
        what = f"Sending {len(entries)} events failed; they are kept and sent again"
        self._reporter.failure(f"send {verdict.value}", what, error)

    def totals(self) -> Totals:
        """Return the numbers of ``Stats`` for this queue, as they are at one moment."""
        totals = self.queue.totals()
        totals.numbers["retried"] = self.retried
        return totals

    # Flushing, closing

    async def flush(self, deadline: float) -> bool:
        """Send at once what waits; say whether all of it has been acknowledged, none dropped."""
        mark, told = self.queue.mark(), False
        try:
            self._batching.hurry()
            self.waker.wake()
            while not self.queue.reached(mark):
                self._progress.clear()
                if self._task is None or self._task.done() or self._clock.now() >= deadline:
                    told = True
                    return False
                await self._clock.wait(self._progress, deadline)
            told = True
            return not mark.dropped
        finally:
            self.queue.unmark(mark, told)

    @property
    def is_empty(self) -> bool:
        """Whether all that was in the spool has been sent or dropped."""
        return self.keeper is None or (self.keeper.opened and not self.queue.ledger.pending)

    @property
    def is_stuck(self) -> bool:
        """Whether the server keeps failing at what waits here, although it can be reached."""
        return self._batching.stuck

    async def end(self, deadline: float) -> None:
        """Stop sending, and give the spool up with what it still holds."""
        await self.stop_sending(deadline)
        if self.keeper is not None:
            waker = Waker()
            stopped = waker.attach()
            self.keeper.stop(close=True, then=waker.wake)
            await self._clock.wait(stopped, deadline)
        self.report()

    def is_running(self) -> bool:
        """Whether the task that sends is there, on a loop that may run."""
        return self._task is not None and not (self._task.done() or self._task.get_loop().is_closed())

    async def stop_sending(self, deadline: float) -> None:
        """End the task that sends; ``start`` begins a new one."""
        self._ended = True  # before Python 3.12, wait_for may lose a cancellation
        await cancelled(self._task, self._clock, deadline)
        self._peers.leave(self._batching)
        self._progress.set()

    # Forks

    def before_fork(self) -> None:
        """Wait until neither the disk nor the queue is in use, but not forever."""
        locks = [self.queue.lock] if self.keeper is None else [self.keeper.disk, self.queue.lock]
        for lock in locks:
            if lock.acquire(timeout=1.0):
                self._held.append(lock)  # at once: a signal handler may raise amid the next wait

    def after_fork_in_parent(self) -> None:
        """Go on."""
        while self._held:
            self._held.pop().release()


def is_over(task: asyncio.Task[None] | None) -> bool:
    """Whether a task has ended, or its loop has; it must not belong to another loop that may go on."""
    if task is None or task.done() or task.get_loop().is_closed():
        return True
    if task.get_loop() is not asyncio.get_running_loop():
        raise ClientClosedError("another event loop, still open, is sending for this exporter")
    return False


async def cancelled(task: asyncio.Task[None] | None, clock: Clock, deadline: float) -> None:
    """Cancel a task if there is one, and wait until it has ended."""
    if task is not None:
        task.cancel()
        ended = asyncio.Event()
        task.add_done_callback(lambda _: ended.set())
        await clock.wait(ended, deadline)


def _is_cancelled() -> bool:
    """Whether it is the current task that somebody cancelled, and not something that it waits for."""
    task = asyncio.current_task()
    # Before Python 3.11 nobody can tell.
    return sys.version_info < (3, 11) or task is None or task.cancelling() > 0


def _identified(dropped: Dropped) -> Dropped:
    if dropped.event_id or not dropped.data:
        return dropped
    try:
        return replace(dropped, event_id=Event.parse(dropped.data).event_id)
    except DecodeError:  # a file of the spool may hold what another program put there
        return dropped
