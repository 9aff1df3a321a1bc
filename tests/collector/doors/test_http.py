"""The HTTP door, over real connections: what it takes, what it answers, and how errors are told."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from typing import Any

import httpx
import pytest

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.doors.platform_json import write_event
from chaukas_spec_lite.collector.query import Tenancy
from chaukas_spec_lite.collector.receipts import IngestLimits
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import (
    ForbiddenError,
    QueryTimeoutError,
    StoreError,
    ThrottledError,
    UnauthenticatedError,
)
from chaukas_spec_lite.spec.client.v1.client import (
    IngestEventBatchRequest,
    QueryEventsRequest,
    QueryEventsResponse,
)
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, QueryRequest, SortOrder
from chaukas_spec_lite.spec.google.protobuf.any import Any as AnyOfGoogle
from tests import realdata
from tests.collector.doors.http_serving import BINARY, JSON, PROTOJSON, batch, http_serving, single, zipped
from tests.patience import AGES, run

EVENTS = [Event(event_id=f"e{number}", session_id="s", type=EventType.SYSTEM) for number in range(5)]


def problem(response: httpx.Response, status: int) -> str:
    """Check that an answer is a problem's text; return what it says."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    content = response.json()
    assert content["status"] == status
    assert content["title"]
    return str(content["detail"])


# What the SDK sends


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_sdks_recorded_bodies_are_taken(prefix: str) -> None:
    async def main() -> None:
        async with http_serving() as served:
            sent: list[Event] = []
            for body in realdata.bodies():
                response = await served.post(prefix + body.path, body.data)
                assert response.status_code == 202, response.text
                assert response.json()["accepted"] == body.events
                assert response.json()["rejected"] == []
                if body.path == "/events/batch":
                    request = IngestEventBatchRequest.parse(body.data).event_batch
                    assert request is not None
                    assert response.json()["batch_id"] == request.batch_id
                    sent += request.events
            page = {"filter": {}, "page_size": 1000, "order_by_time": "ASC"}
            found: list[dict[str, Any]] = []
            while True:
                answer = (await served.post("/v1/query", json.dumps(page), JSON)).json()
                found += answer["events"]
                if not answer["next_page_token"]:
                    break
                page["page_token"] = answer["next_page_token"]
            by_id = {event["event_id"]: event for event in found}
            assert len(found) == len(by_id) == sum(body.events for body in realdata.bodies())
            assert all(by_id[event.event_id] == write_event(event) for event in sent)

    run(main())


def test_good_events_go_in_beside_bad_ones_which_are_named() -> None:
    async def main() -> None:
        async with http_serving() as served:
            body = batch(EVENTS[0], Event(session_id="no id"), EVENTS[1], batch_id="b")
            for path in ("/events/batch", "/v1/events/batch"):
                response = await served.post(path, body)
                answer = response.json()
                assert response.status_code == 202
                assert (answer["batch_id"], answer["accepted"], answer["rejected_count"]) == ("b", 2, 1)
                assert answer["rejected"][0]["position"] == 1
                assert "event_id: empty" in answer["rejected"][0]["reason"]
            assert answer["repeated"] == 2
            assert await served.stored() == EVENTS[:2]
            alone = await served.post("/events", single(Event(session_id="no id")))
            assert (alone.status_code, alone.json()["rejected_count"]) == (202, 1)

    run(main())


@pytest.mark.parametrize("path", ["/events", "/events/batch"])
@pytest.mark.parametrize("body", [b"", b"\xff\xff", b"no message", b"\x0a\x05abc"])
def test_what_is_no_such_message_is_a_bad_request(path: str, body: bytes) -> None:
    async def main() -> None:
        async with http_serving() as served:
            said = problem(await served.post(path, body), 400)
            assert "IngestEvent" in said
            assert await served.stored() == []

    run(main())


# Forms


def test_events_in_each_form_are_the_same() -> None:
    event = Event(event_id="1", type=EventType.ERROR, session_id="s", tags=["a"], metadata={"n": 1.0})

    async def main() -> None:
        bodies = {
            "/events": [
                (BINARY, single(event)),
                ({"Content-Type": "application/protobuf; charset=x"}, single(event)),
                (JSON, json.dumps(write_event(event))),
                ({"Content-Type": "Application/JSON; charset=utf-8"}, json.dumps(write_event(event))),
                (PROTOJSON, json.dumps({"event": event.to_dict()})),
            ],
            "/events/batch": [
                (BINARY, batch(event)),
                (JSON, json.dumps({"batch_id": "b", "events": [write_event(event)]})),
                (PROTOJSON, json.dumps({"eventBatch": {"batchId": "b", "events": [event.to_dict()]}})),
                (PROTOJSON, json.dumps({"event_batch": {"batch_id": "b", "events": [event.to_dict()]}})),
            ],
        }
        for path, forms in bodies.items():
            for headers, body in forms:
                async with http_serving() as served:
                    response = await served.post("/v1" + path, body, headers)
                    assert response.status_code == 202, response.text
                    assert response.json()["accepted"] == 1
                    assert await served.stored() == [event]
                    if path == "/events/batch" and headers is not BINARY:
                        assert response.json()["batch_id"] == "b"

    run(main())


