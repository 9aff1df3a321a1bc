"""What the HTTP door has to look at: the calls under ``/api``."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.doors.openapi_api import CALLS
from chaukas_spec_lite.collector.receipts import Shape
from chaukas_spec_lite.collector.stores.asking import EVERYBODY, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion
from chaukas_spec_lite.wire.envelopes import batch_request
from tests.collector.doors.http_serving import Served, http_serving
from tests.patience import HANG, run

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
                await served.store.delete(Deletion(Tenancy("acme"), f"of {text}", "asked for"))
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
