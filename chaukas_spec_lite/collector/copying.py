"""Copies one store into another, part by part; a copy that was interrupted goes on where it was.

What says where that is stands in a small file beside the user's data. It names the beginning of the last part that was
copied, not its end: the events of that part have to be in the other store already. If they are not, it is not what it
was, and the copy begins anew. Copying an event twice does no harm: a store takes each once.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from chaukas_spec_lite.collector.private_files import make_file, make_folder
from chaukas_spec_lite.collector.query import Query
from chaukas_spec_lite.collector.stores.base import Addition, EventRow, Exported, Store

PART = 1000
"""How many rows are copied at a time."""


@dataclass(frozen=True, slots=True)
class Copied:
    """How far a copy is."""

    total: int
    """Events that there were when it began."""
    seen: int = 0
    """Events that were looked at in this run."""
    new: int = 0
    """Events that were not in the other store."""
    resumed: bool = False
    """Whether it went on where an earlier one had stopped."""

    def after(self, part: Exported, additions: Sequence[Addition]) -> Copied:
        """How far it is after one part more."""
        return replace(self, seen=self.seen + len(part.rows), new=self.new + additions.count(Addition.NEW))


class CopyNotes:
    """Where copies between two stores are, kept in a file.

    Args:
        folder: The folder for such files.
        source: The name of the store that is copied.
        target: The name of the other one.
    """

    def __init__(self, folder: Path, source: str, target: str) -> None:
        both = hashlib.sha256(f"{source}\n{target}".encode()).hexdigest()[:16]
        self.path = folder / f"copy-{both}.json"

    def read(self) -> str:
        """Return the cursor of the last part; empty if there is none."""
        try:
            cursor: object = json.loads(self.path.read_text(encoding="utf-8"))["cursor"]
        except (OSError, ValueError, KeyError, TypeError):  # no file, or none of ours: the copy begins anew
            return ""
        return cursor if isinstance(cursor, str) else ""

    def write(self, cursor: str) -> None:
        """Note the beginning of a part that has been copied."""
        make_folder(self.path.parent)
        whole = self.path.with_suffix(".new")
        make_file(whole)
        whole.write_text(json.dumps({"cursor": cursor}), encoding="utf-8")
        os.replace(whole, self.path)

    def forget(self) -> None:
        """Remove the file: the copy is complete."""
        with suppress(FileNotFoundError):
            self.path.unlink()


async def copy(source: Store, target: Store, notes: CopyNotes, progress: Callable[[Copied], None]) -> Copied:
    """Copy all events of a store, with its conflicts and what it rejected, into another one. Both are open.

    Args:
        source: What is copied. Events that arrive meanwhile may be copied, or not.
        target: Where to. It may hold events already; those keep their place.
        notes: Where an earlier copy stopped.
        progress: Called after each part.

    Returns:
        What was copied.

    Raises:
        StoreError: One of them failed. The same copy, begun again, goes on from there.
        OSError: The notes cannot be written.
    """
    done = Copied(total=(await source.stats(Query())).events)
    cursor = notes.read()
    if cursor:
        part = await source.export(cursor, PART)
        additions = await _add(target, part.rows)
        done = done.after(part, additions)
        # Where some were missing, more may be: begin anew.
        resumes = Addition.NEW not in additions
        done = replace(done, resumed=resumes)
        cursor = part.cursor if resumes else ""
        if resumes and not cursor:
            notes.forget()
            return done
    while True:
        part = await source.export(cursor, PART)
        # The rows before what conflicts with them.
        additions = await _add(target, part.rows)
        await _add(target, part.conflicts)
        if part.rejected:
            await target.keep_rejected(part.rejected)
        notes.write(cursor)
        done = done.after(part, additions)
        progress(done)
        if not part.cursor:
            notes.forget()
            return done
        cursor = part.cursor


async def _add(target: Store, rows: Sequence[EventRow]) -> list[Addition]:
    return await target.add(rows) if rows else []
