"""What calls of the client are given by mistake, and which call takes it.

One event for several, several for one, a message around them or their bytes: each has a method that takes it.
"""

# _full_name is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.message.official import encode_foreign, full_name_of, not_the_message
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest, IngestEventRequest
from chaukas_spec_lite.spec.common.v1.events import Event, EventBatch
from chaukas_spec_lite.wire.envelopes import events_of_batch
from chaukas_spec_lite.wire.refusals import named

if TYPE_CHECKING:
    from chaukas_spec_lite.encoded_events import AnyEvent


def no_event(given: object, index: int | None = None) -> TypeError:
    """Make the error of a call that was given something else as an event.

    Args:
        given: What it was given.
        index: Its place among several events; None if it was given alone.
    """
    if name := full_name_of(given):
        call = "ingest_event" if index is None else f"ingest_events, as events[{index}],"
        return not_the_message(call, Event._full_name, name, _instead(given))
    call = "ingest_event expects an Event" if index is None else f"ingest_events expects an Event as events[{index}]"
    return TypeError(f"{call}, got {named(given)}; {_instead(given)}")


def several_events(given: Any) -> Iterable[AnyEvent]:
    """Return the events in what ``ingest_events`` was given.

    Raises:
        TypeError: It can hold none; the error says which call takes it.
        EncodeError: It is a batch of another implementation, which cannot encode it.
    """
    if isinstance(given, EventBatch):
        return given.events
    if full_name_of(given) == EventBatch._full_name:
        return events_of_batch(encode_foreign(given))
    if not _is_several(given) or issubclass(type(given), (str, dict, bytes, bytearray, memoryview)):
        got = full_name_of(given) or named(given)
        raise TypeError(f"ingest_events expects a list of events, got {got}; {_instead(given)}")
    events: Iterable[AnyEvent] = given
    return events


def encoded(given: Any) -> Sequence[bytes]:
    """Return what ``ingest_encoded`` was given, if it is encoded events.

    Raises:
        TypeError: It is not; the error says which call takes it.
    """
    items: list[Any] = [given] if isinstance(given, str) or _is_bytes(given) or not _is_several(given) else list(given)
    wrong = [item for item in items if not _is_bytes(item)]
    if wrong or _is_bytes(given):
        got = named(wrong[0] if wrong else given)
        hint = _instead(wrong[0]) if wrong else "write [data] for one encoded event"
        raise TypeError(f"ingest_encoded expects a list of bytes, got {got}; {hint}")
    return [bytes(item) for item in items]


def _is_bytes(given: object) -> bool:
    return isinstance(given, (bytes, bytearray, memoryview))


def _is_several(given: object) -> bool:
    return hasattr(given, "__iter__")


def _instead(given: object) -> str:
    """Say which call takes something."""
    name = given._full_name if isinstance(given, Message) else full_name_of(given)
    if name in _CALLS:
        return _CALLS[name]
    if _is_bytes(given):
        return "use ingest_event for one encoded event"
    if isinstance(given, dict):
        return "make an event of it with Event(...) or Event.from_dict(...)"
    return "use ingest_events for several events" if _is_several(given) and not isinstance(given, str) else _MAKE


_MAKE = "make an event with Event(...)"

_CALLS = {
    Event._full_name: "use ingest_event for one event",
    EventBatch._full_name: "use ingest_events(batch)",
    IngestEventRequest._full_name: "use ingest_event(request.event)",
    IngestEventBatchRequest._full_name: "use ingest_events(request.event_batch)",
}
"""The call that takes a message, or what is in it, by the message's name: ours and the official ones alike."""
