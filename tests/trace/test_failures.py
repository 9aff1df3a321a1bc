"""How work ends that does not end well: each failure is recorded once, and goes on to the program as it was."""

from __future__ import annotations

import asyncio
import concurrent.futures
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from chaukas_spec_lite import Event, EventStatus, Redactor, Severity
from chaukas_spec_lite.trace.failures import error_info, is_cancellation, is_recoverable, message_of, stack_of
from tests.trace.recorders import Kept, Recorder, recorder, tree

if sys.version_info >= (3, 11):
    from builtins import BaseExceptionGroup, ExceptionGroup


def fails() -> None:
    raise ValueError("no such order")


def errors(kept: Kept) -> list[Event]:
    return [event for event in kept.events if event.error is not None]


def test_an_exception_ends_the_span_with_its_error() -> None:
    record, kept = recorder()
    with pytest.raises(ValueError, match="no such order"), record.tool("search"):
        fails()
    end = kept.one("TOOL_CALL_END")
    assert (end.status, end.severity) == (EventStatus.FAILED, Severity.ERROR)
    assert end.tool_response is None
    assert end.error is not None
    assert (end.error.error_message, end.error.error_code, end.error.recoverable) == (
        "no such order",
        "ValueError",
        False,
    )
    assert end.error.stack_trace.startswith("Traceback (most recent call last):\n")
    assert "in fails\n" in end.error.stack_trace
    assert end.error.stack_trace.endswith("ValueError: no such order\n")
    assert end.metadata == {"name": "search"}


def test_it_is_recorded_once_however_many_spans_it_leaves() -> None:
    record, kept = recorder()
    with (
        pytest.raises(ValueError, match="no such order"),
        record.session("run"),
        record.agent("outer"),
        record.agent("inner"),
        record.tool("search"),
    ):
        fails()
    assert kept.outline() == tree("""
        session run [failed]
          agent outer [failed]
            agent inner [failed]
              tool search [failed: no such order]
    """)
    (first,) = errors(kept)
    ends = [event for event in kept.events if event.type.name.endswith("_END")]
    assert [event.status for event in ends] == [EventStatus.FAILED] * 4
    assert [(event.metadata or {}).get("failed_in") for event in ends] == [None, *[first.span_id] * 3]
    assert (ends[-1].metadata or {})["success"] is False


def test_it_is_recorded_with_the_error_event_if_there_is_one() -> None:
    record, kept = recorder()

    def run() -> None:
        with record.agent("outer"):
            try:
                fails()
            except ValueError as error:
                record.error(error, recovery_action="look again")
                raise

    with pytest.raises(ValueError, match="no such order"):
        run()
    assert kept.outline() == tree("""
        agent outer [failed]
          error no such order [failed: no such order]
    """).replace("error no such order [", "error [")
    assert [event.type.name for event in errors(kept)] == ["ERROR"]


def test_an_exception_that_is_caught_fails_only_what_it_left() -> None:
    record, kept = recorder()
    with record.agent("outer"):
        with pytest.raises(ValueError, match="no such order"), record.tool("search"):
            fails()
        with pytest.raises(KeyError), record.tool("look up"):
            raise KeyError("k")
    assert kept.outline() == tree("""
        agent outer
          tool search [failed: no such order]
          tool look up [failed: 'k']
    """)


def test_an_exception_raised_from_a_recorded_one_is_another() -> None:
    record, kept = recorder()

    def run() -> None:
        with record.agent("outer"):
            try:
                with record.tool("search"):
                    fails()
            except ValueError as error:
                raise RuntimeError("cannot go on") from error

    with pytest.raises(RuntimeError):
        run()
    assert kept.outline() == tree("""
        agent outer [failed: cannot go on]
          tool search [failed: no such order]
    """)
    assert "no such order" in errors(kept)[-1].error.stack_trace  # type: ignore[union-attr]


def test_the_same_exception_in_another_trace_or_recorder_is_recorded_again() -> None:
    one, kept_one = recorder()
    two, kept_two = recorder()
    error = ValueError("kept and raised again")
    for _ in range(2):
        with pytest.raises(ValueError, match="again"), one.session("one"), two.session("two"):
            raise error
    assert len(errors(kept_one)) == len(errors(kept_two)) == 2


def test_it_is_recorded_once_across_tasks_and_threads() -> None:
    record, kept = recorder()

    async def work() -> None:
        with record.tool("in task"):
            fails()

    async def main() -> None:
        with record.agent("outer"):
            await asyncio.create_task(work())

    def in_thread() -> None:
        with record.tool("in thread"):
            fails()

    with pytest.raises(ValueError, match="no such order"):
        asyncio.run(main())
    with (
        pytest.raises(ValueError, match="no such order"),
        concurrent.futures.ThreadPoolExecutor(1) as threads,
        record.agent("other"),
    ):
        record.executor(threads).submit(in_thread).result()
    assert kept.outline() == tree("""
        agent outer [failed]
          tool in task [failed: no such order]
        agent other [failed]
          tool in thread [failed: no such order]
    """)


