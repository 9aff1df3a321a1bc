"""Applies a ``Sampler`` to the events of a recorder, from any thread, and hands over what waited once it is released.

The lock is held for decisions only, never while the sink is called, which may wait, or emit. So what is released stands
in a queue of its session, which one thread at a time hands over: whoever finds nobody at it. An event that finds the
queue in use joins it, so that the order is kept.

``take`` may interrupt any code here, when it is called by a signal handler or a finalizer. Where that is within the
lock, such an event is put aside, and decided when the code that was interrupted is done; nothing is handed over there,
as the sink may wait for another thread, and that one for the lock.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from chaukas_spec_lite.rationed_log import RationedLog
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.facts import Facts
from chaukas_spec_lite.trace.holding import Group, Sessions, held_copy
from chaukas_spec_lite.trace.outcomes import Outcome, Outcomes
from chaukas_spec_lite.trace.sampling import Sampler


class Selection:
    """Decides about each event, and counts what it leaves out or holds.

    Args:
        sampler: What is kept.
        outcomes: Counts.
        log: Tells of sessions that were settled before they ended.
        now: Tells the time in seconds; monotonic.
        deliver: Hands an event to the sink, and tells a function what became of it.
        before: That of the parent process, in a forked child: what waits there is the parent's.
    """

    def __init__(
        self,
        sampler: Sampler,
        outcomes: Outcomes,
        log: RationedLog,
        now: Callable[[], float],
        deliver: Callable[[Event, Callable[[Outcome], None]], object],
        before: Selection | None = None,
    ) -> None:
        self._sampler = sampler
        self._outcomes = outcomes
        self._log = log
        self._deliver = deliver
        lock: Any = threading.RLock()
        self._lock: threading.RLock = lock
        self._is_inside: Callable[[], bool] = lock._is_owned
        """Whether this thread holds the lock, and so was interrupted. ``Condition`` asks it in this way, too."""
        self._late: deque[tuple[Facts, Event]] = deque()
        """What ``take`` was given while its own thread was inside."""
        self._settling = False
        """Whether ``settle`` was called, and not done yet."""
        self._sessions: Sessions = Sessions(sampler, outcomes, now, None if before is None else before._sessions)

    def leaves_out(self, facts: Facts) -> bool:
        """Say whether an event is left out whatever it holds, so that no ``before_send`` need see it."""
        return not self._sampler.keep_errors and not self._sampler.keeps(facts.group[1])

    def take(self, facts: Facts, event: Event) -> Event | Outcome:
        """Decide about an event. ``hand_over`` has to follow, after the event itself was handed over.

        Returns:
            The event that is to be handed over now; or what became of it, which is counted then.
        """
        # Before the lock is taken, because encoding may run code of the values that the event holds.
        held = held_copy(event, facts) if self._sessions.may_hold(facts, event) else None
        if self._is_inside():
            self._late.append((facts, event))
            self._outcomes.count(Outcome.WAITING)
            return Outcome.WAITING
        with self._lock:
            result = self._sessions.decide(facts, event, held)
            if isinstance(result, Outcome):
                self._outcomes.count(result)
            self._let_in()
        return result

    def forget(self, facts: Facts) -> None:
        """Take note that an event was kept back: it may have been the last one of its session."""
        self._do_whole(lambda: self._sessions.ended(facts))

    def settle(self) -> None:
        """Leave out all that waits for an error, as none comes any more."""
        self._settling = True
        self._do_whole(lambda: None)

    def _do_whole(self, work: Callable[[], None]) -> None:
        if self._is_inside():  # A signal handler has come here. What it forgets is settled by time.
            return
        with self._lock:
            work()
            self._let_in()
        if self._late:  # It came between the last two steps.
            self._do_whole(lambda: None)

    def _let_in(self) -> None:
        """Decide about what came while something else was done."""
        while self._late:
            facts, event = self._late.popleft()
            result = self._sessions.decide(facts, event, None)
            if isinstance(result, Event):
                self._sessions.queue(self._sessions.group_of(facts), [result])
            elif result is not Outcome.WAITING:
                self._outcomes.settle(result)
        if self._settling:
            self._settling = False
            self._sessions.settle()

    # Handing over

    def hand_over(self) -> None:
        """Hand over what is ready: what was released just now, and what Ctrl-C has left."""
        if self._is_inside():  # The code that was interrupted does it.
            return
        while self._late or self._settling or self._sessions.ready:
            if self._late or self._settling:  # It came between the last steps of the code that it has interrupted.
                self._do_whole(lambda: None)
            try:
                group = self._sessions.ready.popleft()
            except IndexError:  # Another thread was quicker.
                continue
            self._hand_over(group)
        self._tell()

    def _tell(self) -> None:
        notes = self._sessions.notes
        while notes:
            try:
                note = notes.popleft()
            except IndexError:  # Another thread was quicker.
                return
            self._log.log(f"sampler {note.why}", logging.WARNING, "%s", note.text)

    def _hand_over(self, group: Group) -> None:
        """Hand over what is ready of a session, unless another thread is at it."""
        with self._lock:
            if group.is_handed_over:
                return
            group.is_handed_over = True
        try:
            while True:
                with self._lock:
                    each = group.ready.popleft() if group.ready else None
                    if each is None:
                        group.is_handed_over = False
                if each is None:
                    break
                self._deliver(each if isinstance(each, Event) else each.event(), self._outcomes.settle)
        finally:
            # After Ctrl-C the next event goes on with it. Or a signal handler came after the last look at the queue.
            if group.ready:
                group.is_handed_over = False
                self._sessions.ready.append(group)
