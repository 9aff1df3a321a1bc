"""Where the suite of stores runs: each entry of ``PLACES`` is a kind of store, and all tests run on every one.

A place is somewhere that several store objects may stand on: a file, a database, nothing for memory. To add a kind of
store, add a context manager to ``PLACES`` that makes an empty place below a directory and takes it away at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaukas_spec_lite.collector.stores.base import Store
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from tests.collector.stores.events import texts

Clock = Callable[[], float]


@dataclass(frozen=True)
class Place:
    """Somewhere for stores."""

    make: Callable[..., Store]
    """Makes a store there, not yet opened: of a clock, and whether it shall keep a log, and records of what goes."""
    shared: bool
    """Whether several stores there, one after the other or at once, see the same events."""

    def store(self, clock: Clock = time.time, **log: bool) -> Store:
        return self.make(clock, **log)


@contextmanager
def memory(directory: Path) -> Iterator[Place]:
    yield Place(lambda clock, **log: MemoryStore(texts=texts, clock=clock, **log), shared=False)


@contextmanager
def sqlite(directory: Path) -> Iterator[Place]:
    yield Place(lambda clock, **log: SQLiteStore(directory / "events.db", texts=texts, clock=clock, **log), shared=True)


@contextmanager
def sqlite_with_index(directory: Path) -> Iterator[Place]:
    yield Place(
        lambda clock, **log: SQLiteStore(directory / "events.db", texts=texts, index_text=True, clock=clock, **log),
        shared=True,
    )


PLACES: dict[str, Callable[[Path], AbstractContextManager[Place]]] = {
    "memory": memory,
    "sqlite": sqlite,
    "sqlite-text": sqlite_with_index,
}


def postgres(address: str) -> Place:
    return Place(lambda clock, **log: PostgresStore(address, texts=texts, clock=clock, **log), shared=True)


def postgres_with_index(address: str) -> Place:
    return Place(
        lambda clock, **log: PostgresStore(address, texts=texts, index_text=True, clock=clock, **log), shared=True
    )


POSTGRES_PLACES: dict[str, Callable[[str], Place]] = {"postgres": postgres, "postgres-text": postgres_with_index}
"""Those in a database, by its address; they have the marker `stores`."""
