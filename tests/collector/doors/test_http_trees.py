"""The calls under ``/api`` that are made of many events: trees of spans, series over time, an event by its id."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import CostDetails, ErrorInfo, Event, EventStatus, EventType, LLMInvocation
from chaukas_spec_lite.collector import gathering
from chaukas_spec_lite.collector.callers import ANYONE
from chaukas_spec_lite.collector.doors import http_api, http_turns
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from tests import realdata
from tests.collector.doors.http_serving import Served, http_serving
from tests.patience import HANG, run, until

WHEN = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    if request.param == "memory":
        return lambda: MemoryStore(texts=searched_text)
    return lambda: SQLiteStore(tmp_path / "events.db", texts=searched_text)


def event(event_id: str, type_: EventType, span: str, parent: str = "", after: float = 0.0, **more: Any) -> Event:
    given = {"session_id": "s/1", "agent_name": "planner", "timestamp": WHEN + timedelta(seconds=after)} | more
    return Event(event_id=event_id, type=type_, span_id=span, parent_span_id=parent, **given)


def model_end(event_id: str, span: str, after: float, **more: Any) -> Event:
    llm = LLMInvocation(prompt_tokens=30, completion_tokens=12)
    cost = CostDetails(total_cost=0.25, currency="usd")
    return event(event_id, EventType.MODEL_INVOCATION_END, span, "agent", after, llm_invocation=llm, cost=cost, **more)


RUN = [
    event("1", EventType.AGENT_START, "agent", "never recorded"),
    event("2", EventType.MODEL_INVOCATION_START, "call", "agent", 1, llm_invocation=LLMInvocation(model="gpt-4o")),
    model_end("3", "call", 3.5),
    event("4", EventType.TOOL_CALL_START, "tool", "agent", 4),
    event("5", EventType.ERROR, "tool", "agent", 5, error=ErrorInfo(error_message="no such order")),
    event("6", EventType.AGENT_END, "agent", "", 90, status=EventStatus.CANCELLED),
]


async def got(served: Served, path: str, **parameters: Any) -> dict[str, Any]:
    found = await served.client.get(path, params=parameters)
    assert found.status_code == 200, found.text
    answer: dict[str, Any] = found.json()
    return answer


async def refused(served: Served, path: str, **parameters: Any) -> str:
    found = await served.client.get(path, params=parameters)
    assert found.status_code == 400, found.text
    return str(found.json()["detail"])


def test_the_spans_of_a_session_come_in_the_order_of_their_tree(make: Callable[[], Any]) -> None:
    async def main() -> None:
        async with http_serving(make=make) as served:
            await served.service.ingest_events(map(bytes, [*RUN, Event(event_id="7", session_id="another")]), ANYONE)
            found = await got(served, "/api/sessions/s%2F1/spans")
        agent, call, tool, error = found["spans"]
        assert agent == {
            "id": "agent",
            "span_id": "agent",
            "parent": "",
            "depth": 0,
            "kind": "agent",
            "name": "planner",
            "agent": "planner",
            "model": "",
            "start": "2026-11-29T12:00:00Z",
            "duration_ms": 90_000.0,
            "status": "cancelled",
            "error": None,
            "tokens": None,
            "cost": None,
            "events": ["1", "6"],
            "marks": ["orphan"],
        }
        assert (call["parent"], call["depth"], call["model"], call["duration_ms"]) == ("agent", 1, "gpt-4o", 2500.0)
        assert call["tokens"] == {"prompt": 30, "completion": 12, "total": 42}
        assert call["cost"] == {"USD": 0.25}
        assert (tool["id"], tool["status"], tool["marks"], tool["duration_ms"]) == ("tool", "open", ["no_end"], None)
        # A point with the id of a span is inside of it, and has another id all the same.
        assert (error["id"], error["span_id"], error["parent"]) == ("5", "tool", "tool")
        assert (error["status"], error["error"]) == ("failed", "no such order")
        assert (found["truncated"], found["agents"]) == (False, ["planner"])
        assert (found["start"], found["end"]) == ("2026-11-29T12:00:00Z", "2026-11-29T12:01:30Z")
        assert found["totals"]["events"] == 6
        assert found["totals"]["cost"] == {"USD": 0.25}

    run(main())


def test_what_was_recorded_has_each_of_its_events_in_one_span(make: Callable[[], Any]) -> None:
    events = realdata.events("pypi-crewai-sync")
    sent: dict[str, set[str]] = {}
    for each in map(Event.parse, events):
        sent.setdefault(each.session_id, set()).add(each.event_id)

    async def main() -> None:
        async with http_serving(make=make) as served:
            await served.service.ingest_events(events, ANYONE)
            for session, expected in sent.items():
                found = (await got(served, f"/api/sessions/{session}/spans"))["spans"]
                told = [event_id for each in found for event_id in each["events"]]
                assert sorted(told) == sorted(expected)
                before: set[str] = {""}
                for each in found:
                    assert each["parent"] in before
                    assert each["id"] not in before
                    before.add(each["id"])

    run(main())


def test_a_session_that_is_too_long_is_cut_and_says_so(
    make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_api, "MAX_EVENTS", 3)

    async def main() -> None:
        async with http_serving(make=make) as served:
            await served.service.ingest_events(map(bytes, RUN), ANYONE)
            found = await got(served, "/api/sessions/s%2F1/spans")
            assert (found["truncated"], found["totals"]["events"]) == (True, 3)

    run(main())


def run_of(session: str, *events: Event) -> list[bytes]:
    """The events as another session has them."""
    return [bytes(replace(each, session_id=session, event_id=f"{session}-{each.event_id}")) for each in events]


def test_two_sessions_are_compared_span_by_span(make: Callable[[], Any]) -> None:
    said = {"llm_invocation": LLMInvocation(response={"content": "No."}), "cost": None}
    later = [
        *RUN[:2],
        replace(model_end("3", "call", 6), **said),
        event("8", EventType.DATA_ACCESS, "read", "agent", 7),
        RUN[5],
    ]

    async def main() -> None:
        async with http_serving(make=make) as served:
            events = run_of("old", *RUN) + run_of("new", *later)
            await served.service.ingest_events(events, ANYONE)
            found = await got(served, "/api/compare", a="old", b="new")
            told = [
                (each["depth"], each["ways"], (each["after"] or each["before"])["id"], each["answers"])
                for each in found["pairs"]
            ]
            assert told == [
                (0, [], "agent", None),
                (1, ["slower", "cheaper", "answered differently"], "call", ["", '{"content": "No."}']),
                (1, ["added"], "read", None),
                (1, ["gone"], "tool", None),
            ]
            assert (found["spans"], found["truncated"]) == (2, False)
            assert found["ways"] == dict.fromkeys(sorted(each for _, ways, *_ in told for each in ways), 1)
            assert (found["pairs"][1]["before"]["cost"], found["pairs"][1]["after"]["cost"]) == ({"USD": 0.25}, None)
            assert (found["before"]["totals"]["spans"], found["after"]["totals"]["spans"]) == (4, 3)
            same = await got(served, "/api/compare", a="old", b="old")
            assert (same["ways"], same["spans"], len(same["pairs"])) == ({}, 4, 4)
            alone = await got(served, "/api/compare", a="old", b="nobody's")
            assert [each["ways"] for each in alone["pairs"]] == [["gone"]]
            assert "b: no session" in await refused(served, "/api/compare", a="old")

    run(main())


def test_an_event_is_found_by_its_id(make: Callable[[], Any]) -> None:
    async def main() -> None:
        async with http_serving(make=make) as served:
            await served.service.ingest_events(map(bytes, RUN), ANYONE)
            for where in ({"session_id": "s/1"}, {"session_id": "s/1", "span_id": "call"}):
                (found,) = (await got(served, "/api/event", event_id="3", **where))["events"]
                assert (found["event_id"], found["type"]) == ("3", "MODEL_INVOCATION_END")
            assert await got(served, "/api/event", event_id="3", session_id="s/1", span_id="tool") == {"events": []}
            assert "session_id" in await refused(served, "/api/event", event_id="3")
            assert "event_id" in await refused(served, "/api/event", session_id="s/1")

    run(main())


def test_a_series_says_what_happened_when(make: Callable[[], Any]) -> None:
    async def main() -> None:
        async with http_serving(make=make) as served:
            await served.service.ingest_events(map(bytes, RUN), ANYONE)
            found = await got(served, "/api/series", stretches=10)
            assert (found["width"], len(found["times"])) == (30, 4)
            assert found["times"][0] == WHEN.timestamp()
            (every,) = found["series"]
            assert (every["name"], every["events"], every["errors"]) == ("", [5, 0, 0, 1], [1, 0, 0, 0])
            assert (every["calls"], every["tokens"]) == ([1, 0, 0, 0], [42, 0, 0, 0])
            assert every["cost"] == {"USD": [0.25, 0.0, 0.0, 0.0]}
            assert every["duration_ms"]["p50"] == [2500.0, None, None, None]
            # The END of a call names no model, and its START does.
            (model,) = (await got(served, "/api/series", by="model"))["series"]
            assert (model["name"], sum(model["events"]), sum(model["tokens"])) == ("gpt-4o", 2, 42)
            (agent,) = (await got(served, "/api/series", by="agent"))["series"]
            assert [each for each in agent["duration_ms"]["p99"] if each is not None] == [90_000.0]
            within = {"start": "2026-11-29T12:00:00Z", "end": "2026-11-29T12:00:10Z", "stretches": 11}
            found = await got(served, "/api/series", **within)
            assert (found["width"], len(found["times"]), found["series"][0]["events"]) == (
                1,
                10,
                [1, 1, 0, 1, 1, 1] + [0] * 4,
            )
            assert await got(served, "/api/series", session_id="none") == {
                "times": [],
                "width": 0,
                "series": [],
                "agents_by_id": {},
                "truncated": False,
            }
            assert "neither model nor agent" in await refused(served, "/api/series", by="tool")

    run(main())


def test_a_series_names_the_agents_that_can_be_asked_for(
    make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MAX_AGENTS", 2)
    agents = [
        ("a-1", ""),
        ("a-1", "planner"),
        ("a-1", ""),
        ("a" * 301, "long"),
        ("", "no id"),
        ("a-2", ""),
        ("a-3", ""),
    ]
    events = [
        event(str(number), EventType.SYSTEM, "", after=number, agent_id=agent_id, agent_name=name)
        for number, (agent_id, name) in enumerate(agents)
    ]

    async def main() -> None:
        async with http_serving(make=make) as served:
            await served.service.ingest_events(map(bytes, events), ANYONE)
            # Of so many, those of the latest events.
            assert (await got(served, "/api/series"))["agents_by_id"] == {"a-3": "", "a-2": ""}
            found = await got(served, "/api/series", agent_id="a-1")
            assert found["agents_by_id"] == {"a-1": "planner"}

    run(main())


def test_ids_that_clients_take_for_directions_have_a_path() -> None:
    paths = {".": "~.", "..": "~..", "~.": "~~.", "~~..": "~~~..", "...": "...", "%2e": "%252e", "~": "~", "~a": "~a"}
    events = [event(each, EventType.SYSTEM, each, session_id=each) for each in paths]

    async def main() -> None:
        async with http_serving() as served:
            await served.service.ingest_events(map(bytes, events), ANYONE)
            for session, path in paths.items():
                spans = (await got(served, f"/api/sessions/{path}/spans"))["spans"]
                assert [each["id"] for each in spans] == [session]
                assert len((await got(served, f"/api/sessions/{path}/events"))["events"]) == 1

    run(main())


def test_times_that_no_calendar_has_do_not_stop_a_series(make: Callable[[], Any]) -> None:
    first, last = datetime.min.replace(tzinfo=timezone.utc), datetime.max.replace(tzinfo=timezone.utc)
    events = [Event(event_id=str(at), session_id="s", timestamp=at) for at in (first, last)]

    async def main() -> None:
        async with http_serving(make=make) as served:
            await served.service.ingest_events(map(bytes, events), ANYONE)
            found = await got(served, "/api/series")
            assert (len(found["times"]) <= 61, sum(found["series"][0]["events"])) == (True, 2)

    run(main())


def held_up(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, list[int]]:
    """Have trees wait until they are released, and note each that is begun."""
    release, begun = threading.Event(), list[int]()
    write = http_api.trees_json.spans

    def slow(gathered: Any) -> dict[str, Any]:
        begun.append(1)
        release.wait(HANG)
        return write(gathered)

    monkeypatch.setattr(http_api.trees_json, "spans", slow)
    return release, begun


def test_answers_of_many_events_keep_no_other_query_waiting_and_are_not_made_for_who_has_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release, begun = held_up(monkeypatch)

    async def main() -> None:
        async with http_serving() as served:
            await served.service.ingest_events(map(bytes, RUN), ANYONE)
            waiting = asyncio.ensure_future(got(served, "/api/sessions/s%2F1/spans"))
            await until(lambda: len(begun) == 1)
            assert len((await got(served, "/api/events"))["events"]) == len(RUN)
            _, writer = await served.connect()
            writer.write(b"GET /api/sessions/s%2F1/spans HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await until(lambda: served.server.connections == 3)
            assert len((await got(served, "/api/events"))["events"]) == len(RUN)
            writer.close()
            await until(lambda: served.server.connections < 3)
            release.set()
            assert len((await waiting)["spans"]) == 4
            assert len((await got(served, "/api/sessions/s%2F1/spans"))["spans"]) == 4
            assert len(begun) == 2

    run(main())


def test_who_is_refused_a_turn_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    release, begun = held_up(monkeypatch)
    monkeypatch.setattr(http_turns, "_GATHERING_OF_ONE", 1)
    monkeypatch.setattr(http_turns, "_MAX_WAITING_OF_ONE", 0)

    async def main() -> None:
        async with http_serving() as served:
            await served.service.ingest_events(map(bytes, RUN), ANYONE)
            waiting = asyncio.ensure_future(got(served, "/api/sessions/s%2F1/spans"))
            await until(lambda: len(begun) == 1)
            refused = await served.client.get("/api/series")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            release.set()
            await waiting
            counts = (await served.client.get("/metrics")).text
            assert 'chaukas_requests_total{call="series",outcome="throttled"} 1\n' in counts
            assert 'chaukas_requests_total{call="spans",outcome="ok"} 1\n' in counts

    run(main())


def test_ids_of_any_length_do_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_KEPT", 5000)
    events = [event(f"{number}", EventType.SYSTEM, "x" * 1000, after=number) for number in range(20)]

    async def main() -> None:
        async with http_serving() as served:
            await served.service.ingest_events(map(bytes, events), ANYONE)
            monkeypatch.setattr("chaukas_spec_lite.collector.service.MAX_PAGE_SIZE", 4)
            found = await got(served, "/api/sessions/s%2F1/spans")
            assert (len(found["spans"]), found["truncated"]) == (8, True)
            series = await got(served, "/api/series")
            assert (sum(series["series"][0]["events"]), series["truncated"]) == (8, True)

    run(main())
