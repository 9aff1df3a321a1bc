"""A server that takes longer than an attempt may: grpcio's, on a real socket."""

from __future__ import annotations

import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc

from chaukas_spec_lite import ChaukasClient
from chaukas_spec_lite.export import EventExporter
from chaukas_spec_lite.export.batching import Batching, Send, Server, Waiting
from chaukas_spec_lite.export.sender import Verdict
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.retry import RetryPolicy
from tests.export.doubles import numbered
from tests.patience import HANG, run
from tests.rpc.official import serving

SLOWNESS = 0.5
"""How long the server takes for each batch, in seconds: more than an attempt may at first."""


class SlowService(client_pb2_grpc.ChaukasClientServiceServicer):
    """Stores each batch that it is sent, after a while; whether the caller still waits does not matter to it."""

    def __init__(self) -> None:
        self.stored: list[list[str]] = []

    def IngestEventBatch(self, request: Any, context: Any) -> Any:  # gRPC's name
        time.sleep(SLOWNESS)
        self.stored.append([event.event_id for event in request.event_batch.events])
        return client_pb2.IngestEventBatchResponse()


def test_a_slow_server_is_given_more_time_instead_of_the_same_batch_again_and_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = SlowService()
    with serving(service) as port:

        async def main() -> None:
            async with (
                ChaukasClient(f"127.0.0.1:{port}", attempt_timeout=0.1, timeout=HANG) as client,
                EventExporter(client, spool=tmp_path, retry=RetryPolicy(initial=0.001, maximum=0.001)) as exporter,
            ):
                for number in range(20):
                    exporter.emit(numbered(number))
                assert await exporter.flush(HANG)
                assert exporter.stats().retried >= 2

        run(main())
    times = Counter(name for batch in service.stored for name in batch)
    assert len(times) == 20
    # 0.1, 0.2, 0.4 and 0.8 s, and further doublings up to `HANG` where the machine is busy. Without, it would not end.
    assert max(times.values()) <= 1 + math.ceil(math.log2(HANG / 0.1)), times
    sizes = [len(batch) for batch in service.stored]
    assert min(sizes) < 20, sizes
    assert "DEADLINE_EXCEEDED" in caplog.text


def test_a_batch_for_which_the_server_took_too_long_is_halved() -> None:
    batching = Batching(ExportSettings(max_batch_events=100), lambda: 0.0, Server())
    waiting = Waiting(100, 1000, 0.0, True, 0)
    sizes = []
    for now in range(4):
        attempt = batching.next(float(now), waiting)
        assert isinstance(attempt, Send)
        sizes.append(attempt.events)
        batching.failed(float(now), attempt, min(100, attempt.events), Verdict.SLOW, None)
    assert sizes == [100, 50, 25, 12]
    batching.succeeded(0.0, Send(0, 6, 1000))
    attempt = batching.next(9.0, waiting)
    assert isinstance(attempt, Send)
    assert attempt.events == 12
