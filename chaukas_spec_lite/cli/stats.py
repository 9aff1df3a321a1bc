"""The command ``stats``: how many events, sessions and errors there are, and what models and agents took and cost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from chaukas_spec_lite.cli.columns import Row, table
from chaukas_spec_lite.cli.options import epilog, filter_options, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import Unreadable, pictures, refuse_own_input, run, say, writing
from chaukas_spec_lite.cli.sources import source_of
from chaukas_spec_lite.cli.terminal import costs, count, moment_of
from chaukas_spec_lite.printable import glyphs_for
from chaukas_spec_lite.trace.figures import Figures, Sums

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts


@click.command(
    short_help="Count events, sessions, errors, tokens and cost.",
    epilog=epilog(
        "chaukas-lite stats --since 1d",
        "chaukas-lite stats --store sqlite:events.db --agent planner",
        "chaukas-lite stats --format json events.delim",
    ),
)
@place_options
@filter_options
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="The output."
)
@limit_option
@output_option
def stats(place: Whereabouts, wanted: Wanted, form: str, limit: int | None, output: str | None) -> None:
    """Count events by type, sessions, errors, and the tokens and cost of models and agents.

    --limit is for the lines of each table. Only what a model call's END says is counted.
    """
    refuse_own_input(output, place.files)
    told = Unreadable()
    figures = run(_counted(place, wanted, told))
    if form == "json":
        with writing(output) as stream:
            stream.write(f"{json.dumps(_described(figures), indent=2)}\n".encode())
    elif not figures.all.events:
        say("No events were found.")
    else:
        with pictures(output) as out:
            for line in _lines(figures, limit, out):
                out.print(line)
    told.close()


async def _counted(place: Whereabouts, wanted: Wanted, told: Unreadable) -> Figures:
    figures = Figures()
    in_order = replace(wanted, oldest_first=True)
    async with source_of(place, told) as source, aclosing(source.find(in_order)) as events:
        async for event in events:
            figures.add(event)
    return figures


def _lines(figures: Figures, limit: int | None, out: Console) -> Iterator[Text]:
    every = figures.all
    when = ""
    if every.first is not None and every.last is not None:
        when = f", from {moment_of(every.first)} to {moment_of(every.last)}"
    yield Text(f"{count(every.events, 'event')} in {count(figures.sessions, 'session')}{when}", "bold")
    share = every.errors / every.events
    yield Text(
        f"{count(every.errors, 'event')} ({share:.1%}) and {count(figures.failed_sessions, 'session')} with errors"
        f", {count(every.tokens, 'token')}" + (f", {costs(every.cost)}" if any(every.cost.values()) else "")
    )
    glyphs = glyphs_for(out.encoding)
    most = max(figures.by_type.values())
    types = [Row([name, f"{number:,}"], number / most) for name, number in figures.by_type.most_common(limit)]
    yield Text()
    yield from table(("TYPE", "EVENTS"), types, out.width, out.encoding, glyphs)
    for name, groups in (("MODEL", figures.by_model), ("AGENT", figures.by_agent)):
        if rows := _rows(groups, limit):
            yield Text()
            yield from table((name, "TOKENS", "COST", "CALLS", "ERRORS"), rows, out.width, out.encoding, glyphs)


def _rows(groups: Mapping[str, Sums], limit: int | None) -> list[Row]:
    most = max((each.tokens for each in groups.values()), default=0)
    ordered = sorted(groups.items(), key=lambda item: (-item[1].tokens, -item[1].events, item[0]))
    return [
        Row(
            [name, f"{each.tokens:,}", costs(each.cost), f"{each.calls:,}", f"{each.errors:,}" if each.errors else ""],
            each.tokens / most if most else None,
        )
        for name, each in ordered[:limit]
    ]


def _described(figures: Figures) -> dict[str, Any]:
    return {
        "events": figures.all.events,
        "sessions": figures.sessions,
        "sessions_with_errors": figures.failed_sessions,
        "errors": figures.all.errors,
        "error_rate": figures.all.errors / figures.all.events if figures.all.events else 0.0,
        "tokens": figures.all.tokens,
        "cost": figures.all.cost,
        "by_type": dict(figures.by_type.most_common()),
        "by_model": {name: _sums(each) for name, each in figures.by_model.items()},
        "by_agent": {name: _sums(each) for name, each in figures.by_agent.items()},
    }


def _sums(each: Sums) -> dict[str, Any]:
    return {
        "events": each.events,
        "errors": each.errors,
        "calls": each.calls,
        "tokens": each.tokens,
        "cost": each.cost,
    }
