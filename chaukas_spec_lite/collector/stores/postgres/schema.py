"""The tables of a store in PostgreSQL, how they are made, and its partitions, one for each day of arrival.

Why arrival: a partition is dropped when all in it is too old, which arrival decides, and clocks of clients, wrong or
hostile, make no partitions. A unique key of a partitioned table contains the day, so it is ``event_ids``, which has no
partitions, that makes an event stored exactly once, on whatever days it is sent. Every key begins with the tenant.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone

from chaukas_spec_lite.collector.page_tokens import SECRET_BYTES
from chaukas_spec_lite.collector.stores.postgres.connections import SCHEMA, Database, Lane
from chaukas_spec_lite.errors import QueryTimeoutError, StoreError

_log = logging.getLogger(__name__)

VERSION = 5

LOCK = 0x4348_4B53  # "CHKS"
"""The advisory lock that collectors hold while they change tables."""
UPKEEP_LOCK = LOCK + 1
"""The one that they hold while they delete: one of them at a time."""
SIZES_LOCK = LOCK + 2
"""The one of each transaction that changes sums of sizes: whoever has lost the other one, with the connection that held
it, may not know it yet."""

_TEXTS = 'tenant_id text COLLATE "C" NOT NULL, project_id text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL'
_EVENT = f"""
    {_TEXTS},
    session_id text COLLATE "C" NOT NULL,
    agent_id text COLLATE "C" NOT NULL,
    span_id text COLLATE "C" NOT NULL,
    trace_id text COLLATE "C" NOT NULL,
    type integer NOT NULL,
    status integer NOT NULL,
    severity integer NOT NULL,
    seconds bigint NOT NULL,
    nanos integer NOT NULL,
    tags text[] COLLATE "C" NOT NULL,
    data bytea NOT NULL,
    originals bytea
"""

# ``seq`` is the number of an event's arrival. A collector takes the numbers of a block, and counts in it by itself.
# ``xid`` is the transaction that stored it: transactions end in another order than they begin in, so that only what is
# below every one that still runs stays as it is.
_TABLES = f"""
CREATE TABLE {SCHEMA}.store (
    version integer NOT NULL,
    secret bytea NOT NULL,
    index_text boolean NOT NULL
);
CREATE SEQUENCE {SCHEMA}.blocks;
CREATE TABLE {SCHEMA}.owners (
    tenant_id text COLLATE "C" NOT NULL, project_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, project_id)
);
CREATE TABLE {SCHEMA}.event_ids (
    {_TEXTS},
    seq bigint NOT NULL,
    content bytea NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (tenant_id, project_id, event_id)
);
CREATE INDEX event_ids_by_day ON {SCHEMA}.event_ids (tenant_id, day);
CREATE TABLE {SCHEMA}.events (
    day date NOT NULL,
    seq bigint NOT NULL,
    xid bigint NOT NULL,
    received timestamptz NOT NULL,
    {_EVENT},
    text text
) PARTITION BY RANGE (day);
CREATE INDEX events_by_time ON {SCHEMA}.events (tenant_id, project_id, seconds, nanos, seq);
CREATE INDEX events_by_session ON {SCHEMA}.events (tenant_id, project_id, session_id, seconds, nanos, seq)
    WHERE session_id <> '';
CREATE INDEX events_by_trace ON {SCHEMA}.events (tenant_id, project_id, trace_id, seconds, nanos, seq)
    WHERE trace_id <> '';
CREATE INDEX events_by_agent ON {SCHEMA}.events (tenant_id, project_id, agent_id, seconds, nanos, seq)
    WHERE agent_id <> '';
CREATE INDEX events_by_span ON {SCHEMA}.events (tenant_id, project_id, span_id, seconds, nanos, seq)
    WHERE span_id <> '';
