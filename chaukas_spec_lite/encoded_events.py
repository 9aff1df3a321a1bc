"""Events that are no ``Event`` of ours: encoded ones, and messages of the official package and other implementations.

Their bytes are sent as they are, with what is missing behind them: encoding them again could move fields, and lose what
only the other implementation knows.
"""

# _full_name is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.message.official import encode_foreign, full_name_of
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wire.format import LEN
from chaukas_spec_lite.wire.reading import fields

if TYPE_CHECKING:
    from typing import TypeAlias

    from chaukas_spec_lite.defaults import Defaults
    from chaukas_spec_lite.message.official import EncodedMessage, ForeignMessage
    from chaukas_spec_lite.spec.common.v1.events import EventBatch

    AnyEvent: TypeAlias = Event | EncodedMessage
    """An event as programs have it in hand: ours, one of the official package, or encoded."""
    AnyBatch: TypeAlias = EventBatch | ForeignMessage
    """A batch as programs have it in hand."""

_ID, _TENANT, _PROJECT, _TIMESTAMP, _CONTENT_HASH, _BRANCH, _TAGS = (
    number << 3 | LEN for number in (1, 2, 3, 11, 19, 21, 22)
)


def encode_given(given: EncodedMessage) -> bytes | None:
    """Encode an event that is no ``Event`` of ours: bytes as they are, a message as its own class encodes it.

    Args:
        given: The event.

    Returns:
        The bytes; None if it is neither encoded nor an event of another protobuf implementation.

    Raises:
        EncodeError: The other implementation cannot encode it.
    """
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(given)
    return encode_foreign(given) if full_name_of(given) == Event._full_name else None


def complete_encoded(data: bytes, given: EncodedMessage, defaults: Defaults | None) -> bytes:
    """Check an encoded event, and fill in what it leaves empty, by fields behind what is there: that stays as it is.

    A sealed event gets nothing: its hash would be of another one.

    What a program gives as bytes may be anything, so it is decoded once. A message was encoded by its own
    implementation, which is trusted that far: only its top-level fields are looked at.

    Args:
        data: What ``encode_given`` made of the event.
        given: The event.
        defaults: Its tenant, project, branch and tags are used if the event has none. None leaves them empty.

    Raises:
        DecodeError: The bytes are no event.
    """
    if isinstance(given, (bytes, bytearray, memoryview)):
        Event.parse(data)
    try:
        # Of a field that comes several times, the last one counts.
        sizes = {tag: stop - start for _, tag, start, stop in fields(data, 0, len(data), 0)}
    except DecodeError as error:
        error.path = Event.__name__
        raise
    if sizes.get(_CONTENT_HASH):
        return data
    missing = Event()
    if not sizes.get(_ID):
        missing.event_id = uuid7()
    if _TIMESTAMP not in sizes:
        missing.timestamp = datetime.now(timezone.utc)
    if defaults is not None:
        for tag, name in ((_TENANT, "tenant_id"), (_PROJECT, "project_id"), (_BRANCH, "branch")):
            if not sizes.get(tag):
                setattr(missing, name, getattr(defaults, name))
        if _TAGS not in sizes:
            missing.tags = list(defaults.tags)
    return data + bytes(missing)
