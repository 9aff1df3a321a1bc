"""Writes large answers as JSON, in slices: while Python's encoder writes something, no other thread does anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Generic, TypeVar

T = TypeVar("T")

SLICE = 500
"""How many items are written at a time: some milliseconds, also where each has texts of the largest size."""

_write = json.JSONEncoder(separators=(",", ":")).encode


class Items(Generic[T]):
    """A list of an answer, each item of which is made only when it is written: all of them together may fill memory.

    Args:
        of: What the items are made of.
        make: Makes one.
    """

    def __init__(self, of: Iterable[T], make: Callable[[T], Any]) -> None:
        self._of = of
        self._make = make

    def slices(self) -> Iterator[str]:
        """Write them, without the brackets around them."""
        waiting, before = iter(self._of), ""
        while some := [self._make(each) for each in islice(waiting, SLICE)]:
            yield before + _write(some)[1:-1]
            before = ","


def written(answer: Mapping[str, Any]) -> bytes:
    """Write an answer. Takes time."""
    # ASCII alone: half a surrogate pair that somebody has sent is an escape then, and no failure.
    return b"".join(each.encode("ascii") for each in pieces(answer))


def pieces(answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield an answer in pieces, one slice at most in each."""
    before = "{"
    for name, value in answer.items():
        yield f"{before}{_write(name)}:"
        before = ","
        if isinstance(value, Items):
            yield "["
            yield from value.slices()
            yield "]"
        else:
            yield _write(value)
    yield "}" if answer else "{}"
