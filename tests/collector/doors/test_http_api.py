"""What the HTTP door has to look at: the calls under ``/api``."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from chaukas_spec_lite import Event, EventStatus, EventType, QueryFilter, QueryResponse, Severity
from chaukas_spec_lite.collector.callers import ANYONE, Caller
from chaukas_spec_lite.collector.doors import api_json
from chaukas_spec_lite.collector.doors.openapi_api import CALLS
from chaukas_spec_lite.collector.receipts import Shape
from chaukas_spec_lite.collector.stores.asking import EVERYBODY, Tenancy
from chaukas_spec_lite.collector.stores.base import TEXT_SCAN_EVENTS, Deletion
from chaukas_spec_lite.collector.tailing import MAX_FOLLOWERS_PER_KEY, MAX_WAIT
from chaukas_spec_lite.errors import InvalidRequest
from chaukas_spec_lite.spec.client.v1.client import QueryEventsResponse
from chaukas_spec_lite.wire.envelopes import batch_request
from chaukas_spec_lite.wire.fields import fields_of
from tests.collector.doors.http_serving import JSON, PROTOJSON, Served, http_serving
from tests.patience import HANG, run, until

ACME = Caller("acme", Tenancy("acme"))


async def answer(served: Served, path: str, **parameters: Any) -> dict[str, Any]:
    found = await served.client.get(path, params=parameters)
    assert found.status_code == 200, found.text
    assert found.headers["content-type"] == "application/json"
    answered: dict[str, Any] = found.json()
    return answered


async def refusal(served: Served, path: str, status: int, **parameters: Any) -> str:
    found = await served.client.get(path, params=parameters)
    assert found.status_code == status, found.text
    return str(found.json()["detail"])


async def keep(served: Served, *events: Event, caller: Caller = ACME) -> None:
    await served.service.ingest(batch_request(b"", map(bytes, events)), Shape.BATCH, caller)


def test_what_is_kept_beside_events() -> None:
    async def main() -> None:
        async with http_serving() as served:
            for text in ("first", "second", "third"):
                await keep(served, Event(event_id="a", session_id=text), Event(session_id=text))
                await served.store.delete(Deletion(Tenancy("acme"), f"of {text}", "asked for", "key:support"))
            for name, told in (("conflicts", 2), ("rejected", 3), ("deletions", 3)):
                whole = await answer(served, f"/api/{name}")
                assert (len(whole[name]), whole["next_page_token"]) == (told, "")
                first = await answer(served, f"/api/{name}", page_size=1, tenant_id="acme")
                token = first["next_page_token"]
                rest = await answer(served, f"/api/{name}", page_token=token, tenant_id="acme")
                assert first[name] + rest[name] == whole[name]
                assert (await answer(served, f"/api/{name}", tenant_id="other"))[name] == []
                assert "page_token: not the" in await refusal(served, f"/api/{name}", 400, page_token=token)
            conflicts = (await answer(served, "/api/conflicts"))["conflicts"]
            assert [each["event"] for each in conflicts] == [
                {"event_id": "a", "session_id": text} for text in ("third", "second")
            ]
            rejected = (await answer(served, "/api/rejected"))["rejected"][0]
            assert Event.parse(base64.b64decode(rejected["data"])).session_id == "third"
            assert "event_id: empty" in rejected["reason"]
            assert (await answer(served, "/api/deletions", page_size=1))["deletions"] == [
                {
                    "tenant_id": "acme",
                    "project_id": None,
                    "session_id": "of third",
                    "reason": "asked for",
                    "by": "key:support",
                    "at": whole["deletions"][0]["at"],
                    "events": 0,
                }
            ]
            metrics = (await served.client.get("/metrics")).text.splitlines()
            for line in ("chaukas_conflicts 2", "chaukas_rejected 3", "chaukas_deletions 3"):
                assert line in metrics

    run(main())


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"tenant": "acme"}, "there is no parameter 'tenant' here; did you mean 'tenant_id'?"),
        ({"page_size": "-1"}, "page_size: '-1' is no number from 0 on"),
        ({"page_size": "1e3"}, "page_size: '1e3' is no number"),
        ({"page_size": "\u0661"}, "page_size: "),
        ({"page_size": ["1", "2"]}, "page_size: given more than once"),
        ({"page_token": "no token"}, "page_token: not the next_page_token"),
    ],
)
def test_a_mistake_is_named(parameters: dict[str, Any], told: str) -> None:
    async def main() -> None:
        async with http_serving() as served:
            assert (await refusal(served, "/api/conflicts", 400, **parameters)).startswith(told)
            assert (await answer(served, "/api/conflicts", page_size="", tenant_id=""))["conflicts"] == []

    run(main())


def test_a_key_that_only_writes_sees_nothing() -> None:
    async def authenticate(*_: object) -> Caller:
        return Caller("writer", EVERYBODY, may_read=False)

    async def main() -> None:
        async with http_serving(authenticate=authenticate) as served:
            for path in (call.path for call in CALLS):
                assert "does not allow reading" in await refusal(served, path, 403)

    run(main())


def test_nothing_is_looked_for_once_the_client_has_gone() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> Any:
        begun.set()
        try:
            await asyncio.sleep(HANG)
        finally:
            cancelled.set()

    async def main() -> None:
        async with http_serving() as served:
            served.store.conflicts = slow  # type: ignore[method-assign]
            _, writer = await served.connect()
            writer.write(b"GET /api/conflicts HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await begun.wait()
            writer.close()
            await cancelled.wait()

    run(main())


WHEN = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


def of_session(number: int, session: str, seconds: float, **fields: Any) -> Event:
    timestamp = WHEN + timedelta(seconds=seconds)
    return Event(event_id=f"{number}", session_id=session, timestamp=timestamp, tenant_id="acme", **fields)


EVENTS = [
    of_session(1, "a/b c", 1, agent_id="x", type=EventType.SESSION_START, tags=["t", "u"]),
    of_session(2, "a/b c", 2, agent_id="y", type=EventType.ERROR, severity=Severity.ERROR, span_id="sp"),
    of_session(3, "later", 5, agent_id="x", status=EventStatus.COMPLETED, trace_id="tr", tags=["t"]),
    of_session(4, "later", 3, project_id="p", metadata={"text": "a Needle"}),
]


def names(answered: dict[str, Any]) -> list[str]:
    return [each["event_id"] for each in answered["events"]]


def test_events_by_every_filter() -> None:
    async def main() -> None:
        async with http_serving() as served:
            await keep(served, *EVENTS)
            for parameters, expected in (
                ({}, ["3", "4", "2", "1"]),
                ({"order_by_time": "ASC"}, ["1", "2", "4", "3"]),
                ({"tenant_id": "acme", "project_id": "p"}, ["4"]),
                ({"tenant_id": "other"}, []),
                ({"session_id": "a/b c"}, ["2", "1"]),
                ({"agent_id": "x"}, ["3", "1"]),
                ({"span_id": "sp"}, ["2"]),
                ({"trace_id": "tr"}, ["3"]),
                ({"types": ["ERROR", "SESSION_START"]}, ["2", "1"]),
                ({"statuses": "COMPLETED"}, ["3"]),
                ({"severities": "ERROR"}, ["2"]),
                ({"tags": ["t", "u"]}, ["1"]),
                ({"text_query": "needle"}, ["4"]),
                ({"start": "2026-11-29T12:00:02Z", "end": "2026-11-29T13:00:05+01:00"}, ["4", "2"]),
            ):
                assert names(await answer(served, "/api/events", **parameters)) == expected, parameters
            described = {each.name for call in CALLS if call.name == "events" for each in call.parameters}
            assert described == {*names_of(QueryFilter), "start", "end", "order_by_time", "page_size", "page_token"}
            first = await answer(served, "/api/events", page_size=3)
            assert names(first) == ["3", "4", "2"]
            assert names(await answer(served, "/api/events", page_token=first["next_page_token"])) == ["1"]
            by_post = await served.client.post("/v1/query", json={})
            assert (await answer(served, "/api/events"))["events"] == by_post.json()["events"]
            for parameters, told in (
                ({"types": "EROR"}, "types[0]: EventType has no value \"EROR\"; did you mean 'ERROR'?"),
                ({"start": "yesterday"}, "start: "),
                ({"order_by_time": "UP"}, "order_by_time: "),
                ({"tags": ["t"] * 101}, "QueryFilter.tags: 101 values"),
            ):
                assert (await refusal(served, "/api/events", 400, **parameters)).startswith(told)

    run(main())


def names_of(cls: type[Any]) -> list[str]:
    return [field.name for field in fields_of(cls) if field.name != "time"]


def test_sessions_and_their_events() -> None:
    async def main() -> None:
        async with http_serving() as served:
            await keep(served, *EVENTS)
            whole = (await answer(served, "/api/sessions"))["sessions"]
            later = {"tenant_id": "acme", "session_id": "later", "events": 1, "errors": 0}
            assert whole == [
                later | {"project_id": "", "first": "2026-11-29T12:00:05Z", "last": "2026-11-29T12:00:05Z"},
                later | {"project_id": "p", "first": "2026-11-29T12:00:03Z", "last": "2026-11-29T12:00:03Z"},
                {
                    "tenant_id": "acme",
                    "project_id": "",
                    "session_id": "a/b c",
                    "events": 2,
                    "errors": 1,
                    "first": "2026-11-29T12:00:01Z",
                    "last": "2026-11-29T12:00:02Z",
                },
            ]
            found: list[Any] = []
            token = None
            while token != "":
                page = await answer(served, "/api/sessions", page_size=1, page_token=token or "")
                found += page["sessions"]
                token = page["next_page_token"]
            assert found == whole
            for parameters, expected in (
                ({"errors": "true"}, whole[2:]),
                ({"errors": "false"}, whole),
                ({"agent_id": "x"}, [whole[0], whole[2]]),
                ({"start": "2026-11-29T12:00:03Z", "end": "2026-11-29T12:00:05Z"}, whole[1:2]),
                ({"project_id": "p"}, whole[1:2]),
                ({"tenant_id": "other"}, []),
            ):
                assert (await answer(served, "/api/sessions", **parameters))["sessions"] == expected, parameters
            path = "/api/sessions/a%2Fb%20c/events"
            assert names(await answer(served, path)) == ["1", "2"]
            assert names(await answer(served, path, order_by_time="DESC", agent_id="y")) == ["2"]
            assert names(await answer(served, "/api/sessions/nowhere/events")) == []
            await keep(served, of_session(9, "two\nlines", 0))
            assert names(await answer(served, "/api/sessions/two%0Alines/events")) == ["9"]
            assert "session_id: empty" in await refusal(served, "/api/sessions//events", 400)
            assert "no parameter 'session_id'" in await refusal(served, path, 400, session_id="later")
            await keep(served, Event(event_id="untimed", session_id="untimed", tenant_id="acme"))
            last = (await answer(served, "/api/sessions"))["sessions"][-1]
            assert (last["session_id"], last["first"], last["last"]) == ("untimed", None, None)

    run(main())


@pytest.mark.parametrize(
    "place",
    [
        *([], [1, 2, "a", "b"], [1, 2, "a", "b", "c", "d"], {"a": 1}, 7, [1, 2, "a", "b", None], [True, 0, "", "", ""]),
        *([1.5, 0, "", "", ""], [2**63, 0, "", "", ""], [0, -1, "", "", ""], [0, 10**9, "", "", ""]),
        [0, 0, "\ud800", "", ""],
    ],
)
def test_what_is_no_place_of_a_session(place: Any) -> None:
    token = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    for wrong in (token, token[:-2] + "!", "\u00e4", "AAAA", "[" * 100_000):
        with pytest.raises(InvalidRequest, match="page_token: not the next_page_token of a list of sessions"):
            api_json.session_place(wrong)


def test_counts() -> None:
    async def main() -> None:
        async with http_serving() as served:
            await keep(served, *EVENTS, Event(event_id="5", type=EventType(77), tenant_id="acme"))
            whole = await answer(served, "/api/stats")
            assert whole == {
                "events": 5,
                "sessions": 3,
                "by_type": {"UNSPECIFIED": 2, "SESSION_START": 1, "ERROR": 1, "77": 1},
                "mean_session_ms": pytest.approx(1000 / 3),
                "conflicts": 0,
                "rejected": 0,
            }
            assert (await answer(served, "/api/stats", agent_id="x", types=["ERROR", "SESSION_START"]))["events"] == 1
            assert "text_query" in await refusal(served, "/api/stats", 400, text_query="needle")

    run(main())


def test_a_tail_tells_what_arrives_as_it_comes() -> None:
    async def main() -> None:
        async with http_serving() as served:
            await keep(served, *EVENTS)
            begun = await answer(served, "/api/tail")
            assert (begun["events"], begun["more"]) == ([], False)
            at_once = await answer(served, "/api/tail", cursor=begun["cursor"], wait="0")
            assert at_once["events"] == []
            waiting = asyncio.ensure_future(answer(served, "/api/tail", cursor=at_once["cursor"]))
            await until(lambda: bool(served.service._tailing._waiting))
            assert not waiting.done()
            await keep(served, of_session(6, "s", 0), of_session(7, "s", 0))
            told = await waiting
            assert names(told) == ["6", "7"]
            await keep(served, of_session(8, "s", 0))
            assert names(await answer(served, "/api/tail", cursor=told["cursor"])) == ["8"]
            two = await answer(served, "/api/tail", cursor=begun["cursor"], page_size=2)
            assert (names(two), two["more"]) == (["6", "7"], True)
            other = await answer(served, "/api/tail", session_id="other")
            await keep(served, of_session(9, "s", 0), of_session(10, "other", 0))
            cursor = other["cursor"]
            assert names(await answer(served, "/api/tail", session_id="other", cursor=cursor)) == ["10"]
            assert "cursor: not the cursor" in await refusal(served, "/api/tail", 400, cursor=cursor)

    run(main())


def test_events_may_be_had_as_they_were_sent() -> None:
    """Also what has no JSON: a NaN, a type that has no name yet, fields of a newer schema."""
    odd = Event.parse(bytes(Event(event_id="odd", session_id="s", metadata={"x": float("nan")})) + b"\xfa\x7f\x01x")
    numbered = Event(event_id="numbered", session_id="s", type=EventType(99))

    async def main() -> None:
        async with http_serving() as served:

            async def page(path: str, accept: str = "application/x-protobuf", **given: Any) -> QueryResponse:
                found = await served.client.get(path, params=given, headers={"Accept": accept})
                assert (found.status_code, found.headers["content-type"]) == (200, "application/x-protobuf")
                assert found.headers["cache-control"] == "no-store"
                response = QueryEventsResponse.parse(found.content).response
                return response or QueryResponse()

            cursor = (await page("/api/tail")).next_page_token
            await keep(served, odd, numbered)
            for path in ("/api/events", "/api/sessions/s/events"):
                first = await page(path, page_size=1, order_by_time="ASC")
                token = first.next_page_token
                second = await page(
                    path, "text/plain, application/protobuf;q=0.5", page_token=token, order_by_time="ASC"
                )
                assert [bytes(each) for each in first.events + second.events] == [bytes(odd), bytes(numbered)]
                assert second.next_page_token == ""
            assert (await page("/api/events", types="99")).events == [numbered]
            arrived = await page("/api/tail", cursor=cursor)
            assert [bytes(each) for each in arrived.events] == [bytes(odd), bytes(numbered)]
            assert not (await page("/api/tail", cursor=arrived.next_page_token, wait="0")).events
            # Whoever takes anything, such as a browser, is answered in JSON.
            found = await served.client.get("/api/events", headers={"Accept": "text/html,*/*;q=0.8"})
            assert found.headers["content-type"] == "application/json"
            assert "types[0]: 2147483648 is out of range" in await refusal(served, "/api/events", 400, types=str(2**31))

    run(main())


def test_those_who_wait_are_bounded_and_let_go() -> None:
    async def authenticate(authorization: str | None, *_: object) -> Caller:
        return Caller(authorization or "")

    async def main() -> None:
        async with http_serving(authenticate=authenticate) as served:

            async def tail(key: str) -> httpx.Response:
                parameters = {"cursor": cursor, "wait": "30"}
                return await served.client.get("/api/tail", params=parameters, headers={"Authorization": key})

            cursor = (await answer(served, "/api/tail"))["cursor"]
            service = served.service
            waiting = [asyncio.ensure_future(tail("a")) for _ in range(MAX_FOLLOWERS_PER_KEY)]
            await until(lambda: service._tailing._waiting["a"] == MAX_FOLLOWERS_PER_KEY)
            refused = await tail("a")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            another = asyncio.ensure_future(tail("b"))
            await until(lambda: service._tailing._waiting["b"] == 1)
            waiting.pop().cancel()  # who goes away makes room
            await until(lambda: service._tailing._waiting["a"] == MAX_FOLLOWERS_PER_KEY - 1)
            await keep(served, of_session(1, "s", 0), caller=ANYONE)
            assert {names(found.json())[0] for found in await asyncio.gather(*waiting, another)} == {"1"}
            await until(lambda: not service._tailing._waiting)

    run(main())


def test_a_collector_that_stops_waits_for_no_tail() -> None:
    async def main() -> None:
        async with http_serving() as served:
            cursor = (await answer(served, "/api/tail"))["cursor"]
            waiting = asyncio.ensure_future(answer(served, "/api/tail", cursor=cursor, wait=30))
            await until(lambda: bool(served.service._tailing._waiting))
            began = time.monotonic()
            await served.server.stop(HANG)
            assert (await waiting)["events"] == []
            assert time.monotonic() - began < MAX_WAIT / 2, "it did not sit it out"
            await served.server.start("127.0.0.1", 0)  # which the end of the block stops

    run(main())


def test_a_search_for_text_without_an_index_says_so() -> None:
    async def main() -> None:
        async with http_serving() as served:
            many = [of_session(number, "s", number) for number in range(2 * TEXT_SCAN_EVENTS)]
            await keep(served, of_session(-1, "s", -1, metadata={"text": "needle"}), *many)
            assert (await answer(served, "/api/events"))["scanned"] == 0
            first = await answer(served, "/api/events", text_query="needle")
            assert (first["events"], first["scanned"]) == ([], TEXT_SCAN_EVENTS + 1)
            assert first["next_page_token"]
            asked = {"filter": {"text_query": "needle"}}
            for form in (JSON, PROTOJSON):
                body = json.dumps(asked if form is JSON else {"query": {"filter": {"textQuery": "needle"}}})
                found = await served.post("/v1/query", body, form)
                assert found.headers["chaukas-scanned"] == f"{TEXT_SCAN_EVENTS + 1}"
            assert "chaukas-scanned" not in (await served.post("/v1/query", "{}", JSON)).headers

    run(main())
