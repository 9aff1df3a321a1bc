"""Whether a message comes on: it must do so all the time, whatever has come before, and not take too long in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaukas_spec_lite.rpc.transport.limits import CallLimits


class MessagePace:
    """How one message comes on, looked at now and then.

    Args:
        now: When it was looked at first.
        done: How many bytes had come then.
        of: What the bytes are counted of, if there are several ways.
        before: How it came on when they were counted in another way: the time in all goes on.
    """

    def __init__(self, now: float, done: int, of: object = None, before: MessagePace | None = None) -> None:
        self._begun: float = now if before is None else before._begun
        self.of = of
        self._since = self._seen = now
        self._at = self._last = done
        self.slow = False
        """Whether it fell behind the pace since it was looked at last: it is the first to give way to others."""

    def late(self, now: float, done: int, limits: CallLimits) -> bool:
        """Look at it again.

        Args:
            now: The time.
            done: How many bytes have come.
            limits: What says how many have to.

        Returns:
            Whether it has to be given up.
        """
        if now > self._seen:
            self.slow = (done - self._last) * limits.pace_interval < limits.pace_bytes * (now - self._seen)
            self._seen, self._last = now, done
        if now - self._begun >= limits.message_timeout:
            return True
        if now - self._since < limits.pace_interval:
            return False
        # Only what came since counts: who sent much at once has no credit for standing still behind it.
        if done - self._at < limits.pace_bytes:
            return True
        self._since, self._at = now, done
        return False

    def age(self, now: float) -> float:
        """For how many seconds it has been looked at."""
        return now - self._begun
