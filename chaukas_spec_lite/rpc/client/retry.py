"""Whether, and when, a call is repeated: pure decisions, which take the time and return a wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaukas_spec_lite.errors import RpcError, SettingError


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with full jitter, in seconds.

    The wait before repetition n (from 1) is anything between 0 and ``initial * multiplier ** (n - 1)``, but at most
    ``maximum``: full jitter, because clients that all failed at one moment must not all come back at another.
    """

    initial: float = 0.1
    maximum: float = 5.0
    multiplier: float = 2.0
    max_attempts: int | None = None
    """How often a call is tried at most; None for as often as its deadline allows."""

    def __post_init__(self) -> None:
        if not (0 < self.initial <= self.maximum < float("inf") and 1 <= self.multiplier < float("inf")):
            raise SettingError("retry", "needs 0 < initial <= maximum and multiplier >= 1, all finite")
        if self.max_attempts is not None and self.max_attempts < 1:
            raise SettingError("retry.max_attempts", f"has to be at least 1, not {self.max_attempts}")

    def backoff(self, repetition: int, random: Callable[[], float]) -> float:
        """Choose the wait before a repetition; ``random`` gives a number from 0 to 1."""
        # Bounded, because a float overflows at 2 ** 1024.
        return random() * min(self.maximum, self.initial * self.multiplier ** min(repetition - 1, 64))


NEVER = RetryPolicy(max_attempts=1)


@dataclass
class Repetition:
    """The state of one call: how often it was tried, and since when the backoff grows."""

    policy: RetryPolicy
    deadline: float
    random: Callable[[], float]
    attempts: int = 0
    _growing_since: int = 0

    def wait(self, error: RpcError, now: float) -> float | None:
        """Say how long to wait before trying again after ``error``; None if this was the last attempt.

        The server's push-back takes the place of the backoff, which then starts anew; a negative one means "do not"
        (gRFC A6, https://github.com/grpc/proposal/blob/master/A6-client-retries.md). A wait that would last beyond the
        deadline is not begun.
        """
        self.attempts += 1
        error.attempts = self.attempts
        if not error.retryable or self.attempts == self.policy.max_attempts:
            return None
        if error.pushback is None:
            delay = self.policy.backoff(self.attempts - self._growing_since, self.random)
        elif error.pushback < 0:
            return None
        else:
            delay = error.pushback
            self._growing_since = self.attempts
        return delay if now + delay < self.deadline else None
