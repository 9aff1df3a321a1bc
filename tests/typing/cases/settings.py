"""Settings as keyword arguments, of clients and of exporters."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from typing_extensions import assert_type

from chaukas_spec_lite import (
    BlockingChaukasClient,
    BlockingExporter,
    ChaukasClient,
    Event,
    EventExporter,
    ExportSettings,
    Framing,
    Keepalive,
    RetryPolicy,
    Settings,
    SettingTypeError,
    blocking_drain,
    drain,
)
from chaukas_spec_lite.export import Drained

client = ChaukasClient("localhost:50051", timeout=5, tags=["a", "b"], retry=RetryPolicy(initial=0.2), tls=False)
assert_type(client.settings, Settings)
assert_type(client.settings.timeout, float)
assert_type(client.settings.tags, tuple[str, ...])

exporter = EventExporter(client, batch_size=5, flush_interval=1, overflow="block", retry=RetryPolicy(), close_timeout=0)
EventExporter(client, ExportSettings(spool=None, synchronous="always"), max_queue_events=100, on_drop=print)
assert_type(asyncio.run(exporter.aclose()), bool)
assert_type(ExportSettings(spool=Path("spool")).batch_size, int)


class Nowhere:
    """A sender of somebody's own."""

    async def send(self, encoded_events: Sequence[bytes], /) -> None:
        """Lose them."""


class Counting:
    """A sender that returns something."""

    async def send(self, encoded_events: Sequence[bytes], /) -> int:
        """Count them."""
        return len(encoded_events)


with BlockingChaukasClient("localhost:50051", framing=Framing(max_send=1000), keepalive=Keepalive(time=5)) as blocking:
    assert_type(blocking.settings.tenant_id, str)
    assert_type(blocking.query_events(session_id="s", limit=1), Generator[Event, None, None])
    BlockingExporter(blocking).close()
BlockingExporter(Nowhere(), send_timeout=1.5).close()
EventExporter(Counting())
with TemporaryDirectory() as directory:
    assert_type(asyncio.run(drain(directory, Nowhere())), Drained)
    drained = asyncio.run(drain(Path(directory), Counting(), 5, batch_size=100, retry=RetryPolicy()))
    assert_type(drained.all_sent, bool)
    assert_type(drained.waiting_bytes, int)
    assert_type(drained.stats.sent, int)
    assert_type(blocking_drain(directory, Nowhere(), timeout=0.5), Drained)
    with BlockingChaukasClient("localhost:50051") as blocking:
        assert_type(blocking_drain(directory, blocking, max_batch_events=1000), Drained)

try:
    ExportSettings(batch_size=True)
except SettingTypeError as error:
    assert_type(error.name, str)
