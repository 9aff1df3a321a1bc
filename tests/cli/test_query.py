"""``chaukas-lite query``: collectors, stores and files answer alike, in every form, on every width."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.cli.event_table import EventTable
from chaukas_spec_lite.cli.options import moment_of_text
from tests.cli.recordings import BAD, RECORDING, filled, forms, here, recorded, written
from tests.cli.serving import COMMAND, environment, run
from tests.patience import HANG, without_slowness

EVENTS = recorded()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder with the recording in events.delim and events.db, and the address of a collector that serves it."""
    folder = tmp_path_factory.mktemp("looking")
    (folder / "events.delim").write_bytes(RECORDING.read_bytes())
    with filled(folder, EVENTS) as served:
        yield folder, served.grpc


def ids(text: str) -> list[str]:
    return [json.loads(line)["event_id"] for line in text.splitlines()]


CONDITIONS = [
    [],
    ["--limit", "3"],
    ["--limit", "0"],
    ["--order", "oldest"],
    ["--order", "oldest", "--limit", "7"],
    ["--session", BAD],
    ["--agent", "triage", "--type", "MODEL_INVOCATION_END"],
    ["--type", "error", "--type", "event_type_retry"],
    ["--status", "FAILED"],
    ["--severity", "error", "--severity", "warn"],
    ["--text", "LINDQVIST"],
    ["--tag", "none"],
    ["--tenant", "acme", "--project", "support-bot"],
    ["--tenant", "nobody"],
    ["--span", EVENTS[3].span_id],
    ["--trace", EVENTS[3].trace_id],
    ["--since", "2026-11-27T09:14:20Z", "--until", "2026-11-27T09:14:23+00:00"],
    ["--since", "1s"],
]


@pytest.mark.parametrize("conditions", CONDITIONS, ids=" ".join)
def test_collectors_stores_and_files_answer_alike(home: tuple[Path, str], conditions: list[str]) -> None:
    folder, endpoint = home
    answers = [
        here(folder, "query", "--format", "jsonl", *conditions, *place)
        for place in (["--endpoint", endpoint], ["--store", "sqlite:events.db"], ["events.delim"])
    ]
    assert [(each.returncode, each.stderr) for each in answers] == [(0, "")] * 3
    found = [ids(each.stdout) for each in answers]
    assert found[0] == found[1] == found[2]
    expects_some = conditions not in (["--limit", "0"], ["--tag", "none"], ["--tenant", "nobody"], ["--since", "1s"])
    assert bool(found[0]) is expects_some


def test_one_order_is_the_reverse_of_the_other(home: tuple[Path, str]) -> None:
    newest = ids(here(home[0], "query", "--format", "jsonl", "events.delim").stdout)
    oldest = ids(here(home[0], "query", "--format", "jsonl", "--order", "oldest", "events.delim").stdout)
    assert newest == oldest[::-1]
    assert len(newest) == len(EVENTS)


@pytest.mark.parametrize("form", forms(EVENTS))
def test_files_of_every_form_hold_the_same(tmp_path: Path, form: str) -> None:
    (tmp_path / "f").write_bytes(forms(EVENTS)[form])
    done = here(tmp_path, "query", "--order", "oldest", "--format", "delim", "--output", "out", "f")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    in_order = sorted(EVENTS, key=lambda event: event.timestamp or datetime.min.replace(tzinfo=timezone.utc))
    assert recorded(tmp_path / "out") == in_order


def test_standard_input_is_a_file(tmp_path: Path) -> None:
    text = written(EVENTS, "jsonl").decode()
    assert len(ids(run(tmp_path, "query", "--format", "jsonl", "-", stdin=text).stdout)) == len(EVENTS)


@pytest.mark.parametrize("form", ["jsonl", "json", "openapi", "delim"])
def test_what_is_written_is_read_again(tmp_path: Path, form: str) -> None:
    out = tmp_path / "out.gz"
    assert here(tmp_path, "query", "--format", form, "--output", "out.gz", RECORDING).returncode == 0
    assert out.read_bytes()[:2] == b"\x1f\x8b"
    again = here(tmp_path, "query", "--format", "jsonl", "out.gz")
    assert ids(again.stdout) == ids(here(tmp_path, "query", "--format", "jsonl", RECORDING).stdout)


@pytest.mark.parametrize("form", ["delim", "jsonl", "array", "gzip"])
def test_a_torn_end_does_not_hide_what_is_before_it(tmp_path: Path, form: str) -> None:
    (tmp_path / "f").write_bytes(forms(EVENTS)[form][:-9])
    done = here(tmp_path, "query", "--format", "jsonl", "f")
    assert len(ids(done.stdout)) == len(EVENTS) - (form != "gzip")
    assert done.stderr.startswith("Note: f")
    assert "the last event is torn" in done.stderr
    assert done.returncode == 0


