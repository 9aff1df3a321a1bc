"""Spans that nobody ends, and what a forked child, an exit and odd values make of recording."""

from __future__ import annotations

import gc
import json
import logging
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event, EventStatus, Sampler, SettingTypeError
from chaukas_spec_lite.sinks.memory import NullSink
from tests.patience import HANG
from tests.trace.recorders import Kept, Recorder, recorder, tree

FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def test_a_span_that_is_forgotten_is_ended_and_marked() -> None:
    record, kept = recorder()
    record.agent("forgotten").start()
    gc.collect()
    assert kept.outline() == "agent forgotten [cancelled]"
    assert kept.one("AGENT_END").metadata == {"left_open": "garbage-collected"}


def test_also_if_it_was_entered() -> None:
    record, kept = recorder()
    record.agent("forgotten").__enter__()
    gc.collect()
    record.system("goes on")
    assert kept.outline() == "agent forgotten [cancelled]\nsystem goes on"
    assert record.current is None


@pytest.fixture
def no_collections() -> Generator[None, None, None]:
    """Let the collector run only when it is asked to."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collections")
def test_a_generator_that_is_forgotten_is_told_nothing_of_results(caplog: pytest.LogCaptureFixture) -> None:
    """Its span may be finalized before it: the collector has put first what was referred to from elsewhere."""
    record, kept = recorder()
    elsewhere: list[object] = []

    @record.tool("stream")
    def run() -> Generator[int, None, None]:
        elsewhere.append(record.current)
        yield 1

    generator = run()
    next(generator)
    circle: list[object] = [generator]
    circle.append(circle)
    del generator
    gc.collect()
    elsewhere.clear()
    del circle
    gc.collect()
    assert kept.outline() == "tool stream [cancelled]"
    assert kept.one("TOOL_CALL_END").metadata == {"name": "stream", "left_open": "garbage-collected"}
    assert not caplog.records


def test_a_failure_that_was_told_is_kept() -> None:
    record, kept = recorder()
    record.agent("forgotten").start().fail("broken")
    gc.collect()
    assert kept.outline() == "agent forgotten [failed: broken]"


def test_close_ends_what_is_open_inner_spans_first() -> None:
    record, kept = recorder()
    outer = record.agent("outer")
    inner = record.tool("inner")
    with outer, inner, record:
        pass
    assert [event.type.name for event in kept.events] == [
        "AGENT_START",
        "TOOL_CALL_START",
        "TOOL_CALL_END",
        "AGENT_END",
    ]
    assert kept.outline() == tree("""
        agent outer [cancelled]
          tool inner [cancelled]
    """)
    assert [(event.metadata or {})["left_open"] for event in kept.events[2:]] == ["closed", "closed"]


def run(program: str, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *args],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert done.stderr == ""
    return done.stdout


SINK = """
import sys
from chaukas_spec_lite import Recorder
class Print:
    def emit(self, event):
        import os
        os.write(1, f"{event.type.name} {event.status.name} {(event.metadata or {}).get('left_open')}\\n".encode())
record = Recorder(Print())
"""


@pytest.mark.parametrize("ending", ["", "sys.exit(0)", "class A: pass\na = A(); a.span = span; a.self = a; del span"])
def test_what_is_open_at_exit_is_ended_and_marked(ending: str) -> None:
    said = run(f"{SINK}\nspan = record.agent('left').start()\n{ending}")
    assert said.splitlines() == ["AGENT_START STARTED None", "AGENT_END CANCELLED exit"]


def test_an_exporter_with_a_spool_gets_what_is_ended_at_exit(tmp_path: Path) -> None:
    program = """
import sys
from chaukas_spec_lite import BlockingExporter, Recorder
class Sender:
    async def send(self, events): raise ConnectionError
record = Recorder(BlockingExporter(Sender(), spool=sys.argv[1], close_timeout=0.3))
span = record.agent("left").start()
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], timeout=HANG, check=True, capture_output=True)
    found = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"left_open" in found


