"""Both kinds of event files are told apart and read, and what is wrong with one is said with its place."""

from __future__ import annotations

import gzip
import json
import os
import threading
from pathlib import Path

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite import files as event_files
from chaukas_spec_lite.files import EventFileError, read_events
from tests import realdata


def delimited(*events: bytes) -> bytes:
    return b"".join(bytes([len(each)]) + each for each in events)


def read(path: Path, data: bytes) -> list[Event]:
    path.write_bytes(data)
    return [each.event for each in read_events(path)]


@pytest.mark.parametrize("name", realdata.CAPTURES)
def test_delimited_captures_are_read(name: str) -> None:
    path = realdata.DATA / f"{name}.delim"
    recorded = list(read_events(str(path)))
    assert [each.event for each in recorded] == [Event.parse(data) for data in realdata.events(name)]
    assert recorded[-1].position == path.stat().st_size


@pytest.mark.parametrize("name", realdata.JSONL_CAPTURES)
def test_json_lines_of_the_sdk_are_read(name: str) -> None:
    path = realdata.DATA / "jsonl" / f"{name}.jsonl"
    recorded = list(read_events(path))
    assert [each.event.event_id for each in recorded] == [json.loads(line)["event_id"] for line in realdata.jsonl(name)]
    assert recorded[-1].position == path.stat().st_size


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        (b"", []),
        (b"\n \n", []),
        (b"\0\0", ["", ""]),
        (b'{"event_id": "a"}\n\n  {"event_id": "b"}\r\n', ["a", "b"]),
        (b'\n\xef\xbb\xbf{"event_id": "a"}', None),
        (b'\xef\xbb\xbf{"event_id": "a"}', ["a"]),
        (b"{}", [""]),
        (b'\n\n{"event_id": "a"}', ["a"]),
        (delimited(bytes(Event(event_id="x" * 121))), ["x" * 121]),  # a length that looks like a brace
        (delimited(bytes(Event(event_id="x" * 8))), ["x" * 8]),  # one that looks like a line break
    ],
)
def test_the_kind_of_a_file_is_told_by_its_content(tmp_path: Path, data: bytes, ids: list[str] | None) -> None:
    if ids is None:
        with pytest.raises(EventFileError):
            read(tmp_path / "f", data)
    else:
        assert [each.event_id for each in read(tmp_path / "f", data)] == ids


NEITHER = r"/f is no file of events, neither JSON nor delimited protobuf: in the event at byte 0: "


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"event_id": "a"}\n{"event_id": 5}\n', r"/f:2:14: \$\.event_id: "),
        (b'{"event_id": "a"\n', r"/f:1:\d+: "),
        (b'{"event_id": "a"}\n\n[1]\n', r"/f:3:\d+: "),
        (b'{"event_id": "a"}\nnonsense', r"/f:2:\d+: "),
        (b'{"event_id": "a"}\n{"event_id": "b', r"/f:2:\d+: .*; the last event is torn, as its writer was ended"),
        (b'{"event_id": "a"\n', r"/f:1:\d+: [^;]*$"),
        (b'{"event_id": "\xff"}\n', r"/f:1:\d+: "),
        (b'{"event_id": "a", "no_such_field": 1}', r"/f:1:\d+: .*no_such_field"),
        (b"plain text", NEITHER),
        (b"PK\x03\x04 something zipped" * 9, NEITHER + "Event: "),
        (b"\xff" * 20, NEITHER + "a varint is longer than 10 bytes"),
        (
            b"\x03\x0a\x01a\x05\x0a\x01a",
            r"/f: in the event at byte 4: its length is 5 bytes, but the file ends after 3: the last event is torn",
        ),
        (b"\x03\x0a\x01a\x80", r"/f: in the event at byte 4: the input ends inside a varint"),
        (b"\x03\x0a\x01a\x02\x0a\x05", r"/f: in the event at byte 4: Event: .*\(at byte 1\)$"),
        (b"\xff\xff\xff\xff\x7f", NEITHER + "its length would be 34,359,738,367 bytes"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(EventFileError, match=message):
        read(tmp_path / "f", data)


@pytest.mark.parametrize("name", ["pypi-crewai-sync.delim", "jsonl/pypi-crewai-sync.jsonl"])
def test_gzip_is_recognised_by_its_content(tmp_path: Path, name: str) -> None:
    plain = [each.event for each in read_events(realdata.DATA / name)]
    data = (realdata.DATA / name).read_bytes()
    (tmp_path / "f").write_bytes(gzip.compress(data[:9999]) + gzip.compress(data[9999:]) + b"\0\0")
    recorded = list(read_events(tmp_path / "f"))
    assert [each.event for each in recorded] == plain
    assert recorded[-1].position == (tmp_path / "f").stat().st_size


@pytest.mark.parametrize("kept", [5, 40, 200, -1])
def test_gzip_that_ends_early_says_so_after_its_events(tmp_path: Path, kept: int) -> None:
    first = gzip.compress(b'{"event_id": "a"}\n')
    (tmp_path / "f").write_bytes(first + gzip.compress(b'{"event_id": "%s"}\n' % os.urandom(300).hex().encode())[:kept])
    events = read_events(tmp_path / "f")
    assert next(events).event.event_id == "a"
    with pytest.raises(EventFileError, match="the last event is torn"):
        list(events)


def test_gzip_that_is_damaged_is_said(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(b'{"event_id": "a"}\n'))
    data[-6] ^= 1
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(EventFileError, match="it cannot be decompressed"):
        list(read_events(tmp_path / "f"))


def test_a_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_files, "MAX_EVENT", 20)
    with pytest.raises(EventFileError, match=r"f:2: the line is longer than 20 bytes"):
        read(tmp_path / "f", b'{"event_id": "a"}\n{"event_id": "' + b"a" * 30 + b'"}')


def test_events_before_a_mistake_are_read(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\x03\x0a\x01a\x05\x0a")
    events = read_events(tmp_path / "f")
    assert next(events).event.event_id == "a"
    with pytest.raises(EventFileError):
        next(events)


@pytest.mark.parametrize("file", ["pypi-crewai-sync.delim", "jsonl/pypi-crewai-sync.jsonl"])
def test_a_pipe_will_do(tmp_path: Path, file: str) -> None:
    data = (realdata.DATA / file).read_bytes()
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    try:
        assert len(list(read_events(tmp_path / "pipe"))) == 180
    finally:
        writer.join()
