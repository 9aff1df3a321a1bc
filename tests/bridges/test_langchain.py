"""The bridge to LangChain and LangGraph: the real frameworks with LangChain's own fake models."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManagerForRetrieverRun, adispatch_custom_event
from langchain_core.documents import Document
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, interrupt

from chaukas_spec_lite import Event, EventStatus, EventType, Recorder
from chaukas_spec_lite.bridges.langchain import ChaukasCallbackHandler
from chaukas_spec_lite.trace.outline import outline
from tests.bridges.conftest import Events

pytestmark = [
    pytest.mark.bridges,
    # What the frameworks and their own dependencies warn of is theirs.
    pytest.mark.filterwarnings("default"),
]

USAGE = {"input_tokens": 41, "output_tokens": 7, "total_tokens": 48}


class FakeModel(GenericFakeChatModel):
    """Answers with what it is given, and takes tools."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[{"type": "function", "function": {"name": each.name}} for each in tools])


def says(*answers: str | tuple[str, dict[str, object]]) -> FakeModel:
    """A model that says texts, or asks for tools by name and arguments."""

    def messages() -> Iterator[AIMessage]:
        for number, answer in enumerate(answers):
            about = {"model_name": "gpt-4o", "id": f"chatcmpl-{number}"}
            if isinstance(answer, str):
                yield AIMessage(answer, usage_metadata=USAGE, response_metadata={**about, "finish_reason": "stop"})
            else:
                call = {"name": answer[0], "args": answer[1], "id": f"call_{number}"}
                about["finish_reason"] = "tool_calls"
                yield AIMessage("", tool_calls=[call], usage_metadata=USAGE, response_metadata=about)

    return FakeModel(messages=messages())


@tool
def order(number: str) -> dict[str, str]:
    """The state of an order."""
    return {"number": number, "state": "shipped"}


@pytest.fixture
def handler(recorder: Recorder) -> ChaukasCallbackHandler:
    return ChaukasCallbackHandler(recorder)


@pytest.fixture(params=["invoke", "ainvoke", "stream", "astream"])
def run(request: pytest.FixtureRequest, handler: ChaukasCallbackHandler) -> Callable[..., Any]:
    """Runs a runnable in each way that there is."""

    def run(runnable: Any, given: Any, **config: Any) -> Any:
        config = {"callbacks": [handler], **config}
        if request.param == "invoke":
            return runnable.invoke(given, config=config)
        if request.param == "ainvoke":
            return asyncio.run(runnable.ainvoke(given, config=config))
        if request.param == "stream":
            return list(runnable.stream(given, config=config))

        async def stream() -> list[Any]:
            return [each async for each in runnable.astream(given, config=config)]

        return asyncio.run(stream())

    return run


def of_type(events: list[Event], type: EventType) -> list[Event]:
    return [event for event in events if event.type is type]


def asking() -> dict[str, Any]:
    return {"messages": [("user", "Where is my order 48213?")]}


# Agents


AGENT = """
session triage
  input Where is my order 48213?
  agent triage
    model gpt-4o
    tool order
    model gpt-4o
  output It was shipped.
""".strip()


def test_an_agent_in_each_way_to_run_it(run: Callable[..., Any], events: Events) -> None:
    model = says(("order", {"number": "48213"}), "It was shipped.")
    run(create_agent(model, tools=[order], system_prompt="You look.", name="triage"), asking())
    assert _named(outline(events)) == AGENT
    [start] = of_type(events, EventType.TOOL_CALL_START)
    [end] = of_type(events, EventType.TOOL_CALL_END)
    assert start.tool_call is not None
    assert end.tool_response is not None
    assert (start.tool_call.id, start.tool_call.arguments) == ("call_0", {"number": "48213"})
    assert end.tool_response.tool_call_id == "call_0"
    assert end.tool_response.output == {"output": '{"number": "48213", "state": "shipped"}'}
    assert {event.agent_name for event in (start, end)} == {"triage"}
    [agent] = of_type(events, EventType.AGENT_END)
    assert agent.metadata == {"framework": "langchain", "output": "It was shipped."}


def _named(tree: str) -> str:
    """The fake model has a class, but no name at the beginning."""
    return tree.replace("model FakeModel", "model gpt-4o")


