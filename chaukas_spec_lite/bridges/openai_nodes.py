"""What the bridge to OpenAI Agents remembers of a trace or span of the framework while it is open."""

from __future__ import annotations

import sys
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaukas_spec_lite.bridges.runs import OpenSpan
    from chaukas_spec_lite.trace.scopes import Scope


class Traced:
    """A trace or a span of the framework that is open, and what has become of it here."""

    def __init__(self, kind: str, parent: Traced | None) -> None:
        self.kind = kind
        self.parent = parent
        self.before = sys.exc_info()[1]
        self.name = ""
        self.about: dict[str, Any] = {}
        """The metadata of a session or an agent."""
        self.opening: Callable[[], Scope] | None = None
        """Makes the span, as long as its START waits, and below what is to be recorded after it."""
        self.waiting: list[Callable[[Any], None]] = []
        self.recorded: OpenSpan[Any] | None = None
        self.inner: OpenSpan[Any] | None = None
        """The call of an MCP server that a tool is."""
        self.outer: Scope | None = None
        """Of a trace: the span that it is part of, if that is not the bridge's."""
        # Of a turn:
        self.calls: defaultdict[str, deque[dict[str, str]]] = defaultdict(deque)
        self.failures: list[str] = []
        # Of an agent: MCP servers by tool, the call of a model that waits for its span, and how that is made.
        self.servers: dict[str, str] = {}
        self.model: OpenSpan[Any] | None = None
        self.call: dict[str, Any] | None = None
        # Of a run: what it has come to, or what the model said last; and whether it was recorded what the user said.
        self.output: Any = None
        self.told_input = False

    def upwards(self) -> Sequence[Traced]:
        """Itself, and what it is in, from inside out."""
        found: list[Traced] = [self]
        each = self.parent
        while each is not None:
            found.append(each)
            each = each.parent
        return found

    def top(self) -> Traced:
        """The trace."""
        return self.upwards()[-1]

    def agent(self) -> Traced | None:
        """The agent at work."""
        return next((each for each in self.upwards() if each.kind == "agent"), None)

    def run(self) -> Traced | None:
        """The run that the program has started; None within an agent that is a tool of another."""
        above = self.upwards()
        if sum(each.kind == "agent" for each in above) > 1:
            return None
        return next((each for each in reversed(above) if each.kind == "task"), above[-1])

    def take_call(self, name: str) -> dict[str, str] | None:
        """The earliest call of a tool that the model has asked for, and that has not begun."""
        waiting = self.calls.get(name)
        return waiting.popleft() if waiting else None

    def give_up(self, why: str) -> None:
        """End what is open here, marked as something that nobody has ended."""
        self.opening = None
        for each in (self.model, self.inner, self.recorded):
            if each is not None:
                each.give_up(why)
