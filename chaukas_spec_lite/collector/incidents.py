"""What a store could not do: the log says why, and clients get a number under which it stands there.

A store's errors name files, hosts and databases, which are nobody's business outside.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable

from chaukas_spec_lite.errors import StoreError

_ANEW_AFTER = 60.0
"""After how many seconds the same error is another incident, with a line of its own."""
_MOST = 100
"""How many incidents are remembered."""


class Incidents:
    """Logs errors of a store, each text once in a minute, however many requests it fails.

    Args:
        log: Where they are logged.
        clock: Tells seconds.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._known: dict[str, tuple[float, str]] = {}

    def told(self, error: StoreError) -> StoreError:
        """Log an error; return what clients are told in its place."""
        now, text = self._clock(), str(error)
        at, number = self._known.get(text, (float("-inf"), ""))
        if now - at >= _ANEW_AFTER:
            number = secrets.token_hex(4)
            self._known.pop(text, None)
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[text] = now, number
            self._log.error("%s (clients are told: incident %s)", text, number)
        return StoreError(f"the store cannot do this now; the collector's log says why, at incident {number}")
