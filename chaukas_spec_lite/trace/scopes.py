"""Spans as programs use them: context managers, with and without ``async``, and decorators."""

# sys._getframe is private by its name only:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from itertools import count
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from chaukas_spec_lite.trace.capture import Capture, Metadata
from chaukas_spec_lite.trace.context import Context, Node, Place
from chaukas_spec_lite.trace.points import Points
from chaukas_spec_lite.trace.recording import Recording, owner_of
from chaukas_spec_lite.trace.spans import NEW, OPEN, LiveSpan

if TYPE_CHECKING:
    from typing_extensions import Self

Function = TypeVar("Function", bound="Callable[..., Any]")
Method = TypeVar("Method", bound="classmethod[Any, ..., Any] | staticmethod[..., Any]")
Entered = TypeVar("Entered")


class Scope(LiveSpan, Points):
    """A piece of work: its START event when it begins, and its END event, in the same span, when it ends.

    It is a context manager, with ``with`` and ``async with``, and a decorator; within it, it is the current span.
    Whoever can use neither calls ``start`` and ``end``. Each use is a span of its own.

    An exception that leaves it makes it ``FAILED`` with an ``error``, or ``CANCELLED`` if it says that the work was
    called off, and goes on. Each is recorded once: the spans that it leaves afterwards name the first, as ``failed_in``
    in their metadata.
    """

    _node: Node | None = None
    _others: list[Scope] = []  # noqa: RUF012  # an empty one, until there are some
    """Further uses that have begun and not ended: each is a span of its own."""

    def __init__(
        self, recording: Recording | None, metadata: Metadata | None = None, capture: Capture | None = None
    ) -> None:
        self._recording = recording
        self._extra = metadata  # type: ignore[assignment]  # what else it may be, the next line mends
        if metadata is not None:
            super().__init__(recording, metadata)
        self._capture = capture
        self._uses = count()
        """Tells the first use from others: in one step, as several threads may begin at the same time."""

    # Context manager

    def __enter__(self) -> Self:
        if self._recording is None:
            return self
        try:
            return self.enter(sys._getframe(1))
        except RecursionError:  # Where there is no room, the program goes on unrecorded.
            self._used = True
            return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        if self._recording is None:
            return
        try:
            self.leave(exc_val)
        except RecursionError:
            self._recording.late.append(self)

    def __aenter__(self) -> Ready[Self]:
        # No coroutine: one would run when it is awaited, in a frame of its own.
        return Ready(self if self._recording is None else self.enter(sys._getframe(1)))

    def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> Ready[None]:
        if self._recording is not None:
            self.leave(exc_val)
        return Ready(None)

    def enter(self, frame: FrameType | None = None) -> Self:
        """Begin, and be the current span.

        Args:
            frame: That of the ``with``, in case that it is a generator's.

        Returns:
            The span: itself, or where it is open already, in another task say, another like it.
        """
        recording = self._recording
        assert recording is not None
        if next(self._uses):
            return self._enter_another(frame)
        if self._stage != OPEN:
            self._begin(recording)
        try:
            self._node = recording.context.enter(self._place, self.reference, frame)
        except Exception as error:  # of ours, which is not the program's
            recording.lost(error)
        return self

    def leave(self, error: BaseException | None) -> None:
        """Be the current span no longer, and end.

        Args:
            error: The exception that leaves it, if one does. It is not held back.
        """
        recording = self._recording
        assert recording is not None
        if self._others and (other := self._take_used_here(recording)) is not self:
            if other is not None:
                other.leave(error)
            return
        node, self._node = self._node, None
        try:
            if node is not None:
                recording.context.leave(node)
            if self._stage == OPEN:
                if error is not None:
                    self.judge(error)
                self._finish()
        except RecursionError:  # A span further out will have room to end this one, which has failed with the same.
            self.fail(error if error is not None else "RecursionError")
            recording.late.append(self)
        except Exception as problem:  # of ours, which must not take the place of the program's
            recording.lost(problem)

    def abandon(self, found: str) -> None:
        """End a span that nobody will end, as ``CANCELLED``, and mark it."""
        if self._node is not None:
            self._node.left = True  # on a stack that may be another context's
        super().abandon(found)

    def _enter_another(self, frame: FrameType | None) -> Self:
        other = self.again()
        # In one step, as other threads may do so at the same time; and so are append and remove.
        self.__dict__.setdefault("_others", []).append(other)
        return other.enter(frame)

    def _take_used_here(self, recording: Recording) -> Scope | None:
        """Choose which of several uses of this span ends; None if another thread has taken it."""
        try:
            span = self._used_here(recording)
            if span is not self:
                self._others.remove(span)
        except Exception as problem:
            recording.lost(problem)
            return None
        return span

    def _used_here(self, recording: Recording) -> Scope:
        """Which of several uses of this span this context is in."""
        node = recording.context.innermost()
        while node is not None:
            found = owner_of(node)
            if not node.left and isinstance(found, Scope) and (found is self or found in self._others):
                return found
            node = node.outer
        return self._others[-1]  # It was entered in another context, and they are all alike.

    def context(self) -> Context:
        """The stacks of its recorder."""
        assert self._recording is not None  # one that is switched off decorates nothing
        return self._recording.context

    def set_aside(self) -> Node | None:
        """Take the stack that ends with it out of this context; a generator puts it back for each of its steps."""
        context = self.context()
        return context.swap(context.innermost() if self._node is None else self._node.outer)

    # Decorator

    @overload
    # A classmethod is no Callable to type checkers, but a class derived from it may be.
    def __call__(self, function: Method, /) -> Method: ...  # type: ignore[overload-overlap]  # see above
    @overload
    def __call__(self, function: Function, /) -> Function: ...
    def __call__(self, function: Any, /) -> Any:
        """Decorate a function: each call of it is a span like this one, of its own.

        Args:
            function: A function, coroutine function, generator function, async generator function, a method, or what
                ``classmethod`` and ``staticmethod`` make.

        Returns:
            The same with its signature. Of its calls, what ``capture`` says is recorded. A generator is a span from its
            first step to its last.

        Raises:
            SettingTypeError: It is nothing that can be decorated.
            SettingError: ``capture`` names an argument that the function has not.
        """
        if self._recording is None:
            return function
        from chaukas_spec_lite.trace.decorating import decorate

        self._used = True
        return decorate(self, function, self._recording.capture if self._capture is None else self._capture)

    @property
    def own_capture(self) -> Capture | None:
        """What the decorator says is recorded of calls; None if it leaves that to the recorder."""
        return self._capture

    def for_calls(self) -> Self:
        """Make a span with the same settings for what is decorated, which may never be called."""
        made = self.again()
        made._used = True
        return made

    def name_after(self, name: str) -> None:
        """Take the name of the decorated function, where the span has none."""

    def take_arguments(self, arguments: dict[str, Any] | None) -> None:
        """Take the arguments of a call that is about to be made, None for none that are recorded."""
        self._call_arguments = arguments

    def take_result(self, value: object) -> None:
        """Take the result of the call, unless the function has told one."""
        if "output" not in (self._extra or {}):
            self.set(output=value)

    def take_items(self, number: int, value: object) -> None:
        """Take what a generator has yielded, unless the garbage collector has ended the span before the generator."""
        if self._stage == OPEN:
            self.set(items=number)
            self.take_result(value)

    def take_item(self, item: object) -> bool:
        """Take what a generator has yielded. Returns whether that is all there is to do with it."""
        return False

    # Points

    def _where(self) -> tuple[Recording, Place | None] | None:
        recording = self._recording
        if recording is None:
            return None
        return recording, recording.here() if self._stage == NEW else self._place


class Ready(Generic[Entered]):
    """An awaitable that has its result: nothing is waited for, so no other task runs in between."""

    __slots__ = ("_value",)

    def __init__(self, value: Entered) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, Any, Entered]:
        return self._value
        yield  # makes this a generator
