"""Where commands take events from: a collector, by gRPC or HTTP, its store, or files. All answer the same questions."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from array import array
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import replace
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from typing import IO, Protocol, cast

from chaukas_spec_lite.cli.doors import WrongDoorError, http_address, wrong_door
from chaukas_spec_lite.cli.existing_store import existing_store
from chaukas_spec_lite.cli.formats import read_object
from chaukas_spec_lite.cli.grpc_source import CollectorSource
from chaukas_spec_lite.cli.http_source import HttpSource
from chaukas_spec_lite.cli.store_source import StoreSource
from chaukas_spec_lite.cli.takers import DoorTaker, TellingTaker
from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.client.settings import ENDPOINT_VARIABLES
from chaukas_spec_lite.collector.query import query_of
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.skim import skim
from chaukas_spec_lite.collector.stores.asking import Query
from chaukas_spec_lite.collector.stores.matching import matches
from chaukas_spec_lite.errors import ChaukasError, HTTP1Error
from chaukas_spec_lite.files import (
    MAX_EVENT,
    AnyEntry,
    EncodedEntry,
    Entry,
    NoEvent,
    ReadObject,
    Recorded,
    read_encoded,
    read_entries,
)
from chaukas_spec_lite.printable import one_line
from chaukas_spec_lite.rpc.transport.limits import Framing
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.spec.common.v1.query import QueryFilter

Told = Callable[[NoEvent], None]
"""Is told of each place of a file that holds no event."""
_Read = Callable[[BufferedReader, str, ReadObject], Iterator[AnyEntry]]

_PART = 1000
"""Events of files that are handed on together."""

LAST = "last"
"""Stands for the session that has the newest event."""


class SessionNotFoundError(ChaukasError):
    """There is no event of a session."""


class Source(Protocol):
    """Answers what is asked for."""

    def find(self, wanted: Wanted) -> AsyncGenerator[Event, None]:
        """Yield the events that are wanted, in their order; raises ``ChaukasError``, and ``OSError`` for files."""
        ...

    def parts(self, wanted: Wanted) -> AsyncGenerator[Iterable[Event | bytes], None]:
        """Yield the events that are wanted in whatever order and form is the least work, some at a time.

        Each part has to be gone through before the next one comes. Raises as ``find``; a part may do so, too.
        """
        ...


class FileSource:
    """Files of events, together.

    Args:
        files: Their paths; ``-`` is standard input.
        told: Is told of what is no event.
    """

    def __init__(self, files: tuple[str, ...], told: Told) -> None:
        self._files = files
        self._told = told
        self.position = 0
        """Bytes of the files that were read for the events so far."""
        self._stdin: IO[bytes] | None = None

    async def find(self, wanted: Wanted) -> AsyncGenerator[Event, None]:
        """Read all files once, and put what is wanted in order; events themselves wait on disk for their turn."""
        query = query_of(wanted.request)
        if wanted.limit == 0:
            return
        with tempfile.TemporaryFile() as waiting:
            order = _Order()
            for event in self.events():
                data = bytes(event)
                if (key := _key_if(data, query)) is not None:
                    order.add(key, waiting.tell(), len(data))
                    waiting.write(data)
            for place, size in order.places(descending=query.descending, limit=wanted.limit):
                waiting.seek(place)
                yield Event.parse(waiting.read(size))

    async def parts(self, wanted: Wanted) -> AsyncGenerator[Iterable[Event | bytes], None]:
        """Read all files once, and yield what is wanted as it stands, encoded if it is, and then perhaps no event.

        Files are read while a part is gone through, so that no more than one event is in memory.
        """
        events = self._each(wanted)
        for first in events:
            yield chain((first,), islice(events, _PART - 1))

    def _each(self, wanted: Wanted) -> Iterator[Event | bytes]:
        if wanted.filter == QueryFilter():
            return self._as_they_stand(read_encoded)
        query = query_of(wanted.request)
        return (event for event in self.events() if _key_if(bytes(event), query) is not None)

    def events(self) -> Iterator[Event]:
        """Read the events as they stand."""
        return cast("Iterator[Event]", self._as_they_stand(read_entries))

    def _as_they_stand(self, read: _Read) -> Iterator[Event | bytes]:
        before = 0
        for name in self._files:
            position = 0
            for entry in self._entries(name, read):
                position = entry.position
                self.position = before + position
                if isinstance(entry, Recorded):
                    yield entry.event
                elif isinstance(entry, EncodedEntry):
                    yield entry.data
                else:
                    self._told(entry)
            before += position

    def _entries(self, name: str, read: _Read) -> Iterator[AnyEntry]:
        if name != "-":
            with opened(name) as file:
                yield from read(cast("BufferedReader", file), shown_name(name), read_object)
            return
        # What comes by a pipe comes once, and a command may look at it twice.
        if self._stdin is None:
            self._stdin = cast("IO[bytes]", tempfile.TemporaryFile())  # noqa: SIM115  # it stays open
            with opened(name) as piped:
                shutil.copyfileobj(piped, self._stdin)
        self._stdin.seek(0)
        yield from read(cast("BufferedReader", self._stdin), shown_name(name), read_object)

    def close(self) -> None:
        """Let go of what came by standard input."""
        if self._stdin is not None:
            self._stdin.close()


class _Order:
    """Where events are, and when they happened: a few bytes for each."""

    def __init__(self) -> None:
        self._keys = (array("b"), array("q"), array("l"))
        self._places = array("q")
        self._sizes = array("q")

    def add(self, key: tuple[int, int, int], place: int, size: int) -> None:
        for column, value in zip(self._keys, key, strict=True):
            column.append(value)
        self._places.append(place)
        self._sizes.append(size)

    def places(self, *, descending: bool, limit: int | None) -> Iterator[tuple[int, int]]:
        timed, seconds, nanos = self._keys
        # By the number, too, so that one order is exactly the reverse of the other, as in a store.
        numbers = sorted(range(len(timed)), key=lambda n: (timed[n], seconds[n], nanos[n], n), reverse=descending)
        for number in numbers[:limit]:
            yield self._places[number], self._sizes[number]


def _key_if(data: bytes, query: Query) -> tuple[int, int, int] | None:
    """Where an event stands in the order of time, if it meets the conditions."""
    row = skim(data)
    if not matches(row, query) or (query.text and query.text not in searched_text(data)):
        return None
    return row.timed, row.seconds, row.nanos


def entries_of(files: tuple[str, ...]) -> Iterator[Entry]:
    """Read files one after the other, as they stand; ``-`` is standard input."""
    for name in files:
        with opened(name) as file:
            yield from read_entries(cast("BufferedReader", file), shown_name(name), read_object)


def encoded_of(name: str) -> Iterator[AnyEntry]:
    """Read a file as it stands; ``-`` is standard input. Events that are encoded there are looked at, and stay so."""
    with opened(name) as file:
        yield from read_encoded(cast("BufferedReader", file), shown_name(name), read_object, checks=True)


def opened(name: str) -> IO[bytes]:
    """Open a file for reading; ``-`` is standard input, which stays open when it is closed."""
    if name == "-":
        return open(sys.stdin.fileno(), "rb", closefd=False)
    return Path(name).open("rb")


def shown_name(name: str) -> str:
    """What errors call a file."""
    return "standard input" if name == "-" else name


def client_for(endpoint: str | None) -> ChaukasClient:
    """Make a client for a collector, or for that of the environment; events may be as large as those in files."""
    if not endpoint and not any(os.environ.get(name) for name in ENDPOINT_VARIABLES):
        endpoint = "127.0.0.1:50051"
    return ChaukasClient(endpoint, framing=Framing(max_send=2 * MAX_EVENT, max_receive=2 * MAX_EVENT))


@asynccontextmanager
async def taker_of(endpoint: str | None) -> AsyncGenerator[TellingTaker, None]:
    """Open what takes events to a collector, the one that the option names; without it, the environment does."""
    if (url := http_address(endpoint)) is not None:
        yield TellingTaker(DoorTaker(*url))
    else:
        async with client_for(endpoint) as client:
            yield TellingTaker(client)


@asynccontextmanager
async def store_source(address: str) -> AsyncGenerator[StoreSource, None]:
    """Open a store, with a collector on it or not."""
    store = existing_store(address)
    await store.open()
    try:
        yield StoreSource(store)
    finally:
        await store.close()


@asynccontextmanager
async def source_of(place: Whereabouts, told: Told) -> AsyncGenerator[Source, None]:
    """Open what the options name.

    Args:
        place: The options.
        told: Is told of each place of a file that holds no event.
    """
    if place.files:
        with closing(FileSource(place.files, told)) as files:
            yield files
    elif place.store:
        async with store_source(place.store) as stored:
            yield stored
    elif (url := http_address(place.endpoint)) is not None:
        yield HttpSource(*url)
    else:
        async with client_for(place.endpoint) as client:
            try:
                yield CollectorSource(client)
            except HTTP1Error as error:
                raise WrongDoorError(wrong_door(client.settings.endpoint)) from error


async def session_events(source: Source, session: str, asked: Wanted) -> list[Event]:
    """Find the events of a session, the oldest first.

    Args:
        source: Where they are.
        session: Its id, or ``last``.
        asked: Whose, and how many.

    Raises:
        SessionNotFoundError: There are none.
    """
    name = await newest_session(source, asked) if session == LAST else session
    by_session = replace(asked, filter=replace(asked.filter, session_id=name), oldest_first=True)
    async with aclosing(source.find(by_session)) as events:
        found = [event async for event in events]
    if not found and asked.limit != 0:
        raise SessionNotFoundError(f"there is no event of session {one_line(name)}; chaukas-lite sessions lists them")
    return found


async def newest_session(source: Source, asked: Wanted) -> str:
    """Find the session of the newest event that has one."""
    async with aclosing(source.find(replace(asked, oldest_first=False, limit=None))) as events:
        async for event in events:
            if event.session_id:
                return event.session_id
    raise SessionNotFoundError("there is no event of any session")
