"""Sending what ended processes left in a spool, for code without ``async``.

A module of its own, because ``BlockingExporter`` does not need it, and what stands on that has few levels left.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chaukas_spec_lite.blocking.exporter import parts_of
from chaukas_spec_lite.blocking.loop import Loop
from chaukas_spec_lite.export.draining import drain

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from chaukas_spec_lite.blocking.client import BlockingChaukasClient
    from chaukas_spec_lite.export.draining import Drained
    from chaukas_spec_lite.export.sender import Sender
    from chaukas_spec_lite.export.settings import ExportOptions


def blocking_drain(
    directory: str | os.PathLike[str],
    sender: BlockingChaukasClient | Sender,
    timeout: float = 60.0,
    **changes: Unpack[ExportOptions],
) -> Drained:
    """Send what ended processes left in a spool, as ``drain`` does, for code without ``async``.

    ::

        with BlockingChaukasClient("localhost:50051") as client:
            drained = blocking_drain("/var/spool/chaukas", client)

    Args:
        directory: That of the spool.
        sender: As for ``BlockingExporter``.
        timeout: How many seconds to send for, at most; below 0 counts as 0. What could not be sent stays in the spool.
        changes: Settings of the exporter that sends, by name, but for ``spool``; ``help(ExportSettings)`` lists them.

    Returns:
        Whether all was sent, and what was.

    Raises:
        SettingError: There is no such directory, or a setting cannot be used.
        TypeError: The sender cannot send, a setting has the wrong type, or there is no setting of that name.
        ChaukasError: The directory cannot be read.
    """
    shared, inner = parts_of(sender)
    loop = shared or Loop()
    try:
        return loop.run(drain(directory, inner, timeout, **changes))
    finally:
        if shared is None:
            loop.close()
