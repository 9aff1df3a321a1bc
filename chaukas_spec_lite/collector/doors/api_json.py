"""The JSON of what the calls under ``/api`` are asked and answer, which commands write, too."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.collector.doors import platform_json
from chaukas_spec_lite.collector.doors.api_parameters import RANGE, Given, flag_of, number_of, text_of
from chaukas_spec_lite.collector.doors.clock_time import clock_time
from chaukas_spec_lite.collector.stores.asking import MAX_PAGE_SIZE, SessionFilter, moment
from chaukas_spec_lite.errors import InvalidRequest, JSONError
from chaukas_spec_lite.spec.common.v1.events import Event, EventType
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, QueryRequest
from chaukas_spec_lite.trace.series import By
from chaukas_spec_lite.wellknown.times import datetime_from_wire
from chaukas_spec_lite.wellknown.timetext import timestamp_from_json, timestamp_to_json
from chaukas_spec_lite.wire.fields import fields_of

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.session_figures import SessionFigures
    from chaukas_spec_lite.collector.stores.asking import Moment
    from chaukas_spec_lite.collector.stores.base import (
        Conflict,
        DeletionRecord,
        EventPage,
        EventStats,
        Rejected,
        SessionPlace,
        SessionSummary,
    )
    from chaukas_spec_lite.collector.stores.following import Followed
    from chaukas_spec_lite.wire.fields import FieldData


def query_of(given: Given, *, order: str = "DESC") -> QueryRequest:
    """Read the conditions, order and page of a query.

    Args:
        given: The parameters that were given.
        order: The order, unless one was given.

    Raises:
        InvalidRequest: A value is none of its parameter.
    """
    conditions: dict[str, Any] = {
        field.name: _several(given[field.name], field) if field.label == "repeated" else text_of(given, field.name)
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


def _several(texts: Sequence[str], field: FieldData) -> Sequence[str | int]:
    """The values of a condition; what an enum has no name for is asked for by its number, as it is answered."""
    if field.kind != "enum":
        return texts
    return [int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else text for text in texts]


def sessions_of(given: Given) -> SessionFilter:
    """Read which sessions are wanted; raises ``InvalidRequest``."""
    return SessionFilter(
        agent_id=text_of(given, "agent_id"),
        with_errors=flag_of(given, "errors"),
        start=moment_of(given, "start"),
        end=moment_of(given, "end"),
    )


def by_of(given: Given) -> By:
    """Read what a series tells apart; raises ``InvalidRequest``."""
    text = text_of(given, "by")
    try:
        return By(text)
    except ValueError:
        raise InvalidRequest(f"by: {text[:20]!r} is neither model nor agent") from None


def moment_of(given: Given, name: str) -> Moment | None:
    """Read a time; None if it was not given. Raises ``InvalidRequest``."""
    text = text_of(given, name)
    try:
        return moment(timestamp_from_json(text))[1:] if text else None
    except ValueError as error:
        raise InvalidRequest(f"{name}: {error}") from None


def event(data: bytes) -> dict[str, Any]:
    """Write an event that is stored. Takes time."""
    return platform_json.write_event(Event.parse(data))


def page(found: EventPage) -> dict[str, Any]:
    """Write a page of events. Takes time."""
    return {
        "events": [event(data) for data in found.events],
        "next_page_token": found.next_page_token,
        "scanned": found.scanned,
    }


def arrivals(found: Followed) -> dict[str, Any]:
    """Write what has arrived. Takes time."""
    return {"events": [event(data) for data in found.events], "cursor": found.cursor, "more": found.more}


def counts(found: EventStats) -> dict[str, Any]:
    """Write how many events there are."""
    names = {number: name for name, number in platform_json.bare_names(EventType).items()}
    return {
        "events": found.events,
        "sessions": found.sessions,
        "by_type": {names.get(number, str(number)): count for number, count in sorted(found.by_type.items())},
        "mean_session_ms": found.mean_session_ms,
        "conflicts": found.conflicts,
        "rejected": found.rejected,
    }


def session(given: SessionSummary) -> dict[str, Any]:
    """Write a session as lists show it."""
    timed = given.first != (0, 0) or given.last != (0, 0)
    return {
        "tenant_id": given.tenant_id,
        "project_id": given.project_id,
        "session_id": given.session_id,
        "events": given.events,
        "errors": given.errors,
        "first": moment_text(given.first) if timed else None,
        "last": moment_text(given.last) if timed else None,
    }


def figures(given: SessionFigures) -> dict[str, Any]:
    """Write what a session came to."""
    return asdict(given) | {"agents": list(given.agents)}


def moment_text(moment: Moment) -> str | None:
    """Write the timestamp of an event as RFC 3339; None where that has none, as before the year 1."""
    try:
        return timestamp_to_json(datetime_from_wire(*moment))
    except ValueError:
        return None


def sessions_token(listed: Sequence[SessionSummary]) -> str:
    """Return the token of the page after a list of sessions.

    Nothing but what the list shows stands in it, so it is no secret: whoever changes it asks for another page.
    """
    return urlsafe_b64encode(json.dumps(listed[-1].place).encode()).decode("ascii")


def session_place(token: str) -> SessionPlace | None:
    """Read the token of a page of sessions; raises ``InvalidRequest``."""
    if not token:
        return None
    try:
        place: Any = json.loads(urlsafe_b64decode(token.encode("ascii")))
        seconds, nanos, *names = place
        if (
            all(type(each) is int for each in (seconds, nanos))
            and (-(2**63) <= seconds < 2**63 and 0 <= nanos < 10**9)
            and (len(names) == 3 and all(isinstance(name, str) and _is_text(name) for name in names))
        ):
            return seconds, nanos, names[0], names[1], names[2]
    except (ValueError, TypeError):  # no base64, no JSON, no list, or half a surrogate pair
        pass
    raise InvalidRequest("page_token: not the next_page_token of a list of sessions")


def _is_text(name: str) -> bool:
    """Whether it is no half of a surrogate pair, which no store can look for."""
    return name.encode(errors="ignore").decode() == name


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
        "by": of.by,
        "at": clock_time(given.at),
        "events": given.events,
    }
