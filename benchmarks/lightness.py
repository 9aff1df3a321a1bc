"""What it costs to have the library: on disk, at import, from the start of a process to its first event, in memory."""

from __future__ import annotations

import math
import subprocess
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import codec, rivals, servers, workloads
from benchmarks.environments import OFFICIAL, ROOT, Environment, current, fresh, run, variables
from benchmarks.measure import Row
from chaukas_spec_lite import Event

SECTION = "Lightness, beside the official client"
PROGRAMS = Path(__file__).parent / "programs"

IMPORT_OURS = "from chaukas_spec_lite import Event, EventType"
IMPORT_OFFICIAL = "from chaukas.spec.client.v1 import client_pb2_grpc"
HEAVY = ("grpclib", "h2", "ssl", "asyncio", "sqlite3")
"""What an import must not load."""

_NOT_FOR_CLIENTS = ("collector", "cli")

# A process made by a large one inherits its peak, so the kernel's account of a child is no use: it has to say itself.
_WITH_PEAK = """
import sys
path = sys.argv.pop(1)
exec(compile(open(path).read(), path, "exec"))
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def rows(quick: bool) -> Iterator[Row]:
    """All of them; the quick ones need no installation and use this environment, whatever else is in it."""
    if quick:
        here = current()
        yield from imports(here, here, "", 0.85, rounds=7, path=ROOT)
        yield from first_event(here, here, rounds=5, path=ROOT)
    else:
        with ExitStack() as stack:
            ours, official = (stack.enter_context(fresh(each)) for each in (str(ROOT), OFFICIAL))
            yield from sizes(ours, official)
            yield from imports(ours, official, "", 0.85, rounds=25)
            with fresh(str(ROOT), "pydantic") as with_pydantic:
                yield from imports(with_pydantic, official, ", pydantic installed", 1.0, rounds=25)
            yield from first_event(ours, official, rounds=20)
    yield memory_per_event()


def sizes(ours: Environment, official: Environment) -> Iterator[Row]:
    """Installed sizes."""
    whole, package = ours.size(), ours.size("chaukas_spec_lite")
    theirs = official.size() / 1e6
    yield Row(SECTION, "installed size of the client and all it needs", whole / 1e6, theirs, "MB", 0.45)
    yield Row(SECTION, "of that, dependencies", (whole - package) / 1e6, theirs, "MB")
    apart = sum(map(ours.room_size, _NOT_FOR_CLIENTS)) / 1e6
    yield Row(SECTION, "of that, collector, page and commands, which no client loads", apart, theirs, "MB")


def imports(
    ours: Environment, official: Environment, note: str, bar: float, rounds: int, path: Path | None = None
) -> Iterator[Row]:
    """The time of importing, above that of the bare interpreter."""
    commands = [
        _python(ours, "pass"),
        _python(ours, _on(path) + IMPORT_OURS),
        _python(official, "pass"),
        _python(official, IMPORT_OFFICIAL),
    ]
    bare, mine, bare_official, theirs = interleaved([_timer(command) for command in commands], rounds)
    name = f"`{IMPORT_OURS}`{note}"
    yield Row(SECTION, name, (mine - bare) * 1e3, (theirs - bare_official) * 1e3, "ms", bar)
    loaded = run(ours, ["-I", "-c", f"{_on(path)}{IMPORT_OURS}\nimport sys; print(*set({HEAVY}) & set(sys.modules))"])
    yield Row(SECTION, f"of {', '.join(HEAVY)}: loaded by that{note}", len(loaded.split()), None, "modules", 0)


def first_event(ours: Environment, official: Environment, rounds: int, path: Path | None = None) -> Iterator[Row]:
    """From the start of a process to its first acknowledged event, and to its exit, and the memory at its peak."""
    with servers.running("collector") as address:
        mine, theirs = (
            [str(environment.python), "-I", "-c", where + _WITH_PEAK, str(PROGRAMS / program), address]
            for environment, program, where in (
                (ours, "first_event_ours.py", _on(path)),
                (official, "first_event_official.py", ""),
            )
        )
        best = [[math.inf] * 3, [math.inf] * 3]
        for _ in range(rounds):
            for position, command in enumerate((mine, theirs)):
                best[position] = list(map(min, best[position], _one_run(command)))
    for name, unit, bar, one, other in zip(
        ("process start to the first acknowledged event", "process start to exit, one event", "peak memory of that"),
        ("ms", "ms", "MiB"),
        (1.2, 1.5, 0.8),
        *best,
        strict=True,
    ):
        yield Row(SECTION, name, one, other, unit, bar)


def _one_run(command: Sequence[str]) -> tuple[float, float, float]:
    """Run a program that sends one event; milliseconds until it is acknowledged and until the end, MiB at its peak."""
    start = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables()) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        acknowledged = perf_counter()
        peak = process.stdout.read()
        code = process.wait()
        end = perf_counter()
    if code or said != "acknowledged\n":
        raise RuntimeError(f"{' '.join(command[-2:])} ended with status {code}")
    return (acknowledged - start) * 1e3, (end - start) * 1e3, int(peak) / 1024


def memory_per_event(count: int = 200) -> Row:
    """Memory that a decoded model event takes in a list of different ones."""
    data = [codec.encoded(values) for values in workloads.different_models(count)]
    with rivals.betterproto2_classes() as events:
        theirs = _memory(events.Event.parse, data)
    return Row(
        "Lightness, beside betterproto2",
        "memory of a decoded model event",
        _memory(Event.parse, data),
        theirs,
        "kB",
        0.7,
    )


def _memory(decode: Callable[[bytes], Any], data: list[bytes]) -> float:
    decode(data[0])  # what is made once does not count
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        events = [decode(each) for each in data]
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    return taken / len(events) / 1e3


def interleaved(timers: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """The best of several rounds of each, in seconds."""
    best = [math.inf] * len(timers)
    for _ in range(rounds):
        best = [min(old, timer()) for old, timer in zip(best, timers, strict=True)]
    return best


def _python(environment: Environment, program: str) -> list[str]:
    return [str(environment.python), "-I", "-c", program]


def _on(path: Path | None) -> str:
    return "" if path is None else f"import sys; sys.path.insert(0, {str(path)!r})\n"


def _timer(command: list[str]) -> Callable[[], float]:
    def timed() -> float:
        start = perf_counter()
        subprocess.run(command, check=True, env=variables())
        return perf_counter() - start

    return timed
