"""Dead letters: one file that several processes append to, within a bound, whatever happens to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaukas_spec_lite.export.dead_letters import MAX_WAITING, DeadLetters
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.spool import letters
from chaukas_spec_lite.spool.errors import SpoolError

ROOT = Path(__file__).parent.parent.parent
MOST = 1 << 20


def dropped(name: str, data: bytes = b"data") -> Dropped:
    return Dropped(DropReason.INVALID, "refused", name, data)


def none_left_out(each: Dropped) -> None:
    raise AssertionError(each)


def test_letters_are_kept_in_order_whatever_their_bytes(tmp_path: Path) -> None:
    assert letters.read(tmp_path / "spool") == []
    contents = [b"", b"one", bytes(range(256)) * 10, b"\xf5ck\xfa" * 3]
    for content in contents:
        assert letters.append(tmp_path / "spool", content, MOST)
    assert letters.read(tmp_path / "spool") == contents
    assert (tmp_path / "spool" / letters.NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 10])
def test_the_latest_letters_are_read(tmp_path: Path, limit: int) -> None:
    kept = DeadLetters(tmp_path, MOST, lambda: 5.0)
    kept.keep([dropped(f"e{number}") for number in range(3)], none_left_out)
    found = kept.read(limit)
    assert [each.event_id for each in found] == ["e0", "e1", "e2"][3 - min(3, limit) :]
    for each in found:
        assert (each.reason, each.detail, each.data) == (DropReason.INVALID, "refused", b"data")
        assert each.dropped_at == 5.0


def test_texts_that_utf8_does_not_have(tmp_path: Path) -> None:
    kept = DeadLetters(tmp_path, MOST, lambda: 5.0)
    kept.keep([Dropped(DropReason.INVALID, "\udc80 in it", "\ud800", b"\n{\n")], none_left_out)
    (letter,) = kept.read(10)
    assert (letter.detail, letter.event_id, letter.data) == ("\udc80 in it", "\ud800", b"\n{\n")


def test_letters_of_a_later_version_are_shown(tmp_path: Path) -> None:
    """It may know more reasons, and more to say of an event."""
    letters.append(
        tmp_path,
        b'{"reason": "quota", "detail": "too many", "event_id": "e", "dropped_at": 1.5, "tenant": "t"}\ndata',
        MOST,
    )
    (letter,) = DeadLetters(tmp_path, MOST, lambda: 5.0).read(10)
    assert (letter.reason, letter.detail, letter.data) == (DropReason.UNKNOWN, "quota: too many", b"data")


def test_there_is_a_bound(tmp_path: Path) -> None:
    left_out: list[Dropped] = []
    kept = DeadLetters(tmp_path, 1000, lambda: 5.0)
    kept.keep([dropped(str(number)) for number in range(50)], left_out.append)
    assert (tmp_path / letters.NAME).stat().st_size <= 1000
    found = kept.read(100)
    assert 3 < len(found) < 20
    assert [each.event_id for each in (*found, *left_out)] == [str(number) for number in range(50)]


def test_damage_costs_the_letter_that_it_hits(tmp_path: Path) -> None:
    for number in range(5):
        letters.append(tmp_path, b"letter %d" % number, MOST)
    path = tmp_path / letters.NAME
    path.write_bytes(path.read_bytes().replace(b"letter 2", b"lEtter 2"))
    letters.append(tmp_path, b"letter 5", MOST)
    assert letters.read(tmp_path) == [b"letter %d" % number for number in (0, 1, 3, 4, 5)]


def test_what_the_disk_takes_a_part_of_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DeadLetters(tmp_path, MOST, lambda: 5.0)
    kept.keep([dropped("first")], none_left_out)
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: real(file, data[:30]))
        with pytest.raises(SpoolError, match="the disk took 30 of"):
            kept.keep([dropped("second"), dropped("third")], none_left_out)
    kept.keep([dropped("fourth")], none_left_out)
    assert [each.event_id for each in kept.read(10)] == ["first", "second", "third", "fourth"]


def test_not_without_bound_while_the_disk_fails(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    left_out: list[Dropped] = []
    kept = DeadLetters(tmp_path / "spool", MOST, lambda: 5.0)
    for number in range(MAX_WAITING + 3):
        with pytest.raises(SpoolError, match="spool"):
            kept.keep([dropped(str(number))], left_out.append)
    assert [each.event_id for each in left_out] == [str(MAX_WAITING + number) for number in range(3)]
    (tmp_path / "spool").unlink()
    kept.keep([], left_out.append)
    assert len(kept.read(5000)) == MAX_WAITING


CHILD = """
import sys
from pathlib import Path
from chaukas_spec_lite.spool import letters
for number in range(300):
    letter = b"%s %d " % (sys.argv[2].encode(), number) + b"x" * (number % 97 * 50)
    assert letters.append(Path(sys.argv[1]), letter, 1 << 30)
"""


def test_processes_append_without_mixing_their_letters(tmp_path: Path) -> None:
    children = [subprocess.Popen([sys.executable, "-c", CHILD, tmp_path, str(each)], cwd=ROOT) for each in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    found = letters.read(tmp_path)
    for each in range(4):
        mine = [letter for letter in found if letter.startswith(b"%d " % each)]
        assert mine == [b"%d %d " % (each, number) + b"x" * (number % 97 * 50) for number in range(300)]
    assert len(found) == 1200


def test_a_letter_is_not_lost_with_a_file_that_is_taken_amid_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, taken = os.fstat, list[list[bytes]]()

    def fstat(file: int) -> os.stat_result:
        status = real(file)
        if not taken:  # another process takes it, sends what is in it, and removes it
            taken.append([b"nothing yet"])
            taken[0] = list(letters.take(tmp_path))
        return status

    monkeypatch.setattr(os, "fstat", fstat)
    assert letters.append(tmp_path, b"letter", 1000)
    assert taken == [[]]
    assert letters.read(tmp_path) == [b"letter"]
