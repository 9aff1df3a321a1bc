"""Events in a file are whole and none is missing, whoever else writes to it, and whatever ends its writers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.files import read_events
from chaukas_spec_lite.sinks.appending import AppendingFile
from chaukas_spec_lite.sinks.file import FileSink
from chaukas_spec_lite.sinks.tails import of_lines
from tests.patience import HANG, wait_until
from tests.sinks.event_files import NAMES, named, names_in

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(params=NAMES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


FULL = """
    import logging, resource, signal, sys
    from chaukas_spec_lite.sinks.file import FileSink
    from tests.sinks.event_files import named
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sink = FileSink(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
    results = [sink.emit(named(number)).name for number in range(100)]
    written = results.count("SPOOLED")
    assert set(results[written:]) == {"DROPPED"}, results
    assert not sink.flush() and sink.flush()
    print(sink.stats())
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert sink.emit(named("after")).name == "SPOOLED"
    assert not sink.close()
    print(written)
    """


def test_a_disk_that_is_full_costs_events_that_are_counted_and_leaves_none_torn(path: Path) -> None:
    """A limit on a file's size does what a full disk does: it takes a part of a write, then nothing."""
    out = run(FULL, path)
    written = int(out.split()[-1])
    assert f"dropped={100 - written}" in out
    assert out.count("Events are not written to") == 1
    assert names_in(path) == [*map(str, range(written)), "after"]
    assert not path.with_name(f"{path.name}.torn").exists()


KILLED = """
    import os, sys
    from chaukas_spec_lite.sinks.file import FileSink
    from tests.sinks.event_files import named
    sink, who = FileSink(sys.argv[1]), sys.argv[2]
    print("ready", flush=True)
    for number in range(10**9):
        sink.emit(named(f"{who}-{number}"))
        os.write(1, b"%d\\n" % number)  # acknowledged: it has to be in the file
    """


def test_processes_that_write_together_and_are_killed_lose_nothing_that_was_taken(path: Path) -> None:
    processes = [start(KILLED, path, who) for who in range(3)]
    wait_until(lambda: path.exists() and path.stat().st_size > 40_000)
    for process in processes:
        process.send_signal(signal.SIGKILL)
    taken = [process.communicate(timeout=HANG)[0].split()[1:] for process in processes]
    with FileSink(path) as sink:  # mends what they left
        sink.emit(named("last-0"))
    events = names_in(path)
    assert len(events) == len(set(events))
    for who, numbers in enumerate(taken):
        found = [int(name.partition("-")[2]) for name in events if name.startswith(f"{who}-")]
        assert found == list(range(len(found)))
        assert len(found) >= len(numbers)
    assert sum(map(len, taken)) > 40


WRITERS, EVENTS = 3, 80


def test_processes_with_large_events_do_not_mix_them(path: Path) -> None:
    program = """
        import sys
        from chaukas_spec_lite import Event
        from chaukas_spec_lite.sinks.file import FileSink
        with FileSink(sys.argv[1]) as sink:
            for number in range(int(sys.argv[3])):
                text = sys.argv[2] * (number * 997 % 30_000)
                sink.emit(Event(agent_name=f"{sys.argv[2]}-{number}", metadata={"text": text}))
            assert sink.close()
        """
    processes = [start(program, path, who, EVENTS) for who in range(WRITERS)]
    for process in processes:
        _, err = process.communicate(timeout=2 * HANG)
        assert process.returncode == 0, err
    events = [recorded.event for recorded in read_events(path)]
    assert Counter(event.agent_name for event in events) == Counter(
        f"{who}-{number}" for who in range(WRITERS) for number in range(EVENTS)
    )
    for event in events:
        who, number = event.agent_name.split("-")
        assert event.metadata == {"text": who * (int(number) * 997 % 30_000)}
    assert not path.with_name(f"{path.name}.torn").exists()


def test_threads_share_a_sink_and_a_file(path: Path) -> None:
    with FileSink(path) as one, FileSink(path) as other:

        def work(who: int) -> None:
            for number in range(50):
                (one if who % 2 else other).emit(named(f"{who}-{number}"))

        threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(HANG)
        assert one.stats().written + other.stats().written == 200
        assert one.close()
        assert other.close()
    assert Counter(names_in(path)) == Counter(f"{who}-{number}" for who in range(4) for number in range(50))


def test_forked_children_and_their_parent_write_together(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with FileSink(path) as sink:
        sink.emit(named("first-0"))
        stop = threading.Event()

        def busy() -> None:  # so that forks happen while its lock is held
            number = 0
            while not stop.is_set():
                sink.emit(named(f"busy-{number}"))
                number += 1

        thread = threading.Thread(target=busy)
        thread.start()
        children = [context.Process(target=_child, args=(sink, who)) for who in range(6)]
        for child in children:
            _start_forking(child)
        for child in children:
            child.join(HANG)
            assert child.exitcode == 0
        stop.set()
        thread.join(HANG)
        assert sink.close()
    found = Counter(name.partition("-")[0] for name in names_in(path))
    assert found["first"] == 1
    assert [found[f"{who}"] for who in range(6)] == [20] * 6
    assert not path.with_name(f"{path.name}.torn").exists()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def _start_forking(child: Any) -> None:
    child.start()


def _child(sink: FileSink, who: int) -> None:
    for number in range(20):
        sink.emit(named(f"{who}-{number}"))
    assert sink.stats().written == 20
    assert sink.close()


def test_a_signal_handler_may_emit_amid_an_emit(path: Path) -> None:
    with FileSink(path) as sink:
        handled = emitted = 0

        def handle(*_: object) -> None:
            nonlocal handled
            sink.emit(named("signal"))
            handled += 1

        def annoy() -> None:
            while not stop.wait(0.0005):
                os.kill(os.getpid(), signal.SIGUSR1)

        stop, before = threading.Event(), signal.signal(signal.SIGUSR1, handle)
        thread = threading.Thread(target=annoy)
        try:
            thread.start()
            while handled < 30:
                sink.emit(named("emit"))
                emitted += 1
            stop.set()
            thread.join(HANG)
        finally:
            stop.set()
            signal.signal(signal.SIGUSR1, before)
        assert sink.close()
    assert Counter(names_in(path)) == {"signal": handled, "emit": emitted}
    assert not path.with_name(f"{path.name}.torn").exists()


def test_a_lock_that_is_never_given_up_does_not_hold_up_the_program(tmp_path: Path) -> None:
    """Such as that of a process that is stopped: a record is then written without it, in one write all the same."""
    path = tmp_path / "e.jsonl"
    holder = start(
        """
        import fcntl, os, sys, time
        file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
        fcntl.flock(file, fcntl.LOCK_EX)
        print("ready", flush=True)
        time.sleep(1000)
        """,
        path,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        file = AppendingFile(str(path), of_lines, lambda size, aside: None, patience=0.01)
        file.append(b"{}\n")
        file.close()
    finally:
        holder.kill()
        holder.communicate(timeout=HANG)
    assert path.read_bytes() == b"{}\n"


# Programs


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(program: str, *arguments: object) -> str:
    process = start(program, *arguments)
    out, err = process.communicate(timeout=HANG)
    assert process.returncode == 0, err
    return out
