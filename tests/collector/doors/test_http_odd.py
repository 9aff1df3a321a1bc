"""Whatever comes in JSON is answered, and never with a mistake of the collector's own; answers have a largest size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.collector.doors.grpc import UNNAMED
from chaukas_spec_lite.collector.doors.platform_json import KINDS
from chaukas_spec_lite.collector.query import Tenancy
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.settings import CollectorSettings
from chaukas_spec_lite.collector.stores.opening import store_for
from chaukas_spec_lite.spec.server.v1.server import IngestEventBatchResponse
from chaukas_spec_lite.wire.envelopes import batch_request
from chaukas_spec_lite.wire.fields import fields_of
from tests.collector.doors.http_serving import JSON, PROTOJSON, http_serving, served_in_a_thread
from tests.patience import HANG, run
from tests.profiles import searched

HALF = "\ud800"
"""Half a surrogate pair, as an escape in JSON: it has no UTF-8."""


@pytest.mark.parametrize("headers", [JSON, PROTOJSON], ids=["json", "protojson"])
@pytest.mark.parametrize("member", ["event_id", "session_id", "tags", "metadata", HALF, "type"])
def test_half_a_surrogate_pair_is_a_mistake_in_the_event(headers: dict[str, str], member: str, tmp_path: Path) -> None:
    """In a store that keeps text as UTF-8, too."""
    value: Any = [HALF] if member == "tags" else {HALF: HALF} if member == "metadata" else f"id{HALF}"
    bad = {"event_id": "bad", member: value}
    events: list[Any] = [{"event_id": "good"}, bad]
    content = {"events": events} if headers is JSON else {"eventBatch": {"events": events}}
    single = bad if headers is JSON else {"event": bad}

    async def main() -> None:
        store: Any = store_for(tmp_path / "events.db", texts=searched_text)
        async with http_serving(make=lambda: store) as served:
            response = await served.post("/v1/events/batch", json.dumps(content), headers)
            answer = response.json()
            assert response.status_code == 202, response.text
            assert (answer["accepted"], answer["rejected_count"]) == (1, 1)
            assert answer["rejected"][0]["position"] == 1
            kept = (await served.store.rejected(Tenancy(), 10)).items
            assert [each.event_id for each in kept] == ["id?" if member == "event_id" else "bad"]
            assert kept[0].reason == answer["rejected"][0]["reason"]
            alone = await served.post("/v1/events", json.dumps(single), headers)
            assert alone.status_code == 400, alone.text

    run(main())


@pytest.mark.parametrize("member", ["session_id", "tenant_id", "text_query", "tags"])
def test_nothing_is_found_under_half_a_surrogate_pair(member: str, tmp_path: Path) -> None:
    async def main() -> None:
        store: Any = store_for(tmp_path / "events.db", texts=searched_text)
        async with http_serving(make=lambda: store) as served:
            asked = {"filter": {member: [HALF] if member == "tags" else HALF}}
            response = await served.post("/v1/query", json.dumps(asked), JSON)
            assert response.status_code == 400
            assert "a lone surrogate" in response.json()["detail"]
            token = await served.post("/v1/query", json.dumps({"filter": {}, "page_token": HALF}), JSON)
            assert token.status_code == 400

    run(main())


def test_what_is_told_and_kept_of_a_bad_event_is_cut() -> None:
    long = "x" * 100_000

    async def main() -> None:
        async with http_serving() as served:
            events = [{"event_id": long, "type": long}, {"event_id": "2", long: 1}, {"event_id": "3", "tags": [[long]]}]
            answer = (await served.post("/v1/events/batch", json.dumps({"events": events}), JSON)).json()
            assert answer["rejected_count"] == 3
            assert all(len(each["reason"]) <= 1000 for each in answer["rejected"])
            assert all(len(each["event_id"]) <= 1000 for each in answer["rejected"])
            kept = (await served.store.rejected(Tenancy(), 10)).items
            assert all(len(each.reason) <= 1000 and len(each.event_id) <= 1000 for each in kept)
            deep: Any = []
            for _ in range(90):
                deep = {long[:1000]: deep}
            response = await served.post("/v1/events", json.dumps({"event_id": "1", "llm_invocation": deep}), JSON)
            assert response.status_code == 400
            assert len(response.content) < 5000

    run(main())


# Answers


def test_an_answer_names_as_many_rejected_events_as_it_has_room_for() -> None:
    """Ten thousand ids of four kilobytes each made an answer of 40 MB, which no client takes."""
    count = 7000
    # A session's id that is no UTF-8.
    event = bytes(Event(event_id="\U0001f600" * 2000, session_id="?")).replace(b"\x01?", b"\x01\xff")
    body = batch_request(b"", [event] * count)

    async def main() -> None:
        async with http_serving() as served:
            response = await served.post("/events/batch", body)
            answer = response.json()
            assert len(response.content) < 4 << 20
            assert answer["rejected_count"] == count
            assert 0 < len(answer["rejected"]) < 1001
            assert answer["rejected_unnamed"] == count - len(answer["rejected"])

        said = {"store": "memory:", "grpc": "127.0.0.1:0", "http": "off", "max_message": "256MiB"}
        async with Collector.from_settings(CollectorSettings.load(said, environ={})) as collector:
            options = [("grpc.max_send_message_length", -1)]
            async with grpc.aio.insecure_channel(f"127.0.0.1:{collector.port}", options=options) as channel:
                call = channel.unary_unary("/chaukas.spec.server.v1.ChaukasServerService/IngestEventBatch")(
                    body, timeout=HANG
                )
                told = IngestEventBatchResponse.parse(await call)
                assert told.rejected_count == count
                assert 0 < len(told.rejected_event_ids) < count
                unnamed = dict(await call.trailing_metadata())[UNNAMED]
                assert int(unnamed) == count - len(told.rejected_event_ids)

    run(main())


# Anything

TEXTS = st.one_of(st.text(max_size=5), st.sampled_from([HALF, "\0", "NaN", "2026-11-29T12:00:00Z", "x" * 2000]))
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([2**31, 2**63, -(2**63), 2**64, -0.0, 1e400]))
NAMES = st.sampled_from(
    [
        *(field.proto_name for field in fields_of(Event)),
        *(field.name for field in fields_of(Event)),
        *(
            "content",
            "kind",
            "text",
            "state",
            "type_url",
            "value",
            "@type",
            "eventId",
            "seconds",
            "event",
            "eventBatch",
        ),
        *("events", "batch_id", "filter", "page_size", "page_token", "order_by_time", "tenant_id", "types", "time"),
        *("start", "end", HALF, "\0"),
    ]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.sampled_from([*KINDS, "AGENT_START", "ASC"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(NAMES, TEXTS), inner, max_size=5)),
    max_leaves=20,
)
EVENTS = st.dictionaries(NAMES, VALUES, max_size=6).map(lambda members: {"event_id": "1", **members})
BODIES = st.one_of(
    VALUES,
    EVENTS,
    st.fixed_dictionaries({"event": EVENTS}),
    st.fixed_dictionaries({"events": st.lists(st.one_of(EVENTS, VALUES), max_size=4)}),
    st.fixed_dictionaries({"events": st.lists(EVENTS, max_size=3), "batch_id": VALUES}),
    st.fixed_dictionaries({"eventBatch": st.fixed_dictionaries({"events": st.lists(EVENTS, max_size=3)})}),
    st.fixed_dictionaries({"filter": st.dictionaries(NAMES, VALUES, max_size=4)}),
    st.fixed_dictionaries({"filter": st.just({}), "page_token": TEXTS, "page_size": VALUES}),
    st.fixed_dictionaries({"query": st.dictionaries(NAMES, VALUES, max_size=4)}),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    store: Any = store_for(tmp_path_factory.mktemp("store") / "events.db", texts=searched_text)
    with (
        served_in_a_thread(make=lambda: store) as url,
        httpx.Client(base_url=url, timeout=HANG, trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events/batch", "/v1/query"])
@searched(300)
@given(body=BODIES)
def test_no_json_at_all_is_a_mistake_of_the_collectors(client: httpx.Client, path: str, body: Any) -> None:
    """Each answer is of success, or says what is wrong with the request; what is stored is found."""
    for headers in (JSON, PROTOJSON):
        response = client.post(path, content=json.dumps(body), headers=headers)
        assert response.status_code in (200, 202, 400, 406, 413), response.text
        response.json()
    found = client.post("/v1/query", content='{"filter": {}, "page_size": 1}', headers=JSON)
    assert found.status_code == 200


@pytest.mark.parametrize("depth", [90, 200, 450, 900, 990, 3000, 200_000])
@pytest.mark.parametrize("brackets", ["[]", '{"a":}'], ids=["arrays", "objects"])
def test_deep_json_is_a_mistake_in_the_request(depth: int, brackets: str) -> None:
    opening, closing = brackets[:-1], brackets[-1]
    deep = opening * depth + "1" + closing * depth

    async def main() -> None:
        async with http_serving() as served:
            for headers in (JSON, PROTOJSON):
                for body in (deep, f'{{"events": [{deep}]}}', f'{{"eventBatch": {{"events": [{deep}]}}}}'):
                    for path in ("/v1/events", "/v1/events/batch", "/v1/query"):
                        response = await served.post(path, body, headers)
                        assert response.status_code in (202, 400, 413), response.text

    run(main())
