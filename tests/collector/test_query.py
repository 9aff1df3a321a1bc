"""From requests to queries: what is refused. What queries find is in tests/collector/stores/test_queries.py."""

from __future__ import annotations

import base64

import pytest

from chaukas_spec_lite import EventStatus, EventType, QueryFilter, QueryRequest, Severity, SortOrder
from chaukas_spec_lite.collector.page_tokens import PageTokens, What
from chaukas_spec_lite.collector.query import MAX_TEXT_LENGTH, Query, Tenancy, query_of
from chaukas_spec_lite.collector.stores.base import ERROR_TYPE, FAILED_STATUS
from chaukas_spec_lite.errors import InvalidRequest


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (QueryRequest(page_size=-1), "QueryRequest.page_size: -1 is negative"),
        (QueryRequest(order_by_time=SortOrder(9)), "QueryRequest.order_by_time: 9 is no order that is known here"),
        (QueryRequest(QueryFilter(text_query="x" * (MAX_TEXT_LENGTH + 1))), "QueryFilter.text_query: 1001 characters"),
        (QueryRequest(QueryFilter(tags=["x", "x" * 1001])), r"QueryFilter.tags\[1\]: 1001 characters"),
        (QueryRequest(QueryFilter(session_id="x" * 1001)), "QueryFilter.session_id: 1001 characters"),
        (QueryRequest(QueryFilter(types=[EventType.ERROR] * 101)), "QueryFilter.types: 101 values are more than"),
        (QueryRequest(QueryFilter(tags=["x"] * 101)), "QueryFilter.tags: 101 values are more than"),
    ],
)
def test_what_is_no_query(request_: QueryRequest, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^{problem}"):
        query_of(request_)


def test_page_sizes_are_cut_down() -> None:
    sizes = {0: 100, 3: 3, 1000: 1000, 1001: 1000, 2**31 - 1: 1000}
    assert {size: query_of(QueryRequest(page_size=size)).size for size in sizes} == sizes


def test_lists_name_each_value_once() -> None:
    query = query_of(QueryRequest(QueryFilter(types=[EventType.ERROR, EventType.ERROR], tags=["b", "a", "b"])))
    assert (query.types, query.tags) == ((int(EventType.ERROR),), ("b", "a"))


def test_whatever_page_is_asked_for_it_is_the_same_query() -> None:
    wanted = QueryFilter(severities=[Severity.INFO], statuses=[EventStatus.FAILED])
    first = query_of(QueryRequest(wanted))
    assert first.fingerprint == query_of(QueryRequest(wanted, page_size=5, page_token="x")).fingerprint
    others = [
        query_of(QueryRequest(wanted, order_by_time=SortOrder.ASC)),
        query_of(QueryRequest(wanted), Tenancy("acme")),
        query_of(QueryRequest(QueryFilter(severities=[Severity.INFO]))),
        query_of(QueryRequest()),
    ]
    assert len({each.fingerprint for each in (first, *others)}) == 5
    assert query_of(QueryRequest()).fingerprint == query_of(QueryRequest(QueryFilter())).fingerprint


def test_stores_count_as_errors_what_the_schema_calls_so() -> None:
    """They know the numbers alone."""
    assert (ERROR_TYPE, FAILED_STATUS) == (EventType.ERROR, EventStatus.FAILED)


def test_a_token_does_not_tell_how_much_has_arrived() -> None:
    """What is counted in it is the arrivals of all tenants."""
    tokens = PageTokens(b"s" * 32)
    written = [tokens.write(Query(), number, (1, 2, 3, number)) for number in range(1000, 1100)]
    decoded = [base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) for token in written]
    for at, token in enumerate(written):
        assert tokens.read(Query(page_token=token)) == (1000 + at, (1, 2, 3, 1000 + at))
    # Nothing of the two numbers is left: not even that they begin alike.
    for place in range(29):
        assert len({data[place] for data in decoded}) > 40
    with pytest.raises(InvalidRequest, match="no such token"):
        tokens.read(Query(page_token=written[0]), What("others", "no such token"))
