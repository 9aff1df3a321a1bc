"""Sessions with what they came to, the latest first: as few events are read for them as will do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from chaukas_spec_lite.cli.http_source import HttpSource, understood
from chaukas_spec_lite.cli.progress import shown
from chaukas_spec_lite.cli.store_source import StoreSource
from chaukas_spec_lite.spec.common.v1.query import QueryFilter
from chaukas_spec_lite.trace.figures import SessionSummer, SessionSums, latest_first, order_of
from chaukas_spec_lite.wellknown.timetext import timestamp_from_json

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.sources import Source
    from chaukas_spec_lite.cli.wanted import Wanted

_Key: TypeAlias = "tuple[str, str, str]"
"""Tenant, project and id of a session."""

_PAGE = 1000
_FIGURES = 50
"""How many sessions one request for figures may ask for."""


async def sessions_of(source: Source, wanted: Wanted, limit: int | None) -> list[SessionSums]:
    """Sum sessions up, those with the latest events first.

    Args:
        source: Where they are.
        wanted: Which of their events.
        limit: How many sessions are needed; there may be more. None for all of them, which takes one reading.
    """
    in_order = replace(wanted, oldest_first=True)
    # The sums that are kept are those of whole sessions.
    whole = replace(wanted.filter, tenant_id="", project_id="") == QueryFilter()
    if isinstance(source, HttpSource) and whole:
        with understood():
            return latest_first([each async for each in _summed_there(source, in_order, limit)])
    if limit is None:
        return await _of_all(source, in_order)
    if isinstance(source, StoreSource) and whole:
        keys = await source.sessions(wanted, limit)
    else:
        keys = await _latest(source, wanted, limit)
    return latest_first([each for key in keys for each in await _of_one(source, in_order, key)])


async def _of_all(source: Source, in_order: Wanted) -> list[SessionSums]:
    adding = SessionSummer()
    async with aclosing(shown(source.find(in_order))) as events:
        async for event in events:
            adding.add(event)
    return adding.latest()


async def _of_one(source: Source, in_order: Wanted, key: _Key) -> list[SessionSums]:
    """Sum up a session; as several, where some of its events leave its tenant or project to the key they came with."""
    tenant, project, session = key
    asked = in_order.filter
    narrowed = replace(
        asked, tenant_id=tenant or asked.tenant_id, project_id=project or asked.project_id, session_id=session
    )
    adding = SessionSummer()
    async with aclosing(source.find(replace(in_order, filter=narrowed))) as events:
        async for event in events:
            # To ask for an empty tenant or project is to ask for anybody's.
            if event.tenant_id in ("", tenant) and event.project_id in ("", project):
                adding.add(event)
    return adding.latest()


async def _latest(source: Source, wanted: Wanted, limit: int) -> list[_Key]:
    """Find the sessions of the newest events: so many, and those that ended when the last of them did."""
    found: dict[_Key, None] = {}
    end = order_of(None)
    async with aclosing(source.find(replace(wanted, oldest_first=False))) as events:
        async for event in events:
            at = order_of(event.timestamp)
            if len(found) >= limit and (not limit or at < end):
                break
            key = event.tenant_id, event.project_id, event.session_id
            if event.session_id and key not in found:
                found[key], end = None, at
    return list(found)


async def _summed_there(source: HttpSource, wanted: Wanted, limit: int | None) -> AsyncGenerator[SessionSums, None]:
    """List sessions as the collector has summed them up; of the longest it sums up the beginning: these are read."""
    asked, left, token = source.conditions(wanted), limit, ""
    while left is None or left > 0:
        size = _PAGE if left is None else min(left, _PAGE)
        page = await source.object("/api/sessions", [*asked, ("page_size", str(size)), ("page_token", token)])
        listed: list[dict[str, Any]] = page["sessions"]
        figures = await _figures(source, listed)
        for each in listed:
            key = _key(each)
            if (known := figures.get(key)) is not None:
                yield _sums(each, known)
            else:
                for session in await _of_one(source, wanted, key):
                    yield session
        token = page["next_page_token"]
        left = None if left is None else left - len(listed)
        if not token:
            return


async def _figures(source: HttpSource, listed: list[dict[str, Any]]) -> dict[_Key, dict[str, Any]]:
    """Ask what sessions came to; those are missing that are not summed up as a whole."""
    by_owner: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for tenant, project, session in map(_key, listed):
        # An empty one would be anybody's, and what others have under the same id be added.
        if tenant and project:
            by_owner[tenant, project].append(session)
    found: dict[_Key, dict[str, Any]] = {}
    for (tenant, project), ids in by_owner.items():
        owner = [("tenant_id", tenant), ("project_id", project)]
        for some in _parts(ids):
            left: list[str] = some
            while left:
                answer = await source.object("/api/figures", [*owner, *(("session_id", each) for each in left)])
                summed = {(tenant, project, each["session_id"]): each for each in answer["figures"]}
                found |= {key: each for key, each in summed.items() if each["whole"]}
                left = answer["left"] if summed else []
    return found


def _parts(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + _FIGURES] for start in range(0, len(ids), _FIGURES))


def _key(listed: dict[str, Any]) -> _Key:
    return listed["tenant_id"], listed["project_id"], listed["session_id"]


def _sums(listed: dict[str, Any], figures: dict[str, Any]) -> SessionSums:
    first, last = (None if listed[name] is None else timestamp_from_json(listed[name]) for name in ("first", "last"))
    tenant, project, session = _key(listed)
    return SessionSums(
        events=listed["events"],
        errors=listed["errors"],
        calls=figures["model_calls"],
        tokens=figures["tokens"],
        cost=figures["cost"],
        first=first,
        last=last,
        session_id=session,
        tenant_id=tenant,
        project_id=project,
        name=figures["name"],
        input=figures["input"],
        agents=dict.fromkeys(figures["agents"]),
    )
