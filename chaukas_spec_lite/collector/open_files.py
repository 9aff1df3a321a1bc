"""How many connections all doors may keep together, so that the process never runs out of files."""

from __future__ import annotations

import logging
from dataclasses import replace

from chaukas_spec_lite.rpc.transport.admission import MOST, ConnectionLimits

log = logging.getLogger(__name__)

_OTHERS = 64
"""How many files the process needs beside connections: the store's, the keys', libraries that are being imported."""


def fitted(limits: ConnectionLimits, doors: int, files: int | None) -> ConnectionLimits:
    """Lower the limits of each door as far as the files demand that the process may open, and say so.

    Args:
        limits: What each door is to keep.
        doors: How many doors there are.
        files: How many files the process may open; None without limit.

    Returns:
        What each door can keep.
    """
    wanted = MOST if limits.connections is None else limits.connections
    if files is None or not doors:
        return replace(limits, connections=wanted)
    # Where there are very few files, at least half of them are for others.
    room = max(1, (files - min(_OTHERS, files // 2)) // doors)
    if room < wanted:
        # What nobody has asked for is no reason to warn.
        level = logging.INFO if limits.connections is None else logging.WARNING
        log.log(
            level,
            "the process may open %d files: each door keeps %d connections, and not %d (ulimit -n)",
            files,
            room,
            wanted,
        )
    return replace(limits, connections=min(room, wanted))
