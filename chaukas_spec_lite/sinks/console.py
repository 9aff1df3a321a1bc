"""Events on standard error, a line for each as it happens: for looking on while a program is written."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TextIO

from chaukas_spec_lite import process
from chaukas_spec_lite.export.dropped import Dropped
from chaukas_spec_lite.export.encoder import Encoder
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.sinks.counting import CountedSink, Counting
from chaukas_spec_lite.sinks.lines import Lines, Piece
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.kinds import moment

if TYPE_CHECKING:
    from chaukas_spec_lite.encoded_events import AnyEvent

_CODES = {
    "session": "1",
    "agent": "1;36",
    "model": "35",
    "tool": "33",
    "mcp": "33",
    "input": "32",
    "output": "32",
    "hand-off": "1;34",
    "error": "1;31",
    "retry": "91",
    "dim": "90",
    "failed": "31",
}
"""The codes of each style (ECMA-48, section 8.3.117)."""


class ConsoleSink(CountedSink):
    r"""Writes a line for each event to standard error, or another stream.

    ::

        12:03:04.120 9f3c21ab model    end   gpt-4o · 1.24 s · 450 tok

    Colours are used on a terminal, unless ``NO_COLOR`` is set or ``TERM`` is ``dumb``. Control characters in what
    events hold become visible (``\x1b``), and characters that the stream's encoding lacks become ``?``. Whatever the
    stream does, ``emit`` does not raise for it.

    Args:
        tree: Whether what happens in a span is indented below it.
        stream: Where to write; if None, ``sys.stderr`` as it is at each event.
        color: Whether to use colours; None decides by stream and environment.
        environ: Where ``NO_COLOR`` and ``TERM`` are looked up; ``os.environ`` if None.
        tells: Whether values that cannot be encoded are counted and told; not beside another sink, which does so, too.
    """

    def __init__(
        self,
        *,
        tree: bool = False,
        stream: TextIO | None = None,
        color: bool | None = None,
        environ: Mapping[str, str] | None = None,
        tells: bool = True,
    ) -> None:
        self.tree = tree
        self._tells = tells
        self._stream = stream
        self._color = color
        self._environ = os.environ if environ is None else environ
        self._encoder = Encoder(ExportSettings(), None, None)
        self._counting = Counting()
        self._lines: dict[str, Lines] = {}
        """By encoding, which is that of the stream."""
        self._begin()
        process.after_fork_in_child(self._begin)

    def _begin(self) -> None:
        # Reentrant, as a signal handler may emit. Another thread may hold it when a process forks.
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'tree=True' if self.tree else ''})"

    def emit(self, event: AnyEvent) -> Emitted:
        """Write the line of an event, and fill in its ``event_id`` and ``timestamp`` if they are missing.

        Args:
            event: The event, also one of the official package, or encoded. A value that cannot be encoded is converted,
                which the log tells.

        Returns:
            QUEUED: a console keeps nothing. DROPPED if it could not be written, of which ``stats`` and the log tell.

        Raises:
            TypeError: It is no event; nothing else raises.
        """
        process.notice_fork()
        encoded, conversions = self._encoder.encode(event)
        if isinstance(encoded, Dropped):
            return self._counting.drop(encoded)
        if conversions and self._tells:
            self._counting.converted(conversions)
        stream = self._stream if self._stream is not None else sys.stderr
        if stream is None:  # a program without a console has none
            return self._counting.failed("console", "Events are not shown", OSError("standard error is closed"))
        try:
            self._write(stream, Event.parse(encoded if isinstance(encoded, bytes) else encoded.data))
        except Exception as error:  # a stream may be anybody's object, and raise anything
            return self._counting.failed("console", "Events are not shown", error)
        self._counting.written()
        return Emitted.QUEUED

    def _write(self, stream: TextIO, event: Event) -> None:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        colored = self._is_colored(stream) if self._color is None else self._color
        with self._lock:
            if encoding not in self._lines:
                self._lines[encoding] = Lines(self.tree, encoding)
            lines = self._lines[encoding].of(moment(event), _width(stream))
            text = "".join(f"{_colored(line) if colored else _plain(line)}\n" for line in lines)
            stream.write(text)
            stream.flush()

    def _is_colored(self, stream: TextIO) -> bool:
        environ = self._environ
        # Of Windows' consoles only the newer ones obey codes without being asked to.
        knows = sys.platform != "win32" or "WT_SESSION" in environ or "TERM" in environ
        return knows and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb" and _is_terminal(stream)


def _plain(line: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in line).rstrip()


def _colored(line: Iterable[Piece]) -> str:
    return "".join(_in_color(piece) for piece in line).rstrip()


def _in_color(piece: Piece) -> str:
    code = _CODES.get(piece.style)
    return piece.text if code is None or not piece.text.strip() else f"\x1b[{code}m{piece.text}\x1b[0m"


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError, OSError):  # objects that stand in for a stream, and closed ones
        return False


def _width(stream: TextIO) -> int | None:
    """The cells of a terminal's line; None for what is no terminal."""
    if not _is_terminal(stream):
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (AttributeError, ValueError, OSError):
        return None
