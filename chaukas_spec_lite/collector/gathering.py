"""Answers that take many events: the trees of a session, series over time, and one event by its id.

They are read page by page, and what an answer needs of each event is taken out in a thread, so that no more than a page
of them is ever held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from chaukas_spec_lite.collector.skim import skim
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.answers import BriefAnswer, brief
from chaukas_spec_lite.trace.comparing import RecordedSession
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.rows import Detail, EventKey, detail, key_of, note_agent
from chaukas_spec_lite.trace.tree import Moment, Session, build

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.callers import Caller
    from chaukas_spec_lite.collector.service import CollectorService
    from chaukas_spec_lite.spec.common.v1.query import QueryRequest

G = TypeVar("G", bound="Gathered")

MAX_KEPT = 40_000_000
"""How many characters of ids are kept for one answer. Those of 100,000 events as recorders write them take half."""

MAX_AGENTS = 200
"""How many agents are told with their ids."""
DROPPED = 500
"""Of how many events at a time what was kept is let go of."""

Work: TypeAlias = "Callable[[Callable[[], Any]], Awaitable[Any]]"
"""Does something that takes time in a thread."""


@dataclass(slots=True)
class Gathered:
    """What an answer needs of the events that were found."""

    moments: list[Moment] = field(default_factory=list[Moment])
    details: dict[EventKey, Detail] = field(default_factory=dict[EventKey, Detail])
    agents: dict[str, str] = field(default_factory=dict[str, str])
    """The names of agents by their ids, empty where no event has one; of so many as anybody would choose from."""
    truncated: bool = False
    """Whether there are more events than were read."""
    kept: int = 0
    """How many characters of ids are kept. Titles and names are cut where they are taken out; an id is not."""

    def add(self, events: list[bytes]) -> None:
        """Add a page of events. Takes time."""
        for data in events:
            event = Event.parse(data)
            seen = moment(event)
            self.kept += sum(map(len, (seen.event_id, seen.session_id, seen.span_id, seen.parent_id, *seen.scope)))
            self.note(event, seen)

    def note(self, event: Event, seen: Moment) -> None:
        """Add an event of which the moment has been taken out."""
        self.moments.append(seen)
        self.details[key_of(seen)] = detail(event)
        note_agent(self.agents, event, MAX_AGENTS)

    def sessions(self) -> tuple[Session, ...]:
        """Build the trees. Takes time."""
        return build(self.moments)

    def drop(self, most: int) -> bool:
        """Let go of what is kept of so many events; return whether there is more."""
        del self.moments[-most:]
        _drop(self.details, most)
        return bool(self.moments or self.details)


@dataclass(slots=True)
class Answered(Gathered):
    """The same with what came out of the work, by which sessions are compared."""

    answers: dict[EventKey, BriefAnswer] = field(default_factory=dict[EventKey, BriefAnswer])

    def note(self, event: Event, seen: Moment) -> None:
        """Add an event of which the moment has been taken out."""
        # Not super(): a class with slots is made anew, and the name that super() goes by is that of the first one.
        Gathered.note(self, event, seen)
        if (said := brief(event)) is not None:
            self.answers[key_of(seen)] = said

    def drop(self, most: int) -> bool:
        """Let go of what is kept of so many events; return whether there is more."""
        _drop(self.answers, most)
        return Gathered.drop(self, most) or bool(self.answers)

    def recorded(self) -> RecordedSession:
        """Build the trees. Takes time."""
        return RecordedSession(self.sessions(), self.details, self.answers)


def _drop(kept: dict[EventKey, Any], most: int) -> None:
    for _ in range(min(most, len(kept))):
        kept.popitem()


async def let_go(*gathered: Gathered) -> None:
    """Let go of what was gathered, some of it at a time.

    While Python takes a hundred thousand objects apart, nothing else is done in any thread.
    """
    for each in gathered:
        left = True
        while left:
            left = each.drop(DROPPED)
            await asyncio.sleep(0)


async def gather(service: CollectorService, request: QueryRequest, caller: Caller, work: Work, most: int) -> Gathered:
    """Read what a query finds, so many events at most; raises what ``CollectorService.query`` does."""
    return await gather_into(Gathered(), service, request, caller, work, most)


async def gather_into(
    gathered: G, service: CollectorService, request: QueryRequest, caller: Caller, work: Work, most: int
) -> G:
    """The same, with what takes more out of events."""
    try:
        # One more, which tells whether there are more.
        async with aclosing(service.find(request, most + 1, caller)) as pages:
            async for events in pages:
                room = most - len(gathered.moments)
                gathered.truncated = len(events) > room
                await work(partial(gathered.add, events[:room]))
                if gathered.kept > MAX_KEPT:
                    gathered.truncated = True
                    break
    except BaseException:  # such as that whoever asked has left
        await let_go(gathered)
        raise
    return gathered


async def event_by_id(
    service: CollectorService, request: QueryRequest, event_id: str, caller: Caller, work: Work, most: int
) -> list[bytes]:
    """Find events by their id, of which each project may have one.

    Args:
        service: Whom to ask.
        request: Where to look: all events that it finds are looked through.
        event_id: The id.
        caller: Who asks.
        work: What looks through the events.
        most: Through how many at most.
    """
    found: list[bytes] = []

    def look(events: list[bytes]) -> None:
        found.extend(data for data in events if skim(data).event_id == event_id)

    async with aclosing(service.find(request, most, caller)) as pages:
        async for events in pages:
            await work(partial(look, events))
    return found
