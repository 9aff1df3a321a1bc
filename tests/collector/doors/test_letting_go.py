"""What was gathered for an answer is let go of some at a time, and not all at once while everything else waits."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from chaukas_spec_lite import EventType
from chaukas_spec_lite.collector import gathering
from chaukas_spec_lite.collector.callers import ANYONE
from chaukas_spec_lite.collector.doors import http_api
from chaukas_spec_lite.collector.gathering import Answered, Gathered
from tests.collector.doors.http_serving import Served, http_serving
from tests.collector.doors.test_http_trees import event, got
from tests.patience import HANG, run, until

EVENTS = 3000
ASKED: list[tuple[str, dict[str, str]]] = [
    ("sessions/s%2F1/spans", {}),
    ("series", {}),
    ("compare", {"a": "s/1", "b": "s/1"}),
]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Gathered]:
    """All that is gathered from now on, which is here to the end of the test."""
    kept: list[Gathered] = []
    gather_into = gathering.gather_into

    async def noted(gathered: Any, *rest: Any) -> Any:
        kept.append(gathered)
        return await gather_into(gathered, *rest)

    monkeypatch.setattr(gathering, "gather_into", noted)
    monkeypatch.setattr(http_api, "gather_into", noted)
    monkeypatch.setattr(gathering, "DROPPED", 100)
    return kept


async def filled(served: Served) -> None:
    events = [bytes(event(f"{number}", EventType.SYSTEM, f"span {number}")) for number in range(EVENTS)]
    await served.service.ingest_events(events, ANYONE)


def in_all(kept: list[Gathered]) -> int:
    """How much is kept of events, in all."""
    more = [each.answers for each in kept if isinstance(each, Answered)]
    return sum(len(part) for each in kept for part in (each.moments, each.details)) + sum(map(len, more))


async def watched(kept: list[Gathered], steps: list[int]) -> None:
    """Note by how much what is kept gets less, in each turn of the event loop."""
    before = 0
    while True:
        now = in_all(kept)
        if now < before:
            steps.append(before - now)
        before = now
        await asyncio.sleep(0)


@pytest.mark.parametrize(("path", "given"), ASKED)
def test_what_was_gathered_is_let_go_of_some_at_a_time(kept: list[Gathered], path: str, given: dict[str, str]) -> None:
    async def main() -> None:
        async with http_serving() as served:
            await filled(served)
            steps: list[int] = []
            watching = asyncio.ensure_future(watched(kept, steps))
            await got(served, f"/api/{path}", **given)
            await until(lambda: in_all(kept) == 0)
            watching.cancel()
            assert sum(steps) >= 2 * EVENTS
            assert max(steps) <= 4 * gathering.DROPPED

    run(main())


@pytest.mark.parametrize(
    ("path", "held", "where", "sessions"),
    [
        pytest.param("sessions/s%2F1/spans", "add", Gathered, 1, id="while it is read"),
        pytest.param("sessions/s%2F1/spans", "spans", http_api.trees_json, 1, id="while it is written"),
        pytest.param("compare?a=s%2F1&b=s%2F1", "add", Gathered, 2, id="while another session is read"),
    ],
)
def test_it_is_let_go_of_where_nobody_waits_for_it_any_more(
    kept: list[Gathered], monkeypatch: pytest.MonkeyPatch, path: str, held: str, where: Any, sessions: int
) -> None:
    release, begun = threading.Event(), list[int]()
    does = getattr(where, held)

    def slow(*given: Any) -> Any:
        found = does(*given)
        if len(kept) == sessions:
            begun.append(1)
            release.wait(HANG)
        return found

    monkeypatch.setattr(where, held, slow)

    async def main() -> None:
        async with http_serving() as served:
            await filled(served)
            _, writer = await served.connect()
            writer.write(f"GET /api/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            await until(lambda: bool(begun))
            assert in_all(kept) > 0
            steps: list[int] = []
            watching = asyncio.ensure_future(watched(kept, steps))
            writer.close()
            await until(lambda: served.server.connections == 0)
            release.set()
            await until(lambda: in_all(kept) == 0)
            watching.cancel()
            assert max(steps) <= 4 * gathering.DROPPED

    run(main())
