"""``sessions``, ``show``, ``stats``, ``diff`` and ``tail``: on a collector that runs, its store, and files."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from chaukas_spec_lite import BlockingChaukasClient, ChaukasClient, Event, EventType, MessageContent
from chaukas_spec_lite.cli import output
from chaukas_spec_lite.cli.columns import Row, table
from chaukas_spec_lite.printable import ASCII, Glyphs
from chaukas_spec_lite.retry import NEVER, RetryPolicy
from tests.cli.recordings import BAD, GOOD, RECORDING, filled, here, recorded, written
from tests.cli.serving import COMMAND, environment, run, serving
from tests.patience import HANG, without_slowness

EVENTS = recorded()
Home = tuple[Path, tuple[str, str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A folder with the recording in events.delim and events.db, and the addresses of a collector that serves it."""
    folder = tmp_path_factory.mktemp("looking")
    (folder / "events.delim").write_bytes(RECORDING.read_bytes())
    with filled(folder, EVENTS, "--http", "127.0.0.1:0") as served:
        yield folder, (served.grpc, served.clients["CHAUKAS_ENDPOINT"])


def everywhere(home: Home, *arguments: str, status: int = 0, stderr: str = "") -> str:
    """What a command prints, which has to be the same for the collector, by gRPC and HTTP, the store and the file."""
    folder, endpoints = home
    places = *(["--endpoint", each] for each in endpoints), ["--store", "sqlite:events.db"], ["events.delim"]
    done = [here(folder, *arguments, *place) for place in places]
    assert [(each.returncode, each.stderr) for each in done] == [(status, stderr)] * 4
    assert {each.stdout for each in done} == {done[0].stdout}
    assert "\x1b" not in done[0].stdout
    return done[0].stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "--format", "jsonl", "--since", "2026-11-27T09:14:10.5Z", "--severity", "info"],
        ["query", "--format", "json", "--type", "ERROR", "--type", "MODEL_INVOCATION_END", "--status", "failed"],
        ["query", "--agent", "triage", "--text", "NORWAY", "--order", "oldest", "--limit", "3"],
        ["export", "--format", "openapi", "--session", GOOD],
        ["check"],
        ["verify", "--unsealed", "--open"],
    ],
    ids=" ".join,
)
def test_every_place_gives_the_same(home: Home, arguments: list[str]) -> None:
    assert everywhere(home, *arguments)


# sessions


def test_sessions_are_listed_the_latest_first(home: Home) -> None:
    lines = everywhere(home, "sessions").splitlines()
    assert [line.split()[0] for line in lines] == ["SESSION", BAD, GOOD]
    assert lines[0] == "SESSION" + " " * 31 + "WHAT          EVENTS  ERRORS  DURATION          START (UTC)"
    assert lines[2] == f"{GOOD}  support-bot…      46       2    13.1 s  2026-11-27 09:14:07"
    assert [line.split()[0] for line in everywhere(home, "sessions", "--limit", "1").splitlines()] == ["SESSION", BAD]


def test_what_was_said_first_is_told_of_sessions_without_a_name_and_no_terminal_obeys_it(tmp_path: Path) -> None:
    said = MessageContent(role="user", text="Where is\nmy \x1b[31morder?")
    events = [
        Event(session_id="s-1", type=EventType.INPUT_RECEIVED, message=said),
        Event(session_id="s-2", type=EventType.AGENT_START, agent_name="planner"),
    ]
    (tmp_path / "f").write_bytes(written(events, "delim"))
    done = here(tmp_path, "sessions", "f")
    head, first, second = done.stdout.splitlines()
    assert head.split()[:3] == ["SESSION", "WHAT", "EVENTS"]
    # Words stand to the left, numbers to the right; there is none of the second.
    assert (first.split(), first.index(" 1")) == (["s-2", "1", "planner"], 27)
    assert second == "s-1      Where is my…       1"