CREATE INDEX events_by_tag ON {SCHEMA}.events USING gin (tags);
CREATE INDEX events_by_arrival ON {SCHEMA}.events (xid, seq);
CREATE INDEX events_by_age ON {SCHEMA}.events USING brin (received) WITH (pages_per_range = 16);
CREATE TABLE {SCHEMA}.conflicts (
    seq bigint NOT NULL,
    xid bigint NOT NULL,
    content bytea NOT NULL,
    received timestamptz NOT NULL,
    {_EVENT},
    PRIMARY KEY (tenant_id, project_id, event_id, content)
);
CREATE TABLE {SCHEMA}.rejected (
    number bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    received double precision NOT NULL,
    data bytea NOT NULL,
    texts bytea NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
CREATE TABLE {SCHEMA}.deletions (
    number bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C",
    made double precision NOT NULL,
    events bigint NOT NULL DEFAULT 0,
    texts bytea NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
"""

# Of each tenant. A row of ``log_leaves`` has entries side by side, which one transaction has stored on one day: their
# hashes, and the numbers of the events, which rise. Of the levels above, ``log_nodes`` has each eighth. ``log_gone``
# tells of events that were deleted, if that is wanted. ``log`` of the store is empty without logs, or "kept", or says
# up to which transaction and number events that were there before are in it.
_LOG = f"""
CREATE TABLE {SCHEMA}.logs (
    tenant_id text COLLATE "C" PRIMARY KEY,
    original bytea NOT NULL,
    size bigint NOT NULL DEFAULT 0,
    roots bytea NOT NULL DEFAULT ''
) WITH (fillfactor = 50);
CREATE TABLE {SCHEMA}.log_leaves (
    tenant_id text COLLATE "C" NOT NULL,
    first bigint NOT NULL,
    first_seq bigint NOT NULL,
    day date NOT NULL,
    xid bigint NOT NULL,
    hashes bytea NOT NULL,
    seqs bytea NOT NULL,
    PRIMARY KEY (tenant_id, first)
);
CREATE INDEX log_leaves_by_seq ON {SCHEMA}.log_leaves (tenant_id, first_seq);
CREATE TABLE {SCHEMA}.log_nodes (
    tenant_id text COLLATE "C" NOT NULL,
    level integer NOT NULL,
    place bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, level, place)
);
CREATE TABLE {SCHEMA}.log_gone (
    {_TEXTS},
    seq bigint NOT NULL,
    at double precision NOT NULL,
    deletion bigint,
    originals bytea,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX log_gone_by_event ON {SCHEMA}.log_gone (tenant_id, project_id, event_id);
CREATE TABLE {SCHEMA}.checkpoints (
    tenant_id text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    note text NOT NULL,
    PRIMARY KEY (tenant_id, size)
);
ALTER TABLE {SCHEMA}.store ADD COLUMN log text NOT NULL DEFAULT '', ADD COLUMN worm boolean NOT NULL DEFAULT false;
"""

_ORDERED_BY = f"""
ALTER TABLE {SCHEMA}.deletions ADD COLUMN ordered_by text NOT NULL DEFAULT '';
"""

# How much tenants have, of what has been counted, and up to where in each day nothing of theirs is left; and of
# events and conflicts, up to which transaction and number they have been counted.
_SIZES = f"""
CREATE TABLE {SCHEMA}.sizes (
    tenant_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    source text NOT NULL,
    bytes bigint NOT NULL,
    begin_xid bigint NOT NULL DEFAULT -1,
    begin_seq bigint NOT NULL DEFAULT -1,
    PRIMARY KEY (tenant_id, day, source)
);
CREATE TABLE {SCHEMA}.counted (source text NOT NULL, xid bigint NOT NULL, seq bigint NOT NULL);
INSERT INTO {SCHEMA}.counted VALUES ('events', -1, -1), ('conflicts', -1, -1);
CREATE INDEX conflicts_by_arrival ON {SCHEMA}.conflicts (xid, seq);
CREATE INDEX conflicts_by_age ON {SCHEMA}.conflicts USING brin (received) WITH (pages_per_range = 16);
"""

# A tenant may have thousands of projects, and is asked for as a whole. So its events have an index in their order,
# whatever their project, and in that of each value the project stands behind it: each project that has the value is
# found by one look-up. Writers are kept out first, as they lock ids before events; readers only while the old ones go.
_VALUES = {"session": "session_id", "trace": "trace_id", "agent": "agent_id", "span": "span_id"}
_PAST_PROJECTS = "".join(
    (
        f"LOCK TABLE {SCHEMA}.event_ids IN SHARE ROW EXCLUSIVE MODE;",
        f"CREATE UNIQUE INDEX event_ids_by_event ON {SCHEMA}.event_ids (tenant_id, event_id, project_id);",
        f"CREATE INDEX events_of_tenant ON {SCHEMA}.events (tenant_id, seconds, nanos, seq);",
        *(
            f"CREATE INDEX events_of_{name} ON {SCHEMA}.events (tenant_id, {column}, project_id, seconds, nanos, seq)"
            f" WHERE {column} <> '';"
            for name, column in _VALUES.items()
        ),
        f"CREATE INDEX log_gone_of_event ON {SCHEMA}.log_gone (tenant_id, event_id, project_id);",
        # From here on readers wait: nothing may follow that takes long.
        f"ALTER TABLE {SCHEMA}.event_ids DROP CONSTRAINT event_ids_pkey,"
        " ADD CONSTRAINT event_ids_pkey PRIMARY KEY USING INDEX event_ids_by_event;",
        f"DROP INDEX {SCHEMA}.log_gone_by_event;",
        *(f"DROP INDEX {SCHEMA}.events_by_{name};" for name in _VALUES),
    )
)
_STEPS = _LOG, _ORDERED_BY, _SIZES, _PAST_PROJECTS
"""What each format has that the one before lacks: who made a store of format 1 had none of it."""

_COUNT_ANEW = "DELETE FROM sizes; UPDATE counted SET xid = -1, seq = -1"

# A database that was restored from a dump counts transactions anew. What it brought is older than all to come.
_OF_A_DUMP = "xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"

_PREPARE_SECONDS = 86_400.0
"""How long making indexes, or numbering all events anew, may take, and waiting for another collector that does."""
_LOOK_SECONDS = 10.0
"""How long it may take to see whether that has to be done."""

DAYS = {"events": "day", "conflicts": "(received AT TIME ZONE 'UTC')::date"}
"""The day of an arrival in each of these tables."""

_TEXT_INDEX = f"""
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX events_by_text ON {SCHEMA}.events USING gin (text gin_trgm_ops);
"""


def counted(table: str) -> str:
    """The condition that a row of one of the tables has been counted."""
    return f"(xid, seq) <= (SELECT xid, seq FROM counted WHERE source = '{table}')"


async def prepare(connections: Database, index_text: bool) -> tuple[bytes, str, bool]:
    """Make the tables, unless they are there; return the store's secret, its identity, and whether it indexes texts."""
    seconds = _PREPARE_SECONDS if await _takes_long(connections) else None
    # One collector after the other: two that begin at once make the tables once.
    async with connections.writing(f"SELECT pg_advisory_xact_lock({LOCK})", seconds=seconds) as connection:
        if not await connection.fetchval(f"SELECT to_regclass('{SCHEMA}.store') IS NOT NULL"):
            others = await connection.fetchval(
                f"SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('{SCHEMA}')"
            )
            if others:
                raise StoreError(
                    f"{connections.name}: has a schema {SCHEMA!r}, but not a collector's: choose another database"
                )
            await connection.execute(
                f"CREATE SCHEMA IF NOT EXISTS {SCHEMA};" + _TABLES + "".join(_STEPS) + _TEXT_INDEX * index_text
            )
            await connection.execute(
                "INSERT INTO store (version, secret, index_text) VALUES ($1, $2, $3)",
                VERSION,
                secrets.token_bytes(SECRET_BYTES),
                index_text,
            )
        # Without a key, which would have to begin with a tenant: it has a row for each store that was copied.
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {SCHEMA}.copies (source text NOT NULL, note text NOT NULL)"
        )
        found = await connection.fetchrow("SELECT version, secret, index_text FROM store")
        if found is None:
            raise StoreError(f"{connections.name}: the table {SCHEMA}.store is empty: the store is damaged")
        version, secret, indexed = found
        if version > VERSION:
            raise StoreError(
                f"{connections.name}: was made by a newer collector (format {version}; this one knows {VERSION})"
            )
        if version < VERSION:
            await connection.execute(f"{''.join(_STEPS[version - 1 :])}UPDATE {SCHEMA}.store SET version = {VERSION};")
        if index_text and not indexed:
            raise StoreError(
                f"{connections.name}: was made without an index of texts: copy it to a new store that has one"
            )
        # The database's number tells it from one that was made of its dump, with the same secret.
        number = await connection.fetchval("SELECT oid::bigint FROM pg_database WHERE datname = current_database()")
        for table in ("events", "conflicts", "counted"):
            tag = await connection.execute(f"UPDATE {table} SET xid = 0 WHERE {_OF_A_DUMP}")
            if tag != "UPDATE 0":
                await connection.execute(_COUNT_ANEW)
    identity = hashlib.blake2b(repr((bytes(secret), number)).encode(), digest_size=16).hexdigest()
    return secret, identity, indexed


async def _takes_long(connections: Database) -> bool:
    """Whether the tables are of an older format, or of a dump: what has to be done first takes long, and is told."""
    try:
        async with connections.reading(_LOOK_SECONDS) as connection:
            if not await connection.fetchval(f"SELECT to_regclass('{SCHEMA}.store') IS NOT NULL"):
                return False
            version = await connection.fetchval("SELECT version FROM store")
            if version == VERSION:
                restored = await connection.fetchval(f"SELECT EXISTS (SELECT FROM events WHERE {_OF_A_DUMP})")
                if restored:
                    _log.info("%s was restored from a dump: numbering its events anew", connections.name)
                return bool(restored)
    except QueryTimeoutError:  # another collector is changing that very table
        _log.info("waiting for another collector, which brings %s to another format", connections.name)
        return True
    if version is None or version > VERSION:
        return False
    text = "bringing %s from format %d to %d: nobody can store meanwhile, and it waits for who reads, such as a dump"
    _log.info(text, connections.name, version, VERSION)
    return True


def partition(day: date) -> str:
    """Return the name of a day's partition."""
    return f"events_{day:%Y%m%d}"


def day_of(name: str) -> date:
    """Return the day of a partition."""
    return datetime.strptime(name, "events_%Y%m%d").replace(tzinfo=timezone.utc).date()


async def add_partitions(connections: Database, days: Iterable[date]) -> set[date]:
    """Make the partitions of days, unless they are there; return the days."""
    wanted = sorted(days)
    async with connections.writing(f"SELECT pg_advisory_xact_lock({LOCK})") as connection:
        for day in wanted:
            name = f"{SCHEMA}.{partition(day)}"
            attached = await connection.fetchval(
                "SELECT relispartition FROM pg_class WHERE oid = to_regclass($1)", name
            )
            if attached:
                continue
            if attached is False:  # detached, and about to be dropped: what it holds is too old, or without its ids
                await connection.execute(f"DROP TABLE {name}")
            # Made beside it and then attached: CREATE ... PARTITION OF would wait for queries, and others for it.
            await connection.execute(
                f"CREATE TABLE {name} (LIKE {SCHEMA}.events INCLUDING ALL);"
                f"ALTER TABLE {SCHEMA}.events ATTACH PARTITION {name}"
                f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
            )
    return set(wanted)


async def drop_detached(connections: Database, name: str) -> None:
    """Drop what was a day's partition, unless that day has been made anew meanwhile."""
    lock = f"SELECT pg_advisory_xact_lock({LOCK})"
    async with connections.writing(lock, Lane.UPKEEP) as connection:
        if await connection.fetchval("SELECT NOT relispartition FROM pg_class WHERE oid = to_regclass($1)", name):
            await connection.execute(f"DROP TABLE {name}")


_CHECKS = {
    "events without the entry that keeps them from being stored twice": """
        SELECT count(*) FROM events AS event LEFT JOIN event_ids AS id USING (tenant_id, project_id, event_id)
        WHERE id.seq IS DISTINCT FROM event.seq OR id.day <> event.day
    """,
    "entries of events that are not there": """
        SELECT count(*) FROM event_ids AS id
        WHERE NOT EXISTS (
            SELECT FROM events AS event WHERE event.day = id.day AND event.tenant_id = id.tenant_id
                AND event.project_id = id.project_id AND event.seq = id.seq
        )
    """,
    "events whose tenant or project is not in the list of them": """
        SELECT count(*) FROM events LEFT JOIN owners USING (tenant_id, project_id) WHERE owners.tenant_id IS NULL
    """,
    "events of transactions that are yet to come, as after a restored dump: open the store again": """
        SELECT count(*) FROM events WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    """,
    "days of tenants of which less is there than was counted": f"""
        SELECT count(*) FROM sizes LEFT JOIN (
            SELECT tenant_id, day, 'events' AS source, sum(octet_length(data)) AS bytes FROM events
            WHERE {counted("events")} GROUP BY 1, 2
            UNION ALL SELECT tenant_id, {DAYS["conflicts"]}, 'conflicts', sum(octet_length(data)) FROM conflicts
            WHERE {counted("conflicts")} GROUP BY 1, 2
        ) AS there USING (tenant_id, day, source)
        WHERE sizes.bytes > coalesce(there.bytes, 0)
    """,
    "indexes that are not complete": f"""
        SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace = '{SCHEMA}'::regnamespace AND NOT indisvalid
    """,
}


async def check(connections: Database) -> list[str]:
    """As ``Store.check``. Whether PostgreSQL's own files are sound, its extension amcheck says."""
    found: list[str] = []
    async with connections.connection(Lane.UPKEEP) as connection:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")  # all see the same
        for what, statement in _CHECKS.items():
            if count := await connection.fetchval(statement):
                found.append(f"{count} {what}")
        await connection.execute("COMMIT")
    return found