def test_a_call_of_a_model_says_all_that_the_framework_knows(run: Callable[..., Any], events: Events) -> None:
    model = says(("order", {"number": "48213"}), "It was shipped.")
    run(create_agent(model, tools=[order], system_prompt="You look.", name="triage"), asking())
    first, second = (each.llm_invocation for each in of_type(events, EventType.MODEL_INVOCATION_START))
    told, last = (each.llm_invocation for each in of_type(events, EventType.MODEL_INVOCATION_END))
    assert first is not None
    assert second is not None
    assert told is not None
    assert last is not None
    system = {"role": "system", "content": "You look."}
    user = {"role": "user", "content": "Where is my order 48213?"}
    assert first.request == {"messages": [system, user], "tools": ["order"]}
    call = {"id": "call_0", "name": "order", "arguments": '{"number": "48213"}'}
    assert told.response is not None
    assert told.response["tool_calls"] == [call]
    assert second.request is not None
    assert second.request["messages"][2:] == [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": '{"number": "48213", "state": "shipped"}', "tool_call_id": "call_0"},
    ]
    assert last.response is not None
    assert last.response["content"] == "It was shipped."


@pytest.mark.parametrize("asynchronous", [False, True])
def test_tokens_reason_and_id_are_those_of_the_answer(
    asynchronous: bool, handler: ChaukasCallbackHandler, events: Events
) -> None:
    model = says("It was shipped.")
    config: Any = {"callbacks": [handler]}
    asyncio.run(model.ainvoke("Where?", config=config)) if asynchronous else model.invoke("Where?", config=config)
    [end] = of_type(events, EventType.MODEL_INVOCATION_END)
    told = end.llm_invocation
    assert told is not None
    assert (told.prompt_tokens, told.completion_tokens, told.total_tokens) == (41, 7, 48)
    assert (told.model, told.finish_reason, end.response_id) == ("gpt-4o", "stop", "chatcmpl-0")
    assert told.response == {"content": "It was shipped.", "finish_reason": "stop"}
    assert end.session_id == ""  # nothing but a call of a model


def test_the_first_part_of_an_answer_has_its_time(handler: ChaukasCallbackHandler, events: Events) -> None:
    list(says("It was shipped.").stream("Where?", config={"callbacks": [handler]}))
    [end] = of_type(events, EventType.MODEL_INVOCATION_END)
    assert end.performance is not None
    assert 0 < end.performance.latency_ms <= end.performance.duration_ms


def test_a_model_that_completes_text(run: Callable[..., Any], events: Events) -> None:
    run(FakeListLLM(responses=["and they lived."]), "Once upon a time")
    [start], [end] = (
        of_type(events, each) for each in (EventType.MODEL_INVOCATION_START, EventType.MODEL_INVOCATION_END)
    )
    assert start.llm_invocation is not None
    assert start.llm_invocation.request == {"prompt": "Once upon a time"}
    assert end.llm_invocation is not None
    assert end.llm_invocation.response == {"content": "and they lived."}


def test_an_agent_that_is_a_tool_is_recorded_within_it(run: Callable[..., Any], events: Events) -> None:
    inner = create_agent(says("Bolts."), tools=[], name="stock")

    @tool
    def ask_stock(question: str) -> str:
        """Ask another agent."""
        return str(inner.invoke({"messages": [("user", question)]})["messages"][-1].content)

    run(
        create_agent(says(("ask_stock", {"question": "What?"}), "There are bolts."), [ask_stock], name="boss"), asking()
    )
    assert (
        _named(outline(events))
        == """\
session boss
  input Where is my order 48213?
  agent boss
    model gpt-4o
    tool ask_stock
      agent stock
        model gpt-4o
    model gpt-4o
  output There are bolts."""
    )


# Chains and graphs


def test_a_chain_is_a_session(run: Callable[..., Any], events: Events) -> None:
    run(RunnableLambda(lambda text: f"Please: {text}") | says("It was shipped."), "Where is it?")
    lines = outline(events).splitlines()
    assert lines[0].startswith("session")
    assert sorted(_named("\n".join(lines[1:])).splitlines()) == [
        "  input Where is it?",
        "  model gpt-4o",
        "  output It was shipped.",
    ]


