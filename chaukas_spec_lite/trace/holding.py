"""The sessions that a sampler remembers, and the events of theirs that wait for an error, within bounds.

A session, or a trace outside of any session, is a group here. Nothing here is safe to use from several threads:
``Selection`` holds a lock.
"""

from __future__ import annotations

import copy
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from chaukas_spec_lite import lenient
from chaukas_spec_lite.spec.common.v1.events import Event, EventType
from chaukas_spec_lite.trace.facts import Facts, is_error
from chaukas_spec_lite.trace.outcomes import Outcome, Outcomes
from chaukas_spec_lite.trace.sampling import Sampler
from chaukas_spec_lite.trace.tree import Edge

MAX_NOTES = 100
"""How many notes wait to be told at most; of each kind the log has one line a minute."""


class Settled(NamedTuple):
    """Says that events of a session were left out before it ended."""

    group: tuple[str, str]
    events: int
    why: str

    @property
    def text(self) -> str:
        """The note in words."""
        what = "1 event was" if self.events == 1 else f"{self.events:,} events were"
        session = " ".join(self.group)
        return f"{what} left out before the {session} ended, although an error may still come: {self.why}"


class Held(NamedTuple):
    """An event that waits: encoded, so that it stays as it is, and takes little room; or itself, if it has odd values.

    Only the sink knows what is made of those.
    """

    content: bytes | Event
    size: int
    type_name: str

    def event(self) -> Event:
        """Return the event."""
        return Event.parse(self.content) if isinstance(self.content, bytes) else self.content


def held_copy(event: Event, facts: Facts) -> Held:
    """Return what is held of an event."""
    try:
        data = bytes(event)
    except MemoryError:
        raise
    except Exception:  # whatever an odd value raises
        return Held(event, len(lenient.encode(event).data), facts.type_name)
    return Held(data, len(data), facts.type_name)


@dataclass(eq=False, slots=True)
class Group:
    """A session, or a trace outside of any."""

    kept: bool
    """Whether its events go through: by its hash, or because it has had an error."""
    seen: float = 0.0
    """When its last event came."""
    open: int = 0
    """How many of its spans have begun in this process, and not ended."""
    buffer: deque[Held] = field(default_factory=deque[Held])
    """What waits for an error."""
    starts: dict[tuple[str, str], Held] = field(default_factory=dict[tuple[str, str], Held])
    """By kind and id: START of each span that a rate leaves out, unless it fails."""
    left_out: Counter[str] = field(default_factory=Counter[str])
    """How many events of each type were left out."""
    ready: deque[Held | Event] = field(default_factory=deque["Held | Event"])
    """What is to be handed over, in order. It counts as waiting."""
    is_handed_over: bool = False
    """Whether a thread is at it."""


