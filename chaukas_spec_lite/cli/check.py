"""The command ``check``: says what is odd in events."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from contextlib import aclosing
from dataclasses import asdict, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from chaukas_spec_lite.cli.options import epilog, filter_options, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import Unreadable, pictures, refuse_own_input, run, writing
from chaukas_spec_lite.cli.sources import source_of
from chaukas_spec_lite.cli.terminal import count
from chaukas_spec_lite.printable import one_line
from chaukas_spec_lite.trace.oddities import KIND_TEXTS, Oddities, Oddity

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts

_EXAMPLES = 3


@click.command(
    short_help="Say what is odd in events: gaps, clocks, ids.",
    epilog=epilog(
        "chaukas-lite check events.delim",
        "chaukas-lite check --store sqlite:events.db --since 1d",
        "chaukas-lite check --format jsonl run.jsonl",
    ),
)
@place_options
@filter_options
@click.option(
    "--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True, help="The output."
)
@limit_option
@output_option
def check(place: Whereabouts, wanted: Wanted, form: str, limit: int | None, output: str | None) -> None:
    """Say what is odd in events, and exit with 1 if anything is.

    Missing parents, START without END and END without START, ends before their start, times that cannot be, ids that
    are empty or come twice. Conditions narrow what is looked at, and what they leave out counts as not recorded.
    --limit is for the oddities of each kind, 3 in text if it is not given; all events are looked at.
    """
    refuse_own_input(output, place.files)
    told = Unreadable()
    looking = Oddities(datetime.now(timezone.utc))
    if form == "jsonl":
        listed = Counter[str]()
        with writing(output) as stream:

            def write(odd: Oddity) -> None:
                if limit is None or listed[odd.kind] < limit:
                    listed[odd.kind] += 1
                    stream.write(f"{json.dumps(asdict(odd))}\n".encode())

            run(_look(place, wanted, looking, told, write))
    else:
        examples: defaultdict[str, list[Oddity]] = defaultdict(list)
        most = _EXAMPLES if limit is None else limit

        def keep(odd: Oddity) -> None:
            if len(examples[odd.kind]) < most:
                examples[odd.kind].append(odd)

        run(_look(place, wanted, looking, told, keep))
        with pictures(output) as out:
            for kind, why in KIND_TEXTS.items():
                if number := looking.counts[kind]:
                    out.print(f"{number:,} x {kind}: {why}")
                    for odd in examples[kind]:
                        out.print("  " + one_line(_shown(odd), out.encoding))
            if not looking.counts:
                out.print(f"{count(looking.events, 'event')}: nothing is odd")
    told.close()
    if looking.counts:
        raise click.ClickException(f"{count(looking.counts.total(), 'oddity')} in {count(looking.events, 'event')}")


def _shown(odd: Oddity) -> str:
    where = f"event {odd.event_id}" if odd.event_id else "an event without an id"
    session = f" of session {odd.session_id}" if odd.session_id else ""
    return f"{where}{session}" + (f": {odd.details}" if odd.details else "")


async def _look(
    place: Whereabouts, wanted: Wanted, looking: Oddities, told: Unreadable, keep: Callable[[Oddity], object]
) -> None:
    in_order = replace(wanted, oldest_first=True)
    async with source_of(place, told) as source, aclosing(source.find(in_order)) as events:
        async for event in events:
            for odd in looking.add(event, bytes(event)):
                keep(odd)
    for odd in looking.rest():
        keep(odd)
