"""The command ``stats``: how many events, sessions and errors there are, and what models and agents took and cost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from chaukas_spec_lite.cli.columns import Row, table
from chaukas_spec_lite.cli.options import epilog, filter_options, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import Unreadable, pictures, refuse_own_input, run, say, writing
from chaukas_spec_lite.cli.progress import shown
from chaukas_spec_lite.cli.sources import source_of
from chaukas_spec_lite.cli.terminal import costs, count, moment_of
from chaukas_spec_lite.cli.totals import EventTotals, totals
from chaukas_spec_lite.printable import glyphs_for
from chaukas_spec_lite.trace.figures import Figures, Sums

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts


@click.command(
    short_help="Count events, sessions, errors, tokens and cost.",
    epilog=epilog(
        "chaukas-lite stats --since 1d",
        "chaukas-lite stats --store sqlite:events.db --agent planner",
        "chaukas-lite stats --totals --endpoint http://127.0.0.1:4319",
        "chaukas-lite stats --format json events.delim",
    ),
)
@place_options
@filter_options
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="The output."
)
@click.option(
    "--totals", "brief", is_flag=True, help="Events, types, sessions and errors alone, without reading events."
)
@limit_option
@output_option
def stats(place: Whereabouts, wanted: Wanted, form: str, brief: bool, limit: int | None, output: str | None) -> None:
    """Count events by type, sessions, errors, and the tokens and cost of models and agents.

    What models and agents took is kept nowhere, so all events that meet the conditions are read for it: minutes, where
    there are millions. Ask for less, as with --since 1d, or for --totals, which reads none, but for --text: a store,
    and a collector, count the rest at once. By gRPC, a collector counts by --tenant, --project, --since and --until
    alone, and events with the status FAILED are read.

    --limit is for the lines of each table; all events are counted. Of tokens, only what a model call's END says.
    """
    refuse_own_input(output, place.files)
    told = Unreadable()
    report = run(_report(place, wanted, told, brief))
    if form == "json":
        with writing(output) as stream:
            stream.write(f"{json.dumps(report.described(limit), indent=2)}\n".encode())
    elif not report.events:
        say("No events were found.")
    else:
        with pictures(output) as out:
            for line in report.lines(limit, out):
                out.print(line)
    told.close()


async def _report(place: Whereabouts, wanted: Wanted, told: Unreadable, brief: bool) -> _Whole | _Brief:
    async with source_of(place, told) as source:
        if brief:
            return _Brief(await totals(source, wanted))
        figures = Figures()
        async with aclosing(shown(source.find(replace(wanted, oldest_first=True)))) as events:
            async for event in events:
                figures.add(event)
        return _Whole(figures)


@dataclass(frozen=True, slots=True)
class _Brief:
    """What is counted anyway."""

    totals: EventTotals

    @property
    def events(self) -> int:
        return self.totals.events

    def lines(self, limit: int | None, out: Console) -> Iterator[Text]:
        found = self.totals
        yield Text(f"{count(found.events, 'event')} in {count(found.sessions, 'session')}", "bold")
        yield Text(f"{count(found.errors, 'event')} ({found.errors / found.events:.1%}) with errors")
        yield from _types(found.by_type, limit, out)

    def described(self, limit: int | None) -> dict[str, Any]:
        found = self.totals
        return {
            "events": found.events,
            "sessions": found.sessions,
            "errors": found.errors,
            "error_rate": found.errors / found.events if found.events else 0.0,
            "by_type": dict(_most_common(found.by_type)[:limit]),
        }


@dataclass(frozen=True, slots=True)
class _Whole:
    """That, and what models and agents took."""

    figures: Figures

    @property
    def events(self) -> int:
        return self.figures.all.events

    def lines(self, limit: int | None, out: Console) -> Iterator[Text]:
        figures, every = self.figures, self.figures.all
        when = ""
        if every.first is not None and every.last is not None:
            when = f", from {moment_of(every.first)} to {moment_of(every.last)}"
        yield Text(f"{count(every.events, 'event')} in {count(figures.sessions, 'session')}{when}", "bold")
        share = every.errors / every.events
        yield Text(
            f"{count(every.errors, 'event')} ({share:.1%}) and {count(figures.failed_sessions, 'session')} with errors"
            f", {count(every.tokens, 'token')}" + (f", {costs(every.cost)}" if any(every.cost.values()) else "")
        )
        yield from _types(figures.by_type, limit, out)
        for name, groups in (("MODEL", figures.by_model), ("AGENT", figures.by_agent)):
            if rows := _rows(groups, limit):
                yield Text()
                head = name, "TOKENS", "COST", "CALLS", "ERRORS"
                yield from table(head, rows, out.width, out.encoding, glyphs_for(out.encoding))

    def described(self, limit: int | None) -> dict[str, Any]:
        figures, every = self.figures, self.figures.all
        return {
            "events": every.events,
            "sessions": figures.sessions,
            "sessions_with_errors": figures.failed_sessions,
            "errors": every.errors,
            "error_rate": every.errors / every.events if every.events else 0.0,
            "tokens": every.tokens,
            "cost": every.cost,
            "by_type": dict(_most_common(figures.by_type)[:limit]),
            "by_model": {name: _sums(each) for name, each in _ordered(figures.by_model)[:limit]},
            "by_agent": {name: _sums(each) for name, each in _ordered(figures.by_agent)[:limit]},
        }


def _types(by_type: Counter[str], limit: int | None, out: Console) -> Iterator[Text]:
    most = max(by_type.values())
    rows = [Row([name, f"{number:,}"], number / most) for name, number in _most_common(by_type)[:limit]]
    yield Text()
    yield from table(("TYPE", "EVENTS"), rows, out.width, out.encoding, glyphs_for(out.encoding))


def _most_common(by_type: Counter[str]) -> list[tuple[str, int]]:
    # By name where they are as many, so that it does not matter who has counted.
    return sorted(by_type.items(), key=lambda item: (-item[1], item[0]))


def _ordered(groups: Mapping[str, Sums]) -> list[tuple[str, Sums]]:
    return sorted(groups.items(), key=lambda item: (-item[1].tokens, -item[1].events, item[0]))


def _rows(groups: Mapping[str, Sums], limit: int | None) -> list[Row]:
    most = max((each.tokens for each in groups.values()), default=0)
    return [
        Row(
            [name, f"{each.tokens:,}", costs(each.cost), f"{each.calls:,}", f"{each.errors:,}" if each.errors else ""],
            each.tokens / most if most else None,
        )
        for name, each in _ordered(groups)[:limit]
    ]


def _sums(each: Sums) -> dict[str, Any]:
    return {
        "events": each.events,
        "errors": each.errors,
        "calls": each.calls,
        "tokens": each.tokens,
        "cost": each.cost,
    }