@pytest.mark.parametrize("headers", [JSON, PROTOJSON], ids=["json", "protojson"])
def test_of_a_batch_in_json_the_good_events_go_in(headers: dict[str, str]) -> None:
    async def main() -> None:
        async with http_serving() as served:
            bad = [{"event_id": "bad", "type": "NOTHING"}, {"event_id": ""}, 3]
            good = [write_event(event) if headers is JSON else event.to_dict() for event in EVENTS[:2]]
            content: Any = {"events": [bad[0], good[0], bad[1], bad[2], good[1]]}
            content = content if headers is JSON else {"eventBatch": content}
            response = await served.post("/v1/events/batch", json.dumps(content), headers)
            answer = response.json()
            assert response.status_code == 202
            assert (answer["accepted"], answer["rejected_count"]) == (2, 3)
            assert [(each["event_id"], each["position"]) for each in answer["rejected"]] == [
                ("bad", 0),
                ("", 2),
                ("", 3),
            ]
            assert "events[0].type: EventType has no value" in answer["rejected"][0]["reason"]
            assert await served.stored() == EVENTS[:2]
            kept = (await served.store.rejected(Tenancy(), 10)).items
            assert sorted(each.event_id for each in kept) == ["", "", "bad"]
            assert b'{"event_id": "bad", "type": "NOTHING"}' in [each.data for each in kept]
            assert 'chaukas_events_total{outcome="rejected"} 3\n' in (await served.client.get("/metrics")).text

    run(main())


@pytest.mark.parametrize(
    ("path", "headers", "body", "said"),
    [
        ("/events", JSON, "{", "$: "),
        ("/events", JSON, "[]", "expected an object"),
        ("/events", JSON, '{"event_id": "1", "typo": 1}', 'no field "typo"'),
        ("/events", JSON, b"\xff", "not UTF-8"),
        ("/events", JSON, "{}", "IngestEventRequest.event.event_id: empty"),
        ("/events", PROTOJSON, "{}", "$.event: not set"),
        ("/events", PROTOJSON, '{"event": {"typo": 1}}', "no field"),
        ("/events/batch", JSON, "{}", "$.events: expected an array"),
        ("/events/batch", JSON, "3", "expected an object"),
        ("/events/batch", JSON, '{"events": [], "batch_id": 3}', "$.batch_id: expected a string"),
        ("/events/batch", JSON, '{"events": [], "event": 3}', "no field"),
        ("/events/batch", PROTOJSON, '{"eventBatch": {"events": [], "batchId": 3}}', "$.eventBatch.batchId: expected"),
        ("/events/batch", PROTOJSON, "{}", "$.eventBatch: not set"),
        ("/events/batch", PROTOJSON, '{"events": []}', "no field"),
        ("/query", JSON, '{"filter": {"types": ["NOTHING"]}}', "EventType has no value"),
        ("/query", JSON, '{"filter": {}, "page_size": -1}', "page_size"),
        ("/query", JSON, '{"filter": {}, "page_token": "no token"}', "page_token"),
        ("/query", PROTOJSON, '{"filter": {}}', "no field"),
        ("/query", BINARY, b"\xff", "QueryEventsRequest"),
    ],
)
def test_bad_requests_say_what_is_wrong(path: str, headers: dict[str, str], body: Any, said: str) -> None:
    async def main() -> None:
        async with http_serving() as served:
            assert said in problem(await served.post("/v1" + path, body, headers), 400)

    run(main())


