"""The bridge to OpenAI Agents: the real framework, its real models, and a server of ours in place of OpenAI's."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from agents import (
    Agent,
    GuardrailFunctionOutput,
    Model,
    ModelResponse,
    ModelRetrySettings,
    ModelSettings,
    OpenAIResponsesModel,
    RunConfig,
    RunHooks,
    Runner,
    Usage,
    function_tool,
    handoff,
    output_guardrail,
    retry_policies,
    set_default_openai_api,
    set_default_openai_client,
)
from agents.tracing import custom_span, generation_span, set_trace_processors, speech_span, trace, transcription_span
from openai import AsyncOpenAI
from openai.types.responses import ResponseOutputMessage, ResponseOutputText
from pydantic import BaseModel

from chaukas_spec_lite import Event, EventStatus, EventType, Recorder
from chaukas_spec_lite.bridges.openai_agents import ChaukasTracing
from chaukas_spec_lite.trace.outline import outline
from tests.bridges import same_agents
from tests.bridges.conftest import Events
from tests.bridges.fake_openai import Answer, Call, Script, Server, fake_openai

pytestmark = [
    pytest.mark.bridges,
    # What the frameworks and their own dependencies warn of is theirs.
    pytest.mark.filterwarnings("default"),
]

SCRIPT: Script = {
    **same_agents.SCRIPT,
    "You come round.": [Answer("Here I am.", fails_first=2)],
    "You never answer.": [Answer(hangs=True)],
    "You search.": [
        Answer(
            "Found.",
            extra=[
                {
                    "type": "file_search_call",
                    "id": "fs_1",
                    "status": "completed",
                    "queries": ["bolts"],
                    "results": [{"file_id": "file-7", "filename": "a.txt", "score": 0.9, "text": "..."}],
                },
                {
                    "type": "mcp_call",
                    "id": "mcp_1",
                    "name": "lookup",
                    "server_label": "crm",
                    "arguments": '{"id": 7}',
                    "output": "Ada",
                },
            ],
        )
    ],
    "You ask others.": [Answer(calls=[Call("ask_answering", {"input": "Where?"})]), Answer("It was.")],
    "You note.": [Answer(calls=[Call("noting", {})]), Answer("Noted.")],
    "You ramble.": [Answer("On and", cut="max_output_tokens")],
    "You judge.": [Answer('{"state": "shipped", "items": 2}')],
    "You say too much.": [Answer("The secret is 7.")],
}


Play = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def server() -> Iterator[Server]:
    with fake_openai(SCRIPT) as server:
        yield server


@pytest.fixture
def play(server: Server) -> Play:
    """Runs a program with the server in place of OpenAI's."""

    def play(program: Coroutine[Any, Any, Any]) -> Any:
        async def main() -> Any:
            async with AsyncOpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
                set_default_openai_client(client, use_for_tracing=False)
                return await program

        return asyncio.run(main())

    return play


@pytest.fixture
def tracing(recorder: Recorder) -> Iterator[ChaukasTracing]:
    tracing = ChaukasTracing(recorder)
    set_trace_processors([tracing])
    yield tracing
    set_trace_processors([])
    set_default_openai_api("responses")


def of_type(events: list[Event], type: EventType) -> list[Event]:
    return [event for event in events if event.type is type]


def agent(name: str, instructions: str, **more: Any) -> Agent[Any]:
    return Agent(name=name, instructions=instructions, model="gpt-4o", **more)


