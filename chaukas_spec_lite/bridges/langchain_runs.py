"""What the bridge to LangChain remembers of a run of the framework while it is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaukas_spec_lite.bridges.runs import OpenSpan
    from chaukas_spec_lite.trace.scopes import Scope


class ChainRun:
    """A run of the framework that is open."""

    __slots__ = (
        "agent", "asked", "begins_agent", "datasource", "failure", "inner", "outer", "parent", "query", "recorded",
        "session",
    )  # fmt: skip

    def __init__(self, parent: ChainRun | None, agent: str) -> None:
        self.parent = parent
        self.agent = agent
        """The agent of ``create_agent`` that it is part of."""
        self.begins_agent = bool(agent) and (parent is None or parent.agent != agent)
        self.outer: Scope | None = None
        """Of a run without a parent: the span of the program's that was open."""
        self.session: OpenSpan[Any] | None = None
        self.recorded: OpenSpan[Any] | None = None
        self.inner: dict[int, ChainRun] = {}
        """Runs within that are open, by their ids as objects."""
        self.asked = False
        """Whether what the user said has been recorded."""
        self.datasource = ""
        self.query = ""
        self.failure = ""
        """What became of the last run within that failed."""

    def close(self) -> None:
        """Note in the run around it that it has ended."""
        if self.parent is not None:
            self.parent.inner.pop(id(self), None)

    def cancel(self) -> None:
        """End what is recorded of it, and of all that is open within, as called off."""
        for each in list(self.inner.values()):
            each.cancel()
        for made in self.both():
            made.span.cancel()
            made.end()

    def both(self) -> Iterator[OpenSpan[Any]]:
        """Its spans, from inside out."""
        if self.recorded is not None:
            yield self.recorded
        if self.session is not None:
            yield self.session

    def around(self) -> Scope | None:
        """The nearest span of ours, its own included."""
        run: ChainRun | None = self
        while run is not None:
            if (found := next(run.both(), None)) is not None:
                span: Scope = found.span
                return span
            run = run.parent
        return self.top().outer

    def top(self) -> ChainRun:
        """The run that the program started."""
        run = self
        while run.parent is not None:
            run = run.parent
        return run

    def end(self, error: BaseException | None = None) -> None:
        """End what is recorded of it."""
        for each in self.both():
            each.end(error)

    def give_up(self, why: str) -> None:
        """End what is recorded of it, marked as something that nobody has ended."""
        for each in self.both():
            each.give_up(why)
