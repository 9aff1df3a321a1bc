"""Events in a file are whole, in order and readable, whoever else writes to it, and whatever ends its writers."""

from __future__ import annotations

import gzip
import json
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Emitted, Event, EventType, SettingError
from chaukas_spec_lite.files import EventFileError, event_from_sdk, read_events
from chaukas_spec_lite.gzipped import member
from chaukas_spec_lite.sinks.appending import AppendingFile
from chaukas_spec_lite.sinks.file import FileSink
from chaukas_spec_lite.sinks.tails import NotRecords, Tail, of_frames, of_lines
from tests import realdata
from tests.patience import HANG, wait_until

NAMES = ("e.jsonl", "e.delim", "e.jsonl.gz", "e.delim.gz")
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(params=NAMES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def named(name: object) -> Event:
    return Event(event_id=f"id-{name}", agent_name=str(name), metadata={"text": "ö" * 50, "list": [1, None]})


def names_in(path: Path) -> list[str]:
    return [recorded.event.agent_name for recorded in read_events(path)]


# One writer


def test_events_are_read_as_they_were_emitted(path: Path) -> None:
    events = [Event.parse(data) for data in realdata.events("pypi-builder-matrix")[:100]]
    with FileSink(path) as sink:
        for event in events:
            assert sink.emit(event) is Emitted.SPOOLED
        assert [recorded.event for recorded in read_events(path)] == events  # before it is closed, too
        assert sink.flush()
        assert sink.stats().written == 100
        assert sink.close()


def test_what_is_missing_is_filled_in(path: Path) -> None:
    event = Event(type=EventType.SYSTEM)
    with FileSink(path) as sink:
        sink.emit(event)
    (recorded,) = read_events(path)
    assert recorded.event == event
    assert event.event_id
    assert event.timestamp is not None


def test_lines_are_those_of_the_official_sdk(tmp_path: Path) -> None:
    with FileSink(tmp_path / "e.jsonl") as sink:
        sink.emit(Event(event_id="a", type=EventType.AGENT_START, agent_name="triage"))
    (line,) = (tmp_path / "e.jsonl").read_text().splitlines()
    parsed = json.loads(line)
    assert parsed.pop("timestamp")
    assert parsed == {"event_id": "a", "type": "EVENT_TYPE_AGENT_START", "agent_name": "triage"}
    assert event_from_sdk(line).agent_name == "triage"


def test_compressed_files_are_those_of_any_gzip(tmp_path: Path) -> None:
    for name in ("e.jsonl", "e.jsonl.gz"):
        with FileSink(tmp_path / name) as sink:
            for number in range(20):
                sink.emit(Event(event_id=f"{number}", timestamp=realdata_time(), metadata={"t": "word " * 500}))
    assert gzip.decompress((tmp_path / "e.jsonl.gz").read_bytes()) == (tmp_path / "e.jsonl").read_bytes()
    assert (tmp_path / "e.jsonl.gz").stat().st_size < (tmp_path / "e.jsonl").stat().st_size / 5


def realdata_time() -> Any:
    return Event.parse(realdata.events()[0]).timestamp


def test_form_and_compression_may_be_told_apart_from_the_name(tmp_path: Path) -> None:
    with FileSink(tmp_path / "events.log", form="delim", gzip=True) as sink:
        sink.emit(named("a"))
    assert (tmp_path / "events.log").read_bytes().startswith(b"\x1f\x8b")
    assert names_in(tmp_path / "events.log") == ["a"]


def test_odd_values_cost_no_event(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    odd: dict[str, Any] = {"uuid": uuid.UUID(int=7), "nan": float("nan"), "set": {1}, "self": None, "bytes": b"\xff"}
    odd["self"] = odd
    with FileSink(path) as sink:
        assert sink.emit(Event(metadata=odd, agent_name=5)) is Emitted.SPOOLED  # type: ignore[arg-type]
        assert sink.stats().converted == 1
        assert sink.flush()
    (recorded,) = read_events(path)
    assert recorded.event.metadata is not None
    assert recorded.event.metadata["uuid"] == str(uuid.UUID(int=7))
    assert recorded.event.agent_name == "5"
    assert "UUID became text" in caplog.text


def test_what_is_no_event_is_refused(path: Path) -> None:
    with FileSink(path) as sink, pytest.raises(TypeError, match="emit expects an Event"):
        sink.emit("event")  # type: ignore[arg-type]
    assert names_in(path) == []


def test_events_go_behind_those_that_are_there(path: Path) -> None:
    for name in "ab":
        with FileSink(path) as sink:
            sink.emit(named(name))
    assert names_in(path) == ["a", "b"]


def test_closed_it_drops_and_tells(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sink = FileSink(path)
    assert sink.emit(named("a")) is Emitted.SPOOLED
    assert sink.close()
    assert sink.emit(named("b")) is Emitted.DROPPED
    assert not sink.flush()
    assert sink.flush()
    assert not sink.close()
    assert sink.stats().dropped == 1
    assert "is closed" in caplog.text
    assert names_in(path) == ["a"]


def test_a_file_that_is_moved_away_is_made_anew(path: Path) -> None:
    with FileSink(path) as sink:
        sink.emit(named("a"))
        path.rename(path.with_name("old"))
        sink.emit(named("b"))
        path.unlink()
        sink.emit(named("c"))
        assert sink.close()
    assert names_in(path.with_name("old")) == ["a"]
    assert names_in(path) == ["c"]


def test_a_file_that_is_emptied_is_begun_anew(path: Path) -> None:
    with FileSink(path) as sink:
        sink.emit(named("a"))
        os.truncate(path, 0)
        sink.emit(named("b"))
    assert names_in(path) == ["b"]


def test_a_relative_path_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with FileSink("e.jsonl") as sink, FileSink("~/home.jsonl") as home:
        os.chdir(tmp_path / "elsewhere")
        (tmp_path / "e.jsonl").unlink()
        sink.emit(named("a"))
        home.emit(named("b"))
    assert names_in(tmp_path / "e.jsonl") == ["a"]
    assert names_in(tmp_path / "home.jsonl") == ["b"]


# What cannot be written to


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=f"there is no folder {tmp_path / 'no'}; make it first"):
        FileSink(tmp_path / "no" / "e.jsonl")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").mkdir()
    with pytest.raises(SettingError, match="is a folder"):
        FileSink(tmp_path / "d.jsonl")
    os.mkfifo(tmp_path / "p.jsonl")
    with pytest.raises(SettingError, match="no file that can be written to at its end"):
        FileSink(tmp_path / "p.jsonl")
    with pytest.raises(SettingError, match="let it end in"):
        FileSink(tmp_path / "e.json")
    with pytest.raises(SettingError, match="jsonl or delim"):
        FileSink(tmp_path / "e.json", form="json")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["e.delim", "e.delim.gz", "e.jsonl.gz"])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff" * 100)
    with pytest.raises(SettingError, match="holds something else than events"):
        FileSink(tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"\xff" * 100


FULL = """
    import logging, resource, signal, sys
    from chaukas_spec_lite.sinks.file import FileSink
    from tests.sinks.test_file import named
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


# What killed processes leave


def records(path: Path, count: int) -> list[int]:
    """Write events; return where each of them ends."""
    ends = []
    with FileSink(path) as sink:
        for number in range(count):
            sink.emit(named(number))
            ends.append(path.stat().st_size)
    return ends


def test_a_torn_event_is_set_aside_wherever_it_was_torn(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _, second, third = records(path, 3)
    whole = path.read_bytes()
    aside = path.with_name(f"{path.name}.torn")
    for end in [*range(second + 1, second + 40), *range(second + 40, third - 20, 17), *range(third - 20, third)]:
        path.write_bytes(whole[:end])
        aside.unlink(missing_ok=True)
        whole_line = path.name == "e.jsonl" and end == third - 1  # nothing but the newline is missing
        if not whole_line:
            with pytest.raises(EventFileError, match=r"torn|ends inside a varint"):
                list(read_events(path))
        with FileSink(path) as sink:
            sink.emit(named("next"))
        if whole_line:
            assert names_in(path) == ["0", "1", "2", "next"]
            assert not aside.exists()
        else:
            assert names_in(path) == ["0", "1", "next"]
            assert aside.read_bytes() == whole[second:end]
    assert f"bytes of a torn event: its writer was ended while it wrote. They were moved to {aside}" in caplog.text


def test_a_torn_event_of_another_writer_is_found_by_one_that_is_open(path: Path) -> None:
    with FileSink(path) as sink:
        sink.emit(named("a"))
        size = path.stat().st_size
        with FileSink(path) as other:
            other.emit(named("b"))
        os.truncate(path, size + 30)
        sink.emit(named("c"))
        assert sink.close()
    assert names_in(path) == ["a", "c"]


KILLED = """
    import os, sys
    from chaukas_spec_lite.sinks.file import FileSink
    from tests.sinks.test_file import named
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

        threads = [threading.Thread(target=work, args=(who,)) for who in range(3)]
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

        def handle(*_: object) -> None:
            sink.emit(named("signal"))

        before = signal.signal(signal.SIGUSR1, handle)
        try:
            stop = threading.Event()

            def annoy() -> None:
                while not stop.wait(0.0005):
                    os.kill(os.getpid(), signal.SIGUSR1)

            thread = threading.Thread(target=annoy)
            thread.start()
            for number in range(300):
                sink.emit(named(number))
            stop.set()
            thread.join(HANG)
        finally:
            signal.signal(signal.SIGUSR1, before)
        assert sink.close()
    found = Counter(names_in(path))
    assert found["signal"] > 0
    assert sum(found.values()) == found["signal"] + 300


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


def test_the_end_of_a_long_line_is_found() -> None:
    data = b"{}\n" + b'{"a": "' + b"x" * 200_000
    assert of_lines(reader(data), 0, len(data)) == Tail(3, b"\n")
    assert of_lines(reader(data + b'"}'), 0, len(data) + 2) == Tail(len(data) + 2, b"\n")
    assert of_lines(reader(b"x"), 0, 1) == Tail(0, b"\n")
    assert of_lines(reader(b""), 0, 0) == Tail(0)


def test_frames_are_found_however_long_they_are() -> None:
    frames = [b"\x00", b"\x05hello", b"\x80\x80\x04" + b"x" * 65536, b"\xff\x7f" + b"y" * 16383] * 20
    data, ends = b"", [0]
    for frame in frames:
        data += frame
        ends.append(len(data))
    for cut in [*ends, *(end - 1 for end in ends[1:]), *(end + 1 for end in ends[:-1])]:
        assert of_frames(reader(data[:cut]), 0, cut).end == max(end for end in ends if end <= cut)
    with pytest.raises(NotRecords, match="more than ten bytes"):
        of_frames(reader(b"\xff" * 20), 0, 20)
    with pytest.raises(NotRecords, match="would be 268,435,455 bytes"):
        of_frames(reader(b"\xff\xff\xff\x7fx"), 0, 5)


def reader(data: bytes) -> Any:
    return lambda size, place: data[place : place + size]


def test_a_member_says_how_long_it_is() -> None:
    assert gzip.decompress(member(b"abc") + member(b"")) == b"abc"
    assert int.from_bytes(member(b"abc")[16:20], "little") == len(member(b"abc"))


# Programs


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(program: str, *arguments: object) -> str:
    process = start(program, *arguments)
    out, err = process.communicate(timeout=HANG)
    assert process.returncode == 0, err
    return out


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.getLogger("chaukas_spec_lite").setLevel(logging.INFO)
    yield
    logging.getLogger("chaukas_spec_lite").setLevel(logging.NOTSET)
