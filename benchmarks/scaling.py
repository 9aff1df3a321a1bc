"""How cost grows with size: time against event size, Struct width and depth, and batch size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chaukas.spec.common.v1 import events_pb2

from benchmarks import builders as make
from benchmarks import codec, workloads
from benchmarks.measure import Effort, Row, best_times
from benchmarks.workloads import Values
from chaukas_spec_lite import EventBatch

SECTION = "Scaling: how time grows where size grows tenfold"
GROWTH = 13.0
"""Ten times the size may take this many times as long: ten if it is linear, and some for caches that overflow."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Times in microseconds, ours and the official ones, against a size."""

    name: str
    axis: str
    sizes: list[int]
    encode: list[float]
    decode: list[float]
    official_encode: list[float]
    official_decode: list[float]


def curves(effort: Effort, quick: bool) -> Iterator[Curve]:
    """Measure all of them."""
    step = 2 if quick else 1
    sizes = [100, 1_000, 10_000, 100_000, 1_000_000]
    yield _curve("event size", "bytes", sizes, _of_size, effort)
    yield _curve("Struct width", "keys", [1, 10, 100, 1_000, 10_000, 100_000], _of_width, effort)
    yield _curve("Struct depth", "levels", [1, 4, 8, 16, 32], _of_depth, effort)
    yield _batches([1, 10, 100, 1_000, 10_000][: 4 if step == 2 else 5], effort)


def _of_size(size: int) -> Values:
    """The messages of a conversation, as many as it takes."""
    messages = [{"role": "user", "content": f"{number} " + "x" * 80} for number in range(max(0, size - 60) // 125)]
    return workloads.prompt("x" * 10) if not messages else workloads.with_metadata({"messages": messages})


def _of_width(keys: int) -> Values:
    return workloads.with_metadata({f"key_{number}": "value" for number in range(keys)})


def _of_depth(levels: int) -> Values:
    value: dict[str, Any] = {"leaf": 1}
    for _ in range(levels - 1):
        value = {"level": value, "name": "value"}
    return workloads.with_metadata(value)


def _curve(name: str, axis: str, sizes: Sequence[int], make_values: Callable[[int], Values], effort: Effort) -> Curve:
    found: list[list[float]] = []
    actual = []
    for size in sizes:
        values = make_values(size)
        data = codec.encoded(values)
        actual.append(len(data) if axis == "bytes" else size)
        works = [make.ours_encoded(values), make.ours_decoded(data)]
        works += [make.official_encoded(values)[0], make.official_decoded(data, values)]
        found.append([seconds * 1e6 for seconds in best_times(works, effort)])
    return Curve(name, axis, actual, *map(list, zip(*found, strict=True)))


def _batches(sizes: Sequence[int], effort: Effort) -> Curve:
    ours, official = make.ours(workloads.small()), make.official(workloads.small())
    found = []
    for size in sizes:
        batch = EventBatch(events=[ours() for _ in range(size)])
        data = bytes(batch)

        def built(size: int = size) -> bytes:
            return bytes(EventBatch(events=[ours() for _ in range(size)]))

        def officially(size: int = size) -> Any:
            return events_pb2.EventBatch(events=[official() for _ in range(size)]).SerializeToString()

        works = [built, lambda data=data: EventBatch.parse(data), officially]
        works.append(lambda data=data: events_pb2.EventBatch.FromString(data))
        found.append([seconds * 1e6 for seconds in best_times(works, effort)])
    return Curve("batch size", "events", list(sizes), *map(list, zip(*found, strict=True)))


def rows(curve: Curve) -> Iterator[Row]:
    """How much longer ten times as much takes, at the upper end, where fixed costs no longer count."""
    for name, times in (("encode", curve.encode), ("decode", curve.decode)):
        steps = math.log10(curve.sizes[-1] / curve.sizes[-2])
        growth = (times[-1] / times[-2]) ** (1 / steps)
        yield Row(SECTION, f"{name}, by {curve.name}", growth, None, "x", GROWTH)
