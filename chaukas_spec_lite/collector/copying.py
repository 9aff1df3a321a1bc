"""Copies one store into another, part by part; a copy that was interrupted goes on where it was.

What says where that is stands in the other store: each part goes in together with it, in one transaction. So whenever
the copy ends, by ``kill -9`` even, everything before is there, once, and nothing behind.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from chaukas_spec_lite.collector.stores.asking import Query
from chaukas_spec_lite.collector.stores.base import Addition, Store
from chaukas_spec_lite.collector.stores.copied import CopyNote, Exported, Stage
from chaukas_spec_lite.errors import StoreError

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
    conflicts: int = 0
    rejected: int = 0
    deletions: int = 0
    """What else was looked at in this run."""
    resumed: bool = False
    """Whether it went on where an earlier one had stopped."""
    deleted: int = 0
    """Events that were deleted at the source after they had been copied. The other store has them."""

    def with_part(self, part: Exported, new: int) -> Copied:
        """How far it is after one part more."""
        return replace(
            self,
            seen=self.seen + len(part.events),
            new=self.new + new,
            conflicts=self.conflicts + len(part.conflicts),
            rejected=self.rejected + len(part.rejected),
            deletions=self.deletions + len(part.deletions),
        )


@dataclass(frozen=True, slots=True)
class _Note:
    """Where a copy is."""

    mark: str = ""
    """Tells it from all others: if it is found at the source, source and target are one store."""
    stage: Stage = Stage.EVENTS
    events: int = 0
    """How many have been copied."""
    ends: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where the last part of each stage ended."""

    @property
    def is_begun(self) -> bool:
        return self.stage is not Stage.EVENTS or self.end(Stage.EVENTS) != ""

    def end(self, stage: Stage) -> str:
        return self.ends.get(stage.value, "")

    def behind(self, stage: Stage, part: Exported) -> _Note:
        events = self.events + len(part.events)
        return replace(self, stage=stage, events=events, ends={**self.ends, stage.value: part.after})

    def at_the_end(self) -> _Note:
        """What stays when all is copied. A store takes an event once, however often it is copied; not so the others."""
        kept = {stage.value: self.end(stage) for stage in (Stage.REJECTED, Stage.DELETIONS)}
        return _Note(self.mark, ends=kept)

    @property
    def text(self) -> str:
        return json.dumps([self.mark, self.stage.value, self.events, dict(self.ends)])


def _read(text: str) -> _Note:
    if not text:
        return _Note()
    mark, stage, events, ends = json.loads(text)
    return _Note(mark, Stage(stage), events, ends)


async def copy(source: Store, target: Store, progress: Callable[[Copied], None]) -> Copied:
    """Copy all that is in a store into another one: events, conflicts, what it rejected, records of deletions.

    Both are open. They arrive there in their order, with the times of their arrival.

    Args:
        source: What is copied. Events that arrive meanwhile may be copied, or not.
        target: Where to. It may hold events already; those keep their place.
        progress: Called after each part.

    Returns:
        What was copied.

    Raises:
        StoreError: One of them failed, both are the same, or another copy is under way. The same copy, begun again,
            goes on from there.
    """
    refuse_same_file(source, target)
    done = Copied(total=(await source.stats(Query())).events)
    text = await target.copy_note(source.identity)
    note = replace(_read(text), mark=secrets.token_hex(16))
    await _put(source, target, Exported(), text, note)
    if _read(await source.copy_note(source.identity)).mark == note.mark:
        await target.restore(Exported(), CopyNote(source.identity, note.text, text))
        raise _itself(source, target)
    done = replace(done, resumed=note.is_begun)
    stages = list(Stage)
    for stage in stages[stages.index(note.stage) :]:
        while (part := await source.export(stage, note.end(stage), PART)).size:
            following = note.behind(stage, part)
            additions = await _put(source, target, part, note.text, following)
            note, done = following, done.with_part(part, additions.count(Addition.NEW))
            progress(done)
    there = await source.count_until(note.end(Stage.EVENTS))
    await _put(source, target, Exported(), note.text, note.at_the_end())
    return replace(done, deleted=max(0, note.events - there))


def refuse_same_file(source: Store, target: Store) -> None:
    """Refuse two names of one file, before either is opened: under a hard link SQLite keeps a log of its own.

    Raises:
        StoreError: They are one file.
    """
    try:
        same = os.path.samefile(source.name, target.name)
    except OSError:  # not both of them are files
        return
    if same:
        raise _itself(source, target)


def _itself(source: Store, target: Store) -> StoreError:
    return StoreError(f"{target.name} is {source.name} itself: a store cannot be copied into itself")


async def _put(source: Store, target: Store, part: Exported, before: str, note: _Note) -> list[Addition]:
    return await target.restore(part, CopyNote(source.identity, before, note.text))
