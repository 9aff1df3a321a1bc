"""What is remembered of the checkpoints that were signed last, beside the key."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.audit.merkle import EMPTY_ROOT
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote, notes_in
from chaukas_spec_lite.audit.origins import origin_of
from chaukas_spec_lite.collector import last_signed
from chaukas_spec_lite.collector.checkpoints import SignedCheckpoint
from chaukas_spec_lite.collector.last_signed import LastSigned
from chaukas_spec_lite.collector.private_files import write_whole
from chaukas_spec_lite.errors import NoteError, SettingError
from tests.collector.log_keys import NAME, OLD, SIGNER, WITNESS
from tests.patience import HANG, run, until


def note(tenant: str, size: int) -> SignedNote:
    return SIGNER.sign(tenant, size, bytes([size]) * 32)


def remembered(path: Path) -> list[tuple[str, int]]:
    found = [Checkpoint.of(each) for each in notes_in(path.read_text())]
    return [(each.origin.removeprefix(f"{NAME}/tenant/"), each.size) for each in found]


def test_the_newest_of_each_log_is_remembered(tmp_path: Path) -> None:
    async def main() -> None:
        last = LastSigned(NAME, [tmp_path / "log.key"])
        last.read()
        assert (last.tenants, (tmp_path / "log.key.state").read_text()) == ([], "")
        await last.remember({"a": note("a", 3), "b/ü": note("b/ü", 4)})
        await last.remember({"a": note("a", 5)})
        await last.remember({"a": note("a", 4)})
        again = LastSigned(NAME, [tmp_path / "log.key"])
        again.read()
        for tenant, size in (("a", 5), ("b/ü", 4)):
            found = again.of(tenant)
            assert found is not None
            assert (found.checkpoint.size, found.note) == (size, note(tenant, size))
        assert again.of("c") is None
        assert again.where == str(tmp_path / "log.key.state")

    run(main())


def test_two_collectors_with_one_file_lose_nothing_of_each_other(tmp_path: Path) -> None:
    async def main() -> None:
        one, two = (LastSigned(NAME, [tmp_path / "log.key"]) for _ in range(2))
        one.read()
        two.read()
        await one.remember({"a": note("a", 3), "b": note("b", 9)})
        await two.remember({"a": note("a", 2)})
        await two.remember({"c": note("c", 1)})
        await one.remember({"a": note("a", 4)})
        assert sorted(remembered(tmp_path / "log.key.state")) == [("a", 4), ("b", 9), ("c", 1)]
        (tmp_path / "log.key.state").unlink()
        await two.remember({"c": note("c", 2)})
        assert sorted(remembered(tmp_path / "log.key.state")) == [("a", 3), ("b", 9), ("c", 2)]

    run(main())


@pytest.mark.parametrize("before", [True, False], ids=["before it is written", "behind that"])
def test_collectors_that_write_at_once_lose_nothing_of_each_other(
    before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each at a look of its own, and without anything that is signed since."""
    one, two = (LastSigned(NAME, [tmp_path / "log.key"]) for _ in range(2))
    path = tmp_path / "log.key.state"

    def amid(*given: Any) -> os.stat_result:
        monkeypatch.undo()
        if before:
            another_writes()
        written = write_whole(*given)
        if not before:
            another_writes()
        return written

    def another_writes() -> None:
        two._take([("a", note("a", 3))])
        two._update()

    async def main() -> None:
        one.read()
        two.read()
        monkeypatch.setattr(last_signed, "write_whole", amid)
        await one.remember({"b": note("b", 4)})
        for each in (one, two, one):
            await each.remember({})
        assert sorted(one.tenants) == sorted(two.tenants) == ["a", "b"]
        assert sorted(remembered(path)) == [("a", 3), ("b", 4)]
        written = path.stat()
        for each in (one, two, one):
            await each.remember({})
        assert path.stat() == written, "and then nobody has anything to write"
        path.unlink()
        await two.remember({})
        assert sorted(remembered(path)) == [("a", 3), ("b", 4)]

    run(main())


