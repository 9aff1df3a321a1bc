"""Recording changes nothing of what a program does: decorated and plain, it is compared step by step."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pytest

from chaukas_spec_lite import Event, Redactor
from tests.trace.recorders import recorder

Operation = tuple[Any, ...]
SCRIPTS: list[list[Operation]] = [
    [("next",)] * 4,
    [("send", None), ("send", 7), ("send", 8), ("send", 9)],
    [("send", 5)],
    [("next",), ("throw", ValueError), ("next",), ("next",)],
    [("throw", ValueError), ("next",)],
    [("close",), ("next",)],
    [("next",), ("close",), ("next",), ("close",)],
    [("next",), ("throw", GeneratorExit), ("next",), ("close",)],
    [("next",), ("throw", StopIteration)],
    [("next",), ("throw", StopAsyncIteration)],
    [("next",), ("next",), ("throw", ValueError), ("throw", ValueError), ("close",)],
    [("next",), ("throw", KeyboardInterrupt), ("next",)],
]


def shown(error: BaseException | None) -> object:
    """All that a program can see of an exception, but for its traceback."""
    if error is None:
        return None
    return type(error), str(error), shown(error.__context__), shown(error.__cause__), error.__suppress_context__


def outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except BaseException as error:  # what is thrown in may come out
        return shown(error)


def talks() -> Generator[Any, Any, str]:
    got = yield 1
    try:
        got = yield got
    except ValueError:
        got = "caught"
    yield got
    return "result"


def returns_when_closed() -> Generator[int, None, int]:
    try:
        yield 1
    except GeneratorExit:
        return 5
    return 6


def goes_on_when_closed() -> Generator[object, None, None]:
    try:
        yield 1
    except GeneratorExit:
        yield "still here"


def raises_when_closed() -> Generator[int, None, None]:
    try:
        yield 1
    finally:
        raise KeyError("closed")


def chains() -> Generator[int, None, None]:
    try:
        yield 1
    except ValueError as error:
        raise KeyError("from") from error


def stops() -> Generator[int, None, None]:
    yield 1
    raise StopIteration("within")


GENERATORS = [talks, returns_when_closed, goes_on_when_closed, raises_when_closed, chains, stops]


@pytest.mark.usefixtures("few_objects")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # plain generators cause it just so
@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("function", GENERATORS)
def test_a_generator_does_the_same(function: Callable[[], Generator[Any, Any, Any]], script: list[Operation]) -> None:
    def run(function: Callable[[], Generator[Any, Any, Any]]) -> list[object]:
        generator = function()
        calls: dict[str, Callable[..., Any]] = {"next": lambda: next(generator), "send": generator.send}
        calls |= {"throw": generator.throw, "close": generator.close}
        made = [outcome(lambda each=each: calls[each[0]](*_fresh(each))) for each in script]  # type: ignore[misc]
        generator.close()  # those that go on are closed at the second attempt
        return made

    record, kept = recorder()
    assert outcome(lambda: run(record.tool(function))) == outcome(lambda: run(function))
    gc.collect()
    types = [event.type.name for event in kept.events]
    assert types in ([], ["TOOL_CALL_START", "TOOL_CALL_END"])


async def a_talks() -> AsyncGenerator[Any, Any]:
    got = yield 1
    try:
        got = yield got
    except ValueError:
        got = "caught"
    yield got


async def a_returns_when_closed() -> AsyncGenerator[int, None]:
    try:
        yield 1
    except GeneratorExit:
        return


async def a_goes_on_when_closed() -> AsyncGenerator[object, None]:
    try:
        yield 1
    except GeneratorExit:
        yield "still here"


async def a_raises_when_closed() -> AsyncGenerator[int, None]:
    try:
        yield 1
    finally:
        await asyncio.sleep(0)
        raise KeyError("closed")


async def a_chains() -> AsyncGenerator[int, None]:
    try:
        yield 1
    except ValueError as error:
        raise KeyError("from") from error


async def a_stops() -> AsyncGenerator[int, None]:
    yield 1
    raise StopAsyncIteration("within")


ASYNC_GENERATORS = [a_talks, a_returns_when_closed, a_goes_on_when_closed, a_raises_when_closed, a_chains, a_stops]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("function", ASYNC_GENERATORS)
def test_an_async_generator_does_the_same(
    function: Callable[[], AsyncGenerator[Any, Any]], script: list[Operation]
) -> None:
    async def run(function: Callable[[], AsyncGenerator[Any, Any]]) -> list[object]:
        generator = function()
        calls: dict[str, Callable[..., Any]] = {"next": generator.__anext__, "send": generator.asend}
        calls |= {"throw": generator.athrow, "close": generator.aclose}
        made: list[object] = []
        for each in script:
            try:
                made.append(await calls[each[0]](*_fresh(each)))
            except BaseException as error:  # what is thrown in may come out
                made.append(shown(error))
        return made

    record, kept = recorder()
    found, expected = asyncio.run(run(record.tool(function))), asyncio.run(run(function))
    assert found == expected
    types = [event.type.name for event in kept.events]
    assert types in ([], ["TOOL_CALL_START", "TOOL_CALL_END"])


def _fresh(operation: Operation) -> list[object]:
    """The arguments, with an exception of its own for each call."""
    return [each("thrown in") if isinstance(each, type) else each for each in operation[1:]]


def test_a_generator_that_returns_when_it_is_closed_was_called_off() -> None:
    record, kept = recorder()
    generator = record.tool(returns_when_closed)()
    next(generator)
    generator.close()
    assert kept.one("TOOL_CALL_END").status.name == "CANCELLED"


def test_an_exception_thrown_into_a_generator_is_kept_alive_by_nobody() -> None:
    class OwnError(Exception):
        pass

    record, _ = recorder()
    generator = record.tool(talks)()
    next(generator)
    error = OwnError()
    with pytest.raises(OwnError):
        generator.throw(error)
    gone = weakref.ref(error)
    gc.disable()
    try:
        del error, generator
        assert gone() is None
    finally:
        gc.enable()


def test_a_before_send_that_changes_events_in_place_changes_nothing_of_the_program() -> None:
    def clear(event: Event) -> Event:
        for message in (event, event.tool_call, event.tool_response, event.llm_invocation, event.agent_handoff):
            for name in ("metadata", "arguments", "output", "request", "response", "handoff_data", "state_update"):
                found = getattr(message, name, None)
                if found:
                    emptied(found)
        return event

    def emptied(values: Any) -> None:
        for each in values.values() if isinstance(values, dict) else values:
            if isinstance(each, (dict, list)):
                emptied(each)
        values.clear()

    def plain() -> dict[str, Any]:
        own: dict[str, Any] = {"deep": {"list": [{"a": 1}, [2]]}}
        own["twice"] = own["deep"]
        return own

    values = [plain() for _ in range(7)]
    record, kept = recorder(before_send=[Redactor(), clear])
    with record.session(metadata=values[0]), record.agent("a", metadata=values[1]):
        with record.model("openai", "gpt-4o", request=values[2]) as call:
            call.response(values[3])
        record.state(values[4])
        record.handoff("b", data=values[5])
        assert record.tool(lambda value: value)(values[6]) == plain()
    assert values == [plain()] * 7
    assert len(kept.events) == 10
    assert all(not event.state_update for event in kept.events)


def test_events_that_hold_cycles_and_odd_objects_are_copied_as_far_as_can_be() -> None:
    seen: list[Event] = []
    lock = threading.Lock()
    cycle: dict[str, Any] = {"lock": lock, "tuple": ([1],), "ordered": OrderedDict(a=[1])}
    cycle["self"] = cycle
    record, _ = recorder(before_send=seen.append)
    record.state(cycle)
    (event,) = seen
    found: Any = event.state_update
    assert found is not cycle
    assert found["self"] is found
    assert found["lock"] is lock
    assert found["tuple"] == ([1],)
    assert found["tuple"][0] is not cycle["tuple"][0]
    assert found["ordered"]["a"] is not cycle["ordered"]["a"]