def test_sessions_are_described_in_json(home: Home) -> None:
    found = json.loads(everywhere(home, "sessions", "--format", "json"))
    assert [each["session_id"] for each in found] == [BAD, GOOD]
    assert found[1]["agents"] == ["triage", "billing", "refund-policy", "writer"]
    assert (found[0]["errors"], found[0]["model_calls"], found[1]["tokens"]) == (4, 2, 9617)
    assert {each["name"] for each in found} == {"support-bot"}
    assert found[0]["input"].startswith("D")
    lines = everywhere(home, "sessions", "--format", "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == found


def test_where_there_is_nothing_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for command in ("query", "sessions", "stats"):
        done = here(tmp_path, command, "empty")
        assert (done.returncode, done.stdout) == (0, "")
        assert re.fullmatch(r"No (events|sessions) were found\.\n", done.stderr)


# stats


def test_what_was_counted_is_drawn(home: Home) -> None:
    text = everywhere(home, "stats")
    assert text.startswith("57 events in 2 sessions, from 2026-11-27 09:14:07 UTC to 2026-11-27 09:14:24 UTC\n")
    assert "6 events (10.5%) and 2 sessions with errors, 9,617 tokens, $0.0260\n" in text
    # A call that failed has no model at its END; that of its START counts.
    assert re.search(r"^gpt-4o-mini +1,542  \$0\.0003 +4 +2  ━", text, re.MULTILINE)
    assert re.search(r"^MODEL_INVOCATION_END +8  ━{40}$", text, re.MULTILINE)


def test_what_was_counted_is_there_as_json(home: Home) -> None:
    found = json.loads(everywhere(home, "stats", "--format", "json", "--session", GOOD))
    assert (found["events"], found["sessions"], found["errors"], found["tokens"]) == (46, 1, 2, 9617)
    assert found["by_model"]["gpt-4o"]["calls"] == 3
    assert found["by_type"]["TOOL_CALL_END"] == 4
    assert sum(each["tokens"] for each in found["by_agent"].values()) == found["tokens"]


@pytest.mark.parametrize("glyphs", [Glyphs(), ASCII])
@pytest.mark.parametrize("width", [40, 41, 60, 80, 100, 160])
def test_tables_are_as_wide_as_there_is_room(width: int, glyphs: Glyphs) -> None:
    rows = [
        Row(["x" * 50, "1,000,000", "$0.01"], 1.0),
        Row(["代理" * 30, "1", ""], 0.001),
        Row(["b\x1b[1m", "0", ""], 0.0),
    ]
    lines = list(table(("NAME", "TOKENS", "COST"), rows, width, "utf-8" if glyphs == Glyphs() else "ascii", glyphs))
    assert max(line.cell_len for line in lines) <= width
    assert "1,000,000" in lines[1].plain
    assert "\x1b" not in "".join(line.plain for line in lines)


# show


def test_a_session_is_drawn(home: Home) -> None:
    lines = everywhere(home, "show", GOOD).splitlines()
    expected = (Path(__file__).parent / "expected" / "session-100.txt").read_text(encoding="utf-8").splitlines()
    assert lines[:10] == expected[:10]
    assert everywhere(home, "show", "last").splitlines()[0].startswith(f"Session {BAD}")


def test_a_session_that_is_drawn_in_part_says_so(home: Home) -> None:
    lines = everywhere(home, "show", GOOD, "--limit", "3").splitlines()
    assert "3 events" in lines[1]
    assert lines[-1] == "Only the first 3 events: there are more, and nothing above counts them"
    # Of all of its 46 events, there is nothing to say.
    for limit in "46", "47", "0":
        assert "Only the first" not in everywhere(home, "show", GOOD, "--limit", limit)


def test_payloads_stand_below_what_they_belong_to(home: Home) -> None:
    lines = [line.strip(" │") for line in everywhere(home, "show", BAD, "--payloads").splitlines()]
    at = next(number for number, line in enumerate(lines) if line.startswith('├─ input "Do you ship'))
    assert lines[at + 1 : at + 6] == ["{", '"message": {', '"role": "user",', '"text": "Do you ship to Norway?"', "}"]


def test_a_parent_that_was_not_recorded_is_told(tmp_path: Path) -> None:
    tool = next(each for each in EVENTS if each.type == EventType.TOOL_CALL_START)
    (tmp_path / "f").write_bytes(written([each for each in EVENTS if each.span_id != tool.parent_span_id], "jsonl"))
    done = here(tmp_path, "show", tool.session_id, "f")
    assert done.returncode == 0
    assert f"parent not recorded: {tool.parent_span_id}" in done.stdout
    assert "parent not recorded" not in here(tmp_path, "show", tool.session_id, RECORDING).stdout


def test_hostile_payloads_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    text = "\x1b[2J\u202ex\x9b1m\r\n"
    (tmp_path / "f").write_bytes(written([Event(session_id="s", parent_span_id=text, metadata={text: text})], "delim"))
    done = here(tmp_path, "show", "s", "--payloads", "f")
    assert done.returncode == 0
    assert not set(done.stdout) & set("\x1b\u202e\x9b\r")


@pytest.mark.parametrize(("command", "session"), [("show", "nobody"), ("diff", "nobody"), ("show", "last")])
def test_a_session_that_is_not_there_is_told(tmp_path: Path, command: str, session: str) -> None:
    (tmp_path / "empty").touch()
    done = here(tmp_path, command, session, *(["last"] if command == "diff" else []), "empty")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"Error: there is no event of (session nobody; .*|any session)\n", done.stderr)