def test_a_query_is_answered_in_its_form() -> None:
    async def main() -> None:
        async with http_serving() as served:
            await served.post("/events/batch", batch(*EVENTS))
            asked = QueryRequest(filter=QueryFilter(session_id="s"), page_size=2, order_by_time=SortOrder.ASC)
            binary = await served.post("/v1/query", bytes(QueryEventsRequest(query=asked)))
            assert binary.headers["content-type"] == BINARY["Content-Type"]
            page = QueryEventsResponse.parse(binary.content)
            assert page.response is not None
            assert page.response.events == EVENTS[:2]
            proto = await served.post("/v1/query", QueryEventsRequest(query=asked).to_json(), PROTOJSON)
            assert proto.headers["content-type"] == PROTOJSON["Content-Type"]
            again = QueryEventsResponse.from_json(proto.content).response
            assert again is not None
            assert again.events == EVENTS[:2]
            body = {"filter": {"session_id": "s"}, "page_size": 2, "order_by_time": "ASC"}
            plain = await served.post("/v1/query", json.dumps(body), JSON)
            assert plain.headers["content-type"] == "application/json"
            assert plain.json()["events"] == [write_event(event) for event in EVENTS[:2]]
            body["page_token"] = plain.json()["next_page_token"]
            rest = await served.post("/v1/query", json.dumps(body), JSON)
            assert [event["event_id"] for event in rest.json()["events"]] == ["e2", "e3"]

    run(main())


def test_an_event_without_protojson_is_no_reason_to_find_none() -> None:
    event = Event(event_id="1", extensions=[AnyOfGoogle("type.example/of.Others", b"1")])

    async def main() -> None:
        async with http_serving() as served:
            await served.post("/events", single(event))
            assert "application/x-protobuf" in problem(await served.post("/v1/query", "{}", PROTOJSON), 406)
            plain = (await served.post("/v1/query", '{"filter": {}}', JSON)).json()
            assert plain["events"] == [write_event(event)]

    run(main())


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_other_forms_are_refused(content_type: str) -> None:
    """Among them all that a web page may send without asking first."""

    async def main() -> None:
        async with http_serving() as served:
            headers = {"Content-Type": content_type} if content_type else {}
            for path in ("/events", "/v1/events/batch", "/v1/query"):
                said = problem(await served.post(path, b"{}", headers), 415)
                assert "application/x-protobuf, application/json, application/protobuf+json" in said

    run(main())


# The rest of the document


def test_health_capabilities_metrics_and_document() -> None:
    async def main() -> None:
        async with http_serving() as served:
            await served.post("/events/batch", batch(*EVENTS))
            health = await served.client.get("/healthz")
            assert (health.status_code, health.json()) == (200, {"status": "ok"})
            assert (await served.client.get("/v1/capabilities")).json() == {
                "worm_retention": False,
                "audit_proofs": False,
                "distributed_query": False,
                "rbac": False,
                "sso": False,
                "policy_decisions": True,
                "data_access_events": True,
            }
            metrics = await served.client.get("/metrics")
            assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert 'chaukas_events_total{outcome="new"} 5\n' in metrics.text
            document = (await served.client.get("/openapi.json")).json()
            assert document["openapi"] == "3.1.0"
            problem(await served.client.get("/nothing"), 404)
            refused = await served.client.get("/v1/events")
            problem(refused, 405)
            assert refused.headers["allow"] == "POST"
            assert "date" in health.headers
            assert "server" not in health.headers or "uvicorn" not in health.headers["server"]

    run(main())


class Failing(MemoryStore):
    """A store that raises an error, if it has one."""

    error: Exception | None = None

    async def add(self, rows: Any) -> Any:
        if self.error:
            raise self.error
        return await super().add(rows)

    async def find(self, *arguments: Any, **options: Any) -> Any:
        if self.error:
            raise self.error
        return await super().find(*arguments, **options)

    async def size(self) -> int:
        if self.error:
            raise self.error
        return await super().size()


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (StoreError("/srv/events.db: the disk is full"), 503, "the collector's log says why, at incident "),
        (QueryTimeoutError("/srv/events.db: too slow"), 504, "the query took too long"),
    ],
)
def test_what_a_store_cannot_do_is_told(error: Exception, status: int, said: str) -> None:
    async def main() -> None:
        store = Failing(texts=searched_text)
        async with http_serving(make=lambda: store) as served:
            store.error = error
            detail = problem(await served.post("/v1/query", '{"filter": {}}', JSON), status)
            assert said in detail
            assert "/srv" not in detail
            if status == 503:
                response = await served.post("/events", single(EVENTS[0]))
                assert problem(response, 503) == detail
                problem(await served.client.get("/metrics"), 503)
                assert int(response.headers["retry-after"]) > 0
                problem(await served.client.get("/healthz"), 503)
            store.error = None
            assert (await served.post("/events", single(EVENTS[0]))).status_code == 202
            assert (await served.client.get("/healthz")).status_code == 200

    run(main())


# Who calls


