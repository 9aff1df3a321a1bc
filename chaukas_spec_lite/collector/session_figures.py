"""What sessions came to, for lists of them: agents, tokens and cost, which stores do not keep by session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.stores.asking import MAX_PAGE_SIZE, Tenancy
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, QueryRequest, SortOrder
from chaukas_spec_lite.trace.figures import SessionSummer

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.base import EventPage

MAX_EVENTS = 3_000
"""How many events of a session are added up, its oldest. Lists are looked at often, and must stay cheap."""
MAX_PAGES = 60
"""How many pages of events one request reads. A session's first page is read whatever came before it."""

Find = Callable[[QueryRequest], Awaitable["EventPage"]]
Work = Callable[[int, Callable[[], None]], Awaitable[None]]
"""Does something with so many bytes in a thread."""


@dataclass(slots=True)
class SessionFigures:
    """What a session came to."""

    session_id: str
    name: str = ""
    input: str = ""
    """What was said to it first."""
    agents: dict[str, None] = field(default_factory=dict[str, None])
    """Their names, in the order of their appearance."""
    agents_by_id: dict[str, str] = field(default_factory=dict[str, str])
    """The names of those that have an id."""
    model_calls: int = 0
    tokens: int = 0
    cost: dict[str, float] = field(default_factory=dict[str, float])
    """The amount of each currency."""
    whole: bool = True
    """Whether all of its events are added up."""


async def sum_up(
    find: Find, work: Work, ids: Sequence[str], whose: Tenancy
) -> tuple[list[SessionFigures], Sequence[str]]:
    """Sum up sessions, until enough was read for one request.

    Args:
        find: Finds a page of events.
        work: Decodes in a thread.
        ids: The sessions' ids.
        whose: Of which tenant and project.

    Returns:
        What they came to, and the ids of those that are left.
    """
    found: list[SessionFigures] = []
    left, room = list(dict.fromkeys(ids)), MAX_PAGES
    while left:
        summer, events, token = SessionSummer(), 0, ""
        while not events or (token and events < MAX_EVENTS and room > 0):
            page = await find(_request(left[0], whose, min(MAX_PAGE_SIZE, MAX_EVENTS - events), token))
            if not page.events:
                break
            await work(sum(map(len, page.events)), partial(_add, summer, page.events))
            room, events, token = room - 1, events + len(page.events), page.next_page_token
        if token and events < MAX_EVENTS and found:
            break  # The room is at an end in the midst of it. As the first of another request it has more.
        found.append(_summed(left.pop(0), summer, whole=not token))
        if room <= 0:
            break
    return found, left


def _request(session_id: str, whose: Tenancy, size: int, token: str) -> QueryRequest:
    wanted = QueryFilter(tenant_id=whose.tenant_id or "", project_id=whose.project_id or "", session_id=session_id)
    return QueryRequest(filter=wanted, page_size=size, page_token=token, order_by_time=SortOrder.ASC)


def _add(summer: SessionSummer, events: Sequence[bytes]) -> None:
    for data in events:
        summer.add(Event.parse(data))


def _summed(session_id: str, summer: SessionSummer, *, whole: bool) -> SessionFigures:
    figures = SessionFigures(session_id, whole=whole)
    # Several, where not all of its events name its tenant and project; the key that they were sent with does for them.
    for part in summer.latest():
        figures.name = figures.name or part.name
        figures.input = figures.input or part.input
        figures.agents |= part.agents
        figures.agents_by_id |= part.agents_by_id
        figures.model_calls += part.calls
        figures.tokens += part.tokens
        for currency, amount in part.cost.items():
            figures.cost[currency] = figures.cost.get(currency, 0.0) + amount
    return figures
