"""What is done survives: the last page that is whole counts, whatever became of the other."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from chaukas_spec_lite.spool.progress import MOST_AHEAD, PAGE, Done, ProgressFile, read


def test_what_was_recorded_last_is_read(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    progress = ProgressFile(path)
    assert progress.done == read(path) == Done()
    for number in range(1, 6):
        progress.record(10 * number, number, {100 * number, 200 * number})
        assert read(path) == progress.done == Done(10 * number, number, frozenset({100 * number, 200 * number}))
        progress.sync()
    progress.close()
    assert path.stat().st_size == 2 * PAGE, "it takes no more room, so a full disk takes it"
    again = ProgressFile(path)
    assert again.done == Done(50, 5, frozenset({500, 1000}))
    again.record(60, 6, ())
    assert read(path) == Done(60, 6)
    again.close()


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("place", [0, 5, 9, 13, 21, 29, 35])
def test_of_two_pages_the_one_that_is_whole_counts(tmp_path: Path, page: int, place: int) -> None:
    path = tmp_path / "progress"
    progress = ProgressFile(path)
    progress.record(10, 1, {100})
    progress.record(20, 2, {200})
    progress.close()
    data = bytearray(path.read_bytes())
    data[page * PAGE + place] ^= 1
    path.write_bytes(data)
    assert read(path) == (Done(20, 2, frozenset({200})) if page else Done(10, 1, frozenset({100})))
    again = ProgressFile(path)
    again.record(30, 3, ())
    again.close()
    assert read(path) == Done(30, 3)


@pytest.mark.parametrize("size", [0, 1, 20, 36, PAGE - 1, PAGE, PAGE + 20, 2 * PAGE - 1])
def test_a_file_that_is_cut_is_one_of_which_less_is_known(tmp_path: Path, size: int) -> None:
    path = tmp_path / "progress"
    progress = ProgressFile(path)
    progress.record(10, 1, ())
    progress.record(20, 2, ())
    progress.close()
    os.truncate(path, size)
    assert read(path) in (Done(), Done(10, 1), Done(20, 2))
    again = ProgressFile(path)
    again.record(30, 3, {300})
    again.close()
    assert read(path) == Done(30, 3, frozenset({300}))


def test_more_than_there_is_room_for(tmp_path: Path) -> None:
    progress = ProgressFile(tmp_path / "progress")
    progress.record(1, 1, range(5000, 0, -1))
    assert progress.done.ahead == frozenset(range(1, MOST_AHEAD + 1)), "the first ones"
    assert read(tmp_path / "progress") == progress.done
    progress.close()


def test_a_page_that_the_disk_takes_a_part_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "progress"
    progress = ProgressFile(path)
    progress.record(10, 1, ())
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: real(file, data[:20]))
        with pytest.raises(OSError, match="only a part"):
            progress.record(20, 2, ())
        patch.setattr(os, "write", failing)
        with pytest.raises(OSError, match="No space left"):
            progress.record(20, 2, ())
    assert read(path) == Done(10, 1)
    progress.record(30, 3, ())
    assert read(path) == Done(30, 3)
    progress.close()


def failing(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")