def test_who_opens_an_address_where_nothing_is_gets_a_page() -> None:
    async def main() -> None:
        async with http_serving() as served:
            for path in ("/foo", "/page/%3Cb%3E", "/sessions-old"):
                found = await served.client.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
                assert (found.status_code, found.headers["content-type"]) == (404, "text/html; charset=utf-8")
                assert found.headers["x-frame-options"] == "DENY"
                assert "default-src 'none'" in found.headers["content-security-policy"]
                assert '<a href="/">' in found.text
                assert path.rpartition("/")[2] not in found.text
            # Programs are told in JSON, and so is whoever posts.
            for accept in ("*/*", "application/json"):
                found = await served.client.get("/foo", headers={"Accept": accept})
                assert (found.status_code, found.json()["detail"]) == (404, "GET /foo: Not Found")
            found = await served.client.get("/events", headers={"Accept": "text/html"})
            assert (found.status_code, found.headers["content-type"]) == (405, "application/problem+json")

    run(main())


def test_keys_decide() -> None:
    asked: list[tuple[str | None, str | None, str]] = []
    callers: dict[str | None, Caller | Exception] = {
        "Bearer writer": Caller("writer", Tenancy("acme"), may_read=False, may_see_metrics=False),
        "Bearer reader": Caller("reader", Tenancy("acme"), may_write=False, may_see_metrics=False),
        "Bearer operator": Caller("operator", Tenancy("acme"), may_read=False, may_write=False),
        "Bearer many": ThrottledError("too many attempts", 1.2),
        None: UnauthenticatedError("a key is needed"),
    }

    async def authenticate(authorization: str | None, certificate_name: str | None, peer: str) -> Caller:
        asked.append((authorization, certificate_name, peer))
        found = callers[authorization]
        if isinstance(found, Exception):
            raise found
        return found

    async def main() -> None:
        async with http_serving(authenticate=authenticate) as served:
            for path in ("/events", "/events/batch", "/v1/events", "/v1/query", "/v1/capabilities", "/metrics"):
                method = "GET" if path in ("/metrics", "/v1/capabilities") else "POST"
                response = await served.client.request(method, path, headers=BINARY)
                assert problem(response, 401) == "a key is needed"
                assert response.headers["www-authenticate"] == "Bearer"
                response = await served.client.request(method, path, headers={**BINARY, "Authorization": "Bearer many"})
                problem(response, 429)
                assert response.headers["retry-after"] == "2"
            assert set(asked) == {(None, None, "127.0.0.1"), ("Bearer many", None, "127.0.0.1")}
            assert (await served.client.get("/healthz")).status_code == 200
            assert (await served.client.get("/openapi.json")).status_code == 200
            writer, reader = ({**BINARY, "Authorization": f"Bearer {name}"} for name in ("writer", "reader"))
            assert (await served.post("/events", single(EVENTS[0]), writer)).json()["accepted"] == 1
            assert (await served.post("/events", single(Event(event_id="x", tenant_id="other")), writer)).json()[
                "rejected_count"
            ] == 1
            problem(await served.post("/events", single(EVENTS[0]), reader), 403)
            problem(await served.post("/v1/query", b"", writer), 403)
            for each in (writer, reader):  # The counts are those of all tenants.
                assert "keys add --metrics" in problem(await served.client.get("/metrics", headers=each), 403)
            operator = {**BINARY, "Authorization": "Bearer operator"}
            assert (await served.client.get("/metrics", headers=operator)).status_code == 200
            problem(await served.post("/v1/query", b"", operator), 403)
            others = bytes(QueryEventsRequest(query=QueryRequest(filter=QueryFilter(tenant_id="other"))))
            problem(await served.post("/v1/query", others, reader), 403)
            own = QueryEventsResponse.parse((await served.post("/v1/query", b"", reader)).content)
            assert own.response is not None
            assert own.response.events == EVENTS[:1]

    assert issubclass(ForbiddenError, Exception)
    run(main())


def test_without_keys_no_web_page_gets_in_by_a_name_of_its_own() -> None:
    async def main() -> None:
        async with http_serving() as served:
            for path in ("/healthz", "/openapi.json", "/v1/capabilities", "/metrics"):
                for host in ("evil.example", "evil.example:4319", "localhost.evil.example"):
                    problem(await served.client.get(path, headers={"Host": host}), 421)
                for host in ("localhost", "localhost:4319", "app.localhost", "127.0.0.1", "[::1]:4319", "10.0.0.3"):
                    assert (await served.client.get(path, headers={"Host": host})).status_code == 200

    run(main())


# Bodies


