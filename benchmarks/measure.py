"""Timing functions against each other: interleaved, in loops of a calibrated length, the best of several rounds.

Only ratios from one run mean anything: machines differ, and this one may be busy. Interleaving puts every contender
through the same weather, and of many short rounds the best one is the least disturbed. The garbage collector stays on,
as it is in programs.
"""

from __future__ import annotations

import gc
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Literal

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure."""

    rounds: int
    """How often each contender is timed."""
    batch: float
    """How long one timing should take at least, in seconds."""


FULL = Effort(rounds=25, batch=0.010)
QUICK = Effort(rounds=7, batch=0.003)


@dataclass(frozen=True, slots=True)
class Job:
    """Something that several contenders do."""

    name: str
    ours: Work
    theirs: Sequence[Work]
    """What it is measured against; of several ways to do it, the fastest counts."""
    bar: float | None = None
    """What the ratio has to keep to; ``None`` where it is only shown."""
    faster: bool = False
    """Whether the ratio says how many times faster ours is (then the bar is a least one), or how much of their time
    it takes (then it is a greatest one)."""
    items: int = 1
    """How many messages one call deals with: times are shown for one of them."""
    unit: Literal["us"] = "us"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    section: str
    name: str
    ours: float
    theirs: float | None
    """``None`` where there is nothing to compare with; then the bar is for ``ours``."""
    unit: str
    bar: float | None = None
    faster: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours to theirs, or theirs to ours where ``faster``."""
        if self.theirs is None:
            return None
        return self.theirs / self.ours if self.faster else self.ours / self.theirs

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; ``None`` where there is none."""
        value = self.ours if self.ratio is None else self.ratio
        return None if self.bar is None else value >= self.bar if self.faster else value <= self.bar


def compare(section: str, job: Job, effort: Effort) -> Row:
    """Measure one job."""
    ours, *theirs = best_times([job.ours, *job.theirs], effort)
    scale = 1e6 / job.items
    return Row(section, job.name, ours * scale, min(theirs) * scale, job.unit, job.bar, job.faster)


def best_times(works: Sequence[Work], effort: Effort) -> list[float]:
    """Measure how many seconds one call of each function takes."""
    gc.collect()
    gc.freeze()  # what the benchmarks themselves hold must not be searched again and again
    try:
        loops = [calibrated(work, effort.batch) for work in works]
        best = [math.inf] * len(works)
        for _ in range(effort.rounds):
            for position, (work, loop) in enumerate(zip(works, loops, strict=True)):
                best[position] = min(best[position], timed(work, loop) / loop)
        return best
    finally:
        gc.unfreeze()


def timed(work: Work, loop: int) -> float:
    """Measure how many seconds that many calls take."""
    start = perf_counter()
    for _ in itertools.repeat(None, loop):
        work()
    return perf_counter() - start


def calibrated(work: Work, batch: float) -> int:
    """Find how many calls take about ``batch`` seconds; warms up on the way."""
    loop = 1
    while (took := timed(work, loop)) < batch / 4:
        loop *= 2
    return max(1, round(loop * batch / took))


def cpu_time(work: Work, rounds: int) -> float:
    """Measure the processor time of one call, best of several; the garbage collector, whose work is its own, is off."""
    best = math.inf
    gc.disable()
    try:
        for _ in range(rounds):
            start = process_time()
            work()
            best = min(best, process_time() - start)
    finally:
        gc.enable()
    return best
