"""Structs whose parts have lengths around those at which a length takes one byte more."""

from __future__ import annotations

import pytest

from chaukas_spec_lite import Event
from tests.oracle import canonical, disagreement, reference

SIZES = [0, 1, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 255, 16_376, 16_377, 16_378, 16_379, 16_380, 16_381]
SIZES += [16_382, 16_383, 16_384, 16_385, 16_390, 2_097_140, 2_097_149, 2_097_150, 2_097_151, 2_097_152, 2_097_160]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", [0, 1, 127, 128, 1_020, 1_021, 1_030, 2_050])
def test_lengths_around_each_number_of_bytes(size: int, key: int) -> None:
    """Each length in a Struct may take one byte or more, and those around it count them."""
    name, text = "k" * key, "x" * size
    for value in (text, [text], {"": text}, [[text]], {"a": {"b": text}}):
        data = bytes(Event(metadata={name: value, "behind": 1}))
        official = reference(Event)
        assert canonical(official.FromString(data)) == canonical(official(metadata={name: value, "behind": 1}))
        assert Event.parse(data).metadata == {name: value, "behind": 1}
        if size > 20_000:
            break
    assert disagreement(Event, bytes(Event(metadata={name: text}))[:-1]) is None
