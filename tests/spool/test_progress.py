"""What is done survives; what is damaged says that it is not known."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from chaukas_spec_lite.spool import progress
from chaukas_spec_lite.spool.progress import MOST_SETTLED, SIZE, Done, is_there, read


def write(path: Path, done: Done) -> None:
    progress.write(path, done, lambda: True)


def test_a_forked_child_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "progress", Done(30, 3))
    progress.write(tmp_path / "progress", Done(10, 1), lambda: False)
    assert read(tmp_path / "progress") == Done(30, 3)


def test_what_was_written_last_is_read(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    assert read(path) is None
    assert not is_there(path)
    for number in range(5, 0, -1):
        stretches = {100 * each: (100 * each + 10, 7) for each in range(number)}
        done = Done(10 * number, number, stretches)
        write(path, done)
        assert read(path) == done, "whatever of the longer one before is behind it"
    assert path.stat().st_size == SIZE, "it takes no more room, so a full disk takes it"
    assert is_there(path)


@pytest.mark.parametrize("place", [0, 3, 4, 7, 8, 15, 16, 23, 24, 47])
def test_any_damage_is_seen(tmp_path: Path, place: int) -> None:
    path = tmp_path / "progress"
    write(path, Done(10, 1, {100: (110, 1)}))
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert read(path) is None
    write(path, Done(30, 3))
    assert read(path) == Done(30, 3)


@pytest.mark.parametrize("size", [0, 1, 20, 24, 48, SIZE - 1])
def test_a_file_that_is_cut_is_one_of_which_nothing_is_known(tmp_path: Path, size: int) -> None:
    path = tmp_path / "progress"
    write(path, Done(10, 1, {100: (110, 1)}))
    os.truncate(path, size)
    assert read(path) is None
    assert not is_there(path)
    write(path, Done(30, 3, {300: (310, 1)}))
    assert read(path) == Done(30, 3, {300: (310, 1)})
    assert is_there(path)


def test_more_than_there_is_room_for(tmp_path: Path) -> None:
    write(tmp_path / "progress", Done(1, 1, {10 * each: (10 * each + 5, 1) for each in range(500, 0, -1)}))
    first = {10 * each: (10 * each + 5, 1) for each in range(1, MOST_SETTLED + 1)}
    assert read(tmp_path / "progress") == Done(1, 1, first), "the first ones"


def test_what_is_usual_fits_into_what_a_disk_takes_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, sizes = tmp_path / "progress", list[int]()
    write(path, Done(1, 1))
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: sizes.append(len(data)) or real(file, data))
    write(path, Done(1, 1, {10 * each: (10 * each + 5, 1) for each in range(20)}))
    assert sizes[0] <= 512


def test_what_the_disk_does_not_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "progress"
    write(path, Done(10, 1))
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", failing)
        with pytest.raises(OSError, match="No space left"):
            write(path, Done(20, 2))
        assert read(path) == Done(10, 1)
        patch.setattr(os, "write", lambda file, data: real(file, data[:12]))
        with pytest.raises(OSError, match="only a part"):
            write(path, Done(20, 2))
        assert read(path) is None
    write(path, Done(30, 3))
    assert read(path) == Done(30, 3)


def failing(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")
