"""The command ``send``: takes files of events to a collector."""

from __future__ import annotations

import os
import time

import click

from chaukas_spec_lite.cli.options import endpoint_option, epilog
from chaukas_spec_lite.cli.output import Unreadable, quiet_logs, run, say
from chaukas_spec_lite.cli.progress import progress
from chaukas_spec_lite.cli.sending import FileSender, HowFar, notes_for
from chaukas_spec_lite.cli.sent_notes import SentNotes
from chaukas_spec_lite.cli.sources import encoded_of, taker_of
from chaukas_spec_lite.cli.terminal import count, rate
from chaukas_spec_lite.collector.places import data_directory


@click.command(
    short_help="Send files of events to a collector.",
    epilog=epilog(
        "chaukas-lite send run.jsonl",
        "chaukas-lite send --endpoint collector:50051 *.delim.gz",
        "zcat old.jsonl.gz | chaukas-lite send -",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@endpoint_option
@click.option("--restart", is_flag=True, help="Send all, whatever an interrupted command has sent already.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    help="Seconds for which the collector may take nothing before it is given up.",
)
def send(files: tuple[str, ...], endpoint: str | None, restart: bool, patience: float) -> None:
    """Send the events of each FILE to a collector: delimited protobuf, JSON lines, JSON, gzip; - is standard input.

    A command that was interrupted goes on where it was when it is given again. A collector stores each event once, so
    sending a file twice does no harm. What is refused is told with the reason, and makes it exit with 1; it holds up
    no other event.
    """
    told = Unreadable()
    begun = time.monotonic()
    sender = run(_send(files, endpoint, restart, patience, told))
    now, refused = sender.now, sender.refused
    taken = now.done - refused.count
    skipped = f", {count(now.skipped, 'event')} had been sent before" if now.skipped else ""
    say(f"{count(taken, 'event')} sent{rate(taken, time.monotonic() - begun)}{skipped}.")
    for event_id, why in refused.told:
        say(f"Refused: event {event_id}: {why}")
    if refused.count:
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in refused.reasons.most_common())
        were = "was" if refused.count == 1 else "were"
        raise click.ClickException(f"{count(refused.count, 'event')} {were} refused: {reasons}")
    told.close()


async def _send(
    files: tuple[str, ...], endpoint: str | None, restart: bool, patience: float, told: Unreadable
) -> FileSender:
    # One file that is not there is told before anything of the others is sent.
    sizes = [0 if name == "-" else os.stat(name).st_size for name in files]
    async with taker_of(endpoint) as taker:
        with quiet_logs(), progress("sending", sum(sizes)) as show:
            done = 0

            def shown(now: HowFar) -> None:
                show(done + now.position, now.done)

            sender = FileSender(taker, patience, shown)
            try:
                for name, size in zip(files, sizes, strict=True):
                    notes = _notes(name, str(taker.settings.endpoint), restart)
                    await sender.send(encoded_of(name), notes, told)
                    done += size
            finally:
                await sender.aclose()
    return sender


def _notes(name: str, endpoint: str, restart: bool) -> SentNotes | None:
    """Make what notes how far a file was sent; of a pipe, nothing could be skipped."""
    if name == "-" or not os.path.isfile(name):
        return None
    notes = notes_for(data_directory(os.environ), name, endpoint)
    if restart:
        notes.forget()
    return notes