class Sessions:
    """Decides about each event by what is remembered of its session, and counts what it leaves out of what was held.

    Args:
        sampler: What is kept.
        outcomes: Counts.
        now: Tells the time in seconds; monotonic.
        before: Those of the parent process, in a forked child: what waits there is the parent's.
    """

    def __init__(
        self,
        sampler: Sampler,
        outcomes: Outcomes,
        now: Callable[[], float],
        before: Sessions | None = None,
    ) -> None:
        self._sampler = sampler
        self._outcomes = outcomes
        self._now = now
        self._groups: OrderedDict[tuple[str, str], Group] = OrderedDict()
        """All that are remembered; those whose last event is the oldest come first."""
        self._holding: OrderedDict[tuple[str, str], Group] = OrderedDict()
        """Those of them of which something is held, in the same order."""
        self._events = self._bytes = 0
        """How much is held."""
        self.ready: deque[Group] = deque()
        """Groups of which something is to be handed over."""
        self.notes: deque[Settled] = deque(maxlen=MAX_NOTES)
        """What is to be told. Not here: a handler of the log may wait for somebody who waits for the lock."""
        if before is not None:
            for key, group in list(before._groups.items()):
                self._groups[key] = Group(group.kept, group.seen)

    def may_hold(self, facts: Facts, event: Event) -> bool:
        """Say whether an event may have to be held. It may be asked without the lock."""
        sampler, group = self._sampler, self._groups.get(facts.group)
        if not sampler.keep_errors:
            return False
        if facts.edge is Edge.START and not sampler.keeps_type(facts.type, facts.rate_key):
            return True
        return not (sampler.keeps(facts.group[1]) or (group is not None and group.kept) or is_error(event))

    def ended(self, facts: Facts) -> None:
        """Take note that an event was kept back: it may have been the last one of its session."""
        if not self._is_through(facts):
            group = self._group(facts)
            if self._ends(facts, group):
                self._end(facts.group, group)
            self._stay_within_bounds(group)

    def settle(self) -> None:
        """Leave out all that waits, and forget all."""
        for key, group in list(self._groups.items()):
            self._end(key, group)

    def decide(self, facts: Facts, event: Event, held: Held | None) -> Event | Outcome:
        """Decide about an event.

        Args:
            facts: What decides about it.
            event: The event.
            held: A copy of it, if there is one.

        Returns:
            The event that is to be handed over now; ``SAMPLED_OUT`` if it is left out; ``WAITING`` if it is held, or is
            among what is ``ready``.
        """
        sampler = self._sampler
        if self._is_through(facts):
            return event
        group = self._group(facts)
        reports_error = sampler.keep_errors and is_error(event)
        if reports_error and not group.kept:
            self._release(facts.group, group)
        ends = self._ends(facts, group)
        # An error is not left out by a rate. START is nevertheless, as nobody knows yet whether END has one, too.
        is_exempt = reports_error and facts.edge is not Edge.START
        if not is_exempt and not sampler.keeps_type(facts.type, facts.rate_key):
            result: Event | Outcome = self._leave_out(facts, group, event, held)
        elif not group.kept:
            result = Outcome.SAMPLED_OUT if ends else self._hold(facts, group, held or held_copy(event, facts))
        else:
            result = self._pass(facts, group, event, ends)
        if ends:
            self._end(facts.group, group)
        self._stay_within_bounds(group)
        return result

    def _is_through(self, facts: Facts) -> bool:
        """Whether an event belongs to a session of which there is nothing to remember: all of it is kept."""
        return not self._sampler.rates and facts.group not in self._groups and self._sampler.keeps(facts.group[1])

    def _group(self, facts: Facts) -> Group:
        """Return what is remembered of an event's session, with the event."""
        group = self._groups.get(facts.group)
        if group is None:
            group = self._groups[facts.group] = Group(self._sampler.keeps(facts.group[1]))
        else:
            self._groups.move_to_end(facts.group)
            if facts.group in self._holding:
                self._holding.move_to_end(facts.group)
        group.seen = self._now()
        if facts.edge is Edge.START:
            group.open += 1
        elif facts.edge is Edge.END and group.open:
            group.open -= 1
        return group

    def _ends(self, facts: Facts, group: Group) -> bool:
        """Whether an event is the last one of its group, as far as this process knows."""
        kind, _ = facts.group
        if facts.type == EventType.SESSION_END or kind == "event":
            return True
        if facts.edge is not Edge.END or group.open:
            return False
        # Of a session that began in another process this one may never see the end. Of one that had an error it is
        # remembered, as what comes of it later goes through.
        return kind != "session" or not group.kept

    def _leave_out(self, facts: Facts, group: Group, event: Event, held: Held | None) -> Outcome:
        if start := self._start_of(facts, group):
            self._drop(group, [start])
        if facts.edge is Edge.START and facts.span[1] and self._sampler.keep_errors:
            group.starts[facts.span] = held = held or held_copy(event, facts)
            return self._holds(facts, group, held)
        group.left_out[facts.type_name] += 1
        return Outcome.SAMPLED_OUT

    def _hold(self, facts: Facts, group: Group, held: Held) -> Outcome:
        group.buffer.append(held)
        return self._holds(facts, group, held)

    def _holds(self, facts: Facts, group: Group, held: Held) -> Outcome:
        self._events += 1
        self._bytes += held.size
        self._holding[facts.group] = group
        self._holding.move_to_end(facts.group)
        return Outcome.WAITING

    def _start_of(self, facts: Facts, group: Group) -> Held | None:
        """Take back the START of a span that was held."""
        start = group.starts.pop(facts.span, None) if facts.edge is not Edge.POINT else None
        if start is not None:
            self._is_empty(facts.group, group)
        return start

    def _pass(self, facts: Facts, group: Group, event: Event, ends: bool) -> Event | Outcome:
        if start := self._start_of(facts, group):
            self._let_go([start])
            self.queue(group, [start])
        if ends:
            self._drop(group, group.starts.values())
            group.starts.clear()
            event = _with_left_out(event, group.left_out)
        if group.ready or group.is_handed_over:
            self.queue(group, [event])
            return Outcome.WAITING
        return event

    # What waits

    def _release(self, key: tuple[str, str], group: Group) -> None:
        """Let a session through, because it has an error."""
        group.kept = True
        self._let_go(group.buffer)
        self.queue(group, group.buffer)
        group.buffer = deque()
        self._is_empty(key, group)

    def _end(self, key: tuple[str, str], group: Group) -> None:
        """Leave out what is held of a session, and forget the session."""
        self._empty(key, group)
        self._groups.pop(key, None)

    def _empty(self, key: tuple[str, str], group: Group) -> None:
        """Leave out what is held of a session."""
        self._drop(group, [*group.buffer, *group.starts.values()])
        group.buffer.clear()
        group.starts.clear()
        self._holding.pop(key, None)

    def _drop(self, group: Group, what: Iterable[Held]) -> None:
        """Leave out what was held."""
        dropped = list(what)
        self._let_go(dropped)
        group.left_out.update(each.type_name for each in dropped)
        self._outcomes.settle(Outcome.SAMPLED_OUT, len(dropped))

    def _is_empty(self, key: tuple[str, str], group: Group) -> None:
        if not group.buffer and not group.starts:
            self._holding.pop(key, None)

    def _let_go(self, what: Iterable[Held]) -> None:
        for each in what:
            self._events -= 1
            self._bytes -= each.size

    # Bounds

    def _stay_within_bounds(self, current: Group) -> None:
        sampler, oldest_seen = self._sampler, self._now() - self._sampler.max_waiting_seconds
        while self._holding and (first := next(iter(self._holding.items())))[1].seen <= oldest_seen:
            self._settle(*first, f"no event of it came for {sampler.max_waiting_seconds:g} s (max_waiting_seconds)")
        while self._events > sampler.max_waiting_events or self._bytes > sampler.max_waiting_bytes:
            name = "max_waiting_events" if self._events > sampler.max_waiting_events else "max_waiting_bytes"
            self._make_room(current, f"more waits than {getattr(sampler, name):,} ({name})")
        while len(self._groups) > sampler.max_sessions:
            key, group = next(iter(self._groups.items()))
            self._settle(key, group, f"there are more sessions than {sampler.max_sessions:,} (max_sessions)")
            del self._groups[key]

    def _make_room(self, current: Group, why: str) -> None:
        key, group = next(iter(self._holding.items()))
        if group is not current:
            self._settle(key, group, why)
            return
        # It fills all by itself. What came last tells the most of an error that is still to come.
        held = group.buffer.popleft() if group.buffer else group.starts.pop(next(iter(group.starts)))
        self._drop(group, [held])
        self._is_empty(key, group)
        self._tell(key, 1, why)

    def _settle(self, key: tuple[str, str], group: Group, why: str) -> None:
        """Leave out what is held of a session that goes on; what is known of it may still be needed."""
        events = len(group.buffer) + len(group.starts)
        self._empty(key, group)
        if events:
            self._tell(key, events, why)

    def _tell(self, key: tuple[str, str], events: int, why: str) -> None:
        self.notes.append(Settled(key, events, why))

    def queue(self, group: Group, what: Iterable[Held | Event]) -> None:
        """Let events of a group be handed over after those that are ready."""
        group.ready.extend(what)
        if group.ready:
            self.ready.append(group)

    def group_of(self, facts: Facts) -> Group:
        """Return what is remembered of an event's session, or a group by itself if that is nothing."""
        return self._groups.get(facts.group) or Group(kept=True)


def _with_left_out(event: Event, left_out: Mapping[str, int]) -> Event:
    """Return the event that ends a session, with how many events of it were left out, if there are any."""
    if not left_out:
        return event
    given: object = event.metadata
    metadata: dict[str, Any] = dict(cast("Mapping[str, Any]", given)) if isinstance(given, Mapping) else {}
    own: object = metadata.get("chaukas", {})
    if not isinstance(own, Mapping) or not isinstance(given, (Mapping, type(None))):
        return event  # What somebody else has put there is needed more.
    metadata["chaukas"] = {**cast("Mapping[str, Any]", own), "left_out": dict(sorted(left_out.items()))}
    event = copy.copy(event)
    event.metadata = metadata
    return event
