"""New files that their owner alone can read, and old ones that stay as they are, with whatever locks they have."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from chaukas_spec_lite.collector.private_files import make_file

WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("BEGIN EXCLUSIVE")
except sqlite3.OperationalError as error:
    print(error)
connection.close()
"""


@pytest.mark.parametrize("link", [False, True])
def test_it_is_its_owners_alone(tmp_path: Path, link: bool) -> None:
    path = tmp_path / "file"
    if link:
        path.symlink_to(tmp_path / "target")
    make_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    make_file(path)
    assert path.stat().st_mode & 0o777 == 0o644


def test_one_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights hold nobody back who is root, as tests may be: so the answer about them stands for them."""
    (tmp_path / "file").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="Permission denied"):
        make_file(tmp_path / "file")


def test_one_that_is_there_keeps_the_locks_of_this_process(tmp_path: Path) -> None:
    """POSIX takes them all away as soon as the process closes any descriptor of the file."""
    path = tmp_path / "events.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE events (seq INTEGER)")
    connection.execute("BEGIN EXCLUSIVE")
    make_file(path)
    other = subprocess.run([sys.executable, "-c", WRITE, path], capture_output=True, text=True, check=True)
    assert other.stdout == "database is locked\n"
    connection.close()
