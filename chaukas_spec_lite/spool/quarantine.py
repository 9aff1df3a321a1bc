"""Quarantine: files that cannot be used stay beside the others, under names that programs ignore and people find."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from chaukas_spec_lite.ids import uuid7

if TYPE_CHECKING:
    from chaukas_spec_lite.spool.claim import Claim

logger = logging.getLogger("chaukas_spec_lite.export")

_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""


def _name(path: Path, kind: str) -> Path:
    mark = f".{kind}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{uuid7()[-12:]}"
    return path.with_name(path.name + mark)


def move(path: Path, kind: str, why: object) -> None:
    """Rename a file, so that it is kept for people and out of the way of programs.

    Where that fails too, the file stays, and so does the message about it.
    """
    moved = _name(path, kind)
    try:
        path.rename(moved)
    except FileNotFoundError:
        return  # another process has moved it
    except OSError as problem:
        logger.error("The spool file %s is %s (%s), and cannot be set aside: %s.", path, kind, why, problem)
        return
    # After the database: a process killed in between leaves a log without a database, which nothing opens. The other
    # order would leave a database without its last commits.
    for end in _BESIDE:
        with contextlib.suppress(FileNotFoundError):  # few of them are there, and SQLite may remove one just now
            path.with_name(path.name + end).rename(moved.with_name(moved.name + end))
    what = "no spool file of an exporter" if kind == "foreign" else "damaged"
    logger.error(
        "The spool file %s is %s (%s). It was set aside as %s, with all that is in it; exporting goes on without.",
        path,
        what,
        why,
        moved.name,
    )


def copy(path: Path, claim: Claim, why: object) -> None:
    """Copy a locked file and its log, before SQLite goes on with what it can read; raises ``OSError``."""
    copied = _name(path, "corrupt")
    log = copied.with_name(f"{copied.name}-wal")
    try:
        # The log needs no such care as the database: SQLite has no lock on it.
        claim.copy(copied)
        shutil.copyfile(f"{path}-wal", log)
    except OSError:
        copied.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        raise
    logger.error(
        "The spool file %s is damaged (%s). What can be read is sent; file and log, as they were, are kept as %s.",
        path,
        why,
        copied.name,
    )
