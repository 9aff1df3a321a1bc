"""Whether, and when, a call is repeated: pure decisions, which take the time and return a wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chaukas_spec_lite.errors import RpcError, SettingError
from chaukas_spec_lite.settings import Number, OrNone, Whole, about, check_fields, documented


@documented
@dataclass(frozen=True)
class RetryPolicy:
    """How repetitions are spaced: exponential backoff with full jitter.

    The wait before repetition ``n`` (from 1) is chosen at random between 0 and
    ``min(maximum, initial * multiplier ** (n - 1))`` seconds. It is random over the whole range ("full jitter"), so
    that clients that failed at the same moment do not all come back at the same moment.

    Raises:
        SettingError: A value cannot be used.
    """

    initial: float = field(
        default=0.1, metadata=about("The longest wait before the first repetition.", Number(above=0, unit="seconds"))
    )
    maximum: float = field(
        default=5.0, metadata=about("The longest wait before any repetition.", Number(above=0, unit="seconds"))
    )
    multiplier: float = field(
        default=2.0, metadata=about("By how much the longest wait grows with each repetition.", Number(least=1))
    )
    max_attempts: int | None = field(
        default=None,
        metadata=about(
            "How often a call is tried at most, the first time included. None: as often as its timeout allows. "
            "An exporter keeps its events however often they were tried, so this does not limit it.",
            OrNone(Whole(unit="attempts")),
        ),
    )

    def __post_init__(self) -> None:
        check_fields(self, "retry.")
        if self.initial > self.maximum:
            raise SettingError("retry", f"needs initial <= maximum, not {self.initial} and {self.maximum}")

    def backoff(self, repetition: int, random: Callable[[], float]) -> float:
        """Choose the wait before a repetition.

        Args:
            repetition: Its number, from 1.
            random: Gives a number from 0 to 1.

        Returns:
            The wait in seconds.
        """
        try:
            longest = self.initial * self.multiplier ** (repetition - 1)
        except OverflowError:  # A power beyond all floats, from 2 ** 1024 on.
            longest = self.maximum
        return random() * min(self.maximum, longest)


NEVER = RetryPolicy(max_attempts=1)
"""One attempt, no repetition."""


@dataclass
class Repetition:
    """The state of one call: how often it was tried, and since when the backoff grows."""

    policy: RetryPolicy
    deadline: float
    """When the call has to be over, by the caller's clock, in seconds."""
    random: Callable[[], float]
    """Gives a number from 0 to 1."""
    attempts: int = 0
    """How many attempts have failed."""
    _growing_since: int = 0
    """How many attempts had failed when the server last asked for a wait."""

    def wait(self, error: RpcError, now: float) -> float | None:
        """Say how long to wait before trying again after an error.

        If the server asks for a wait ("pushback"), it replaces the backoff, which starts anew afterwards. A negative
        one means "do not repeat" (gRFC A6, https://github.com/grpc/proposal/blob/master/A6-client-retries.md).

        Args:
            error: What the attempt failed with; its ``attempts`` is set here.
            now: The time, by the clock of ``deadline``.

        Returns:
            The wait in seconds, or None if that was the last attempt.
        """
        self.attempts += 1
        error.attempts = self.attempts
        if not error.retryable or self.attempts == self.policy.max_attempts:
            return None
        # The server knows better than any guess of ours when it can take the call.
        if error.pushback is None:
            delay = self.policy.backoff(self.attempts - self._growing_since, self.random)
        elif error.pushback < 0:
            return None
        else:
            delay = error.pushback
            self._growing_since = self.attempts
        # If the wait lasts beyond the deadline, nothing could follow it. The caller hears of the failure now instead.
        return delay if now + delay < self.deadline else None


_QUICK_AGAIN = 100
"""After how many answers within the usual limit it holds again."""


class Patience:
    """How long one attempt may take: longer after each one that a server did not answer in time.

    A server that is slower than the limit is not idle: it does what each attempt asks for, and the answer comes too
    late. With the same limit, it would do so again and again.

    Args:
        usual: The limit, in seconds.
        most: What it grows to, in seconds.
    """

    def __init__(self, usual: float, most: float) -> None:
        self._usual = usual
        self._most = max(usual, most)
        self.limit = usual
        """The present limit, in seconds."""
        self._quick = 0
        """How many attempts in a row were answered within the usual limit."""

    def exceeded(self, allowed: float) -> bool:
        """Note that an attempt was not answered in time.

        Args:
            allowed: How many seconds it had. With less than the limit it tells nothing: the deadline of its call was
                near, or it began before the limit grew.

        Returns:
            Whether the limit has grown.
        """
        if allowed < self.limit or self.limit >= self._most:
            return False
        self.limit = min(self._most, 2 * self.limit)
        self._quick = 0
        return True

    def answered(self, seconds: float) -> None:
        """Note that an attempt was answered, after so many seconds."""
        self._quick = self._quick + 1 if seconds < self._usual else 0
        # Not at the first one: small calls, such as health checks, may be quick while batches are slow.
        if self._quick >= _QUICK_AGAIN:
            self.limit = self._usual
