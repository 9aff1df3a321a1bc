"""How requests are read from each form that they may have, and answers written: see ``http_media``."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from chaukas_spec_lite.collector.doors import platform_json
from chaukas_spec_lite.collector.doors.http_media import Form
from chaukas_spec_lite.errors import CodecError, DecodeError, InvalidRequest, JSONError, TooMuchError
from chaukas_spec_lite.protojson.load_values import is_object
from chaukas_spec_lite.protojson.problem import json_type
from chaukas_spec_lite.protojson.text import decode, parse
from chaukas_spec_lite.spec.client.v1.client import (
    IngestEventBatchRequest,
    IngestEventRequest,
    QueryEventsRequest,
    QueryEventsResponse,
)
from chaukas_spec_lite.spec.common.v1.events import Event, EventBatch
from chaukas_spec_lite.spec.common.v1.query import QueryRequest
from chaukas_spec_lite.wire.envelopes import page_response
from chaukas_spec_lite.wire.scalars import is_array

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.receipts import IngestLimits
    from chaukas_spec_lite.collector.stores.base import EventPage

_EVENTS_AT_ONCE = 50
"""How many events are read before others get their turn: some milliseconds."""
_BRACKETS_PER_EVENT = 10
_BYTES_PER_BRACKET = 32
"""Beyond so many objects and arrays for each event that a batch may have, they need so many bytes each."""


@dataclass(slots=True)
class Batch:
    """Events that were read one by one from JSON, and what could not be read."""

    batch_id: str = ""
    events: list[bytes] = field(default_factory=list[bytes])
    places: list[int] = field(default_factory=list[int])
    """Where each of the events stood."""
    unread: list[Unread] = field(default_factory=list["Unread"])


class Unread(NamedTuple):
    """An event that could not be read."""

    position: int
    event_id: str
    reason: str
    data: bytes
    """As it came, or nearly: JSON."""


def read_event(data: bytes, form: Form, limits: IngestLimits) -> Generator[None, None, bytes]:
    """Read a single event from one of the two kinds of JSON, in steps that each take time.

    Raises:
        JSONError: It is no such request.
        InvalidRequest: It has no event.
        TooMuchError: It is above a limit.
    """
    value = _parsed(data, limits)
    yield
    if form is Form.JSON:
        return bytes(platform_json.read_event(value))
    event = IngestEventRequest.from_dict(value).event
    if event is None:
        raise InvalidRequest("$.event: not set, so there is nothing to store")
    return bytes(event)


def read_batch(data: bytes, form: Form, limits: IngestLimits) -> Generator[None, None, Batch]:
    """Read a batch from one of the two kinds of JSON, in steps that each take some time.

    Events that cannot be read are noted, and the others read.

    Raises:
        JSONError: It is no such request.
        InvalidRequest: It has no batch.
        TooMuchError: It is above a limit; no event has been read.
    """
    value, path = _parsed(data, limits), "$"
    yield
    read: Callable[[Any], Event] = platform_json.read_event if form is Form.JSON else Event.from_dict
    if form is Form.PROTOJSON:
        value, path = _the_batch(value)
    batch, events = _head(value, path)
    limits.check_events(len(events), len(data), f"{path}.events")
    for position, given in enumerate(events):
        if position and position % _EVENTS_AT_ONCE == 0:
            yield
        try:
            batch.events.append(bytes(read(given)))
            batch.places.append(position)
        except CodecError as error:
            reason = f"{path}.events[{position}]{error.path.removeprefix('$')}: {error.message}"
            batch.unread.append(Unread(position, _id_of(given), reason, _kept(given)))
    return batch


def _parsed(data: bytes, limits: IngestLimits) -> Any:
    """Parse JSON, unless most of it is brackets: an empty object takes thirty times its two bytes."""
    brackets = data.count(b"{") + data.count(b"[")
    if brackets > limits.max_events * _BRACKETS_PER_EVENT and brackets * _BYTES_PER_BRACKET > len(data):
        raise TooMuchError(
            f"$: {brackets} objects and arrays, of less than {_BYTES_PER_BRACKET} bytes each; send smaller requests"
        )
    return parse(decode(data))


def _the_batch(value: Any) -> tuple[Any, str]:
    """Return what an ``IngestEventBatchRequest`` in ProtoJSON holds, which may have both of its names."""
    if is_object(value):
        for name in ("eventBatch", "event_batch"):
            if [*value] == [name]:
                return value[name], f"$.{name}"
    # Whatever else it is, this says what is wrong with it.
    IngestEventBatchRequest.from_dict(value)
    raise InvalidRequest("$.eventBatch: not set, so there is nothing to store")


def _head(value: Any, path: str) -> tuple[Batch, Sequence[Any]]:
    """Read what a batch has beside its events; return them, too."""
    if not is_object(value):
        raise JSONError(f"expected an object, got {json_type(value)}", path=path)
    events: Any = value.get("events")
    if not is_array(events):
        raise JSONError("expected an array of events", path=f"{path}.events")
    try:
        # But for the events, both kinds of JSON are the same here.
        head = EventBatch.from_dict({name: given for name, given in value.items() if name != "events"})
    except JSONError as error:
        raise JSONError(error.message, path=path + error.path.removeprefix("$")) from None
    return Batch(head.batch_id), events


def _kept(given: Any) -> bytes:
    """An event that could not be read, as it came, or nearly."""
    try:
        return json.dumps(given).encode()
    except RecursionError:
        return b"nested too deeply to be kept"


def _id_of(given: Any) -> str:
    found = (given.get("event_id") or given.get("eventId")) if is_object(given) else None
    return found if isinstance(found, str) else ""


def read_query(data: bytes, form: Form) -> QueryRequest:
    """Read a query. Takes time.

    Raises:
        InvalidRequest: It is no encoded query.
        JSONError: It is no query in JSON.
    """
    if form is Form.JSON:
        return platform_json.read_message(QueryRequest, parse(decode(data)))
    try:
        request = QueryEventsRequest.parse(data) if form is Form.BINARY else QueryEventsRequest.from_json(data)
    except DecodeError as error:
        raise InvalidRequest(str(error)) from error
    return request.query or QueryRequest()


def write_page(page: EventPage, form: Form) -> bytes:
    """Write the answer to a query. Takes time.

    Raises:
        JSONError: An event has no ProtoJSON, such as one with an extension whose type is not known here.
    """
    if form is Form.JSON:
        events = [platform_json.write_event(Event.parse(data)) for data in page.events]
        return json.dumps({"events": events, "next_page_token": page.next_page_token}).encode()
    response = page_response(page.events, page.next_page_token)
    return response if form is Form.BINARY else QueryEventsResponse.parse(response).to_json().encode()
