"""``python -m benchmarks.guard``: fails where speed is really lost, or where work is out of proportion to the input.

Ratios within one run, with margins that are generous, because machines are noisy: what fails is measured again before
it counts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks import codec, environments, hostile, protojson, rivals
from benchmarks.hostile import Attack
from benchmarks.measure import Effort, Job, Row, compare, cpu_time

MARGIN = 1.4
"""How far a ratio may be beyond its bar."""
COPYING_MARGIN = 2.0
"""The same for prompts of 100 kB: their time is that of copying memory, which others on the machine disturb most."""
EFFORT = Effort(rounds=9, batch=0.004)
ATTEMPTS = 5

LEAST = 0.020
"""How many seconds the smaller of two inputs takes at least, so that what is compared is no noise."""
LARGEST = 1 << 20
"""The largest count that is tried; what takes less than ``LEAST`` even so is compared with that."""
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
    for module in (codec, protojson, rivals):
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
        growth, count = _growth(attack)
        for _ in range(ATTEMPTS - 1):
            if growth < LIMIT:
                break
            growth, count = _growth(attack)
        print(f"{growth:6.2f}  below {LIMIT:.0f}  {attack.name} ({count:,} times)", flush=True)
        if growth >= LIMIT:
            yield f"{attack.name}: {TIMES} times the input takes {growth:.1f} times as long"


def _growth(attack: Attack) -> tuple[float, int]:
    """How many times as long ``TIMES`` times as much takes, and the smaller count."""
    count = 64
    while (took := cpu_time(attack.prepare(count), 1)) < LEAST and count < LARGEST:
        count *= 2 if took > LEAST / 4 else 4
    smaller = cpu_time(attack.prepare(count), 5)
    return cpu_time(attack.prepare(count * TIMES), 5) / max(smaller, LEAST), count


if __name__ == "__main__":
    sys.exit(main())
