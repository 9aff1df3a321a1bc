"""Queries of every store against a plain reading of the filter in Python, over real events and odd ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import Event, EventStatus, EventType, QueryFilter, QueryRequest, Severity, SortOrder, TimeRange
from chaukas_spec_lite.collector.page_tokens import TOKEN_LENGTH
from chaukas_spec_lite.collector.query import MAX_CHOICES, MAX_TEXT_LENGTH, query_of
from chaukas_spec_lite.collector.stores.asking import fold
from chaukas_spec_lite.collector.stores.base import Addition, EventPage
from chaukas_spec_lite.errors import InvalidRequest
from chaukas_spec_lite.wellknown.times import WireDatetime, wire_from_datetime
from tests import realdata
from tests.collector.stores.conftest import KINDS, place_for
from tests.collector.stores.events import ROOM, row_of, texts_in

Find = Callable[[QueryRequest], EventPage]


def odd_events() -> list[bytes]:
    """What the recorded sessions lack: no timestamp, one instant for many, tags, other tenants, text of all kinds."""
    noon = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
    times = [None, noon, noon, noon + timedelta(microseconds=1), WireDatetime(2**63 - 1, 5), WireDatetime(-(2**63), 0)]
    times += [WireDatetime(int(noon.timestamp()), 1), WireDatetime(int(noon.timestamp()) + 1, -999_999_999)]
    return [
        bytes(
            Event(
                event_id=f"odd-{number}",
                tenant_id=["", "acme", "tenant\x00two"][number % 3],
                project_id=["", "p"][number % 2],
                session_id=f"s{number % 4}",
                agent_id=f"a{number % 2}",
                span_id=f"span{number}",
                trace_id=f"t{number % 5}",
                type=[EventType.SYSTEM, EventType.ERROR, EventType(77)][number % 3],
                status=EventStatus(number % 6),
                severity=Severity(number % 5),
                timestamp=times[number % len(times)],
                tags=[["odd:prod", "b"], ["odd:prod"], [], ["b", "b", "ß"], ["", "b"]][number % 5],
                metadata={"key": ["STRASSE", {"deep": "Ünder\x00line"}, None, True, 1.5]} if number % 2 else None,
                agent_name=["Straße", "100% _real_", "x\ny", "İstanbul"][number % 4],
            )
        )
        for number in range(40)
    ]


DATA = [*realdata.events(), *odd_events()]
EVENTS = [Event.parse(data) for data in DATA]


@pytest.fixture(scope="module", params=KINDS)
def find(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    """Runs queries on a store of each kind that holds ``DATA``."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(place_for(request, tmp_path_factory))
        runner = stack.enter_context(asyncio.Runner() if hasattr(asyncio, "Runner") else _Runner())
        store = place.store()
        runner.run(store.open())
        rows = [row_of(event, data) for event, data in zip(EVENTS, DATA, strict=True)]
        assert runner.run(store.add(rows)) == [Addition.NEW] * len(DATA)
        yield lambda request: runner.run(store.find(query_of(request), ROOM))
        runner.run(store.close())


class _Runner:
    """What ``asyncio.Runner`` is, for Python 3.10."""

    def __enter__(self) -> _Runner:
        self._loop = asyncio.new_event_loop()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.close()

    def run(self, awaitable: Any) -> Any:
        return self._loop.run_until_complete(awaitable)


FOLDED = {event.event_id: [fold(text) for text in texts_in(event)] for event in EVENTS}


def instant(timestamp: datetime) -> int:
    seconds, nanos, _ = wire_from_datetime(timestamp)
    return seconds * 10**9 + nanos


def matches(event: Event, wanted: QueryFilter) -> bool:
    names = ("tenant_id", "project_id", "session_id", "agent_id", "span_id", "trace_id")
    start, end = (wanted.time.start, wanted.time.end) if wanted.time else (None, None)
    return (
        all(getattr(wanted, name) in ("", getattr(event, name)) for name in names)
        and (not wanted.types or event.type in wanted.types)
        and (not wanted.statuses or event.status in wanted.statuses)
        and (not wanted.severities or event.severity in wanted.severities)
        and all(tag in event.tags for tag in wanted.tags)
        and any(fold(wanted.text_query) in text for text in FOLDED[event.event_id])
        and (start is None or (event.timestamp is not None and instant(event.timestamp) >= instant(start)))
        and (end is None or (event.timestamp is not None and instant(event.timestamp) < instant(end)))
    )


def expected(request: QueryRequest) -> list[bytes]:
    """All that a query finds, in order; Python's sort is stable, so events of one instant stay as they came."""
    found = [pair for pair in zip(EVENTS, DATA, strict=True) if matches(pair[0], request.filter or QueryFilter())]
    found.sort(key=lambda pair: (False, 0) if pair[0].timestamp is None else (True, instant(pair[0].timestamp)))
    ordered = [data for _, data in found]
    return ordered if request.order_by_time == SortOrder.ASC else ordered[::-1]


def every_page(find: Find, request: QueryRequest) -> list[bytes]:
    found: list[bytes] = []
    while True:
        page = find(request)
        assert len(page.events) <= (request.page_size or 100)
        found += page.events
        if not page.next_page_token:
            return found
        assert len(page.next_page_token) <= TOKEN_LENGTH
        request = QueryRequest(request.filter, request.page_size, page.next_page_token, request.order_by_time)


def some(name: str) -> st.SearchStrategy[str]:
    values = sorted({getattr(event, name) for event in EVENTS})
    return st.just("") | st.sampled_from(values) | st.just("nowhere")


