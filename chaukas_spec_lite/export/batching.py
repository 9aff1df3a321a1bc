"""What to send now, and what a failure means for the next attempt: decisions without clock, queue or network."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from chaukas_spec_lite.export.sender import Verdict
from chaukas_spec_lite.export.settings import ExportSettings

EXHAUSTED_PATIENCE = 3
"""After how many RESOURCE_EXHAUSTED in a row smaller batches are tried."""

PATIENCE = 10
"""After this many failures alone in its batch, an event may be overtaken by another one."""

STRIKES = 3
"""After this many times in a row that an event failed alone and another went through right after it, it is at fault."""

NEAR = 1.0
"""For how many seconds the success of another queue shows that the server is well."""

_OUTAGE = (Verdict.LATER, Verdict.SLOW)
"""What failures mean that are about the server, and not about the events."""

STUCK = 3
"""After this many fruitless attempts in a row, at a server that answers, a queue counts as stuck."""


@dataclass(frozen=True)
class Waiting:
    """The events that wait, as far as a decision needs to know."""

    events: int
    bytes: int
    since: float
    """When the first of them came."""
    urgent: bool
    """Whether somebody waits for them to be sent: a flush."""
    first_changes: int
    """How often another event became the first of them."""


@dataclass(frozen=True)
class Send:
    """Leave out the first ``skip`` events, and send the next: at most ``events`` and ``bytes``, but one at least."""

    skip: int
    events: int
    bytes: int


@dataclass(frozen=True)
class Wait:
    """Do nothing until the time comes, enough events wait, or somebody calls ``flush``."""

    until: float | None
    """The time; None for never."""
    events: int | None
    """The number of events that wait, or ``max_batch_bytes`` of them; None for any number."""


class After(enum.Enum):
    """What becomes of the events of a failed attempt."""

    KEEP = "keep"
    DROP = "drop"
    """There was only one, and it is at fault, or held to be after ``STRIKES``."""
    DROP_FIRST = "drop_first"
    """The attempt went through, and proves the first event that waits to be at fault."""


class Server:
    """What the queues of one exporter know of the server that they share; used on one event loop."""

    def __init__(self) -> None:
        self.took_at = float("-inf")
        """When it last took a batch."""
        self.took_from: object = None
        """Whose batch that was."""


class Batching:
    """Decides for one queue. Times, in seconds, come from the caller and only need to be monotonic.

    What an attempt's failure leads to:

    - LATER: the same batch is sent again after a wait, which grows with each failure (``retry``).
    - SLOW: as LATER, but the batch is halved, as a server may take longer for more events, and may have stored those
      for which it was given up: fewer are then stored a second time.
    - INVALID, TOO_LARGE: the batch is halved at once, until the bad event stands alone and is dropped. After that
      batches double with each success.
    - UNCLEAR: the batch is halved as well, but with waits, as the server may fail at any event. An event that then
      stands alone is tried ``PATIENCE`` times. Only then may another one overtake it: the next one, or, as long as that
      fails too, one that stands twice as far behind. Each time the other one goes through right after this one has
      failed is a strike. After ``STRIKES`` in a row this one is at fault and dropped. Nothing else ever changes the
      order of events.
    - EXHAUSTED: it may be a quota, so the batch waits; or a size limit, so from ``EXHAUSTED_PATIENCE`` in a row on
      it is halved, too. Nothing is ever dropped or overtaken for it.

    Where an event is the only one in its queue, nothing can overtake it. Then a success of another queue, which sends
    to the same server, counts as a strike if it came within ``NEAR`` seconds before the event failed.

    Args:
        settings: Those of the exporter.
        random: Gives a number from 0 to 1, for the length of waits.
        server: Shared with the decisions for other queues.
    """

    def __init__(self, settings: ExportSettings, random: Callable[[], float], server: Server) -> None:
        self._settings = settings
        self._random = random
        self._server = server
        self._limit = settings.max_batch_events
        self._failures = 0
        self._exhausted = 0
        self._retry_at: float | None = None
        self._fruitless = 0
        self._counted = float("-inf")
        """The success of another queue that was counted as a strike last."""
        self._begin(0)

    def _begin(self, first_changes: int) -> None:
        self.first_changes = first_changes
        """That of the last decision: which event the attributes below are about, which is the first that waits."""
        self._probing = False
        """Whether the next attempt is at another event, to see whether this one is at fault."""
        self._alone = 0
        """How often it failed alone."""
        self._distance = 1
        """How far behind it the other one stands."""
        self._strikes = 0
        """How often in a row it failed, and right after that another event of this queue went through."""
        self._others_strikes = 0
        """How often, in all, it failed right after another queue had sent something."""

    @property
    def stuck(self) -> bool:
        """Whether attempts keep failing, and not because the server cannot be reached."""
        return self._fruitless >= STUCK

    def next(self, now: float, waiting: Waiting) -> Send | Wait:
        """Decide what to do at a time, given what waits."""
        if not waiting.events:
            return Wait(None, 1)
        # The event before was sent or dropped. What happened to it says nothing about this one.
        if waiting.first_changes != self.first_changes:
            self._begin(waiting.first_changes)
            self._fruitless = 0
        # The server asked for a pause, or needs one. More events change nothing about that, only a flush does.
        if self._retry_at is not None and now < self._retry_at:
            return Wait(self._retry_at, None)
        settings = self._settings
        due = waiting.since + settings.flush_interval
        # After a failure or while batches are small, events have waited long enough, or are too many.
        hurry = waiting.urgent or self._failures or self._limit < settings.max_batch_events
        full = waiting.events >= settings.batch_size or waiting.bytes >= settings.max_batch_bytes
        if not (hurry or full) and now < due:
            return Wait(due, settings.batch_size)
        # A probe needs another event. Alone in its queue, the suspect is simply tried again, and other queues decide.
        if self._probing and waiting.events > 1:
            return Send(min(self._distance, waiting.events - 1), 1, settings.max_batch_bytes)
        return Send(0, self._limit, settings.max_batch_bytes)

    def hurry(self) -> None:
        """Let the next attempt be made now: somebody waits for a flush. Waits between attempts grow anew from here."""
        self._failures, self._retry_at = 0, None

    def succeeded(self, now: float, attempt: Send) -> After:
        """Take note that the events of an attempt were acknowledged; say what becomes of the first that waits."""
        self._server.took_at, self._server.took_from = now, self
        self._failures, self._exhausted, self._fruitless, self._retry_at = 0, 0, 0, None
        # Doubling, not back to the full size at once: there may be a second bad event right behind the first, which
        # would cost as many halvings again.
        if not attempt.skip:
            self._limit = min(self._settings.max_batch_events, self._limit * 2)
            return After.KEEP
        # It was another event, so the first one, which had failed just before, gets a strike. Its turn is next.
        # ``_limit`` stays 1: whatever follows, the suspect has to stand alone when it is tried again.
        self._probing = False
        self._strikes += 1
        if self._strikes < STRIKES:
            return After.KEEP
        return After.DROP_FIRST

    def failed(self, now: float, attempt: Send, events: int, verdict: Verdict, pushback: float | None) -> After:
        """Take note that an attempt failed; say what becomes of its events.

        Args:
            now: The time of the failure.
            attempt: What was decided.
            events: How many events there were in it.
            verdict: What the failure says about them.
            pushback: How many seconds the server asked to wait; None if it did not, negative if it said "do not".
        """
        # The server is well, so nothing speaks against trying smaller batches at once.
        if verdict in (Verdict.INVALID, Verdict.TOO_LARGE):
            self._failures, self._retry_at = 0, None
            if events == 1:
                return After.DROP
            self._limit = events // 2
            return After.KEEP
        self._failures += 1
        # A server's own wish for a pause wins. A negative one ("do not retry") is about the call; the events are kept,
        # so the usual wait applies.
        delay = self._settings.retry.backoff(self._failures, self._random)
        self._retry_at = now + (delay if pushback is None or pushback < 0 else pushback)
        self._exhausted = self._exhausted + 1 if verdict is Verdict.EXHAUSTED else 0
        if verdict in (Verdict.UNCLEAR, Verdict.SLOW) or self._exhausted >= EXHAUSTED_PATIENCE:
            self._limit = max(1, events // 2)
        # In an outage no other log would fare better, and a queue is not stuck. And an earlier success no longer shows
        # that the server is well, however short a time ago it was.
        if verdict in _OUTAGE:
            self._server.took_at = float("-inf")
        else:
            self._fruitless += 1
        # After the first event alone comes another one, after that the first again: only both together prove anything.
        self._probing = False
        if verdict is Verdict.UNCLEAR and events == 1 and not attempt.skip:
            self._alone += 1
            self._probing = self._alone >= PATIENCE
            # More than PATIENCE: the successes of other queues count only after the event has had all its chances.
            if self._alone > PATIENCE and self._is_convicted_by_others(now):
                return After.DROP
        if attempt.skip:  # another one failed too, so it may well be the server: begin anew, with one farther away
            self._strikes = 0
            self._distance = min(2 * self._distance, self._settings.max_batch_events)
        return After.KEEP

    def found_no_other(self) -> None:
        """Take note that there was no other event to try: the first one has its turn again."""
        self._probing = False

    def _is_convicted_by_others(self, now: float) -> bool:
        server = self._server
        if server.took_from is not self and now - server.took_at <= NEAR and server.took_at != self._counted:
            self._others_strikes += 1
            self._counted = server.took_at  # one success is one strike
        return self._others_strikes >= STRIKES
