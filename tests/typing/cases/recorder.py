"""Recording: decorated functions keep their types, and spans have the methods of their kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from typing_extensions import assert_type

from chaukas_spec_lite import Event, Recorder, Severity


class Sink:
    def emit(self, event: Event) -> None: ...


recorder = Recorder(Sink(), project_id="support-bot", tags=["env:prod"], before_send=lambda event: event)


@recorder.tool
def bare(order: str, *, limit: int = 3) -> dict[str, int]:
    return {order: limit}


@recorder.tool("named", capture=["order"])
def named(order: str) -> int:
    return len(order)


@recorder.agent("triage", role="assistant")
async def triage(question: str) -> str:
    return question


@recorder.agent
def numbers(count: int) -> Iterator[int]:
    yield from range(count)


@recorder.model("openai", "gpt-4o")
async def stream(prompt: str) -> AsyncIterator[str]:
    yield prompt


@recorder.mcp("files", "tools/call")
def call(path: str) -> bytes:
    return path.encode()


@recorder.session
def run() -> None: ...


class Shop:
    @recorder.tool
    def method(self, order: str) -> int:
        return len(order)

    @recorder.tool
    @classmethod
    def above(cls, order: str) -> int:
        return len(order)

    @classmethod
    @recorder.tool("below")
    def below(cls, order: str) -> int:
        return len(order)

    @recorder.tool("static")
    @staticmethod
    def static(order: str) -> int:
        return len(order)

    @recorder.session
    @classmethod
    def runs(cls, order: str) -> int:
        return len(order)

    @recorder.agent
    async def waits(self, order: str) -> int:
        return len(order)


assert_type(bare("1", limit=2), dict[str, int])
assert_type(named("1"), int)
assert_type(list(numbers(2)), list[int])
assert_type(call("/a"), bytes)
run()
shop = Shop()
assert_type(shop.method("1"), int)
assert_type(Shop.above("1"), int)
assert_type(shop.above("1"), int)
assert_type(Shop.below("1"), int)
assert_type(shop.static("1"), int)
assert_type(Shop.runs("1"), int)


async def main() -> None:
    assert_type(await triage("why"), str)
    assert_type(await shop.waits("1"), int)
    async for part in stream("why"):
        assert_type(part, str)
    async with recorder.session("run", tags=["a"]) as session, recorder.model("openai", "gpt-4o") as model:
        assert_type(session.session_id, str)
        model.chunk("part")
        model.response({"content": "x"}, prompt_tokens=3, cost=0.5)
    assert_type(await asyncio.to_thread(recorder.wrap(named), "1"), int)


asyncio.run(main())

with recorder.session(metadata={"user": "u-17"}) as session, recorder.agent("a") as agent:
    session.input("hello")
    agent.result([1, 2])
    with recorder.tool("search", arguments={"order": "1"}) as tool, recorder.mcp("files", "read") as mcp:
        tool.result({"a": 1}, http_status=200)
        mcp.response("x")
        tool.set({"k": 1}, more=2)
    recorder.error(ValueError("x"), recoverable=True)
    recorder.retry(1, backoff_ms=500, reason="429")
    recorder.policy("p", "allow", rules=("r",))
    recorder.data_access("db", documents=["d"], pii_categories={"EMAIL"})
    recorder.state({"a": 1}, b=2)
    recorder.handoff("billing", from_="triage", data={"a": 1})
    recorder.system("x", severity=Severity.DEBUG)
    agent.fail("no")
assert_type(recorder.enabled, bool)
assert_type(recorder.stats().recorded, int)
started: Any = recorder.agent("by hand").start()
with recorder.under(started):
    pass
started.end()
