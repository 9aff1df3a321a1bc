"""Events in a file are whole, in order and readable, also behind what a killed process has left."""

from __future__ import annotations

import gzip
import json
import os
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import Emitted, Event, EventType, SettingError
from chaukas_spec_lite.files import EventFileError, event_from_sdk, read_events
from chaukas_spec_lite.gzipped import member
from chaukas_spec_lite.sinks.file import FileSink
from chaukas_spec_lite.sinks.tails import NotRecords, Tail, of_frames, of_lines
from tests import realdata
from tests.sinks.event_files import NAMES, named, names_in


@pytest.fixture(params=NAMES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


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


def test_only_its_owner_may_read_a_file_that_is_made(path: Path) -> None:
    FileSink(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with FileSink(path) as sink:
        sink.emit(named("a"))
    assert path.stat().st_mode & 0o777 == 0o644


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


@given(
    texts=st.lists(st.text(max_size=40), max_size=5),
    name=st.sampled_from(NAMES),
    cut=st.floats(0, 1),
)
def test_whatever_is_cut_off_what_is_whole_stays_and_more_can_follow(texts: list[str], name: str, cut: float) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        ends = [0]
        with FileSink(path) as sink:
            for text in texts:
                sink.emit(Event(metadata={"text": text}))
                ends.append(path.stat().st_size)
        size = round(cut * ends[-1])
        os.truncate(path, size)
        with FileSink(path) as sink:
            sink.emit(Event(metadata={"text": "more"}))
        found = [recorded.event.metadata for recorded in read_events(path)]
        whole = sum(end <= size for end in ends[1:])
        # A line that lacks nothing but its newline is whole, too.
        whole += name == "e.jsonl" and size + 1 in ends[1:]
        assert found == [{"text": text} for text in [*texts[:whole], "more"]]
