"""Where commands write: data on standard output or into a file, all else on standard error."""

from __future__ import annotations

import asyncio
import gzip
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from io import TextIOWrapper
from types import FrameType
from typing import IO, Any, BinaryIO, TypeVar, cast

import click
from rich.console import Console
from rich.text import Text

from chaukas_spec_lite.cli.terminal import PLAIN_WIDTH, console, count
from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.files import NoEvent
from chaukas_spec_lite.printable import one_line

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do what a command does; what fails becomes one sentence.

    Raises:
        ClickException: It failed.
    """
    try:
        with _interruptible(), _waits_told():
            return asyncio.run(work)
    except BrokenPipeError:  # whoever reads the output has seen enough
        raise
    except (ChaukasError, OSError) as error:
        raise click.ClickException(sentence(error)) from error


@contextmanager
def _interruptible() -> Generator[None, None, None]:
    """Have Ctrl-C end what goes on at once.

    Python's own event loop would only cancel its task, which notices nothing while it reads a file or a pipe.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _opened(output: str) -> IO[bytes]:
    """Open a file for writing; raises ``ClickException`` where that cannot be."""
    try:
        return open(output, "wb")
    except OSError as error:
        raise click.ClickException(sentence(error)) from error


def sentence(error: BaseException) -> str:
    """Say on one line what is wrong."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        return one_line(f"{where}{error.strerror}")
    return one_line(str(error))


@contextmanager
def writing(output: str | None) -> Generator[IO[bytes], None, None]:
    """Open what data is written to; a file whose name ends with .gz is compressed.

    Raises:
        ClickException: The file cannot be made, or standard output is closed.
    """
    if output in (None, "-"):
        if cast("object", sys.stdout) is None:
            raise click.ClickException("standard output is closed, and there is nowhere else to print to")
        stream = sys.stdout.buffer
        yield stream
        stream.flush()
    elif str(output).endswith(".gz"):
        with _opened(str(output)) as plain, gzip.GzipFile("", "wb", fileobj=plain, mtime=0) as file:
            yield cast("IO[bytes]", file)
    else:
        with _opened(str(output)) as file:
            yield file


@contextmanager
def pictures(output: str | None) -> Generator[Console, None, None]:
    """Open a console that pictures are printed on; into a file, as plain text, compressed if its name ends with .gz."""
    if output in (None, "-"):
        yield console()
        return
    with writing(output) as raw:
        file = TextIOWrapper(cast("BinaryIO", raw), "utf-8")
        try:
            yield Console(
                file=file,
                width=PLAIN_WIDTH,
                force_terminal=False,
                markup=False,
                emoji=False,
                highlight=False,
                soft_wrap=True,
            )
        finally:
            file.detach()  # which writes what it holds; the file itself is closed outside


def refuse_own_input(output: str | None, files: tuple[str, ...]) -> None:
    """Refuse to write to a file that is read.

    Raises:
        UsageError: It is one.
    """
    if output is None or output == "-" or not os.path.exists(output):
        return
    for name in files:
        if name != "-" and os.path.exists(name) and os.path.samefile(output, name):
            raise click.UsageError(f"--output {output} is one of the files that are read")


def refuse_binary_on_terminal(output: str | None) -> None:
    """Refuse to write encoded events on a terminal, which would obey what is in them.

    Raises:
        UsageError: Standard output is a terminal.
    """
    if output in (None, "-") and sys.stdout.isatty():
        raise click.UsageError("delim is no text: name a file with --output, or write into a pipe")


def say(text: str, style: str = "") -> None:
    """Tell people something on standard error, without cutting a word; above the bar that shows how far it is."""
    err = console(errors=True)
    with err.capture() as printed:
        err.print(Text(one_line(text, err.encoding), style), soft_wrap=not err.is_terminal)
    if sys.stderr is not None:
        # Not by the console itself: it would go round what a bar puts in the stream's place, to write above it.
        sys.stderr.write(printed.get())
        sys.stderr.flush()


@contextmanager
def quiet_logs() -> Generator[None, None, None]:
    """Keep out of a terminal what the exporter and the client log of events that were not taken: a command tells that.

    What else they log, such as a key that goes in plain text, is still shown.
    """
    loggers = [logging.getLogger(f"chaukas_spec_lite.{name}") for name in ("export", "client")]
    for each in loggers:
        each.addFilter(_is_told_otherwise)
    try:
        yield
    finally:
        for each in loggers:
            each.removeFilter(_is_told_otherwise)


def _is_told_otherwise(record: logging.LogRecord) -> bool:
    return record.name.endswith("client") and "it rejected the others" not in str(record.msg)


@contextmanager
def _waits_told() -> Generator[None, None, None]:
    """Say once that a call is repeated, and why: half a minute of repetitions without a word looks like a hang."""
    client = logging.getLogger("chaukas_spec_lite.rpc")
    told = False

    def tell(record: logging.LogRecord) -> bool:
        nonlocal told
        why = record.args[-1] if isinstance(record.args, tuple) and record.args else None
        if record.levelno == logging.INFO and isinstance(why, ChaukasError) and not told:
            told = True
            say(f"No answer yet, it is tried again: {sentence(why)}")
        return True

    level = client.level
    client.addFilter(tell)
    client.setLevel(min(client.getEffectiveLevel(), logging.INFO))
    try:
        yield
    finally:
        client.removeFilter(tell)
        client.setLevel(level)


class Unreadable:
    """Tells what is no event, up to a number, and counts it.

    Args:
        tell: What tells.
    """

    MOST = 10

    def __init__(self, tell: Callable[[str], None] = say) -> None:
        self._tell = tell
        self.count = 0
        """Places that hold no event; a torn end is none."""
        self.torn = False
        """Whether the end of a file is torn."""

    def __call__(self, unread: NoEvent) -> None:
        """Tell one more."""
        self.count += not unread.torn
        self.torn |= unread.torn
        if unread.torn or self.count <= self.MOST:
            self._tell(f"{'Note' if unread.torn else 'Not read'}: {unread.error}")

    def close(self) -> None:
        """Tell how many more there were.

        Raises:
            ClickException: There was one.
        """
        if self.count:
            raise click.ClickException(f"{count(self.count, 'place')} in the files could not be read as events")
