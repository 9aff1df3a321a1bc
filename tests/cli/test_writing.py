"""``export``, ``encode``, ``decode``, ``check``, ``drain`` and ``dead-letters``."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from chaukas_spec_lite import BlockingExporter, Event, EventBatch, EventExporter, QueryRequest, SortOrder
from chaukas_spec_lite.cli.encode import messages
from chaukas_spec_lite.errors import StatusCode, StatusError
from tests.cli.recordings import BAD, RECORDING, filled, here, recorded, written
from tests.cli.serving import COMMAND, environment, run, serving
from tests.patience import HANG

EVENTS = recorded()


# export


@pytest.mark.parametrize("name", ["out.jsonl", "out.json", "out.delim", "out.jsonl.gz", "out.delim.gz"])
def test_the_name_of_a_file_tells_its_form(tmp_path: Path, name: str) -> None:
    done = here(tmp_path, "export", "--output", name, RECORDING)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"57 events written to {name}.\n")
    again = [each.event_id for each in recorded(tmp_path / name)]
    assert sorted(again) == sorted(each.event_id for each in EVENTS)


def test_a_collector_is_exported(tmp_path: Path) -> None:
    with filled(tmp_path, EVENTS) as served:
        done = here(tmp_path, "export", "--endpoint", served.grpc, "--session", BAD)
    assert done.returncode == 0
    times = [json.loads(line)["timestamp"] for line in done.stdout.splitlines()]
    assert len(times) == 11
    assert times == sorted(times)


def test_secrets_are_taken_out_on_request(tmp_path: Path) -> None:
    secret = Event(
        event_id="e", metadata={"to": "ann@example.com", "api_key": "sk-12345", "city": "Oslo", "town": "Bergen"}
    )
    (tmp_path / "f").write_bytes(written([secret, *EVENTS], "delim"))
    text = here(tmp_path, "export", "f").stdout
    safe = here(tmp_path, "export", "--redact", "--redact-path", "metadata.city", "f")
    assert (safe.returncode, safe.stderr) == (0, "")
    for word in ("ann@example.com", "sk-12345", "Oslo"):
        assert word in text
        assert word not in safe.stdout
    assert "Bergen" in safe.stdout
    assert len(safe.stdout.splitlines()) == len(EVENTS) + 1
    wrong = here(tmp_path, "export", "--redact-path", "mesage.text", "f")
    assert wrong.returncode == 1
    assert "mesage" in wrong.stderr
    assert "Traceback" not in wrong.stderr


# encode and decode


def test_a_message_goes_there_and_back(tmp_path: Path) -> None:
    (tmp_path / "e.json").write_text(EVENTS[7].to_json(indent=2), encoding="utf-8")
    assert here(tmp_path, "encode", "e.json", "--output", "e.bin").returncode == 0
    assert (tmp_path / "e.bin").read_bytes() == bytes(EVENTS[7])
    done = here(tmp_path, "decode", "e.bin")
    assert (done.returncode, done.stderr) == (0, "")
    assert Event.from_json(done.stdout) == EVENTS[7]


def test_any_message_of_the_schema_is_taken(tmp_path: Path) -> None:
    request = QueryRequest(page_size=3, order_by_time=SortOrder.ASC)
    (tmp_path / "q").write_bytes(bytes(request))
    for name in ("QueryRequest", "chaukas.spec.common.v1.QueryRequest"):
        assert QueryRequest.from_json(here(tmp_path, "decode", "--message", name, "q").stdout) == request
    (tmp_path / "b").write_bytes(bytes(EventBatch(events=EVENTS)))
    done = here(tmp_path, "decode", "--message", "EventBatch", "b")
    assert EventBatch.from_json(done.stdout).events == EVENTS
    assert len(messages()) > 60
    unknown = here(tmp_path, "decode", "--message", "EventBach", "b")
    assert unknown.returncode == 2
    assert "did you mean EventBatch?" in unknown.stderr


def test_many_messages_are_delimited(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(written(EVENTS, "jsonl"))
    assert here(tmp_path, "encode", "--delimited", "in.jsonl", "--output", "out").returncode == 0
    assert (tmp_path / "out").read_bytes() == written(EVENTS, "delim")
    done = here(tmp_path, "decode", "--delimited", "out")
    assert done.stdout.encode() == written(EVENTS, "jsonl")


def test_standard_input_and_output_are_used(tmp_path: Path) -> None:
    command = [*COMMAND, "encode"]
    done = subprocess.run(
        command, input=b'{"eventId": "a"}', capture_output=True, env=environment(tmp_path), timeout=HANG, check=True
    )
    assert done.stdout == b"\x0a\x01a"
    assert run(tmp_path, "decode", stdin="\n\x01a").stdout == '{\n  "event_id": "a"\n}\n'


@pytest.mark.parametrize(
    ("command", "data", "message"),
    [
        ("encode", b'{"event_id": 5}', "$.event_id"),
        ("encode", b'{"event_id": "a"} {}', "several messages; --delimited"),
        ("encode", b"", "holds no JSON object"),
        ("encode", b"nonsense", "f: "),
        ("decode", b"\x0a\x05a", "f: Event"),
        ("decode --delimited", b"\x03\x0a\x01a\x05\x0a", "the last message is torn"),
        ("decode --delimited", b"\xff\xff\xff\xff\x7f", "would be 34,359,738,367 bytes"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, command: str, data: bytes, message: str) -> None:
    (tmp_path / "f").write_bytes(data)
    done = here(tmp_path, *command.split(), "f", "--output", "out")
    assert done.returncode == 1
    assert re.match("Error: ", done.stderr)
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["encode", "decode", "decode --delimited"])
def test_it_is_told_which_file_cannot_be_opened(tmp_path: Path, command: str) -> None:
    (tmp_path / "folder").mkdir()
    for name, why in (("folder", "Is a directory"), ("none", "No such file or directory")):
        done = here(tmp_path, *command.split(), name)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: {name}: {why}\n")


# check


def test_nothing_is_odd_in_good_events(tmp_path: Path) -> None:
    done = here(tmp_path, "check", RECORDING)
    assert (done.returncode, done.stdout, done.stderr) == (0, "57 events: nothing is odd\n", "")


def test_what_is_odd_is_told_with_1(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(written([*EVENTS[:20], Event(session_id="\x1b[1m")], "delim"))
    done = here(tmp_path, "check", "f")
    assert done.returncode == 1
    assert re.search(r"^\d x START without END: ", done.stdout, re.MULTILINE)
    assert "1 x no event id: without an id, an event cannot be stored\n  an event without an id of" in done.stdout
    assert "\x1b" not in done.stdout
    assert re.fullmatch(r"Error: \d+ oddities in 21 events\n", done.stderr)
    lines = [json.loads(line) for line in here(tmp_path, "check", "--format", "jsonl", "f").stdout.splitlines()]
    assert {"START without END", "no event id", "no timestamp"} <= {line["kind"] for line in lines}


# drain and dead letters


def test_a_spool_is_drained(tmp_path: Path) -> None:
    class Away:
        async def send(self, encoded_events: Sequence[bytes]) -> None:
            raise StatusError("away", status=StatusCode.UNAVAILABLE, rpc="IngestEventBatch")

    with BlockingExporter(Away(), spool=tmp_path / "spool", close_timeout=0) as exporter:
        for event in EVENTS:
            exporter.emit(event)
    away = here(tmp_path, "drain", "--endpoint", "127.0.0.1:9", "--timeout", "0.3", "spool")
    assert away.returncode == 1
    assert re.search(r"Error: [\d,]+ bytes are left in spool: ", away.stderr)
    with serving(tmp_path, "--store", "events.db") as served:
        done = here(tmp_path, "drain", "--endpoint", served.grpc, "spool")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "57 events found, 57 sent.\n")
        assert here(tmp_path, "query", "--endpoint", served.grpc, "--format", "jsonl").stdout.count("\n") == 57
    missing = here(tmp_path, "drain", "nowhere")
    assert missing.returncode == 1
    assert "there is no directory" in missing.stderr


def test_dead_letters_are_shown_and_sent(tmp_path: Path) -> None:
    class Refusing:
        async def send(self, encoded_events: Sequence[bytes]) -> None:
            raise StatusError("no \x1b[1mway", status=StatusCode.INVALID_ARGUMENT, rpc="IngestEventBatch")

    async def refuse() -> None:
        async with EventExporter(Refusing(), spool=tmp_path / "spool") as exporter:
            for event in EVENTS[:3]:
                exporter.emit(event)
            await exporter.flush(HANG)

    asyncio.run(refuse())
    done = here(tmp_path, "dead-letters", "spool")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [f"event {each.event_id}," in line for each, line in zip(EVENTS, lines, strict=False)] == [True] * 3
    assert all(" invalid event " in line and r"no \x1b[1mway" in line and "\x1b" not in line for line in lines)
    assert len(here(tmp_path, "dead-letters", "--limit", "1", "spool").stdout.splitlines()) == 1
    (first, *_) = here(tmp_path, "dead-letters", "--format", "jsonl", "spool").stdout.splitlines()
    assert json.loads(first)["event_id"] == EVENTS[0].event_id
    here(tmp_path, "dead-letters", "--format", "delim", "--output", "letters.delim", "spool")
    assert [each.event_id for each in recorded(tmp_path / "letters.delim")] == [each.event_id for each in EVENTS[:3]]
    some = here(tmp_path, "dead-letters", "--send", "--limit", "1", "spool")
    assert (some.returncode, some.stderr.splitlines()[-1][:38]) == (2, "Error: --send sends all of them again:")
    with serving(tmp_path, "--store", "events.db") as served:
        sent = here(tmp_path, "dead-letters", "--send", "--endpoint", served.grpc, "spool")
        assert (sent.returncode, sent.stdout, sent.stderr) == (0, "", "3 events tried again, 3 sent.\n")
    assert here(tmp_path, "dead-letters", "spool").stderr == "There are no dead letters in spool.\n"
