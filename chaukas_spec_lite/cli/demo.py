"""The command ``demo``: replays a recording through a collector, and shows the sessions that came back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as ProgressBar
from rich.text import Text

from chaukas_spec_lite.cli.comparison import Comparison, EventKey, changes, key_of
from chaukas_spec_lite.cli.demo_page import keep_open
from chaukas_spec_lite.cli.options import epilog
from chaukas_spec_lite.cli.replay import Progress, Replay, replay
from chaukas_spec_lite.cli.terminal import console, count, rate
from chaukas_spec_lite.cli.tree_view import ERROR, View
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.files import MAX_EVENT, EventFileError, Recorded, read_entries
from chaukas_spec_lite.printable import one_line
from chaukas_spec_lite.retry import NEVER
from chaukas_spec_lite.rpc.transport.limits import Framing
from chaukas_spec_lite.trace.tree import Counts, build

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event


TIMEOUT = 30.0
"""Seconds that a call may take."""


class RunningCollector(Protocol):
    """What the demo needs to know of a collector that runs."""

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 that it listens on."""
        ...


StartCollector = Callable[[], AbstractAsyncContextManager[RunningCollector]]


@click.command(
    epilog=epilog("chaukas-lite demo", "chaukas-lite demo --open", "chaukas-lite demo run.jsonl"),
)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--open", "opens", is_flag=True, help="Keep the recording open in a browser, until Ctrl-C.")
def demo(file: Path | None, opens: bool) -> None:
    """Replay a recorded agent session, and show it.

    Starts a collector in this process, on a free port of 127.0.0.1 and with nothing on disk; sends it the events of
    FILE over gRPC in batches, queries them back page by page, compares, and draws the sessions as trees of spans.

    FILE holds events as length-delimited protobuf, or as the JSON lines that the official SDK writes to a file.
    Without FILE, a recording that comes with the package is used: two conversations of a support bot of four agents,
    with hand-offs, tools, a policy that denies, a retry, and a conversation that fails.

    Where the end of the file is torn, what is before it is shown. Exits with 1 if the file cannot be read to its end,
    or if what came back is not what was sent.
    """
    if file is not None:
        _shown(file, opens)
    else:
        # The package may be in a zip file, so the recording need not be a file on disk.
        with resources.as_file(resources.files("chaukas_spec_lite.cli") / "data" / "session.delim") as recording:
            _shown(recording, opens)


def _shown(path: Path, opens: bool) -> None:
    show(path)
    if not opens:
        return
    try:
        with closing(_good(path, [])) as events:
            keep_open(events, _client)
    except (ChaukasError, OSError) as error:
        raise click.ClickException(one_line(str(error))) from error


def show(path: Path, start: StartCollector = Collector) -> None:
    """Replay a file through a collector, and print what came back.

    Args:
        path: The file.
        start: Starts the collector, as an asynchronous context manager.

    Raises:
        ClickException: The file cannot be read, the collector fails, or what came back is not what was sent.
    """
    out = console()
    broken: list[EventFileError] = []
    try:
        # The bar has to be gone before the trees are printed, or it would be redrawn among them.
        # And the file closed, wherever the replay ends: the error holds on to what reads it.
        with _progress(out, path.stat().st_size) as progress, closing(_good(path, broken)) as events:
            done = asyncio.run(_replay(events, start, progress))
    except (ChaukasError, OSError) as error:
        raise click.ClickException(one_line(str(error))) from error
    if broken and not done.comparison.sent:
        raise click.ClickException(one_line(str(broken[0]))) from broken[0]
    view = View(out.width, out.encoding)
    # An empty file is no failure, but an empty tree would look like one.
    if not done.comparison.sent:
        out.print(Text(f"{one_line(path.name, out.encoding)} holds no events: there is nothing to replay"))
        return
    sessions = build(done.moments)
    for line in view.sessions(sessions):
        out.print(line)
    if len(sessions) > 1:
        totals = Counts.together(each.totals for each in sessions)
        out.print(Text.assemble((f"{len(sessions):,} sessions: ", "bold"), view.totals(totals)))
    out.print(_closing_line(done, view))
    if done.comparison.problems:
        _print_differences(path, done.comparison)
        raise click.ClickException("what came back is not what was sent")
    if broken:
        raise click.ClickException(one_line(str(broken[0]))) from broken[0]


