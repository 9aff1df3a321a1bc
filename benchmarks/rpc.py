"""Calls and exporting: our client against grpc.aio's, both in this process, and the same servers for both.

Rounds alternate between the two clients, over one connection each; the median round of each counts. Beside them stands
the processor time of this process, that is, of the client, including grpc's threads. Requests go uncompressed, as
grpcio's do unless told otherwise; what gzip costs has a row of its own.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Any

import grpc.aio
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc
from chaukas.spec.common.v1 import events_pb2, query_pb2
from google.protobuf.json_format import MessageToDict

from benchmarks import builders as make
from benchmarks import servers, workloads
from benchmarks.measure import Row
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.client.queries import PAGE_SIZE
from chaukas_spec_lite.export import EventExporter
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.rpc.transport.limits import Framing

SECTION = "Calls: time of one event"
EXPORT_SECTION = "Exporting"
IN_FLIGHT = 50
BATCH = 100
STORED = 10_000
BARS = {
    "unary": {"collector": 1.1, "grpc.aio": 0.85},
    "batches": dict.fromkeys(servers.KINDS, 1.2),
    "query": {"collector": 1.0, "grpcio": 0.9, "grpc.aio": 0.9},
}
EMIT_BARS = {True: 50.0, False: 25.0}
"""Microseconds at the median, with the spool and without."""
SPOOL_BAR = 1.35
"""How many times as long ``emit`` may take with the spool, at the median."""
AUDIT_BAR = 4 / 3
"""How many times as long it may take with ``audit``, which is a third more."""
THROUGHPUT_BAR = 10_000.0

PLAIN = Framing(compress_above=None)
_LIMITS = [("grpc.max_receive_message_length", 64 << 20)]

Work = Callable[[], Awaitable[object]]


@dataclass
class Contender:
    """What one client does, and how long it took each time: by the clock, and of the processor."""

    work: Work
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    async def run(self) -> None:
        """Do it once more."""
        cpu, start = process_time(), perf_counter()
        await self.work()
        self.walls.append(perf_counter() - start)
        self.cpus.append(process_time() - cpu)

    @property
    def wall(self) -> float:
        """The time by the clock. Client and server share the machine, so that a best round is mostly luck."""
        return median(self.walls)

    @property
    def cpu(self) -> float:
        """The time of the processor."""
        return median(self.cpus)


async def race(works: Sequence[Work], rounds: int) -> list[Contender]:
    """Let them take turns, each once for warming up."""
    contenders = [Contender(work) for work in works]
    for work in works:
        await work()
    for _ in range(rounds):
        for contender in contenders:
            await contender.run()
    return contenders


class Ours:
    """What our client does."""

    def __init__(self, client: ChaukasClient) -> None:
        self._client = client
        self._build = make.ours(workloads.model())

    async def unary(self, count: int) -> None:
        """Send events one by one, so many at once."""

        async def worker() -> None:
            for _ in range(count // IN_FLIGHT):
                await self._client.ingest_event(self._event())

        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))

    async def batches(self, count: int) -> None:
        """Send batches, one after the other."""
        for _ in range(count // BATCH):
            await self._client.ingest_events([self._event() for _ in range(BATCH)])

    async def query(self) -> None:
        """Fetch everything."""
        found = [event async for event in self._client.query_events()]
        assert len(found) == STORED

    def _event(self) -> Any:
        event = self._build()
        event.event_id = uuid7()
        return event


class Official:
    """The same with the official stubs."""

    def __init__(self, stub: client_pb2_grpc.ChaukasClientServiceStub) -> None:
        self._stub: Any = stub  # its annotations are those of the synchronous stub
        self._build = make.official(workloads.model())

    async def unary(self, count: int) -> None:
        """Send events one by one, so many at once."""

        async def worker() -> None:
            for _ in range(count // IN_FLIGHT):
                await self._stub.IngestEvent(client_pb2.IngestEventRequest(event=self._event()), timeout=30)

        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))

    async def batches(self, count: int) -> None:
        """Send batches, one after the other."""
        for _ in range(count // BATCH):
            batch = events_pb2.EventBatch(batch_id=uuid7(), events=[self._event() for _ in range(BATCH)])
            batch.timestamp.GetCurrentTime()
            await self._stub.IngestEventBatch(client_pb2.IngestEventBatchRequest(event_batch=batch), timeout=30)

    async def query(self) -> None:
        """Fetch everything, in pages of the same size, and turn the Structs, and nothing else, into dicts."""
        query = query_pb2.QueryRequest(page_size=PAGE_SIZE)
        found = []
        while True:
            answer = await self._stub.QueryEvents(client_pb2.QueryEventsRequest(query=query), timeout=30)
            for event in answer.response.events:
                invocation = event.llm_invocation
                dicts = map(MessageToDict, (event.metadata, invocation.request, invocation.response))
                found.append((event, *dicts))
            query.page_token = answer.response.next_page_token
            if not query.page_token:
                break
        assert len(found) == STORED

    def _event(self) -> Any:
        event = self._build()
        event.event_id = uuid7()
        return event


@asynccontextmanager
async def clients(address: str) -> AsyncGenerator[tuple[Ours, Ours, Official], None]:
    """Our client, as plain as grpcio's and with gzip, and the official one."""
    limits: dict[str, Any] = {"batch_size": BATCH, "max_batch_bytes": 1 << 21}
    async with (
        ChaukasClient(address, framing=PLAIN, **limits) as plain,
        ChaukasClient(address, **limits) as gzipped,
        grpc.aio.insecure_channel(address, options=_LIMITS) as channel,
    ):
        yield Ours(plain), Ours(gzipped), Official(client_pb2_grpc.ChaukasClientServiceStub(channel))