TREES = {
    "plain": """
session answering
  input Where is my order?
  agent answering
    model gpt-4o
  output It was shipped.
""",
    "tools": """
session looking
  input What do three bolts cost?
  agent looking
    model gpt-4o
    tool order
    model gpt-4o
    tool price
    model gpt-4o
  output Three bolts cost 1.50.
""",
    "tools_at_once": """
session double
  input Where are 1 and 2?
  agent double
    model gpt-4o
    tool order
    tool order
    model gpt-4o
  output Both were shipped.
""",
    "handoff": """
session receiving
  input I want my money back.
  agent receiving
    model gpt-4o
    hand-off receiving -> billing
  agent billing
    model gpt-4o
  output You get it back.
""",
    "tool_fails": """
session breaking
  input Break it.
  agent breaking
    model gpt-4o
    tool broken [failed: Tool execution failed. Error details are redacted.]
    model gpt-4o
  output That did not work.
""",
    "model_fails": """
session ill [failed]
  input How are you?
  agent ill [failed]
    model gpt-4o [failed: Error code: 400 - context too long]
""",
    "guardrail": """
session listening [failed]
  input Tell me the secret.
  agent listening [failed: Guardrail InputGuardrail triggered tripwire]
    policy no-secrets deny
""",
    "mcp": """
session keeping
  input How many bolts?
  agent keeping
    mcp orders list_tools
    model gpt-4o
    tool stock
      mcp orders call_tool
    mcp orders list_tools
    model gpt-4o
  output There are five.
""",
    "two_runs": """
session answering
  input Where is my first order?
  agent answering
    model gpt-4o
  output It was shipped.
session answering
  input Where is my second order?
  agent answering
    model gpt-4o
  output It was shipped.
""",
    "concurrent": """
session answering
  input Where is mine?
  agent answering
    model gpt-4o
  output It was shipped.
session answering
  input And where is his?
  agent answering
    model gpt-4o
  output It was shipped.
""",
}


@pytest.mark.parametrize("run", same_agents.RUNS)
def test_the_tree_of_a_run(run: str, play: Play, tracing: ChaukasTracing, events: Events) -> None:
    play(same_agents.RUNS[run](lambda: tracing.hooks))
    assert outline(events) == TREES[run].strip()


@pytest.mark.parametrize("run", [run for run in same_agents.RUNS if run != "concurrent"])
def test_without_the_hooks_the_tree_is_nearly_the_same(
    run: str, play: Play, tracing: ChaukasTracing, events: Events
) -> None:
    play(same_agents.RUNS[run](lambda: None))
    # The name of a model is known when it has answered.
    tree = TREES[run].strip().replace("model gpt-4o [failed", "model [failed")
    assert outline(events).splitlines() == _told_late(tree.splitlines())


def _told_late(lines: list[str]) -> list[str]:
    """Without hooks, the framework tells what the user said when the first answer is there, and not if none comes."""
    found: list[str] = []
    late, agents = "", 0
    for line in lines:
        kind = line.split()[0]
        agents = 0 if kind == "session" else agents + (kind == "agent")
        if kind == "input":
            late = line
            continue
        if late and (agents > 1 or kind == "output"):
            found.append(late)
            late = ""
        found.append(line.replace(line.split()[1], "openai_agents") if kind == "session" else line)
    return found


# What the events say


def test_a_call_of_a_model_says_all_that_the_framework_knows(
    play: Play, tracing: ChaukasTracing, events: Events
) -> None:
    play(same_agents.plain(lambda: tracing.hooks))
    [start] = of_type(events, EventType.MODEL_INVOCATION_START)
    [end] = of_type(events, EventType.MODEL_INVOCATION_END)
    asked, told = start.llm_invocation, end.llm_invocation
    assert asked is not None
    assert told is not None
    messages = [{"role": "system", "content": "You answer."}, {"role": "user", "content": "Where is my order?"}]
    assert (asked.provider, asked.model, asked.request) == ("openai", "gpt-4o", {"messages": messages})
    assert (asked.temperature, asked.max_tokens) == (0.25, 200)
    assert told.response == {"content": "It was shipped.", "finish_reason": "stop"}
    assert (told.prompt_tokens, told.completion_tokens, told.total_tokens) == (21, 5, 26)
    assert told.finish_reason == "stop"
    assert told.duration_ms > 0
    assert end.response_id.startswith("resp_")
    assert end.span_id == start.span_id


