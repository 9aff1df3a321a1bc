"""Notes in a file how far another file was sent, so that a command that was interrupted can go on."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from chaukas_spec_lite.collector.private_files import make_file, make_folder


class SentNotes:
    """How far a file was sent to a collector.

    Args:
        folder: The folder for such notes.
        source: What is sent.
        target: Where to.
    """

    def __init__(self, folder: Path, source: str, target: str) -> None:
        both = hashlib.sha256(f"{source}\n{target}".encode()).hexdigest()[:16]
        self.path = folder / f"copy-{both}.json"

    def read(self) -> str:
        """Return what was noted last; empty if nothing was."""
        try:
            cursor: object = json.loads(self.path.read_text(encoding="utf-8"))["cursor"]
        except (OSError, ValueError, KeyError, TypeError):  # no file, or none of ours: it begins anew
            return ""
        return cursor if isinstance(cursor, str) else ""

    def write(self, cursor: str) -> None:
        """Note how far it is."""
        make_folder(self.path.parent)
        whole = self.path.with_suffix(".new")
        make_file(whole)
        whole.write_text(json.dumps({"cursor": cursor}), encoding="utf-8")
        os.replace(whole, self.path)

    def forget(self) -> None:
        """Remove the file: all was sent."""
        with suppress(FileNotFoundError):
            self.path.unlink()
