"""The command ``show``: draws a session as the tree of what happened in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from chaukas_spec_lite.cli.formats import harmless, payload
from chaukas_spec_lite.cli.options import epilog, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import Unreadable, pictures, refuse_own_input, run
from chaukas_spec_lite.cli.sources import session_events, source_of
from chaukas_spec_lite.cli.terminal import count
from chaukas_spec_lite.cli.tree_view import View
from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts
from chaukas_spec_lite.spec.common.v1.query import QueryFilter
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.orphans import orphans
from chaukas_spec_lite.trace.tree import Span, build

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event


@click.command(
    short_help="Draw a session: what happened, when, at what cost.",
    epilog=epilog(
        "chaukas-lite show last",
        "chaukas-lite show s-1 --store sqlite:events.db",
        "chaukas-lite show s-1 --payloads events.delim",
    ),
)
@click.argument("session")
@place_options
@click.option("--tenant", default="", help="Of this tenant.")
@click.option("--project", default="", help="Of this project.")
@click.option("--payloads", is_flag=True, help="What each event says, too, as JSON.")
@limit_option
@output_option
def show(
    place: Whereabouts,
    session: str,
    tenant: str,
    project: str,
    payloads: bool,
    limit: int | None,
    output: str | None,
) -> None:
    """Draw SESSION as a tree of spans: timeline, duration, tokens, cost, errors.

    SESSION is an id, as chaukas-lite sessions lists them, or: last. A span whose parent is not among the session's
    events says so. --limit counts events, the oldest first.
    """
    refuse_own_input(output, place.files)
    told = Unreadable()
    # One more, by which it is known whether there are more.
    asked = Wanted(QueryFilter(tenant_id=tenant, project_id=project), limit=limit and limit + 1)
    events = run(_found(place, session, asked, told))
    events, more = events[:limit], limit is not None and len(events) > limit
    sessions = build(map(moment, events))
    lost = orphans(sessions)
    by_id: dict[str, Event] = {each.event_id: each for each in events} if payloads else {}

    def below(span: Span) -> Iterator[str]:
        if id(span) in lost:
            parent = next(each.parent_id for each in span.moments if each.parent_id)
            yield f"parent not recorded: {parent}"
        for each in span.moments:
            if each.event_id in by_id and (said := payload(by_id[each.event_id])):
                yield from _json_lines(said)

    with pictures(output) as out:
        for line in View(out.width, out.encoding, below).sessions(sessions):
            out.print(line)
        if more:
            out.print(f"Only the first {count(len(events), 'event')}: there are more, and nothing above counts them")
    told.close()


def _json_lines(said: object) -> Iterator[str]:
    yield from harmless(json.dumps(said, indent=2, ensure_ascii=False)).splitlines()


async def _found(place: Whereabouts, session: str, asked: Wanted, told: Unreadable) -> list[Event]:
    async with source_of(place, told) as source:
        return await session_events(source, session, asked)
