"""Random programs, each a few lines of work that take turns: threads, tasks, generators, and async generators.

Each line is a real one: a thread with a stack of calls, a task that awaits, a generator that stands at its ``yield``.
So the contexts are those that programs have, and only who goes on next is decided here. What the recorder should say is
kept in a model beside it, as simple as can be: each line has a list of the spans that it has opened.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

import pytest
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chaukas_spec_lite import Event, EventStatus, Recorder
from chaukas_spec_lite.trace.kinds import KINDS
from chaukas_spec_lite.trace.tree import Edge
from tests.patience import HANG
from tests.profiles import examples

# What a program is told to do next


class Planned(Exception):
    """A failure that leaves a number of spans before it is caught."""

    left = 1


class Stopped(asyncio.CancelledError):
    """Work is called off."""

    left = 1


PLANNED = (Planned, Stopped)


@dataclass(frozen=True)
class Open:
    """Open a span, and go on inside of it."""

    span: Callable[[], Any]
    way: str
    """``with``, ``async with`` or ``decorator``; lines that cannot do the last two do the first."""


@dataclass(frozen=True)
class Raise:
    error: BaseException


LEAVE = "leave"
"""Leave the innermost span."""

Action = Any
"""One of the above, or a function to be called."""


# Lines of work


def threads_work(actions: queue.SimpleQueue[Any], answers: queue.SimpleQueue[Any], answer: object = None) -> None:
    """The stack of calls of a thread: a call for each open span."""
    while True:
        answers.put(answer)
        action, answer = actions.get(timeout=HANG), None
        if isinstance(action, Open):
            try:
                if action.way == "decorator":
                    action.span()(threads_work)(actions, answers, action)
                else:
                    with action.span():
                        threads_work(actions, answers, action)
            except PLANNED as error:
                _caught(error)
        elif isinstance(action, Raise):
            raise action.error
        elif action is LEAVE:
            return
        else:
            answer = action()


async def tasks_work(actions: asyncio.Queue[Any], answers: asyncio.Queue[Any], answer: object = None) -> None:
    """The same for a task."""
    while True:
        answers.put_nowait(answer)
        action, answer = await actions.get(), None
        if isinstance(action, Open):
            try:
                if action.way == "decorator":
                    await action.span()(tasks_work)(actions, answers, action)
                elif action.way == "async with":
                    async with action.span():
                        await tasks_work(actions, answers, action)
                else:
                    with action.span():
                        await tasks_work(actions, answers, action)
            except PLANNED as error:
                _caught(error)
        elif isinstance(action, Raise):
            raise action.error
        elif action is LEAVE:
            return
        else:
            answer = action()
            if isawaitable(answer):
                answer = await answer


def generators_work(answer: object = None) -> Generator[Any, Action, None]:
    """The same for a generator, which does what it is sent, and yields the answer."""
    while True:
        action, answer = (yield answer), None
        if isinstance(action, Open):
            try:
                with action.span():
                    yield from generators_work(action)
            except PLANNED as error:
                _caught(error)
        elif isinstance(action, Raise):
            raise action.error
        elif action is LEAVE:
            return
        else:
            answer = action()


async def async_generators_work() -> AsyncGenerator[Any, Action]:
    """The same for an async generator, which has no ``yield from``, and therefore a list of what it is in."""
    inside: list[ExitStack] = []
    answer: object = None
    try:
        while True:
            action, answer = (yield answer), None
            try:
                if isinstance(action, Open):
                    inside.append(ExitStack())
                    inside[-1].enter_context(action.span())
                elif isinstance(action, Raise):
                    raise action.error
                elif action is LEAVE:
                    if not inside:
                        return
                    inside.pop().close()
                else:
                    answer = action()
                    if isawaitable(answer):
                        answer = await answer
            except PLANNED as error:
                # As an exception does that leaves one `with` after the other.
                while inside:
                    inside.pop().__exit__(type(error), error, error.__traceback__)
                    if error.left == 1:
                        break
                    error.left -= 1
                else:
                    raise
    except GeneratorExit as error:
        while inside:
            inside.pop().__exit__(type(error), error, error.__traceback__)
        raise


class Over(BaseException):
    """The test is."""


def _until_over(work: Callable[..., None], actions: queue.SimpleQueue[Any], answers: queue.SimpleQueue[Any]) -> None:
    try:
        work(actions, answers)
    except Over:
        pass
    except BaseException as error:
        answers.put(error)


def _caught(error: Planned | Stopped) -> None:
    """Catch an exception that has left as many spans as it should; let it go on if not."""
    if error.left > 1:
        error.left -= 1
        raise error


# What should be recorded

SPANS: dict[str, Callable[[Recorder], Any]] = {
    "session": lambda recorder: recorder.session(),
    "agent": lambda recorder: recorder.agent("triage"),
    "model": lambda recorder: recorder.model("openai", "gpt-4o"),
    "tool": lambda recorder: recorder.tool("search"),
    "mcp": lambda recorder: recorder.mcp("files", "tools/call"),
}

POINTS: dict[str, Callable[[Any], Any]] = {
    "input": lambda to: to.input("hello"),
    "output": lambda to: to.output("hello"),
    "error": lambda to: to.error("broken"),
    "retry": lambda to: to.retry(1),
    "policy": lambda to: to.policy("p", "allow"),
    "data": lambda to: to.data_access("vector://x"),
    "state": lambda to: to.state(changed=True),
    "hand-off": lambda to: to.handoff("billing"),
    "system": lambda to: to.system("note"),
}


class Events(list[Event]):
    """A sink that keeps what it gets."""

    def emit(self, event: Event) -> None:
        self.append(event)


@dataclass(eq=False)
class Span:
    """What should be recorded of a span."""

    start: Event
    outer: list[Span | None]
    """What it was opened in: its parent, but that a session has none."""
    end: Event | None = None


@dataclass(eq=False)
class Line:
    """A line of work as the machine sees it."""

    kind: str
    do: Callable[[Action], Any]
    """Lets it take one step, inside of the line that runs it. The answer may have to be awaited."""
    end: Callable[[], Any]
    """Ends it, when it has no open spans, or where whatever it runs is closed."""
    base: list[Span | None]
    """The span that it was begun in, whose context it has a copy of. For a task, open spans of suspended generators,
    too: whether one of those began it, nobody can tell from a copy."""
    host: Line | None = None
    """What runs a generator: a thread, a task, or another generator. None for threads and tasks."""
    spans: list[Span] = field(default_factory=list)
    """Those that it has opened, innermost last."""
    decorated: bool = False
    """Whether the outermost of them is that of a decorated generator, which ends with it."""
    name: str = ""

    @property
    def root(self) -> Line:
        """The thread or task that it all runs in."""
        return self if self.host is None else self.host.root

    @property
    def within(self) -> list[Span | None]:
        """What the next step happens in; more than one, where nobody can tell."""
        if self.spans:
            return [self.spans[-1]]
        return self.host.within if self.host is not None else self.base


# The machine

MAX_LINES, MAX_DEPTH = 6, 4
ENDED = object()
"""What a generator that has ended answers."""


class AnyProgram(RuleBasedStateMachine):
    """Lines that open spans and leave them, and begin other lines, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.events = Events()
        self.recorder = Recorder(self.events, tenant_id="acme", project_id="support-bot")
        self.loop = asyncio.new_event_loop()
        self.lines: list[Line] = []
        self.spans: list[Span] = []
        self.by_hand: list[tuple[Any, Span]] = []
        self.seen = 0
        self.made = 0
        self.queues: list[queue.SimpleQueue[Any]] = []

    @initialize()
    def begin(self) -> None:
        self._add(self._task(None))
        self._add(self._thread(None))

    # Lines

    def _add(self, line: Line) -> None:
        self.made += 1
        line.name = f"{'decorated ' if line.decorated else ''}{line.kind} {self.made}"
        note(f"{line.name} begins{f' in {line.host.name}' if line.host is not None else ''}")
        self.lines.append(line)

    def _thread(self, parent: Line | None) -> Line:
        """A thread, begun by a line, which hands its context on by ``wrap``; one that nobody began has an empty one."""
        actions: queue.SimpleQueue[Any] = queue.SimpleQueue()
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        work = threads_work if parent is None else self._step(parent, lambda: self.recorder.wrap(threads_work))
        thread = threading.Thread(target=_until_over, args=(work, actions, answers), daemon=True)
        thread.start()
        answers.get(timeout=HANG)

        def do(action: Action) -> Any:
            actions.put(action)
            answer = answers.get(timeout=HANG)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        def end() -> None:
            actions.put(LEAVE)
            thread.join(HANG)
            assert not thread.is_alive()

        self.queues.append(actions)
        return Line("thread", do, end, parent.within if parent is not None else [None])

    def _task(self, parent: Line | None) -> Line:
        """A task, begun by a task, whose context it has a copy of."""
        actions: asyncio.Queue[Any] = asyncio.Queue()
        answers: asyncio.Queue[Any] = asyncio.Queue()

        async def begin() -> asyncio.Task[None]:
            return asyncio.create_task(tasks_work(actions, answers))

        task = self.loop.run_until_complete(begin()) if parent is None else self._step(parent, begin)

        async def answer() -> Any:
            coming = asyncio.ensure_future(answers.get())
            await asyncio.wait([task, coming], timeout=HANG, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                task.result()
            return coming.result()

        def do(action: Action) -> Any:
            actions.put_nowait(action)
            return self.loop.run_until_complete(answer())

        def end() -> None:
            actions.put_nowait(LEAVE)
            self.loop.run_until_complete(asyncio.wait_for(task, HANG))

        self.loop.run_until_complete(answer())
        if parent is None:
            return Line("task", do, end, [None])
        generators = [each for each in self.lines if each.root is parent and each is not parent]
        return Line("task", do, end, [*parent.within, *(span for each in generators for span in each.spans)])

    def _generator(self, host: Line, decorate: Callable[[Any], Any] | None) -> Line:
        """A generator in any line."""
        found = generators_work if decorate is None else decorate(generators_work)
        generator = self._step(host, found)

        def do(action: Action) -> Any:
            try:
                return generator.send(action)
            except (StopIteration, *PLANNED):
                return ENDED

        line = Line("generator", do, generator.close, [], host, decorated=decorate is not None)
        self._step(line, None)
        return line

    def _async_generator(self, host: Line, decorate: Callable[[Any], Any] | None) -> Line:
        """An async generator in a task, or in another one."""
        found = async_generators_work if decorate is None else decorate(async_generators_work)
        generator = self._step(host, found)

        async def do(action: Action) -> Any:
            try:
                return await generator.asend(action)
            except (StopAsyncIteration, *PLANNED):
                return ENDED

        line = Line("async generator", do, generator.aclose, [], host, decorated=decorate is not None)
        self._step(line, None)
        return line

    def _step(self, line: Line, action: Action, by: Line | None = None) -> Any:
        """Let a line take a step; generators take theirs in what runs them."""
        host = by or line.host
        note(f"{line.name}: {action if isinstance(action, (Open, Raise, str)) else 'something else'}")
        return line.do(action) if host is None else self._step(host, lambda: line.do(action))

    # What may happen

    @precondition(lambda self: any(len(line.spans) < MAX_DEPTH for line in self.lines))
    @rule(data=st.data(), kind=st.sampled_from(sorted(SPANS)), way=st.sampled_from(["with", "async with", "decorator"]))
    def open(self, data: st.DataObject, kind: str, way: str) -> None:
        line, by = self._draw(data, [each for each in self.lines if len(each.spans) < MAX_DEPTH])
        within = line.within
        self._step(line, Open(lambda: SPANS[kind](self.recorder), way), by)
        line.spans.append(self._started(kind, within))

    @precondition(lambda self: any(line.spans for line in self.lines))
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        line, by = self._draw(data, [each for each in self.lines if each.spans])
        if line.decorated and len(line.spans) == 1:
            self._end_inner(line)
        self._step(line, LEAVE, by)
        self._ended(line, 1, EventStatus.COMPLETED)

    @precondition(lambda self: any(line.spans for line in self.lines))
    @rule(data=st.data(), error=st.sampled_from([Planned, Stopped]))
    def fail(self, data: st.DataObject, error: type[Planned | Stopped]) -> None:
        """An exception leaves a few spans, and is caught."""
        line, by = self._draw(data, [each for each in self.lines if each.spans])
        raised = error("planned")
        raised.left = data.draw(st.integers(1, len(line.spans)), label="spans")
        if line.decorated and raised.left == len(line.spans):
            self._end_inner(line)
        failed = error is Planned
        left = raised.left
        self._step(line, Raise(raised), by)
        ended = self._ended(line, left, EventStatus.FAILED if failed else EventStatus.CANCELLED)
        if failed:
            # Recorded once in each trace, however many spans it leaves; the others name the span that has it.
            recorded: dict[str, str] = {}
            for each in ended:
                if (where := recorded.setdefault(each.trace_id, each.span_id)) == each.span_id:
                    assert each.error is not None
                    assert each.error.error_message == "planned"
                else:
                    assert each.metadata is not None
                    assert each.metadata["failed_in"] == where

    @rule(data=st.data(), kind=st.sampled_from(sorted(POINTS)))
    def point(self, data: st.DataObject, kind: str) -> None:
        line, by = self._draw(data, self.lines)
        self._step(line, lambda: POINTS[kind](self.recorder), by)
        (event,) = self._new()
        assert KINDS[event.type] == (kind, Edge.POINT)
        self._belongs(event, line.within)

    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        """The current span is the innermost of the line."""
        line, by = self._draw(data, self.lines)
        current = self._step(line, lambda: self.recorder.current, by)
        expected = _parents(line.within)
        if any(span is not None and span.end is not None for span in line.within):
            expected[""] = None  # nobody has to keep a span that has ended
        assert (current.span_id if current is not None else "") in expected
        assert not self._new()

    @rule(data=st.data(), kind=st.sampled_from(sorted(SPANS)), forget=st.booleans())
    def start(self, data: st.DataObject, kind: str, forget: bool) -> None:
        """A span without a ``with``, which is nobody's current one, and may be forgotten."""
        line, by = self._draw(data, self.lines)
        kept: list[Any] = []

        def start() -> None:
            span = SPANS[kind](self.recorder).start()
            if not forget:
                kept.append(span)

        self._step(line, start, by)
        if not forget:
            self.by_hand.append((kept[0], self._started(kind, line.within)))
            return
        begin, end = self._new()
        self._belongs(begin, line.within)
        assert (begin.span_id, end.status) == (end.span_id, EventStatus.CANCELLED)
        assert end.metadata is not None
        assert end.metadata["left_open"] == "garbage-collected"

    @precondition(lambda self: self.by_hand)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """Somebody else may end it."""
        line, by = self._draw(data, self.lines)
        span, expected = self.by_hand.pop(data.draw(st.integers(0, len(self.by_hand) - 1), label="which"))
        self._step(line, span.end, by)
        self._finished(expected, EventStatus.COMPLETED)

    @precondition(lambda self: len(self.lines) < MAX_LINES)
    @rule(data=st.data(), kind=st.sampled_from(["thread", "task"]))
    def begin_line(self, data: st.DataObject, kind: str) -> None:
        """By whom it can be: only tasks begin tasks."""
        parents = [each for each in self.lines if each.host is None and (kind == "thread" or each.kind == "task")]
        parent = self._draw(data, parents)[0] if parents else None
        self._add(self._thread(parent) if kind == "thread" else self._task(parent))

    @precondition(lambda self: len(self.lines) < MAX_LINES)
    @rule(data=st.data(), decorated=st.booleans(), asynchronous=st.booleans())
    def begin_generator(self, data: st.DataObject, decorated: bool, asynchronous: bool) -> None:
        host = self.lines[data.draw(st.integers(0, len(self.lines) - 1), label="host")]
        asynchronous = asynchronous and host.kind in ("task", "async generator")
        within = host.within
        make = self._async_generator if asynchronous else self._generator
        line = make(host, self.recorder.tool("stream") if decorated else None)
        if decorated:
            line.spans.append(self._started("tool", within))
        self._add(line)

    @precondition(lambda self: len(self.lines) > 1)
    @rule(data=st.data())
    def end_line(self, data: st.DataObject) -> None:
        roots = [each for each in self.lines if each.host is None]
        line, _ = self._draw(data, self.lines if len(roots) > 1 else [each for each in self.lines if each.host])
        self._end(line)

    # What should come of it

    def _draw(self, data: st.DataObject, lines: list[Line]) -> tuple[Line, Line | None]:
        """One of these lines, and what runs it now: decorated generators may be handed on, and run by others."""
        line = lines[data.draw(st.integers(0, len(lines) - 1), label="line")]
        if not line.decorated or line.kind != "generator":
            return line, None
        by = [each for each in self.lines if each.root is line.root and line not in _around(each)]
        return line, by[data.draw(st.integers(0, len(by) - 1), label="by")]

    def _new(self) -> list[Event]:
        new, self.seen = self.events[self.seen :], len(self.events)
        return new

    def _started(self, kind: str, within: list[Span | None]) -> Span:
        (event,) = self._new()
        assert (KINDS[event.type], event.status) == ((kind, Edge.START), EventStatus.STARTED)
        self._belongs(event, within)
        span = Span(event, within)
        self.spans.append(span)
        return span

    def _belongs(self, event: Event, within: list[Span | None]) -> None:
        """An event stands in the tree where it should."""
        kind, _ = KINDS[event.type]
        parents = {"": None} if kind == "session" else _parents(within)
        assert event.parent_span_id in parents
        parent = parents[event.parent_span_id]
        assert (event.tenant_id, event.project_id) == ("acme", "support-bot")
        assert event.trace_id
        if parent is not None:
            assert (event.trace_id, event.session_id) == (parent.start.trace_id, parent.start.session_id)
        if kind == "agent":
            assert event.agent_name == "triage"
        else:
            assert event.agent_name == (parent.start.agent_name if parent is not None else "")

    def _ended(self, line: Line, number: int, status: EventStatus) -> list[Event]:
        ended = [self._finished(line.spans.pop(), status, self.events[self.seen]) for _ in range(number)]
        assert not self._new()
        if line.decorated and not line.spans:
            self.lines.remove(line)
        return ended

    def _finished(self, span: Span, status: EventStatus, event: Event | None = None) -> Event:
        if event is None:
            (event,) = self._new()
        else:
            self.seen += 1
        kind, _ = KINDS[span.start.type]
        assert (KINDS[event.type], event.status) == ((kind, Edge.END), status)
        for name in ("span_id", "parent_span_id", "trace_id", "session_id", "agent_id", "agent_name"):
            assert getattr(event, name) == getattr(span.start, name), name
        assert span.end is None
        span.end = event
        return event

    def _end(self, line: Line) -> None:
        self._end_inner(line)
        if line.host is not None:
            # As whoever does not want the rest does: it has no time to leave its spans in peace.
            self._step(line.host, line.end)
            self._ended(line, len(line.spans), EventStatus.CANCELLED)
            if line in self.lines:
                self.lines.remove(line)
            return
        while line.spans:
            line.do(LEAVE)
            self._ended(line, 1, EventStatus.COMPLETED)
        line.end()
        self.lines.remove(line)

    def _end_inner(self, line: Line) -> None:
        """End what a line runs, before it ends itself."""
        for each in [each for each in self.lines if each.host is line]:
            self._end(each)

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:  # after a failure, what follows would only hide it
                for line in [each for each in self.lines if each.host is None]:
                    self._end(line)
                for span, expected in self.by_hand:
                    span.end()
                    self._finished(expected, EventStatus.COMPLETED)
                self._all_is_there()
        finally:
            for actions in self.queues:
                actions.put(Raise(Over()))  # where it has failed, so that no thread waits for ever
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    def _all_is_there(self) -> None:
        assert self.recorder.close()
        assert not self._new()
        assert all(span.end is not None for span in self.spans)
        assert len({event.event_id for event in self.events}) == len(self.events)
        stats = self.recorder.stats()
        assert (stats.recorded, stats.failed) == (len(self.events), 0)


def _around(line: Line | None) -> list[Line]:
    """A line, and all that it runs within."""
    return [] if line is None else [line, *_around(line.host)]


def _parents(within: list[Span | None]) -> dict[str, Span | None]:
    """What may be the parent of what happens in one of these spans, by its id.

    One that has ended may be named, or passed over: a task outlives the span that it was begun in.
    """
    found: dict[str, Span | None] = {}
    for span in within:
        found[span.start.span_id if span is not None else ""] = span
        if span is not None and span.end is not None:
            found.update(_parents(span.outer))
    return found


AnyProgram.TestCase.settings = settings(max_examples=examples(400), stateful_step_count=40)
test_any_program = pytest.mark.searched(AnyProgram.TestCase)
