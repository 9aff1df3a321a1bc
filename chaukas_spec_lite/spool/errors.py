"""What goes wrong with the files of a spool."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from chaukas_spec_lite.errors import SpoolError

__all__ = ["SpoolClaimed", "SpoolError", "SpoolLost", "SpoolNewer", "spool_error", "translated"]


class SpoolLost(SpoolError):
    """What was appended is not on disk any more: somebody deleted, cut or moved it."""


class SpoolClaimed(SpoolLost):
    """What was appended is another owner's: somebody deleted the lock, so that it could be claimed."""


class SpoolNewer(SpoolError):
    """A later version of this library made the file: it is left alone."""


def spool_error(path: str | os.PathLike[str], error: OSError) -> SpoolError:
    """Make the error that says which file it was."""
    return SpoolError(f"{Path(path)}: {error.strerror or error}")


@contextmanager
def translated(path: str | os.PathLike[str]) -> Generator[None, None, None]:
    """Turn an ``OSError`` into a ``SpoolError`` that names the file."""
    try:
        yield
    except OSError as error:
        raise spool_error(path, error) from error
