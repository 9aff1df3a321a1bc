"""The exporter: takes events from anywhere in a program, and sees to it that they reach the server."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite import process
from chaukas_spec_lite.defaults import complete, defaults_of
from chaukas_spec_lite.errors import ClientClosedError, EncodeError, SettingTypeError
from chaukas_spec_lite.export.clock import Clock, MonotonicClock
from chaukas_spec_lite.export.peers import Peers
from chaukas_spec_lite.export.pipeline import Pipeline
from chaukas_spec_lite.export.recovery import Heirs
from chaukas_spec_lite.export.reporter import Reporter
from chaukas_spec_lite.export.sender import Sender, check_sender
from chaukas_spec_lite.export.settings import ExportOptions, ExportSettings
from chaukas_spec_lite.export.spool_writer import Keeper
from chaukas_spec_lite.export.stats import DeadLetter, Dropped, DropReason, Emitted, Stats
from chaukas_spec_lite.spec.common.v1.events import Event

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

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

    ``emit`` may be called from any thread, task or callback, before ``start`` too. It never raises or waits because of
    the network or the disk, but for a commit to the spool, bounded by ``spool_wait``; the first commit that the
    operating system itself holds up takes as long as that, unless ``inline_commits=False``. With a spool, events
    survive the process once ``emit`` has returned SPOOLED; the next exporter with the same directory sends what was
    left. Without one, they are in memory only.

    Args:
        sender: A ``ChaukasClient``, or anything with such an async ``send``. Its ``settings``, if it has any, complete
            events that name no tenant, project, branch or tags.
        settings: Where to start from; if None, the sender's settings, so the environment, and defaults.
        on_drop: Is called with each event that will not be sent, from whichever thread finds out. It may emit: what
            that displaces is offered to it afterwards, but what it emitted itself and is dropped at once is only
            counted, logged and kept, or this might never end.
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
        clock: Clock | None = None,
        **changes: Unpack[ExportOptions],
    ) -> None:
        check_sender(sender, "ChaukasClient")
        if on_drop is not None and not callable(on_drop):
            raise SettingTypeError("on_drop", f"has to be a function of a Dropped, not {on_drop!r}")
        self._sender = sender
        self._defaults = defaults_of(sender)
        self._settings = ExportSettings.load(settings, self._defaults, **changes)
        self._on_drop = on_drop
        self._clock = clock or MonotonicClock()
        self._endings: list[bool] = []
        """What ``aclose`` found out; more than once if it was called again meanwhile."""
        self._resting: list[Pipeline] = []
        self._rests = False
        self.companions: object = None
        """What has to live for as long as this does: what drives it, say."""
        self._begin()
        process.join(self)

    def _begin(self) -> None:
        self._reporter = Reporter(self._settings.log_interval, self._clock.now, self._on_drop)
        parts = self._sender, self._settings, self._reporter, self._clock, Peers()
        self._heirs = None if self._settings.spool is None else Heirs(*parts)
        self._pipeline = Pipeline(*parts, search=self._heirs.search if self._heirs else None)

    # Emitting

    def emit(self, event: Event) -> Emitted:
        """Take an event, fill in its ``event_id`` (UUIDv7) and ``timestamp`` if they are missing, and say where it is.

        After SPOOLED it survives the end of the process, SIGKILL included; what a power cut can cost is the setting
        ``synchronous``. An event that cannot be encoded is DROPPED as ``invalid``, and the log names the path of the
        value at fault. Only an argument that is no ``Event`` raises: TypeError.
        """
        if not isinstance(event, Event):
            raise TypeError(f"emit expects an Event, got {type(event).__name__}")
        complete(event, self._defaults)
        encoded: bytes | Dropped
        try:
            encoded = bytes(event)
        except EncodeError as error:
            event_id = event.event_id if isinstance(event.event_id, str) else ""
            encoded = Dropped(DropReason.INVALID, str(error), event_id, b"")
        else:
            if len(encoded) > self._settings.max_event_bytes:
                text = "it is larger than max_event_bytes"
                encoded = Dropped(DropReason.TOO_LARGE, text, event.event_id, encoded)
        outcome = self._pipeline.emit(encoded)
        if not process.is_kept(self):
            self._keep()
        return outcome

    def _keep(self) -> None:
        if not self._endings:
            process.keep(self)

    # Sending

    async def start(self) -> None:
        """Begin to send, on the running loop; does nothing if that has happened. ``async with`` does it, too.

        Raises ``ClientClosedError`` once it was closed, and where another event loop, still open, is sending.
        """
        if self._pipeline.queue.closed:
            raise ClientClosedError("this exporter is closed")
        self._start()

    def _start(self) -> None:
        self._pipeline.start()
        if self._heirs is not None and self._pipeline.keeper is not None:
            self._heirs.start(self._pipeline.keeper.search_soon)
        self._keep()

    async def flush(self, timeout: float = 30.0) -> bool:
        """Send at once what waits; say whether all that was emitted before has been acknowledged, none dropped.

        An event that ``emit`` took and that was dropped since the last flush makes this one say False, once. Waiting
        includes what was taken over from ended processes so far. Returns after ``timeout`` seconds at the latest,
        with False if something still waits. It stays in the queue.
        """
        await self.start()
        return await self._flush(self._clock.now() + timeout)

    async def _flush(self, deadline: float) -> bool:
        flushes = [self._pipeline.flush(deadline)]
        if self._heirs is not None:
            flushes.append(self._heirs.flush(deadline))
        return all(await asyncio.gather(*flushes))

    async def aclose(self, timeout: float | None = None) -> bool:
        """Flush, and end; say whether all events that ``emit`` ever took have been acknowledged, none dropped.

        A drop makes this False even if a flush has told of it; not one of which ``emit`` said DROPPED itself. Events
        taken over from ended processes count like those emitted here.
        Returns after ``timeout`` seconds (``close_timeout`` if None) at the latest. What could not be sent by then
        stays in the spool for the next exporter, or, without a spool, is dropped as ``closed``.
        """
        timeout = self._settings.close_timeout if timeout is None else timeout
        deadline = self._clock.now() + timeout
        if not self._endings:
            self._pipeline.queue.close()
            self._start()
            await self._flush(deadline - timeout * _CLOSING_SHARE)
            ends = [self._pipeline.end(deadline)]
            if self._heirs is not None:
                ends.append(self._heirs.end(deadline))
            await asyncio.gather(*ends)
            self._give_up_memory("the exporter was closed before it could be sent")
            self._endings.append(self._delivered_all())
            process.let_go(self)
        return all(self._endings)

    def _delivered_all(self) -> bool:
        broken = self._pipeline.queue.ledger.broken or (self._heirs is not None and self._heirs.broken)
        return not broken and self.stats().pending == 0

    def _give_up_memory(self, detail: str) -> None:
        self._pipeline.queue.give_up_memory(detail)
        self._pipeline.report()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    # Looking

    def stats(self) -> Stats:
        """Return the sums so far."""
        totals, reporter = self._pipeline.totals(), self._reporter
        if self._heirs is not None:
            totals.add(self._heirs.totals())
        return Stats(**totals.numbers, dropped=dict(totals.dropped), last_error=reporter.last_error)

    async def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """Read the latest dead letters from the spool, oldest first; without a spool there are none.

        Those in files that other processes are using are left out. Raises ``ChaukasError`` if the spool cannot be read.
        """
        keepers = [pipeline.keeper for pipeline in self._pipelines() if pipeline.keeper is not None]
        return await asyncio.to_thread(_letters, keepers, limit) if keepers else []

    # Forks, and the end of the interpreter (see process.Member)

    def _pipelines(self) -> list[Pipeline]:
        return [self._pipeline, *(self._heirs.open if self._heirs is not None else ())]

    def before_fork(self) -> None:
        """Wait until neither the disk nor the queue is in use, but for the disk not forever."""
        self._rests = self._heirs is not None and self._heirs.searching.acquire(timeout=1.0)
        self._resting = self._pipelines()
        for pipeline in self._resting:
            pipeline.before_fork()

    def after_fork(self, in_child: bool) -> None:
        """Go on in the parent; in the child, start anew: what waits is the parent's to send."""
        if in_child:
            # The parent's tasks, which would complain of being destroyed, and what they use.
            process.leave_to_parent(self._resting, self._pipeline, self._heirs)
            closed = self._pipeline.queue.closed
            self._begin()
            if closed:
                self._pipeline.queue.close()
        else:
            for pipeline in self._resting:
                pipeline.after_fork_in_parent()
            if self._heirs is not None and self._rests:
                self._heirs.searching.release()
        self._resting, self._rests = [], False

    def has_work(self) -> bool:
        """Whether something waits to be sent, or it is ready to send what comes."""
        return any(each.is_running() or each.queue.ledger.pending > 0 for each in self._pipelines())

    def at_exit(self) -> None:
        """Send what can be sent within ``close_timeout``, spool what cannot, and say what is lost.

        Sending takes an event loop that still runs: one in a thread, such as that of ``BlockingExporter``.
        """
        queue, keeper = self._pipeline.queue, self._pipeline.keeper
        if self._endings:
            return
        timeout = self._settings.close_timeout
        if (loop := self._pipeline.waker.runs_elsewhere()) and self._pipeline.is_running():
            self._wait_for(self._flush(self._clock.now() + timeout), loop)
            self._wait_for(self._stop_sending(), loop)
        if keeper is None:
            queue.close()
        keepers = [pipeline.keeper for pipeline in self._pipelines() if pipeline.keeper is not None]
        for each in keepers:
            each.stop(close=False)
        for each in keepers:
            each.stopped.wait(timeout)
        self._give_up_memory("the interpreter ended before it could be sent")

    async def _stop_sending(self) -> None:
        """End the tasks: their loop ends with the interpreter, and would complain of them."""
        deadline = self._clock.now() + self._settings.close_timeout
        ends = [self._pipeline.stop_sending(deadline)]
        if self._heirs is not None:
            ends.append(self._heirs.end(deadline))
        await asyncio.gather(*ends)

    def _wait_for(self, work: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop) -> None:
        waiting = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            waiting.result(self._settings.close_timeout)
        except (TimeoutError, concurrent.futures.TimeoutError):
            waiting.cancel()
        except Exception as error:  # whatever it is, what waits has still to be spooled
            self._reporter.failure("exit", "Sending failed at the end of the interpreter", error)


def _letters(keepers: Sequence[Keeper], limit: int) -> list[DeadLetter]:
    """Read the dead letters of our files, then those of files that nobody has: one that is given up is found twice."""
    letters = [letter for keeper in keepers for letter in keeper.dead_letters(limit)]
    letters += keepers[0].letters_of_others(limit)
    return sorted(dict.fromkeys(letters), key=lambda letter: letter.dropped_at)[-limit:]
