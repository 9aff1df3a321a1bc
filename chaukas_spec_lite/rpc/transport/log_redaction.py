"""Keeps the headers of our connections out of hpack's debug log, because there are tokens among them.

hpack logs each header that it decodes, whole blocks, and entries that leave its table. It hides only headers that its
encoder must never index. So nothing is logged while hpack works for us; for others in the process it logs as before.
"""

from __future__ import annotations

import functools
import logging
import sys
import threading
from collections.abc import Iterator


class _Redaction(threading.local):
    """Used with ``with`` around calls of hpack: what hpack logs in this thread meanwhile is dropped."""

    depth = 0  # A counter, because h2's reading of a frame, which is one use, has headers decoded, which is another.

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *_: object) -> None:
        self.depth -= 1


REDACTION = _Redaction()


def _may_log(record: logging.LogRecord) -> bool:
    return not REDACTION.depth


def loggers() -> Iterator[logging.Logger]:
    """Find the loggers that hpack's modules log to, whatever the names of loggers and modules are."""
    # A filter on the parent logger would do nothing: filters of a logger do not apply to what its children log.
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "hpack":
            yield from (value for value in list(vars(module).values()) if isinstance(value, logging.Logger))


@functools.cache
def install() -> None:
    """Have hpack's loggers ask ``REDACTION``; to be called once hpack is imported, before the first connection."""
    for logger in set(loggers()):
        logger.addFilter(_may_log)
