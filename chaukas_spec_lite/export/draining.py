"""Draining: sending what ended processes left in a spool, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.export.exporter import EventExporter
from chaukas_spec_lite.export.sender import Sender
from chaukas_spec_lite.export.settings import ExportSettings, refuse_misspelt
from chaukas_spec_lite.export.stats import Stats
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.errors import translated

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from chaukas_spec_lite.export.settings import ExportOptions

_CLOSING = 1.0
"""How many seconds closing may take."""


@dataclass(frozen=True)
class Drained:
    """What became of the events that waited in a spool."""

    all_sent: bool
    """Whether all that ended processes had left was acknowledged, and none of it dropped."""
    waiting_bytes: int
    """How much waits in the directory now, in bytes: what could not be sent, and what living processes send."""
    stats: Stats
    """The sums: ``recovered`` events were found, ``sent`` of them acknowledged, and ``dropped`` for these reasons."""


async def drain(
    directory: str | os.PathLike[str],
    sender: Sender,
    timeout: float = 60.0,
    **changes: Unpack[ExportOptions],
) -> Drained:
    """Send what ended processes left in a spool: before a machine goes, or from time to time where programs are short.

    Any number of processes may do it in one directory, at the same time as others emit there. What living processes
    have is theirs to send.

    ::

        async with ChaukasClient("localhost:50051") as client:
            drained = await drain("/var/spool/chaukas", client)

    Args:
        directory: That of the spool.
        sender: A ``ChaukasClient``, or anything with such an async ``send``.
        timeout: How many seconds to send for, at most; below 0 counts as 0. What could not be sent stays in the spool.
        changes: Settings of the exporter that sends, by name, but for ``spool``; ``help(ExportSettings)`` lists them.

    Returns:
        Whether all was sent, how much is still there, and the sums. A directory that is no spool counts as empty.

    Raises:
        SettingError: There is no such directory, or a setting cannot be used.
        TypeError: The sender cannot send, a setting has the wrong type, or there is no setting of that name.
        ChaukasError: The directory cannot be read.
    """
    refuse_misspelt(changes, drain, EventExporter)
    if "spool" in changes:
        raise SettingError("spool", "is the directory, which drain takes as its first argument")
    return await drained_by(directory, sender, lambda exporter: exporter.flush(timeout), **changes)


async def drained_by(
    directory: str | os.PathLike[str],
    sender: Sender,
    flush: Callable[[EventExporter], Awaitable[bool]],
    **changes: Unpack[ExportOptions],
) -> Drained:
    """Send what ended processes left in a spool, and wait for that as long as ``flush`` does; else as ``drain``."""
    folder = _existing(directory)
    changes["spool"] = folder
    exporter = EventExporter(sender, **changes)
    try:
        all_sent = await flush(exporter)
    finally:
        await exporter.aclose(_CLOSING)
    return Drained(all_sent, SpoolDirectory(folder).bytes_waiting(), exporter.stats())


def _existing(directory: str | os.PathLike[str]) -> Path:
    """Check the directory: of one that is misspelt, an exporter would say that nothing waits there."""
    spool = ExportSettings(spool=directory).spool
    if spool is None:
        raise SettingError("spool", "has to be a directory, not None")
    with translated(spool):
        if not Path(spool).is_dir():
            raise SettingError("spool", f"there is no directory {str(spool)!r}")
    return Path(spool)
