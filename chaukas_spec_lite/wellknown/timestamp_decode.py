"""Reading a Timestamp: nearly every event has some, nearly all of the same few forms, which are read at once.

Those forms have five bytes of seconds, which is every time from 1978 to 3058, and four or five of nanoseconds that are
whole microseconds. The rest is left to ``readers``.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from struct import Struct

from chaukas_spec_lite.wellknown.readers import read_any_timestamp
from chaukas_spec_lite.wellknown.times import EPOCH
from chaukas_spec_lite.wire.format import MAX_DEPTH, NotCanonical, Table

_unpack_11 = Struct("<BB5sBBBB").unpack
_unpack_12 = Struct("<BB5sBBBBB").unpack
"""Tag and first byte of the seconds; their other four bytes with the tag of the nanoseconds; those byte by byte."""

_ODD = -(1 << 40)
"""What a byte counts that is none of the ordinary form: it spoils the sum that it goes into."""


def _counting(shift: int, ordinary: range) -> Table[int]:
    """What each byte of a varint counts; of those that others follow, 128 is the continuation bit."""
    return [(byte & 127) << shift if byte in ordinary else _ODD for byte in range(256)]


_1ST, _2ND, _3RD, _4TH = (_counting(shift, range(128, 256)) for shift in (0, 7, 14, 21))
_LAST_OF_4, _LAST_OF_5 = _counting(21, range(1, 128)), _counting(28, range(1, 4))

# What 128 seconds have in common whose varints end in the same four bytes: year, month, day, hour, minute and second
# of the first one. Timestamps decoded together lie close together.
_SPANS: dict[bytes, tuple[int, int, int, int, int, int]] = {}
_SPANS_MAX = 4096


def _span(key: bytes) -> tuple[int, int, int, int, int, int]:
    b, c, d, e, tag = key
    if b < 128 or c < 128 or d < 128 or e > 127 or tag != 0x10:
        raise NotCanonical
    start = EPOCH + timedelta(0, (b & 127 | (c & 127) << 7 | (d & 127) << 14 | e << 21) << 7)
    if len(_SPANS) >= _SPANS_MAX:
        _SPANS.clear()
    found = start.year, start.month, start.day, start.hour, start.minute, start.second
    _SPANS[key] = found
    return found


def read_timestamp(data: bytes, depth: int) -> datetime:
    """Read the content of a Timestamp."""
    try:
        if len(data) == 12:
            tag, low, key, f, g, h, i, j = _unpack_12(data)
            nanos = _1ST[f] + _2ND[g] + _3RD[h] + _4TH[i] + _LAST_OF_5[j]
        else:
            tag, low, key, f, g, h, i = _unpack_11(data)
            nanos = _1ST[f] + _2ND[g] + _3RD[h] + _LAST_OF_4[i]
        micros = nanos // 1000
        if tag == 8 and depth <= MAX_DEPTH and micros * 1000 == nanos:
            year, month, day, hour, minute, second = _SPANS.get(key) or _span(key)
            second += _1ST[low]
            while second > 59:
                second -= 60
                minute += 1
            return datetime(year, month, day, hour, minute, second, micros, timezone.utc)
    except Exception:  # odd or wrong, which the other reader can tell apart
        pass
    value: datetime = read_any_timestamp(data, depth)
    return value
