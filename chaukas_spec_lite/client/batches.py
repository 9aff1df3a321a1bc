"""Batches: which events travel together, and how encoded ones are spliced into a request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from chaukas_spec_lite.spec.common.v1.events import EventBatch
from chaukas_spec_lite.wire.format import size as size_text

_EVENT_TAG = b"\x0a"  # field 1 of IngestEventRequest
_BATCH_TAG = b"\x0a"  # field 1 of IngestEventBatchRequest
_EVENTS_TAG = b"\x1a"  # field 3 of EventBatch

OVERHEAD = 96
"""More bytes than a batch request needs beside its events: tags, lengths, the batch's id and timestamp."""


def split(sizes: Sequence[int], max_events: int, max_bytes: int) -> Iterator[slice]:
    """Cut a sequence of encoded events, given by their sizes, into batches that keep its order.

    A batch has at most ``max_events``, and at most ``max_bytes`` with their tags and lengths, unless a single event
    alone is larger.
    """
    start = total = 0
    for index, size in enumerate(sizes):
        framed = framed_size(size)
        if index > start and (index - start == max_events or total + framed > max_bytes):
            yield slice(start, index)
            start, total = index, 0
        total += framed
    if start < len(sizes):
        yield slice(start, len(sizes))


def framed_size(size: int) -> int:
    """Say how many bytes an event of a size takes inside a batch."""
    return 1 + len(size_text(size)) + size


def event_request(event: bytes) -> bytes:
    """Make an ``IngestEventRequest`` around an encoded event."""
    return _EVENT_TAG + _length(event) + event


def batch_request(batch_id: str, timestamp: datetime, events: Sequence[bytes]) -> bytes:
    """Make an ``IngestEventBatchRequest`` around encoded events."""
    parts = [bytes(EventBatch(batch_id=batch_id, timestamp=timestamp))]
    for event in events:
        parts += (_EVENTS_TAG, _length(event), event)
    batch = b"".join(parts)
    return _BATCH_TAG + _length(batch) + batch


def _length(data: bytes) -> bytes:
    return size_text(len(data)).encode("latin-1")
