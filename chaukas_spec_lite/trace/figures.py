"""What many events come to: by session, type, model and agent. Pure; events are added one by one and none is kept."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chaukas_spec_lite.spec.common.v1.events import Event, EventType
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.rows import MAX_NAME, note_agent
from chaukas_spec_lite.trace.tree import Edge, Moment

MAX_NAMES = 1000
"""Models, agents and types that are told apart; a program that makes up names must not fill memory."""
MAX_OPEN = 10_000
"""Calls of models that are remembered until they end. Some never do."""
OTHERS = "(others)"
"""What stands for all beyond that."""
_MAX_AGENTS = 20
_MAX_CURRENCIES = 20


@dataclass(slots=True)
class Sums:
    """What something came to."""

    events: int = 0
    errors: int = 0
    """Events that report an error."""
    calls: int = 0
    """Calls of models, by their END."""
    tokens: int = 0
    cost: dict[str, float] = field(default_factory=dict[str, float])
    """The amount of each currency."""
    first: datetime | None = None
    last: datetime | None = None

    def add(self, seen: Moment) -> None:
        """Add an event."""
        self.events += 1
        self.errors += seen.failed
        self.calls += seen.kind == "model" and seen.edge is Edge.END
        self.tokens += seen.tokens
        for currency, amount in seen.cost.items():
            if currency in self.cost or len(self.cost) < _MAX_CURRENCIES:
                self.cost[currency] = self.cost.get(currency, 0.0) + amount
        if seen.time is not None:
            self.first = seen.time if self.first is None else min(self.first, seen.time)
            self.last = seen.time if self.last is None else max(self.last, seen.time)

    @property
    def duration(self) -> timedelta | None:
        """From the first event to the last."""
        return self.last - self.first if self.first is not None and self.last is not None else None


@dataclass(slots=True)
class SessionSums(Sums):
    """What a session came to."""

    session_id: str = ""
    tenant_id: str = ""
    project_id: str = ""
    name: str = ""
    input: str = ""
    """What was said to it first."""
    agents: dict[str, None] = field(default_factory=dict[str, None])
    """The agents' names, in the order of their appearance."""
    agents_by_id: dict[str, str] = field(default_factory=dict[str, str])
    """The names of those that have an id by which events are found; empty where they have none."""


class SessionSummer:
    """Sums up sessions, event by event; what is kept grows with the sessions alone."""

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str, str], SessionSums] = {}

    def add(self, event: Event) -> None:
        """Add an event."""
        if not event.session_id:
            return
        key = event.tenant_id, event.project_id, event.session_id
        if (session := self._sessions.get(key)) is None:
            session = SessionSums(session_id=key[2], tenant_id=key[0], project_id=key[1])
            self._sessions[key] = session
        seen = moment(event)
        session.add(seen)
        if seen.kind == "session" and seen.title:
            session.name = session.name or seen.title
        if seen.kind == "input":
            session.input = session.input or seen.title
        if (agent := (event.agent_name or event.agent_id)[:MAX_NAME]) and len(session.agents) < _MAX_AGENTS:
            session.agents[agent] = None
        note_agent(session.agents_by_id, event, _MAX_AGENTS)

    def latest(self) -> list[SessionSums]:
        """List them; see ``latest_first``."""
        return latest_first(self._sessions.values())


def latest_first(sessions: Iterable[SessionSums]) -> list[SessionSums]:
    """Put sessions in order, those with the latest events first; those without any time come last."""
    return sorted(
        sessions,
        key=lambda each: (*order_of(each.last), each.session_id, each.tenant_id, each.project_id),
        reverse=True,
    )


class Figures:
    """Counts over events of any number of sessions, which are added in the order of time."""

    def __init__(self) -> None:
        self.all = Sums()
        self.by_type: Counter[str] = Counter()
        self.by_model: defaultdict[str, Sums] = defaultdict(Sums)
        self.by_agent: defaultdict[str, Sums] = defaultdict(Sums)
        self._sessions: set[int] = set()
        self._failed: set[int] = set()
        self._open: OrderedDict[int, str] = OrderedDict()

    @property
    def sessions(self) -> int:
        """How many sessions there are."""
        return len(self._sessions)

    @property
    def failed_sessions(self) -> int:
        """How many of them have an event that reports an error."""
        return len(self._failed)

    def add(self, event: Event) -> None:
        """Add an event."""
        seen = moment(event)
        self.all.add(seen)
        self.by_type[_name_among(self.by_type, type_name(event.type))] += 1
        if event.session_id:
            # Of a session, its hash is enough to count it, and takes a third of the memory.
            key = hash((seen.scope, event.session_id))
            self._sessions.add(key)
            if seen.failed:
                self._failed.add(key)
        if model := self._model_of(event, seen):
            self.by_model[_name_among(self.by_model, model)].add(seen)
        if agent := event.agent_name or event.agent_id:
            self.by_agent[_name_among(self.by_agent, agent)].add(seen)

    def _model_of(self, event: Event, seen: Moment) -> str:
        """The model that an event is about; the END of a call that failed names none, so its START is remembered."""
        model = event.llm_invocation.model if event.llm_invocation is not None else ""
        if seen.kind != "model":
            return model
        key = hash((seen.scope, seen.span_id))
        if seen.edge is Edge.END:
            return model or self._open.pop(key, "")
        self._open[key] = model
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return model


def order_of(time: datetime | None) -> tuple[bool, float]:
    """Where a time stands among others; what has none comes before all."""
    return time is not None, 0.0 if time is None else time.timestamp()


def type_name(type_: EventType) -> str:
    """The name of a type; a number that the schema lacks is ``TYPE 99``."""
    return str(type_.name) if type_.name else f"TYPE {int(type_)}"


def _name_among(known: Counter[str] | dict[str, Sums], name: str) -> str:
    return name if name in known or len(known) < MAX_NAMES else OTHERS
