"""The commands ``store conflicts``, ``rejected`` and ``deletions``: what a store keeps beside its events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import click
from rich.table import Table
from rich.text import Text

from chaukas_spec_lite.cli.options import epilog
from chaukas_spec_lite.cli.store import on_store, store, store_option
from chaukas_spec_lite.cli.terminal import console
from chaukas_spec_lite.collector.doors import api_json
from chaukas_spec_lite.collector.query import MAX_PAGE_SIZE, Tenancy
from chaukas_spec_lite.collector.stores.base import Store
from chaukas_spec_lite.collector.stores.listing import Part
from chaukas_spec_lite.printable import one_line

__all__ = ["store"]

T = TypeVar("T")
C = TypeVar("C", bound=Callable[..., Any])

_Read = Callable[[Tenancy, int, str], Awaitable[Part[T]]]


def _options(command: C) -> C:
    for option in (
        click.option("--format", "form", type=click.Choice(["table", "jsonl"]), default="table", show_default=True),
        click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many at most."),
        click.option("--project", help="Those of one project only."),
        click.option("--tenant", help="Those of one tenant only."),
        store_option,
    ):
        command = option(command)
    return command


@store.command(epilog=epilog("chaukas-lite store conflicts --store events.db"))
@_options
def conflicts(address: str | None, tenant: str | None, project: str | None, limit: int, form: str) -> None:
    """Show events that came under the id of another one, the latest first. Queries find the first of an id."""

    async def work(opened: Store) -> None:
        found = _every(opened.conflicts, Tenancy(tenant, project), limit)
        columns = "received", "tenant_id", "project_id", "event_id", "event.session_id", "event.type"
        await _print([api_json.conflict(each) async for each in found], columns, form)

    on_store(address, work)


@store.command(epilog=epilog("chaukas-lite store rejected --tenant acme --limit 10"))
@_options
def rejected(address: str | None, tenant: str | None, project: str | None, limit: int, form: str) -> None:
    """Show what could not be stored as an event, and why, the latest first."""

    async def work(opened: Store) -> None:
        found = _every(opened.rejected, Tenancy(tenant, project), limit)
        columns = "received", "tenant_id", "project_id", "event_id", "reason"
        await _print([api_json.rejected(each) async for each in found], columns, form)

    on_store(address, work)


@store.command(epilog=epilog("chaukas-lite store deletions --format jsonl"))
@_options
def deletions(address: str | None, tenant: str | None, project: str | None, limit: int, form: str) -> None:
    """Show the records of deletions, the latest first."""

    async def work(opened: Store) -> None:
        found = _every(opened.deletions, Tenancy(tenant, project), limit)
        columns = "at", "tenant_id", "project_id", "session_id", "events", "by", "reason"
        await _print([api_json.deletion(each) async for each in found], columns, form)

    on_store(address, work)


async def _every(read: _Read[T], tenancy: Tenancy, limit: int) -> AsyncIterator[T]:
    """Read a list part by part, up to a limit, and say on standard error if it goes on."""
    token = ""
    while limit:
        part = await read(tenancy, min(limit, MAX_PAGE_SIZE), token)
        for each in part.items:
            yield each
        limit -= len(part.items)
        token = part.next_page_token
        if not token:
            return
    click.echo("There are more: --limit says how many are shown.", err=True)


async def _print(records: Sequence[dict[str, Any]], columns: Sequence[str], form: str) -> None:
    """Print records, as JSON lines or as a table with some of their values."""
    if form == "jsonl":
        for record in records:
            click.echo(json.dumps(record))
        return
    if not records:
        click.echo("There are none.", err=True)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.rpartition(".")[2].removesuffix("_id"), overflow="fold")
    for record in records:
        table.add_row(*(Text(one_line(_shown(record, column))) for column in columns))
    out = console()
    out.soft_wrap = False
    with out.capture() as captured:
        out.print(table, crop=False)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())  # which rich fills up with spaces


def _shown(record: dict[str, Any], column: str) -> str:
    value: Any = record
    for name in column.split("."):
        value = value.get(name)
    return "" if value is None else str(value)