def sublists(name: str) -> st.SearchStrategy[list[Any]]:
    values = sorted({getattr(event, name) for event in EVENTS})
    return st.just([]) | st.lists(st.sampled_from(values), max_size=4)


MOMENTS = st.none() | st.sampled_from(sorted({event.timestamp for event in EVENTS if event.timestamp is not None}))
PIECES = st.sampled_from(sorted({text for event in EVENTS for text in texts_in(event) if text})).flatmap(
    lambda text: st.tuples(st.integers(0, len(text)), st.integers(1, 20)).map(lambda cut: text[cut[0] :][: cut[1]])
)
SEARCHED = st.just("") | PIECES | PIECES.map(str.upper) | st.sampled_from(["%", "_", "*", "\x1f", "\x00", "ss", "i̇"])
TAGS = st.just([]) | st.lists(st.sampled_from(sorted({tag for event in EVENTS for tag in event.tags})), max_size=3)


@st.composite
def filters(draw: st.DrawFn) -> QueryFilter:
    """Filters with few conditions, so that most of them find something."""
    conditions: dict[str, st.SearchStrategy[Any]] = {
        **{name: some(name) for name in ("tenant_id", "project_id", "session_id", "agent_id", "span_id", "trace_id")},
        "types": sublists("type"),
        "statuses": sublists("status"),
        "severities": sublists("severity"),
        "tags": TAGS,
        "text_query": SEARCHED,
        "time": st.none() | st.builds(TimeRange, start=MOMENTS, end=MOMENTS),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(conditions)), max_size=3, unique=True))
    return QueryFilter(**{name: draw(conditions[name]) for name in chosen})


@pytest.mark.searched
@given(st.none() | filters(), st.sampled_from([0, 1, 90, 1000]), st.sampled_from(list(SortOrder)))
def test_queries_find_what_the_filter_says(
    find: Find, wanted: QueryFilter | None, page_size: int, order: SortOrder
) -> None:
    request = QueryRequest(filter=wanted, page_size=page_size, order_by_time=order)
    everything = expected(request)
    if page_size == 1:
        assert find(request).events == everything[:1]
    else:
        assert every_page(find, request) == everything


def test_every_condition_finds_something_and_not_everything(find: Find) -> None:
    """The test above would pass on filters that select nothing, or all."""
    noon = datetime(2026, 1, 2, 12, tzinfo=timezone.utc)
    for wanted, count in [
        (QueryFilter(tenant_id="tenant\x00two"), 13),
        (QueryFilter(project_id="p"), 20),
        (QueryFilter(span_id="span7"), 1),
        (QueryFilter(types=[EventType(77)]), 13),
        (QueryFilter(severities=[Severity.WARN, Severity.ERROR], project_id="p"), 8),
        (QueryFilter(tags=["odd:prod"]), 16),
        (QueryFilter(tags=["odd:prod", "b"]), 8),
        (QueryFilter(tags=["ß"]), 8),
        (QueryFilter(text_query="strasse"), 30),
        (QueryFilter(text_query="underline"), 0),
        (QueryFilter(text_query="ÜNDER\x00LINE"), 20),
        (QueryFilter(text_query="100% _"), 10),
        (QueryFilter(time=TimeRange(start=noon, end=noon + timedelta(microseconds=1))), 20),
        (QueryFilter(time=TimeRange(start=WireDatetime(2**63 - 1, 0))), 5),
        (QueryFilter(time=TimeRange(end=WireDatetime(-(2**62), 0))), 5),
        (QueryFilter(time=TimeRange(start=noon, end=noon)), 0),
    ]:
        found = find(QueryRequest(filter=wanted, page_size=1000)).events
        assert (wanted, len(found)) == (wanted, count)


def test_the_longest_filter_can_be_run(find: Find) -> None:
    """SQLite limits how many parameters a statement has, and how deep it nests."""
    most = QueryFilter(
        types=[EventType(number) for number in range(MAX_CHOICES)],
        statuses=[EventStatus(number) for number in range(MAX_CHOICES)],
        severities=[Severity(number) for number in range(MAX_CHOICES)],
        tags=[f"tag{number}" for number in range(MAX_CHOICES)],
        text_query="x" * MAX_TEXT_LENGTH,
    )
    assert find(QueryRequest(filter=most)).events == []


def test_page_sizes(find: Find) -> None:
    assert len(find(QueryRequest()).events) == 100
    assert len(find(QueryRequest(page_size=3)).events) == 3
    assert len(find(QueryRequest(page_size=2**31 - 1)).events) == 1000


def test_a_token_belongs_to_one_query(find: Find) -> None:
    wanted = QueryFilter(severities=[Severity.INFO])
    token = find(QueryRequest(wanted, page_size=2)).next_page_token
    assert find(QueryRequest(wanted, page_size=5, page_token=token)).events  # the size may change
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    others = [
        QueryRequest(QueryFilter(severities=[Severity.WARN]), page_token=token),
        QueryRequest(None, page_token=token),
        QueryRequest(wanted, page_token=token, order_by_time=SortOrder.ASC),
        *(QueryRequest(wanted, page_token=bad) for bad in (changed, token[1:], token + "A", token + "=", token[::-1])),
    ]
    for other in others:
        with pytest.raises(InvalidRequest, match="page_token"):
            find(other)


def test_no_filter_and_an_empty_one_are_the_same_query(find: Find) -> None:
    token = find(QueryRequest(page_size=2)).next_page_token
    assert find(QueryRequest(QueryFilter(), page_token=token)).events
