"""Long lists of numbers, which are written and read at once: the same bytes and values as one after another."""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import Event
from chaukas_spec_lite.errors import EncodeError
from chaukas_spec_lite.wellknown import number_lists, struct_readers
from chaukas_spec_lite.wellknown.number_lists import SEVERAL
from chaukas_spec_lite.wellknown.values import UnknownFloat, UnknownList
from chaukas_spec_lite.wellknown.writers import encode_list
from chaukas_spec_lite.wire.format import LONG
from tests.oracle import disagreement

QUIET, SIGNALLING = (struct.unpack("<d", bits)[0] for bits in (b"\1\2\3\4\5\6\xf8\xff", b"\1\2\3\4\5\6\xf0\x7f"))
NUMBERS = st.floats() | st.integers(-(2**70), 2**70) | st.sampled_from([-0.0, QUIET, SIGNALLING])
ORDINARY = [number / 7 for number in range(SEVERAL)]


class Level(IntEnum):
    """An int that is no plain one."""

    LOW = 1


class Ratio(float):
    """A float that is no plain one."""


def official(values: list[Any]) -> bytes:
    """What the reference writes."""
    made = struct_pb2.ListValue()
    made.extend(values)
    data: bytes = made.SerializeToString()
    return data


def written(values: Any) -> bytes:
    """What ours writes."""
    return str(encode_list(values, 1)).encode("latin-1")


def bits(values: list[Any]) -> bytes:
    """The bits of numbers, which tell NaNs and zeros apart."""
    return struct.pack(f"<{len(values)}d", *values)


@given(st.lists(NUMBERS, max_size=3 * SEVERAL))
def test_numbers_are_written_as_the_reference_writes_them(values: list[Any]) -> None:
    """Short and long lists of floats and ints, NaN and minus zero among them; each bit comes back."""
    data = written(values)
    assert data == b"".join(written([value]) for value in values) == official(values)
    assert bits(struct_readers.decode_list(data, 1)) == bits(values)


OTHERS = [True, False, None, "text", {"a": 1}, [1.0], Level.LOW, Ratio(0.5)]


@pytest.mark.parametrize("other", OTHERS, ids=repr)
@pytest.mark.parametrize("place", [0, 1, SEVERAL // 2, SEVERAL])
def test_another_value_among_them(other: Any, place: int) -> None:
    """A bool stays a bool; subclasses of numbers are numbers."""
    values = [*ORDINARY[:place], other, *ORDINARY[place:]]
    assert written(values) == official(values)
    read = Event.parse(bytes(Event(metadata={"v": values}))).metadata
    assert read == {"v": values}
    assert [type(value) for value in read["v"] if isinstance(value, bool)] == [bool] * isinstance(other, bool)


def test_unknown_fields_of_values_and_of_the_list_are_kept() -> None:
    """Carriers are written one after another, where their unknown fields have a place."""
    carrier = UnknownFloat(0.5)
    carrier.unknown = b"\x38\x01"
    assert written([*ORDINARY, carrier]) == written(ORDINARY) + b"\n\x0b\x11" + struct.pack("<d", 0.5) + b"\x38\x01"
    values = UnknownList(ORDINARY)
    values.inner_unknown = b"\x38\x01"
    assert written(values) == written(ORDINARY) + b"\x38\x01"
    read = Event.parse(bytes(Event(metadata={"v": values}))).metadata
    assert read == {"v": values}


@pytest.mark.parametrize("wrong", [10**400, object(), b"", 1j], ids=lambda wrong: type(wrong).__name__)
def test_what_is_wrong_is_named(wrong: Any) -> None:
    """The error tells which of the many elements."""
    with pytest.raises(EncodeError) as error:
        bytes(Event(metadata={"v": [*ORDINARY, wrong]}))
    assert error.value.path == f"Event.metadata['v'][{SEVERAL}]"


def _without(data: bytes) -> list[bytes]:
    return [data[:-cut] for cut in (1, 7, 8, 9, 10, 11)]


def _changed(data: bytes) -> list[bytes]:
    places = [
        place for record in (0, 1, SEVERAL - 1) for place in range(11 * record - len(data), 11 * record - len(data) + 3)
    ]
    return [data[:place] + bytes((data[place] ^ 3,)) + (data[place + 1 :] if place != -1 else b"") for place in places]


@pytest.mark.parametrize("spoil", [_without, _changed])
def test_spoilt_lists_are_what_the_reference_takes_them_for(spoil: Callable[[bytes], list[bytes]]) -> None:
    """Input that ends too early, and heads that say something else."""
    content = written(ORDINARY)
    data = bytes(Event(metadata={"v": ORDINARY}))
    assert data.endswith(content)
    for spoilt in spoil(content):
        assert disagreement(Event, data[: -len(content)] + spoilt) is None


@pytest.mark.parametrize("count", [LONG // 11 - 1, LONG // 11 + 1, 2 * LONG // 11])
def test_lists_that_are_read_and_written_in_place(count: int) -> None:
    """Lists around the length of ropes and windows, behind and before other values, nested and one after another."""
    values = [float(number) for number in range(count)]
    metadata = {"a": values, "b": "x", "c": {"d": [values, values, "y"]}, "e": ORDINARY}
    assert Event.parse(bytes(Event(metadata=metadata, state_update=metadata))).state_update == metadata


def test_lists_that_are_too_deep_are_refused_as_short_ones_are() -> None:
    """The levels are counted before numbers are looked for."""
    nested: Any = ORDINARY
    for _ in range(60):
        nested = [nested]
    with pytest.raises(EncodeError, match="nested deeper"):
        bytes(Event(metadata={"v": nested}))


def test_long_lists_take_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither way would show in the results, so the calls are counted."""
    calls: list[str] = []
    for module, name in ((struct_readers, "decode_numbers"), (number_lists, "pack")):
        original = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, _o=original, _n=name: (calls.append(_n), _o(*args))[1])
    assert struct_readers.decode_list(written(ORDINARY), 1) == ORDINARY
    assert calls == ["pack", "decode_numbers"]
