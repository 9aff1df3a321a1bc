"""The commands ``keys add``, ``keys list`` and ``keys revoke``: who may send and read events."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from chaukas_spec_lite.collector import keys_file
from chaukas_spec_lite.collector.keys_file import KeyEntry
from chaukas_spec_lite.collector.settings import data_directory
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


@click.group()
def keys() -> None:
    """Make, list and revoke the keys of callers.

    The file holds their hashes, and a collector that serves with it notices changes at once.
    """


@keys.command()
@_file
@click.option("--tenant", required=True, help="Whose events the key is for.")
@click.option("--project", help="Only the events of this project of the tenant.")
@click.option("--read", "may_read", is_flag=True, help="It may query. Without --read and --write it may do both.")
@click.option("--write", "may_write", is_flag=True, help="It may store events.")
@click.option("--certificate", default="", help="The name in a client's certificate (mTLS) that stands for the key.")
def add(path: Path, tenant: str, project: str | None, may_read: bool, may_write: bool, certificate: str) -> None:
    """Make a key, and print it: this once, as it is kept nowhere."""
    if not tenant:
        raise click.BadParameter("has to name a tenant", param_hint="--tenant")
    both = not may_read and not may_write
    with _told():
        entry, key = keys_file.add(
            path,
            tenant,
            project,
            may_read=may_read or both,
            may_write=may_write or both,
            certificate=certificate,
        )
    click.echo(f"Key {entry.id} of {_whose(entry)}, to {_may(entry)}, is in {path}.", err=True)
    if key:
        # Alone on standard output, so that a script can take it from there.
        click.echo("It is shown this once. Clients are told by CHAUKAS_API_KEY:", err=True)
        click.echo(key)


@keys.command("list")
@_file
def list_keys(path: Path) -> None:
    """List the keys: their ids, and what they are good for."""
    with _told():
        entries = list(keys_file.read(path).values())
    if not entries:
        click.echo(f"{path} holds no key.")
    for entry in entries:
        certificate = f", certificate {one_line(entry.certificate)}" if entry.certificate else ""
        click.echo(f"{entry.id}  {_whose(entry)}, to {_may(entry)}{certificate}, made {one_line(entry.created)}")


@keys.command()
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
    return " and ".join(word for word, may in (("read", entry.read), ("write", entry.write)) if may)
