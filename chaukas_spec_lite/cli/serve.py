"""The command ``serve``: a collector that runs until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import click

from chaukas_spec_lite.cli.browser import open_page, page_address
from chaukas_spec_lite.cli.options import epilog
from chaukas_spec_lite.cli.signals import told_by_signals
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.collector.logs import start_logging
from chaukas_spec_lite.collector.places import data_directory
from chaukas_spec_lite.collector.private_files import make_folder
from chaukas_spec_lite.collector.settings import CONFIG_VARIABLE, CollectorSettings
from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.printable import one_line
from chaukas_spec_lite.settings import describe
from chaukas_spec_lite.spec.common.v1.events import EventType

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)

_SET = "set" if os.name == "nt" else "export"
"""What shells have before a variable."""


def _options(command: F) -> F:
    """Give a command an option for each setting, so that none is forgotten and all are described once."""
    kinds = {each.name: each.default for each in fields(CollectorSettings)}
    for each in reversed(describe(CollectorSettings)):
        default = kinds[each.name]
        name = "--" + each.name.replace("_", "-")
        # Flags can be taken back, as they may come from a file.
        names = f"{name}/--no-{name[2:]}" if isinstance(default, bool) else name
        # Of the store, what the setting says of commands is their default.
        silent = default in (None, ()) or isinstance(default, bool) or each.name == "store"
        shown = "" if silent else f" Default: {default}."
        said = f"{each.effect}{shown} [{each.variable}]"
        metavar = None if isinstance(default, bool) else "VALUE"
        several = isinstance(default, tuple)
        option = click.option(names, each.name, default=None, help=said, metavar=metavar, multiple=several)
        command = option(command)
    return command


@click.command(
    short_help="Run a collector: take events by gRPC and HTTP, keep them, find them again.",
    epilog=epilog(
        "chaukas-lite serve --open",
        "chaukas-lite serve --store sqlite:events.db --retain 30d",
        "chaukas-lite serve --keys keys.json --grpc 0.0.0.0:50051",
        "chaukas-lite serve --store postgresql://db.example/chaukas",
    ),
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"A TOML file with these options, by their names. [{CONFIG_VARIABLE}]",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@_options
def serve(config: Path | None, opens: bool, **options: object) -> None:
    """Run a collector: take events by gRPC and HTTP, keep them, and find them again.

    Each option can also come from the variable that stands behind it, or from the TOML file. An option counts more than
    a variable, and a variable more than the file. Amounts are written 30d, 12h, 90s, 10GB, 512MiB; off means no limit.

    SIGTERM and Ctrl-C let running calls finish, and end with 0; a second one ends at once.
    """
    try:
        # An option that may be said several times is an empty tuple if it was not said.
        said = {name: value for name, value in options.items() if value != ()}
        settings = CollectorSettings.load(said, config=config)
        if opens and settings.http is None:
            raise click.ClickException("--open: the page comes by HTTP, which is off: give --http an address")
        start_logging(settings.log)
        _make_folder(settings)
        asyncio.run(_serve(settings, opens))
    except (ChaukasError, OSError) as error:
        raise click.ClickException(one_line(_text(error))) from error


def _text(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _make_folder(settings: CollectorSettings) -> None:
    """Make the folder of the default store, and of no other: elsewhere, one that is missing is a slip of the pen."""
    folder = data_directory(os.environ)
    if settings.store == str(folder / "events.db"):
        try:
            make_folder(folder)
        except OSError as error:
            said = f"the folder of the events, {folder}, cannot be made: {_text(error)}"
            raise click.ClickException(one_line(f"{said}: choose a file for them with --store")) from error


async def _serve(settings: CollectorSettings, opens: bool) -> None:
    told = asyncio.Event()
    with told_by_signals(told):
        collector = Collector.from_settings(settings)
        starting = asyncio.ensure_future(collector.start())
        waiting = asyncio.ensure_future(told.wait())
        # Opening may take long, where a store is migrated first.
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            log.info("stopping before it has begun to serve: what was begun is undone, or goes on next time")
            starting.cancel()
            await asyncio.wait({starting})
        waiting.cancel()
        if starting.cancelled():
            return
        starting.result()
        _tell(collector, settings)
        collector.on_first_event(_tell_first)
        if opens and collector.http is not None:
            open_page(page_address(collector.http, tls=bool(settings.tls_cert)), lambda said: log.warning("%s", said))
        await told.wait()
        log.info("stopping: running calls have %g seconds to finish", settings.grace)
        await collector.stop()


def _tell(collector: Collector, settings: CollectorSettings) -> None:
    """Say where events go, where it listens, and what clients have to be told."""
    clients = collector.clients()
    lines = [("Events go to", collector.store_name, "")]
    if (grpc := collector.grpc) is not None:
        lines.append(("gRPC listens on", str(grpc), "CHAUKAS_GRPC_ENDPOINT"))
    if (http := collector.http) is not None:
        lines.append(("HTTP listens on", str(http), "CHAUKAS_ENDPOINT"))
        lines.append(("The page is at", page_address(http, tls=bool(settings.tls_cert)), ""))
    lines += [("The audit log is signed by", str(key), "") for key in collector.audit_keys]
    if settings.keys:
        lines.append(("Callers need a key of", str(settings.keys), ""))
    elif settings.client_ca:
        lines.append(("Callers need a certificate of", str(settings.client_ca), ""))
    else:
        lines.append(("There are no keys:", "whoever reaches it can read and write", ""))
    for what, value, variable in lines:
        client = f"{variable}={clients[variable]}" if variable else ""
        if settings.log == "json":
            log.info("%s %s", what, value, extra={"fields": {"client": client} if client else {}})
        else:
            click.echo(f"{what} {one_line(value)}")
            if client:
                # Alone on its line, as it is to be pasted.
                click.echo(f"    {_SET} {client}")


def _tell_first(row: EventRow) -> None:
    """Say that events arrive, and how to look at them. Nothing of the event goes into the log but its type."""
    log.info("the first event has arrived: %s; chaukas-lite show last draws its session", EventType(row.type).name)