def rows(quick: bool) -> Iterator[Row]:
    """Measure it all."""
    rounds, count = (3, 1_000) if quick else (9, 2_000)
    for kind, name in servers.KINDS.items():
        with servers.running(kind) as address:
            yield from asyncio.run(_ingesting(kind, name, address, rounds, count))
        with servers.running(kind, keep=True) as address:
            yield from asyncio.run(_querying(kind, name, address, 2 if quick else 5))
    yield from _emitting(count, 3 if quick else 15)
    yield from _emitting_sealed(count, 3 if quick else 15)
    yield from _emitting_official(count, 3 if quick else 15)
    with servers.running("grpc.aio") as address:
        yield from asyncio.run(_exporting(address, 20_000 if quick else 100_000))


async def _ingesting(kind: str, name: str, address: str, rounds: int, count: int) -> list[Row]:
    async with clients(address) as (plain, gzipped, official):
        works: list[Work] = [lambda: plain.unary(count), lambda: official.unary(count)]
        found = _rows(
            f"unary `ingest_event`, {IN_FLIGHT} in flight", "unary", kind, name, await race(works, rounds), count
        )
        works = [lambda: plain.batches(count), lambda: official.batches(count), lambda: gzipped.batches(count)]
        ours, theirs, packed = await race(works, rounds)
        what = f"`ingest_events`, batches of {BATCH}"
        found += _rows(what, "batches", kind, name, [ours, theirs], count)
        found += _rows(f"{what}, ours with gzip", "", kind, name, [packed, theirs], count)
        return found


async def _querying(kind: str, name: str, address: str, rounds: int) -> list[Row]:
    async with clients(address) as (plain, _, official):
        await official.batches(STORED)
        contenders = await race([plain.query, official.query], rounds)
        return _rows(f"`query_events` of {STORED:,} events", "query", kind, name, contenders, STORED)


def _rows(what: str, job: str, kind: str, name: str, contenders: Sequence[Contender], count: int) -> list[Row]:
    ours, theirs = contenders
    bar = BARS.get(job, {}).get(kind)
    scale = 1e6 / count
    return [
        Row(SECTION, f"{what}; {name}", ours.wall * scale, theirs.wall * scale, "us", bar, faster=True),
        Row(SECTION, "    the client's processor time for it", ours.cpu * scale, theirs.cpu * scale, "us", faster=True),
    ]


class _Nowhere:
    """A sender that acknowledges and discards."""

    async def send(self, encoded_events: Sequence[bytes], /) -> None:
        await asyncio.sleep(0)


async def _in_turns(works: Sequence[tuple[EventExporter, Callable[[], Any]]], count: int) -> list[list[float]]:
    """Time ``emit`` of what is built for it, so often for each exporter; return the times of each, sorted.

    They take turns event by event, so that whatever else the machine does falls on all.
    """
    times: list[list[float]] = [[] for _ in works]
    for number in range(count):
        for (exporter, build), found in zip(works, times, strict=True):
            event = build()
            start = perf_counter()
            exporter.emit(event)
            found.append(perf_counter() - start)
        if number % 20 == 0:
            await asyncio.sleep(0)
    return [sorted(found) for found in times]


