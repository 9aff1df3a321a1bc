"""What is asked of a store, in no dialect: conditions, order and page. Nothing here touches a database.

What the filter's fields mean here, where the schema leaves it open:

- ``tags``: an event must have all of them. ``types``, ``statuses``, ``severities``: it must have one of them.
- ``text_query``: found without regard to case anywhere in one of the event's texts (see ``searched_text``).
- ``time``: from ``start``, inclusive, to ``end``, exclusive. An event without a timestamp lies in no range.

Events are ordered by timestamp, those of one instant by arrival; descending is exactly the reverse of ascending.
All pages of a query show the events that were there when the first page was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chaukas_spec_lite.collector.stores.asking import (
    DEFAULT_PAGE_SIZE,
    EVERYBODY,
    MAX_CHOICES,
    MAX_PAGE_SIZE,
    MAX_TEXT_LENGTH,
    Moment,
    Query,
    Tenancy,
    fold,
    moment,
)
from chaukas_spec_lite.errors import ForbiddenError, InvalidRequest
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, QueryRequest, SortOrder, TimeRange

__all__ = [
    "DEFAULT_PAGE_SIZE",
    "EVERYBODY",
    "MAX_CHOICES",
    "MAX_PAGE_SIZE",
    "MAX_TEXT_LENGTH",
    "InvalidRequest",
    "Moment",
    "Query",
    "Tenancy",
    "fold",
    "moment",
    "query_of",
]

_TEXTS = ("tenant_id", "project_id", "session_id", "agent_id", "span_id", "trace_id")
_LISTS = ("types", "statuses", "severities", "tags")


def query_of(request: QueryRequest, visible: Tenancy = EVERYBODY) -> Query:
    """Read a request.

    Args:
        request: The request.
        visible: What its caller may see, whatever the filter says.

    Raises:
        InvalidRequest: The request cannot be served; the text names the field.
        ForbiddenError: Others' events are asked for.
    """
    filter_ = request.filter or QueryFilter()
    _check_limits(filter_)
    if request.page_size < 0:
        raise InvalidRequest(f"QueryRequest.page_size: {request.page_size} is negative")
    if request.order_by_time not in (SortOrder.UNSPECIFIED, SortOrder.ASC, SortOrder.DESC):
        raise InvalidRequest(f"QueryRequest.order_by_time: {int(request.order_by_time)} is no order that is known here")
    start, end = range_of(filter_.time)
    return Query(
        tenancy=within(visible, filter_.tenant_id, filter_.project_id),
        session_id=filter_.session_id,
        agent_id=filter_.agent_id,
        span_id=filter_.span_id,
        trace_id=filter_.trace_id,
        types=_choices(filter_.types),
        statuses=_choices(filter_.statuses),
        severities=_choices(filter_.severities),
        tags=tuple(dict.fromkeys(filter_.tags)),
        text=fold(filter_.text_query),
        start=start,
        end=end,
        # Newest first unless asked otherwise: somebody who looks without asking wants what just happened.
        descending=request.order_by_time != SortOrder.ASC,
        # Cut down rather than refused, as https://google.aip.dev/158 has it.
        size=min(request.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
        page_token=request.page_token,
    )


def within(visible: Tenancy, tenant_id: str, project_id: str, message: str = "QueryFilter") -> Tenancy:
    """Whose events are meant, by somebody who may see those of a tenancy.

    Raises:
        ForbiddenError: Others' are asked for; the text names the field, and the message that it is in.
    """
    for name, wanted, own in (
        ("tenant_id", tenant_id, visible.tenant_id),
        ("project_id", project_id, visible.project_id),
    ):
        if wanted and own is not None and wanted != own:
            raise ForbiddenError(f"{message}.{name}: the key that was given is for another one")
    return Tenancy(
        visible.tenant_id if visible.tenant_id is not None else tenant_id or None,
        visible.project_id if visible.project_id is not None else project_id or None,
    )


def range_of(time: TimeRange | None) -> tuple[Moment | None, Moment | None]:
    """Read a range of time: its start, inclusive, and its end, exclusive."""
    if time is None:
        return None, None
    return (
        None if time.start is None else moment(time.start)[1:],
        None if time.end is None else moment(time.end)[1:],
    )


def _choices(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({int(each) for each in values}))


def _check_limits(filter_: QueryFilter) -> None:
    lists: dict[str, Sequence[object]] = {name: getattr(filter_, name) for name in _LISTS}
    for name, items in lists.items():
        if len(items) > MAX_CHOICES:
            raise InvalidRequest(f"QueryFilter.{name}: {len(items)} values are more than the {MAX_CHOICES} allowed")
    texts = {name: getattr(filter_, name) for name in (*_TEXTS, "text_query")}
    texts.update((f"tags[{i}]", tag) for i, tag in enumerate(filter_.tags))
    for name, text in texts.items():
        if len(text) > MAX_TEXT_LENGTH:
            raise InvalidRequest(
                f"QueryFilter.{name}: {len(text)} characters are more than the {MAX_TEXT_LENGTH} allowed"
            )
