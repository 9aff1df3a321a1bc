"""Keeps what cannot be stored, in PostgreSQL, within bounds for each tenant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.stores.base import REJECTED_BYTES_PER_TENANT, REJECTED_PER_TENANT, Rejected
from chaukas_spec_lite.collector.stores.postgres.rows import key

if TYPE_CHECKING:
    from asyncpg import Connection

# The newest is kept in any case.
_MAKE_ROOM = f"""
DELETE FROM rejected WHERE tenant_id = $1 AND number <= (
    SELECT max(number) FROM (
        SELECT number, row_number() OVER newest AS place, sum(octet_length(data)) OVER newest AS taken
        FROM rejected WHERE tenant_id = $1 WINDOW newest AS (ORDER BY number DESC)
    ) AS placed
    WHERE place > {REJECTED_PER_TENANT} OR (place > 1 AND taken > {REJECTED_BYTES_PER_TENANT})
)
"""


async def keep_rejected(connection: Connection, rejected: Sequence[Rejected]) -> int:
    """As ``Store.keep_rejected``, in a transaction."""
    await connection.copy_records_to_table(
        "rejected",
        columns=("tenant_id", "project_id", "received", "data", "texts"),
        records=(
            (
                *(key(each.tenant_id), key(each.project_id), each.received, each.data),
                json.dumps([each.tenant_id, each.project_id, each.event_id, each.reason]).encode(),
            )
            for each in rejected
        ),
    )
    dropped = 0
    for tenant in sorted({key(each.tenant_id) for each in rejected}):
        tag = await connection.execute(_MAKE_ROOM, tenant)
        dropped += int(tag.rpartition(" ")[2])
    return dropped