def test_what_was_recorded_stays_known_when_an_exception_is_pickled() -> None:
    record, kept = recorder()

    def run() -> None:
        with record.agent("outer"):
            try:
                with record.tool("elsewhere"):
                    fails()
            except ValueError as error:
                raise pickle.loads(pickle.dumps(error)) from None

    with pytest.raises(ValueError, match="no such order"):
        run()
    assert len(errors(kept)) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no groups of exceptions")
class TestGroups:
    def test_a_group_of_recorded_exceptions_is_recorded(self) -> None:
        record, kept = recorder()

        async def work(name: str) -> None:
            with record.tool(name):
                raise ValueError(name)

        async def main() -> None:
            with record.agent("outer"):
                async with asyncio.TaskGroup() as group:
                    group.create_task(work("a"))
                    group.create_task(work("b"))

        with pytest.raises(ExceptionGroup):
            asyncio.run(main())
        assert kept.outline() == tree("""
            agent outer [failed]
              tool a [failed: a]
              tool b [failed: b]
        """)

    def test_one_with_others_is_an_error_that_names_them(self) -> None:
        record, kept = recorder()
        with pytest.raises(ExceptionGroup), record.session("run"), record.agent("outer"):
            raise ExceptionGroup("two of them", [ValueError("a"), ExceptionGroup("inner", [KeyError("b")])])
        assert kept.outline() == tree("""
            session run [failed]
              agent outer [failed: two of them (2 sub-exceptions): ValueError: a; KeyError: 'b']
        """)

    def test_a_group_of_cancellations_is_one(self) -> None:
        error = BaseExceptionGroup("stop", [asyncio.CancelledError(), KeyboardInterrupt()])
        assert is_cancellation(error)
        assert not is_cancellation(BaseExceptionGroup("stop", [asyncio.CancelledError(), ValueError()]))

    def test_a_long_one_names_some(self) -> None:
        text = message_of(ExceptionGroup("many", [ValueError(str(number)) for number in range(1000)]))
        assert text.startswith("many (1000 sub-exceptions): ValueError: 0; ValueError: 1; ")
        assert text.endswith("; 980 more")


class Stopped(asyncio.CancelledError):
    pass


@pytest.mark.parametrize(
    "error",
    [
        asyncio.CancelledError(),
        Stopped(),
        KeyboardInterrupt(),
        GeneratorExit(),
        SystemExit(1),
        concurrent.futures.CancelledError(),
    ],
    ids=lambda error: f"{type(error).__module__}.{type(error).__name__}",
)
def test_what_says_that_work_was_called_off_is_no_failure(error: BaseException) -> None:
    record, kept = recorder()

    def run() -> None:
        with record.session("run"), record.model("openai", "gpt-4o") as call:
            call.chunk("half an ans")
            raise error

    with pytest.raises(type(error)):
        run()
    assert kept.outline() == tree("""
        session run [cancelled]
          model gpt-4o [cancelled]
    """)
    end = kept.one("MODEL_INVOCATION_END")
    assert end.llm_invocation is not None
    assert end.llm_invocation.response == {"content": "half an ans"}
    assert end.severity == Severity.INFO


def test_a_task_that_is_cancelled() -> None:
    record, kept = recorder()

    async def main() -> None:
        @record.agent("waits")
        async def work() -> None:
            await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert kept.outline() == "agent waits [cancelled]"


def test_a_generator_that_is_not_read_to_its_end() -> None:
    record, kept = recorder()

    @record.tool
    def rows() -> Iterator[int]:
        yield 1
        yield 2

    def plain() -> Iterator[int]:
        with record.tool("plain"):
            yield 1

    for _ in rows():
        break
    for _ in plain():
        break
    assert kept.outline() == "tool rows [cancelled]\ntool plain [cancelled]"
    assert [event.tool_response.output for event in kept.of("TOOL_CALL_END") if event.tool_response] == [
        {"output": [1]},
        None,
    ]


def test_fail_and_cancel_say_so_without_an_exception() -> None:
    record, kept = recorder()
    with record.session("run"):
        with record.tool("a") as tool:
            tool.fail("status 500")
        with record.agent("b") as agent:
            agent.fail(ValueError("bad answer"))
        with record.mcp("files", "tools/call") as call:
            call.cancel()
    assert kept.outline() == tree("""
        session run
          tool a [failed: status 500]
          agent b [failed: bad answer]
          mcp files tools/call [cancelled]
    """)


def test_the_program_gets_its_exception_as_it_was() -> None:
    record, _ = recorder()
    error = ValueError("mine")
    caught: BaseException | None = None
    try:
        with record.session("run"), record.agent("a"):
            raise error
    except ValueError as found:
        caught = found
    assert caught is error
    assert error.__context__ is error.__cause__ is None
    assert repr(error) == "ValueError('mine')"
    assert error.args == ("mine",)


