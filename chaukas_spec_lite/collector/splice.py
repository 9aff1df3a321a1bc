"""Cutting events out of requests and putting them into responses, as the bytes they are.

What is stored is what was sent: encoding an event again could move its fields, and nobody could check its hash.
"""

from __future__ import annotations

from collections.abc import Iterable

from chaukas_spec_lite.wire.format import LEN, size
from chaukas_spec_lite.wire.reading import fields

_EVENT_OF_REQUEST = 1 << 3 | LEN
_BATCH_OF_REQUEST = 1 << 3 | LEN
_EVENTS_OF_BATCH = 3 << 3 | LEN
_EVENTS_OF_PAGE = b"\x0a"
_TOKEN_OF_PAGE = b"\x12"
_PAGE_OF_RESPONSE = b"\x0a"

MAX_FRAME_BYTES = 6
"""How many bytes stand before an event, a token or a page at most: a tag of one byte, and a length of up to 31 bits."""


def event_of(request: bytes) -> bytes:
    """The event in an encoded ``IngestEventRequest``.

    A field that occurs twice is merged, which is what putting the encodings one behind the other means.
    """
    return b"".join(_contents(request, _EVENT_OF_REQUEST))


def events_of(request: bytes) -> list[bytes]:
    """The events in an encoded ``IngestEventBatchRequest``."""
    return _contents(b"".join(_contents(request, _BATCH_OF_REQUEST)), _EVENTS_OF_BATCH)


def _contents(data: bytes, wanted: int) -> list[bytes]:
    return [data[start:stop] for _, tag, start, stop in fields(data, 0, len(data), 0) if tag == wanted]


def page_of(events: Iterable[bytes], next_page_token: str) -> bytes:
    """An encoded ``QueryEventsResponse`` with encoded events in it."""
    parts = [part for event in events for part in (_EVENTS_OF_PAGE, _size(event), event)]
    if next_page_token:
        token = next_page_token.encode()
        parts += [_TOKEN_OF_PAGE, _size(token), token]
    page = b"".join(parts)
    return _PAGE_OF_RESPONSE + _size(page) + page


def _size(data: bytes) -> bytes:
    return size(len(data)).encode("latin-1")
