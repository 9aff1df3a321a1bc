"""The spans of sessions as rows in the order of their tree, for whoever draws them. Pure, and without recursion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from chaukas_spec_lite.trace.orphans import is_orphan
from chaukas_spec_lite.trace.tree import Moment, Session, Span

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event

MAX_NAME = 300
"""Characters kept of the name of an agent or a model."""


class Detail(NamedTuple):
    """What rows tell of an event beside its moment."""

    agent: str
    """The agent's name, or its id."""
    model: str
    prompt_tokens: int
    completion_tokens: int


NO_DETAIL = Detail("", "", 0, 0)

EventKey: TypeAlias = "tuple[tuple[str, str], str]"
"""Tenant and project, and the id of an event."""
Details: TypeAlias = "Mapping[EventKey, Detail]"


def key_of(moment: Moment) -> EventKey:
    """What tells the event of a moment from others."""
    return moment.scope, moment.event_id


def detail(event: Event) -> Detail:
    """Take out of an event what rows tell of it."""
    agent = (event.agent_name or event.agent_id)[:MAX_NAME]
    if (llm := event.llm_invocation) is None:
        return Detail(agent, "", 0, 0)
    return Detail(agent, llm.model[:MAX_NAME], llm.prompt_tokens, llm.completion_tokens)


def note_agent(agents: dict[str, str], event: Event, most: int) -> None:
    """Note the name of an event's agent by its id, by which events are found.

    Args:
        agents: Names by ids, to which it is added; a name is empty as long as no event says it.
        event: The event, which may have no agent, or one without an id.
        most: How many are noted.
    """
    # An id that is cut would find nothing.
    if (id_ := event.agent_id) and (id_ in agents or (len(agents) < most and len(id_) <= MAX_NAME)):
        agents[id_] = agents.get(id_) or event.agent_name[:MAX_NAME]


class SpanRow(NamedTuple):
    """A span, and where it stands."""

    span: Span
    id: str
    """Tells it from all other rows: its span id, unless it has none or another row has the same; then an event's id."""
    parent: str
    """The id of the row that it is inside of; empty for a root."""
    depth: int
    agent: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    orphan: bool
    """Whether it names a parent that was never recorded."""

    @property
    def status(self) -> str:
        """What became of it: ``failed``, ``cancelled``, ``open`` while it has no end, or ``ok``."""
        if self.span.failed:
            return "failed"
        if self.span.cancelled:
            return "cancelled"
        return "open" if self.span.start is not None and self.span.end is None else "ok"

    @property
    def marks(self) -> list[str]:
        """What is unusual about it: ``orphan``, ``no_end``, ``no_start``."""
        found = ["orphan"] if self.orphan else []
        span = self.span
        if span.point is None and (span.start is None or span.end is None):
            found.append("no_start" if span.start is None else "no_end")
        return found


def rows(sessions: Iterable[Session], details: Details) -> Iterator[SpanRow]:
    """Yield the spans of sessions, each before those inside of it.

    Args:
        sessions: Their trees, as ``build`` makes them.
        details: What is known of their events.
    """
    roots = [root for each in sessions for root in each.roots]
    ids = _ids(roots)
    waiting = [(root, "", 0) for root in reversed(roots)]
    while waiting:
        span, parent, depth = waiting.pop()
        own = ids[id(span)]
        agent = model = ""
        has_tokens, told = False, NO_DETAIL
        for each in span.moments:
            told = details.get((each.scope, each.event_id), NO_DETAIL)
            agent, model = agent or told.agent, model or told.model
            has_tokens = has_tokens or each.tokens != 0
        # As with the total: what the START says is a guess, or the same once more.
        prompt, completion = told[2:] if has_tokens else (0, 0)
        orphan = not depth and is_orphan(span)
        yield SpanRow(span, own, parent, depth, agent, model, prompt, completion, orphan)
        waiting.extend((child, own, depth + 1) for child in reversed(span.children))


def _ids(roots: Iterable[Span]) -> dict[int, str]:
    """An id for each span, by the identity of the span."""
    every: list[Span] = []
    waiting = list(roots)
    while waiting:
        every.append(span := waiting.pop())
        waiting.extend(span.children)
    # What has an extent has the first claim to its span id: points within it carry the same one.
    every.sort(key=lambda span: span.point is not None)
    taken: set[str] = set()
    numbers: defaultdict[str, int] = defaultdict(lambda: 1)
    """The last number that was tried behind an event's id: of ids that thousands have, each number is tried once."""
    ids: dict[int, str] = {}
    for span in every:
        first = span.moments[0]
        wanted = first.span_id or first.event_id
        if wanted in taken:
            wanted = first.event_id
        while wanted in taken or not wanted:
            # The same ids in several projects, or an event's id that is a span's.
            numbers[first.event_id] += 1
            wanted = f"{first.event_id}#{numbers[first.event_id]}"
        taken.add(wanted)
        ids[id(span)] = wanted
    return ids
