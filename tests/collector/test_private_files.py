"""New files that their owner alone can read, and old ones that stay as they are, with whatever locks they have."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chaukas_spec_lite.collector import keys_file
from chaukas_spec_lite.collector.private_files import make_file, write_whole

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


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, str]]:
    """What is put on the disk, in order: whether it is a folder, and where it is."""
    found: list[tuple[bool, str]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        link = os.readlink(f"/proc/self/fd/{descriptor}")
        found.append((os.path.isdir(link), link))

    monkeypatch.setattr(os, "fsync", fsync)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which file is meant")
def test_a_file_and_its_name_are_on_the_disk(tmp_path: Path, synced: list[tuple[bool, str]]) -> None:
    path = tmp_path / "file"
    written = write_whole(path, "text")
    assert (path.read_text(), path.stat()) == ("text", written)
    assert path.stat().st_mode & 0o777 == 0o600
    keys_file.add(tmp_path / "keys", "acme")
    assert [is_folder for is_folder, _ in synced] == [False, True] * 2
    assert {link for is_folder, link in synced if is_folder} == {str(tmp_path)}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_file_system_that_puts_no_folders_on_the_disk_will_do(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    if number == errno.EIO:
        with pytest.raises(OSError, match="Input/output error"):
            write_whole(tmp_path / "file", "text")
    else:
        write_whole(tmp_path / "file", "text")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "text"