# limits


ODD = [
    Event(event_id=f"{each}", session_id="s", parent_span_id="gone", type=EventType.TOOL_CALL_END) for each in range(30)
]


def test_a_limit_is_for_what_is_listed_and_everything_is_counted(home: Home, tmp_path: Path) -> None:
    whole = json.loads(everywhere(home, "stats", "--format", "json"))
    limited = json.loads(everywhere(home, "stats", "--format", "json", "--limit", "1"))
    lists = ("by_type", "by_model", "by_agent")
    assert {name: limited[name] for name in limited if name not in lists} == {
        name: whole[name] for name in whole if name not in lists
    }
    for name in lists:
        assert len(whole[name]) > 1
        assert [*limited[name].items()] == [*whole[name].items()][:1]
    (tmp_path / "odd").write_bytes(written(ODD, "delim"))
    for limit, text, lines in ((None, 3, 30), ("0", 0, 0), ("1", 1, 1), ("25", 25, 25)):
        given = [] if limit is None else ["--limit", limit]
        done = here(tmp_path, "check", *given, "odd")
        kinds = sum(line.startswith("30 x ") for line in done.stdout.splitlines())
        assert kinds >= 1
        assert sum(line.startswith("  event ") for line in done.stdout.splitlines()) == text * kinds
        listed = here(tmp_path, "check", "--format", "jsonl", *given, "odd")
        assert len(listed.stdout.splitlines()) == lines * kinds
        assert done.returncode == listed.returncode == 1
        assert done.stderr == listed.stderr


# diff


def test_two_sessions_are_compared(home: Home) -> None:
    text = everywhere(home, "diff", GOOD, "last")
    assert "+     retry attempt 1, exponential 1,000 ms\n" in text
    assert "-   agent billing\n" in text
    assert "-     model" not in text  # what is below a span that is gone
    assert text.splitlines()[-1].startswith("6 spans of both: 1 added, ")
    assert everywhere(home, "diff", GOOD, GOOD) == "29 spans of both: no difference\n"
    assert len(everywhere(home, "diff", GOOD, GOOD, "--all").splitlines()) == 30


def test_standard_input_is_compared_with_itself(tmp_path: Path) -> None:
    done = run(tmp_path, "diff", GOOD, BAD, "-", stdin=written(EVENTS, "jsonl").decode())
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 spans of both" in done.stdout


# tail


def tailing(folder: Path, *arguments: str, **more: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "tail", "--interval", "0.1", *arguments],
        cwd=folder,
        env=environment(folder),
        encoding="utf-8",
        stdout=more.get("stdout", subprocess.PIPE),
        stderr=more.get("stderr", subprocess.PIPE),
        stdin=more.get("stdin", subprocess.DEVNULL),
    )


