"""Runs of any shape: nested, at once, failing anywhere. Each START has its END, and parents are right."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from agents.tracing import (
    agent_span,
    custom_span,
    function_span,
    generation_span,
    guardrail_span,
    set_trace_processors,
    trace,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tools import StructuredTool

from chaukas_spec_lite import Event, EventStatus, Recorder
from chaukas_spec_lite.bridges.langchain import ChaukasCallbackHandler
from chaukas_spec_lite.bridges.openai_agents import ChaukasTracing
from tests.bridges.conftest import Events

pytestmark = [pytest.mark.bridges, pytest.mark.filterwarnings("default")]


@dataclass(frozen=True)
class Step:
    kind: str
    fails: bool
    at_once: bool
    """Whether what is within goes on at the same time."""
    within: Sequence[Step]

    def names(self) -> list[str]:
        return [self.kind, *(name for each in self.within for name in each.names())]


def steps(kinds: Sequence[str]) -> st.SearchStrategy[Step]:
    def step(within: st.SearchStrategy[list[Step]]) -> st.SearchStrategy[Step]:
        return st.builds(Step, st.sampled_from(kinds), st.sampled_from([False, False, True]), st.booleans(), within)

    return st.recursive(step(st.just([])), lambda inner: step(st.lists(inner, max_size=4)), max_leaves=12)


class StepError(Exception):
    """A step that fails."""


def holds(events: list[Event]) -> None:
    """What is true of every recording."""
    spans: dict[str, list[Event]] = {}
    for event in events:
        spans.setdefault(event.span_id, []).append(event)
    for pair in spans.values():
        names = [event.type.name for event in pair]
        assert len(pair) == 1 or (len(pair) == 2 and names[0].removesuffix("_START") == names[1].removesuffix("_END"))
        assert len(pair) == 2 or not names[0].endswith(("_START", "_END"))
        assert len({event.parent_span_id for event in pair}) == 1
    for event in events:
        parent = spans.get(event.parent_span_id)
        assert parent is not None or not event.parent_span_id
        if parent is not None:
            assert events.index(parent[0]) <= events.index(event) < events.index(parent[-1])
            assert (parent[0].session_id, parent[0].trace_id) == (event.session_id, event.trace_id)
    failed = [event for event in events if event.status is EventStatus.FAILED]
    for event in failed:
        # An error is told once: whoever has none names the span that has.
        elsewhere = (event.metadata or {}).get("failed_in")
        assert (event.error is None) == (elsewhere is not None)
        assert elsewhere is None or spans[elsewhere][-1].error is not None


SPANS: dict[str, Any] = {
    "agent": agent_span,
    "tool": function_span,
    "model": lambda name: generation_span(model=name),
    "guardrail": guardrail_span,
    "custom": custom_span,
}


async def traced(step: Step) -> None:
    with SPANS[step.kind](step.kind):
        await asyncio.sleep(0)
        if step.at_once:
            results = await asyncio.gather(*map(traced, step.within), return_exceptions=True)
            failures = [each for each in results if isinstance(each, BaseException)]
            if failures and step.fails:
                raise failures[0]
        else:
            for each in step.within:
                await traced(each)
        if step.fails:
            raise StepError(step.kind)


@given(st.lists(steps(list(SPANS)), min_size=1, max_size=3))
@settings(deadline=None, max_examples=60)
def test_traces_of_any_shape(programs: list[Step]) -> None:
    events = Events()
    tracing = ChaukasTracing(Recorder(events))
    set_trace_processors([tracing])

    async def program(step: Step) -> None:
        with suppress(StepError), trace("any"):
            await traced(step)

    async def main() -> None:
        await asyncio.gather(*map(program, programs))

    try:
        asyncio.run(main())
    finally:
        set_trace_processors([])
    holds(events)
    assert len(tracing._nodes) == 0
    assert len({event.session_id for event in events}) == len(programs)
    begun = Counter(event.type.name for event in events if event.type.name.endswith("_START"))
    assert begun["SESSION_START"] == len(programs)


def _sync(step: Step, config: RunnableConfig) -> None:
    for each in step.within:
        with suppress(StepError):
            runnable(each).invoke({"text": "go"}, config=config)
    if step.fails:
        raise StepError(step.kind)


async def _async(step: Step, config: RunnableConfig) -> None:
    runs = [runnable(each).ainvoke({"text": "go"}, config=config) for each in step.within]
    if step.at_once:
        await asyncio.gather(*runs, return_exceptions=True)
    else:
        for each in runs:
            with suppress(StepError):
                await each
    if step.fails:
        raise StepError(step.kind)


def runnable(step: Step) -> Runnable[Any, Any]:
    def run(text: str, config: RunnableConfig) -> str:
        _sync(step, config)
        return "done"

    async def arun(text: str, config: RunnableConfig) -> str:
        await _async(step, config)
        return "done"

    if step.kind == "tool":
        return StructuredTool.from_function(run, coroutine=arun, name="tool", description="A step.")
    # LangGraph's name makes it an agent.
    return RunnableLambda(run, arun, name="LangGraph" if step.kind == "agent" else "chain")


@given(st.lists(steps(["agent", "tool", "chain"]), min_size=1, max_size=3), st.booleans())
@settings(deadline=None, max_examples=60)
def test_runs_of_any_shape(programs: list[Step], asynchronous: bool) -> None:
    events = Events()
    handler = ChaukasCallbackHandler(Recorder(events))

    def config() -> RunnableConfig:
        return {"callbacks": [handler]}

    async def main() -> None:
        runs = (runnable(each).ainvoke({"text": "go"}, config=config()) for each in programs)
        await asyncio.gather(*runs, return_exceptions=True)

    if asynchronous:
        asyncio.run(main())
    else:
        for each in programs:
            with suppress(StepError):
                runnable(each).invoke({"text": "go"}, config=config())
    holds(events)
    assert len(handler._runs) == 0
    kinds = Counter(kind for each in programs for kind in each.names())
    begun = Counter(event.type.name for event in events if event.type.name.endswith("_START"))
    assert begun["TOOL_CALL_START"] == kinds["tool"]
    assert begun["AGENT_START"] == kinds["agent"]
