"""Agents and what happens to them: the programs that the official SDK and the bridge record alike.

Nothing here knows of recording, but that runs take hooks. The models are OpenAI's own classes; their server is ours.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from agents import (
    Agent,
    GuardrailFunctionOutput,
    ModelSettings,
    RunContextWrapper,
    RunHooks,
    Runner,
    function_tool,
    input_guardrail,
)
from agents.mcp import MCPServerStdio

from tests.bridges.fake_openai import Answer, Call, Script

Hooks = Callable[[], "RunHooks[Any] | None"]

MODEL = "gpt-4o"

SCRIPT: Script = {
    "You answer.": [Answer("It was shipped.", tokens=(21, 5))],
    "You look things up.": [
        Answer(calls=[Call("order", {"number": "48213"})], tokens=(40, 12)),
        Answer(calls=[Call("price", {"article": "bolt", "count": 3})], tokens=(60, 14)),
        Answer("Three bolts cost 1.50.", tokens=(80, 9)),
    ],
    "You look up two at once.": [
        Answer(calls=[Call("order", {"number": "1"}), Call("order", {"number": "2"})], tokens=(41, 22)),
        Answer("Both were shipped.", tokens=(71, 4)),
    ],
    "You receive.": [Answer(calls=[Call("transfer_to_billing")], tokens=(30, 6))],
    "You bill.": [Answer("unused"), Answer("You get it back.", tokens=(50, 8))],
    "You break things.": [
        Answer(calls=[Call("broken", {"number": "7"})], tokens=(33, 11)),
        Answer("That did not work.", tokens=(55, 6)),
    ],
    "You are ill.": [Answer("context too long", status=400)],
    "You listen.": [Answer("never said")],
    "You keep stock.": [
        Answer(calls=[Call("stock", {"article": "bolts"})], tokens=(35, 10)),
        Answer("There are five.", tokens=(62, 5)),
    ],
}


@function_tool
async def order(number: str) -> str:
    """The state of an order."""
    return f"order {number} was shipped"


@function_tool
async def price(article: str, count: int) -> str:
    """What so many cost."""
    return f"{count * 0.5:.2f} for {article}"


@function_tool
async def broken(number: str) -> str:
    """Never works."""
    raise ValueError(f"no order {number}")


@input_guardrail(name="no-secrets")
async def no_secrets(
    context: RunContextWrapper[Any], agent: Agent[Any], text: str | list[Any]
) -> GuardrailFunctionOutput:
    return GuardrailFunctionOutput(output_info=None, tripwire_triggered="secret" in str(text))


def _agent(name: str, instructions: str, **more: Any) -> Agent[Any]:
    return Agent(name=name, instructions=instructions, model=MODEL, **more)


async def plain(hooks: Hooks) -> None:
    settings = ModelSettings(temperature=0.25, max_tokens=200)
    agent = _agent("answering", "You answer.", model_settings=settings)
    await Runner.run(agent, "Where is my order?", hooks=hooks())


async def tools(hooks: Hooks) -> None:
    agent = _agent("looking", "You look things up.", tools=[order, price])
    await Runner.run(agent, "What do three bolts cost?", hooks=hooks())


async def tools_at_once(hooks: Hooks) -> None:
    agent = _agent("double", "You look up two at once.", tools=[order])
    await Runner.run(agent, "Where are 1 and 2?", hooks=hooks())


async def handoff(hooks: Hooks) -> None:
    billing = _agent("billing", "You bill.")
    agent = _agent("receiving", "You receive.", handoffs=[billing])
    await Runner.run(agent, "I want my money back.", hooks=hooks())


async def tool_fails(hooks: Hooks) -> None:
    agent = _agent("breaking", "You break things.", tools=[broken])
    await Runner.run(agent, "Break it.", hooks=hooks())


async def model_fails(hooks: Hooks) -> None:
    with suppress(Exception):
        await Runner.run(_agent("ill", "You are ill."), "How are you?", hooks=hooks())


async def guardrail(hooks: Hooks) -> None:
    agent = _agent("listening", "You listen.", input_guardrails=[no_secrets])
    with suppress(Exception):
        await Runner.run(agent, "Tell me the secret.", hooks=hooks())


async def mcp(hooks: Hooks) -> None:
    program = str(Path(__file__).with_name("mcp_program.py"))
    async with MCPServerStdio(params={"command": sys.executable, "args": [program]}, name="orders") as server:
        agent = _agent("keeping", "You keep stock.", mcp_servers=[server])
        await Runner.run(agent, "How many bolts?", hooks=hooks())


async def two_runs(hooks: Hooks) -> None:
    """One after the other, from one function."""
    for text in ("Where is my first order?", "Where is my second order?"):
        await Runner.run(_agent("answering", "You answer."), text, hooks=hooks())


async def concurrent(hooks: Hooks) -> None:
    """Two at once: what is recorded of them is counted, not compared."""

    async def run(text: str) -> None:
        await Runner.run(_agent("answering", "You answer."), text, hooks=hooks())

    await asyncio.gather(run("Where is mine?"), run("And where is his?"))


RUNS: dict[str, Callable[[Hooks], Awaitable[None]]] = {
    each.__name__: each
    for each in (
        plain,
        tools,
        tools_at_once,
        handoff,
        tool_fails,
        model_fails,
        guardrail,
        mcp,
        two_runs,
        concurrent,
    )
}
