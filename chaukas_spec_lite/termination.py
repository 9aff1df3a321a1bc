"""SIGTERM, which ends a process on the spot unless somebody handles it.

It stands beside ``process.py``, and not in it, because it is for programs to call: nothing in the package does.
"""

from __future__ import annotations

import signal
from types import FrameType

from chaukas_spec_lite import process

_KILLED = 128
"""What shells add to the number of a signal, for the exit status of the program that it ended."""


def exit_on_sigterm() -> None:
    """Let SIGTERM end the program as ``sys.exit`` does: exporters send or spool what waits, and say what is lost.

    Call it at the beginning of a program that handles no signals: a script, a job in a container, Flask's own server.
    On SIGTERM, ``SystemExit`` is raised in the main thread, ``finally`` blocks and ``with`` blocks end, then what was
    registered with ``atexit``. The exit status is 143, as shells write it. A second SIGTERM ends it on the spot.

    A handler that is there already stays in charge, and nothing is changed: gunicorn, uWSGI, celery and other servers
    bring one, and end in order. A server that is started later replaces this one, and may call it when it has ended, as
    uvicorn does with a single process. If SIGTERM is ignored, it stays so.

    Raises:
        ValueError: This is not the main thread, where alone Python handles signals.
    """
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    # A second one, from somebody who does not want to wait, ends the process on the spot.
    signal.signal(number, signal.SIG_DFL)
    # At the end it would only interrupt what it is for. `multiprocessing.Pool` first asks its workers to end.
    if not process.is_ending(frame):
        raise SystemExit(_KILLED + number)
