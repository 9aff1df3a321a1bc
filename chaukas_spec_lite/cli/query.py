"""The command ``query``: finds events by what they are, and prints them."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from chaukas_spec_lite.cli.event_table import EventTable
from chaukas_spec_lite.cli.formats import FORMATS
from chaukas_spec_lite.cli.options import epilog, filter_options, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import (
    Unreadable,
    pictures,
    refuse_binary_on_terminal,
    refuse_own_input,
    run,
    say,
)
from chaukas_spec_lite.cli.sources import source_of
from chaukas_spec_lite.cli.written_events import LeftOut, write_events

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts


@click.command(
    short_help="Find events, and print them.",
    epilog=epilog(
        "chaukas-lite query --since 2h --type ERROR",
        "chaukas-lite query --session s-1 --order oldest",
        "chaukas-lite query --format jsonl events.delim",
        "chaukas-lite query --store sqlite:events.db",
    ),
)
@place_options
@filter_options
@click.option(
    "--order",
    type=click.Choice(["newest", "oldest"]),
    default="newest",
    show_default=True,
    help="What comes first.",
)
@click.option(
    "--format", "form", type=click.Choice(["table", *FORMATS]), default="table", show_default=True, help="The output."
)
@limit_option
@output_option
def query(place: Whereabouts, wanted: Wanted, order: str, form: str, limit: int | None, output: str | None) -> None:
    """Find events in a running collector, a store, or files.

    Without FILE and --store it asks the collector that the environment names, or the one on this machine. Events have
    to meet all conditions; of an option that is given several times, one value has to fit, and all of the tags. The
    newest come first, unless --order says otherwise; those without a timestamp count as the oldest.
    """
    refuse_own_input(output, place.files)
    asked = replace(wanted, oldest_first=order == "oldest", limit=limit)
    if form == "table":
        run(_table(place, asked, output))
        return
    if form == "delim":
        refuse_binary_on_terminal(output)
    told, left_out = Unreadable(), LeftOut()
    run(write_events(source_of(place, told), asked, form, output, left_out))
    left_out.close()
    told.close()


async def _table(place: Whereabouts, wanted: Wanted, output: str | None) -> None:
    told, found = Unreadable(), 0
    with pictures(output) as out:
        table = EventTable(out.width, out.encoding)
        async with source_of(place, told) as source, aclosing(source.find(wanted)) as events:
            async for event in events:
                if not found:
                    out.print(table.head())
                found += 1
                out.print(table.row(event))
    if not found:
        say("No events were found.")
    told.close()
