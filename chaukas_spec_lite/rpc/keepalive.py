"""Finding out that a connection is dead although nothing says so: pure decisions about when to ask.

A peer whose machine or network went away sends nothing, not even that it is gone. While calls wait and nothing
arrives, the peer is sent an HTTP/2 PING, which any live peer answers at once. Idle connections are left alone: many
servers count pings without calls as abuse (gRFC A8, https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from chaukas_spec_lite.errors import SettingError


@dataclass(frozen=True)
class Keepalive:
    """When a silent peer is asked, and how long it has to answer, in seconds."""

    time: float = 10.0
    timeout: float = 5.0

    def __post_init__(self) -> None:
        if not (0 < self.time < float("inf") and 0 < self.timeout < float("inf")):
            raise SettingError("keepalive", "needs a time and a timeout above 0, in seconds")


class Action(enum.Enum):
    """What to do about a connection."""

    NOTHING = "nothing"
    PING = "ping"
    ABORT = "abort"


@dataclass
class Watch:
    """The state of one connection."""

    keepalive: Keepalive
    heard: float
    """When anything last arrived, or calls began to wait."""
    asked: float | None = None
    """When the peer was sent the ping that is not answered yet."""

    def hear(self, now: float) -> None:
        """Note that something arrived. Whatever it is, it proves that the peer lives."""
        self.heard = now
        self.asked = None

    def check(self, now: float, waiting: bool) -> tuple[Action, float]:
        """Decide, ``waiting`` being whether any call is under way; also say in how many seconds to look again."""
        if not waiting:
            self.hear(now)
            return Action.NOTHING, self.keepalive.time
        if self.asked is not None:
            left = self.asked + self.keepalive.timeout - now
            return (Action.NOTHING, left) if left > 0 else (Action.ABORT, 0.0)
        left = self.heard + self.keepalive.time - now
        if left > 0:
            return Action.NOTHING, left
        self.asked = now
        return Action.PING, self.keepalive.timeout
