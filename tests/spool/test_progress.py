"""What is done survives: the last page that is whole counts, whatever became of the other."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from chaukas_spec_lite.spool.progress import MOST_SETTLED, PAGE, Done, ProgressFile


def read(path: Path) -> Done:
    return ProgressFile(path).done


def test_what_was_recorded_last_is_read(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    progress = ProgressFile(path)
    assert progress.done == read(path) == Done()
    assert not progress.is_certain
    for number in range(1, 6):
        done = Done(10 * number, number, {100 * number: (110 * number, 1), 200 * number: (300 * number, 7)})
        progress.record(done)
        assert read(path) == done
    assert path.stat().st_size == 2 * PAGE, "it takes no more room, so a full disk takes it"
    again = ProgressFile(path)
    assert again.done == Done(50, 5, {500: (550, 1), 1000: (1500, 7)})
    assert again.is_certain
    again.record(Done(60, 6))
    assert read(path) == Done(60, 6)


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("place", [0, 5, 9, 13, 21, 29, 35])
def test_of_two_pages_the_one_that_is_whole_counts(tmp_path: Path, page: int, place: int) -> None:
    path = tmp_path / "progress"
    progress = ProgressFile(path)
    first, second = Done(10, 1, {100: (110, 1)}), Done(20, 2, {200: (210, 1)})
    progress.record(first)
    progress.record(second)
    data = bytearray(path.read_bytes())
    data[page * PAGE + place] ^= 1
    path.write_bytes(data)
    assert read(path) == (second if page else first)
    again = ProgressFile(path)
    again.record(Done(30, 3))
    assert read(path) == Done(30, 3)


@pytest.mark.parametrize("size", [0, 1, 20, 36, PAGE - 1, PAGE, PAGE + 20, 2 * PAGE - 1])
def test_a_file_that_is_cut_is_one_of_which_less_is_known(tmp_path: Path, size: int) -> None:
    path = tmp_path / "progress"
    progress = ProgressFile(path)
    progress.record(Done(10, 1))
    progress.record(Done(20, 2))
    os.truncate(path, size)
    assert read(path) in (Done(), Done(10, 1), Done(20, 2))
    again = ProgressFile(path)
    assert not again.is_certain
    again.record(Done(30, 3, {300: (310, 1)}))
    assert read(path) == Done(30, 3, {300: (310, 1)})


def test_more_than_there_is_room_for(tmp_path: Path) -> None:
    progress = ProgressFile(tmp_path / "progress")
    progress.record(Done(1, 1, {10 * each: (10 * each + 5, 1) for each in range(500, 0, -1)}))
    first = {10 * each: (10 * each + 5, 1) for each in range(1, MOST_SETTLED + 1)}
    assert read(tmp_path / "progress") == Done(1, 1, first), "the first ones"


def test_a_page_that_the_disk_takes_a_part_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "progress"
    progress = ProgressFile(path)
    progress.record(Done(10, 1))
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: real(file, data[:20]))
        with pytest.raises(OSError, match="only a part"):
            progress.record(Done(20, 2))
        patch.setattr(os, "write", failing)
        with pytest.raises(OSError, match="No space left"):
            progress.record(Done(20, 2))
    assert read(path) == Done(10, 1)
    progress.record(Done(30, 3))
    assert read(path) == Done(30, 3)


def failing(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")
