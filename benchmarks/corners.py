"""Unusual input beside ordinary input: what a byte of it costs at most, and what ten times the keys cost in JSON.

Only ``hostile`` says whether the time grows in proportion; here it is how much a sender can make a receiver do with
what it may send. One byte of an ordinary event, the model event, is the measure.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import process_time

from benchmarks import codec, hostile, workloads
from benchmarks.measure import Effort, Row, Work
from chaukas_spec_lite import Event

SECTION = "Corners: time per byte or character, beside the model event"
BAR = 10.0
SIZE = 20_000
"""How many bytes or characters the unusual input has, about."""
KEYS: dict[str, Callable[[int], object]] = {
    "texts": lambda number: "value",
    "whole numbers": lambda number: number,
    "floats": lambda number: number + 0.5,
    "dicts": lambda number: {"key": "value"},
}
GROWTH = 11.0
"""Ten times the keys may take this many times as long."""


def rows(effort: Effort) -> Iterator[Row]:
    """All shapes, the costly ones barred; then what ten times the keys cost."""
    data = codec.encoded(workloads.model())
    text = Event.parse(data).to_json()
    yield from _beside("parse", data, Event.parse, _wire(), effort)
    yield from _beside("from_json", text, Event.from_json, _json(), effort)
    yield from _keys(effort)


def _wire() -> dict[str, tuple[hostile.Read, bytes]]:
    shapes = hostile.WIRE.items()
    return {name: (hostile.reading(cls), shape(_pieces(len(shape(64))))) for name, (cls, shape) in shapes}


def _json() -> dict[str, tuple[hostile.Read, str]]:
    read = hostile.reading_json(ignore=False)
    return {name: (read, shape(_pieces(len(shape(64))))) for name, shape in hostile.JSON.items()}


def _pieces(size_of_64: int) -> int:
    return max(1, SIZE * 64 // size_of_64)


def _beside(
    job: str,
    ordinary: bytes | str,
    read: hostile.Read,
    others: Mapping[str, tuple[hostile.Read, bytes | str]],
    effort: Effort,
) -> Iterator[Row]:
    times = least(
        [
            lambda: [read(ordinary) for _ in range(20)],
            *(lambda read=read, value=value: read(value) for read, value in others.values()),
        ],
        effort.rounds,
    )
    measure = times[0] / 20 / len(ordinary)
    for (name, (_, value)), seconds in zip(others.items(), times[1:], strict=True):
        yield Row(SECTION, f"`{job}`: {name}", seconds / len(value) * 1e9, measure * 1e9, "ns", BAR)


def _keys(effort: Effort) -> Iterator[Row]:
    for name, value in KEYS.items():
        few, many = (Event(metadata={f"key_{each}": value(each) for each in range(size)}) for size in (1_000, 10_000))
        texts = few.to_json(), many.to_json()
        # Reading is shown without a bar: json.loads with pairs, which finds names given twice, is where it grows.
        for job, bar, works in (
            ("to_json", GROWTH, [few.to_json, many.to_json]),
            ("from_json", None, [lambda text=text: Event.from_json(text) for text in texts]),
        ):
            once, tenfold = least(works, effort.rounds)
            yield Row(SECTION, f"`{job}`: from 1,000 to 10,000 {name}", tenfold / once, None, "x", bar)


def least(works: Sequence[Work], rounds: int) -> list[float]:
    """The least processor time of one call of each, in seconds, in interleaved rounds."""
    best = [math.inf] * len(works)
    for _, (position, work) in itertools.product(range(rounds), enumerate(works)):
        start = process_time()
        work()
        best[position] = min(best[position], process_time() - start)
    return best
