"""``chaukas-lite verify`` on files, a store and a running collector: what holds, what does not, and what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chaukas_spec_lite import BlockingChaukasClient, Event, EventType, Recorder
from chaukas_spec_lite.files import read_events
from chaukas_spec_lite.sinks import FileSink
from tests.cli.recordings import here
from tests.cli.serving import serving

SESSIONS, EACH = 3, 5


def recorded(path: Path, *, closed: bool = True) -> list[Event]:
    """Sessions of one writer, their events taking turns, in a file."""
    with FileSink(path, audit=True) as sink:
        for number in range(EACH):
            for session in range(SESSIONS):
                kind = EventType.SESSION_END if number == EACH - 1 and closed else EventType.SYSTEM
                sink.emit(Event(session_id=f"s{session}", type=kind, metadata={"b": number, "a": session}))
    return [each.event for each in read_events(path)]


def written(path: Path, events: list[Event]) -> Path:
    with FileSink(path) as sink:
        for event in events:
            sink.emit(event)
    return path


@pytest.mark.parametrize("name", ["events.delim", "events.jsonl", "events.jsonl.gz"])
def test_a_recording_that_nobody_touched(tmp_path: Path, name: str) -> None:
    recorded(tmp_path / name)
    done = here(tmp_path, "verify", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "15 events in 3 chains of 1 writer\n3 complete, 0 without an end, 0 broken\n"


def altered(events: list[Event]) -> None:
    events[7].metadata = {"b": 99}


def removed(events: list[Event]) -> None:
    del events[7]


def put_in(events: list[Event]) -> None:
    forged = Event(event_id="forged", session_id="s1", hash_prev=events[4].content_hash, content_hash="sha256:0")
    events.insert(7, forged)


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [(altered, "altered"), (removed, "missing"), (put_in, "altered")],
    ids=["altered", "removed", "put in"],
)
def test_tampering_is_named(tmp_path: Path, tamper: Callable[[list[Event]], None], kind: str) -> None:
    events = recorded(tmp_path / "good.delim")
    wrong = events[7].event_id if tamper is altered else "forged" if tamper is put_in else events[10].event_id
    tamper(events)
    written(tmp_path / "bad.delim", events)
    for options in ([], ["--open"]):
        done = here(tmp_path, "verify", *options, "bad.delim")
        assert done.returncode == 1
        assert done.stderr.endswith("not verified: chains do not hold\n")
        assert f"  {kind}: event {wrong} of session " in done.stdout
    report = here(tmp_path, "verify", "--format", "json", "bad.delim")
    assert here(tmp_path, "verify", "--json", "bad.delim").stdout == report.stdout
    assert report.returncode == 1
    found = json.loads(report.stdout)
    assert not found["complete"]
    assert not found["sound"]
    named = [(fault["kind"], fault["event_id"]) for chain in found["chains"] for fault in chain["faults"]]
    assert (kind, wrong) in named
    assert sum(chain["complete"] for chain in found["chains"]) == SESSIONS - (tamper is not put_in)


def test_a_limit_is_for_the_faults_that_are_named(tmp_path: Path) -> None:
    events = recorded(tmp_path / "good.delim")
    for event in events:
        event.agent_name = "somebody else"
    written(tmp_path / "bad.delim", events)
    whole, limited = (
        here(tmp_path, "verify", "--format", "json", *given, "bad.delim") for given in ([], ["--limit", "1"])
    )
    assert (whole.returncode, whole.stderr) == (limited.returncode, limited.stderr)
    chains = [json.loads(each.stdout)["chains"] for each in (whole, limited)]
    assert [len(chain["faults"]) > 1 for chain in chains[0]] == [True] * SESSIONS
    assert [chain["faults"] for chain in chains[1]] == [chain["faults"][:1] for chain in chains[0]]
    text = here(tmp_path, "verify", "--limit", "1", "bad.delim").stdout
    assert text.count("  altered: ") == 1
    assert f"  and {sum(len(chain['faults']) for chain in chains[0]) - 1:,} more; " in text


def test_sessions_that_go_on(tmp_path: Path) -> None:
    recorded(tmp_path / "events.delim", closed=False)
    done = here(tmp_path, "verify", "events.delim")
    assert done.returncode == 1
    assert done.stderr == "Error: not verified: sessions have no end (--open allows it)\n"
    assert "0 complete, 3 without an end, 0 broken" in done.stdout
    assert here(tmp_path, "verify", "--open", "events.delim").returncode == 0


def test_events_that_were_not_sealed(tmp_path: Path) -> None:
    events = recorded(tmp_path / "events.delim")
    written(tmp_path / "mixed.delim", [*events, Event(event_id="plain"), Event(event_id="other")])
    done = here(tmp_path, "verify", "mixed.delim")
    assert done.returncode == 1
    assert done.stderr == "Error: not verified: 2 events of 17 were not sealed (--unsealed allows it)\n"
    assert here(tmp_path, "verify", "--unsealed", "mixed.delim").returncode == 0


def test_nothing_is_no_proof(tmp_path: Path) -> None:
    (tmp_path / "empty.delim").touch()
    done = here(tmp_path, "verify", "empty.delim")
    assert (done.returncode, done.stderr) == (1, "Error: not verified: there are no events\n")


def test_more_faults_than_are_named(tmp_path: Path) -> None:
    events = recorded(tmp_path / "good.delim")
    for event in events:
        event.branch = "other"
    written(tmp_path / "bad.delim", events)
    done = here(tmp_path, "verify", "--limit", "2", "bad.delim")
    assert done.stdout.splitlines()[-1] == "  and 13 more; --limit names more of them"


def test_hostile_ids_reach_no_terminal(tmp_path: Path) -> None:
    events = [Event(event_id="\x1b[2J", session_id="a\nb", content_hash="sha256:1", hash_prev="genesis:w:1:a\nb")]
    written(tmp_path / "bad.delim", events)
    done = here(tmp_path, "verify", "bad.delim")
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 4


def test_a_collector_and_its_store(tmp_path: Path) -> None:
    events = recorded(tmp_path / "good.delim")
    with serving(tmp_path, "--store", "events.db", "--http", "off") as served:
        with BlockingChaukasClient(served.grpc) as client:
            client.ingest_events(events)
        done = here(tmp_path, "verify", "--endpoint", served.grpc)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert done.stdout.startswith("15 events in 3 chains")
    done = here(tmp_path, "verify", "--store", "sqlite:events.db", "--session", "s1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("5 events in 1 chain of 1 writer\n")


def two_sessions(path: Path) -> bytes:
    with Recorder.to(f"file:{path}", audit=True) as recorder:
        for name in ("one", "two"):
            with recorder.session(name), recorder.tool("search") as tool:
                tool.result({"status": "shipped"})
    return path.read_bytes()


def test_a_file_that_ends_within_an_event_is_not_verified(tmp_path: Path) -> None:
    """All of the second session is gone but a half of its first event: that file was cut off, and shows it."""
    lines = two_sessions(tmp_path / "runs.jsonl").splitlines(keepends=True)
    (tmp_path / "runs.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:200])
    done = here(tmp_path, "verify", "runs.jsonl")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        "Error: not verified: a file ends within an event (--open allows it)",
    )
    report = json.loads(here(tmp_path, "verify", "--json", "runs.jsonl").stdout)
    assert (report["complete"], report["sound"], report["torn"]) == (False, True, True)
    assert here(tmp_path, "verify", "--open", "runs.jsonl").returncode == 0


def test_the_report_for_programs_knows_of_what_could_not_be_read(tmp_path: Path) -> None:
    lines = two_sessions(tmp_path / "runs.jsonl").splitlines(keepends=True)
    (tmp_path / "runs.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:200] + b"\n")
    done = here(tmp_path, "verify", "--open", "--json", "runs.jsonl")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert (report["complete"], report["sound"], report["unread"]) == (False, False, 1)
