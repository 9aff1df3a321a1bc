"""Events in a store, with a collector on it or not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.query import query_of
from chaukas_spec_lite.spec.common.v1.events import Event

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.wanted import Wanted
    from chaukas_spec_lite.collector.stores.base import EventPage, EventStats, Store
    from chaukas_spec_lite.collector.stores.following import Followed

_PAGE_BYTES = 4 << 20
_PATIENCE = 300.0
"""Seconds that a page of a store may take: nobody else waits for it."""


class StoreSource:
    """A store, with a collector on it or not.

    Args:
        store: The store, open.
    """

    waits = False

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, wanted: Wanted) -> AsyncGenerator[Event, None]:
        """Ask page by page."""
        async with aclosing(self.parts(wanted)) as parts:
            async for part in parts:
                for data in part:
                    yield Event.parse(data)

    async def parts(self, wanted: Wanted) -> AsyncGenerator[Sequence[bytes], None]:
        """Ask page by page, and yield events as they are stored."""
        async with aclosing(self.pages(wanted)) as pages:
            async for page in pages:
                yield page.events

    async def pages(self, wanted: Wanted) -> AsyncGenerator[EventPage, None]:
        """Ask page by page."""
        request, left = wanted.request, wanted.limit
        while left is None or left > 0:
            page = await self._store.find(query_of(request), _PAGE_BYTES, _PATIENCE)
            if left is not None:
                page = replace(page, events=page.events[:left], numbers=page.numbers[:left])
            yield page
            left = None if left is None else left - len(page.events)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def count(self, wanted: Wanted) -> EventStats:
        """Count what meets the conditions."""
        return await self._store.stats(query_of(wanted.request))

    async def sessions(self, wanted: Wanted, limit: int) -> list[tuple[str, str, str]]:
        """List tenant, project and id of so many sessions of a tenant and project, those with the latest events."""
        if not limit:
            return []
        found = await self._store.sessions(query_of(wanted.request).tenancy, limit)
        return [(each.tenant_id, each.project_id, each.session_id) for each in found]

    async def follow(self, wanted: Wanted, cursor: str) -> Followed:
        """Return what has arrived since, in the order of arrival; see ``Store.follow``."""
        return await self._store.follow(query_of(wanted.request), cursor, _PAGE_BYTES, _PATIENCE)