def test_events_are_printed_as_they_arrive(tmp_path: Path) -> None:
    with serving(tmp_path, "--store", "events.db") as served:
        with BlockingChaukasClient(served.grpc, retry=NEVER, timeout=HANG, environ={}) as client:
            client.ingest_events([Event(event_id=f"old{n}", session_id="s") for n in range(3)])
            by_client = tailing(tmp_path, "--endpoint", served.grpc, "--last", "2", "--format", "jsonl", "--limit", "4")
            by_store = tailing(tmp_path, "--store", "events.db", "--last", "1", "--format", "jsonl", "--session", "s")
            for process, number in ((by_client, 2), (by_store, 1)):
                assert process.stdout is not None
                old = [json.loads(process.stdout.readline())["event_id"] for _ in range(number)]
                assert old == [f"old{n}" for n in range(3 - number, 3)]
            client.ingest_events([Event(event_id=f"new{n}", session_id="st"[n]) for n in range(2)])
            out, err = by_client.communicate(timeout=HANG)
            assert [json.loads(line)["event_id"] for line in out.splitlines()] == ["new0", "new1"]
            assert (by_client.returncode, without_slowness(err)) == (0, "")
            assert by_store.stdout is not None
            assert json.loads(by_store.stdout.readline())["event_id"] == "new0"
        by_store.send_signal(signal.SIGINT)
        out, err = by_store.communicate(timeout=HANG)
        assert (by_store.returncode, out, without_slowness(err).strip()) == (130, "", "interrupted")


def test_a_file_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.touch()
    process = tailing(tmp_path, "--limit", "2", "--format", "jsonl", "f")
    try:
        for number in range(2):
            # Written until it was seen: it may be that the first look has not been taken yet.
            with path.open("ab") as file:
                file.write(written([Event.from_dict({"eventId": f"e{number}", "timestamp": now()})], "jsonl"))
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["event_id"] == f"e{number}"
        assert process.wait(HANG) == 0
    finally:
        process.kill()
        process.communicate()


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def shows_more(fd: int, seconds: float) -> bool:
    """Whether a terminal shows something more within some seconds. ``select`` knows the first 1,024 files alone."""
    waiting = select.poll()
    waiting.register(fd, select.POLLIN)
    return bool(waiting.poll(max(0, round(seconds * 1000))))


def read_until(fd: int, text: str) -> str:
    """Read from a terminal until it shows a text."""
    shown = ""
    deadline = time.monotonic() + HANG
    while text not in shown:
        assert shows_more(fd, deadline - time.monotonic()), shown
        shown += os.read(fd, 4096).decode()
    return shown


def test_the_space_bar_pauses_and_goes_on(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    path = tmp_path / "f"
    path.write_bytes(written([Event.from_dict({"eventId": "a", "agentName": "first", "timestamp": now()})], "jsonl"))
    process = tailing(tmp_path, "f", stdin=theirs, stdout=theirs, stderr=theirs)
    try:
        read_until(ours, "first")
        os.write(ours, b" ")
        read_until(ours, "Paused")
        with path.open("ab") as file:
            file.write(written([Event.from_dict({"eventId": "b", "agentName": "second", "timestamp": now()})], "jsonl"))
        time.sleep(1)
        assert not shows_more(ours, 0)
        os.write(ours, b"p")
        read_until(ours, "second")
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG) == 130
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
        os.close(theirs)


def test_a_collector_that_is_not_there_is_told_of_while_it_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen: whoever connects is refused
        address = f"127.0.0.1:{held.getsockname()[1]}"

        async def ask() -> None:
            quick = RetryPolicy(initial=0.001, maximum=0.001, max_attempts=4)
            async with ChaukasClient(address, retry=quick) as client:
                [_ async for _ in client.query_events()]

        with pytest.raises(click.ClickException, match=r"\(after 4 attempts\)$"):
            output.run(ask())
    said = f"No answer yet, it is tried again: QueryEvents at {address}: UNAVAILABLE: refused: is a collector running"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(said)