class State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def graph(*nodes: tuple[str, Callable[[State], Any]], **more: Any) -> Any:
    made = StateGraph(State)
    for name, node in nodes:
        made.add_node(name, node)
    names = [START, *(name for name, _ in nodes), END]
    for one, other in itertools.pairwise(names):
        made.add_edge(one, other)
    return made.compile(**more)


def test_a_graph_whose_nodes_are_agents(recorder: Recorder, events: Events) -> None:
    model = says("Sort it.", "Sorted.")
    node = lambda state: {"messages": [model.invoke(state["messages"])]}  # noqa: E731  # two nodes alike
    handler = ChaukasCallbackHandler(recorder, agents=["planner", "worker"])
    config: Any = {"callbacks": [handler], "configurable": {"thread_id": "t-1"}}
    graph(("planner", node), ("worker", node)).invoke({"messages": [HumanMessage("Sort.")]}, config=config)
    [session] = of_type(events, EventType.SESSION_START)
    assert session.metadata is not None
    assert session.metadata["thread_id"] == "t-1"
    assert (
        _named(outline(events))
        == """\
session LangGraph
  input Sort.
  agent LangGraph
    agent planner
      model gpt-4o
    agent worker
      model gpt-4o
  output Sorted."""
    )


def test_a_graph_that_waits_for_somebody_has_not_failed(run: Callable[..., Any], events: Events) -> None:
    @tool
    def pay(amount: int) -> str:
        """Pay, if somebody agrees."""
        return "paid" if interrupt(f"pay {amount}?") else "not paid"

    config: Any = {"configurable": {"thread_id": "t-1"}}
    paying = create_agent(says(("pay", {"amount": 7}), "Done."), [pay], name="payer", checkpointer=InMemorySaver())
    run(paying, {"messages": [("user", "Pay!")]}, **config)
    assert "    tool pay [cancelled]" in outline(events).splitlines()
    assert not [event for event in events if event.status is EventStatus.FAILED]
    run(paying, Command(resume=True), **config)
    assert _named(outline(events)).splitlines()[-3:] == ["    tool pay", "    model gpt-4o", "  output Done."]
    assert not [event for event in events if event.status is EventStatus.FAILED]


class Shelf(BaseRetriever):
    fails: bool = False

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        if self.fails:
            raise ConnectionError("no shelf")
        return [Document("Bolts.", id="doc-7"), Document("Nuts.", metadata={"source": "nuts.txt"}), Document("?")]


def test_a_retriever_reads_data(run: Callable[..., Any], events: Events) -> None:
    run(Shelf() | RunnableLambda(lambda found: f"{len(found)} found"), "bolts")
    [access] = of_type(events, EventType.DATA_ACCESS)
    assert access.data_access is not None
    assert access.data_access.datasource == "shelf"
    assert access.data_access.document_ids == ["doc-7", "nuts.txt"]
    assert access.metadata == {"query": "bolts", "found": 3}
    assert outline(events).splitlines()[0].startswith("session")


def test_a_retriever_that_fails_is_one_error(run: Callable[..., Any], events: Events) -> None:
    with pytest.raises(ConnectionError):
        run(Shelf(fails=True) | RunnableLambda(len), "bolts")
    told = [event for event in events if event.error is not None]
    assert [event.type for event in told] == [EventType.ERROR]
    [end] = of_type(events, EventType.SESSION_END)
    assert end.status is EventStatus.FAILED
    assert end.metadata is not None
    assert end.metadata["failed_in"] == told[0].span_id


# Failures, retries


def failing(name: str, *failures: Exception) -> Any:
    left = list(failures)

    @tool(name)
    def made(number: str) -> str:
        """Fails as often as it is told."""
        if left:
            raise left.pop(0)
        return "done"

    return made


def test_a_tool_that_fails_is_one_error(run: Callable[..., Any], events: Events) -> None:
    broken = failing("broken", ValueError("no order 7"))
    with pytest.raises(ValueError, match="no order 7"):
        run(create_agent(says(("broken", {"number": "7"})), [broken], name="triage"), asking())
    assert (
        _named(outline(events))
        == """\
session triage [failed]
  input Where is my order 48213?
  agent triage [failed]
    model gpt-4o
    tool broken [failed: no order 7]"""
    )
    [told] = [event for event in events if event.error is not None]
    assert told.error is not None
    assert told.error.error_code == "ValueError"
    assert "no order 7" in told.error.stack_trace


