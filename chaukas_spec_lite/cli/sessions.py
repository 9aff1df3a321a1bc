"""The command ``sessions``: lists sessions, with what they came to."""

from __future__ import annotations

import json
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from chaukas_spec_lite.cli.columns import Row, table
from chaukas_spec_lite.cli.options import epilog, filter_options, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import Unreadable, pictures, refuse_own_input, run, say, writing
from chaukas_spec_lite.cli.sources import Source, source_of
from chaukas_spec_lite.cli.terminal import costs
from chaukas_spec_lite.cli.tree_view import ERROR
from chaukas_spec_lite.printable import duration, glyphs_for
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.figures import SessionSummer, SessionSums, order_of

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts

_Key: TypeAlias = "tuple[str, str, str]"
"""Tenant, project and id of a session."""

ID = 36
"""Characters of a session's id as most are, a UUID. People copy it, so it is not cut."""
HEAD = ("SESSION", "EVENTS", "ERRORS", "DURATION", "START (UTC)", "TOKENS", "COST", "AGENTS")


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

    They are summed up from all events that meet the conditions; --limit counts sessions. With it, only the events of so
    many sessions are read, the latest ones: at once where there are many, unless they are in files.
    """
    refuse_own_input(output, place.files)
    told = Unreadable()
    found = run(_summed_up(place, wanted, told, limit))[:limit]
    if form == "table":
        with pictures(output) as out:
            if found:
                rows = [_row(each) for each in found]
                for line in table(HEAD, rows, out.width, out.encoding, glyphs_for(out.encoding), ID):
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
    adding = SessionSummer()
    in_order = replace(wanted, oldest_first=True)
    async with source_of(place, told) as source:
        if limit is None or place.files:
            async with aclosing(source.find(in_order)) as events:
                async for event in events:
                    adding.add(event)
        else:
            for key in await _latest(source, wanted, limit):
                async with aclosing(source.find(_of_session(in_order, key))) as events:
                    async for event in events:
                        if _key(event) == key:  # an empty tenant or project is anybody's
                            adding.add(event)
    return adding.latest()


async def _latest(source: Source, wanted: Wanted, limit: int) -> list[_Key]:
    """Find the sessions of the newest events: so many, and those that ended when the last of them did."""
    found: dict[_Key, None] = {}
    end = order_of(None)
    async with aclosing(source.find(replace(wanted, oldest_first=False))) as events:
        async for event in events:
            at = order_of(event.timestamp)
            if len(found) >= limit and (not limit or at < end):
                break
            if event.session_id and _key(event) not in found:
                found[_key(event)], end = None, at
    return list(found)


def _of_session(wanted: Wanted, key: _Key) -> Wanted:
    tenant, project, session = key
    asked = wanted.filter
    return replace(
        wanted,
        filter=replace(
            asked, tenant_id=tenant or asked.tenant_id, project_id=project or asked.project_id, session_id=session
        ),
    )


def _key(event: Event) -> _Key:
    return event.tenant_id, event.project_id, event.session_id


def _row(each: SessionSums) -> Row:
    start = "" if each.first is None else each.first.isoformat(" ", "seconds")[:19]
    took = "" if each.duration is None else duration(each.duration)
    numbers = f"{each.events:,}", f"{each.errors:,}" if each.errors else "", took, start
    spent = f"{each.tokens:,}" if each.tokens else "", costs(each.cost), ", ".join(each.agents)
    return Row([each.session_id, *numbers, *spent], style=ERROR if each.errors else "")


def _described(each: SessionSums) -> dict[str, Any]:
    return {
        "session_id": each.session_id,
        "tenant_id": each.tenant_id,
        "project_id": each.project_id,
        "name": each.name,
        "start": None if each.first is None else each.first.isoformat(),
        "end": None if each.last is None else each.last.isoformat(),
        "events": each.events,
        "errors": each.errors,
        "model_calls": each.calls,
        "tokens": each.tokens,
        "cost": each.cost,
        "agents": list(each.agents),
    }
