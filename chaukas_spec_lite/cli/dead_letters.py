"""The command ``dead-letters``: shows the events of a spool that nobody sends, and sends them again."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from pathlib import Path

import click
from rich.text import Text

from chaukas_spec_lite.cli.formats import harmless
from chaukas_spec_lite.cli.options import endpoint_option, epilog, limit_option, output_option
from chaukas_spec_lite.cli.output import pictures, quiet_logs, run, say, writing
from chaukas_spec_lite.cli.sources import taker_of
from chaukas_spec_lite.cli.takers import flushed
from chaukas_spec_lite.cli.terminal import count, moment_of
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.export.dead_letters import DeadLetters
from chaukas_spec_lite.export.dropped import DeadLetter
from chaukas_spec_lite.export.exporter import EventExporter
from chaukas_spec_lite.export.stats import Stats
from chaukas_spec_lite.printable import one_line
from chaukas_spec_lite.wire.format import varint


@click.command(
    "dead-letters",
    short_help="Show the events of a spool that were refused; send them again.",
    epilog=epilog("chaukas-lite dead-letters spool", "chaukas-lite dead-letters --send spool"),
)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--send", "sends", is_flag=True, help="Send them again; what is refused stays.")
@endpoint_option
@click.option("--timeout", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds to send for.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl", "delim"]),
    default="text",
    show_default=True,
    help="The output; delim is the events themselves.",
)
@limit_option
@output_option
def dead_letters(
    directory: Path,
    sends: bool,
    endpoint: str | None,
    timeout: float,
    form: str,
    limit: int | None,
    output: str | None,
) -> None:
    """Show the dead letters of the spool DIR: events that were refused, with the reasons, the oldest first.

    --limit shows the latest ones. With --send all are sent again, and it exits with 1 if some are still refused.
    """
    if sends:
        if limit is not None or output is not None or form != "text":
            raise click.UsageError("--send sends all of them again: leave out --limit, --output and --format")
        _tell(*run(_resent(directory, endpoint, timeout)))
        return
    letters = run(_read(directory, limit))
    if form == "text":
        with pictures(output) as out:
            for letter in letters:
                out.print(Text(one_line(_line(letter), out.encoding)))
        if not letters:
            say(f"There are no dead letters in {directory}.")
        return
    with writing(output) as stream:
        for letter in letters:
            stream.write(_record(letter, form))


async def _read(directory: Path, limit: int | None) -> list[DeadLetter]:
    _check(directory)
    return DeadLetters(directory, 0, time.time).read(2**62 if limit is None else limit)


def _check(directory: Path) -> None:
    if not directory.is_dir():
        raise SettingError("DIR", f"there is no directory {directory}")


def _line(letter: DeadLetter) -> str:
    when = moment_of(datetime.fromtimestamp(letter.dropped_at, timezone.utc))
    what = f"event {letter.event_id}" if letter.event_id else "an event without an id"
    return f"{when}  {letter.reason.value}  {what}, {len(letter.data):,} bytes: {letter.detail}"


def _record(letter: DeadLetter, form: str) -> bytes:
    if form == "delim":
        return varint(len(letter.data)).encode("latin-1") + letter.data
    about = {
        "event_id": letter.event_id,
        "reason": letter.reason.value,
        "detail": letter.detail,
        "path": letter.path,
        "dropped_at": letter.dropped_at,
        "bytes": len(letter.data),
    }
    return f"{harmless(json.dumps(about))}\n".encode()


async def _resent(directory: Path, endpoint: str | None, timeout: float) -> tuple[int, bool, Stats, str]:
    _check(directory)
    async with taker_of(endpoint) as taker:
        with quiet_logs():
            exporter = EventExporter(taker, spool=directory)
            try:
                emitted = await exporter.resend_dead_letters()
                all_sent = await flushed(exporter, taker, timeout)
            finally:
                await exporter.aclose(1.0)
            stats = exporter.stats()
            return emitted, all_sent, stats, taker.why_left(stats)


def _tell(emitted: int, all_sent: bool, stats: Stats, why: str) -> None:
    say(f"{count(emitted, 'event')} tried again, {stats.sent:,} sent.")
    if refused := sum(stats.dropped.values()):
        raise click.ClickException(f"{count(refused, 'event')} refused once more, and still dead letters")
    if not all_sent:
        raise click.ClickException(f"not all could be sent, and what was not waits in the spool{why}")