def test_nothing_keeps_an_exception_and_its_frames_alive() -> None:
    record, _ = recorder()

    class Mine(Exception):
        pass

    def run() -> weakref.ref[Mine]:
        error = Mine()
        with pytest.raises(Mine), record.agent("a"):
            raise error
        found = weakref.ref(error)
        del error
        return found

    found = run()
    span = record.agent("b")
    with pytest.raises(Mine), span:
        raise Mine
    assert found() is None


# Odd exceptions


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Frozen(Exception):
    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


class Hidden(Exception):
    def __getattribute__(self, name: str) -> Any:
        raise LookupError(name)


@pytest.mark.parametrize("make", [Unprintable, Frozen, Hidden])
def test_odd_exceptions_go_through_and_are_recorded_once(make: Callable[[], BaseException]) -> None:
    record, kept = recorder()
    error = make()
    caught: BaseException | None = None
    try:
        with record.session("run"), record.agent("outer"), record.tool("inner"):
            raise error
    except BaseException as found:
        caught = found
    assert caught is error
    assert record.stats().failed == 0
    assert len(kept.of("SESSION_END")) == 1
    assert errors(kept)[0].type.name == "TOOL_CALL_END"
    assert len(errors(kept)) == 1


def test_an_exception_without_text_is_named() -> None:
    assert error_info(ValueError()).error_message == "ValueError"


def test_stack_traces_are_bounded() -> None:
    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        else:
            raise ValueError("x" * 100_000)

    with pytest.raises(ValueError, match=r"x+") as caught:
        deep(300)
    text = stack_of(caught.value, 2000)
    assert len(text) <= 2000
    assert "characters left out" in text
    assert text.startswith("Traceback")
    assert text.endswith("xxx\n")
    assert stack_of(caught.value, 0) == ""
    assert len(message_of(caught.value)) == 8000
    for most in range(1, 60):
        assert len(stack_of(caught.value, most)) <= most


def test_a_recorder_may_leave_stack_traces_out() -> None:
    record, kept = recorder(max_stack=0)
    with pytest.raises(ValueError, match="no such order"), record.tool("search"):
        fails()
    assert errors(kept)[0].error.stack_trace == ""  # type: ignore[union-attr]


def test_our_own_frames_are_not_in_it() -> None:
    record, kept = recorder()
    with pytest.raises(ValueError, match="no such order"):
        record.tool("search")(fails)()
    assert "decorating.py" not in errors(kept)[0].error.stack_trace  # type: ignore[union-attr]


class Answer(Exception):
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


def test_what_may_pass_is_recoverable() -> None:
    passing = [TimeoutError(), ConnectionResetError(), Answer(429), Answer(503)]
    others = [Answer(400), ValueError(), Hidden()]
    assert [is_recoverable(each) for each in [*passing, *others]] == [True] * 4 + [False] * 3


def test_a_recursion_without_end_goes_through() -> None:
    record, kept = recorder(max_stack=500)

    @record.tool
    def endless(depth: int) -> None:
        with record.agent("deeper"):
            endless(depth + 1)

    with pytest.raises(RecursionError), record.session("run"):
        endless(0)
    assert record.current is None
    starts, ends = (
        [event.span_id for event in kept.events if event.type.name.endswith(end)] for end in ("_START", "_END")
    )
    assert (len(starts), len(ends)) == (len(set(starts)), len(set(ends)))
    assert set(starts) <= set(ends)  # where the sink has no room for a START, it may have some for the END
    assert len(starts) > 50
    assert kept.events[-1].type.name == "SESSION_END"


def test_a_sink_that_raises_is_the_recorders_affair(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def emit(self, event: Event) -> None:
            raise OSError("disk full")

    record = Recorder(Broken())
    with record.session("run") as session:
        session.input("hello")
    assert record.stats().failed == 3
    assert record.stats().recorded == 3
    assert record.stats().sent == 0
    assert "disk full" in caplog.text


def test_an_exception_that_is_raised_again_and_again_remembers_the_last_traces_only() -> None:
    record, kept = recorder()
    error = ValueError("kept by the program")
    for _ in range(50):
        with suppress(ValueError), record.session(), record.agent("a"):
            raise error
    assert len(vars(error)["__chaukas_recorded__"]) == 20
    assert sum(event.error is not None for event in kept.events) == 50  # once in each trace


@pytest.mark.parametrize("length", range(7_900, 8_001, 7))
def test_where_a_message_is_cut_no_part_of_a_secret_stays(length: int) -> None:
    secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"
    record, kept = recorder(before_send=Redactor(), max_stack=500)
    record.error(RuntimeError(f"{'x' * length} {secret}"))
    record.error(f"{'x' * length} {secret}")
    record.error(RuntimeError(f"{'x' * (length - 7_800)} {secret} {'x ' * 1_000}"))
    record.error(RuntimeError(f"{'x ' * 1_000} {secret} {'x' * (length - 7_800)}"))
    for event in kept.events:
        assert event.error is not None
        for text in (event.error.error_message, event.error.stack_trace):
            assert len(text) <= 8_000
            assert not any(secret[place : place + 8] in text for place in range(len(secret) - 8))
