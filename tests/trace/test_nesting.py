"""What is inside of what: in tasks, threads, callbacks and generators, each of which has a current span of its own."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from chaukas_spec_lite import SettingTypeError
from chaukas_spec_lite.trace.context import Node
from tests.trace.recorders import Recorder, recorder, tree


def steps(record: Recorder, name: str) -> None:
    with record.tool(name):
        record.system(f"in {name}")


async def waiting_steps(record: Recorder, name: str) -> None:
    async with record.agent(name):
        await asyncio.sleep(0)
        record.system(f"in {name}")
        await asyncio.sleep(0)


def test_spans_nest_and_points_are_inside() -> None:
    record, kept = recorder()
    with record.session("run"):
        record.system("before")
        with record.agent("outer"), record.agent("inner"):
            steps(record, "tool")
        record.system("after")
    assert kept.outline() == tree("""
        session run
          system before
          agent outer
            agent inner
              tool tool
                system in tool
          system after
    """)
    assert record.current is None


def test_outside_of_any_span_each_step_has_a_trace_of_its_own_and_no_session() -> None:
    record, kept = recorder()
    record.system("alone")
    steps(record, "tool")
    assert kept.outline() == tree("""
        system alone
        tool tool
          system in tool
    """)
    alone, *rest = kept.events
    assert len({event.trace_id for event in rest}) == 1
    assert alone.trace_id not in {"", rest[0].trace_id}
    assert {event.session_id for event in kept.events} == {""}


def test_a_session_within_a_session_is_another() -> None:
    record, kept = recorder()
    with record.session("one") as one, record.session("two") as two:
        record.system("said")
    assert kept.outline() == tree("""
        session one
        session two
          system said
    """)
    assert one.session_id != two.session_id
    assert one.trace_id != two.trace_id


def test_tasks_of_gather_have_a_current_span_each() -> None:
    record, kept = recorder()

    async def main() -> None:
        async with record.session("run"):
            await asyncio.gather(*(waiting_steps(record, name) for name in "abc"))
            record.system("all done")

    asyncio.run(main())
    assert kept.outline() == tree("""
        session run
          agent a
            system in a
          agent b
            system in b
          agent c
            system in c
          system all done
    """)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no task groups")
def test_tasks_of_a_group_do_too() -> None:
    record, kept = recorder()

    async def main() -> None:
        with record.agent("outer"):
            async with asyncio.TaskGroup() as group:
                group.create_task(waiting_steps(record, "a"))
                group.create_task(waiting_steps(record, "b"))

    asyncio.run(main())
    assert kept.outline() == tree("""
        agent outer
          agent a
            system in a
          agent b
            system in b
    """)


def test_a_task_that_outlives_its_span_is_inside_of_it_still() -> None:
    record, kept = recorder()

    async def main() -> None:
        with record.session("run"):
            with record.agent("starts it"):
                task = asyncio.create_task(waiting_steps(record, "late"))
            record.system("between")
            await task

    asyncio.run(main())
    assert kept.outline() == tree("""
        session run
          agent starts it
            agent late
              system in late
          system between
    """)


def test_callbacks_are_inside_of_what_has_registered_them() -> None:
    record, kept = recorder()

    async def main() -> None:
        called = asyncio.Event()

        def callback() -> None:
            record.system("called")
            called.set()

        with record.agent("registers"):
            asyncio.get_running_loop().call_soon(callback)
        with record.agent("waits"):
            await called.wait()

    asyncio.run(main())
    assert kept.outline() == tree("""
        agent registers
          system called
        agent waits
    """)


def test_to_thread_keeps_the_current_span() -> None:
    record, kept = recorder()

    async def main() -> None:
        with record.agent("outer"):
            await asyncio.gather(*(asyncio.to_thread(steps, record, name) for name in ("one",)))

    asyncio.run(main())
    assert kept.outline() == tree("""
        agent outer
          tool one
            system in one
    """)


def in_a_thread(target: object, *args: object) -> None:
    thread = threading.Thread(target=target, args=args)  # type: ignore[arg-type]
    thread.start()
    thread.join()


def test_a_thread_is_inside_of_the_span_that_has_wrapped_it() -> None:
    record, kept = recorder()
    with record.session("run"), record.agent("outer"):
        wrapped = record.wrap(steps)
        with record.tool("other"):
            in_a_thread(wrapped, record, "wrapped")
    in_a_thread(wrapped, record, "later")
    assert kept.outline() == tree("""
        session run
          agent outer
            tool other
            tool wrapped
              system in wrapped
            tool later
              system in later
    """)


def test_a_wrapped_function_may_run_many_times_at_once() -> None:
    record, _ = recorder()
    meeting = threading.Barrier(3)
    seen: list[object] = []

    def meet() -> None:
        meeting.wait()
        seen.append(record.current)

    with record.agent("outer") as outer:
        wrapped = record.wrap(meet)
        threads = [threading.Thread(target=wrapped) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [outer] * 3


def test_a_wrapped_coroutine_function_runs_inside_wherever_it_is_awaited() -> None:
    record, kept = recorder()
    with record.agent("outer"):
        wrapped = record.wrap(waiting_steps)
    with record.agent("other"):
        asyncio.run(wrapped(record, "inner"))
        record.system("other still")
    assert kept.outline() == tree("""
        agent outer
          agent inner
            system in inner
        agent other
          system other still
    """)


def test_the_work_of_an_executor_is_inside_of_what_submits_it() -> None:
    record, kept = recorder()
    with ThreadPoolExecutor(1) as threads:
        executor = record.executor(threads)
        with record.agent("a"):
            executor.submit(steps, record, "one").result()
        with record.agent("b"):
            assert list(executor.map(lambda name: steps(record, name), ["two", "three"])) == [None, None]
    assert kept.outline() == tree("""
        agent a
          tool one
            system in one
        agent b
          tool two
            system in two
          tool three
            system in three
    """)


def test_an_executor_of_processes_is_refused() -> None:
    record, _ = recorder()
    with ProcessPoolExecutor(1) as processes, pytest.raises(SettingTypeError, match=r"inject"):
        record.executor(processes)
    with pytest.raises(SettingTypeError, match="has to be an Executor"):
        record.executor(print)  # type: ignore[arg-type]


# Generators


def numbers(record: Recorder) -> Iterator[int]:
    with record.tool("numbers"):
        for number in range(2):
            record.system(f"makes {number}")
            yield number


async def async_numbers(record: Recorder) -> AsyncIterator[int]:
    async with record.tool("numbers"):
        for number in range(2):
            await asyncio.sleep(0)
            record.system(f"makes {number}")
            yield number


CONSUMED = tree("""
    agent consumer
      tool numbers
        system makes 0
        system makes 1
      system uses 0
      tool step
        system in step
      system uses 1
      tool step
        system in step
    system after
