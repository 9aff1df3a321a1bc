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
        "agent", "asked", "begins_agent", "datasource", "failure", "outer", "parent", "query", "recorded", "session",
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
        self.asked = False
        """Whether what the user said has been recorded."""
        self.datasource = ""
        self.query = ""
        self.failure = ""
        """What became of the last run within that failed."""

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
