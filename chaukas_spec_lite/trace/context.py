"""Where in a trace a program stands: the current span of each context, and the ids that its events inherit.

A ``contextvars.ContextVar`` per recorder holds the innermost open span. So tasks and threads with contexts of their own
have a current span of their own, and two recorders know nothing of each other. Three things need more than that:

* Spans may end in another order, or in another context, than they began: no token is kept. A span that is not the
  innermost when it ends is marked, and passed over from then on.
* A generator shares the context of whoever consumes it. A span that was opened within it is passed over while the
  generator is suspended at a ``yield``, and is back when it goes on.
* But a generator that is the body of a context manager opens its spans for its caller, and so keeps them.
"""

# sys._getframe is private by its name only:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from chaukas_spec_lite.trace.variables import Variable, variable

if TYPE_CHECKING:
    from chaukas_spec_lite.trace.propagation import TracePosition


class Place(NamedTuple):
    """A place in a trace: what the events there have in common. It never changes, and knows no process."""

    session_id: str = ""
    """The session; empty outside of any."""
    trace_id: str = ""
    span_id: str = ""
    """The span around: the parent of what happens here."""
    agent_id: str = ""
    """The agent at work, and below its name; both empty outside of any agent."""
    agent_name: str = ""
    tags: tuple[str, ...] = ()
    """Tags of the session, which its events have besides the recorder's."""
    remote: bool = False
    """Whether the span was opened elsewhere, in another process say."""
    came: TracePosition | None = None
    """What another process sent, where the trace goes on from there: the next one gets what is in it of others."""


Runner: TypeAlias = "tuple[int, object]"
"""A thread, and the task that it runs, if it runs one."""

Owner: TypeAlias = "Callable[[], object] | None"
"""A weak reference to a span, or None."""


class Node:
    """An open span on its context's stack."""

    # Defaults of the class: few spans need more than their place.
    left = False
    """Whether it ended where it could not be taken off the stack."""
    frame: FrameType | None = None
    """The generator that opened the span, if any, and below the thread and task that ran it."""
    runner: Runner = (0, None)
    token: object = None
    """What takes the span off the stack, in the context that it is on only."""
    asleep: tuple[Node, ...] = ()
    """Open spans of generators that were suspended when this span was opened: no parents of it."""
    body: FrameType | None = None
    """The decorated generator around it, whose consumer may be one of those: then it is around this span, not in it."""

    def __init__(self, place: Place, owner: Owner, outer: Node | None) -> None:
        self.place = place
        self.owner = owner
        """A weak reference to the span, or None: the stack keeps no span alive that the program has forgotten."""
        self.outer = outer
        """What was innermost before."""


class Context:
    """The stacks of open spans of one recorder, one in each context."""

    __slots__ = ("_innermost",)

    def __init__(self) -> None:
        self._innermost: Variable[Node | None] = variable("chaukas_span", None)

    def current(self) -> Node | None:
        """The innermost span that is open here."""
        node = self._innermost.get()
        if node is None or (not node.left and node.frame is None and not node.asleep):
            return node
        runner = _runner()
        found = _awake(node, [], runner)
        if _is_foreign(node, runner):
            # A task that was started while a generator's span was on the stack: inside of that span if the generator
            # has started it, and not if its consumer has. What is likely is decided once, and not again with each step
            # of the generator.
            self._innermost.set(None if found is None else Node(found.place, found.owner, None))
        return found

    def innermost(self) -> Node | None:
        """The top of this context's stack, whether or not it is passed over."""
        return self._innermost.get()

    def enter(self, place: Place, owner: Owner, frame: FrameType | None = None) -> Node:
        """Put a span on the stack.

        Args:
            place: Where its inner events are.
            owner: A weak reference to the span, or None.
            frame: That of the ``with``; None if it does not matter whether it is a generator's.
        """
        outer = self._innermost.get()
        if outer is not None and outer.left:
            outer = _without_left(outer)
        if outer is not None and outer.outer is not None and outer.outer.left:
            outer.outer = _without_left(outer.outer)
        node = Node(place, owner, outer)
        if outer is not None and (outer.left or outer.frame is not None or outer.asleep):
            passed: list[Node] = []
            within = _awake(outer, passed, _runner())
            # The latest last: `passed` has come from the top of the stack.
            others = [each for each in reversed(passed) if not each.left and each is not within]
            node.asleep = tuple(dict.fromkeys(others))
            node.body = within.body if within is not None else None
        if frame is not None and (found := _generator(frame)) is not None:
            node.frame, node.runner = found, _runner()
        node.token = self._innermost.set(node)
        return node

    def leave(self, node: Node) -> None:
        """Take a span off the stack, or mark it where it is not on top, or the stack is another context's."""
        token, node.token, node.frame, node.body = node.token, None, None, None
        if token is None or self._innermost.get() is not node:
            node.left = True
            return
        try:
            self._innermost.reset(token)
            # Tasks that were started within it are inside of it still, and ask for nothing further out. Where each
            # starts the next, as timers do, all spans there ever were would be kept.
            node.outer = None
        except ValueError:
            # A copy of the context, in a task say: the original has the span on its stack still. Or a collection.
            node.left = True
            self._innermost.set(node.outer)

    def swap(self, node: Node | None) -> Node | None:
        """Put another stack in place of this context's, and return this one. For those that run generators in steps."""
        before = self._innermost.get()
        self._innermost.set(node)
        return before

    def pinned(self) -> Node | None:
        """What is current now, as a stack of its own: it stays so, although a generator that opened it is suspended."""
        node = self.current()
        return None if node is None else Node(node.place, node.owner, None)

    def carried(
        self, function: Callable[..., Coroutine[Any, Any, Any]], stack: Node | None
    ) -> Callable[..., Coroutine[Any, Any, Any]]:
        """Make a coroutine function that runs on another stack.

        Args:
            function: A coroutine function.
            stack: What is current for it.
        """

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            before = self.swap(stack)
            try:
                return await function(*args, **kwargs)
            finally:
                self.swap(before)

        return wrapper

    @contextlib.contextmanager
    def at(self, place: Place, owner: Owner = None) -> Generator[Node, None, None]:
        """Let what happens within the ``with`` be inside of a span that is elsewhere, or was opened by hand."""
        node = self.enter(place, owner)
        try:
            yield node
        finally:
            self.leave(node)


