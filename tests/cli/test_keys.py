"""``chaukas-lite keys``: what it prints, and where."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from tests.cli.serving import run


def test_a_key_is_made_listed_and_revoked(tmp_path: Path) -> None:
    path = tmp_path / "chaukas-lite" / "keys.json"
    made = run(tmp_path, "keys", "add", "--tenant", "acme", "--project", "p", "--read")
    assert made.returncode == 0
    found = re.fullmatch(r"ck_([0-9a-f]{10})_[\w-]{32}\n", made.stdout)
    assert found, made.stdout
    assert f"Key {found[1]} of tenant acme, project p, to read, is in {path}.\n" in made.stderr
    assert "shown this once" in made.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listed = run(tmp_path, "keys", "list")
    assert re.fullmatch(rf"{found[1]}  tenant acme, project p, to read, made \S+\n", listed.stdout)
    revoked = run(tmp_path, "keys", "revoke", found[1])
    assert (revoked.returncode, revoked.stdout) == (0, f"Key {found[1]} of tenant acme, project p is revoked.\n")
    assert run(tmp_path, "keys", "list").stdout == f"{path} holds no key.\n"


def test_neither_read_nor_write_is_both(tmp_path: Path) -> None:
    made = run(tmp_path, "keys", "add", "--tenant", "acme", "--keys", "other.json")
    assert "to read and write" in made.stderr
    assert (tmp_path / "other.json").exists()
    made = run(tmp_path, "keys", "add", "--tenant", "acme", "--write", CHAUKAS_KEYS="other.json")
    assert ", to write," in made.stderr
    assert len(run(tmp_path, "keys", "list", "--keys", "other.json").stdout.splitlines()) == 2


def test_what_a_key_may_send_and_see_is_listed(tmp_path: Path) -> None:
    said = "tenant acme, to write, 500 events a second, 2000 at once, 5000000 bytes a second"
    limits = ["--rate", "500", "--burst", "2k", "--bytes-rate", "5MB"]
    made = run(tmp_path, "keys", "add", "--tenant", "acme", "--write", *limits)
    assert f" of {said}, is in " in made.stderr
    assert f"  {said}, made " in run(tmp_path, "keys", "list").stdout
    # For a program that only looks how the collector is.
    made = run(tmp_path, "keys", "add", "--tenant", "acme", "--metrics")
    assert ", to see metrics, is in " in made.stderr
    assert "tenant acme, to see metrics, made " in run(tmp_path, "keys", "list").stdout
    for wrong, problem in (
        (["--rate", "many"], "has to be a number such as 500"),
        (["--rate", "0"], "has to be above 0"),
        (["--burst", "5"], "is said without --rate"),
        (["--rate", "1", "--burst", "0.5"], "burst: has to be at least 1"),
    ):
        done = run(tmp_path, "keys", "add", "--tenant", "acme", *wrong)
        assert done.returncode != 0
        assert problem in done.stderr
        assert "Traceback" not in done.stderr
    assert len(run(tmp_path, "keys", "list").stdout.splitlines()) == 2


def test_a_certificate_has_no_secret(tmp_path: Path) -> None:
    made = run(tmp_path, "keys", "add", "--tenant", "acme", "--certificate", "agent-7")
    assert (made.returncode, made.stdout) == (0, "")
    assert "certificate agent-7" in run(tmp_path, "keys", "list").stdout
    again = run(tmp_path, "keys", "add", "--tenant", "other", "--certificate", "agent-7")
    assert (again.returncode, again.stdout) == (1, "")
    assert "revoke it first" in again.stderr


def test_mistakes_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("[]")
    for arguments in (
        ["keys", "list"],
        ["keys", "list", "--keys", "broken.json"],
        ["keys", "add", "--tenant", "acme", "--keys", "broken.json"],
        ["keys", "add", "--tenant", "acme", "--keys", "/proc/keys.json"],
        ["keys", "revoke", "nobody"],
    ):
        done = run(tmp_path, *arguments)
        assert (done.returncode, done.stdout) == (1, ""), arguments
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("Error: keys: ")
    assert run(tmp_path, "keys", "add").returncode == 2


def test_what_a_terminal_would_obey_is_made_visible(tmp_path: Path) -> None:
    made = run(tmp_path, "keys", "add", "--tenant", "a\x1b[31m")
    assert "\x1b" not in made.stderr
    assert "\x1b" not in run(tmp_path, "keys", "list").stdout
