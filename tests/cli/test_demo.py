"""The main job, from end to end: over a real socket, mostly in a process of its own."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import click
import pytest

from chaukas_spec_lite import Event, EventType, QueryResponse
from chaukas_spec_lite.cli import demo
from chaukas_spec_lite.cli.tree_view import View
from chaukas_spec_lite.files import read_events
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.tree import build
from tests import realdata
from tests.cli import collectors, make_demo
from tests.patience import HANG, without_slowness

ROOT = Path(__file__).parents[2]
SESSION = ROOT / "chaukas_spec_lite" / "cli" / "data" / "session.delim"
EXPECTED = Path(__file__).parent / "expected"
COMMAND = [sys.executable, "-W", "error", "-X", "dev", "-m", "chaukas_spec_lite"]
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "NO_COLOR", "COLUMNS")}


def run(*arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        cwd=ROOT,
        env=ENVIRONMENT | {"PYTHONIOENCODING": "utf-8"} | dict(env or {}),
        timeout=HANG,
        check=False,
        encoding="utf-8",
    )
    done.stderr = without_slowness(done.stderr)
    return done


def test_the_recorded_session_is_shown_as_it_always_was(tmp_path: Path) -> None:
    done = run("demo", env={"TMPDIR": str(tmp_path), "FORCE_COLOR": "1", "COLUMNS": "60"})
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []
    picture, _, closing = done.stdout.removesuffix("\n").rpartition("\n")
    picture = picture[: picture.index("2 sessions: ")]
    assert picture == (EXPECTED / "session-100.txt").read_text(encoding="utf-8")
    rate = r"\([\d,]+/s\)"
    assert re.fullmatch(f"✓ sent 57 events in 3 batches {rate}, read back 57 events {rate}: all identical", closing)
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_recorded_session_looks_good_on_any_terminal(width: int) -> None:
    """The files are what was looked at; where a change is meant, look at it and write them anew."""
    events = [recorded.event for recorded in read_events(SESSION)]
    sessions = build(map(moment, events))
    shown = "".join(f"{line.plain}\n" for line in View(width, "utf-8").sessions(sessions))
    assert shown == (EXPECTED / f"session-{width}.txt").read_text(encoding="utf-8")
    assert len(shown.splitlines()) <= 44


def test_the_recording_is_what_its_program_writes() -> None:
    assert SESSION.read_bytes() == make_demo.delimited(make_demo.record())


def test_the_recording_has_all_there_is_to_see_and_nothing_of_the_machine_it_was_made_on() -> None:
    events = [recorded.event for recorded in read_events(SESSION)]
    unused = {EventType.UNSPECIFIED, EventType.ERROR}
    assert {event.type for event in events} == set(EventType) - unused
    traces = [event.error.stack_trace for event in events if event.error is not None]
    files = {found for trace in traces for found in re.findall(r'File "(.*?)"', trace)}
    assert files == {"support_bot/support_bot.py"}
    first, second = build(map(moment, events))
    assert first.totals.retries == second.totals.retries == 1
    assert first.totals.cost["USD"] > 0.02
    assert first.end is not None
    assert first.start is not None
    assert (first.end - first.start).total_seconds() > 10


def test_what_the_environment_says_of_real_servers_does_not_matter() -> None:
    """Nor does their key go to a collector that did not ask for it."""
    wrong = {"CHAUKAS_API_KEY": "a b", "CHAUKAS_TAGS": "mine", "CHAUKAS_BATCH_SIZE": "0", "CHAUKAS_TIMEOUT": "soon"}
    done = run("demo", env=wrong)
    assert (done.returncode, done.stderr) == (0, "")
    assert "all identical" in done.stdout


def test_on_a_terminal_it_is_in_colour_with_a_progress_bar_that_goes_away() -> None:
    screen, terminal = pty.openpty()
    environment = ENVIRONMENT | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    with subprocess.Popen([*COMMAND, "demo"], stdout=terminal, stderr=terminal, cwd=ROOT, env=environment) as process:
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # EIO, once the other end is closed
            while data := os.read(screen, 65536):
                shown += data
        os.close(screen)
    assert process.returncode == 0
    text = shown.decode()
    assert "sending" in text
    assert "\x1b[?25h" in text, "the cursor is hidden for good"
    assert "\x1b[1;36magent\x1b[0m triage" in text
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")
    session = (EXPECTED / "session-100.txt").read_text(encoding="utf-8")
    assert [line.rstrip() for line in session.split("\n")] == [
        line.rstrip() for line in plain[plain.index("Session 01") : plain.index("2 sessions: ")].split("\n")
    ]


@pytest.mark.parametrize(
    ("file", "closing"),
    [
        ("pypi-crewai-sync.delim", "sent 180 events in 8 batches"),
        ("jsonl/pypi-crewai-sync.jsonl", "sent 180 events in 8 batches"),
        ("pypi-builder-large.delim", "sent 62 events in 3 batches"),
    ],
)
def test_both_kinds_of_files_are_replayed(file: str, closing: str) -> None:
    done = run("demo", realdata.DATA / file)
    assert (done.returncode, done.stderr) == (0, "")
    assert closing in done.stdout.splitlines()[-1]
    assert "sessions: " in done.stdout.splitlines()[-2]


def test_an_encoding_without_the_glyphs_gets_ascii() -> None:
    done = run("demo", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "|- agent triage" in done.stdout


def test_a_file_without_events_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    done = run("demo", tmp_path / "empty")
    assert (done.returncode, done.stdout) == (0, "empty holds no events: there is nothing to replay\n")


def test_duplicates_are_counted_and_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "twice").write_bytes(SESSION.read_bytes() * 2)
    demo.show(tmp_path / "twice")
    closing = capsys.readouterr().out.splitlines()[-1]
    assert closing.startswith("✓ sent 114 events in 5 batches")
    assert closing.endswith(": all identical, with 57 duplicates of an event id")


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        (b"nonsense", 1, "in the event at byte 0"),
        (b'{"event_id": "a"}\n{"event_id": 1}', 1, "2:14: $.event_id"),
        (b"\x02\xb8\x01", 1, "in the event at byte 0"),
        (b"{}\n", 1, "event 1 has no event_id"),
        (None, 2, "does not exist"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, data: bytes | None, status: int, message: str) -> None:
    file = tmp_path / "bad"
    if data is not None:
        file.write_bytes(data)
    done = run("demo", file)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def show(answer: collectors.Answer, capsys: pytest.CaptureFixture[str]) -> tuple[str, str, str]:
    """What the demo prints to both streams, and how it fails, if a collector gives these answers."""
    with pytest.raises(click.ClickException) as failure:
        demo.show(SESSION, partial(collectors.faulty, answer))
    captured = capsys.readouterr()
    return captured.out, captured.err, failure.value.message


def alter(events: list[Event], token: str) -> QueryResponse:
    spoilt = Event.parse(bytes(events[2]))
    spoilt.agent_name = "some\x1b[31mone else"
    return QueryResponse(events=[*events[:2], spoilt, *events[3:]])


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (alter, "1 came back altered"),
        (lambda events, token: QueryResponse(events=events[1:]), "1 did not come back"),
        (lambda events, token: QueryResponse(events=[*events, Event(event_id="x")]), "1 was never sent"),
        (
            lambda events, token: QueryResponse(events=[*events[:-1], events[0]]),
            "1 came back twice, 1 did not come back",
        ),
        (lambda events, token: QueryResponse(events=events, next_page_token=token + "x"), "57 came back twice"),
        (lambda events, token: QueryResponse(), "57 did not come back"),
        (collectors.without_response, "57 did not come back"),
    ],
)
def test_what_came_back_otherwise_is_found(
    answer: collectors.Answer, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err, message = show(answer, capsys)
    assert out.splitlines()[-1].startswith("✗ sent 57 events")
    assert out.splitlines()[-1].endswith(": " + found)
    assert message == "what came back is not what was sent"
    assert err.startswith("event ")


def test_an_alteration_is_named_with_its_field(capsys: pytest.CaptureFixture[str]) -> None:
    _, err, _ = show(alter, capsys)
    first, second = err.splitlines()
    assert re.fullmatch(r"event [0-9a-f-]{36} came back altered", first)
    assert second == r"  Event.agent_name: sent 'triage', came back 'some\x1b[31mone else'"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (collectors.refuse, r"gone \x1b[31mfishing"),
        (lambda events, token: QueryResponse(next_page_token="more"), "a page with the token of that very page"),
    ],
)
def test_answers_without_sense_end_it(
    answer: collectors.Answer, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err, failure = show(answer, capsys)
    assert (out, err) == ("", "")
    assert message in failure


def test_a_collector_that_cannot_be_reached_is_an_error() -> None:
    with pytest.raises(click.ClickException, match=r"IngestEventBatch at .*: UNAVAILABLE: refused"):
        demo.show(SESSION, collectors.absent)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="tells open files by Linux's list of them")
def test_the_file_is_closed_whatever_the_replay_ends_with() -> None:
    with pytest.raises(click.ClickException) as caught:
        demo.show(SESSION, collectors.absent)
    # Looked at while the error is still there, which holds on to all that was under way.
    assert SESSION not in [Path(os.path.realpath(each)) for each in Path("/proc/self/fd").iterdir()]
    assert caught.value.__cause__ is not None


LEFT_BEHIND = """
import os, pathlib, sys, threading
from chaukas_spec_lite.cli.demo import show

