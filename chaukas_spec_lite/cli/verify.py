"""The command ``verify``: says whether events are all there, in their order, as they were recorded."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Generator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from chaukas_spec_lite.audit.verification import FaultKind, Verifier
from chaukas_spec_lite.cli.options import epilog, filter_options, output_option, place_options
from chaukas_spec_lite.cli.output import Unreadable, pictures, refuse_own_input, run, writing
from chaukas_spec_lite.cli.progress import progress
from chaukas_spec_lite.cli.sources import FileSource, source_of
from chaukas_spec_lite.cli.terminal import count
from chaukas_spec_lite.printable import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from chaukas_spec_lite.audit.verification import ChainReport, Fault, Verification
    from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts

_FAULTS = 20
_OFTEN = 1000
"""After so many events it is shown how far it is."""


@click.command(
    short_help="Say whether events are all there, as they were recorded.",
    epilog=epilog(
        "chaukas-lite verify events.delim",
        "chaukas-lite verify --store sqlite:events.db --session s-1",
        "chaukas-lite verify --open --format json --output report.json events.delim",
    ),
)
@place_options
@filter_options
@click.option("--open", "may_go_on", is_flag=True, help="Sessions that no SESSION_END closes, so far, are no fault.")
@click.option("--unsealed", "may_be_unsealed", is_flag=True, help="Events that were not sealed are no fault.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="The report."
)
@click.option("--limit", type=click.IntRange(min=0), default=_FAULTS, show_default=True, help="Name so many faults.")
@output_option
def verify(
    place: Whereabouts,
    wanted: Wanted,
    may_go_on: bool,
    may_be_unsealed: bool,
    form: str,
    limit: int,
    output: str | None,
) -> None:
    """Follow the hash chains of events that were recorded with audit=True, and exit with 0 only if all hold.

    It names each event that was altered, removed, moved or put in. Events are chained by session: conditions other
    than --session, --tenant and --project cut through chains, and what they leave out is then missing.
    """
    refuse_own_input(output, place.files)
    told = Unreadable()
    found = run(_followed(place, replace(wanted, oldest_first=True), told))
    if form == "json":
        with writing(output) as stream:
            stream.write(json.dumps(_as_json(found), indent=2).encode() + b"\n")
    else:
        with pictures(output) as out:
            _print(out, found, limit)
    told.close()
    holds = found.sound if may_go_on else all(chain.complete for chain in found.chains) and not found.unreadable
    wrong = [] if holds else ["chains do not hold" if not found.sound else "sessions have no end (--open allows it)"]
    if found.unsealed and not may_be_unsealed:
        wrong.append(f"{count(found.unsealed, 'event')} of {found.events:,} were not sealed (--unsealed allows it)")
    if not found.events:
        wrong.append("there are no events")
    if wrong:
        raise click.ClickException("not verified: " + "; ".join(wrong))


async def _followed(place: Whereabouts, wanted: Wanted, told: Unreadable) -> Verification:
    verifier = Verifier()
    total = sum(os.stat(name).st_size for name in place.files if name != "-")
    with _without_collections(), progress("reading", total) as show:
        async with source_of(place, told) as source, aclosing(source.each(wanted)) as events:
            number = 0
            async for event in events:
                verifier.take(event)
                number += 1
                if number % _OFTEN == 0:
                    show(source.position if isinstance(source, FileSource) else 0, number)
        return verifier.result()


@contextmanager
def _without_collections() -> Generator[None, None, None]:
    """Have Python look for no circles of objects: there are none, and to look at all that is kept takes long."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _print(out: Console, found: Verification, limit: int) -> None:
    complete = sum(chain.complete for chain in found.chains)
    ends = sum(chain.sound and not chain.complete for chain in found.chains)
    writers = len({chain.genesis.writer for chain in found.chains if chain.genesis is not None})
    out.print(f"{count(found.events, 'event')} in {count(len(found.chains), 'chain')} of {count(writers, 'writer')}")
    out.print(f"{complete:,} complete, {ends:,} without an end, {len(found.chains) - complete - ends:,} broken")
    if found.unsealed:
        out.print(f"{count(found.unsealed, 'event')} without a seal: nothing can be said of them")
    # What is broken first: that chains have no end is told by their number.
    ordered = sorted(found.faults, key=lambda fault: fault.kind in (FaultKind.CUT_OFF, FaultKind.INTERRUPTED))
    for fault in ordered[:limit]:
        out.print("  " + one_line(_shown(fault), out.encoding))
    if len(ordered) > limit:
        out.print(f"  and {len(ordered) - limit:,} more; --limit names more of them")


def _shown(fault: Fault) -> str:
    where = f"event {fault.event_id}" if fault.event_id else f"event number {fault.position}, which has no id,"
    session = f" of session {fault.session_id}" if fault.session_id else ""
    return f"{fault.kind.value}: {where}{session}" + (f": {fault.detail}" if fault.detail else "")


def _as_json(found: Verification) -> dict[str, Any]:
    return {
        "events": found.events,
        "unsealed": found.unsealed,
        "complete": found.complete,
        "sound": found.sound,
        "chains": [_chain(each) for each in found.chains],
        "unreadable": [_fault(each) for each in found.unreadable],
    }


def _chain(chain: ChainReport) -> dict[str, Any]:
    genesis = chain.genesis
    return {
        "writer": None if genesis is None else genesis.writer,
        "number": None if genesis is None else genesis.number,
        "session_id": chain.session_id,
        "events": chain.events,
        "complete": chain.complete,
        "faults": [_fault(each) for each in chain.faults],
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "kind": fault.kind.value,
        "event_id": fault.event_id,
        "position": fault.position,
        "session_id": fault.session_id,
        "detail": fault.detail,
    }
