"""What sessions and events come to: the same whoever counts, and as few events are read as will do."""

from __future__ import annotations

import asyncio
import json
import random
import urllib.request
from collections.abc import AsyncGenerator, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import ChaukasClient, Event, EventStatus, EventType, LLMInvocation, QueryResponse
from chaukas_spec_lite.cli import session_list
from chaukas_spec_lite.cli.grpc_source import CollectorSource
from chaukas_spec_lite.cli.http_source import HttpSource
from chaukas_spec_lite.cli.totals import EventTotals, totals
from chaukas_spec_lite.cli.wanted import Wanted
from chaukas_spec_lite.collector import session_figures
from chaukas_spec_lite.spec.common.v1.events import CostDetails
from chaukas_spec_lite.wire.envelopes import batch_request
from tests.cli.collectors import faulty
from tests.cli.recordings import here, written
from tests.cli.serving import serving
from tests.patience import HANG

START = datetime(2026, 11, 29, tzinfo=timezone.utc)
LONG = session_figures.MAX_EVENTS + 5
TYPES = [EventType.ERROR, EventType.MODEL_INVOCATION_END, EventType.TOOL_CALL_END, EventType(99), EventType.AGENT_START]


def events() -> list[Event]:
    chance = random.Random(7)
    made = [Event(event_id=f"long {n}", session_id="long", tenant_id="a", project_id="p") for n in range(LONG)]
    for number in range(400):
        type_ = chance.choice(TYPES)
        made.append(
            Event(
                event_id=f"{number}",
                # Each at a time of its own: of sessions that end at one instant, ids tell the order.
                timestamp=None if number % 9 == 0 else START + timedelta(microseconds=997 * number),
                tenant_id=chance.choice(("", "a", "b")),
                project_id=chance.choice(("", "p")),
                session_id=chance.choice(("", *(f"s{each}" for each in range(60)))),
                type=type_,
                status=chance.choice((EventStatus.FAILED, EventStatus.COMPLETED, EventStatus.UNSPECIFIED)),
                agent_id=chance.choice("xyz"),
                agent_name=chance.choice(("", "planner")),
                llm_invocation=LLMInvocation(model="m", total_tokens=number),
                cost=CostDetails(currency="usd", total_cost=chance.random()),
            )
        )
    return made


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[list[str]]]]:
    folder, every = tmp_path_factory.mktemp("sums"), events()
    (folder / "events.delim").write_bytes(written(every, "delim"))
    with serving(folder, "--store", "events.db", "--http", "127.0.0.1:0") as served:
        url = served.clients["CHAUKAS_ENDPOINT"]
        # As they are: a client would add the time to those that have none.
        form = {"Content-Type": "application/x-protobuf"}
        request = urllib.request.Request(f"{url}/events/batch", batch_request(b"", map(bytes, every)), form)
        urllib.request.urlopen(request, timeout=HANG).close()
        by_http = ["--endpoint", url]
        yield folder, [by_http, ["--store", "events.db"], ["--endpoint", served.grpc], ["events.delim"]]


def everywhere(places: tuple[Path, list[list[str]]], *arguments: str) -> Any:
    folder, named = places
    done = [here(folder, *arguments, "--format", "json", *place) for place in named]
    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * len(done)
    found = [json.loads(each.stdout) for each in done]
    for each in found[1:]:
        assert each == found[0], [one["events"] if isinstance(one, dict) else len(one) for one in found]
    return found[0]


@pytest.mark.parametrize(
    "asked",
    [[], ["--limit", "3"], ["--limit", "0"], ["--tenant", "a", "--project", "p"], ["--agent", "x"], ["--tenant", "b"]],
    ids=" ".join,
)
def test_sessions_come_to_the_same_whoever_sums_up(places: tuple[Path, list[list[str]]], asked: list[str]) -> None:
    found = everywhere(places, "sessions", *asked)
    if not asked:
        assert len(found) > 200
        assert next(each for each in found if each["session_id"] == "long")["events"] == LONG
        assert len({each["tenant_id"] for each in found}) == 3