@FORKS
def test_a_child_is_inside_of_the_span_it_was_forked_in_and_does_not_end_it() -> None:
    record, kept = recorder()
    read, write = os.pipe()
    with record.session("run"), record.agent("parent") as agent:
        if not (child := os.fork()):
            try:
                kept.events.clear()
                with record.tool("in child"):
                    record.system("said there")
                agent.__exit__(None, None, None)
                record.close()
                with os.fdopen(write, "w") as pipe:
                    json.dump([event.to_dict() for event in kept.events], pipe)
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            theirs = [Event.from_dict(each) for each in json.load(pipe)]
        os.waitpid(child, 0)
    assert [event.type.name for event in theirs] == ["TOOL_CALL_START", "SYSTEM", "TOOL_CALL_END"]
    assert Kept([*kept.events, *theirs]).outline() == tree("""
        session run
          agent parent
            tool in child
              system said there
    """)
    assert len({event.event_id for event in [*kept.events, *theirs]}) == 7


@FORKS
def test_a_worker_ends_its_own_spans_only() -> None:
    context = multiprocessing.get_context("fork")
    queue: Any = context.SimpleQueue()

    class ToQueue:
        def emit(self, event: Event) -> None:
            queue.put(bytes(event))

    theirs = Recorder(ToQueue())

    def work() -> None:
        theirs.tool("left open in worker").start().set(worker=True)
        span = theirs.tool("also left open").start()
        globals()["span"] = span

    with theirs.agent("parent"):
        worker = context.Process(target=work)
        worker.start()
        worker.join(HANG)
    found = []
    while not queue.empty():
        found.append(Event.parse(queue.get()))
    assert Kept(found).outline() == tree("""
        agent parent
          tool left open in worker [cancelled]
          tool also left open [cancelled]
    """)
    assert [(event.metadata or {}).get("left_open") for event in found if event.type.name == "TOOL_CALL_END"] == [
        "garbage-collected",
        "exit",
    ]


# Whatever is given


class Odd:
    """Raises at whatever is asked of it."""

    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __iter__(self) -> Any:
        raise RuntimeError("iter")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


ODD = [None, 5, 2.5, float("nan"), b"bytes", [], {}, {1: 2}, {"a": {1}}, object(), Odd(), Odd, "\ud800", ["x", 3], -1]


@pytest.mark.parametrize("odd", ODD, ids=[f"{type(each).__name__}-{index}" for index, each in enumerate(ODD)])
def test_no_call_raises_whatever_it_is_given(odd: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)

    class Anything:
        def emit(self, event: Event) -> None: ...

    record = Recorder(Anything(), tenant_id="acme")
    for session in (record.session(session_id=odd, metadata=odd, tags=odd),):
        session.set(odd)
        session.set(value=odd)
        with session:
            record.input(odd, role=odd, metadata=odd)
            record.output(odd, role=odd, metadata=odd)
            record.error(odd, code=odd, recoverable=odd, recovery_action=odd, metadata=odd)
            record.retry(odd, strategy=odd, backoff_ms=odd, reason=odd, metadata=odd)
            record.policy(odd, odd, rules=odd, rationale=odd, metadata=odd)
            record.data_access(odd, documents=odd, chunks=odd, pii_categories=odd, metadata=odd)
            record.state(odd, more=odd)
            record.handoff(odd, to_id=odd, reason=odd, data=odd, kind=odd, from_=odd, from_id=odd, metadata=odd)
            record.system(odd, severity=odd, metadata=odd)
            with record.agent("a", agent_id=odd, role=odd, metadata=odd) as agent:
                agent.result(odd)
                agent.fail(odd)
            numbers = {"temperature": odd, "max_tokens": odd, "top_p": odd}
            with record.model(odd, odd, request=odd, metadata=odd, **numbers) as model:
                model.chunk(odd)
                model.response(odd, prompt_tokens=odd, completion_tokens=odd, finish_reason=odd, response_id=odd)
                model.response(odd, total_tokens=odd, cost=odd)
            names = {"call_id": odd, "function_name": odd, "auth_required": odd}
            with record.tool("t", arguments=odd, metadata=odd, **names) as tool:
                tool.result(odd, http_status=odd)
            with record.mcp(odd, odd, server_url=odd, method=odd, request=odd, protocol_version=odd) as mcp:
                mcp.response(odd)
            if not callable(odd):
                for make in (record.session, record.agent, record.tool):
                    with make(odd):
                        pass

            @record.tool
            def identity(value: Any) -> Any:
                return value

            assert identity(odd) is odd
    starts = record.stats()
    assert starts.recorded + starts.failed >= 20


