"""What ``demo --open`` does at its end: it keeps the recording open in a browser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import click

from chaukas_spec_lite.cli.browser import open_page, page_address
from chaukas_spec_lite.cli.signals import told_by_signals
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.collector.settings import MEMORY, CollectorSettings
from chaukas_spec_lite.files import Recorded
from chaukas_spec_lite.rpc.client.endpoint import Tcp

_BATCH = 25
_ANY_PORT = Tcp("127.0.0.1", 0)


def keep_open(events: Iterable[Recorded], client: Callable[[int], ChaukasClient]) -> None:
    """Show a recording in a browser, until Ctrl-C.

    Args:
        events: The recording.
        client: Makes a client for the collector on a port of this machine.

    Raises:
        ChaukasError: The collector cannot run, as where the extra ``server`` is missing.
        OSError: It cannot listen.
    """
    asyncio.run(_keep_open(events, client))


async def _keep_open(events: Iterable[Recorded], client: Callable[[int], ChaukasClient]) -> None:
    told = asyncio.Event()
    settings = CollectorSettings(grpc=_ANY_PORT, http=_ANY_PORT, store=MEMORY)
    with told_by_signals(told):
        async with Collector.from_settings(settings) as collector:
            async with client(collector.port) as sending:
                for batch in _batches(bytes(each.event) for each in events):
                    await sending.ingest_encoded(batch)
            http = collector.http
            assert http is not None
            address = page_address(http)
            click.echo(f"The page is at {address}, until Ctrl-C")
            open_page(address, click.echo)
            await told.wait()


def _batches(encoded: Iterator[bytes]) -> Iterator[list[bytes]]:
    while batch := list(islice(encoded, _BATCH)):
        yield batch
