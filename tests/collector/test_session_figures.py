"""What sessions came to: ``GET /api/figures``."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from chaukas_spec_lite import CostDetails, Event, EventType, LLMInvocation, MessageContent
from chaukas_spec_lite.collector import session_figures
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.receipts import Shape
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.wire.envelopes import batch_request
from tests.collector.doors.http_serving import Served, http_serving
from tests.patience import run

ACME, OTHER = Caller("acme", Tenancy("acme")), Caller("other", Tenancy("other"))


def call(number: int, session: str, agent: str, tokens: int, cost: float) -> Event:
    return Event(
        event_id=f"{session}{number}",
        session_id=session,
        type=EventType.MODEL_INVOCATION_END,
        agent_name=agent,
        llm_invocation=LLMInvocation(total_tokens=tokens),
        cost=CostDetails(total_cost=cost, currency="USD"),
    )


async def asked(served: Served, *ids: str, **more: str) -> Any:
    found = await served.client.get("/api/figures", params={"session_id": list(ids), **more})
    return found.json() if found.status_code == 200 else (found.status_code, found.json()["detail"])


async def keep(served: Served, caller: Caller, *events: Event) -> None:
    await served.service.ingest(batch_request(b"", map(bytes, events)), Shape.BATCH, caller)


def test_sessions_are_summed_up() -> None:
    async def main() -> None:
        async with http_serving() as served:
            mine = [call(0, "s", "triage", 10, 0.25), call(1, "s", "writer", 5, 0.5), call(0, "t", "triage", 1, 0.125)]
            await keep(served, ACME, *mine)
            await keep(served, OTHER, call(0, "s", "theirs", 7, 0.0))
            found = await asked(served, "s", "nobody's", "t", "s", tenant_id="acme")
            assert found == {
                "figures": [
                    {
                        "session_id": session,
                        "name": "",
                        "input": "",
                        "agents": agents,
                        "agents_by_id": {},
                        "model_calls": calls,
                        "tokens": tokens,
                        "cost": cost,
                        "whole": True,
                    }
                    for session, agents, calls, tokens, cost in (
                        ("s", ["triage", "writer"], 2, 15, {"USD": 0.75}),
                        ("nobody's", [], 0, 0, {}),
                        ("t", ["triage"], 1, 1, {"USD": 0.125}),
                    )
                ],
                "left": [],
            }
            everybody = (await asked(served, "s"))["figures"]
            assert [each["agents"] for each in everybody] == [["triage", "writer", "theirs"]]
            assert await asked(served) == (400, "session_id: given 0 times; 1 to 50 are allowed")
            assert (await asked(served, *map(str, range(51))))[0] == 400

    run(main())


def test_the_ids_of_agents_are_told_with_their_names() -> None:
    given = [("a-1", ""), ("a-1", "triage"), ("a-1", ""), ("x" * 301, "nobody's"), ("", "no id"), ("a-2", "")]
    events = [
        Event(event_id=f"{number}", session_id="s", type=EventType.SYSTEM, agent_id=agent, agent_name=name)
        for number, (agent, name) in enumerate(given)
    ]

    async def main() -> None:
        async with http_serving() as served:
            await keep(served, ACME, *events)
            assert (await asked(served, "s"))["figures"][0]["agents_by_id"] == {"a-1": "triage", "a-2": ""}

    run(main())


def test_what_was_said_first_is_told_and_cut() -> None:
    def said(number: int, text: str) -> Event:
        message = MessageContent(role="user", text=text)
        at = datetime(2026, 11, 29, 12, 0, number, tzinfo=timezone.utc)
        return Event(event_id=f"{number}", session_id="s", type=EventType.INPUT_RECEIVED, timestamp=at, message=message)

    async def main() -> None:
        async with http_serving() as served:
            await keep(served, ACME, said(2, "And now?"), said(1, "Where is my order? " + "x" * 1_000_000), said(0, ""))
            assert (await asked(served, "s"))["figures"][0]["input"] == "Where is my order? " + "x" * 281

    run(main())


def test_the_name_of_an_agent_is_cut_where_lists_show_it() -> None:
    async def main() -> None:
        async with http_serving() as served:
            await keep(served, ACME, call(0, "s", "x" * 1_000_000, 1, 0.0))
            assert (await asked(served, "s"))["figures"][0]["agents"] == ["x" * 300]

    run(main())


def test_a_request_reads_so_much_and_says_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_figures, "MAX_PAGE_SIZE", 2)
    monkeypatch.setattr(session_figures, "MAX_EVENTS", 6)
    monkeypatch.setattr(session_figures, "MAX_PAGES", 3)

    async def main() -> None:
        async with http_serving() as served:
            for session, events in (("small", 1), ("middle", 5), ("large", 9)):
                await keep(served, ACME, *(call(number, session, "a", 1, 0.0) for number in range(events)))
            left, told = ["small", "middle", "large"], list[Any]()
            while left:
                answer = await asked(served, *left)
                left = answer["left"]
                told.append([(each["session_id"], each["tokens"], each["whole"]) for each in answer["figures"]])
            assert told == [[("small", 1, True)], [("middle", 5, True)], [("large", 6, False)]]

    run(main())
