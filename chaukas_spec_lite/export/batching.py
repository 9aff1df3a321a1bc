"""What to send now, and what a failure means for the next attempt: decisions without clock, queue or network."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from chaukas_spec_lite.export.sender import Verdict
from chaukas_spec_lite.export.settings import ExportSettings

EXHAUSTED_PATIENCE = 3
"""How often in a row RESOURCE_EXHAUSTED has to come until smaller batches are tried."""

PATIENCE = 10
"""How often an event has to fail alone until another one is tried in its place, out of order."""

STRIKES = 3
"""How often an event has to fail alone, each time before another goes through, until it is held to be at fault."""

NEAR = 1.0
"""For how many seconds the success of another queue shows that the server is well."""

STUCK = 3
"""After how many attempts in a row that lead to nothing a queue is stuck."""


@dataclass(frozen=True)
class Waiting:
    """The events that wait, as far as a decision needs to know."""

    events: int
    bytes: int
    since: float
    """When the first of them came."""
    urgent: bool
    """Whether somebody waits for them to be sent: a flush."""
    first: int
    """The number of the first of them."""


@dataclass(frozen=True)
class Send:
    """Send the events from ``skip`` on: at most ``events`` of them and ``bytes``, but at least one."""

    skip: int
    events: int
    bytes: int


@dataclass(frozen=True)
class Wait:
    """Do nothing until a time, or until so many events wait, or ``max_batch_bytes``; None for never."""

    until: float | None
    events: int | None


class After(enum.Enum):
    """What becomes of the events of a failed attempt."""

    KEEP = "keep"
    DROP = "drop"
    """There was only one, and it is at fault, or held to be after ``STRIKES``."""
    DROP_FIRST = "drop_first"
    """The attempt went through, and proves the first event that waits to be at fault."""


class Batching:
    """Decides for one queue. Times come from the caller and only ever need to be monotonic.

    A refused batch is halved until the bad event stands alone and is dropped; then batches grow again, twofold with
    each success. Where a failure says neither "later" nor "refused", the same is done with waits between. An event that
    then stands alone is tried so often (``PATIENCE``) before another may overtake it, and is at fault only if, three
    times over (``STRIKES``), it failed and another one went through right after. The other one is the next, or, as long
    as that fails too, one that stands twice as far behind. Nothing else ever changes the order of events.

    The other one may stand in another queue, which sends to the same server (``others_succeeded``): where an event is
    the only one, there is no other. That counts if it went through within a second before the event failed.

    RESOURCE_EXHAUSTED that keeps coming is halved with waits as well, as it may be a limit of size. It may be a quota
    just as well, so nothing is ever dropped or overtaken for it.
    """

    def __init__(self, settings: ExportSettings, random: Callable[[], float]) -> None:
        self._settings = settings
        self._random = random
        self._limit = settings.max_batch_events
        self._failures = 0
        self._exhausted = 0
        self._retry_at: float | None = None
        self._fruitless = 0
        self._others_succeeded_at = float("-inf")
        self._begin(0)

    def _begin(self, first: int) -> None:
        self._first = first
        """The number of the event that the following is about."""
        self._probing = False
        self._alone = 0
        self._distance = 1
        self._strikes = 0
        self._others_strikes = 0

    @property
    def stuck(self) -> bool:
        """Whether attempts keep failing, and not because the server cannot be reached."""
        return self._fruitless >= STUCK

    def next(self, now: float, waiting: Waiting) -> Send | Wait:
        """Decide what to do at a time, given what waits."""
        if not waiting.events:
            return Wait(None, 1)
        if waiting.first != self._first:  # what another one did, which was sent or dropped, says nothing about this one
            self._begin(waiting.first)
            self._fruitless = 0
        if self._retry_at is not None and now < self._retry_at:
            return Wait(self._retry_at, None)
        settings = self._settings
        due = waiting.since + settings.flush_interval
        hurry = waiting.urgent or self._failures or self._limit < settings.max_batch_events
        full = waiting.events >= settings.batch_size or waiting.bytes >= settings.max_batch_bytes
        if not (hurry or full) and now < due:
            return Wait(due, settings.batch_size)
        if self._probing and waiting.events > 1:
            return Send(min(self._distance, waiting.events - 1), 1, settings.max_batch_bytes)
        return Send(0, self._limit, settings.max_batch_bytes)

    def hurry(self) -> None:
        """Let the next attempt be made now, whatever wait was begun, and let waits grow anew."""
        self._failures, self._retry_at = 0, None

    def succeeded(self, attempt: Send) -> After:
        """Take note that the events of an attempt were acknowledged."""
        self._failures, self._exhausted, self._fruitless, self._retry_at = 0, 0, 0, None
        if not attempt.skip:
            self._limit = min(self._settings.max_batch_events, self._limit * 2)
            return After.KEEP
        self._probing = False
        self._strikes += 1
        if self._strikes < STRIKES:
            return After.KEEP
        return After.DROP_FIRST

    def failed(self, now: float, attempt: Send, events: int, verdict: Verdict, pushback: float | None) -> After:
        """Take note that an attempt with so many events failed; ``pushback`` is a wait that the server asked for."""
        if verdict in (Verdict.INVALID, Verdict.TOO_LARGE):
            self._failures, self._retry_at = 0, None
            if events == 1:
                return After.DROP
            self._limit = events // 2
            return After.KEEP
        self._failures += 1
        delay = self._settings.retry.backoff(self._failures, self._random)
        self._retry_at = now + (delay if pushback is None or pushback < 0 else pushback)
        self._exhausted = self._exhausted + 1 if verdict is Verdict.EXHAUSTED else 0
        if verdict is Verdict.UNCLEAR or self._exhausted >= EXHAUSTED_PATIENCE:
            self._limit = max(1, events // 2)
        self._fruitless += verdict is not Verdict.LATER
        # After the first event alone, another; after that one the first again.
        self._probing = False
        if verdict is Verdict.UNCLEAR and events == 1 and not attempt.skip:
            self._alone += 1
            self._probing = self._alone >= PATIENCE
            if self._alone > PATIENCE and self._is_convicted_by_others(now):
                return After.DROP
        if attempt.skip:
            self._strikes = 0
            self._distance = min(2 * self._distance, self._settings.max_batch_events)
        return After.KEEP

    def _is_convicted_by_others(self, now: float) -> bool:
        if now - self._others_succeeded_at <= NEAR:
            self._others_strikes += 1
            self._others_succeeded_at = float("-inf")  # one success is one strike
        return self._others_strikes >= STRIKES

    def others_succeeded(self, now: float) -> None:
        """Take note that the server took what another queue sent."""
        self._others_succeeded_at = now

    def others_failed(self) -> None:
        """Take note that the server is not well."""
        self._others_succeeded_at = float("-inf")


class Peers:
    """The decisions of all queues that send to one server. All of them are made on one event loop."""

    def __init__(self) -> None:
        self._members: list[Batching] = []

    def join(self, member: Batching) -> None:
        """Hear of the others from now on, and be heard."""
        self._members.append(member)

    def leave(self, member: Batching) -> None:
        """End that; leaving again does nothing."""
        self._members = [each for each in self._members if each is not member]

    def succeeded(self, member: Batching, now: float) -> None:
        """Tell the others that the server has taken a batch."""
        for each in self._members:
            if each is not member:
                each.others_succeeded(now)

    def failed(self, member: Batching, verdict: Verdict) -> None:
        """Tell the others that the server is not well; other failures are about the events, or may be."""
        if verdict is Verdict.LATER:
            for each in self._members:
                if each is not member:
                    each.others_failed()