def test_a_tool_that_tells_the_model_of_its_failure_has_failed(run: Callable[..., Any], events: Events) -> None:
    broken = failing("broken", ToolException("no order 7"))
    broken.handle_tool_error = True
    run(create_agent(says(("broken", {"number": "7"}), "Sorry."), [broken], name="triage"), asking())
    assert "    tool broken [failed: no order 7]" in outline(events).splitlines()
    [end] = of_type(events, EventType.SESSION_END)
    assert end.status is EventStatus.COMPLETED


def test_a_model_that_fails(run: Callable[..., Any], events: Events) -> None:
    class Ill(FakeModel):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            raise ConnectionError("no line")

        def _stream(self, *args: Any, **kwargs: Any) -> Any:
            raise ConnectionError("no line")

    with pytest.raises(ConnectionError):
        run(RunnableLambda(lambda text: text) | Ill(messages=iter(())), "Hello?")
    failed = [event for event in events if event.status is EventStatus.FAILED]
    assert [event.type for event in failed] == [EventType.MODEL_INVOCATION_END, EventType.SESSION_END]
    assert [event.error is not None for event in failed] == [True, False]


def test_retries_are_told(handler: ChaukasCallbackHandler, events: Events) -> None:
    left = [ConnectionError("no line"), TimeoutError("too late")]

    def step(text: str) -> str:
        if left:
            raise left.pop(0)
        return text

    again = RunnableLambda(step).with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    chain = RunnableLambda(lambda text: text) | again
    import tenacity

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tenacity.nap.time, "sleep", lambda seconds: None)
        chain.invoke("Hello?", config={"callbacks": [handler]})
    retries = of_type(events, EventType.RETRY)
    assert [event.retry and event.retry.attempt for event in retries] == [1, 2]
    assert [event.metadata for event in retries] == [
        {"retry_reason": "ConnectionError: no line"},
        {"retry_reason": "TimeoutError: too late"},
    ]
    [end] = of_type(events, EventType.SESSION_END)
    assert end.status is EventStatus.COMPLETED


def test_a_run_that_is_cancelled_is_no_failure(handler: ChaukasCallbackHandler, events: Events) -> None:
    async def program() -> None:
        begun = asyncio.Event()

        @tool
        async def wait(number: str) -> str:
            """Waits for ever."""
            begun.set()
            await asyncio.Event().wait()
            return ""

        waiting = create_agent(says(("wait", {"number": "7"})), [wait], name="triage")
        task = asyncio.create_task(waiting.ainvoke(asking(), config={"callbacks": [handler]}))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(program())
    assert (
        _named(outline(events))
        == """\
session triage [cancelled]
  input Where is my order 48213?
  agent triage [cancelled]
    model gpt-4o
    tool wait [cancelled]"""
    )


def test_a_stream_that_is_left_is_no_failure(handler: ChaukasCallbackHandler, events: Events) -> None:
    model = says(("order", {"number": "7"}), "Done.")
    parts = create_agent(model, [order], name="triage").stream(asking(), config={"callbacks": [handler]})
    next(parts)
    parts.close()
    assert _named(outline(events)).splitlines()[:3] == [
        "session triage [cancelled]",
        "  input Where is my order 48213?",
        "  agent triage [cancelled]",
    ]
    assert not [event for event in events if event.status is EventStatus.FAILED]


# With the program's own recording


def test_what_a_tool_records_itself_is_inside_of_it(
    run: Callable[..., Any], recorder: Recorder, events: Events
) -> None:
    @tool
    def noting(number: str) -> str:
        """Takes notes."""
        recorder.state(noted=True)
        return "noted"

    run(create_agent(says(("noting", {"number": "7"}), "Noted."), [noting], name="triage"), asking())
    assert outline(events).splitlines()[4:6] == ["    tool noting", "      state noted"]
    assert recorder.current is None


def test_within_a_session_of_the_program_a_run_is_part_of_it(
    run: Callable[..., Any], recorder: Recorder, events: Events
) -> None:
    with recorder.session(metadata={"agent_name": "mine"}) as session:
        session.input("Where is it?")
        run(create_agent(says("It was shipped."), [], name="triage"), asking())
    assert (
        _named(outline(events))
        == """\
session mine
  input Where is it?
  agent triage
    model gpt-4o"""
    )


