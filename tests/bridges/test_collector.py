"""The unmodified SDK delivers to ``chaukas-lite serve``, through outages; the official client reads it back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import realdata
from tests.cli.serving import ROOT, Served, serving
from tests.patience import HANG

pytestmark = pytest.mark.bridges


class Observed:
    """A program with the SDK in it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.ids: list[str] = []

    def make(self, count: int) -> int:
        """Have it make events; return how many it has yet to send then."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        *ids, left = self._process.stdout.readline().split()
        assert len(ids) == count
        self.ids += ids
        return int(left.removeprefix("left="))

    def end(self) -> None:
        """Let it end as programs do."""
        _, errors = self._process.communicate(timeout=HANG)
        assert self._process.returncode == 0, errors


@contextmanager
def observed(endpoint: str, **variables: str) -> Iterator[Observed]:
    """Run the program; all that it is told of the collector is in its environment."""
    told = {
        "CHAUKAS_ENDPOINT": endpoint,
        "CHAUKAS_API_KEY": "key",
        "CHAUKAS_TENANT_ID": "acme",
        "CHAUKAS_PROJECT_ID": "demo",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHAUKAS_")}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("outage_program.py"))],
        env=kept | {"no_proxy": "*", "PYTHONIOENCODING": "utf-8"} | told | variables,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield Observed(process)
    finally:
        process.kill()
        process.communicate(timeout=HANG)


def official_events(served: Served, **metadata: str) -> list[Any]:
    """All that is stored, as the official client over grpcio reads it, oldest first."""
    import grpc
    from chaukas.spec.client.v1 import client_pb2
    from chaukas.spec.client.v1.client_pb2_grpc import ChaukasClientServiceStub
    from chaukas.spec.common.v1 import query_pb2

    found: list[Any] = []
    query = query_pb2.QueryRequest(page_size=1000, order_by_time=query_pb2.SORT_ORDER_ASC)
    with grpc.insecure_channel(served.grpc) as channel:
        stub = ChaukasClientServiceStub(channel)
        while True:
            request = client_pb2.QueryEventsRequest(query=query)
            response = stub.QueryEvents(request, timeout=HANG, metadata=[*metadata.items()]).response
            found += response.events
            query.page_token = response.next_page_token
            if not query.page_token:
                return found


def port_of(endpoint: str) -> str:
    return endpoint.rpartition(":")[2]


def check(events: list[Any], ids: list[str]) -> None:
    """Compare what was read back, field for field, with what the program has made."""
    from chaukas.spec.common.v1 import events_pb2

    assert [event.event_id for event in sorted(events, key=lambda event: event.event_id)] == sorted(ids)
    by_id = {event.event_id: event for event in events}
    for number, event_id in enumerate(ids):
        event = by_id[event_id]
        call = event.llm_invocation
        assert (event.tenant_id, event.project_id, event.type) == (
            "acme",
            "demo",
            events_pb2.EVENT_TYPE_MODEL_INVOCATION_START,
        )
        assert (call.provider, call.model, call.temperature) == ("openai", "gpt-4o", 0.25)
        message = call.request["messages"][0]
        assert dict(message) == {"role": "user", "content": f"number {number} \N{SNOWMAN}"}
        assert event.timestamp.seconds > 0
        assert event.session_id


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_sdk_delivers_through_an_outage(tmp_path: Path, prefix: str) -> None:
    """Its queue grows while nobody listens, and comes as one body when somebody does; twice."""
    store = tmp_path / "events.db"
    with serving(tmp_path, "--http", "127.0.0.1:0", "--store", store) as first:
        endpoint = first.clients["CHAUKAS_ENDPOINT"]
        with observed(endpoint + prefix) as program:
            # One goes to /events, several to /events/batch.
            assert program.make(1) == 0
            assert program.make(30) == 0
            first.process.kill()
            first.process.wait(HANG)
            assert program.make(70) == 70
            again = ("--http", f"127.0.0.1:{port_of(endpoint)}", "--store", store)
            with serving(tmp_path, *again) as second:
                assert program.make(1) == 0
                second.process.kill()
                second.process.wait(HANG)
            assert program.make(5) == 5
            with serving(tmp_path, *again) as third:
                program.end()
                check(official_events(third), program.ids)


def test_a_queue_of_many_megabytes_goes_in_at_once(tmp_path: Path) -> None:
    """Tens of thousands of events: what an hour without a collector makes of a busy program's queue."""
    store = tmp_path / "events.db"
    with serving(tmp_path, "--http", "127.0.0.1:0", "--store", store) as first:
        endpoint = first.clients["CHAUKAS_ENDPOINT"]
    # One flush and no attempt before: the SDK looks through its queue for each attempt.
    with observed(
        endpoint, CHAUKAS_BATCH_SIZE="100000", CHAUKAS_ENABLE_ADAPTIVE_BATCHING="false", CHAUKAS_TIMEOUT="60"
    ) as program:
        assert program.make(20_000) == 20_000
        with serving(tmp_path, "--http", f"127.0.0.1:{port_of(endpoint)}", "--store", store) as second:
            program.end()
            check(official_events(second), program.ids)


def test_recorded_bodies_come_back_as_the_official_client_reads_them(tmp_path: Path) -> None:
    import httpx
    from chaukas.spec.client.v1 import client_pb2

    with serving(tmp_path, "--http", "127.0.0.1:0", "--store", tmp_path / "events.db") as served:
        sent: list[Any] = []
        with httpx.Client(base_url=served.clients["CHAUKAS_ENDPOINT"], trust_env=False, timeout=HANG) as client:
            for body in realdata.bodies():
                response = client.post(body.path, content=body.data, headers={"Content-Type": "application/x-protobuf"})
                assert response.status_code == 202
                if body.path == "/events":
                    sent.append(client_pb2.IngestEventRequest.FromString(body.data).event)
                else:
                    sent += client_pb2.IngestEventBatchRequest.FromString(body.data).event_batch.events
        found = {event.event_id: event for event in official_events(served)}
        assert found == {event.event_id: event for event in sent}
        assert len(found) == len(sent) == sum(body.events for body in realdata.bodies())
