"""``chaukas-lite store``: what is done to stores by hand, on files that a collector has filled."""

from __future__ import annotations

import os
import pty
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from chaukas_spec_lite import BlockingChaukasClient, Event
from chaukas_spec_lite.retry import NEVER
from tests.cli.serving import COMMAND, environment, run, serving
from tests.patience import HANG


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder in which a collector has stored 25 events of two sessions and two tenants in events.db."""
    with serving(tmp_path, "--store", "events.db") as served:
        with BlockingChaukasClient(served.grpc, retry=NEVER, timeout=HANG, environ={}) as client:
            client.ingest_events(
                [
                    Event(event_id=f"e{number}", tenant_id="ab"[number < 5], session_id=f"s{number % 2}")
                    for number in range(25)
                ]
            )
        assert served.end()[0] == 0
    return tmp_path


def printed(home: Path, *arguments: str, stdin: str = "", **env: str) -> str:
    done = run(home, "store", *arguments, stdin=stdin, **env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_store_is_checked_migrated_and_vacuumed(home: Path) -> None:
    path = home / "events.db"
    sound = f"{path} is sound.\nKept beside its events: 0 conflicts, 0 rejected events, 0 deletion records.\n"
    assert printed(home, "check", "--store", "events.db") == sound
    assert printed(home, "migrate", CHAUKAS_STORE="events.db") == f"{path} is of the current format.\n"
    assert printed(home, "vacuum", "--store", "sqlite:events.db").startswith(f"{path}: ")


def test_damage_is_told_with_1(home: Path) -> None:
    path = home / "events.db"
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    done = run(home, "store", "check", "--store", "events.db")
    assert done.returncode == 1
    assert "events.db" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_session_or_a_tenant_is_deleted(home: Path) -> None:
    told = ["delete", "--store", "events.db", "--tenant"]
    assert printed(home, *told, "a", "--session", "s1", "--yes") == "10 events deleted.\n"
    assert printed(home, *told, "b", "--project", "p", "--yes") == "0 events deleted.\n"
    asked = printed(home, *told, "b", stdin="y\n")
    assert asked.startswith(f"Delete all events of tenant b from {home / 'events.db'}? [y/N]: ")
    assert asked.endswith("5 events deleted.\n")
    refused = run(home, "store", *told, "a", stdin="n\n")
    assert refused.returncode != 0
    assert printed(home, *told, "a", "--yes") == "10 events deleted.\n"


def test_a_copy_is_the_same_and_made_again_changes_nothing(home: Path) -> None:
    assert printed(home, "copy", "events.db", "copy.db") == "25 events copied; 25 of them were new.\n"
    assert printed(home, "copy", "events.db", "copy.db") == "25 events copied; 0 of them were new.\n"
    with serving(home, "--store", "copy.db") as served:
        with BlockingChaukasClient(served.grpc, retry=NEVER, timeout=HANG, environ={}) as client:
            assert {event.event_id for event in client.query_events()} == {f"e{number}" for number in range(25)}
        assert served.end()[0] == 0
    assert [file.name for file in (home / "chaukas-lite").glob("copy-*")] == []


def test_a_copy_onto_itself_is_refused_before_anything_is_opened(home: Path) -> None:
    (home / "hard.db").hardlink_to(home / "events.db")
    (home / "soft.db").symlink_to(home / "events.db")
    before = sorted(path.name for path in home.iterdir())
    for name in ("events.db", "./events.db", "sqlite:events.db", "hard.db", "soft.db"):
        done = run(home, "store", "copy", "events.db", name)
        assert (done.returncode, done.stdout) == (1, "")
        assert "itself: a store cannot be copied into itself" in done.stderr
    assert sorted(path.name for path in home.iterdir()) == before


def test_a_copy_says_what_else_it_took(home: Path) -> None:
    assert printed(home, "delete", "--store", "events.db", "--tenant", "b", "--yes") == "5 events deleted.\n"
    told = "20 events copied; 20 of them were new.\nCopied, too: 1 deletion record.\n"
    assert printed(home, "copy", "events.db", "copy.db") == told


def test_a_terminal_gets_a_progress_bar(home: Path) -> None:
    screen, terminal = pty.openpty()
    told = environment(home, TERM="xterm-256color", COLUMNS="100")
    with subprocess.Popen(
        [*COMMAND, "store", "copy", "events.db", "copy.db"], stdout=terminal, stderr=terminal, cwd=home, env=told
    ) as process:
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # EIO, once the other end is closed
            while data := os.read(screen, 65536):
                shown += data
        os.close(screen)
    assert process.returncode == 0
    assert b"copying" in shown
    assert b"25 events copied; 25 of them were new." in shown


@pytest.mark.parametrize(
    "arguments", [["check"], ["vacuum"], ["migrate"], ["rejected"], ["delete", "--tenant", "a", "--yes"]]
)
def test_a_store_that_is_not_there_is_not_made(arguments: list[str], tmp_path: Path) -> None:
    done = run(tmp_path, "store", *arguments, "--store", "typo.db")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Error: there is no file typo.db\n")
    assert list(tmp_path.iterdir()) == []
    assert "nothing of it is there" in run(tmp_path, "store", *arguments, "--store", "memory:").stderr
    assert run(tmp_path, "store", "copy", "typo.db", "copy.db").stderr == "Error: there is no file typo.db\n"
