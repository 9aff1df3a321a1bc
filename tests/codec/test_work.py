"""Decoding does each piece of work once, however deep messages nest: counted here, where the guard measures time.

The fast decoders hand over to the exact one what they did not expect. Doing that for a whole message, at each of a
hundred levels, would read the innermost one a hundred times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest

from chaukas_spec_lite.message import slow_decode
from tests.oracle import disagreement, everything
from tests.strategies import delimited

LEVELS = 90
FIELDS = 500

(TREE,) = (cls for cls in everything() if cls._full_name.endswith(".Tree"))
CHILD, CHILDREN, NAMED, LEFT, RIGHT, LABEL = 1, 2, 3, 4, 5, 6


def reversed_entry(content: bytes) -> bytes:
    return delimited(NAMED, delimited(2, content) + delimited(1, b"k"))


SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "two members of a oneof": lambda inner: delimited(LEFT, inner) + delimited(RIGHT, b""),
    "in reverse order": lambda inner: delimited(RIGHT, inner) + delimited(LEFT, b""),
    "the same member twice": lambda inner: delimited(LEFT, inner) + delimited(LEFT, b""),
    "one member between two of another": lambda inner: (
        delimited(LEFT, inner) + delimited(RIGHT, b"") + delimited(LEFT, b"")
    ),
    "an entry's value before its key": reversed_entry,
    "an entry with two keys": lambda inner: delimited(
        NAMED, delimited(1, b"a") + delimited(2, inner) + delimited(1, b"b")
    ),
    "an entry with two values": lambda inner: delimited(
        NAMED, delimited(1, b"a") + delimited(2, inner) + delimited(2, b"")
    ),
    "fields out of order": lambda inner: delimited(LABEL, b"x") + delimited(CHILD, inner),
    "a submessage twice": lambda inner: delimited(CHILD, inner) + delimited(CHILD, b""),
    "an unknown field at the end": lambda inner: delimited(CHILD, inner) + delimited(90, b""),
    "an unknown field at the beginning": lambda inner: delimited(90, b"") + delimited(CHILD, inner),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_level_is_read_again(shape: str) -> None:
    data = delimited(CHILDREN, b"") * FIELDS
    for _ in range(LEVELS if "entr" not in shape else LEVELS // 2):
        data = SHAPES[shape](data)
    walked = 0

    def counted(*args: Any, **options: Any) -> Iterator[Any]:
        nonlocal walked
        for field in walk(*args, **options):
            walked += 1
            yield field

    walk = slow_decode.walk
    with patch.object(slow_decode, "walk", counted):
        TREE.parse(data)
    assert walked <= 2 * (FIELDS + 5 * LEVELS)
    assert disagreement(TREE, data) is None