def _emitting(count: int, passes: int) -> Iterator[Row]:
    """Time ``emit`` with and without a spool; of the passes, the quickest counts."""
    build = make.ours(workloads.model())

    async def main(spool: str) -> list[list[float]]:
        async with EventExporter(_Nowhere(), spool=spool) as on, EventExporter(_Nowhere()) as off:
            return await _in_turns([(on, build), (off, build)], count)

    every: list[list[list[float]]] = []
    for _ in range(passes):
        with tempfile.TemporaryDirectory() as folder:
            every.append(asyncio.run(main(folder)))
    on, off = min(every, key=lambda times: sum(found[count // 2] for found in times))
    name = "`emit` of the model event, spool"
    for words, found, bar in ((f"{name} on", on, EMIT_BARS[True]), (f"{name} off", off, EMIT_BARS[False])):
        yield Row(EXPORT_SECTION, f"{words}, median", found[count // 2] * 1e6, None, "us", bar)
        yield Row(EXPORT_SECTION, f"{words}, 99th percentile", found[count * 99 // 100] * 1e6, None, "us")
    ratio = on[count // 2] / off[count // 2]
    yield Row(EXPORT_SECTION, f"{name} on, times as much as off, median", ratio, None, "x", SPOOL_BAR)
    yield Row(EXPORT_SECTION, f"{name} on, 99.9th percentile", on[count * 999 // 1000] * 1e6, None, "us", 1000.0)


def _emitting_sealed(count: int, passes: int) -> Iterator[Row]:
    """Time ``emit`` with ``audit`` and without, with a spool and without."""
    build = make.ours(workloads.model())

    async def main(spool: str | None) -> list[float]:
        where = [None, None] if spool is None else [f"{spool}/sealed", f"{spool}/plain"]
        async with (
            EventExporter(_Nowhere(), spool=where[0], audit=True) as sealed,
            EventExporter(_Nowhere(), spool=where[1]) as plain,
        ):
            return [found[count // 2] for found in await _in_turns([(sealed, build), (plain, build)], count)]

    for words in ("on", "off"):
        every: list[list[float]] = []
        for _ in range(passes):
            with tempfile.TemporaryDirectory() as folder:
                every.append(asyncio.run(main(folder if words == "on" else None)))
        sealed, plain = (min(kind) for kind in zip(*every, strict=True))
        name = f"`emit` of the model event with `audit`, spool {words}, times as much as without, median"
        yield Row(EXPORT_SECTION, name, sealed / plain, None, "x", AUDIT_BAR)


def _emitting_official(count: int, passes: int) -> Iterator[Row]:
    """Time ``emit`` of the official package's message, and of bytes, against that of an event of ours."""
    ours, official = make.ours(workloads.model()), make.official(workloads.model())

    async def main() -> list[list[float]]:
        builds: list[Callable[[], Any]] = [ours, official, lambda: official().SerializeToString()]
        async with EventExporter(_Nowhere()) as exporter:
            return await _in_turns([(exporter, build) for build in builds], count)

    every = [asyncio.run(main()) for _ in range(passes)]
    event, message, data = (min(found[count // 2] for found in kind) * 1e6 for kind in zip(*every, strict=True))
    yield Row(EXPORT_SECTION, "`emit` of the same event as an official message, median", message, event, "us")
    yield Row(EXPORT_SECTION, "`emit` of the same event as bytes, median", data, event, "us")


async def _exporting(address: str, count: int) -> list[Row]:
    """Emit as fast as the exporter keeps up, into a server that acknowledges and discards."""
    with tempfile.TemporaryDirectory() as folder:
        async with ChaukasClient(address, framing=PLAIN) as client, EventExporter(client, spool=folder) as exporter:
            await _export(exporter, count // 4)
            before = _peak()
            start = perf_counter()
            await _export(exporter, count)
            took = perf_counter() - start
            assert exporter.stats().sent == count + count // 4
    name = "sustained throughput, spool on, into grpc.aio"
    return [
        Row(EXPORT_SECTION, name, count / took, None, "events/s", THROUGHPUT_BAR, faster=True),
        Row(EXPORT_SECTION, f"growth of memory over {count:,} events", _peak() - before, None, "MiB", 10.0),
    ]


async def _export(exporter: EventExporter, count: int) -> None:
    """Emit events, most of the time without waiting for those before, and see them all acknowledged."""
    build = make.ours(workloads.model())
    for number in range(count):
        exporter.emit(build())
        if number % 20 == 0:
            behind = exporter.stats().pending > 5_000
            await asyncio.sleep(0.002 if behind else 0)
    assert await exporter.flush(60)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