def test_without_the_hooks_the_end_says_what_was_asked(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    play(same_agents.plain(lambda: None))
    [end] = of_type(events, EventType.MODEL_INVOCATION_END)
    assert end.llm_invocation is not None
    messages = [{"role": "system", "content": "You answer."}, {"role": "user", "content": "Where is my order?"}]
    assert end.llm_invocation.request == {"messages": messages}
    assert end.llm_invocation.model == "gpt-4o"


def test_an_agent_says_what_it_is(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    play(same_agents.tools(lambda: tracing.hooks))
    [start], [end] = of_type(events, EventType.AGENT_START), of_type(events, EventType.AGENT_END)
    about = {"framework": "openai_agents", "role": "assistant", "model": "gpt-4o"}
    about |= {"instructions": "You look things up.", "tools": ["order", "price"]}
    assert start.metadata == about
    assert end.metadata == {**about, "output": "Three bolts cost 1.50."}
    [session] = of_type(events, EventType.SESSION_START)
    assert session.metadata == {"framework": "openai_agents", "agent_name": "looking", "model": "gpt-4o"}
    assert {event.agent_name for event in events if event.parent_span_id == start.span_id} == {"looking"}


def test_a_tool_has_the_arguments_and_the_id_that_the_model_gave(
    play: Play, tracing: ChaukasTracing, events: Events
) -> None:
    play(same_agents.tools_at_once(lambda: None))
    starts, ends = of_type(events, EventType.TOOL_CALL_START), of_type(events, EventType.TOOL_CALL_END)
    called = {event.span_id: event.tool_call for event in starts}
    assert [call and call.arguments for call in called.values()] == [{"number": "1"}, {"number": "2"}]
    for event in ends:
        call, response = called[event.span_id], event.tool_response
        assert call is not None
        assert call.arguments
        assert response is not None
        assert response.tool_call_id == call.id
        assert response.output == {"output": f"order {call.arguments['number']} was shipped"}


def test_a_server_is_called_within_the_tool(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    play(same_agents.mcp(lambda: None))
    starts, ends = of_type(events, EventType.MCP_CALL_START), of_type(events, EventType.MCP_CALL_END)
    listed, called, _ = [event.mcp_call for event in ends]
    assert listed is not None
    assert called is not None
    assert (listed.server_name, listed.operation) == ("orders", "list_tools")
    assert listed.response == {"tools": ["stock", "reserve"]}
    assert called.response == {"tool_name": "stock", "content_count": 1, "preview": "5 of bolts"}
    asked = starts[1].mcp_call
    assert asked is not None
    assert asked.request == {"tool_name": "stock", "arguments": {"article": "bolts"}}


def test_searches_and_calls_at_openai_are_recorded(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    play(Runner.run(agent("searching", "You search."), "Find it.", hooks=tracing.hooks))
    assert "    mcp crm call_tool" in outline(events).splitlines()
    [access] = of_type(events, EventType.DATA_ACCESS)
    assert access.data_access is not None
    assert (access.data_access.datasource, access.data_access.document_ids) == ("file_search", ["file-7"])


# Ways to run


@pytest.mark.parametrize("api", ["responses", "chat_completions"])
@pytest.mark.parametrize("hooks", [True, False])
def test_streaming_and_either_api_tell_the_same(
    api: Any, hooks: bool, play: Play, tracing: ChaukasTracing, events: Events
) -> None:
    async def stream() -> None:
        looking = agent("looking", "You look things up.", tools=[same_agents.order, same_agents.price])
        used = tracing.hooks if hooks else None
        result = Runner.run_streamed(looking, "What do three bolts cost?", hooks=used)
        async for _ in result.stream_events():
            pass

    set_default_openai_api(api)
    play(stream())
    tree = TREES["tools"].strip()
    assert outline(events) == (tree if hooks else "\n".join(_told_late(tree.splitlines())))
    tokens = [event.llm_invocation.total_tokens for event in events if event.llm_invocation]
    assert sorted(tokens) == [0, 0, 0, 52, 74, 89]
    reasons = [event.llm_invocation.finish_reason for event in events if event.llm_invocation]
    assert sorted(filter(None, reasons)) == ["stop", "tool_calls", "tool_calls"]


def test_two_runs_that_one_task_streams_do_not_mix(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    async def stream() -> None:
        texts = ("Where is mine?", "And where is his?")
        results = [Runner.run_streamed(agent("answering", "You answer."), text, hooks=tracing.hooks) for text in texts]
        for result in results:
            async for _ in result.stream_events():
                pass

    play(stream())
    assert outline(events) == TREES["concurrent"].strip()


def test_runs_in_threads_do_not_mix(server: Server, tracing: ChaukasTracing, events: Events) -> None:
    hooks = tracing.hooks

    async def run(number: int) -> None:
        async with AsyncOpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
            # A model as an object, as each thread has a loop and so a client of its own.
            model = OpenAIResponsesModel("gpt-4o", openai_client=client)
            tools = [same_agents.order, same_agents.price]
            looking = Agent(name="looking", instructions="You look things up.", model=model, tools=tools)
            await Runner.run(looking, "What do three bolts cost?", hooks=hooks if number % 2 else None)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: asyncio.run(run(number)), range(8)))
    trees = outline(events).split("\nsession ")
    told = sorted(each.removeprefix("session ").split("\n")[0] for each in trees)
    assert told == ["looking"] * 8
    # Each has its input and output, early or late, two tools, and three calls of models.
    assert [len(each.splitlines()) for each in trees] == [9] * 8
    assert len(tracing._nodes) == 0


def test_a_stream_that_is_cancelled_is_no_failure(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    async def stream() -> None:
        result = Runner.run_streamed(agent("answering", "You answer."), "Where is it?", hooks=tracing.hooks)
        async for _ in result.stream_events():
            result.cancel()

    play(stream())
    lines = outline(events).splitlines()
    assert lines[0] == "session answering [cancelled]"
    assert lines[2].startswith("  agent answering")
    assert not [event for event in events if event.status is EventStatus.FAILED]
    assert len(tracing._nodes) == 0


def test_an_answer_that_was_cut_says_so(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    set_default_openai_api("chat_completions")
    play(Runner.run(agent("rambling", "You ramble."), "Go on."))
    [end] = of_type(events, EventType.MODEL_INVOCATION_END)
    # The framework keeps the answer of this API, but not why it ended.
    assert end.llm_invocation is not None
    assert end.llm_invocation.response == {
        "content": "On and",
        "finish_reason": "stop",
    }


def test_a_run_that_is_cancelled_is_no_failure(
    play: Play, server: Server, tracing: ChaukasTracing, events: Events
) -> None:
    async def cancel() -> None:
        task = asyncio.create_task(Runner.run(agent("silent", "You never answer."), "Hello?", hooks=tracing.hooks))
        await asyncio.to_thread(server.asked.wait)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    play(cancel())
    assert (
        outline(events)
        == """\
session silent [cancelled]
  input Hello?
  agent silent [cancelled]
    model gpt-4o [cancelled]"""
    )


def test_one_failure_is_one_error(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    play(same_agents.model_fails(lambda: tracing.hooks))
    failed = [event for event in events if event.status is EventStatus.FAILED]
    assert len(failed) == 3
    [told] = [event for event in failed if event.error is not None]
    assert told.type is EventType.MODEL_INVOCATION_END
    assert told.error is not None
    assert (told.error.error_code, told.error.error_message) == (
        "BadRequestError",
        "Error code: 400 - context too long",
    )
    assert "same_agents" in told.error.stack_trace or "openai" in told.error.stack_trace
    assert not of_type(events, EventType.ERROR)


def test_retries_are_told(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    settings = ModelSettings(
        retry=ModelRetrySettings(
            max_retries=3, backoff={"initial_delay": 0.0}, policy=retry_policies.http_status([500])
        )
    )
    play(Runner.run(agent("round", "You come round.", model_settings=settings), "Hello?", hooks=tracing.hooks))
    assert (
        outline(events)
        == """\
session round
  input Hello?
  agent round
    model gpt-4o [failed: Error code: 500 - the server had an error]
    retry attempt 1, waits 0 ms
    model gpt-4o [failed: Error code: 500 - the server had an error]
    retry attempt 2, waits 0 ms
    model gpt-4o
  output Here I am."""
    )
    asked = [event.llm_invocation for event in of_type(events, EventType.MODEL_INVOCATION_START)]
    assert [call and call.request for call in asked] == [asked[0] and asked[0].request] * 3


def test_an_agent_that_is_a_tool_is_recorded_within_it(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    answering = agent("answering", "You answer.")
    asking = agent("asking", "You ask others.", tools=[answering.as_tool("ask_answering", "Asks.")])
    play(Runner.run(asking, "Where is it?", hooks=tracing.hooks))
    assert (
        outline(events)
        == """\
session asking
  input Where is it?
  agent asking
    model gpt-4o
    tool ask_answering
      agent answering
        model gpt-4o
    model gpt-4o
  output It was."""
    )


def test_what_a_guardrail_holds_back_was_not_told(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    @output_guardrail
    async def discreet(context: Any, agent: Any, output: Any) -> GuardrailFunctionOutput:
        return GuardrailFunctionOutput(output_info=None, tripwire_triggered="secret" in output)

    with pytest.raises(Exception, match="tripwire"):
        play(
            Runner.run(
                agent("talking", "You say too much.", output_guardrails=[discreet]), "What is it?", hooks=tracing.hooks
            )
        )
    tree = outline(events).splitlines()
    assert tree[0] == "session talking [failed]"
    assert "    policy discreet deny" in tree
    assert not of_type(events, EventType.OUTPUT_EMITTED)


def test_what_a_tool_records_itself_is_inside_of_it(
    play: Play, recorder: Recorder, tracing: ChaukasTracing, events: Events
) -> None:
    @function_tool
    def noting() -> str:
        """Takes notes, in a thread."""
        recorder.state(noted=True)
        with recorder.tool("inner"):
            return "noted"

    play(Runner.run(agent("noting", "You note.", tools=[noting]), "Note this.", hooks=tracing.hooks))
    assert outline(events).splitlines()[4:7] == ["    tool noting", "      state noted", "      tool inner"]
    assert recorder.current is None


def test_within_a_session_of_the_program_a_run_is_part_of_it(
    play: Play, recorder: Recorder, tracing: ChaukasTracing, events: Events
) -> None:
    async def program() -> None:
        with recorder.session() as session:
            session.input("Hello?")
            result = await Runner.run(agent("answering", "You answer."), "Hello?", hooks=tracing.hooks)
            session.output(result.final_output)

    play(program())
    assert outline(events).splitlines()[1:] == [
        "  input Hello?",
        "  agent answering",
        "    model gpt-4o",
        "  output It was shipped.",
    ]


def test_a_trace_of_several_runs_is_one_session(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    async def program() -> None:
        with trace("Two questions", group_id="chat-7", metadata={"user": "u-17"}):
            for text in ("First?", "Second?"):
                await Runner.run(agent("answering", "You answer."), text)
            with custom_span("checked", {"by": "hand"}):
                pass

    play(program())
    assert [event.message.text for event in of_type(events, EventType.INPUT_RECEIVED) if event.message] == [
        "First?",
        "Second?",
    ]
    [session] = of_type(events, EventType.SESSION_START)
    assert session.metadata == {
        "framework": "openai_agents",
        "workflow": "Two questions",
        "group_id": "chat-7",
        "metadata": {"user": "u-17"},
    }
    assert "  system checked" in outline(events).splitlines()
    assert len({event.trace_id for event in events}) == 1


class Own(Model):
    """A model of somebody's own, which tells the framework's tracing nothing, or what it likes."""

    def __init__(self, fails: bool = False, traced: bool = False) -> None:
        self.model = "own/parrot"
        self.fails = fails
        self.traced = traced

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        if self.fails:
            raise RuntimeError("no seed left")
        content = ResponseOutputText(text="Polly!", type="output_text", annotations=[])
        message = ResponseOutputMessage(id="1", content=[content], role="assistant", status="completed", type="message")
        if self.traced:
            with generation_span(model="parrot") as span:
                span.span_data.output = [{"role": "assistant", "content": "Polly!"}]
        return ModelResponse(
            output=[message], usage=Usage(requests=1, input_tokens=3, output_tokens=2, total_tokens=5), response_id=None
        )

    def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        raise NotImplementedError


@pytest.mark.parametrize("traced", [True, False])
def test_a_model_of_ones_own_is_recorded_by_the_hooks(
    traced: bool, play: Play, tracing: ChaukasTracing, events: Events
) -> None:
    parrot = Agent(name="bird", instructions="You are a bird.", model=Own(traced=traced))
    play(Runner.run(parrot, "Who is a good bird?", hooks=tracing.hooks))
    [start] = of_type(events, EventType.MODEL_INVOCATION_START)
    [end] = of_type(events, EventType.MODEL_INVOCATION_END)
    assert start.llm_invocation is not None
    assert end.llm_invocation is not None
    assert (start.llm_invocation.provider, start.llm_invocation.model) == ("own", "parrot")
    assert end.llm_invocation.response == {"content": "Polly!", "finish_reason": "stop"}
    if not traced:
        assert end.llm_invocation.total_tokens == 5


def test_a_model_of_ones_own_that_fails(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    parrot = Agent(name="bird", instructions="You are a bird.", model=Own(fails=True))
    with pytest.raises(RuntimeError):
        play(Runner.run(parrot, "Who is a good bird?", hooks=tracing.hooks))
    assert outline(events).splitlines()[2:] == ["  agent bird [failed]", "    model parrot [failed: no seed left]"]


def test_data_that_is_not_to_be_traced_is_not_recorded_without_the_hooks(
    play: Play, tracing: ChaukasTracing, events: Events
) -> None:
    looking = agent("looking", "You look things up.", tools=[same_agents.order, same_agents.price])
    play(Runner.run(looking, "What do 3 cost?", run_config=RunConfig(trace_include_sensitive_data=False)))
    told = repr(events)
    assert "48213" not in told
    assert "What do 3 cost?" not in told
    assert "look things up" not in told
    tokens = [event.llm_invocation.total_tokens for event in events if event.llm_invocation]
    assert sum(tokens) == 52 + 74 + 89


def test_a_run_within_an_except_block_has_nothing_to_do_with_that_exception(
    play: Play, tracing: ChaukasTracing, events: Events
) -> None:
    try:
        raise LookupError("before")
    except LookupError:
        play(same_agents.plain(lambda: tracing.hooks))
    assert outline(events) == TREES["plain"].strip()


def test_hooks_of_the_programs_own_are_called_too(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    called: list[str] = []

    class Mine(RunHooks[Any]):
        async def on_agent_start(self, context: Any, agent: Any) -> None:
            called.append("agent")

        async def on_llm_start(self, *args: Any) -> None:
            called.append("model")

        async def on_llm_end(self, *args: Any) -> None:
            called.append("answer")

        async def on_tool_start(self, *args: Any) -> None:
            called.append("tool")

        async def on_agent_end(self, *args: Any) -> None:
            called.append("end")

    play(same_agents.tools(lambda: tracing.hooks_with(Mine())))
    assert called == ["agent", *["model", "answer", "tool"] * 2, "model", "answer", "end"]
    assert outline(events) == TREES["tools"].strip()


def test_what_hooks_of_the_programs_own_raise_reaches_the_run(
    play: Play, tracing: ChaukasTracing, events: Events
) -> None:
    class Mine(RunHooks[Any]):
        async def on_agent_start(self, context: Any, agent: Any) -> None:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        play(same_agents.plain(lambda: tracing.hooks_with(Mine())))
    assert outline(events).splitlines()[0] == "session answering [failed]"


def test_an_output_that_is_an_object_is_recorded_as_such(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    class State(BaseModel):
        state: str
        items: int

    play(Runner.run(agent("judging", "You judge.", output_type=State), "How is it?", hooks=tracing.hooks))
    [end], [told] = of_type(events, EventType.AGENT_END), of_type(events, EventType.OUTPUT_EMITTED)
    assert end.metadata is not None
    assert end.metadata["output"] == {"state": "shipped", "items": 2}
    assert told.message is not None
    assert json.loads(told.message.text) == {"state": "shipped", "items": 2}


def test_speech_is_recorded_without_sound(tracing: ChaukasTracing, events: Events) -> None:
    with trace("Voice"):
        with transcription_span(model="whisper-1", input="c291bmQ=", input_format="pcm") as heard:
            heard.span_data.output = "Where is it?"
        with speech_span(model="tts-1", input="It was shipped.") as spoken:
            spoken.span_data.output = "c291bmQ="
    assert "c291bmQ=" not in repr(events)
    ends = of_type(events, EventType.MODEL_INVOCATION_END)
    assert [end.llm_invocation and (end.llm_invocation.model, end.llm_invocation.response) for end in ends] == [
        ("whisper-1", {"content": "Where is it?"}),
        ("tts-1", None),
    ]
    spoken_start = of_type(events, EventType.MODEL_INVOCATION_START)[1].llm_invocation
    assert spoken_start is not None
    assert spoken_start.request == {"input": "It was shipped."}


# What must not happen


def test_nothing_is_left_behind(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    for run in same_agents.RUNS.values():
        play(run(lambda: tracing.hooks))
    assert len(tracing._nodes) == 0
    starts = [event for event in events if event.type.name.endswith("_START")]
    ends = [event for event in events if event.type.name.endswith("_END")]
    assert sorted(event.span_id for event in starts) == sorted(event.span_id for event in ends)
    gc.collect()


def test_runs_that_never_end_are_given_up(recorder: Recorder, events: Events) -> None:
    tracing = ChaukasTracing(recorder, most_open=3)
    set_trace_processors([tracing])
    opened = [trace(f"number {number}") for number in range(5)]
    for each in opened:
        each.start()
    assert len(tracing._nodes) == 3
    left = of_type(events, EventType.SESSION_END)
    assert [event.status for event in left] == [EventStatus.CANCELLED] * 2
    assert left[0].metadata is not None
    assert left[0].metadata["left_open"] == "more than 3 runs were open"
    for each in opened:
        each.finish()
    set_trace_processors([])
    assert len(of_type(events, EventType.SESSION_END)) == 5


def test_at_the_end_of_the_program_what_is_open_is_ended(tracing: ChaukasTracing, events: Events) -> None:
    opened = trace("left")
    opened.start()
    tracing.shutdown()
    [end] = of_type(events, EventType.SESSION_END)
    assert end.status is EventStatus.CANCELLED
    opened.finish()
    assert len(events) == 2


def test_no_exception_of_ours_reaches_the_framework(
    play: Play, caplog: pytest.LogCaptureFixture, server: Server
) -> None:
    class Broken:
        def emit(self, event: Event) -> None:
            raise OSError("no disk")

    tracing = ChaukasTracing(Recorder(Broken()))
    set_trace_processors([tracing])
    with caplog.at_level(logging.CRITICAL):
        play(same_agents.tools(lambda: tracing.hooks))
        tracing.on_span_start(object())  # type: ignore[arg-type]  # of a version that is all different
        tracing.on_span_end(object())  # type: ignore[arg-type]  # the same
        tracing.on_trace_start(object())  # type: ignore[arg-type]  # the same
        asyncio.run(tracing.hooks.on_agent_start(None, None))  # type: ignore[arg-type]  # the same
        asyncio.run(tracing.hooks.on_llm_end(None, None, None))  # type: ignore[arg-type]  # the same
    set_trace_processors([])


def test_a_recorder_that_is_switched_off_records_nothing(play: Play, events: Events) -> None:
    tracing = ChaukasTracing(Recorder(events, enabled=False))
    set_trace_processors([tracing])
    play(same_agents.tools(lambda: tracing.hooks))
    set_trace_processors([])
    assert not events


def test_handoffs_to_several_agents(play: Play, tracing: ChaukasTracing, events: Events) -> None:
    billing = agent("billing", "You bill.")
    receiving = agent("receiving", "You receive.", handoffs=[handoff(billing)])
    play(Runner.run(receiving, "Money!", hooks=tracing.hooks))
    [told] = of_type(events, EventType.AGENT_HANDOFF)
    assert told.agent_handoff is not None
    assert (told.agent_handoff.from_agent_name, told.agent_handoff.to_agent_name) == ("receiving", "billing")
    assert told.agent_name == "receiving"