@pytest.mark.parametrize(
    "asked",
    [
        [],
        ["--limit", "2"],
        ["--type", "ERROR", "--type", "99"],
        ["--status", "FAILED"],
        ["--status", "COMPLETED"],
        ["--agent", "x", "--since", "2026-11-29T00:00:00.1Z"],
        ["--tenant", "nobody"],
        ["--tenant", "a", "--project", "p", "--since", "2026-11-29", "--until", "2026-11-29T00:00:00.2Z"],
        ["--text", "planner"],
    ],
    ids=" ".join,
)
def test_totals_are_those_of_the_whole_report(places: tuple[Path, list[list[str]]], asked: list[str]) -> None:
    brief = everywhere(places, "stats", "--totals", *asked)
    whole = everywhere(places, "stats", *asked)
    assert brief == {name: whole[name] for name in brief}
    assert list(brief["by_type"]) == list(whole["by_type"])


def test_totals_are_drawn(places: tuple[Path, list[list[str]]]) -> None:
    folder, named = places
    texts = {here(folder, "stats", "--totals", "--limit", "1", *place).stdout for place in named}
    (text,) = texts
    head, errors, _, columns, first = text.splitlines()
    assert head.startswith(f"{LONG + 400:,} events in ")
    assert errors.endswith(") with errors")
    assert (columns.split(), first.split()[0]) == (["TYPE", "EVENTS"], "UNSPECIFIED")


def test_no_event_is_read_for_what_is_counted_anyway(
    places: tuple[Path, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, (by_http, *_) = places
    asked: list[str] = []
    ask = HttpSource.object

    async def noted(self: HttpSource, path: str, parameters: Any) -> dict[str, Any]:
        asked.append(path)
        return await ask(self, path, parameters)

    async def page(self: HttpSource, path: str, parameters: Any) -> Any:
        asked.append(path)
        raise AssertionError("events were asked for")

    monkeypatch.setattr(HttpSource, "object", noted)
    monkeypatch.setattr(HttpSource, "_page", page)
    assert here(folder, "stats", "--totals", *by_http).returncode == 0
    assert asked == ["/api/stats"] * 2
    asked.clear()
    monkeypatch.setattr(session_list, "_PAGE", 2)
    # With a tenant and a project, or those of others with the same id might be counted.
    done = here(folder, "sessions", "--limit", "3", *by_http, "--tenant", "a", "--project", "p")
    assert (done.returncode, done.stderr) == (0, "")
    assert asked == ["/api/sessions", "/api/figures"] * 2


def test_by_grpc_no_event_is_read_but_those_that_failed(
    places: tuple[Path, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, (_, _, by_grpc, _) = places
    asked: list[Any] = []
    find = ChaukasClient.query_events

    def noted(self: ChaukasClient, **query: Any) -> AsyncGenerator[Event, None]:
        asked.append(query["statuses"])
        return find(self, **query)

    monkeypatch.setattr(ChaukasClient, "query_events", noted)
    assert here(folder, "stats", "--totals", *by_grpc, "--since", "2026-11-29").returncode == 0
    assert asked == [[EventStatus.FAILED]]
    # It has no counts of any other condition.
    assert here(folder, "stats", "--totals", *by_grpc, "--agent", "x").returncode == 0
    assert asked[1:] == [[]]


def test_events_are_counted_one_by_one_where_a_server_does_not_count() -> None:
    def answer(sent: list[Event], token: str) -> QueryResponse:
        return QueryResponse(events=[Event(event_id="1", type=EventType.ERROR), Event(event_id="2", session_id="s")])

    async def counted() -> EventTotals:
        async with faulty(answer) as server, ChaukasClient(f"127.0.0.1:{server.port}", environ={}) as client:
            return await totals(CollectorSource(client), Wanted())

    found = asyncio.run(counted())
    assert (found.events, found.sessions, found.errors) == (2, 1, 1)
