"""The exporter: takes events from anywhere in a program, and sees to it that they reach the server."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite import process
from chaukas_spec_lite.clock import Clock, within
from chaukas_spec_lite.defaults import defaults_of
from chaukas_spec_lite.errors import ClientClosedError, SettingTypeError
from chaukas_spec_lite.export.batching import Server
from chaukas_spec_lite.export.dead_letters import DeadLetters
from chaukas_spec_lite.export.dropped import DeadLetter, Dropped
from chaukas_spec_lite.export.encoder import Encoder, is_event
from chaukas_spec_lite.export.pipeline import Pipeline
from chaukas_spec_lite.export.recovery import Recovery
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.sender import Sender, check_sender
from chaukas_spec_lite.export.settings import ExportOptions, ExportSettings, refuse_misspelt, seconds
from chaukas_spec_lite.export.stats import Emitted, Stats

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from chaukas_spec_lite.encoded_events import AnyEvent

_CLOSING_SHARE = 0.1
"""The part of ``aclose``'s time that is kept for closing the spool."""


class EventExporter:
    """Delivers events at least once, in the order of ``emit``, each time with the same ``event_id``.

    Others overtake an event only if it might block them for ever: after the server has failed at it, alone in its
    batch, ten times with a final error that does not say at what (INTERNAL, UNKNOWN and the like). It is tried again
    after each of them, until it goes through, or is dropped as ``rejected`` because three in a row went through where
    it failed. UNAVAILABLE and other errors that may pass never change the order.

    ::

        async with EventExporter(client, spool="/var/spool/chaukas") as exporter:
            exporter.emit(Event(type=EventType.AGENT_START, ...))

    ``emit`` may be called from any thread, task, callback or signal handler, before ``start`` too. It never raises or
    waits because of the network. With a spool it appends the event to a file, which takes some microseconds; as long as
    the operating system holds up that write, it waits. Events survive the process once ``emit`` has returned SPOOLED;
    the next exporter with the same directory sends what was left. Without a spool they are in memory only.

    Args:
        sender: A ``ChaukasClient``, or anything with such an async ``send``. Its ``settings``, if it has any, complete
            events that name no tenant, project, branch or tags.
        settings: Where to start from; if None, the sender's settings, so the environment, and defaults.
        on_drop: Is called with each event that will not be sent, from the thread that finds out. It may emit events. If
            these displace others, it is called with those afterwards. If they are dropped themselves at once, that is
            only counted, logged and kept: calling it again could go on without end.
        on_error: Is called with each failure of the sender or the spool, after which the exporter goes on by itself:
            from the thread in which it failed, and each time, where the log has one line a minute.
        default: Makes something else of a value that cannot be encoded and that nothing is known about, as that of
            ``json.dumps``; without it, ``repr(value)`` is recorded.
        clock: Tells the time and waits; for tests.
        changes: Single settings by name, which win over ``settings``; ``help(ExportSettings)`` lists them.

    Raises:
        SettingError: A setting cannot be used.
        TypeError: The sender cannot send, a setting has the wrong type (both ``SettingTypeError``), or there is no
            setting of that name.
    """

    def __init__(
        self,
        sender: Sender,
        settings: ExportSettings | None = None,
        *,
        on_drop: Callable[[Dropped], object] | None = None,
        on_error: Callable[[BaseException], object] | None = None,
        default: Callable[[Any], Any] | None = None,
        clock: Clock | None = None,
        **changes: Unpack[ExportOptions],
    ) -> None:
        refuse_misspelt(changes, EventExporter)
        check_sender(sender, "ChaukasClient")
        for name, callback, given in (
            ("on_drop", on_drop, "a Dropped"),
            ("on_error", on_error, "an exception"),
            ("default", default, "a value"),
        ):
            if callback is not None and not callable(callback):
                raise SettingTypeError(name, f"has to be a function of {given}, not {type(callback).__name__}")
        self._sender = sender
        self._defaults = defaults_of(sender)
        self._settings = ExportSettings.load(settings, self._defaults, **changes)
        self._callbacks = on_drop, on_error
        self._encoder = Encoder(self._settings, self._defaults, default)
        self._clock = clock or Clock()
        self._close_results: list[bool] = []
        """The results of ``aclose``: more than one if it was called again before the first call ended."""
        self.starting: concurrent.futures.Future[object] | None = None
        """The call of ``start`` that another thread is making or has made, which ``at_exit`` waits for."""
        self.companions: object = None
        """Any object that has to live for as long as this does, such as the loop that drives it."""
        self._begin()
        process.join(self)

    def _begin(self) -> None:
        settings = self._settings
        self._letters = None
        if settings.spool is not None:
            self._letters = DeadLetters(Path(settings.spool), settings.dead_letter_max_bytes, time.time)
        self._reporter = Reporter(settings.log_interval, self._clock.now, *self._callbacks, self._letters)
        parts = self._sender, settings, self._reporter, self._clock, Server()
        self._pipeline = Pipeline(*parts)
        self._recovery = None if settings.spool is None else Recovery(*parts, self._encoder.interruption)
        self._pipelines = [each for each in (self._pipeline, self._recovery) if each is not None]

    def _here(self) -> Pipeline:
        """Return the pipeline; in a forked child, that of the child."""
        process.notice_fork()
        return self._pipeline

    # Emitting

    def emit(self, event: AnyEvent) -> Emitted:
        """Take an event to be sent, and say where it is.

        Its ``event_id`` (a UUIDv7) and ``timestamp`` (now) are filled in if they are missing.

        Args:
            event: The event. It is encoded before this returns, so changing it afterwards changes nothing. One of the
                official package, or encoded, is sent as it is, with what is missing behind it.

        Returns:
            ``SPOOLED`` if it is on disk: it survives the end of the process, SIGKILL included (what a power cut can
            cost is the setting ``synchronous``). ``QUEUED`` if it is in memory only. ``DROPPED`` if it will not be
            sent. A value that cannot be encoded is converted, which the log tells; with ``strict=True``, its event is
            dropped as ``invalid`` instead, as bytes always are that are no event.

        Raises:
            TypeError: The argument is no event; nothing else raises.
        """
        pipeline = self._here()  # before the reporter is used: in a forked child it is the parent's until then
        encoded, conversions = self._encoder.encode(event)
        if conversions:
            self._reporter.converted(conversions)
        outcome = pipeline.emit(encoded)
        if not process.is_kept(self):
            self._keep()
        return outcome

    def _keep(self) -> None:
        if not self._close_results:
            process.keep(self)

    # Sending

    async def start(self) -> None:
        """Begin to send, on the running event loop; does nothing if it is sending already. ``async with`` does it, too.

        Raises:
            ClientClosedError: The exporter was closed, or another event loop, still open, is sending for it.
        """
        if self._here().queue.closed:
            raise ClientClosedError("this exporter is closed")
        self._start()

    def _start(self) -> None:
        for each in self._pipelines:
            each.start()
        self._keep()

    async def flush(self, timeout: float = 30.0) -> bool:
        """Send at once what waits, and wait until the server has acknowledged it.

        With a spool, that includes what ended processes have left in its directory.

        Args:
            timeout: How many seconds to wait at most. A time below 0, such as that to a deadline which has passed,
                counts as 0. What still waits then stays in the queue.

        Returns:
            Whether all of that has been acknowledged, and none of it dropped. An event that ``emit``
            took and that was dropped since the last flush makes this one False, once.

        Raises:
            ClientClosedError: As ``start`` does.
            SettingError: ``timeout`` is no number.
        """
        timeout = seconds(timeout)
        self._here()
        if not _is_in_a_loop():
            return False
        await self.start()
        return await self._flush(self._clock.now() + timeout)

    async def _flush(self, deadline: float) -> bool:
        return all(await asyncio.gather(*(each.flush(deadline) for each in self._pipelines)))

    async def aclose(self, timeout: float | None = None) -> bool:
        """Flush, and end. Leaving ``async with`` does it, too; doing it again changes nothing.

        What could not be sent in time stays in the spool for the next exporter. Without a spool it is dropped as
        ``closed``.

        Args:
            timeout: How many seconds to take at most, below 0 as for ``flush``; None for the setting ``close_timeout``.

        Returns:
            Whether all events that ``emit`` ever took have been acknowledged, and none dropped. A drop makes this False
            even if a flush has told of it, but not if ``emit`` itself said DROPPED. Events taken over from ended
            processes count like those emitted here.

        Raises:
            SettingError: ``timeout`` is no number.
        """
        timeout = self._settings.close_timeout if timeout is None else seconds(timeout)
        self._here()
        if not _is_in_a_loop():
            return False
        if not self._close_results:
            # First of all, so that what the flush waits for does not grow while it waits.
            self._pipeline.queue.close()
            await self._send_and_stop(timeout)
            self._give_up(self._unsent("the exporter was closed"))
            broken = any(each.queue.ledger.broken for each in self._pipelines)
            self._close_results.append(not broken and self.stats().pending == 0)
            process.let_go(self)
        return all(self._close_results)

    async def _send_and_stop(self, timeout: float) -> None:
        deadline = self._clock.now() + timeout
        self._start()
        # Not all of the time: closing the spool after a flush that timed out needs some, too.
        await self._flush(deadline - timeout * _CLOSING_SHARE)
        await asyncio.gather(*(each.stop_sending(deadline) for each in self._pipelines))

    def _unsent(self, why: str) -> str:
        kept = "" if self._settings.spool else "; a spool would have kept it: spool=..., or CHAUKAS_SPOOL"
        return f"{why} before it could be sent{kept}"

    def _give_up(self, detail: str) -> None:
        for each in self._pipelines:
            each.give_up(detail)
        stats, where = self.stats(), f"the spool {self._settings.spool}"
        if self._recovery is not None and (held := self._recovery.backlog(stats.pending, stats.pending_bytes)):
            where += f", where {held} bytes wait in all"
        if not self._pipeline.was_started:
            where += " (this exporter was never started: use `async with`, start(), or BlockingExporter)"
        # An event that was sent again as a dead letter counts by what became of it then.
        again = Counter[str]() if self._letters is None else self._letters.resent
        self._reporter.ended(stats.pending, where, Counter(stats.dropped) - again)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    # Looking

    def stats(self) -> Stats:
        """Return the sums so far, all as they are at one moment."""
        self._here()
        numbers, dropped, reporter = Counter[str](), Counter[str](), self._reporter
        for each in self._pipelines:
            totals = each.queue.totals()
            numbers.update(totals.numbers)
            dropped.update(totals.dropped)
        converted, last_error = reporter.events_converted, reporter.last_error
        return Stats(**numbers, dropped=dict(dropped), converted=converted, last_error=last_error)

    async def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """Read dead letters, the events that could not be sent, from the spool; without a spool there are none.

        Those of other processes that share the directory are among them.

        Args:
            limit: How many to return at most: the latest.

        Returns:
            The dead letters, oldest first.

        Raises:
            ChaukasError: The spool cannot be read.
        """
        self._here()
        return [] if self._letters is None else await asyncio.to_thread(self._letters.read, limit)

    async def resend_dead_letters(self) -> int:
        """Emit the events of all dead letters once more, say after a server that refused them has been mended.

        They keep their ids. One that is dropped again becomes a dead letter again. Those of events that could not be
        encoded stay with ``strict=True``; an exporter without it sends them, converted. Bytes that are no event always
        stay. Without a spool there are none.

        Returns:
            How many events were emitted.

        Raises:
            ChaukasError: The spool cannot be read, or takes no events, or a call before this one, maybe in another
                process, is not done with them. What is not emitted then stays a dead letter: also what is dropped
                because there is no room for it.
        """
        pipeline = self._here()
        if self._letters is None:
            return 0

        def emit(event: bytes) -> Emitted:
            return pipeline.emit(self._encoder.encoded(event))

        return await asyncio.to_thread(self._letters.resend, emit, not self._settings.strict, is_event)

    # Forks, and the end of the interpreter (see process.Member)

    def after_fork(self) -> None:
        """Called by the package, not by you. Starts anew in a forked child: what waits is the parent's to send."""
        self.starting = None
        # Kept alive: the copies of the parent's tasks would log that they were destroyed while pending.
        process.leave_to_parent(self._pipeline, self._recovery)
        for each in self._pipelines:
            each.after_fork()
        # Everything is made anew: locks, tasks and queue are copies in the state of the moment of the fork.
        closed = self._pipeline.queue.closed
        self._begin()
        if closed:
            self._pipeline.queue.close()

    def has_work(self) -> bool:
        """Called by the package, not by you. Whether something waits to be sent, or it is ready to send what comes."""
        return any(each.is_running() or each.queue.has_work for each in self._pipelines)

    def make_way(self, other: object) -> None:
        """Called by the package, not by you. If its loop has ended, another exporter sends what is in the spool."""
        if self._pipeline.was_started and not any(each.is_running() for each in self._pipelines):
            shared = isinstance(other, EventExporter) and other._settings.spool == self._settings.spool
            for each in self._pipelines:
                each.queue.make_way(for_good=shared)

    def at_exit(self) -> None:
        """Called by the package, not by you. Sends what it can within ``close_timeout``, and spools what it cannot.

        It says what is lost. Where the loop that it was started on has ended, or it never was started, it sends on a
        loop of its own.
        """
        if self._close_results:
            return
        timeout, was_started = self._settings.close_timeout, self._pipeline.was_started
        try:
            if self.starting is not None:  # in a child that ends right after its first event, it may not have begun
                concurrent.futures.wait([self.starting], timeout)
            if (loop := self._pipeline.waker.runs_elsewhere()) and self._pipeline.is_running():
                waiting = asyncio.run_coroutine_threadsafe(self._send_and_stop(timeout), loop)
                try:
                    waiting.result(timeout)
                finally:
                    waiting.cancel()
            elif self._pipeline.queue.pending and not _is_in_a_loop():
                asyncio.run(within(timeout, self._send_and_stop(timeout)))
        except (TimeoutError, asyncio.TimeoutError, concurrent.futures.TimeoutError):
            pass  # what is left is told
        except Exception as error:  # whatever it is, what waits has still to be spooled
            self._reporter.failure("exit", "Sending failed at the end of the interpreter", error)
        finally:  # Ctrl-C ends the waiting, not the saving
            # With a spool the queue stays open: code that runs later at exit may still emit, and be saved.
            if self._settings.spool is None:
                self._pipeline.queue.close()
            self._give_up(
                self._unsent("the interpreter ended")
                if was_started
                else "this exporter was never started in this process: use `async with`, start(), or BlockingExporter"
            )


def _is_in_a_loop() -> bool:
    """Whether something can be awaited. In a child that was forked within a coroutine that is not so."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
