"""``chaukas-lite store conflicts``, ``rejected`` and ``deletions``, on a file that a collector has filled."""

from __future__ import annotations

import base64
import json
import os
import pwd
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from chaukas_spec_lite import BlockingChaukasClient, Event
from chaukas_spec_lite.retry import NEVER
from chaukas_spec_lite.spec.client.v1.client import IngestEventRequest
from tests.cli.serving import run, serving
from tests.patience import HANG


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with events.db, in which there are conflicts, rejected events, and records of deletions."""
    folder = tmp_path_factory.mktemp("home")
    with serving(folder, "--store", "events.db", "--http", "127.0.0.1:0") as served:
        with BlockingChaukasClient(served.grpc, retry=NEVER, timeout=HANG, environ={}) as client:
            for text in ("first", "second", "third"):
                events = [
                    Event(event_id=f"e{number}", tenant_id="acme", session_id="s\x1b[31m", metadata={"text": text})
                    for number in range(2)
                ]
                client.ingest_events(events)
                # Not by the client, which would give it an id.
                without = IngestEventRequest(event=Event(tenant_id="acme", session_id=text))
                address = f"{served.clients['CHAUKAS_ENDPOINT']}/events"
                request = Request(address, bytes(without), {"Content-Type": "application/x-protobuf"})
                with urlopen(request, timeout=HANG) as answer:
                    assert answer.status == 202
        assert served.end()[0] == 0
    for session in ("s", "t"):
        told = ["--tenant", "acme", "--session", session, "--reason", "asked for", "--yes"]
        environment = {"LOGNAME": "somebody-else", "USER": "somebody-else"}
        assert run(folder, "store", "delete", "--store", "events.db", *told, **environment).returncode == 0
    return folder


def shown(home: Path, *arguments: str) -> tuple[str, str]:
    done = run(home, "store", *arguments, "--store", "events.db")
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def records(home: Path, *arguments: str) -> list[dict[str, object]]:
    out, errors = shown(home, *arguments, "--format", "jsonl")
    assert errors == ""
    return [json.loads(line) for line in out.splitlines()]


def test_conflicts_are_shown(home: Path) -> None:
    found = records(home, "conflicts")
    assert [(each["event_id"], each["event"]["metadata"]["text"]) for each in found] == [  # type: ignore[index]
        ("e1", "third"),
        ("e0", "third"),
        ("e1", "second"),
        ("e0", "second"),
    ]
    assert {(each["tenant_id"], each["project_id"]) for each in found} == {("acme", "")}
    out, errors = shown(home, "conflicts")
    assert errors == ""
    assert out.splitlines()[0].split() == ["received", "tenant", "project", "event", "session", "type"]
    assert len(out.splitlines()) == 5
    assert "\x1b" not in out, "what events say does nothing to a terminal"


def test_rejected_events_are_shown_with_the_reason(home: Path) -> None:
    found = records(home, "rejected")
    assert [str(each["reason"]).partition(": ")[2] for each in found] == [
        "empty; every event needs an ID of its own, by which the collector knows it when it is sent again"
    ] * 3
    sent = [Event.parse(base64.b64decode(str(each["data"]))) for each in found]
    assert [event.session_id for event in sent] == ["third", "second", "first"]
    out, _ = shown(home, "rejected")
    assert "every event needs" in " ".join(out.split())


def test_deletions_are_shown(home: Path) -> None:
    found = records(home, "deletions")
    assert [(each["session_id"], each["reason"], each["events"]) for each in found] == [
        ("t", "asked for", 0),
        ("s", "asked for", 0),
    ]
    name = pwd.getpwuid(os.getuid()).pw_name
    assert [each["by"] for each in found] == [f"user:{name}"] * 2
    out, _ = shown(home, "deletions")
    assert [line.split()[-3] for line in out.splitlines()[1:]] == [f"user:{name}"] * 2
    assert [line.split()[-2:] for line in out.splitlines()[1:]] == [["asked", "for"]] * 2


def test_lists_are_cut_where_it_is_said(home: Path) -> None:
    out, errors = shown(home, "conflicts", "--format", "jsonl", "--limit", "3")
    assert len(out.splitlines()) == 3
    assert errors == "There are more: --limit says how many are shown.\n"
    assert len(records(home, "conflicts", "--limit", "4")) == 4
    assert records(home, "conflicts", "--tenant", "other") == []
    assert records(home, "rejected", "--tenant", "acme", "--project", "p") == []
    assert shown(home, "deletions", "--tenant", "other") == ("", "There are none.\n")
    assert run(home, "store", "conflicts", "--limit", "0").returncode == 2


def test_the_check_counts_them(home: Path) -> None:
    out, _ = shown(home, "check")
    assert out.splitlines()[1] == "Kept beside its events: 4 conflicts, 3 rejected events, 2 deletion records."
