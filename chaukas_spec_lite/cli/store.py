"""The commands ``store migrate``, ``check``, ``vacuum``, ``delete`` and ``copy``: what is done to stores by hand.

``store_records`` adds those that show what a store keeps beside its events.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from chaukas_spec_lite.cli.existing_store import existing_store
from chaukas_spec_lite.cli.options import epilog
from chaukas_spec_lite.cli.terminal import console, count
from chaukas_spec_lite.collector.copying import Copied, copy, refuse_same_file
from chaukas_spec_lite.collector.query import EVERYBODY, Tenancy
from chaukas_spec_lite.collector.settings import CollectorSettings
from chaukas_spec_lite.collector.stores.base import Deletion, Store
from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.printable import one_line

store_option = click.option(
    "--store", "address", help="The store, as chaukas-lite serve is told; the default is the same, too. [CHAUKAS_STORE]"
)


@click.group("store")
def store() -> None:
    """Look after stores, and look at what they keep beside events: conflicts, deletions, rejected."""


@store.command(epilog=epilog("chaukas-lite store migrate --store events.db"))
@store_option
def migrate(address: str | None) -> None:
    """Bring a store into the format of this version. A collector that starts does so, too."""

    async def work(opened: Store) -> None:
        click.echo(f"{one_line(opened.name)} is of the current format.")

    on_store(address, work)


@store.command(epilog=epilog("chaukas-lite store check --store postgresql://db.example/chaukas"))
@store_option
def check(address: str | None) -> None:
    """Look for damage, and count what is kept beside events; exits with 1 if there is damage."""

    async def work(opened: Store) -> None:
        found = await opened.check()
        for line in found:
            click.echo(one_line(line))
        if found:
            raise click.ClickException(f"{opened.name} is damaged")
        click.echo(f"{one_line(opened.name)} is sound.")
        kept = await opened.counts(EVERYBODY)
        beside = count(kept.conflicts, "conflict"), count(kept.rejected, "rejected event")
        click.echo(f"Kept beside its events: {', '.join(beside)}, {count(kept.deletions, 'deletion record')}.")

    on_store(address, work)


@store.command(epilog=epilog("chaukas-lite store vacuum --store events.db"))
@store_option
def vacuum(address: str | None) -> None:
    """Give the space of deleted events back to the disk."""

    async def work(opened: Store) -> None:
        before = await opened.size()
        await opened.vacuum()
        click.echo(f"{one_line(opened.name)}: {before:,} bytes before, {await opened.size():,} now.")

    on_store(address, work)


@store.command(
    epilog=epilog(
        "chaukas-lite store delete --tenant acme --session s-1 --reason 'asked for'",
        "chaukas-lite store delete --store events.db --tenant trial --yes",
    )
)
@store_option
@click.option("--tenant", required=True, help="Whose events.")
@click.option("--project", help="Those of one project only.")
@click.option("--session", default="", help="Those of one session only.")
@click.option("--reason", default="", help="Why, for the record that stays.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(address: str | None, tenant: str, project: str | None, session: str, reason: str, yes: bool) -> None:
    """Delete the events of a tenant, a project or a session. A record of the deletion stays."""
    what = f"{f'session {session}' if session else 'all events'} of tenant {tenant}"
    what += f", project {project}" if project is not None else ""

    async def work(opened: Store) -> None:
        if not yes:
            click.confirm(f"Delete {one_line(what)} from {one_line(opened.name)}?", abort=True)
        deleted = await opened.delete(Deletion(Tenancy(tenant, project), session, reason, _whoever_runs_this()))
        click.echo(f"{count(deleted, 'event')} deleted.")

    on_store(address, work)


def _whoever_runs_this() -> str:
    """Whom the record of a deletion names: of a user id, which the environment cannot say otherwise."""
    if sys.platform == "win32":
        name = getpass.getuser()
    else:
        import pwd  # which Windows lacks

        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:  # a container may run as a user that nothing there names
            name = str(os.getuid())
    return f"user:{one_line(name)}"


@store.command("copy", epilog=epilog("chaukas-lite store copy events.db postgresql://db.example/chaukas"))
@click.argument("source")
@click.argument("target")
def copy_store(source: str, target: str) -> None:
    """Copy the store SOURCE into TARGET, which is made if it is not there.

    Events are copied in the order and with the times of their arrival, with conflicts, what was rejected, and records
    of deletions. A copy that was interrupted goes on where it was when it is begun again. Events that TARGET has
    already stay as they are.
    """

    async def work() -> None:
        of, to = _store_of(source), _store_of(target, make=True)
        refuse_same_file(of, to)
        async with _opened(of) as first, _opened(to) as second:
            columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
            out = console(errors=True)
            with ProgressBar(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
                task = bar.add_task("copying", total=None)

                def show(done: Copied) -> None:
                    bar.update(task, completed=done.seen, total=max(done.total, done.seen))

                done = await copy(first, second, show)
            how = ", going on where the last copy had stopped" if done.resumed else ""
            click.echo(f"{count(done.seen, 'event')} copied{how}; {done.new:,} of them were new.")
            others = {"conflict": done.conflicts, "rejected event": done.rejected, "deletion record": done.deletions}
            if told := [count(number, what) for what, number in others.items() if number]:
                click.echo(f"Copied, too: {', '.join(told)}.")
            if done.deleted:
                click.echo(
                    f"{count(done.deleted, 'event')} had been copied before {one_line(first.name)} deleted them: "
                    f"{one_line(second.name)} still has them."
                )

    _run_all(work)


def on_store(address: str | None, work: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
    """Do something with a store.

    Args:
        address: The option of the command.
        work: What is done with it; it is open.

    Raises:
        ClickException: It cannot be opened, or not do it.
    """

    async def opened_one() -> None:
        where = CollectorSettings.load({"store": address}).store
        async with _opened(_store_of(where)) as opened:
            await work(opened)

    _run_all(opened_one)


def _run_all(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        asyncio.run(work())
    except (ChaukasError, OSError) as error:
        raise click.ClickException(one_line(str(error))) from error


def _store_of(address: str, *, make: bool = False) -> Store:
    try:
        return existing_store(address, make=make)
    except ChaukasError as error:
        raise click.ClickException(str(error)) from error


@asynccontextmanager
async def _opened(store: Store) -> AsyncGenerator[Store, None]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()
