"""Finding out that a connection is dead although nothing says so: pure decisions about when to ask.

A peer whose machine or network went away sends nothing, not even that it is gone. While calls wait and nothing
arrives, the peer is sent an HTTP/2 PING, which any live peer answers at once; likewise when a call was given up for
which nothing had arrived. Idle connections are left alone: many servers count pings without calls as abuse (gRFC A8,
https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md).
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

from chaukas_spec_lite.settings import POSITIVE_SECONDS, about, check_fields, documented


@documented
@dataclass(frozen=True)
class Keepalive:
    """When a silent server is asked whether it is still there.

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

    Silence counts across calls: one after the other may be given up before the peer would be asked, each too short to
    tell by itself. Only what arrives ends it.
    """

    keepalive: Keepalive
    heard: float
    """When anything last arrived, or the connection began."""
    owed: float | None = None
    """Since when calls have got nothing at all, whether or not any of them still waits."""
    asked: float | None = None
    """When the peer was sent the ping that is not answered yet."""
    _asked_last: float = -math.inf

    def hear(self, now: float) -> None:
        """Note that something arrived. Whatever it is, it proves that the peer lives."""
        self.heard = now
        self.owed = self.asked = None

    def begin(self, now: float, alone: bool) -> bool:
        """Note that a call begins, ``alone`` if no other is under way; say whether it is time to ``check`` at once."""
        if self.owed is None:
            self.owed = now if alone else self.heard
        return self.asked is None and now >= self.owed + self.keepalive.time

    def give_up(self, now: float, began: float) -> tuple[Action, float]:
        """Decide, like ``check``, when a call that began at that time is given up for having taken too long.

        If nothing arrived all the while, the peer is asked at once, lest the next call find out the same way; but a
        peer that lives and is slow is not asked all the time.
        """
        if self.heard <= began and self.asked is None and now >= self._asked_last + self.keepalive.timeout:
            return self._ask(now)
        return self.check(now, waiting=False)

    def check(self, now: float, waiting: bool) -> tuple[Action, float]:
        """Decide, ``waiting`` being whether any call is under way; also say in how many seconds to look again."""
        if self.asked is not None:
            left = self.asked + self.keepalive.timeout - now
            return (Action.NOTHING, left) if left > 0 else (Action.ABORT, 0.0)
        if self.owed is None and not waiting:
            return Action.NOTHING, self.keepalive.time
        left = (self.heard if self.owed is None else self.owed) + self.keepalive.time - now
        if left > 0:
            return Action.NOTHING, left
        if not waiting:  # The next call that begins asks.
            return Action.NOTHING, self.keepalive.time
        return self._ask(now)

    def _ask(self, now: float) -> tuple[Action, float]:
        self.asked = self._asked_last = now
        return Action.PING, self.keepalive.timeout
