"""Events to the end of a file, which any number of processes may share: for a laptop, a test, a job in a container."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import betterproto2

# Now, and not when a message's method is first called: a signal handler that emits may interrupt that import.
import chaukas_spec_lite.protojson.dump_messages  # noqa: F401  # pyright: ignore[reportUnusedImport]  # for its effect
from chaukas_spec_lite import process
from chaukas_spec_lite.audit.chain import Sealer
from chaukas_spec_lite.errors import CodecError, SettingError
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.encoder import Encoder
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.gzipped import member
from chaukas_spec_lite.sinks import tails
from chaukas_spec_lite.sinks.address import Form, file_address
from chaukas_spec_lite.sinks.appending import AppendingFile
from chaukas_spec_lite.sinks.counting import CountedSink, Counting
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wire.envelopes import event_id_of
from chaukas_spec_lite.wire.format import size as varint

if TYPE_CHECKING:
    from chaukas_spec_lite.encoded_events import AnyEvent

logger = logging.getLogger("chaukas_spec_lite.sinks")


class FileSink(CountedSink):
    """Writes each event to the end of a file, where it is when ``emit`` returns.

    ::

        with FileSink("events.jsonl") as sink:
            sink.emit(Event(type=EventType.AGENT_START, ...))
        for recorded in chaukas_spec_lite.files.read_events("events.jsonl"): ...

    Threads and processes may write to the same file, each with a sink of its own or, after a fork, with the parent's:
    each event is one ``write``, within a lock. What a killed process leaves of its last event is moved to
    ``NAME.torn`` by the next write, and told. Where the file is renamed or deleted, as ``logrotate`` does, a new one is
    made. A disk that is full costs events, which are counted and told, and never raises.

    Args:
        path: The file, which is made if it does not exist. Its folder has to. ``~`` is the home directory.
        form: ``jsonl`` for a line of ProtoJSON for each event, with the schema's names; ``delim`` for encoded events,
            each behind its length. If None, the name says so by its end.
        gzip: Whether each event is compressed, as a gzip member of its own. If None, a name that ends in ``.gz`` says
            yes.
        default: Makes something else of a value that cannot be encoded and that nothing is known about.
        audit: Whether each event is given its hash, and that of the one before it; see ``ExportSettings``.
        name: What errors call the path.

    Raises:
        SettingError: The file cannot be written to, or the name does not say how.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        form: Form | None = None,
        gzip: bool | None = None,
        default: Callable[[Any], Any] | None = None,
        audit: bool = False,
        name: str = "path",
    ) -> None:
        self.path = _absolute(os.fspath(path), name)
        """The file, absolute: a program that changes its directory later keeps its file."""
        self.form, self.gzip = _forms(self.path, form, gzip, name)
        self._encoder = Encoder(ExportSettings(audit=audit), None, default)
        self._sealer = Sealer()
        self._counting = Counting()
        self._closed = False
        find = tails.of_members if self.gzip else tails.of_frames if self.form == "delim" else tails.of_lines
        try:
            self._file = AppendingFile(self.path, find, self._torn)
        except OSError as error:
            raise SettingError(name, _why_not(self.path, error)) from error
        except tails.NotRecords as error:
            raise SettingError(name, f"{self.path} holds something else than events: {error}") from error

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def emit(self, event: AnyEvent) -> Emitted:
        """Write an event, and fill in its ``event_id`` and ``timestamp`` if they are missing.

        Args:
            event: The event, also one of the official package, or encoded. A value that cannot be encoded is converted,
                which the log tells.

        Returns:
            SPOOLED if it is in the file; QUEUED if it will be in a moment, as with ``audit`` a signal handler emitted
            it amid another ``emit``; DROPPED if not, of which ``stats`` and the log tell.

        Raises:
            TypeError: It is no event; nothing else raises.
        """
        process.notice_fork()
        encoded, conversions = self._encoder.encode(event)
        counting = self._counting
        if isinstance(encoded, Dropped):
            return counting.drop(encoded)
        if conversions:
            counting.converted(conversions)
        if self._closed:
            data = encoded if isinstance(encoded, bytes) else encoded.data
            return counting.drop(self._dropped(DropReason.CLOSED, f"the sink of {self.path} is closed", data))
        outcomes: list[Emitted] = []
        self._sealer.write(encoded, lambda data: self._append(data, outcomes))
        # Where this call interrupts another one, such as in a signal handler, that one writes it.
        return outcomes[0] if outcomes else Emitted.QUEUED

    def _append(self, encoded: bytes, outcomes: list[Emitted]) -> bool:
        """Write an event, and note what became of it; say whether it is in the file."""
        counting = self._counting
        try:
            self._file.append(self._record(encoded))
        except CodecError as error:  # bytes that have no JSON, such as a time that no calendar has
            outcomes.append(counting.drop(self._dropped(DropReason.INVALID, str(error), encoded, error.path)))
            return False
        except (OSError, tails.NotRecords) as error:
            outcomes.append(counting.failed("file", f"Events are not written to {self.path}", error))
            return False
        counting.written()
        outcomes.append(Emitted.SPOOLED)
        return True

    def _dropped(self, reason: DropReason, why: str, encoded: bytes, path: str = "") -> Dropped:
        return Dropped(reason, why, event_id_of(encoded), encoded, path=path)

    def _record(self, encoded: bytes) -> bytes:
        if self.form == "delim":
            record = varint(len(encoded)).encode("latin-1") + encoded
        else:
            # Of the bytes, not of the event: so a line holds what a server would get, whatever values were given.
            text = Event.parse(encoded).to_json(casing=betterproto2.Casing.SNAKE)
            record = text.encode() + b"\n"
        return member(record) if self.gzip else record

    def _torn(self, size: int, aside: str) -> None:
        text = "%s ended in %d bytes of a torn event: its writer was ended while it wrote. They were moved to %s"
        logger.warning(text, self.path, size, aside)

    def close(self, timeout: float | None = None) -> bool:
        """Close the file; what is emitted from now on is dropped, and told.

        Args:
            timeout: Counts for nothing here.

        Returns:
            Whether every event that was ever emitted is in the file.
        """
        self._sealer.finish()
        self._closed = True
        self._file.close()
        return super().close(timeout)


def _absolute(path: str, name: str) -> str:
    try:
        return os.path.abspath(os.path.expanduser(path))
    except OSError as error:  # the working directory is no more
        raise SettingError(name, f"{path!r} is relative to a directory that is no more") from error


def _forms(path: str, form: Form | None, gzip: bool | None, name: str) -> tuple[Form, bool]:
    if form not in (None, "jsonl", "delim"):
        raise SettingError("form", f"has to be jsonl or delim, not {form!r}")
    if form is not None:
        return form, path.endswith(".gz") if gzip is None else gzip

    address = file_address(path, name)
    return address.form, address.gzip if gzip is None else gzip


def _why_not(path: str, error: OSError) -> str:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        return f"{path} cannot be made: there is no folder {folder}; make it first"
    if os.path.isdir(path):
        return f"{path} is a folder; name a file in it"
    return f"{path} cannot be written to: {error.strerror or error}"
