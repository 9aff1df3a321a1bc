"""Events of a collector that runs, by gRPC."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from chaukas_spec_lite.cli.wanted import PAGE_EVENTS, Wanted
from chaukas_spec_lite.client.queries import QueryOptions
from chaukas_spec_lite.errors import StatusCode, StatusError
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, SortOrder

if TYPE_CHECKING:
    from chaukas_spec_lite.client.client import ChaukasClient
    from chaukas_spec_lite.spec.server.v1.server import GetEventStatsResponse

_PART_BYTES = 4 << 20
"""Bytes of events that are handed on together."""


class CollectorSource:
    """A collector that runs, asked by gRPC.

    Args:
        client: A client for it.
    """

    def __init__(self, client: ChaukasClient) -> None:
        self._client = client

    def find(self, wanted: Wanted) -> AsyncGenerator[Event, None]:
        """Ask page by page; without a tenant, for that of the client's settings."""
        return self._client.query_events(**self._query(wanted))

    async def parts(self, wanted: Wanted) -> AsyncGenerator[Sequence[bytes], None]:
        """Ask for the same, and yield events as the collector has them, some at a time."""
        part: list[bytes] = []
        room = _PART_BYTES
        async with aclosing(self._client.query_encoded(**self._query(wanted))) as events:
            async for data in events:
                part.append(data)
                room -= len(data)
                if len(part) == PAGE_EVENTS or room < 0:
                    yield part
                    part, room = [], _PART_BYTES
        if part:
            yield part

    def _query(self, wanted: Wanted) -> QueryOptions:
        asked, time = wanted.filter, wanted.filter.time
        return QueryOptions(
            tenant_id=asked.tenant_id or None,
            project_id=asked.project_id or None,
            session_id=asked.session_id,
            agent_id=asked.agent_id,
            span_id=asked.span_id,
            trace_id=asked.trace_id,
            types=asked.types,
            statuses=asked.statuses,
            severities=asked.severities,
            tags=asked.tags,
            text_query=asked.text_query,
            start=None if time is None else time.start,
            end=None if time is None else time.end,
            order=SortOrder.ASC if wanted.oldest_first else SortOrder.DESC,
            limit=wanted.limit,
            page_size=PAGE_EVENTS,
        )

    async def count(self, wanted: Wanted) -> GetEventStatsResponse | None:
        """Ask how many events there are; None where that is not told: of other conditions, or by another server."""
        asked, time = wanted.filter, wanted.filter.time
        if replace(asked, tenant_id="", project_id="", time=None) != QueryFilter():
            return None
        try:
            return await self._client.get_event_stats(
                tenant_id=asked.tenant_id or None,
                project_id=asked.project_id or None,
                start=None if time is None else time.start,
                end=None if time is None else time.end,
            )
        except StatusError as error:
            if error.status is StatusCode.UNIMPLEMENTED:
                return None
            raise