def _good(path: Path, broken: list[EventFileError]) -> Generator[Recorded, None, None]:
    """Read a file; where its end is torn, say so and nothing worse, as that must not hide what is good."""
    with path.open("rb") as file:
        for entry in read_entries(file, str(path)):
            if isinstance(entry, Recorded):
                yield entry
            elif entry.torn:
                broken.append(entry.error)
            else:
                raise entry.error


async def _replay(events: Iterator[Recorded], start: StartCollector, progress: Progress) -> Replay:
    # The collector is the outer one: when it stops, the client has hung up already.
    async with start() as collector, _client(collector.port) as client:
        return await replay(client, events, progress)


def _client(port: int) -> ChaukasClient:
    """Make a client for the collector on a port of this machine.

    The collector runs in this process: a call that failed would fail again, so each is made once. Messages may be as
    large as the events in a file may be. The environment says what real servers want, such as their key, which this
    collector must not get.
    """
    return ChaukasClient(
        f"127.0.0.1:{port}",
        timeout=TIMEOUT,
        attempt_timeout=TIMEOUT,
        retry=NEVER,
        framing=Framing(max_send=2 * MAX_EVENT, max_receive=2 * MAX_EVENT),
        environ={},
    )


@contextmanager
def _progress(out: Console, size: int) -> Generator[Progress, None, None]:
    """Show a bar while a replay runs, if there is a terminal to show it on; it is removed at the end."""
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    with ProgressBar(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        sending = bar.add_task("sending", total=size)
        reading = bar.add_task("reading back", total=None, visible=False)

        def sent(position: int) -> None:
            bar.update(sending, completed=position)

        def returned(events: int, expected: int) -> None:
            bar.update(reading, completed=events, total=expected, visible=True)

        yield Progress(sent, returned)


def _closing_line(done: Replay, view: View) -> Text:
    comparison, glyphs = done.comparison, view.glyphs
    sending, reading = done.sending, done.reading
    sent = f"sent {count(sending.events, 'event')} in {count(sending.batches, 'batch')}"
    sent += rate(sending.events, sending.seconds)
    returned = f"read back {count(reading.events, 'event')}{rate(reading.events, reading.seconds)}"
    if comparison.problems:
        found = ", ".join(f"{number:,} {problem}" for problem, number in comparison.problems.items())
        return Text.assemble((f"{glyphs.cross} ", f"bold {ERROR}"), f"{sent}, {returned}: ", (found, ERROR))
    duplicates = count(comparison.duplicates, "duplicate") + " of an event id" if comparison.duplicates else ""
    return Text.assemble(
        (f"{glyphs.tick} ", "bold green"),
        f"{sent}, {returned}: ",
        ("all identical", "green"),
        f", with {duplicates}" if duplicates else "",
    )


def _print_differences(path: Path, comparison: Comparison) -> None:
    """Say which events are not as they were sent, and in which fields; the file is read again for these."""
    err = console(errors=True)
    altered = {each.key for each in comparison.differences if each.returned is not None}
    originals: dict[EventKey, Event] = {}
    # Read again, and only if needed: keeping every event for this would take as much memory as the file.
    for recorded in _good(path, []) if altered else ():
        if (key := key_of(recorded.event)) in altered:
            originals.setdefault(key, recorded.event)
    for each in comparison.differences:
        err.print(Text(one_line(f"event {each.key[2]} {each.problem}", err.encoding), ERROR))
        if each.returned is not None and each.key in originals:
            for change in changes(originals[each.key], each.returned):
                err.print(Text(f"  {one_line(change, err.encoding)}"))
    if (more := comparison.problems.total() - len(comparison.differences)) > 0:
        err.print(Text(f"and {more:,} more"))