def is_open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True

before = [fd for fd in range(1000) if is_open(fd)]
show(pathlib.Path(sys.argv[1]))
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join(5)
print(threading.active_count(), [fd for fd in range(1000) if is_open(fd) and fd not in before], file=sys.stderr)
"""


def test_no_thread_socket_or_file_is_left_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEFT_BEHIND, SESSION], capture_output=True, cwd=ROOT, check=True, encoding="utf-8"
    )
    assert done.stderr == "1 []\n"


def test_the_sdks_settings_in_the_environment_do_not_narrow_what_is_read_back() -> None:
    done = run(
        "demo", env={"CHAUKAS_TENANT_ID": "nobody", "CHAUKAS_PROJECT_ID": "nothing", "CHAUKAS_API_KEY": "secret"}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].endswith(": all identical")


def test_ctrl_c_ends_it_with_130(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(
        [*COMMAND, "demo", pipe], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        with suppress(BrokenPipeError), pipe.open("wb", buffering=0) as file:  # waits until it reads
            for round in range(2_000):
                file.write(SESSION.read_bytes())
                if round == 5:
                    process.send_signal(signal.SIGINT)
                time.sleep(0.005)
        out, err = process.communicate(timeout=HANG)
    assert process.returncode == 130
    assert out == b""
    assert without_slowness(err.decode()).strip() == "interrupted"


@pytest.mark.parametrize(
    ("redirection", "message"),
    [
        (">/dev/full", "Error: the output cannot be written: No space left on device\n"),
        (">&-", "Error: standard output is closed, and there is nowhere else to print to\n"),
        (">&- 2>&-", ""),
    ],
)
def test_output_that_cannot_be_written_is_an_error(redirection: str, message: str) -> None:
    shell = ["/bin/sh", "-c", f'"$@" {redirection}', "-", *COMMAND, "demo"]
    done = subprocess.run(
        shell, cwd=ROOT, env=ENVIRONMENT, stderr=subprocess.PIPE, timeout=HANG, text=True, check=False
    )
    assert (done.returncode, without_slowness(done.stderr)) == (1, message)


def test_a_torn_end_hides_nothing_of_what_is_before_it(tmp_path: Path) -> None:
    torn = tmp_path / "torn.delim"
    torn.write_bytes(SESSION.read_bytes()[:-9])
    done = run("demo", torn)
    assert done.returncode == 1
    assert re.search(r"sent 56 events in 3 batches .*: all identical\n$", done.stdout)
    assert "the last event is torn" in done.stderr


@pytest.mark.parametrize("name", ["click", "rich"])
def test_without_the_extra_it_says_how_to_install_it(name: str) -> None:
    program = f"import sys; sys.modules[{name!r}] = None\nfrom chaukas_spec_lite.__main__ import main\nsys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].strip() == "pip install 'chaukas-spec-lite[cli]'"


def test_version_help_and_unknown_commands() -> None:
    version, help_, of_demo, unknown = run("--version"), run("--help"), run("demo", "--help"), run("dmeo")
    assert re.fullmatch(r"chaukas-lite \d+\.\d+\.\d+\n", version.stdout)
    assert re.search(r"demo +Replay a recorded agent session, and show it\.", help_.stdout)
    assert "length-delimited protobuf" in of_demo.stdout
    assert "No such command 'dmeo'" in unknown.stderr
    assert [each.returncode for each in (version, help_, of_demo, unknown)] == [0, 0, 0, 2]
