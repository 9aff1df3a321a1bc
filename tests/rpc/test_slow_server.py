"""A server slower than an attempt may take: it does the work each time, so it has to be given more time."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import Counter
from typing import Any

import pytest
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc

from chaukas_spec_lite import Event
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.errors import DeadlineExceededError
from chaukas_spec_lite.retry import NEVER, RetryPolicy
from tests.patience import HANG, run
from tests.rpc import faulty
from tests.rpc.official import serving

QUICK = RetryPolicy(initial=0.01, maximum=0.01)


class Slow(client_pb2_grpc.ChaukasClientServiceServicer):  # type: ignore[misc]  # grpcio's code has no types
    def __init__(self) -> None:
        self.stored: Counter[str] = Counter()

    def IngestEvent(self, request: Any, context: Any) -> Any:
        self.stored[request.event.event_id] += 1
        time.sleep(0.7)
        return client_pb2.IngestEventResponse()


def test_the_official_server_is_not_asked_for_the_same_without_end() -> None:
    async def main(port: int) -> None:
        async with ChaukasClient(f"127.0.0.1:{port}", timeout=HANG, attempt_timeout=0.2, retry=QUICK) as client:
            for number in range(3):
                await client.ingest_event(Event(event_id=str(number)))

    service = Slow()
    with serving(service) as port:
        run(main(port))
    # 0.2, 0.4 and 0.8 s, and further doublings up to `HANG` where the machine is busy. Without them, no call would end.
    assert service.stored["0"] >= 3
    assert sum(service.stored.values()) <= 3 + math.ceil(math.log2(HANG / 0.2))


def test_attempts_get_twice_the_time_and_it_is_told_once_each_time(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    def seconds(request: faulty.Request) -> float:
        text = request.headers["grpc-timeout"]
        return float(text[:-1]) * {"u": 1e-6, "m": 1e-3, "S": 1.0}[text[-1]]

    def answer_the_patient(request: faulty.Request) -> None:
        if seconds(request) > 2:
            faulty.ok()(request)

    async def main() -> None:
        async with (
            faulty.faulty(faulty.ok(), answer_the_patient) as (server, address),
            ChaukasClient(address, timeout=HANG, attempt_timeout=1, retry=QUICK) as client,
        ):
            await client.get_capabilities()
            await asyncio.gather(*(client.get_capabilities() for _ in range(5)))
            given = sorted(map(seconds, server.requests))
            assert len(given) == 1 + 3 * 5
            assert all(limit <= 1 for limit in given[:6])
            assert given[6:] == [2] * 5 + [4] * 5
            told = [record.getMessage() for record in caplog.records]
            assert told == [
                f"{address} gave no answer within 1 s: attempts now take up to 2 s",
                f"{address} gave no answer within 2 s: attempts now take up to 4 s",
            ]
            server.requests.clear()
            server.behaviours = [faulty.ok()]
            for _ in range(100):
                await client.get_capabilities()
            assert seconds(server.requests[0]) == 4
            assert seconds(server.requests[-1]) <= 1, "it has been quick again"

    run(main())


def test_time_that_runs_out_before_there_is_a_connection_is_no_slowness() -> None:
    async def main() -> None:
        async with faulty.silent() as (_, address):
            client = ChaukasClient(address, timeout=HANG, attempt_timeout=0.1, retry=NEVER)
            for _ in range(3):
                with pytest.raises(DeadlineExceededError, match=r"no connection came about within 0\.\d+ s"):
                    await client.get_capabilities()
            await client.aclose()

    run(main())