def _without_left(node: Node | None) -> Node | None:
    """The next span that has not ended. Those that have would pile up, where each begins before the last one ends."""
    while node is not None and node.left:
        node = node.outer
    return node


def _awake(node: Node | None, passed: list[Node], runner: Runner) -> Node | None:
    """The innermost span, from a node down, that what runs now is inside of.

    Args:
        node: Where to begin.
        passed: Gets open spans of generators that are passed over, those that began last first.
        runner: What runs now.
    """
    while node is not None:
        suspended = not node.left and node.frame is not None and _stands_at_yield(node.frame)
        if suspended:
            passed.append(node)
        if node.left or suspended:
            passed.extend(reversed(node.asleep))
            node = node.outer
            continue
        passed.extend(reversed(node.asleep))
        within = _running(node, runner)
        if within is not node:
            passed.extend(reversed(within.asleep))
        return within
    return None


def _running(node: Node, runner: Runner) -> Node:
    """The span that what runs is inside of: this one, or a generator's that was suspended when this one was opened."""
    # One of another task has nothing to do with this one, which was started inside of the span.
    here = [each for each in node.asleep if not each.left and each.runner == runner and each.frame is not None]
    found = [each for each in here if each.frame is not None and not _stands_at_yield(each.frame)]
    if not found:
        return node
    if node.frame is not None:
        found.append(node)
    # More than one may run, one within the other: the innermost comes first on the way out, and its latest span last.
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        spans = [each for each in found if each.frame is frame]
        if spans:
            return spans[-1]
        if frame is node.body:
            break
        frame = frame.f_back
    return node


def _is_foreign(node: Node, runner: Runner) -> bool:
    """Whether what is on top of a stack is a generator's span that another task or thread has opened: it is a copy."""
    while node.left and node.outer is not None:
        node = node.outer
    return node.frame is not None and node.runner != runner


# Generators

_GENERATORS = 0x20 | 0x200  # inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR, without importing inspect
_ASYNC_GENERATOR = 0x200

_MANAGERS = frozenset({"contextlib", "contextlib2", "_pytest", "pytest_asyncio", "anyio", "fastapi"})
"""Packages that run a generator as the body of a context manager or fixture: up to its yield, and from there on."""


def _generator(frame: FrameType) -> FrameType | None:
    """The frame of the generator that opens a span for itself, if that is what happens."""
    found: FrameType | None = frame
    while found is not None and found.f_code.co_filename == contextlib.__file__:
        found = found.f_back  # an ExitStack
    if found is None or not found.f_code.co_flags & _GENERATORS:
        return None
    return None if lends(found) else found


def lends(generator: FrameType) -> bool:
    """Whether a generator that runs is the body of a context manager or fixture: it opens its spans for their user."""
    caller = generator.f_back
    return caller is not None and str(caller.f_globals.get("__name__")).partition(".")[0] in _MANAGERS


def _stands_at_yield(frame: FrameType) -> bool:
    """Whether a generator is suspended at a ``yield``, and its consumer runs. A frame that runs has an ``f_back``."""
    if frame.f_back is not None:
        return False
    return not frame.f_code.co_flags & _ASYNC_GENERATOR or _is_at_yield(frame.f_code, frame.f_lasti)


def _is_at_yield(code: CodeType, last: int) -> bool:
    """Whether an async generator that is suspended waits for its consumer, rather than for an ``await`` of its own."""
    import opcode

    instructions = code.co_code
    if sys.version_info < (3, 11):
        return instructions[last] == opcode.opmap["YIELD_VALUE"]  # an await is a YIELD_FROM
    # Behind each point where a frame can be suspended is a RESUME that says what at: 1 is a yield, 3 an await. From
    # Python 3.13 on, a suspended frame stands there already.
    resume = opcode.opmap["RESUME"]
    at = last if instructions[last] == resume else last + 2
    return instructions[at : at + 1] == bytes([resume]) and instructions[at + 1] & 3 == 1


def _runner() -> Runner:
    """The thread and the task that run."""
    asyncio = sys.modules.get("asyncio")
    task = None
    if asyncio is not None:
        with contextlib.suppress(RuntimeError, AttributeError):  # no loop runs here, or asyncio is being imported
            task = asyncio.current_task()
    return threading.get_ident(), None if task is None else id(task)