def test_a_bad_line_does_not_hide_what_is_behind_it(tmp_path: Path) -> None:
    lines = written(EVENTS[:3], "jsonl").splitlines(keepends=True)
    (tmp_path / "f").write_bytes(lines[0] + b'{"event_id": 5}\n' + lines[1] + b"nonsense\n" + lines[2])
    done = here(tmp_path, "query", "--order", "oldest", "--format", "jsonl", "f")
    assert ids(done.stdout) == [each.event_id for each in EVENTS[:3]]
    assert "Not read: f:2:14: $.event_id: " in done.stderr
    assert "Not read: f:4:1: " in done.stderr
    assert done.stderr.endswith("Error: 2 places in the files could not be read as events\n")
    assert done.returncode == 1


def test_a_database_is_told_from_a_file_of_events(home: tuple[Path, str]) -> None:
    for command in ("query", "demo"):
        done = here(home[0], command, "events.db")
        assert done.returncode == 1
        assert "events.db is an SQLite database and no file of events" in done.stderr
        assert "--store sqlite:" in done.stderr


HOSTILE = "\x1b[31mred\x07 \u202egnp.exe \x9b2J"


def test_what_events_hold_does_nothing_to_a_terminal(tmp_path: Path) -> None:
    event = Event(event_id="e\x1b]0;x\x07", session_id=HOSTILE, agent_name=HOSTILE, metadata={"name": HOSTILE})
    (tmp_path / "f").write_bytes(written([event], "delim"))
    for form in ("table", "jsonl", "json", "openapi"):
        done = here(tmp_path, "query", "--format", form, "f")
        assert done.returncode == 0
        assert "exe" in done.stdout
        assert not set(done.stdout) & set("\x1b\x07\u202e\x9b"), form
    assert Event.from_json(here(tmp_path, "query", "--format", "jsonl", "f").stdout) == event


def test_an_event_without_json_is_left_out_and_told(tmp_path: Path) -> None:
    events = [Event(event_id="a", metadata={"x": float("nan")}), Event(event_id="b")]
    (tmp_path / "f").write_bytes(written(events, "delim"))
    done = here(tmp_path, "query", "--format", "jsonl", "f")
    assert (done.returncode, ids(done.stdout)) == (1, ["b"])
    assert "Left out: event a has no JSON" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--store", "no.db"], "there is no file no.db"),
        (["--store", "memory:"], "nothing of it is there for others"),
        (["no.jsonl"], "no.jsonl: No such file or directory"),
        (["--type", "EROR", "x"], "did you mean ERROR?"),
        (["--since", "yesterday", "x"], "'yesterday' is no time; write 90s, 30m, 2h"),
        (["--store", "a.db", "x"], "both say where the events are"),
        (["--endpoint", "127.0.0.1:9", "--store", "a.db"], "both say where the events are"),
        (["--output", "same", "same"], "is one of the files that are read"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "same").write_bytes(RECORDING.read_bytes())
    done = here(tmp_path, "query", *arguments)
    assert done.returncode in (1, 2)
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert (tmp_path / "same").read_bytes() == RECORDING.read_bytes()


def test_whoever_has_seen_enough_of_the_output_hears_nothing(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(RECORDING.read_bytes() * 200)
    shell = ["/bin/sh", "-c", '"$@" | head -n 1', "-", *COMMAND, "query", "--format", "jsonl", "f"]
    done = subprocess.run(
        shell, cwd=tmp_path, env=environment(tmp_path), capture_output=True, timeout=HANG, check=False
    )
    assert (done.stdout.count(b"\n"), without_slowness(done.stderr.decode())) == (1, "")


@pytest.mark.parametrize("width", [40, 52, 64, 80, 100, 140, 200])
def test_lines_are_no_longer_than_the_terminal(width: int) -> None:
    table = EventTable(width, "utf-8")
    wide = Event(session_id="s" * 60, type=EventType.MODEL_INVOCATION_START, agent_name="代理" * 20)
    for event in [*EVENTS, wide, Event(type=EventType(999))]:
        assert table.row(event).cell_len <= width
    assert table.head().cell_len <= width


@pytest.mark.parametrize("width", [40, 63, 64, 80, 200])
def test_neither_types_nor_heads_are_cut(width: int) -> None:
    table = EventTable(width, "utf-8")
    assert "\N{HORIZONTAL ELLIPSIS}" not in table.head().plain
    for type_ in EventType:
        assert str(type_.name) in table.row(Event(type=type_)).plain.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", timedelta(hours=-2)),
        ("90 s", timedelta(seconds=-90)),
        ("1.5d", timedelta(days=-1.5)),
        ("now", timedelta()),
        ("2026-11-28", timedelta(days=-1, hours=-12)),
        ("2026-11-29T13:00:00+01:00", timedelta()),
        ("2026-11-29T12:00:01Z", timedelta(seconds=1)),
        ("2 years", None),
        ("99999999999w", None),
        ("", None),
    ],
)
def test_times_are_read(text: str, expected: timedelta | None) -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
    assert moment_of_text(text, now) == (None if expected is None else now + expected)


def test_the_collector_of_the_environment_is_asked(home: tuple[Path, str]) -> None:
    folder, endpoint = home
    done = here(folder, "query", "--format", "jsonl", CHAUKAS_GRPC_ENDPOINT=endpoint)
    assert len(ids(done.stdout)) == len(EVENTS)
