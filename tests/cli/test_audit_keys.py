"""``chaukas-lite audit keygen``: where the secret is, and where it is not."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from chaukas_spec_lite.audit.keys import COSIGNATURE, ED25519, SigningKey, VerifierKey
from tests.cli.recordings import here


@pytest.mark.parametrize(("options", "kind"), [([], ED25519), (["--witness"], COSIGNATURE)])
def test_a_key_is_made(tmp_path: Path, options: list[str], kind: int) -> None:
    done = here(tmp_path, "audit", "keygen", "--output", "log.key", "--name", "example.com/log", *options)
    assert done.returncode == 0, done.stderr
    key = SigningKey.read(tmp_path / "log.key")
    assert VerifierKey.parse(done.stdout) == key.verifier(kind)
    secret = (tmp_path / "log.key").read_text().strip().split("+", 4)[4]  # which may have more of them
    assert secret not in done.stdout + done.stderr
    assert len(secret) == 44
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "log.key").stat().st_mode) == 0o600


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "log.key").write_text("something else")
    done = here(tmp_path, "audit", "keygen", "--output", "log.key")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: log.key is there already; a key is never written over\n"
    assert (tmp_path / "log.key").read_text() == "something else"


def test_without_a_name_it_has_one(tmp_path: Path) -> None:
    done = here(tmp_path, "audit", "keygen", "--output", "log.key")
    assert done.stdout.partition("+")[0].endswith("/chaukas")


@pytest.mark.parametrize("name", ["two words", "a+b", "", "hidden\x1b[8m", "turned\u202e"])
def test_a_name_that_cannot_be_one(tmp_path: Path, name: str) -> None:
    done = here(tmp_path, "audit", "keygen", "--output", "log.key", "--name", name)
    assert done.returncode == 1
    assert "text without spaces" in done.stderr
    assert not (tmp_path / "log.key").exists()