def test_what_a_program_hands_over_is_not_changed() -> None:
    record, _ = recorder()
    metadata = {"a": [1]}
    with record.session(metadata=metadata) as session:
        session.set(b=2)
        with record.agent("a", role="r", metadata=metadata), record.tool("t", metadata=metadata):
            pass
        record.retry(1, reason="r", metadata=metadata)
        record.system("x", metadata=metadata)
        record.state(metadata, more=1)
    assert metadata == {"a": [1]}


def test_a_handler_of_the_log_that_raises_does_no_harm() -> None:
    class Handler(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise OSError("log is full")

    class Broken:
        def emit(self, event: Event) -> None:
            raise OSError("disk is full")

    handler = Handler()
    logger = logging.getLogger("chaukas_spec_lite")
    logger.addHandler(handler)
    try:
        record = Recorder(Broken())
        with record.session("run"):
            record.system("x")
    finally:
        logger.removeHandler(handler)
    assert record.stats().failed >= 3


def test_mistakes_of_setting_up_are_told_at_once() -> None:
    with pytest.raises(SettingTypeError, match="emit"):
        Recorder(5)  # type: ignore[arg-type]
    with pytest.raises(SettingTypeError, match="before_send"):
        recorder(before_send=[5])
    with pytest.raises(SettingTypeError, match="max_stack"):
        recorder(max_stack="many")
    with pytest.raises(SettingTypeError, match=r"Recorder\.to and sinks\.open_sink take addresses"):
        Recorder("file:events.jsonl")  # type: ignore[arg-type]
    for name in ("enabled", "stream"):
        with pytest.raises(SettingTypeError, match=f"{name}: has to be True or False, not 'no'"):
            recorder(**{name: "no"})
    with pytest.raises(SettingTypeError, match="clock: has to be a Times"):
        recorder(clock=print)
    with pytest.raises(SettingTypeError, match=r"address: .* not None"):
        Recorder.to(None)  # type: ignore[arg-type]


def test_under_nothing_nothing_changes() -> None:
    record, kept = recorder()
    odd: Any = 5
    for nothing in (record.current, record.place, record.session(), odd):
        with record.under(nothing):
            assert record.current is None
            record.system("recorded")
            with record.tool("t"):
                pass
    assert len(kept.events) == 12
    assert record.stats().failed == 0


def test_before_send_may_change_or_hold_back() -> None:
    def change(event: Event) -> Event | None:
        if event.type.name == "SYSTEM":
            return None
        event.tags = ["changed"]
        return event

    record, kept = recorder(before_send=[change, lambda event: event])
    with record.agent("a"):
        record.system("secret")
    assert kept.outline() == "agent a"
    assert {tuple(event.tags) for event in kept.events} == {("changed",)}
    assert record.stats().filtered == 1
    assert record.flush()


def test_a_span_says_what_it_is() -> None:
    record, _ = recorder()
    span = record.tool("t")
    assert repr(span) == "<ToolSpan - not begun>"
    with span:
        assert repr(span) == f"<ToolSpan {span.span_id} open>"
        assert record.place is not None
        assert record.place.span_id == span.span_id
        assert record.current is span
    assert repr(span).endswith(" ended>")
    assert span.event is not None
    assert span.event.status == EventStatus.STARTED


def test_what_before_send_changes_is_the_events_alone() -> None:
    def wipe(event: Event) -> Event:
        for message in (event.tool_call, event.tool_response, event.llm_invocation, event.mcp_call, event.message):
            for name in ("arguments", "output", "request", "response", "metadata"):
                _wipe(getattr(message, name, None))
        _wipe(event.metadata)
        _wipe(event.state_update)
        return event

    def _wipe(value: Any) -> None:
        if isinstance(value, dict):
            for each in value.values():
                _wipe(each)
            value.clear()
        elif isinstance(value, list):
            value.clear()

    def mine() -> dict[str, Any]:
        return {"password": "p", "deep": {"list": [{"a": 1}], "tuple": ([1],)}}

    record, kept = recorder(before_send=wipe)
    given = mine()
    given["cycle"] = given

    @record.tool
    def log_in(user: dict[str, Any], again: Any) -> Any:
        assert user["deep"] == mine()["deep"]
        return user

    with record.session(metadata=given), record.model("p", "m", request=given) as model:
        log_in(given, [given])
        model.response(given)
        record.state(given)
        record.input("x", metadata=given)
        with record.mcp("s", "o", request=given) as mcp:
            mcp.response(given)
    assert given.pop("cycle") is given
    assert given == mine()
    assert b"password" not in b"".join(bytes(event) for event in kept.events)


def test_an_exception_that_is_raised_for_ever_remembers_a_few_traces() -> None:
    record, _ = recorder()
    error = ValueError("one for all")
    for _ in range(100):
        with pytest.raises(ValueError, match="one for all"), record.session():
            raise error
    assert len(error.__dict__["__chaukas_recorded__"]) == 20


def test_a_span_that_never_begins_is_told(caplog: pytest.LogCaptureFixture) -> None:
    record, kept = recorder()

    def forgotten() -> None:
        record.session("support")
        call = record.model("openai", "gpt-4o")
        call.response("It was shipped.", prompt_tokens=412)
        del call

    with caplog.at_level("WARNING", "chaukas_spec_lite"):
        forgotten()
        gc.collect()
    assert kept.events == []
    session, model = caplog.messages
    assert session.startswith("SessionSpan 'support' was made, but never begun, so it is not recorded")
    assert "write `with recorder.session(...):`" in session
    assert model.startswith("ModelSpan 'gpt-4o' ")
    assert "`with recorder.model(...):`" in model
    assert f"{__file__}:" in session


def test_spans_that_are_used_are_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    record, kept = recorder()

    def program() -> None:
        record.tool("decorates")(len)  # never called
        record.tool(len)("x")
        twice = record.tool("twice")
        with twice, twice:
            pass
        with twice:
            pass
        record.agent("by hand").start().end()

    with caplog.at_level("WARNING", "chaukas_spec_lite"):
        program()
        gc.collect()
    assert len(kept.events) == 10
    assert caplog.messages == []


@pytest.mark.usefixtures("few_objects")
def test_an_end_that_is_left_out_is_left_out_once() -> None:
    kept = Kept()
    for settings in ({"sampler": Sampler(rate=0.0, keep_errors=False)}, {"before_send": lambda event: None}):
        record = Recorder(kept, **settings)  # type: ignore[arg-type]  # each setting has its type
        for _ in range(10):
            record.session().start()  # forgotten
            gc.collect()
        record.session()
        record.close()
        stats = record.stats()
        assert (stats.recorded, stats.sampled_out + stats.filtered) == (20, 20)
    record = Recorder(NullSink())
    for _ in range(10):
        record.session().start()
        gc.collect()
    record.close()
    assert record.stats().recorded == 20
    assert not kept.events


def test_a_result_that_comes_after_the_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    record, kept = recorder()
    with record.tool("search") as tool, record.agent("triage") as agent, record.mcp("files", "tools/call") as mcp:
        with record.model("openai", "gpt-4o") as call:
            call.response("in time")
        tool.result("in time")
    with caplog.at_level("WARNING", "chaukas_spec_lite"):
        call.response("late")
        tool.result("late")
        agent.result("late")
        mcp.response("late")
    assert [each.split("()")[0] for each in caplog.messages] == [
        "ModelSpan.response",
        "ToolSpan.result",
        "AgentSpan.result",
        "McpSpan.response",
    ]
    assert "came after the END of its span" in caplog.messages[0]
    assert f"at {__file__}:" in caplog.messages[0]
    assert "late" not in str(kept.events)
