"""The usual forms of a Timestamp are read as the other reader, and the reference, read any form."""

from __future__ import annotations

from datetime import timezone

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.wellknown.readers import read_any_timestamp, read_timestamp
from tests.profiles import searched
from tests.strategies import varint

SECONDS = st.sampled_from([0, 1, 1 << 28, (1 << 28) - 1, 1 << 35, (1 << 35) - 1, -1]) | st.integers(0, 1 << 35)
NANOS = st.sampled_from([0, 1, 999, 1000, 999_999_000, 999_999_999, 1 << 21, 1 << 28, 1_000_000_000, 1_073_741_000])
NANOS |= st.integers(0, 999_999).map(lambda micros: micros * 1000)


def outcome(read: object, data: bytes) -> object:
    assert callable(read)
    try:
        value = read(data, 1)
    except DecodeError:
        return DecodeError
    return value, type(value), value.tzinfo


@searched(2_000)
@given(SECONDS, NANOS, st.integers(0, 11), st.integers(0, 255), st.booleans())
def test_both_readers_agree(seconds: int, nanos: int, at: int, byte: int, damaged: bool) -> None:
    data = b"\x08" + varint(seconds & (1 << 64) - 1) + b"\x10" + varint(nanos)
    if damaged:
        data = data[:at] + bytes([byte]) + data[at + 1 :]
    assert outcome(read_timestamp, data) == outcome(read_any_timestamp, data)


@pytest.mark.parametrize("second", [1_767_322_799, 1_767_322_800, 1_772_323_199, 1_798_761_599, 4_107_542_399])
@pytest.mark.parametrize("micros", [1, 2_097, 2_098, 268_435, 268_436, 999_999])
def test_the_ends_of_hours_days_months_and_years(second: int, micros: int) -> None:
    for late in range(-130, 130):
        official = Timestamp(seconds=second + late, nanos=micros * 1000)
        assert read_timestamp(official.SerializeToString(), 1) == official.ToDatetime(timezone.utc)
