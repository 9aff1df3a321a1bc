"""Past one machine: collectors and database servers are killed while clients send. Nothing is lost, nothing is twice.

Three collectors, each a process of `chaukas-lite serve`, and two PostgreSQL servers, of which the second is the first
one's synchronous replica. All of them are killed with SIGKILL, at random: no process gets to tidy up.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from chaukas_spec_lite import ChaukasClient, Event, EventExporter, RpcError
from chaukas_spec_lite.collector.stores.postgres.store import PostgresStore
from chaukas_spec_lite.errors import StoreError
from tests.collector.stores.events import row, texts
from tests.collector.stores.postgres_server import FAST, PostgresServer
from tests.patience import HANG, until, wait_until
from tests.sockets import free_port

pytestmark = pytest.mark.stores

ROUNDS = 3
"""How many collectors are killed before the server is, and how many after it."""
BATCH = 20
BACKLOG = 1000
"""How many events may wait in an exporter: on a slow machine it would not get done with all that it could be given."""


@contextmanager
def two_servers() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary and its synchronous replica."""
    settings = {**FAST, "synchronous_commit": "on"}
    primary = PostgresServer(settings)
    # Told soon, not after 10 seconds, the primary takes it for the synchronous one soon.
    replica = PostgresServer({**settings, "wal_receiver_status_interval": "1"}, of=primary)
    try:
        # From now on nothing is acknowledged that the replica has not, too.
        set_replica(primary, "replica")
        wait_until(lambda: primary.run_sql("SELECT sync_state FROM pg_stat_replication") == "sync")
        yield primary, replica
    finally:
        primary.stop()
        replica.stop()


