"""The command ``audit witness``: sees to it that somebody else's log only grows, and signs that."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click

from chaukas_spec_lite.audit.keys import SigningKey
from chaukas_spec_lite.cli.audit.witnessing import Seen, StateInUseError, Witness
from chaukas_spec_lite.cli.log_checks import read_keys
from chaukas_spec_lite.cli.logs import HttpLog, LogUnavailableError
from chaukas_spec_lite.cli.options import epilog
from chaukas_spec_lite.cli.output import run, say
from chaukas_spec_lite.cli.terminal import count
from chaukas_spec_lite.collector.amounts import Duration
from chaukas_spec_lite.errors import SettingError

_FILE = click.Path(dir_okay=False, path_type=Path)


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else Duration(always=True)(value, "")
    except SettingError as error:
        raise click.BadParameter(error.message, ctx, param) from error


@click.command(
    short_help="Cosign a log's checkpoints while it only grows.",
    epilog=epilog(
        "chaukas-lite audit witness https://collector.example --key w.key --log-key log.pub --state acme.state",
        "chaukas-lite audit witness http://host:4319 --key w.key --log-key log.pub --state acme.state --every 60s",
    ),
)
@click.argument("url")
@click.option("--key", required=True, type=_FILE, help="The file of the witness's secret key.")
@click.option("--log-key", "log_keys", required=True, multiple=True, type=_FILE, help="A file of keys of the log.")
@click.option("--state", required=True, type=_FILE, help="The file of the last checkpoint that was seen.")
@click.option("--tenant", help="Whose log; CHAUKAS_API_KEY tells, too.")
@click.option("--every", "interval", metavar="DURATION", callback=_seconds, help="Go on, and look so often: 60s, 1h.")
def witness(
    url: str, key: Path, log_keys: tuple[Path, ...], state: Path, tenant: str | None, interval: float | None
) -> None:
    """Look at the newest checkpoint of the log of the collector at URL, and cosign it if the log has only grown.

    The cosignature goes to the collector, which keeps it if it was told of this witness (serve --witness-key). A log
    that has another history than before is refused, and the command exits with 1; both checkpoints are then kept beside
    the state, as evidence. A collector that cannot be reached is asked again with --every.
    """
    run(_witness(url, key, log_keys, state, tenant, interval))


async def _witness(
    url: str, key: Path, log_keys: tuple[Path, ...], state: Path, tenant: str | None, interval: float | None
) -> None:
    sees = Witness(SigningKey.read(key), read_keys(log_keys), state, tenant)
    log = HttpLog(url, tenant)
    while True:
        try:
            _tell(await sees.round(log, time.time), state)
        except (LogUnavailableError, StateInUseError) as error:
            if interval is None:
                raise
            say(f"Not cosigned, to be tried again: {error}")
        if interval is None:
            return
        await asyncio.sleep(interval)


def _tell(seen: Seen, state: Path) -> None:
    now, before = seen.now.checkpoint, seen.before
    what = f"{count(now.size, 'entry')} of the log {now.origin}"
    if seen.was_gone:
        say(f"{state} was taken away: this went by what it had seen itself, and has written it anew.")
    if before is None:
        say(f"Cosigned: {what}. {state} is new: nothing was seen of this log before, and nothing compared.")
    elif before.checkpoint.size < now.size:
        say(f"Cosigned: {what}, {now.size - before.checkpoint.size:,} of them new.")
    else:
        say(f"Cosigned: {what}, none of them new.")
