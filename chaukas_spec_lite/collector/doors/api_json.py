"""The JSON of what the calls under ``/api`` are asked and answer, which commands write, too."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.collector.doors import platform_json
from chaukas_spec_lite.collector.doors.api_parameters import RANGE, Given, number_of, text_of
from chaukas_spec_lite.collector.stores.asking import MAX_PAGE_SIZE
from chaukas_spec_lite.errors import InvalidRequest, JSONError
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, QueryRequest
from chaukas_spec_lite.wire.fields import fields_of

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.base import Conflict, DeletionRecord, Rejected


def query_of(given: Given, *, order: str = "DESC") -> QueryRequest:
    """Read the conditions, order and page of a query.

    Args:
        given: The parameters that were given.
        order: The order, unless one was given.

    Raises:
        InvalidRequest: A value is none of its parameter.
    """
    conditions: dict[str, Any] = {
        field.name: given[field.name] if field.label == "repeated" else text_of(given, field.name)
        for field in fields_of(QueryFilter)
        if given.get(field.name)
    }
    if time := {each.name: text_of(given, each.name) for each in RANGE if given.get(each.name)}:
        conditions["time"] = time
    request = {
        "filter": conditions,
        "page_size": number_of(given, "page_size", MAX_PAGE_SIZE),
        "page_token": text_of(given, "page_token"),
        "order_by_time": text_of(given, "order_by_time") or order,
    }
    try:
        return platform_json.read_message(QueryRequest, request)
    except JSONError as error:
        where = error.path.removeprefix("$.").removeprefix("filter.").removeprefix("time.")
        raise InvalidRequest(f"{where}: {error.message}") from None


def event(data: bytes) -> dict[str, Any]:
    """Write an event that is stored. Takes time."""
    return platform_json.write_event(Event.parse(data))


def conflict(given: Conflict) -> dict[str, Any]:
    """Write an event that came under the id of another one. Takes time."""
    row = given.row
    return {
        "tenant_id": row.tenant_id,
        "project_id": row.project_id,
        "event_id": row.event_id,
        "received": clock_time(given.received),
        "event": event(row.data),
    }


def rejected(given: Rejected) -> dict[str, Any]:
    """Write what could not be stored as an event."""
    return {
        "tenant_id": given.tenant_id,
        "project_id": given.project_id,
        "event_id": given.event_id,
        "reason": given.reason,
        "received": clock_time(given.received),
        "data": b64encode(given.data).decode("ascii"),
    }


def deletion(given: DeletionRecord) -> dict[str, Any]:
    """Write the record of a deletion."""
    of = given.deletion
    return {
        "tenant_id": of.tenancy.tenant_id,
        "project_id": of.tenancy.project_id,
        "session_id": of.session_id,
        "reason": of.reason,
        "at": clock_time(given.at),
        "events": given.events,
    }


def clock_time(seconds: float) -> str:
    """Write the time of a store's clock, in seconds since 1970, as RFC 3339."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