def set_replica(primary: PostgresServer, name: str) -> None:
    primary.run_sql(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
    primary.run_sql("SELECT pg_reload_conf()")


class CollectorProcess:
    """A collector, which is started again where it was after it has been killed, as a service manager does."""

    def __init__(self, store: str, log: Path) -> None:
        self.port = free_port()
        self._command = [
            *(sys.executable, "-m", "chaukas_spec_lite", "serve", "--store", store),
            *("--grpc", f"127.0.0.1:{self.port}", "--http", "off"),
        ]
        self._log = log
        self._start()

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(HANG)

    def ensure(self) -> None:
        """Start it if it does not run: it ends by itself, too, when it is started while no server takes writes."""
        if self._process.poll() is not None:
            self._start()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(HANG)


@dataclass
class Sender:
    """A client that sends batches one after the other, and sends one again until it is acknowledged."""

    name: str
    acknowledged: set[str] = field(default_factory=set[str])
    failures: int = 0
    stops: bool = False

    async def run(self, endpoints: list[str]) -> None:
        # One client object from the beginning to the end, with few repetitions of its own: failures come up to here.
        async with ChaukasClient(endpoints, tenant_id="acme", timeout=5.0) as client:
            for batch in count():
                if self.stops:
                    return
                ids = [f"{self.name}-{batch}-{number}" for number in range(BATCH)]
                while not await self._sent(client, [Event(event_id=each, session_id=self.name) for each in ids]):
                    pass
                self.acknowledged.update(ids)

    async def _sent(self, client: ChaukasClient, events: list[Event]) -> bool:
        try:
            await client.ingest_events(events)
            return True
        except RpcError as error:
            if not error.retryable:
                raise
            self.failures += 1
            await asyncio.sleep(0.05)
            return False


@dataclass
class Emitter:
    """An exporter, which does all that by itself."""

    emitted: list[str] = field(default_factory=list[str])
    stops: bool = False

    async def run(self, endpoints: list[str], spool: Path) -> None:
        client = ChaukasClient(endpoints, tenant_id="acme")
        async with client, EventExporter(client, spool=spool) as exporter:
            while not self.stops:
                for _ in range(BATCH if exporter.stats().pending < BACKLOG else 0):
                    self.emitted.append(f"exporter-{len(self.emitted)}")
                    exporter.emit(Event(event_id=self.emitted[-1], session_id="exporter"))
                await asyncio.sleep(0.02)
            assert await exporter.flush(HANG)


@dataclass(frozen=True)
class Clients:
    senders: list[Sender]
    emitter: Emitter
    tasks: list[asyncio.Task[None]]

    @property
    def failures(self) -> int:
        return sum(each.failures for each in self.senders)

    async def more(self, batches: int, collectors: list[CollectorProcess]) -> None:
        """Wait until each has had so many more batches acknowledged, whatever has just died."""
        goals = [len(each.acknowledged) + batches * BATCH for each in self.senders]
        while True:
            for collector in collectors:
                collector.ensure()
            for task in self.tasks:
                if task.done():
                    task.result()
            if all(len(each.acknowledged) >= goal for each, goal in zip(self.senders, goals, strict=True)):
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def sending(endpoints: list[str], spool: Path) -> AsyncIterator[Clients]:
    """Clients that send until the block ends, and then until all is acknowledged."""
    senders, emitter = [Sender(f"sender-{number}") for number in range(len(endpoints))], Emitter()
    tasks = [
        asyncio.ensure_future(each.run([*endpoints[number:], *endpoints[:number]]))
        for number, each in enumerate(senders)
    ]
    tasks.append(asyncio.ensure_future(emitter.run(endpoints, spool)))
    try:
        yield Clients(senders, emitter, tasks)
        for each in (*senders, emitter):
            each.stops = True
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@pytest.mark.parametrize("seed", [1])
def test_nothing_is_lost_or_twice_when_collectors_and_the_server_die(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)

    async def main() -> None:
        endpoints = [f"127.0.0.1:{process.port}" for process in collectors]
        async with sending(endpoints, tmp_path / "spool") as clients:
            await clients.more(1, collectors)
            for _ in range(ROUNDS):
                chance.choice(collectors).kill()
                await clients.more(chance.randrange(3), collectors)
            primary.kill()
            # The collectors live on without any server, and say that they cannot store.
            failures = clients.failures
            await until(lambda: clients.failures > failures)
            await asyncio.to_thread(replica.promote)
            await clients.more(2, collectors)
            for _ in range(ROUNDS):
                chance.choice(collectors).kill()
                await clients.more(chance.randrange(3), collectors)
        sent = [*clients.emitter.emitted, *(each for sender in clients.senders for each in sender.acknowledged)]
        stored = replica.run_sql("SELECT event_id FROM chaukas.events").splitlines()
        assert len(stored) == len(set(stored)), "an event is there twice"
        assert set(sent) - set(stored) == set(), "an event is lost that was acknowledged"
        for endpoint in endpoints:
            found = await everything(endpoint)
            assert len(found) == len(set(found)) == len(stored)
        store = PostgresStore(address, texts=texts)
        await store.open()
        assert await store.check() == []
        await store.close()

    with two_servers() as (primary, replica):
        address = f"postgresql://postgres@{primary.host},{replica.host}/postgres"
        collectors = [CollectorProcess(address, tmp_path / f"log-{number}") for number in range(3)]
        try:
            asyncio.run(asyncio.wait_for(main(), 5 * HANG))
        finally:
            for each in collectors:
                each.stop()


async def everything(endpoint: str) -> list[str]:
    """The ids of all events, as a client reads them page by page."""
    async with ChaukasClient(endpoint, tenant_id="acme") as client:
        return [event.event_id async for event in client.query_events()]


def test_a_commit_that_no_replica_has_is_not_acknowledged(tmp_path: Path) -> None:
    """Whoever ends a session's wait for the replica makes PostgreSQL say success, with a warning."""

    async def main() -> None:
        store = PostgresStore(primary.address(), texts=texts)
        await store.open()
        await store.add([row("before")])
        replica.kill()
        adding = asyncio.ensure_future(store.add([row("after")]))
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        while not await asyncio.to_thread(primary.run_sql, waiting):  # noqa: ASYNC110 (of another process)
            await asyncio.sleep(0.05)
        assert not adding.done()
        await asyncio.to_thread(primary.run_sql, f"SELECT pg_cancel_backend(pid) FROM ({waiting}) AS each")
        with pytest.raises(StoreError, match=r"may be lost.*synchronous replication"):
            await adding
        await asyncio.to_thread(set_replica, primary, "")
        await store.close()

    with two_servers() as (primary, replica):
        asyncio.run(asyncio.wait_for(main(), HANG))