""")


@pytest.mark.parametrize("decorated", [False, True])
def test_the_span_of_a_generator_is_not_its_consumers(decorated: bool) -> None:
    record, kept = recorder()
    made: Iterator[int] = numbers(record)
    if decorated:

        @record.tool("numbers")
        def plain() -> Iterator[int]:
            for number in range(2):
                record.system(f"makes {number}")
                yield number

        made = plain()
    with record.agent("consumer"):
        for number in made:
            record.system(f"uses {number}")
            steps(record, "step")
    record.system("after")
    assert kept.outline() == CONSUMED


@pytest.mark.parametrize("decorated", [False, True])
def test_the_span_of_an_async_generator_is_not_its_consumers(decorated: bool) -> None:
    record, kept = recorder()

    async def main() -> None:
        made: AsyncIterator[int] = async_numbers(record)
        if decorated:

            @record.tool("numbers")
            async def plain() -> AsyncIterator[int]:
                for number in range(2):
                    await asyncio.sleep(0)
                    record.system(f"makes {number}")
                    yield number

            made = plain()
        with record.agent("consumer"):
            async for number in made:
                record.system(f"uses {number}")
                await asyncio.sleep(0)
                steps(record, "step")
        record.system("after")

    asyncio.run(main())
    assert kept.outline() == CONSUMED


def test_a_consumers_span_is_not_the_generators() -> None:
    """The consumer opens a span between two steps, within which the generator goes on, and opens another."""
    record, kept = recorder()

    def generator() -> Iterator[int]:
        with record.agent("generator"):
            yield 1
            record.system("second step")
            with record.tool("inner"):
                yield 2
                record.system("third step")
            record.system("at the end")

    made = generator()
    with record.session("run"):
        next(made)
        with record.agent("consumer"):
            next(made)
            record.system("in consumer")
            next(made, None)
            record.system("in consumer still")
        record.system("in session")
    assert record.current is None
    assert kept.outline() == tree("""
        session run
          agent generator
            system second step
            tool inner
              system third step
            system at the end
          agent consumer
            system in consumer
            system in consumer still
          system in session
    """)


def test_two_generators_that_take_turns_know_nothing_of_each_other() -> None:
    record, kept = recorder()

    def generator(name: str) -> Iterator[None]:
        with record.agent(name):
            for number in range(2):
                record.system(f"{name}{number}")
                yield

    with record.session("run"):
        for _ in zip(generator("a"), generator("b"), strict=True):
            record.system("turn")
    assert kept.outline() == tree("""
        session run
          agent a
            system a0
            system a1
          agent b
            system b0
            system b1
          system turn
          system turn
    """)


def test_a_generator_within_a_generator_is_inside_of_it() -> None:
    record, kept = recorder()

    def outer() -> Iterator[int]:
        with record.agent("outer"):
            for number in numbers(record):
                record.system(f"passes {number}")
                yield number
            yield from numbers(record)

    for number in outer():
        record.system(f"uses {number}")
    assert kept.outline() == tree("""
        agent outer
          tool numbers
            system makes 0
            system makes 1
          system passes 0
          system passes 1
          tool numbers
            system makes 0
            system makes 1
        system uses 0
        system uses 1
        system uses 0
        system uses 1
    """)


def test_a_task_that_an_async_generator_has_started_is_inside_of_its_span() -> None:
    record, kept = recorder()

    async def generator() -> AsyncGenerator[str, None]:
        with record.agent("generator"):
            task = asyncio.create_task(waiting_steps(record, "task"))
            await asyncio.sleep(0)
            yield "started"
            await task

    async def main() -> None:
        with record.agent("consumer"):
            async for _ in generator():
                record.system("consumes")
                for _ in range(5):
                    await asyncio.sleep(0)

    asyncio.run(main())
    assert kept.outline() == tree("""
        agent consumer
          agent generator
            agent task
              system in task
          system consumes
    """)


@pytest.mark.parametrize("spans", [False, True])
def test_tasks_that_the_consumer_of_an_async_generator_starts_are_not_inside_of_its_span(spans: bool) -> None:
    record, kept = recorder()

    async def generator() -> AsyncGenerator[int, None]:
        async with record.agent("generator"):
            for number in range(2):
                await asyncio.sleep(0)
                yield number

    async def main() -> None:
        with record.session("run"):
            async for number in generator():
                with record.agent("consumer") if spans else contextlib.nullcontext():
                    await asyncio.gather(waiting_steps(record, f"a{number}"), waiting_steps(record, f"b{number}"))

    asyncio.run(main())
    steps = [[f"agent {name}{number}", f"  system in {name}{number}"] for number in range(2) for name in "ab"]
    consumed = [*steps[0], *steps[1]], [*steps[2], *steps[3]]
    if spans:
        lines = [line for each in consumed for line in ("agent consumer", *(f"  {line}" for line in each))]
    else:
        lines = [line for each in consumed for line in each]
    assert kept.outline().splitlines() == ["session run", "  agent generator", *(f"  {line}" for line in lines)]


def test_what_an_async_generator_awaits_is_inside_of_its_span() -> None:
    record, kept = recorder()

    async def generator() -> AsyncGenerator[int, None]:
        async with record.agent("generator"):
            await asyncio.gather(waiting_steps(record, "a"), waiting_steps(record, "b"))
            yield 1

    async def main() -> None:
        async for _ in generator():
            record.system("outside")

    asyncio.run(main())
    assert kept.outline() == tree("""
        agent generator
          agent a
            system in a
          agent b
            system in b
        system outside
    """)


def test_a_context_manager_made_of_a_generator_opens_its_span_for_its_user() -> None:
    record, kept = recorder()

    @contextlib.contextmanager
    def managed() -> Generator[None, None, None]:
        with record.agent("managed"):
            yield

    @contextlib.asynccontextmanager
    async def managed_async() -> AsyncGenerator[None, None]:
        async with record.agent("managed async"):
            yield

    async def main() -> None:
        async with managed_async():
            record.system("inside too")

    with managed():
        record.system("inside")
    asyncio.run(main())
    record.system("outside")
    assert kept.outline() == tree("""
        agent managed
          system inside
        agent managed async
          system inside too
        system outside
    """)


@pytest.fixture
def opened() -> Generator[tuple[Recorder, object], None, None]:
    record, kept = recorder()
    with record.agent("fixture"):
        yield record, kept


def test_the_span_of_a_fixture_is_its_tests(opened: tuple[Recorder, object]) -> None:
    record, _ = opened
    assert record.current is not None


def test_spans_in_an_exit_stack_within_a_generator_are_the_generators() -> None:
    record, kept = recorder()

    def generator() -> Iterator[int]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(record.agent("stacked"))
            yield 1
            record.system("inside")

    for _ in generator():
        record.system("outside")
    assert kept.outline() == tree("""
        agent stacked
          system inside
        system outside
    """)


# Spans that end in another order or place than they began


def test_spans_may_end_in_any_order() -> None:
    record, kept = recorder()
    first, second, third = (record.agent(name) for name in ("first", "second", "third"))
    for span in (first, second, third):
        span.__enter__()
    second.__exit__(None, None, None)
    record.system("in third")
    third.__exit__(None, None, None)
    record.system("in first")
    first.__exit__(None, None, None)
    record.system("outside")
    assert kept.outline() == tree("""
        agent first
          agent second
            agent third
              system in third
          system in first
        system outside
    """)


def test_a_span_may_end_in_another_task_than_it_began() -> None:
    record, kept = recorder()
    span = record.agent("wandering")

    async def main() -> None:
        span.__enter__()
        await asyncio.create_task(end())
        record.system("outside")

    async def end() -> None:
        record.system("inside")
        span.__exit__(None, None, None)

    asyncio.run(main())
    assert kept.outline() == tree("""
        agent wandering
          system inside
        system outside
    """)


def test_one_span_object_may_be_used_often_and_at_the_same_time() -> None:
    record, kept = recorder()
    search = record.tool("search")

    async def use(name: str) -> None:
        async with search as one:
            await asyncio.sleep(0)
            record.system(name)
            await asyncio.sleep(0)
            one.result(name)

    async def main() -> None:
        await asyncio.gather(use("a"), use("b"), use("c"))

    with search:
        record.system("once")
    with search, search:
        record.system("twice")
    asyncio.run(main())
    assert kept.outline() == tree("""
        tool search
          system once
        tool search
          tool search
            system twice
        tool search
          system a
        tool search
          system b
        tool search
          system c
    """)
    assert len({event.span_id for event in kept.of("TOOL_CALL_END")}) == 6
    outputs = [event.tool_response.output for event in kept.of("TOOL_CALL_END") if event.tool_response]
    assert outputs[3:] == [{"output": "a"}, {"output": "b"}, {"output": "c"}]


def test_a_span_object_may_be_used_again_while_others_use_it() -> None:
    record, kept = recorder()
    search = record.tool("search")

    async def use(name: str, turns: int) -> None:
        async with search:
            record.system(name)
            for _ in range(turns):
                await asyncio.sleep(0)

    async def main() -> None:
        long = asyncio.create_task(use("long", 9))
        for name in ("a", "b", "c"):
            await use(name, 1)
        await long

    asyncio.run(main())
    search.start()
    search.end()
    with search:
        record.system("last")
    assert kept.outline() == tree("""
        tool search
          system a
        tool search
          system long
        tool search
          system b
        tool search
          system c
        tool search
        tool search
          system last
    """)
    assert len({event.span_id for event in kept.of("TOOL_CALL_END")}) == 6


def test_threads_may_use_one_span_object_at_the_same_time() -> None:
    record, kept = recorder()
    search = record.tool("search")
    meeting = threading.Barrier(8)

    def work() -> None:
        for number in range(50):
            meeting.wait()
            with search as span:
                record.system(str(number))
                span.result(number)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts, ends = kept.of("TOOL_CALL_START"), kept.of("TOOL_CALL_END")
    assert len({event.span_id for event in starts}) == len(starts) == 400
    assert {event.span_id for event in ends} == {event.parent_span_id for event in kept.of("SYSTEM")}
    assert {event.span_id for event in starts} == {event.span_id for event in ends}
    assert record.stats().failed == 0


def test_a_span_without_with_is_current_only_where_that_is_said() -> None:
    record, kept = recorder()
    span = record.agent("by hand").start()
    record.system("outside")
    with record.under(span):
        record.system("inside")
        assert record.current is span
    with record.under(span.place):
        record.system("at its place")
    span.system("by the span itself")
    span.end()
    span.end()
    assert kept.outline() == tree("""
        agent by hand
          system inside
          system at its place
          system by the span itself
        system outside
    """)


def test_two_recorders_do_not_mix() -> None:
    one, kept_one = recorder()
    two, kept_two = recorder()
    with one.agent("one"), two.agent("two"):
        steps(one, "a")
        steps(two, "b")
    assert kept_one.outline() == tree("""
        agent one
          tool a
            system in a
    """)
    assert kept_two.outline() == tree("""
        agent two
          tool b
            system in b
    """)


def nodes_alive() -> int:
    gc.collect()
    return sum(type(each) is Node for each in gc.get_objects())


def test_spans_that_end_in_the_order_in_which_they_began_leave_nothing_behind() -> None:
    record, _ = recorder()
    before = nodes_alive()
    with record.session():
        for _ in range(50):
            first, second = record.tool("first").enter(), record.tool("second").enter()
            first.leave(None)
            second.leave(None)
        last = record.tool("last").enter()
        for _ in range(50):
            following = record.tool("following").enter()
            last.leave(None)
            last = following
        assert nodes_alive() - before < 10
        last.leave(None)


def test_spans_that_end_in_another_context_leave_nothing_behind() -> None:
    record, _ = recorder()
    before = nodes_alive()
    with record.session():
        for _ in range(50):
            span = record.tool("elsewhere").enter()
            contextvars.copy_context().run(span.leave, None)
            assert record.current is not span
        assert nodes_alive() - before < 10


def test_tasks_that_start_one_another_for_ever_keep_no_chain_of_spans() -> None:
    record, kept = recorder()
    alive: list[int] = []

    async def run(number: int) -> None:
        with record.tool("t"):
            following = asyncio.create_task(run(number - 1)) if number else None
        await asyncio.sleep(0)
        if following is None:
            alive.append(nodes_alive())
        else:
            tasks.append(following)

    async def main() -> None:
        tasks.append(asyncio.create_task(run(100)))
        while tasks:
            await tasks.pop(0)

    tasks: list[asyncio.Task[None]] = []
    before = nodes_alive()
    asyncio.run(main())
    assert alive[0] - before < 10
    events = kept.of("TOOL_CALL_START")
    assert [event.parent_span_id for event in events[1:]] == [event.span_id for event in events[:-1]]
