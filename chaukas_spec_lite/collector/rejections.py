"""What could not be stored, for the collector's log: how many events, of which key, for which cause, nothing of them.

The events themselves are kept beside the others, with the reason of each.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

UNDECODABLE = "they cannot be decoded"
NO_ID = "they have no event_id"
FOREIGN = "they name another tenant or project than their key's"
UNREAD = "they are no events in JSON"

_EVERY = 60.0
"""For how many seconds a cause has one line, and then another one of what came meanwhile."""
_MOST = 1000
"""How many causes of how many keys are told apart at a time. What comes with other keys then is told together."""


@dataclass(slots=True)
class _Known:
    at: float
    """When the last line was logged."""
    untold: int = 0

    def is_over(self, now: float) -> bool:
        """Whether the next one has a line in any case."""
        return not self.untold and now - self.at >= _EVERY


_Named: TypeAlias = "tuple[str | None, str]"
"""Key and cause; None for all keys that have no room."""


class Rejections:
    """Logs rejected events, for each cause and key one line in a minute, with how many they are. For one event loop.

    Args:
        log: Where they are logged.
        clock: Tells seconds.
        later: Calls something after so many seconds; the event loop if None.
    """

    def __init__(
        self,
        log: logging.Logger,
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], None]], object] | None = None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._later = later
        self._known: dict[_Named, _Known] = {}

    def note(self, key: str, causes: Mapping[str, int]) -> None:
        """Log what was rejected, or count it for the next line.

        Args:
            key: The name of the key that it came with; empty without one.
            causes: How many events for each cause.
        """
        for cause, count in causes.items():
            now = self._clock()
            named = self._named(key, cause, now)
            known = self._known.get(named)
            if known is None or known.is_over(now):
                self._known[named] = _Known(now)
                self._tell(named, count)
            else:
                if not known.untold:
                    later = self._later or asyncio.get_running_loop().call_later
                    later(max(0.0, known.at + _EVERY - now), partial(self._tell_rest, named))
                known.untold += count

    def _named(self, key: str, cause: str, now: float) -> _Named:
        """By what it is remembered: where there is no room for another key, together with what others sent."""
        if (key, cause) not in self._known and len(self._known) >= _MOST:
            self._known = {each: known for each, known in self._known.items() if not known.is_over(now)}
            if len(self._known) >= _MOST:
                return None, cause
        return key, cause

    def close(self) -> None:
        """Log what was not told yet, and forget all."""
        for named in [*self._known]:
            self._tell_rest(named)
        self._known.clear()

    def _tell_rest(self, named: _Named) -> None:
        known = self._known.get(named)
        if known is not None and known.untold:
            count, known.untold, known.at = known.untold, 0, self._clock()
            self._tell(named, count)

    def _tell(self, named: _Named, count: int) -> None:
        key, cause = named
        whose = " of other keys" if key is None else f" of key {key}" if key else ""
        events = "event" if count == 1 else "events"
        self._log.warning("%d %s%s rejected: %s (chaukas-lite store rejected lists them)", count, events, whose, cause)
