"""The command ``sessions``: lists sessions, with what they came to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.cells import cell_len

from chaukas_spec_lite.cli.columns import Row, table
from chaukas_spec_lite.cli.options import epilog, filter_options, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import Unreadable, pictures, refuse_own_input, run, say, writing
from chaukas_spec_lite.cli.session_list import sessions_of
from chaukas_spec_lite.cli.sources import source_of
from chaukas_spec_lite.cli.terminal import costs, fit
from chaukas_spec_lite.cli.tree_view import ERROR
from chaukas_spec_lite.printable import Glyphs, duration, glyphs_for, one_line
from chaukas_spec_lite.trace.figures import SessionSums

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts

ID = 36
"""Characters of a session's id as most are, a UUID. People copy it, so it is not cut."""
HEAD = ("SESSION", "WHAT", "EVENTS", "ERRORS", "DURATION", "START (UTC)", "TOKENS", "COST", "AGENTS")
_LEAST_WHAT, _MOST_WHAT = 12, 24
_BESIDE_WHAT = 103
"""Cells that the id, and the columns up to the cost, take: where there are as many, these stay in sight."""


@click.command(
    short_help="List sessions, with what they came to.",
    epilog=epilog(
        "chaukas-lite sessions --since 1d",
        "chaukas-lite sessions --store sqlite:events.db --limit 5",
        "chaukas-lite sessions --format jsonl events.delim",
    ),
)
@place_options
@filter_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "jsonl"]),
    default="table",
    show_default=True,
    help="The output.",
)
@limit_option
@output_option
def sessions(place: Whereabouts, wanted: Wanted, form: str, limit: int | None, output: str | None) -> None:
    """List sessions, those with the latest events first: events, errors, duration, tokens, cost, agents.

    WHAT is a session's name, and what was said to it first; of both, as much as there is room for.
    They are summed up from all events that meet the conditions: minutes, where there are millions. A collector that is
    asked by HTTP does that itself, unless there are other conditions than --tenant and --project. gRPC has no call for
    it. --limit counts sessions. With it, only the events of so many sessions are read, the latest ones: at once where
    there are many, unless they are in files. By gRPC, that is whatever is newer than the last of them, too.
    """
    refuse_own_input(output, place.files)
    told = Unreadable()
    found = run(_summed_up(place, wanted, told, limit))[:limit]
    if form == "table":
        with pictures(output) as out:
            if found:
                glyphs = glyphs_for(out.encoding)
                room = min(max(out.width - _BESIDE_WHAT, _LEAST_WHAT), _MOST_WHAT)
                rows = [_row(each, _cut(_what(each), room, out.encoding, glyphs)) for each in found]
                for line in table(HEAD, rows, out.width, out.encoding, glyphs, ID, words=(1,)):
                    out.print(line)
        if not found:
            say("No sessions were found.")
    else:
        described = [_described(each) for each in found]
        text = json.dumps(described, indent=2) if form == "json" else "\n".join(map(json.dumps, described))
        with writing(output) as stream:
            stream.write(f"{text}\n".encode() if text else b"")
    told.close()


async def _summed_up(place: Whereabouts, wanted: Wanted, told: Unreadable, limit: int | None) -> list[SessionSums]:
    async with source_of(place, told) as source:
        # Files are read once from the beginning to the end, whatever is wanted of them.
        return await sessions_of(source, wanted, None if place.files else limit)


def _what(each: SessionSums) -> str:
    return ": ".join(filter(None, (each.name, each.input)))


def _cut(text: str, room: int, encoding: str, glyphs: Glyphs) -> str:
    text = one_line(text, encoding)
    return text if cell_len(text) <= room else fit(text, room, glyphs)


def _row(each: SessionSums, what: str) -> Row:
    start = "" if each.first is None else each.first.isoformat(" ", "seconds")[:19]
    took = "" if each.duration is None else duration(each.duration)
    numbers = f"{each.events:,}", f"{each.errors:,}" if each.errors else "", took, start
    spent = f"{each.tokens:,}" if each.tokens else "", costs(each.cost), ", ".join(each.agents)
    return Row([each.session_id, what, *numbers, *spent], style=ERROR if each.errors else "")


def _described(each: SessionSums) -> dict[str, Any]:
    return {
        "session_id": each.session_id,
        "tenant_id": each.tenant_id,
        "project_id": each.project_id,
        "name": each.name,
        "input": each.input,
        "start": None if each.first is None else each.first.isoformat(),
        "end": None if each.last is None else each.last.isoformat(),
        "events": each.events,
        "errors": each.errors,
        "model_calls": each.calls,
        "tokens": each.tokens,
        "cost": each.cost,
        "agents": list(each.agents),
    }
