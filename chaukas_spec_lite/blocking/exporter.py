"""The exporter for code without ``async``: events are sent by an event loop in a background thread."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite import process
from chaukas_spec_lite.blocking.loop import Loop, OnLoop
from chaukas_spec_lite.errors import ClientClosedError
from chaukas_spec_lite.export.exporter import EventExporter
from chaukas_spec_lite.export.sender import check_sender
from chaukas_spec_lite.export.settings import seconds

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from chaukas_spec_lite.blocking.client import BlockingChaukasClient
    from chaukas_spec_lite.encoded_events import AnyEvent
    from chaukas_spec_lite.export.dropped import DeadLetter, Dropped
    from chaukas_spec_lite.export.sender import Sender
    from chaukas_spec_lite.export.settings import ExportOptions, ExportSettings
    from chaukas_spec_lite.export.stats import Emitted, Stats


class BlockingExporter:
    """Delivers events at least once, in the order of ``emit``, from a background thread: for code without ``async``.

    ::

        with BlockingExporter(client, spool="/var/spool/chaukas") as exporter:
            exporter.emit(Event(type=EventType.AGENT_START, ...))

    An ``EventExporter``, in the attribute ``exporter``, does the work, with the same guarantees. Sending begins when it
    is made, and in a forked child with the child's first event. If it was not closed, the end of the interpreter waits
    up to ``close_timeout`` seconds for the events that are not sent yet.

    Args:
        sender: A ``BlockingChaukasClient``, whose thread then serves both, a ``ChaukasClient`` that nobody else uses,
            or anything with such an async ``send``.
        settings: The settings that ``changes`` are applied to; if None, those of the sender, else defaults.
        on_drop: Is called with each event that will not be sent, in any thread.
        on_error: Is called with each failure after which the exporter goes on by itself, in any thread.
        default: Makes something else of a value that cannot be encoded and that nothing is known about.
        changes: Single settings by name, which win over ``settings``; ``help(ExportSettings)`` lists them.

    Raises:
        SettingError: A setting cannot be used.
        TypeError: The sender cannot send, a setting has the wrong type (both ``SettingTypeError``), or there is no
            setting of that name.
    """

    def __init__(
        self,
        sender: BlockingChaukasClient | OnLoop[Any] | Sender,
        settings: ExportSettings | None = None,
        *,
        on_drop: Callable[[Dropped], object] | None = None,
        on_error: Callable[[BaseException], object] | None = None,
        default: Callable[[Any], Any] | None = None,
        **changes: Unpack[ExportOptions],
    ) -> None:
        shared, inner = parts_of(sender)
        self.exporter = EventExporter(inner, settings, on_drop=on_drop, on_error=on_error, default=default, **changes)
        """The asynchronous exporter that does the work."""
        self._owns_loop = shared is None
        self.loop = shared or Loop()
        # The exporter may outlive this object, and a client that nobody refers to would be closed by the garbage
        # collector.
        self.exporter.companions = (sender, self.loop)
        self._process = process.current()
        self.loop.run(self.exporter.start())

    def _begin_in_child(self) -> None:
        """Start sending in a forked child, which does not have the parent's thread, without waiting for it."""
        process.notice_fork()  # First: it sets aside what is the parent's, and another thread has to wait for that.
        if self._process != process.current():
            self._process = process.current()
            # If the loop is closed, nothing is sent any more, but events are still spooled.
            with contextlib.suppress(ClientClosedError):
                self.exporter.starting = self.loop.begin(self.exporter.start())

    def emit(self, event: AnyEvent) -> Emitted:
        """Take an event, fill in its ``event_id`` and ``timestamp`` if they are missing, and say where it is.

        It never waits for the background thread or the network. With a spool it appends to a file, which takes some
        microseconds. See ``EventExporter.emit``.

        Args:
            event: The event, also one of the official package, or encoded. What it leaves empty is filled in.

        Returns:
            SPOOLED: it survives the end of the process. QUEUED: it is in memory. DROPPED: it will not be sent.

        Raises:
            TypeError: It is no event. Nothing else raises.
        """
        if self._process != process.current():
            self._begin_in_child()
        return self.exporter.emit(event)

    def flush(self, timeout: float = 30.0) -> bool:
        """Send waiting events at once, and wait until the server has acknowledged them.

        Args:
            timeout: How long to wait at most, in seconds. A time below 0, such as that to a deadline which has passed,
                counts as 0. Events that are not sent by then stay in the queue.

        Returns:
            Whether all events that were emitted before are acknowledged and none was dropped. A dropped event makes
            only one ``flush`` return False.

        Raises:
            ClientClosedError: The exporter, or the client whose thread it shares, is closed.
            SettingError: ``timeout`` is no number.
        """
        self._begin_in_child()
        return self.loop.run(self.exporter.flush(timeout))

    def close(self, timeout: float | None = None) -> bool:
        """Flush, and stop. The client that was given as ``sender`` stays open.

        Args:
            timeout: How long to wait at most, in seconds, below 0 as for ``flush``; ``close_timeout`` if None. Events
                that are not sent by then stay in the spool for the next exporter. Without a spool they are dropped as
                ``closed``.

        Returns:
            Whether all events that ``emit`` ever took have been acknowledged, none dropped.

        Raises:
            SettingError: ``timeout`` is no number.
        """
        process.notice_fork()
        if timeout is not None:
            timeout = seconds(timeout)  # Here already, because after a mistake the exporter has to go on.
        try:
            return self.loop.run(self.exporter.aclose(timeout))
        except ClientClosedError:
            # The client was closed first, and the shared loop with it. Closing still has to save the queue and release
            # the spool, which needs some loop.
            self.loop, self._owns_loop = Loop(), True
            self.exporter.companions = self.loop
            return self.loop.run(self.exporter.aclose(timeout))
        finally:
            if self._owns_loop:
                self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()

    def stats(self) -> Stats:
        """Return the sums so far: how many events were emitted, sent and dropped, and how many wait."""
        process.notice_fork()
        return self.exporter.stats()

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """Read the latest dead letters from the spool, oldest first; without a spool there are none.

        Args:
            limit: How many to read at most.

        Raises:
            ChaukasError: The spool cannot be read.
        """
        return self.loop.run(self.exporter.dead_letters(limit))

    def resend_dead_letters(self) -> int:
        """Emit the events of all dead letters once more, say after a server that refused them has been mended.

        See ``EventExporter.resend_dead_letters``.

        Returns:
            How many events were emitted.

        Raises:
            ChaukasError: The spool cannot be read, or takes no events, or a call before this one, maybe in another
                process, is not done with them. What is not emitted then stays a dead letter.
        """
        return self.loop.run(self.exporter.resend_dead_letters())


def parts_of(sender: OnLoop[Any] | Sender) -> tuple[Loop | None, Sender]:
    """Tell the loop that a sender is driven on, if it has one, and what sends on it.

    Raises:
        SettingTypeError: It cannot send.
    """
    # A BlockingChaukasClient is recognised by its base class, so that exporting to something else does not import the
    # client and gRPC.
    shared = sender.loop if isinstance(sender, OnLoop) else None
    inner = sender.client if isinstance(sender, OnLoop) else sender
    check_sender(inner, "BlockingChaukasClient")
    return shared, inner
