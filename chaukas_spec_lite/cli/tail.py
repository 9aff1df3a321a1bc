"""The command ``tail``: prints events as they arrive."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from chaukas_spec_lite.cli.event_table import EventTable
from chaukas_spec_lite.cli.following import Following
from chaukas_spec_lite.cli.formats import EventWriter
from chaukas_spec_lite.cli.http_source import HttpSource
from chaukas_spec_lite.cli.options import epilog, filter_options, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import Unreadable, pictures, refuse_own_input, run, say, writing
from chaukas_spec_lite.cli.sources import Source, source_of
from chaukas_spec_lite.cli.store_source import StoreSource
from chaukas_spec_lite.cli.written_events import LeftOut
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.spec.common.v1.query import TimeRange

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts

PAUSE_KEYS = (b" ", b"p")


@click.command(
    short_help="Print events as they arrive.",
    epilog=epilog(
        "chaukas-lite tail",
        "chaukas-lite tail --endpoint http://127.0.0.1:4319",
        "chaukas-lite tail --session s-1 --type TOOL_CALL_END",
        "chaukas-lite tail --last 0 --format jsonl > new.jsonl",
        "chaukas-lite tail --store sqlite:events.db",
    ),
)
@place_options
@filter_options
@click.option(
    "--last", type=click.IntRange(0, 10_000), default=10, show_default=True, help="Begin with so many that are there."
)
@click.option(
    "--interval", type=click.FloatRange(0.05, 3600), default=1.0, show_default=True, help="Seconds between two looks."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl", "openapi"]),
    default="table",
    show_default=True,
    help="The output.",
)
@limit_option
@output_option
def tail(
    place: Whereabouts,
    wanted: Wanted,
    last: int,
    interval: float,
    form: str,
    limit: int | None,
    output: str | None,
) -> None:
    """Print the latest events, and then each that arrives, until Ctrl-C or --limit events.

    On a terminal, the space bar pauses, and goes on with what has come meanwhile. Of a collector by HTTP, and of a
    store, each event that arrives is shown. Of a collector by gRPC, which can only be asked for times, and of a file,
    one that arrives more than 30 seconds after it happened is shown only if no newer one was, and one without a
    timestamp only among those that it begins with. Files are read anew at each look.
    """
    refuse_own_input(output, place.files)
    if "-" in place.files:
        raise click.UsageError("tail looks at files again and again, and standard input can be read once")
    told = Unreadable()
    with _printing(form, output) as show:
        run(_follow(place, wanted, last, interval, limit, show, told))
    told.close()


@contextmanager
def _printing(form: str, output: str | None) -> Generator[Callable[[Event], None], None, None]:
    """Open what prints an event, at once."""
    if form == "table":
        with pictures(output) as out:
            table = EventTable(out.width, out.encoding)
            out.print(table.head())
            sys.stdout.flush()

            def draw(event: Event) -> None:
                out.print(table.row(event))
                out.file.flush()

            yield draw
        return

    with writing(output) as stream:
        writer = EventWriter(form, LeftOut())

        def write(event: Event) -> None:
            stream.write(writer.of(event))
            stream.flush()

        yield write


async def _follow(
    place: Whereabouts,
    wanted: Wanted,
    last: int,
    interval: float,
    limit: int | None,
    show: Callable[[Event], None],
    told: Unreadable,
) -> None:
    following = Following(datetime.now(timezone.utc))
    shown = 0
    async with source_of(place, told) as source:
        with _pausing() as going:
            async with aclosing(new_events(source, wanted, last, interval, following)) as events:
                while shown != limit:
                    event = await anext(events)
                    await going.wait()
                    show(event)
                    shown += 1


async def new_events(
    source: Source, wanted: Wanted, last: int, interval: float, following: Following
) -> AsyncGenerator[Event, None]:
    """Yield the latest events, and then those that come, for ever."""
    if isinstance(source, (StoreSource, HttpSource)):
        async with aclosing(_arriving(source, wanted, last, interval, following)) as arriving:
            async for event in arriving:
                yield event
    # What was there before is not new, whether it is shown or not. What comes between these two questions is.
    async with aclosing(source.find(_since(wanted, following))) as events:
        async for event in events:
            following.is_new(event)
    async with aclosing(source.find(replace(wanted, oldest_first=False, limit=last))) as events:
        latest = [event async for event in events]
    for event in reversed(latest):
        following.is_new(event)
        yield event
    while True:
        await asyncio.sleep(interval)
        async with aclosing(source.find(_since(wanted, following))) as events:
            async for event in events:
                if following.is_new(event):
                    yield event


async def _arriving(
    source: StoreSource | HttpSource, wanted: Wanted, last: int, interval: float, following: Following
) -> AsyncGenerator[Event, None]:
    """Yield the latest events, and then those that arrive, for ever, whenever they happened."""
    # First from where on, so that nothing comes between the two. What comes in both is known by then.
    cursor = (await source.follow(wanted, "")).cursor
    async with aclosing(source.find(replace(wanted, oldest_first=False, limit=last))) as events:
        latest = [event async for event in events]
    for event in reversed(latest):
        following.is_new(event)
        yield event
    while True:
        found = await source.follow(wanted, cursor)
        for event in map(Event.parse, found.events):
            if following.is_new(event):
                yield event
        cursor = found.cursor
        if not found.more and not (source.waits and found.events):
            await asyncio.sleep(interval)


def _since(wanted: Wanted, following: Following) -> Wanted:
    start = following.since(datetime.now(timezone.utc))
    time = wanted.filter.time
    if time is not None and time.start is not None:
        start = max(start, time.start)
    end = None if time is None else time.end
    asked = replace(wanted, oldest_first=True, limit=None)
    return replace(asked, filter=replace(asked.filter, time=TimeRange(start=start, end=end)))


@contextmanager
def _pausing() -> Generator[asyncio.Event, None, None]:
    """Let the space bar pause and go on, where there is a terminal to press it on."""
    going = asyncio.Event()
    going.set()
    stdin = sys.stdin
    if stdin is None or not stdin.isatty() or os.name != "posix":
        yield going
        return
    import termios
    import tty

    def pressed() -> None:
        if os.read(stdin.fileno(), 1) in PAUSE_KEYS:
            if going.is_set():
                going.clear()
                say("Paused; the space bar goes on.")
            else:
                going.set()

    before = termios.tcgetattr(stdin.fileno())
    loop = asyncio.get_running_loop()
    tty.setcbreak(stdin.fileno())
    loop.add_reader(stdin.fileno(), pressed)
    try:
        yield going
    finally:
        loop.remove_reader(stdin.fileno())
        termios.tcsetattr(stdin.fileno(), termios.TCSADRAIN, before)
