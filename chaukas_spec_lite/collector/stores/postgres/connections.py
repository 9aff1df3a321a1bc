"""Connections to a PostgreSQL database: transactions, time limits, and errors that say which database they are of."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from chaukas_spec_lite import clock
from chaukas_spec_lite.collector.stores.postgres.address import shown
from chaukas_spec_lite.collector.stores.stopping import Stopped
from chaukas_spec_lite.errors import QueryTimeoutError, StoreError

if TYPE_CHECKING:
    from asyncpg import Connection, Pool, PostgresLogMessage

_T = TypeVar("_T")

INSTALL = "pip install 'chaukas-spec-lite[postgres]'"

SCHEMA = "chaukas"
"""Everything of a store stands in this schema of its database."""

_OLDEST_SERVER = 14
_CONNECT_SECONDS = 5.0
"""How long one host of several may take to answer before the next is tried, and what was cancelled to end."""
_WRITE_SECONDS = 60.0
"""How long a transaction that writes may take. A server that has frozen, or lost its replica, never answers."""


class Lane(enum.Enum):
    """What connections are for. Each has its own: whatever keeps some of them busy keeps none of the others waiting."""

    READ = enum.auto()
    """Queries, any number of which may be slow."""
    STORE = enum.auto()
    """Events."""
    REJECT = enum.auto()
    """What was rejected, which may come in any number."""
    SIGNAL = enum.auto()
    """Whether the server takes writes, and that something has been stored: never behind anything that takes long."""
    UPKEEP = enum.auto()
    """Deletion: the connection that holds the lock for it, and the one that deletes."""


_CONNECTIONS = {Lane.READ: 6, Lane.STORE: 3, Lane.REJECT: 2, Lane.SIGNAL: 2, Lane.UPKEEP: 2}
"""How many connections each lane has at most; they are made as they are needed."""

_SETTINGS = {
    "application_name": "chaukas-lite",
    "search_path": f"{SCHEMA}, public",  # extensions, such as pg_trgm, usually stand in public
    "timezone": "UTC",
    # A collector that froze in the middle of a transaction keeps newer events out of sight, until it is ended.
    "idle_in_transaction_session_timeout": "10000",
    "jit": "off",  # compiling takes longer than any statement here
}


class Database:
    """Pools of connections to one database, one for each lane; it may have several hosts of which one takes writes.

    Connections that broke are made anew, on whatever host takes writes then. All methods raise ``StoreError``.

    Args:
        address: ``postgresql://user:password@host:port,host:port/database?...``, as libpq has it.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._pools: dict[Lane, Pool] = {}
        self.name = shown(address)

    async def open(self) -> None:
        """Make the pools, and one connection, to see that there is a server that takes writes."""
        try:
            import asyncpg
        except ImportError as error:
            raise StoreError(f"{self.name}: PostgreSQL needs asyncpg: {INSTALL}") from error
        with _Mapped(self.name):
            for lane, most in _CONNECTIONS.items():  # which makes no connections yet
                self._pools[lane] = await asyncpg.create_pool(
                    self._address,
                    min_size=0,
                    max_size=most,
                    timeout=_CONNECT_SECONDS,
                    target_session_attrs="read-write",
                    server_settings=_SETTINGS,
                    reset=_reset,
                )
        try:
            async with self.connection(Lane.SIGNAL) as connection:
                await self._check_server(connection)
        except BaseException:
            for pool in self._pools.values():
                pool.terminate()
            raise

    async def _check_server(self, connection: Connection) -> None:
        version = connection.get_server_version()[0]
        if version < _OLDEST_SERVER:
            raise StoreError(f"{self.name}: is PostgreSQL {version}; {_OLDEST_SERVER} or newer is needed")
        encoding = await connection.fetchval("SHOW server_encoding")
        if encoding != "UTF8":
            raise StoreError(f"{self.name}: is encoded in {encoding}; create a database with ENCODING 'UTF8'")

    async def close(self) -> None:
        """Close all connections; whoever still uses one has a few seconds to finish."""
        pools, self._pools = self._pools, {}
        await asyncio.gather(*map(_closed, pools.values()))

    @asynccontextmanager
    async def connection(self, lane: Lane) -> AsyncGenerator[Connection, None]:
        """Lend a connection, without a transaction."""
        self._check_open()
        with _Mapped(self.name):
            # The time limit holds for giving it back, too: what was cancelled is waited for.
            async with self._pools[lane].acquire(timeout=2 * _CONNECT_SECONDS) as connection:
                yield connection

    def _check_open(self) -> None:
        if not self._pools:
            raise StoreError(f"{self.name} is not open")

    async def another(self) -> Connection:
        """Make a connection of its own, which is not given back."""
        self._check_open()
        import asyncpg

        with _Mapped(self.name):
            return await asyncpg.connect(
                self._address,
                timeout=_CONNECT_SECONDS,
                target_session_attrs="read-write",
                server_settings=_SETTINGS,
            )

    async def limited(self, reading: Awaitable[_T], time_limit: float) -> _T:
        """Wait for something that is read in several statements, or raise ``QueryTimeoutError``; then it is cancelled.

        Waiting for a connection, and for a server that does not answer, count.
        """
        try:
            return await clock.within(time_limit, reading)
        except (asyncio.TimeoutError, Stopped) as error:
            raise self._late(time_limit) from error

    def _late(self, time_limit: float) -> QueryTimeoutError:
        return QueryTimeoutError(f"{self.name}: the query took more than {time_limit:g} seconds")

    @asynccontextmanager
    async def reading(self, time_limit: float) -> AsyncGenerator[Connection, None]:
        """Lend a connection whose statements may take that many seconds each, or raise ``QueryTimeoutError``."""
        import asyncpg

        milliseconds = max(1, int(time_limit * 1000))
        # Each statement sees what was committed before it began.
        begin = f"BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL statement_timeout = {milliseconds}"
        async with self.connection(Lane.READ) as connection, _Transaction(connection, begin):
            try:
                yield connection
            except asyncpg.QueryCanceledError as error:
                raise self._late(time_limit) from error
            await connection.execute("COMMIT")

    @asynccontextmanager
    async def writing(
        self, begin: str = "", lane: Lane = Lane.STORE, *, seconds: float | None = None
    ) -> AsyncGenerator[Connection, None]:
        """Lend a connection in a transaction, which is committed at the end; no error means that it has been.

        Args:
            begin: SQL to begin with, which has no result.
            lane: What it is for.
            seconds: How long it may take; None for as long as storing events may.
        """
        # Without a time limit of the server's: that would end the wait for a replica, too, as a success.
        begin = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {_ON_DISK}; {begin}"
        async with self.connection(lane) as connection:
            late = asyncio.get_running_loop().call_later(seconds or _WRITE_SECONDS, connection.terminate)
            try:
                async with _Transaction(connection, begin):
                    yield connection
                    await _commit(connection)
            finally:
                late.cancel()