class Hanging:
    """What takes the place of a call of the operating system, and does not come back before it is told to."""

    def __init__(self, real: Callable[..., Any]) -> None:
        self._real = real
        self.may_go_on = threading.Event()

    def __call__(self, *given: Any) -> Any:
        assert self.may_go_on.wait(HANG)
        return self._real(*given)


def test_a_disk_that_hangs_keeps_nobody_from_signing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "log.key.state"
    monkeypatch.setattr(last_signed, "PATIENCE", 0.05)

    async def main() -> None:
        last = LastSigned(NAME, [tmp_path / "log.key"])
        await last.begin()
        hanging = Hanging(os.fsync)
        monkeypatch.setattr(os, "fsync", hanging)
        try:
            await last.remember({"a": note("a", 3)})
            await last.remember({"b": note("b", 4)})  # Not waited for again: it has not answered yet.
            assert (last.tenants, path.read_text()) == (["a", "b"], "")
        finally:
            hanging.may_go_on.set()
        while remembered(path) != [("a", 3), ("b", 4)]:
            await last.remember({})
            await asyncio.sleep(0.01)
        last.close()

    run(main())
    (told,) = caplog.records
    assert f"{path} is not up to date, as the disk does not answer" in told.getMessage()


def test_a_log_is_known_also_while_something_newer_of_it_is_taken_over(tmp_path: Path) -> None:
    """A disk that was late does that in a thread of its own; who found nothing would go by the database alone."""
    last, found = LastSigned(NAME, [tmp_path / "log.key"]), list[object]()
    last.read()
    run(last.remember({"a": note("a", 3)}))

    class Slow(dict[str, Any]):
        def __setitem__(self, tenant: str, known: object) -> None:
            asking.start()
            asking.join(0.1)
            super().__setitem__(tenant, known)

    asking = threading.Thread(target=lambda: found.append(last.of("a")))
    last._notes = Slow(last._notes)
    run(last.remember({"a": note("a", 4)}))
    asking.join(HANG)
    assert [each.checkpoint.size for each in found if isinstance(each, SignedCheckpoint)] == [4]


def test_a_disk_that_hangs_at_the_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_signed, "PATIENCE", 0.05)
    path = tmp_path / "log.key.state"
    path.write_text(str(note("a", 3)))
    hanging = Hanging(Path.read_bytes)

    def read(own: Path) -> bytes:
        found: bytes = hanging(own)
        return found

    monkeypatch.setattr(Path, "read_bytes", read)

    async def main() -> None:
        with pytest.raises(SettingError, match=r"cannot be read: the disk has not answered for 0\.05 seconds"):
            await LastSigned(NAME, [tmp_path / "log.key"]).begin()

    try:
        run(main())
    finally:
        hanging.may_go_on.set()


def test_what_is_signed_while_the_disk_writes_is_written_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = LastSigned(NAME, [tmp_path / "log.key"])
    last.read()

    def meanwhile(*given: Any) -> os.stat_result:
        monkeypatch.undo()
        last._take([("b", note("b", 4))])
        return write_whole(*given)

    async def main() -> None:
        monkeypatch.setattr(last_signed, "write_whole", meanwhile)
        await last.remember({"a": note("a", 3)})
        await last.remember({})
        assert remembered(tmp_path / "log.key.state") == [("a", 3), ("b", 4)]

    run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_a_disk_that_refuses_at_the_start_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import resource

    path = tmp_path / "log.key.state"
    path.write_text(str(note("a", 3)))

    async def main() -> None:
        last = LastSigned(NAME, [tmp_path / "log.key"])
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            last.read()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await last.remember({"b": note("b", 4)})
        assert remembered(path) == [("a", 3), ("b", 4)]

    run(main())
    (told,) = caplog.records
    assert "log.key.state is not up to date, as it could not be written" in told.getMessage()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(("bound", "most"), [("MAX_LOGS", 3), ("MAX_CHARACTERS", 3 * len(str(note("0", 1))))])
