"""What the bridges to frameworks share: the table of runs that are open, and how a span is put where its run says."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeGuard, TypeVar

from chaukas_spec_lite.trace.failures import is_cancellation

if TYPE_CHECKING:
    from chaukas_spec_lite import Recorder
    from chaukas_spec_lite.trace.scopes import Scope

MOST_OPEN = 10_000
"""How many runs of a framework are remembered until they end. One that never ends would be remembered for ever."""


class Ends(Protocol):
    """What a table holds: something that can be given up."""

    def give_up(self, why: str) -> None:
        """End it, marked as one that nobody has ended."""
        ...


Run = TypeVar("Run", bound=Ends)
Made = TypeVar("Made", bound="Scope")


class OpenRuns(Generic[Run]):
    """Runs by the ids that the framework gave them. Threads may share it.

    Args:
        most: How many there may be. One more, and the oldest is given up.
    """

    def __init__(self, most: int = MOST_OPEN) -> None:
        self._most = most
        self._runs: OrderedDict[Hashable, Run] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many are open."""
        return len(self._runs)

    def put(self, key: Hashable, run: Run) -> None:
        """Remember a run that begins."""
        given_up: list[Run] = []
        with self._lock:
            self._runs[key] = run
            while len(self._runs) > self._most:
                given_up.append(self._runs.popitem(last=False)[1])
        for each in given_up:
            each.give_up(f"more than {self._most:,} runs were open")

    def get(self, key: Hashable) -> Run | None:
        """The run of an id, if it is open."""
        return self._runs.get(key)

    def take(self, key: Hashable) -> Run | None:
        """The run of an id, which ends: it is forgotten."""
        with self._lock:
            return self._runs.pop(key, None)

    def give_up_all(self, why: str) -> None:
        """End all, the latest first: what is inside before what is around it."""
        with self._lock:
            runs = list(reversed(self._runs.values()))
            self._runs.clear()
        for each in runs:
            each.give_up(why)


class OpenSpan(Generic[Made]):
    """A span of ours, opened where a run of the framework says, and what has to be undone when it ends.

    Args:
        recorder: Whose span it is.
        span: A span that has not begun.
        parent: The span that it is in; None for whatever is the current one.
        current: Whether what the program records meanwhile is inside of it.
    """

    __slots__ = ("_inside", "_recorder", "span")

    def __init__(self, recorder: Recorder, span: Made, parent: Scope | None, *, current: bool = True) -> None:
        self._recorder = recorder
        self.span: Made = span
        self._inside: AbstractContextManager[object] = nullcontext()
        with under(recorder, parent):
            span.start()
        if current:
            self._inside = recorder.under(span)
            self._inside.__enter__()

    def __enter__(self) -> OpenSpan[Made]:
        """Nothing: it has begun."""
        return self

    def __exit__(self, exc_type: object, error: BaseException | None, traceback: object) -> None:
        """End the span."""
        self.end(error)

    def end(self, error: BaseException | None = None) -> None:
        """End the span.

        Args:
            error: The exception that leaves it, if one does.
        """
        self._inside.__exit__(None, None, None)
        if error is not None:
            if is_cancellation(error):
                self.span.cancel()
            else:
                self.span.fail(error)
        self.span.end()

    def give_up(self, why: str) -> None:
        """End the span, marked as one that nobody has ended."""
        self.span.set(left_open=why)
        self.span.cancel()
        self.end()


def under(recorder: Recorder, span: Scope | None) -> AbstractContextManager[object]:
    """Let what is recorded be inside of a span; of whatever is current, if it is None."""
    return nullcontext() if span is None else recorder.under(span)


def leaving(before: BaseException | None) -> BaseException | None:
    """The exception that leaves the run that ends right now, as its framework's ``with`` blocks end with it.

    Args:
        before: What was being handled when the run began, which has nothing to do with it.
    """
    error = sys.exc_info()[1]
    return None if error is before else error


def texts(content: Any) -> Iterator[str]:
    """The texts in the content of a message: it may be one, or a list of parts, of which some are no texts."""
    if isinstance(content, str):
        yield content
    for part in as_list(content):
        text = part if isinstance(part, str) else as_dict(part).get("text")
        if isinstance(text, str):
            yield text


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value is a mapping, as JSON's objects are."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a value is a list or tuple."""
    return isinstance(value, (list, tuple))


def as_list(value: object) -> list[Any]:
    """A list or tuple as a list; anything else as an empty one."""
    return list(value) if is_list(value) else []


def as_dict(value: object) -> dict[str, Any]:
    """A mapping as a dict; anything else as an empty one."""
    return dict(value) if is_mapping(value) else {}
