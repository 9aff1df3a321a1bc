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

UNDECODABLE = "they cannot be decoded"
NO_ID = "they have no event_id"
FOREIGN = "they name another tenant or project than their key's"
UNREAD = "they are no events in JSON"

_EVERY = 60.0
"""For how many seconds a cause has one line, and then another one of what came meanwhile."""
_MOST = 100
"""How many causes are remembered."""


@dataclass(slots=True)
class _Known:
    at: float
    """When the last line was logged."""
    untold: int = 0


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
        self._known: dict[tuple[str, str], _Known] = {}

    def note(self, key: str, causes: Mapping[str, int]) -> None:
        """Log what was rejected, or count it for the next line.

        Args:
            key: The name of the key that it came with; empty without one.
            causes: How many events for each cause.
        """
        for cause, count in causes.items():
            now, named = self._clock(), (key, cause)
            if (known := self._known.get(named)) is None or (not known.untold and now - known.at >= _EVERY):
                if len(self._known) >= _MOST:
                    self.close()
                self._known[named] = _Known(now)
                self._tell(named, count)
            else:
                if not known.untold:
                    later = self._later or asyncio.get_running_loop().call_later
                    later(max(0.0, known.at + _EVERY - now), partial(self._tell_rest, named))
                known.untold += count

    def close(self) -> None:
        """Log what was not told yet, and forget all."""
        for named in [*self._known]:
            self._tell_rest(named)
        self._known.clear()

    def _tell_rest(self, named: tuple[str, str]) -> None:
        known = self._known.get(named)
        if known is not None and known.untold:
            count, known.untold, known.at = known.untold, 0, self._clock()
            self._tell(named, count)

    def _tell(self, named: tuple[str, str], count: int) -> None:
        key, cause = named
        whose = f" of key {key}" if key else ""
        events = "event" if count == 1 else "events"
        self._log.warning("%d %s%s rejected: %s (chaukas-lite store rejected lists them)", count, events, whose, cause)