def test_compressed_bodies() -> None:
    zstd = pytest.importorskip("backports.zstd")
    body = batch(*EVENTS)
    half = len(body) // 2

    async def chunks(data: bytes) -> Any:
        for start in range(0, len(data), 7):
            yield data[start : start + 7]

    async def main() -> None:
        forms = {
            "gzip": [zipped(body), zipped(body[:half]) + zipped(body[half:])],
            "x-gzip": [zipped(body)],
            "GZIP": [zipped(body)],
            "zstd": [zstd.compress(body), zstd.compress(body[:half]) + zstd.compress(body[half:])],
            "identity": [body],
        }
        async with http_serving() as served:
            for encoding, bodies in forms.items():
                for data in bodies:
                    for content in (data, chunks(data)):
                        headers = BINARY | {"Content-Encoding": encoding}
                        response = await served.post("/events/batch", content, headers)
                        assert response.json()["accepted"] == 5, response.text
            assert await served.stored() == EVENTS

    run(main())


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bodies_that_are_not_compressed_as_they_say(encoding: str) -> None:
    zstd = pytest.importorskip("backports.zstd")
    whole = zipped(batch(*EVENTS)) if encoding == "gzip" else zstd.compress(batch(*EVENTS))

    async def main() -> None:
        async with http_serving() as served:
            headers = BINARY | {"Content-Encoding": encoding}
            for body in (whole[:-3], whole[: len(whole) // 2], b"nothing", whole + b"more"):
                assert encoding in problem(await served.post("/events/batch", body, headers), 400)

    run(main())


def test_an_unknown_encoding_is_refused() -> None:
    async def main() -> None:
        async with http_serving() as served:
            for encoding in ("br", "gzip, zstd", "deflate"):
                headers = BINARY | {"Content-Encoding": encoding}
                assert "gzip, zstd" in problem(await served.post("/events", single(EVENTS[0]), headers), 415)

    run(main())


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_little_that_becomes_much_is_refused(encoding: str) -> None:
    zstd = pytest.importorskip("backports.zstd")
    event = Event(event_id="1", branch="x" * (8 << 20))
    body = zipped(batch(event)) if encoding == "gzip" else zstd.compress(batch(event))

    async def main() -> None:
        async with http_serving() as served:
            headers = BINARY | {"Content-Encoding": encoding}
            for path in ("/events/batch", "/events"):
                assert "1/100" in problem(await served.post(path, body, headers), 413)
            assert await served.stored() == []

    run(main())


def test_many_compressed_parts_are_refused() -> None:
    async def main() -> None:
        async with http_serving() as served:
            headers = BINARY | {"Content-Encoding": "gzip"}
            assert "parts" in problem(await served.post("/events", zipped(b"") * 2000, headers), 413)

    run(main())


def test_bodies_above_the_limit_are_refused_and_the_sdk_is_told_to_split() -> None:
    body = batch(*(Event(event_id=f"{number}", branch="x" * 500) for number in range(100)))

    async def main() -> None:
        async with http_serving(ingest=IngestLimits(max_bytes=len(body) - 1)) as served:

            async def chunks() -> Any:
                for start in range(0, len(body), 1000):
                    yield body[start : start + 1000]

            for content in (body, chunks()):
                assert "bytes" in problem(await served.post("/events/batch", content), 413)
            sdk = BINARY | {"User-Agent": "chaukas-sdk/0.1.0"}
            assert problem(await served.post("/events/batch", body, sdk), 503).startswith("high memory usage: ")

    run(main())


def test_a_large_batch_goes_in_piece_by_piece() -> None:
    """As the queue of an SDK does after an outage."""
    texts = (hashlib.sha512(b"%d" % number).hexdigest() * 7 for number in range(20_000))
    body = batch(*(Event(event_id=f"{number}", branch=text) for number, text in enumerate(texts)))
    assert len(body) > 17 << 20

    async def main() -> None:
        async with http_serving() as served:
            response = await served.post("/events/batch", body)
            assert response.json()["accepted"] == 20_000
            headers = BINARY | {"Content-Encoding": "gzip"}
            response = await served.post("/events/batch", await asyncio.to_thread(gzip.compress, body, 1), headers)
            assert response.json()["repeated"] == 20_000

    run(main())


def test_a_caller_who_is_gone_is_not_waited_for() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    class Slow(MemoryStore):
        async def find(self, *arguments: Any, **options: Any) -> Any:
            begun.set()
            try:
                await asyncio.sleep(AGES)
            except asyncio.CancelledError:
                cancelled.set()
                raise

    async def main() -> None:
        async with http_serving(make=lambda: Slow(texts=searched_text)) as served:
            _, writer = await served.connect()
            writer.write(
                b"POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b'Content-Length: 14\r\n\r\n{"filter": {}}'
            )
            await begun.wait()
            writer.close()
            await cancelled.wait()

    run(main())