async def _closed(pool: Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), _CONNECT_SECONDS)
    except (asyncio.TimeoutError, OSError):
        pool.terminate()


class _Transaction:
    """Begins a transaction, and undoes it if anything is raised before it has been committed."""

    def __init__(self, connection: Connection, begin: str) -> None:
        self._connection = connection
        self._begin = begin

    async def __aenter__(self) -> None:
        try:
            await self._connection.execute(self._begin)
        except BaseException:
            await self._undo()
            raise

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None:
            await self._undo()

    async def _undo(self) -> None:
        if self._connection.is_closed():
            return
        try:
            # What the connection still does was cancelled, and ends first.
            await asyncio.wait_for(self._connection.execute("ROLLBACK"), _CONNECT_SECONDS)
        except BaseException as error:  # whatever it is, the connection is not to be used again
            self._connection.terminate()
            if not isinstance(error, Exception):
                raise


# Who has turned this off for the database meant other programs. What else is chosen (local, remote_apply) stays.
_ON_DISK = """SELECT set_config('synchronous_commit', 'on', true)
WHERE current_setting('synchronous_commit') = 'off'"""


async def _commit(connection: Connection) -> None:
    """Commit, or raise: a commit whose wait for the replica was ended succeeds with a warning, and may be lost."""
    warnings: list[str] = []

    def noticed(_: Connection, message: PostgresLogMessage) -> None:
        if message.severity_en == "WARNING":
            warnings.append(message.message)

    connection.add_log_listener(noticed)
    try:
        await connection.execute("COMMIT")
    finally:
        connection.remove_log_listener(noticed)
    if warnings:
        raise StoreError(f"the commit may be lost with this server: {'; '.join(warnings)}")


async def _reset(_: Connection) -> None:
    """Do nothing when a connection is given back: nothing here changes a session for longer than a transaction."""


class _Mapped:
    """Makes errors of asyncpg, and of the network below it, ``StoreError``."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None:
            return
        import asyncpg

        if isinstance(error, (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
            raise StoreError(f"{self._name}: {error}") from error
        if isinstance(error, (OSError, asyncio.TimeoutError)):
            raise StoreError(f"{self._name}: {str(error) or 'no answer in time'}") from error
