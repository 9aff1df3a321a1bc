"""Decorated functions do what they did, and each call of them is a span."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

import pytest

from chaukas_spec_lite import Event, SettingError, SettingTypeError
from tests.trace.recorders import Kept, Recorder, recorder


def arguments(kept: Kept) -> Any:
    return [event.tool_call.arguments for event in kept.events if event.tool_call is not None]


def outputs(kept: Kept) -> Any:
    return [event.tool_response.output for event in kept.events if event.tool_response is not None]


def test_a_call_is_a_span_with_arguments_and_result() -> None:
    record, kept = recorder()

    @record.tool
    def add(a: int, b: int = 2, *rest: int, **named: int) -> int:
        """Add numbers."""
        return a + b + sum(rest) + sum(named.values())

    assert add(1) == 3
    assert add(1, b=5) == 6
    assert add(1, 2, 3, 4, x=5) == 15
    assert arguments(kept) == [{"a": 1}, {"a": 1, "b": 5}, {"a": 1, "b": 2, "rest": [3, 4], "x": 5}]
    assert outputs(kept) == [{"output": 3}, {"output": 6}, {"output": 15}]
    assert kept.outline() == "tool add\ntool add\ntool add"
    assert (add.__name__, add.__doc__, list(inspect.signature(add).parameters)) == (
        "add",
        "Add numbers.",
        ["a", "b", "rest", "named"],
    )


def test_arguments_are_recorded_as_they_were_before_the_call() -> None:
    record, kept = recorder()

    @record.tool
    def drain(items: list[int]) -> int:
        count = len(items)
        items.clear()
        return count

    assert drain([1, 2]) == 2
    assert arguments(kept) == [{"items": [1, 2]}]


def test_names_and_settings_may_be_given() -> None:
    record, kept = recorder()

    @record.tool("search", function_name="v2", auth_required=True, metadata={"owner": "shop"})
    def look_up() -> None: ...

    @record.agent("triage", agent_id="a-1", role="assistant")
    def triage(question: str) -> str:
        look_up()
        return question.upper()

    @record.agent()
    def unnamed() -> None: ...

    with record.session("run"):
        assert triage("why") == "WHY"
        unnamed()
    assert kept.outline() == "session run\n  agent triage\n    tool search\n  agent unnamed"
    start = kept.of("AGENT_START")[0]
    assert (start.agent_id, start.agent_name) == ("a-1", "triage")
    assert start.metadata == {"role": "assistant", "arguments": {"question": "why"}}
    assert kept.of("AGENT_END")[0].metadata == {"role": "assistant", "output": "WHY"}
    tool = kept.one("TOOL_CALL_START")
    assert tool.tool_call is not None
    assert (tool.tool_call.function_name, tool.tool_call.auth_required) == ("v2", True)
    assert (tool.agent_id, tool.metadata) == ("a-1", {"owner": "shop"})


def test_all_kinds_of_spans_are_decorators() -> None:
    record, kept = recorder()

    @record.session
    def run(question: str) -> str:
        return agent(question)

    @record.agent
    def agent(question: str) -> str:
        return ask(question) + call(path="/a")

    @record.model("openai", "gpt-4o")
    def ask(prompt: str) -> str:
        return prompt + "!"

    @record.mcp("files", "tools/call", method="read")
    def call(path: str) -> str:
        return path

    assert run("hello") == "hello!/a"
    assert kept.outline() == "session run\n  agent agent\n    model gpt-4o\n    mcp files read"
    ends = {event.type.name: event for event in kept.events}
    model_start, model_end = (ends[f"MODEL_INVOCATION_{end}"].llm_invocation for end in ("START", "END"))
    assert model_start is not None
    assert model_end is not None
    assert (model_start.request, model_end.response) == ({"prompt": "hello"}, {"content": "hello!"})
    mcp_start, mcp_end = (ends[f"MCP_CALL_{end}"].mcp_call for end in ("START", "END"))
    assert mcp_start is not None
    assert mcp_end is not None
    assert (mcp_start.request, mcp_end.response) == ({"path": "/a"}, {"output": "/a"})


def test_what_the_function_tells_itself_wins() -> None:
    record, kept = recorder()

    @record.tool
    def search() -> str:
        span: Any = record.current
        span.result("what I say", http_status=200)
        return "what I return"

    assert search() == "what I return"
    (event,) = kept.of("TOOL_CALL_END")
    assert event.tool_response is not None
    assert (event.tool_response.output, event.tool_response.http_status) == ({"output": "what I say"}, 200)


@pytest.mark.parametrize(
    ("capture", "expected", "result"),
    [
        (True, {"user": "u", "password": "p"}, {"output": "r"}),
        (False, None, None),
        (["user"], {"user": "u"}, None),
        (["user", "return"], {"user": "u"}, {"output": "r"}),
        ("user", {"user": "u"}, None),
        (
            lambda name, value: value if name != "password" else "***",
            {"user": "u", "password": "***"},
            {"output": "r"},
        ),
        (
            lambda name, value: 1 / 0,
            dict.fromkeys(("user", "password"), "<not recorded: capture raised ZeroDivisionError>"),
            {"output": "<not recorded: capture raised ZeroDivisionError>"},
        ),
    ],
)
@pytest.mark.parametrize("by_recorder", [False, True])
def test_capture_chooses_what_is_recorded(capture: Any, expected: Any, result: Any, by_recorder: bool) -> None:
    record, kept = recorder(**({"capture": capture} if by_recorder else {}))

    def log_in(user: str, password: str) -> str:
        return "r"

    decorated = record.tool(log_in) if by_recorder else record.tool(capture=capture)(log_in)
    assert decorated("u", password="p") == "r"
    assert arguments(kept) == [expected]
    assert outputs(kept) == [result]


def test_a_capture_that_is_none_is_refused_at_once() -> None:
    record, _ = recorder()
    with pytest.raises(SettingTypeError, match="capture: has to be True, False, the names"):
        record.tool(capture=5)(print)  # type: ignore[call-overload]
    with pytest.raises(SettingTypeError, match="capture: has to be"):
        recorder(capture=5)


def test_methods_record_no_self() -> None:
    record, kept = recorder()

    class Shop:
        @record.tool
        def plain(self, order: str) -> Shop:
            return self

        @classmethod
        @record.tool
        def below(cls, order: str) -> type[Shop]:
            return cls

        @record.tool
        @classmethod
        def above(cls, order: str) -> type[Shop]:
            return cls

        @staticmethod
        @record.tool
        def below_static(order: str) -> str:
            return order

        @record.tool
        @staticmethod
        def above_static(order: str) -> str:
            return order

        @record.tool(capture=["order"])
        async def waits(self, order: str) -> str:
            return order

    shop = Shop()
    assert shop.plain("1") is shop
    assert Shop.below("2") is shop.above("3") is Shop
    assert shop.below_static("4") + Shop.above_static("5") == "45"
    assert asyncio.run(shop.waits("6")) == "6"
    assert Shop.plain(shop, "7") is shop
    assert arguments(kept) == [{"order": str(number)} for number in range(1, 8)]
    assert [event.tool_call.name for event in kept.events if event.tool_call] == [
        "plain",
        "below",
        "above",
        "below_static",
        "above_static",
        "waits",
        "plain",
    ]


def test_a_subclass_sees_itself() -> None:
    record, _ = recorder()

    class Base:
        @record.tool
        @classmethod
        def name(cls) -> str:
            return cls.__name__

    class Derived(Base):
        pass

    assert Derived.name() == "Derived"


def test_other_callables_too() -> None:
    record, kept = recorder()

    class Tool:
        def __call__(self, x: int) -> int:
            return x + 1

    class Waiting:
        async def __call__(self, x: int) -> int:
            return x + 1

    assert record.tool(Tool())(1) == 2
    assert asyncio.run(record.tool(Waiting())(1)) == 2
    assert record.tool("partial")(functools.partial(max, 1))(2) == 2
    assert record.tool(len)([1, 2]) == 2
    assert kept.outline() == "tool Tool\ntool Waiting\ntool partial\ntool len"


def test_what_cannot_be_decorated_is_refused() -> None:
    record, _ = recorder()
    with pytest.raises(SettingTypeError, match="has to be a function, not the class int"):
        record.agent("a")(int)
    with pytest.raises(SettingTypeError, match="has to be a function, not a property"):
        record.agent("a")(property())  # type: ignore[call-overload]


def test_wrong_arguments_are_refused_at_the_first_step() -> None:
    record, kept = recorder()
    coroutine = record.tool(coroutine_function)()  # type: ignore[call-arg]
    generator = record.tool(generator_function)()  # type: ignore[call-arg]
    items = record.tool(async_generator_function)()  # type: ignore[call-arg]
    assert kept.events == []

    async def first() -> int:
        return await anext(items)

    for step in (
        lambda: asyncio.run(coroutine),
        lambda: next(generator),
        lambda: asyncio.run(first()),
        record.tool(len),
    ):
        with pytest.raises(TypeError, match="argument"):
            step()
    assert [event.status.name for event in kept.of("TOOL_CALL_END")] == ["FAILED"] * 4


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize(
    "function", [len, lambda: 1, property(), classmethod(len)], ids=lambda each: type(each).__name__
)
def test_model_and_mcp_say_what_a_decorator_needs(function: Any, enabled: bool) -> None:
    record, _ = recorder(enabled=enabled)
    said = r'provider: has to be text, not a function: write @recorder\.model\("openai", "gpt-4o"\)'
    with pytest.raises(SettingTypeError, match=said):
        record.model(function)  # type: ignore[call-arg]
    said = r'server_name: has to be text, not a function: write @recorder\.mcp\("orders", "tools/call"\)'
    with pytest.raises(SettingTypeError, match=said):
        record.mcp(function)  # type: ignore[call-arg]


def test_model_and_mcp_say_which_name_is_missing() -> None:
    record, _ = recorder()
    for call, said in [
        (record.model, "provider: is missing: write recorder.model("),
        (lambda: record.model("openai"), "model: is missing: write recorder.model("),  # type: ignore[call-arg]
        (lambda: record.model(model="m"), "provider: is missing: write recorder.model("),  # type: ignore[call-arg]
        (record.mcp, "server_name: is missing: write recorder.mcp("),
        (lambda: record.mcp("orders"), "operation: is missing: write recorder.mcp("),  # type: ignore[call-arg]
        (lambda: record.mcp(operation="o"), "server_name: is missing: write recorder.mcp("),  # type: ignore[call-arg]
    ]:
        with pytest.raises(SettingTypeError) as caught:
            call()
        assert str(caught.value).startswith(said)


# What functions are is kept


async def coroutine_function(x: int) -> int:
    await asyncio.sleep(0)
    return x


def generator_function(x: int) -> Generator[int, str, str]:
    try:
        got = yield x
    except KeyError:
        got = "key error"
    yield len(got)
    return "returned"


async def async_generator_function(x: int) -> AsyncIterator[int]:
    await asyncio.sleep(0)
    yield x
    yield x + 1


def test_kinds_of_functions_stay_what_they_are() -> None:
    record, _ = recorder()
    assert inspect.iscoroutinefunction(record.tool(coroutine_function))
    assert inspect.isgeneratorfunction(record.tool(generator_function))
    assert inspect.isasyncgenfunction(record.tool(async_generator_function))
    assert not inspect.isgeneratorfunction(record.tool(print))


def test_generators_are_driven_as_before() -> None:
    record, kept = recorder()
    decorated = record.tool(generator_function)

    def results(generator: Generator[int, str, str]) -> list[Any]:
        return [next(generator), generator.send("four"), *_end(generator)]

    def thrown(generator: Generator[int, str, str]) -> list[Any]:
        return [next(generator), generator.throw(KeyError("k")), *_end(generator)]

    for drive in (results, thrown):
        assert drive(decorated(1)) == drive(generator_function(1))
    assert outputs(kept) == [{"output": "returned"}] * 2
    assert kept.outline() == "tool generator_function\ntool generator_function"
    assert kept.of("TOOL_CALL_END")[0].metadata == {"name": "generator_function", "items": 2}


def _end(generator: Generator[int, str, str]) -> list[Any]:
    with pytest.raises(StopIteration) as stopped:
        next(generator)
    return [stopped.value.value]


def test_async_generators_too() -> None:
    record, kept = recorder()
    decorated = record.tool(async_generator_function)

    @record.tool
    async def echo() -> AsyncIterator[str]:
        got = "begin"
        while got != "end":
            try:
                got = yield got  # type: ignore[misc]
            except KeyError:
                got = "key error"

    async def main() -> None:
        assert [each async for each in decorated(1)] == [1, 2]
        generator: Any = echo()
        assert await generator.asend(None) == "begin"
        assert await generator.asend("more") == "more"
        assert await generator.athrow(KeyError("k")) == "key error"
        await generator.aclose()
        generator = echo()
        assert await generator.__anext__() == "begin"
        with pytest.raises(StopAsyncIteration):
            await generator.asend("end")

    asyncio.run(main())
    assert kept.outline() == "tool async_generator_function\ntool echo [cancelled]\ntool echo"
    assert outputs(kept) == [{"output": [1, 2]}, {"output": "beginmorekey error"}, {"output": "begin"}]


def test_a_failing_generator_fails_its_span() -> None:
    record, kept = recorder()

    @record.tool
    def rows() -> Iterator[int]:
        yield 1
        raise ValueError("second row")

    with pytest.raises(ValueError, match="second row"):
        list(rows())
    assert kept.outline() == "tool rows [failed: second row]"


def test_of_a_long_generator_a_part_is_recorded() -> None:
    record, kept = recorder()

    @record.tool
    def rows(count: int) -> Iterator[int]:
        yield from range(count)

    @record.tool
    def texts(count: int) -> Iterator[str]:
        yield from ("x" * 1000 for _ in range(count))

    assert sum(rows(1000)) == sum(range(1000))
    assert len("".join(texts(1000))) == 1_000_000
    assert outputs(kept) == [{"output": [*range(100)]}, {"output": "x" * 100_000}]
    assert [(event.metadata or {})["items"] for event in kept.of("TOOL_CALL_END")] == [1000, 1000]


def test_a_model_that_streams() -> None:
    record, kept = recorder()

    @record.model("openai", "gpt-4o")
    def stream(prompt: str) -> Iterator[str]:
        yield from prompt.split()

    assert list(stream("one two")) == ["one", "two"]
    call = kept.one("MODEL_INVOCATION_END").llm_invocation
    assert call is not None
    assert call.response == {"content": "onetwo"}


def test_a_decorated_generator_that_makes_a_context_manager() -> None:
    import contextlib
    import contextvars

    record, kept = recorder()
    variable = contextvars.ContextVar("variable", default="")

    @contextlib.contextmanager
    @record.tool
    def managed() -> Iterator[str]:
        token = variable.set("set")
        yield "value"
        variable.reset(token)

    with managed() as value:
        assert (value, variable.get()) == ("value", "set")
        record.system("inside")
    record.system("outside")
    assert variable.get() == ""
    assert kept.outline() == "tool managed\n  system inside\nsystem outside"


def test_each_thread_and_task_has_calls_of_its_own() -> None:
    record, kept = recorder()

    @record.agent
    async def work(name: str) -> None:
        await asyncio.sleep(0)
        record.system(name)

    async def main() -> None:
        await asyncio.gather(work("a"), work("b"))

    asyncio.run(main())
    assert kept.outline() == "agent work\n  system a\nagent work\n  system b"


def test_recursive_functions() -> None:
    record, kept = recorder()

    @record.tool
    def factorial(n: int) -> int:
        return n * factorial(n - 1) if n else 1

    assert factorial(2) == 2
    assert kept.outline() == "tool factorial\n  tool factorial\n    tool factorial"


def test_a_recorder_that_is_switched_off_decorates_nothing() -> None:
    kept = Kept()
    record = Recorder(kept, enabled=False)
    assert record.tool(len) is len
    assert record.agent("a")(len) is len

    class Shop:
        @record.tool
        @classmethod
        def name(cls) -> str:
            return cls.__name__

    assert Shop.name() == "Shop"


def test_with_everything_switched_off_all_calls_are_there() -> None:
    kept = Kept()
    record = Recorder(kept, enabled=False)
    with record.session("run") as session, record.agent("a") as agent, record.model("p", "m") as model:
        session.input("x")
        agent.result("y")
        model.chunk("z")
        model.response("z", prompt_tokens=1)
        model.set(a=1)
        with record.tool("t") as tool, record.mcp("s", "o") as mcp:
            tool.result(1)
            mcp.response(2)
            record.state(a=1)
            assert record.current is None
            assert tool.span_id == ""
        with record.under(session):
            record.system("x")
    assert record.wrap(len) is len
    with pytest.raises(ZeroDivisionError), record.tool("t"):
        _ = 1 / 0

    async def main() -> None:
        async with record.agent("a"):
            pass

    asyncio.run(main())
    session.start().end()
    assert kept.events == []
    assert repr(session) == "<SessionSpan - not begun>"


def test_misspelt_keywords_are_pythons_to_refuse() -> None:
    record, _ = recorder()
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        record.tool("a", colour=1)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        record.input("a", colour=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        record.retry()  # type: ignore[call-arg]


def test_events_of_a_decorated_call_name_its_agent() -> None:
    record, kept = recorder()

    @record.agent("triage")
    def triage() -> None:
        record.system("x")

    triage()
    assert {(event.agent_id, event.agent_name) for event in kept.events} == {("triage", "triage")}
    assert isinstance(kept.events[0], Event)


def test_a_name_that_is_no_argument_is_refused_where_it_is_written() -> None:
    record, kept = recorder(capture=["order"])

    def search(order: str, *rest: str) -> str:
        return order

    with pytest.raises(SettingError, match=r"capture: .*search has no argument 'oder'; did you mean 'order'\?"):
        record.tool(capture=["oder"])(search)
    with pytest.raises(SettingError, match="has no argument 'zzz'; it has order, rest, return"):
        record.tool(capture=["zzz"])(search)
    record.tool(capture=["order", "rest", "return"])(search)("1")

    @record.tool(capture=["any"])
    def anything(**named: str) -> None: ...

    @record.tool  # the recorder's own names are for all functions
    def other(number: int) -> None: ...

    anything(any="x", other="y")
    other(5)
    starts = kept.of("TOOL_CALL_START")
    assert [event.tool_call and event.tool_call.arguments for event in starts] == [{"order": "1"}, {"any": "x"}, {}]


@pytest.mark.parametrize("kind", [property, functools.cached_property])
def test_a_property_is_refused_rather_than_taken_for_a_name(kind: Any) -> None:
    record, kept = recorder()
    with pytest.raises(SettingTypeError, match=f"below @{kind.__name__}"):
        record.tool(kind(lambda self: 1))

    class Shop:
        @property
        @record.tool
        def orders(self) -> int:
            return 3

    assert Shop().orders == 3
    assert len(kept.events) == 2
