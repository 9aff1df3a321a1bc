"""Finding out that a connection is dead although nothing says so: pure decisions about when to ask.

If the peer's machine or network fails, TCP reports nothing for minutes. So the peer is sent an HTTP/2 PING, which every
implementation has to answer (RFC 9113, section 6.7), in two cases: calls wait and nothing has arrived for a while, or a
call ran out of time without anything having arrived. Idle connections are left alone, because many servers count pings
without calls as abuse (gRFC A8, https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md).
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

from chaukas_spec_lite.settings import POSITIVE_SECONDS, about, check_fields, documented


@documented
@dataclass(frozen=True)
class Keepalive:
    """When a silent connection is tested, by a PING that the server has to answer.

    Raises:
        SettingError: A value cannot be used.
    """

    time: float = field(
        default=10.0,
        metadata=about("How long nothing may arrive, while calls wait, before a PING is sent.", POSITIVE_SECONDS),
    )
    timeout: float = field(
        default=5.0,
        metadata=about("How long the PING may stay unanswered before the connection counts as lost.", POSITIVE_SECONDS),
    )

    def __post_init__(self) -> None:
        check_fields(self, "keepalive.")


class Action(enum.Enum):
    """What to do about a connection."""

    NOTHING = "nothing"
    PING = "ping"
    ABORT = "abort"


@dataclass
class Watch:
    """The state of one connection.

    Silence is measured across calls. If each call measured its own, calls shorter than ``Keepalive.time`` would time
    out one after the other on a dead connection, and none would wait long enough to have the peer asked. Only something
    that arrives ends the silence.
    """

    keepalive: Keepalive
    heard: float
    """When anything last arrived, or the connection began."""
    owed: float | None = None
    """Since when a call has been waiting for anything to arrive, or waited until it ended; None if there is none."""
    asked: float | None = None
    """When the peer was sent the ping that is not answered yet."""
    _asked_last: float = -math.inf
    """When the last ping was sent, answered or not: pings after calls that timed out are limited by it."""

    def hear(self, now: float) -> None:
        """Note that something arrived. Any bytes prove that the peer lives, not only the answer to a ping."""
        self.heard = now
        self.owed = self.asked = None

    def begin(self, now: float, alone: bool) -> bool:
        """Note that a call begins.

        Args:
            now: The time.
            alone: Whether no other call is under way.

        Returns:
            Whether to ``check`` at once, because the silence already lasts long enough for a ping.
        """
        if self.owed is None:
            # An idle peer has nothing to send, so its silence before this call means nothing. If other calls wait, they
            # have waited since something last arrived.
            self.owed = now if alone else self.heard
        # `owed` may stem from a call that has ended, and connections without calls are not asked. So it may be up to
        # this call to have the peer asked at once.
        return self.asked is None and now >= self.owed + self.keepalive.time

    def give_up(self, now: float, began: float) -> tuple[Action, float]:
        """Decide, like ``check``, what to do when a call has run out of time.

        Args:
            now: The time.
            began: When the call began.

        Returns:
            The action, and in how many seconds to look again.
        """
        # If nothing has arrived since the call began, the peer is asked now; otherwise the next call would lose its
        # time in the same way. The limit on the rate is for peers that live and are slow: each of their late calls
        # comes here.
        if self.heard <= began and self.asked is None and now >= self._asked_last + self.keepalive.timeout:
            return self._ask(now)
        return self.check(now, waiting=False)

    def check(self, now: float, waiting: bool) -> tuple[Action, float]:
        """Decide what to do about the silence so far.

        Args:
            now: The time.
            waiting: Whether any call is under way.

        Returns:
            The action, and in how many seconds to look again.
        """
        if self.asked is not None:
            # An unanswered ping is judged even when no call waits any more: the next one should find a new connection.
            left = self.asked + self.keepalive.timeout - now
            return (Action.NOTHING, left) if left > 0 else (Action.ABORT, 0.0)
        if self.owed is None and not waiting:
            # The connection is idle. The timer has to go on all the same, to find a call that begins later and waits.
            return Action.NOTHING, self.keepalive.time
        # With calls under way, `owed` is None if something has arrived since they began: silence counts from then.
        left = (self.heard if self.owed is None else self.owed) + self.keepalive.time - now
        if left > 0:
            return Action.NOTHING, left
        if not waiting:
            # A ping without calls could count as abuse. As `owed` is kept, `begin` has the peer asked with the next
            # call.
            return Action.NOTHING, self.keepalive.time
        return self._ask(now)

    def _ask(self, now: float) -> tuple[Action, float]:
        self.asked = self._asked_last = now
        return Action.PING, self.keepalive.timeout
