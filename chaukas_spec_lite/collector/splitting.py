"""Cuts requests into the events that they bring, within limits, before anything is decoded.

A batch may be larger than what is wise to hold, so it is read piece by piece: the events come out as they are complete,
and what stands around them is checked at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaukas_spec_lite.collector.receipts import LIMITS, IngestLimits, Shape
from chaukas_spec_lite.errors import DecodeError, InvalidRequest, TooMuchError
from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.spec.common.v1.events import EventBatch
from chaukas_spec_lite.wire.format import LEN, SGROUP
from chaukas_spec_lite.wire.reading import read_length, read_tag, skip, walk

_EVENT_OF_REQUEST = 1 << 3 | LEN
_BATCH_OF_REQUEST = 1 << 3 | LEN
_EVENTS_OF_BATCH = 3 << 3 | LEN

_HEAD_BYTES = 15
"""No tag with its number or length is longer."""
_MAX_FIELDS = 10_000
"""How many fields other than events a request may have: the schema has six."""
_MAX_FRAME = 1 << 20
"""How many bytes those of a batch may have: its metadata, mostly."""
_ENDLESS = 1 << 62
_TOLD = 1000
"""How many characters an error has at most: a path may hold keys of the request."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a request has brought."""

    events: list[bytes]
    batch_id: str = ""


def split(body: bytes, shape: Shape, limits: IngestLimits = LIMITS) -> Parcel:
    """Cut the events out of a request.

    Raises:
        InvalidRequest: It is no such request, or has no event or batch. The events themselves have not been looked at.
        TooMuchError: It is above a limit.
    """
    if shape is Shape.EVENT:
        return Parcel([_event_of(body, limits)])
    splitter = BatchSplitter(limits)
    events = splitter.feed(body)
    events += splitter.finish()
    return Parcel(events, splitter.batch_id)


