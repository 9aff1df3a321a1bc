"""The command ``drain``: sends what ended programs left in a spool."""

from __future__ import annotations

from pathlib import Path

import click

from chaukas_spec_lite.cli.options import endpoint_option, epilog
from chaukas_spec_lite.cli.output import quiet_logs, run, say
from chaukas_spec_lite.cli.sources import taker_of
from chaukas_spec_lite.cli.takers import flushed
from chaukas_spec_lite.cli.terminal import count
from chaukas_spec_lite.export.draining import Drained, drained_by


@click.command(
    short_help="Send what ended programs left in a spool.",
    epilog=epilog("chaukas-lite drain /var/spool/chaukas", "chaukas-lite drain --timeout 600 spool"),
)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@endpoint_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Seconds to send for; what is left stays in the spool.",
)
def drain(directory: Path, endpoint: str | None, timeout: float) -> None:
    """Send the events that ended programs left in the spool DIR. What living programs have is theirs to send.

    A collector that is away is waited for. A wrong address or key ends it at once.
    Exits with 1 if something is left, or was refused.
    """
    done, why = run(_drain(directory, endpoint, timeout))
    say(f"{count(done.stats.recovered, 'event')} found, {done.stats.sent:,} sent.")
    dropped = sum(done.stats.dropped.values())
    if dropped:
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in done.stats.dropped.items())
        say(f"Refused: {reasons}. They are dead letters now: chaukas-lite dead-letters {directory}")
    if not done.all_sent:
        left = f"{done.waiting_bytes:,} bytes are left in {directory}" if done.waiting_bytes else "not all was sent"
        raise click.ClickException(f"{left}{why}")


async def _drain(directory: Path, endpoint: str | None, timeout: float) -> tuple[Drained, str]:
    async with taker_of(endpoint) as taker:
        with quiet_logs():
            done = await drained_by(directory, taker, lambda exporter: flushed(exporter, taker, timeout))
            return done, taker.why_left(done.stats)