def test_events_of_the_programs_own(handler: ChaukasCallbackHandler, events: Events) -> None:
    async def step(text: str) -> str:
        await adispatch_custom_event("progress", {"of": 3, "done": 1})
        return text

    asyncio.run(RunnableLambda(step).ainvoke("Hello?", config={"callbacks": [handler]}))
    [told] = of_type(events, EventType.SYSTEM)
    assert told.metadata == {"message": "progress", "data": {"of": 3, "done": 1}}


# What must not happen


def test_what_runs_between_the_parts_of_a_stream_is_no_part_of_it(
    handler: ChaukasCallbackHandler, recorder: Recorder, events: Events
) -> None:
    config: Any = {"callbacks": [handler]}
    with recorder.session(metadata={"agent_name": "mine"}):
        streams = create_agent(says("One."), [], name="streaming").stream(asking(), config=config)
        for _ in streams:
            create_agent(says("Two."), [], name="between").invoke(asking(), config=config)
    assert (
        _named(outline(events))
        == """\
session mine
  agent streaming
    model gpt-4o
  agent between
    model gpt-4o"""
    )


@pytest.mark.parametrize("way", ["threads", "tasks", "batch"])
def test_runs_at_once_do_not_mix(way: str, handler: ChaukasCallbackHandler, events: Events) -> None:
    config: Any = {"callbacks": [handler]}

    def made() -> Any:
        return create_agent(says(("order", {"number": "1"}), "It was shipped."), [order], name="triage")

    if way == "threads":
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: made().invoke(asking(), config=config), range(16)))
    elif way == "tasks":

        async def program() -> None:
            await asyncio.gather(*(made().ainvoke(asking(), config=config) for _ in range(16)))

        asyncio.run(program())
    else:
        chain = RunnableLambda(lambda given: made().invoke(given, config=config))
        chain.batch([asking()] * 16)
    assert [_named(each) for each in outline(events).split("\nsession ")] == [AGENT, *[AGENT[8:]] * 15]
    assert len(handler._runs) == 0


def test_runs_that_never_end_are_given_up(recorder: Recorder, events: Events) -> None:
    handler = ChaukasCallbackHandler(recorder, most_open=2)
    for _ in range(5):
        handler.on_chain_start(None, "Hello?", run_id=uuid4(), name="LangGraph")
    assert len(handler._runs) == 2
    handler.close()
    ends = of_type(events, EventType.SESSION_END)
    assert [event.status for event in ends] == [EventStatus.CANCELLED] * 5
    left = [event.metadata and event.metadata["left_open"] for event in ends]
    assert left == ["more than 2 runs were open"] * 3 + ["closed"] * 2


def test_no_exception_of_ours_reaches_the_framework(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def emit(self, event: Event) -> None:
            raise OSError("no disk")

    handler = ChaukasCallbackHandler(Recorder(Broken()))
    handler.raise_error = True
    with caplog.at_level(logging.CRITICAL):
        agent = create_agent(says(("order", {"number": "1"}), "It was shipped."), [order], name="triage")
        agent.invoke(asking(), config={"callbacks": [handler]})
        for name in [name for name in dir(handler) if name.startswith("on_")]:
            with pytest.MonkeyPatch.context():
                odd: Any = object()
                arguments = {"on_chain_start": (odd, odd), "on_custom_event": (odd, odd)}.get(name, (odd,))
                with_two = name.endswith("_start")
                getattr(handler, name)(*((odd, odd) if with_two else arguments), run_id=odd, parent_run_id=odd)


def test_unknown_runs_are_passed_over(handler: ChaukasCallbackHandler, events: Events) -> None:
    handler.on_chain_end({}, run_id=uuid4())
    handler.on_llm_error(ValueError(), run_id=uuid4())
    handler.on_tool_end("", run_id=uuid4())
    assert not events


def test_a_recorder_that_is_switched_off_records_nothing(events: Events) -> None:
    handler = ChaukasCallbackHandler(Recorder(events, enabled=False))
    agent = create_agent(says(("order", {"number": "1"}), "It was shipped."), [order], name="triage")
    agent.invoke(asking(), config={"callbacks": [handler]})
    assert not events