class BatchSplitter:
    """Cuts the events out of an ``IngestEventBatchRequest`` that comes in pieces of any size."""

    def __init__(self, limits: IngestLimits = LIMITS) -> None:
        self.batch_id = ""
        """The batch's own id, once it has been read to its end."""
        self._limits = limits
        self._waiting: list[bytes] = []
        self._have = 0
        # How many bytes it takes to read on.
        self._need = 0
        # Where the bytes that wait stand in the request, and where the batch ends that they belong to.
        self._offset = 0
        self._end: int | None = None
        self._begun = False
        self._events = self._fields = 0
        self._frame: list[bytes] = []
        self._frame_size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next piece; return the events that are complete now.

        Raises:
            InvalidRequest: It is no batch request.
            TooMuchError: It is above a limit.
        """
        self._waiting.append(chunk)
        self._have += len(chunk)
        _check_size(self._offset + self._have, self._limits)
        return self._read(final=False) if self._have >= self._need else []

    def finish(self) -> list[bytes]:
        """Read the rest, behind which nothing comes; return the last events.

        Raises:
            InvalidRequest: It is no batch request, or has no batch.
            TooMuchError: It is above a limit.
        """
        events = self._read(final=True)
        if not self._begun:
            raise InvalidRequest(f"{Shape.BATCH.value}.event_batch: not set, so there is nothing to store")
        batch = EventBatch()
        try:
            slow_decode.merge(batch, b"".join(self._frame), 1)
        except DecodeError as error:
            error.offset = None  # it counts in what was put together here
            raise _invalid(error, f"{Shape.BATCH.value}.event_batch{error.path}") from error
        self.batch_id = batch.batch_id
        return events

    def _read(self, final: bool) -> list[bytes]:
        data = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
        events: list[bytes] = []
        try:
            pos = self._fields_of(data, events, final)
        except DecodeError as error:
            if error.offset is not None:
                error.offset += self._offset
            raise _invalid(error, Shape.BATCH.value if self._end is None else f"{Shape.BATCH.value}.event_batch") from (
                error
            )
        self._offset += pos
        self._need -= pos
        self._waiting = [data[pos:]] if pos < len(data) else []
        self._have = len(data) - pos
        return events

    def _fields_of(self, data: bytes, events: list[bytes], final: bool) -> int:
        """Read fields as far as they are complete; return where that is."""
        pos, size = 0, len(data)
        while pos < size:
            if self._end is not None and self._offset + pos == self._end:
                self._end = None
            inside = self._end is not None
            end = self._end - self._offset if self._end is not None else size if final else _ENDLESS
            start, known = pos, min(end, size)
            if not final and size - pos < _HEAD_BYTES:
                self._need = pos + _HEAD_BYTES
                break
            tag, pos = read_tag(data, pos, known)
            if tag & 7 != LEN:
                stop = self._skipped(data, pos, known, tag, final)
                if stop is None:
                    self._need, pos = 2 * size, start
                    break
                pos = stop
            else:
                value, stop = read_length(data, pos, end)
                if not inside and tag == _BATCH_OF_REQUEST:
                    self._begun, self._end, pos = True, self._offset + stop, value
                    if final and stop > size:
                        raise DecodeError("the input ends inside the batch", offset=start)
                    self._count(start)
                    continue
                if stop > size:
                    if final:
                        raise DecodeError("the input ends inside the batch", offset=start)
                    self._need, pos = stop, start
                    break
                pos = stop
                if inside and tag == _EVENTS_OF_BATCH:
                    events.append(data[value:stop])
                    self._count_event(start)
                    continue
            self._count(start)
            if inside:
                self._keep(data[start:pos])
        if final and self._end is not None and self._offset + pos < self._end:
            raise DecodeError("the input ends inside the batch", offset=pos)
        return pos

    def _skipped(self, data: bytes, pos: int, end: int, tag: int, final: bool) -> int | None:
        """Pass over what is not length-delimited; None if more of a group may come."""
        try:
            return skip(data, pos, end, tag, 0 if self._end is None else 1)
        except DecodeError:
            if final or tag & 7 != SGROUP or end < len(data):
                raise
        if len(data) - pos > _MAX_FRAME:
            raise TooMuchError(f"{Shape.BATCH.value}: a field of more than {_MAX_FRAME} bytes that is no event")
        return None

    def _count_event(self, offset: int) -> None:
        self._events += 1
        self._limits.check_events(self._events, self._offset + offset, f"{Shape.BATCH.value}.event_batch.events")

    def _count(self, offset: int) -> None:
        self._fields += 1
        if self._fields > _MAX_FIELDS:
            raise TooMuchError(f"{Shape.BATCH.value}: more than {_MAX_FIELDS} fields that are no events")

    def _keep(self, field: bytes) -> None:
        self._frame.append(field)
        self._frame_size += len(field)
        if self._frame_size > _MAX_FRAME:
            raise TooMuchError(f"{Shape.BATCH.value}: more than {_MAX_FRAME} bytes beside its events")


def _event_of(body: bytes, limits: IngestLimits) -> bytes:
    _check_size(len(body), limits)
    # A field that comes twice is merged, and putting the two encodings one after the other means just that.
    parts: list[bytes] = []
    try:
        for count, (_, tag, start, stop) in enumerate(walk(body, [(0, len(body))], 0)):
            if count >= _MAX_FIELDS:
                raise TooMuchError(f"{Shape.EVENT.value}: more than {_MAX_FIELDS} fields")
            if tag == _EVENT_OF_REQUEST:
                parts.append(body[start:stop])
    except DecodeError as error:
        raise _invalid(error, Shape.EVENT.value) from error
    if not parts:
        raise InvalidRequest(f"{Shape.EVENT.value}.event: not set, so there is nothing to store")
    return b"".join(parts)


def _check_size(size: int, limits: IngestLimits) -> None:
    if size > limits.max_bytes:
        raise TooMuchError(f"a request of more than the {limits.max_bytes} bytes allowed")


def _invalid(error: DecodeError, path: str) -> InvalidRequest:
    error.path = path
    return InvalidRequest(str(error)[:_TOLD])
