"""``python -m benchmarks.guard``: fails where speed is really lost, or where work is out of proportion to the input.

Ratios within one run, with margins that are generous, because machines are noisy: what fails is measured again before
it counts.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks import codec, environments, hostile, protojson, recorder, rivals
from benchmarks.hostile import Attack
from benchmarks.measure import Effort, Job, Row, Work, compare, cpu_time

MARGIN = 1.4
"""How far a ratio may be beyond its bar."""
COPYING_MARGIN = 2.0
"""The same for prompts of 100 kB: their time is that of copying memory, which others on the machine disturb most."""
EFFORT = Effort(rounds=9, batch=0.004)
ATTEMPTS = 5

LEAST = 0.020
"""How many seconds the smaller of two inputs takes at least, so that what is compared is no noise."""
LARGEST = 1 << 18
"""How long the smaller input is at most. What takes less than ``LEAST`` even so is read again and again: the larger one
(and a copy of it) has to stay in the processor's cache too. Beyond, it is memory that is measured: where 10 MB are
copied once beside 1 MB, 8 times the input takes up to 20 times as long, and one long string of 32 MB takes 140 times
as long as one of 4 MB, all in the kernel."""
TIMES = 8
LIMIT = 16.0
"""Eight times the input may take less than this many times as long; what is quadratic takes 64 times."""


def main() -> int:
    """Run all checks; the exit status says whether one failed."""
    environments.current()
    failed = [*lost_speed(), *unbounded_work()]
    for message in failed:
        print(f"FAILED: {message}")
    print("no real loss" if not failed else f"{len(failed)} failed")
    return 1 if failed else 0


def lost_speed() -> Iterator[str]:
    """Jobs that miss their bars by more than the margin, every time they are measured."""
    for module in (codec, protojson, rivals, recorder):
        for job in module.jobs():
            if job.bar is not None:
                row = _measured(module.SECTION, job)
                limit = f"at least {job.bar / MARGIN:.2f}" if job.faster else f"at most {job.bar * _margin(job):.2f}"
                print(f"{row.ratio:6.2f}  {limit}  {job.name}", flush=True)
                if _lost(row, job):
                    yield f"{job.name}: {row.ratio:.2f}x; the bar is {job.bar}"


def _measured(section: str, job: Job) -> Row:
    row = compare(section, job, EFFORT)
    for _ in range(ATTEMPTS - 1):
        if not _lost(row, job):
            break
        row = compare(section, job, EFFORT)
    return row


def _lost(row: Row, job: Job) -> bool:
    assert job.bar is not None
    assert row.ratio is not None
    return row.ratio < job.bar / MARGIN if job.faster else row.ratio > job.bar * _margin(job)


def _margin(job: Job) -> float:
    return COPYING_MARGIN if job.name.startswith("a prompt of 100 kB") else MARGIN


def unbounded_work() -> Iterator[str]:
    """Shapes of input whose cost grows faster than their size."""
    for attack in hostile.attacks():
        found = _growth(attack)
        for _ in range(ATTEMPTS - 1):
            if found.ratio < LIMIT:
                break
            found = _growth(attack)
        said = f"{found.count:,} pieces, {found.calls:,} times, {found.smaller * 1000:.0f} ms"
        print(f"{found.ratio:6.2f}  below {LIMIT:.0f}  {attack.name} ({said})", flush=True)
        if found.ratio >= LIMIT:
            yield f"{attack.name}: {TIMES} times the input takes {found.ratio:.1f} times as long"


class Growth(NamedTuple):
    """How much longer ``TIMES`` times as much takes."""

    ratio: float
    count: int
    """How many pieces the smaller input has."""
    calls: int
    """How often either input is read."""
    smaller: float
    """How many seconds that takes for the smaller one: ``LEAST`` or more."""


def _growth(attack: Attack) -> Growth:
    count, calls, data = 64, 1, attack.shape(64)
    while (smaller := cpu_time(_reading(attack, data, calls), 5)) < LEAST:
        factor = 2 if smaller > LEAST / 4 else 4
        if len(data) * factor <= LARGEST and count * factor <= (attack.most or LARGEST):
            count *= factor
            data = attack.shape(count)
        else:
            calls = max(calls + 1, round(calls * min(1.2 * LEAST / smaller, 100)))
    larger = cpu_time(_reading(attack, attack.shape(count * TIMES), calls), 5)
    return Growth(larger / smaller, count, calls, smaller)


def _reading(attack: Attack, data: Any, calls: int) -> Work:
    def work() -> None:
        for _ in itertools.repeat(None, calls):
            attack.read(data)

    return work


if __name__ == "__main__":
    sys.exit(main())
