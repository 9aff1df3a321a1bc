"""What stands around encoded events on their way: the batches they travel in, the messages they are spliced into.

Client, exporter and collector all pass events on as the bytes they are. Encoding an event again could move its fields,
and then nobody could check its hash. So nothing here knows a message, only the numbers of the fields that hold events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.wire.format import LEN
from chaukas_spec_lite.wire.format import size as size_text
from chaukas_spec_lite.wire.reading import fields

T = TypeVar("T")

_ID_OF_EVENT = 1 << 3 | LEN
_EVENT_OF_REQUEST = 1 << 3 | LEN
_BATCH_OF_REQUEST = 1 << 3 | LEN
_EVENTS_OF_BATCH = 3 << 3 | LEN
_EVENTS_OF_PAGE = 1 << 3 | LEN
_TOKEN_OF_PAGE = 2 << 3 | LEN
_PAGE_OF_RESPONSE = 1 << 3 | LEN

MAX_FRAME_BYTES = 6
"""How many bytes stand before an event, a token or a page at most: a tag of one byte, and a length of up to 31 bits."""

OVERHEAD = 96
"""More bytes than a batch request needs beside its events: tags, lengths, the batch's id and timestamp."""


# Batches


def batches(items: Iterable[T], size_of: Callable[[T], int], max_events: int, max_bytes: int) -> Iterator[list[T]]:
    """Cut events into batches that keep their order, taking them from ``items`` only as they are needed.

    Args:
        items: The events, in whatever form.
        size_of: Tells the bytes of an encoded event.
        max_events: How many events a batch has at most.
        max_bytes: How many bytes they have at most, with their tags and lengths. An event that is larger makes a batch
            of its own.
    """
    batch: list[T] = []
    total = 0
    for item in items:
        framed = framed_size(size_of(item))
        # Only with something in it: a single event that is too large has to go out by itself, or it would never go.
        if batch and (len(batch) == max_events or total + framed > max_bytes):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += framed
    if batch:
        yield batch


def framed_size(size: int) -> int:
    """Say how many bytes an event of a size takes inside a batch: its tag, its length, and itself."""
    return 1 + len(size_text(size)) + size


# Requests and responses


def event_request(event: bytes) -> bytes:
    """Make an ``IngestEventRequest`` around an encoded event."""
    return _field(_EVENT_OF_REQUEST, event)


def batch_request(head: bytes, events: Iterable[bytes]) -> bytes:
    """Make an ``IngestEventBatchRequest`` around encoded events; ``head`` is an ``EventBatch`` without any."""
    return _field(_BATCH_OF_REQUEST, b"".join([head, *_repeated(_EVENTS_OF_BATCH, events)]))


def page_response(events: Iterable[bytes], next_page_token: str) -> bytes:
    """Make a ``QueryEventsResponse`` around encoded events; an empty token means that there is no next page."""
    token = [next_page_token.encode()] if next_page_token else []
    page = b"".join([*_repeated(_EVENTS_OF_PAGE, events), *_repeated(_TOKEN_OF_PAGE, token)])
    return _field(_PAGE_OF_RESPONSE, page)


def event_of(request: bytes) -> bytes:
    """Cut the event out of an encoded ``IngestEventRequest``; raises ``DecodeError``.

    A field that occurs twice is merged, and putting the two encodings one after the other means just that.
    """
    return b"".join(_contents(request, _EVENT_OF_REQUEST))


def events_of(request: bytes) -> list[bytes]:
    """Cut the events out of an encoded ``IngestEventBatchRequest``; raises ``DecodeError``."""
    return events_of_batch(b"".join(_contents(request, _BATCH_OF_REQUEST)))


def events_of_batch(batch: bytes) -> list[bytes]:
    """Cut the events out of an encoded ``EventBatch``; raises ``DecodeError``."""
    return list(_contents(batch, _EVENTS_OF_BATCH))


def page_of(response: bytes) -> tuple[list[bytes], str]:
    """Cut the events out of an encoded ``QueryEventsResponse``, and read its token; raises ``DecodeError``."""
    page = b"".join(_contents(response, _PAGE_OF_RESPONSE))
    try:
        *_, token = "", *(each.decode() for each in _contents(page, _TOKEN_OF_PAGE))
    except UnicodeDecodeError as error:
        raise DecodeError("the token of the next page is no UTF-8") from error
    return list(_contents(page, _EVENTS_OF_PAGE)), token


def event_id_of(event: bytes) -> str:
    """Read the ``event_id`` of an encoded event; empty if it has none, or if the bytes are no event."""
    try:
        # Of a field that occurs twice the last one counts; the empty one in front stands for none.
        *_, last = b"", *_contents(event, _ID_OF_EVENT)
        return last.decode()
    except (DecodeError, UnicodeDecodeError):
        return ""


def _contents(data: bytes, wanted: int) -> Iterator[bytes]:
    # Depth 0, as if each were an outermost message: whether events nest too deep is the decoder's matter.
    return (data[start:stop] for _, tag, start, stop in fields(data, 0, len(data), 0) if tag == wanted)


def _field(tag: int, content: bytes) -> bytes:
    return b"".join(_repeated(tag, [content]))


def _repeated(tag: int, contents: Iterable[bytes]) -> list[bytes]:
    """Write one field for each content, in parts that are to be joined once: contents may be large."""
    start = bytes([tag])
    parts: list[bytes] = []
    for content in contents:
        parts += (start, size_text(len(content)).encode("latin-1"), content)
    return parts
