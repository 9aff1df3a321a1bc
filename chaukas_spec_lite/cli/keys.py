"""The commands ``keys add``, ``keys list`` and ``keys revoke``: who may send and read events."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from chaukas_spec_lite.cli.options import epilog
from chaukas_spec_lite.collector import keys_file
from chaukas_spec_lite.collector.amounts import PerSecond
from chaukas_spec_lite.collector.key_entries import KeyEntry
from chaukas_spec_lite.collector.places import data_directory
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.printable import one_line


def _default_file() -> Path:
    return data_directory(os.environ) / "keys.json"


_file = click.option(
    "--keys",
    "path",
    envvar="CHAUKAS_KEYS",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_default_file,
    show_default="keys.json in the user's data directory",
    help="The file of keys, as chaukas-lite serve is told.",
)


def _amount(unit: str) -> Callable[[click.Context, click.Parameter, str | None], float | None]:
    """Read an amount in a second, as ``serve`` takes it."""

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
        try:
            return PerSecond(unit)(value, "")
        except SettingError as error:
            raise click.BadParameter(error.message, ctx, param) from error

    return read


@click.group()
def keys() -> None:
    """Make, list and revoke the keys of callers.

    The file holds their hashes, and a collector that serves with it notices changes at once.
    """


@keys.command(
    epilog=epilog(
        "chaukas-lite keys add --tenant acme > acme.key",
        "chaukas-lite keys add --tenant acme --project billing --read",
        "chaukas-lite keys add --tenant trial --write --rate 50 --burst 1k",
    )
)
@_file
@click.option("--tenant", required=True, help="Whose events the key is for.")
@click.option("--project", help="Only the events of this project of the tenant.")
@click.option("--read", "may_read", is_flag=True, help="It may query.")
@click.option("--write", "may_write", is_flag=True, help="It may store events.")
@click.option("--metrics", "may_see_metrics", is_flag=True, help="It may see /metrics, the counts of all tenants.")
@click.option("--certificate", default="", help="The name in a client's certificate (mTLS) that stands for the key.")
@click.option(
    "--rate",
    "events_per_second",
    metavar="AMOUNT",
    callback=_amount("events"),
    help="Events a second that it may send on average.",
)
@click.option(
    "--burst",
    metavar="AMOUNT",
    callback=_amount("events"),
    help="Events that it may send at once; those of ten seconds if not said.",
)
@click.option(
    "--bytes-rate",
    "bytes_per_second",
    metavar="AMOUNT",
    callback=_amount("bytes"),
    help="Bytes of events a second that it may send on average, such as 5MB.",
)
def add(path: Path, tenant: str, may_read: bool, may_write: bool, may_see_metrics: bool, **more: Any) -> None:
    """Make a key, and print it: this once, as it is kept nowhere.

    Without --read, --write and --metrics it may read and write. What is said of how much it may send counts in place of
    what the collector says of all keys.
    """
    if not tenant:
        raise click.BadParameter("has to name a tenant", param_hint="--tenant")
    if more["burst"] is not None and more["events_per_second"] is None:
        raise click.BadParameter("is said without --rate", param_hint="--burst")
    both = not (may_read or may_write or may_see_metrics)
    with _told():
        entry, key = keys_file.add(
            path,
            tenant,
            may_read=may_read or both,
            may_write=may_write or both,
            may_see_metrics=may_see_metrics,
            **more,
        )
    click.echo(f"Key {entry.id} of {_whose(entry)}, to {_may(entry)}{_most(entry)}, is in {path}.", err=True)
    if key:
        # Alone on standard output, so that a script can take it from there.
        click.echo("It is shown this once. Clients are told by CHAUKAS_API_KEY:", err=True)
        click.echo(key)


@keys.command("list", epilog=epilog("chaukas-lite keys list --keys keys.json"))
@_file
def list_keys(path: Path) -> None:
    """List the keys: their ids, and what they are good for."""
    with _told():
        entries = list(keys_file.read(path).values())
    if not entries:
        click.echo(f"{path} holds no key.")
    for entry in entries:
        certificate = f", certificate {one_line(entry.certificate)}" if entry.certificate else ""
        made = f", made {one_line(entry.created)}" if entry.created else ""
        click.echo(f"{entry.id}  {_whose(entry)}, to {_may(entry)}{certificate}{_most(entry)}{made}")


@keys.command(epilog=epilog("chaukas-lite keys revoke --keys keys.json ID"))
@_file
@click.argument("id_", metavar="ID")
def revoke(path: Path, id_: str) -> None:
    """Revoke the key with this id: callers that have it are refused from now on."""
    with _told():
        entry = keys_file.revoke(path, id_)
    click.echo(f"Key {entry.id} of {_whose(entry)} is revoked.")


@contextmanager
def _told() -> Generator[None, None, None]:
    try:
        yield
    except SettingError as error:
        raise click.ClickException(one_line(str(error))) from error


def _whose(entry: KeyEntry) -> str:
    project = f", project {one_line(entry.project)}" if entry.project else ""
    return f"tenant {one_line(entry.tenant)}{project}"


def _may(entry: KeyEntry) -> str:
    kinds = ("read", entry.read), ("write", entry.write), ("see metrics", entry.metrics)
    return " and ".join(word for word, may in kinds if may)


def _most(entry: KeyEntry) -> str:
    """How much it may send, if that is said of it."""
    parts = (
        (entry.events_per_second, "events a second"),
        (entry.burst, "at once"),
        (entry.bytes_per_second, "bytes a second"),
    )
    return "".join(f", {amount:.15g} {unit}" for amount, unit in parts if amount is not None)
