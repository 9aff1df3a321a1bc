"""Keeps what is in the headers of our connections out of hpack's debug log: there are tokens among them.

hpack logs each header that it decodes, whole blocks and what leaves its table, and hides only what an encoder is told
to never index. So it says nothing at all while it works for us; for others in the process it does as before.
"""

from __future__ import annotations

import functools
import logging
import threading

_LOGGERS = ("hpack.hpack", "hpack.table")


class _Silence(threading.local):
    """To be used with ``with``, once it is installed; for this thread only."""

    depth = 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *_: object) -> None:
        self.depth -= 1


SILENCE = _Silence()


def _may_speak(record: logging.LogRecord) -> bool:
    return not SILENCE.depth


@functools.cache
def install() -> None:
    """Let hpack's loggers heed it, from the first connection on."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_may_speak)