def test_those_that_were_signed_longest_ago_make_room(
    bound: str, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(last_signed, bound, most)

    async def main() -> None:
        last = LastSigned(NAME, [tmp_path / "log.key"])
        last.read()
        for tenant, size in (("0", 1), ("1", 1), ("2", 1), ("1", 1), ("0", 2), ("3", 1)):
            await last.remember({tenant: note(tenant, size)})
        assert remembered(tmp_path / "log.key.state") == [("2", 1), ("0", 2), ("3", 1)]
        assert last.tenants == ["2", "0", "3"]
        await last.remember({"3": note("3", 2)}, {"4": note("4", 9), "2": note("2", 2)})
        assert last.tenants == ["0", "3", "2"]

    run(main())
    (told,) = caplog.records
    assert "log.key.state has no room for all logs" in told.getMessage()


def test_a_name_that_takes_all_the_room_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_signed, "MAX_CHARACTERS", 10)

    async def main() -> None:
        last = LastSigned(NAME, [tmp_path / "log.key"])
        last.read()
        await last.remember({"a": note("a", 1), "b": note("b", 1)})
        assert remembered(tmp_path / "log.key.state") == [("b", 1)]

    run(main())


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The state of one key cannot be written, and that of the other one is."""
    where = [tmp_path / "missing" / "log.key", tmp_path / "log.key"]

    async def main() -> None:
        last = LastSigned(NAME, where)
        last.read()
        (told,) = caplog.records
        assert told.levelno == logging.WARNING
        assert told.getMessage().startswith(f"{where[0]}.state cannot be written (No such file or directory)")
        await last.remember({"a": note("a", 3)})
        assert len(caplog.records) == 1
        assert remembered(tmp_path / "log.key.state") == [("a", 3)]

    run(main())


def test_a_file_that_can_be_written_no_more_keeps_nobody_from_signing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "keys").mkdir()

    async def main() -> None:
        last = LastSigned(NAME, [tmp_path / "keys" / "log.key"])
        last.read()
        (tmp_path / "keys").rename(tmp_path / "moved")
        await last.remember({"a": note("a", 3)})
        (tmp_path / "moved").rename(tmp_path / "keys")
        await last.remember({"b": note("b", 3)})
        assert remembered(tmp_path / "keys" / "log.key.state") == [("a", 3), ("b", 3)]

    run(main())
    (told,) = caplog.records
    assert "is not up to date, as it could not be written" in told.getMessage()


def test_checkpoints_of_a_key_of_another_name_are_of_no_log_of_this_one(tmp_path: Path) -> None:
    other = Checkpoint(origin_of(WITNESS.name, "a"), 7, EMPTY_ROOT).note(WITNESS)
    (tmp_path / "log.key.state").write_text(f"{other}{note('a', 3)}")
    last = LastSigned(NAME, [tmp_path / "log.key"])
    last.read()
    assert remembered(tmp_path / "log.key.state") == [("a", 3)]


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"\xff",
        str(note("a", 3)).encode()[:-1],
        f"{note('a', 3)}\n".encode(),
        str(note("a", 3)).encode() * 2 + b"x",
    ],
)
def test_what_is_no_file_of_checkpoints_is_not_gone_by(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "log.key.state").write_bytes(content)
    last = LastSigned(NAME, [tmp_path / "log.key"])
    with pytest.raises(SettingError, match=r"log\.key\.state is no file of checkpoints, which a collector has written"):
        last.read()
    (tmp_path / "log.key.state").unlink()
    (tmp_path / "log.key.state").mkdir()
    with pytest.raises(SettingError, match=r"log\.key\.state cannot be read: Is a directory"):
        last.read()


def writers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("chaukas-last-signed")]


def test_a_start_that_fails_leaves_no_thread(tmp_path: Path) -> None:
    (tmp_path / "log.key.state").write_bytes(b"x")

    async def main() -> None:
        with pytest.raises(SettingError, match="is no file of checkpoints"):
            await LastSigned(NAME, [tmp_path / "log.key"]).begin()
        await until(lambda: not writers())

    run(main())


def test_notes_that_stand_behind_each_other_are_told_apart() -> None:
    several = [note("a", 1), note("b", 2).sign(WITNESS), SignedNote("a\n\nb\n").sign(OLD)]
    assert notes_in("".join(map(str, several))) == several
    assert notes_in("") == []
    with pytest.raises(NoteError, match="there is something else than notes"):
        notes_in(f"{several[0]}more")
