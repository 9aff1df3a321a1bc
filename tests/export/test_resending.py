"""Dead letters that are sent again: by two at once, by one that is killed, and while the disk refuses.

Real processes and a real directory; events are known by what is emitted, and by what the spool holds afterwards.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.errors import SpoolError
from chaukas_spec_lite.export import EventExporter
from chaukas_spec_lite.export.dead_letters import DeadLetters
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool import letters, segment
from tests.export.doubles import Recorder, invalid, numbered
from tests.export.programs import ROOT, run
from tests.patience import HANG

COUNT = 40

RESEND = """
import sys, time
from pathlib import Path
from chaukas_spec_lite.errors import SpoolError
from chaukas_spec_lite.export.dead_letters import DeadLetters
from chaukas_spec_lite.export.stats import Emitted

def emit(data):
    with open(sys.argv[2], "ab", buffering=0) as file:
        file.write(data + b"\\n")
    if sys.argv[3:] and data == sys.argv[3].encode():
        print("there", flush=True)
        sys.stdin.readline()
    return Emitted.SPOOLED

try:
    print("emitted", DeadLetters(Path(sys.argv[1]), 1 << 20, time.time).resend(emit, True), flush=True)
except SpoolError as error:
    print("refused", error, flush=True)
"""


def keep(directory: Path, count: int = COUNT) -> list[bytes]:
    names = [b"event %d" % number for number in range(count)]
    kept = [Dropped(DropReason.INVALID, "refused", name.decode(), name) for name in names]
    DeadLetters(directory, 1 << 20, lambda: 5.0).keep(kept, lambda each: pytest.fail(str(each)))
    return names


def waiting(directory: Path) -> list[bytes]:
    return [each.data for each in DeadLetters(directory, 1 << 20, lambda: 5.0).read(1 << 20)]


def process(directory: Path, emitted: Path, *stop_at: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RESEND, directory, emitted, *stop_at]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_second_process_says_that_another_one_is_at_it(tmp_path: Path) -> None:
    spool, emitted = tmp_path / "spool", tmp_path / "emitted"
    names = keep(spool)
    with process(spool, emitted, "event 7") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "there\n"
        with process(spool, emitted) as second:
            said = second.communicate(timeout=HANG)[0]
        assert said.startswith("refused")
        assert str(spool) in said
        assert "sent again already" in said
        assert emitted.read_bytes().splitlines() == names[:8], "the second one did nothing"
        # A letter that is kept meanwhile is for the next call.
        late = Dropped(DropReason.INVALID, "refused", "late", b"late")
        DeadLetters(spool, 1 << 20, lambda: 5.0).keep([late], lambda each: pytest.fail(str(each)))
        assert first.communicate("go on\n", timeout=HANG)[0] == f"emitted {COUNT}\n"
    assert emitted.read_bytes().splitlines() == names
    assert waiting(spool) == [b"late"]
    with process(spool, emitted) as third:
        assert third.communicate(timeout=HANG)[0] == "emitted 1\n"
    assert waiting(spool) == []


def test_another_thread_of_the_same_process_does_not_join_in(tmp_path: Path) -> None:
    keep(tmp_path)
    mine = DeadLetters(tmp_path, 1 << 20, lambda: 5.0)
    refused: list[str] = []

    def emit(data: bytes) -> Emitted:
        if data == b"event 3":
            with pytest.raises(SpoolError) as error:
                DeadLetters(tmp_path, 1 << 20, lambda: 5.0).resend(emit, converted=True)
            refused.append(str(error.value))
        return Emitted.SPOOLED

    assert mine.resend(emit, converted=True) == COUNT
    assert len(refused) == 1
    assert mine.resend(emit, converted=True) == 0


def test_an_attempt_of_another_thread_does_not_cost_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its time cannot be set, ``Path.touch`` opens and closes a file; closing it would free it for others."""
    spool = tmp_path / "spool"
    keep(spool, 1)
    said: list[str] = []

    def utime(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    def emit(data: bytes) -> Emitted:
        with pytest.raises(SpoolError, match="sent again already"):
            DeadLetters(spool, 1 << 20, lambda: 5.0).resend(emit, converted=True)
        with process(spool, tmp_path / "emitted") as other:
            said.append(other.communicate(timeout=HANG)[0])
        return Emitted.SPOOLED

    monkeypatch.setattr(os, "utime", utime)
    assert DeadLetters(spool, 1 << 20, lambda: 5.0).resend(emit, converted=True) == 1
    assert [each.split()[0] for each in said] == ["refused"]


@pytest.mark.parametrize("at", [0, 7, COUNT - 1])
def test_what_a_killed_one_has_sent_is_not_sent_again(tmp_path: Path, at: int) -> None:
    """But for the one event that it was at, of which nobody can know: it has the same id."""
    spool, emitted = tmp_path / "spool", tmp_path / "emitted"
    names = keep(spool)
    with process(spool, emitted, f"event {at}") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "there\n"
        first.send_signal(signal.SIGKILL)
    assert waiting(spool) == names[at:]
    with process(spool, emitted) as second:
        assert second.communicate(timeout=HANG)[0] == f"emitted {COUNT - at}\n"
    assert emitted.read_bytes().splitlines() == [*names[: at + 1], *names[at:]]
    assert waiting(spool) == []


def test_many_at_once_of_which_some_are_killed(tmp_path: Path) -> None:
    """Each round two processes begin together; the first one that comes to a certain event is killed there."""
    spool, emitted = tmp_path / "spool", tmp_path / "emitted"
    names = keep(spool)
    for at in range(3, COUNT, 9):
        both = [process(spool, emitted, f"event {at}") for _ in range(2)]
        said = [each.stdout.readline() for each in both if each.stdout is not None]
        assert sorted(line.split()[0] for line in said) == ["refused", "there"]
        for each in both:
            each.kill()
            each.communicate()
    with process(spool, emitted) as last:
        last.communicate(timeout=HANG)
    counts = Counter(emitted.read_bytes().splitlines())
    assert counts == {name: 2 if number in range(3, COUNT, 9) else 1 for number, name in enumerate(names)}
    assert waiting(spool) == []


@pytest.mark.parametrize("outcome", [Emitted.QUEUED, Emitted.DROPPED])
def test_what_was_emitted_before_the_disk_refused_is_not_emitted_again(tmp_path: Path, outcome: Emitted) -> None:
    names = keep(tmp_path)
    mine, emitted = DeadLetters(tmp_path, 1 << 20, lambda: 5.0), list[bytes]()

    def emit(data: bytes) -> Emitted:
        if data == names[5] and emitted.count(data) < 1:
            emitted.append(data)
            return outcome
        emitted.append(data)
        return Emitted.SPOOLED

    with pytest.raises(SpoolError, match="takes no events"):
        mine.resend(emit, converted=True)
    assert waiting(tmp_path) == names[5:], "the one in memory has to outlive this process"
    assert mine.resend(emit, converted=True) == COUNT - 5
    assert emitted == [*names[:6], *names[5:]]


def test_letters_that_hold_no_event_stay_once_whatever_interrupts(tmp_path: Path) -> None:
    names = keep(tmp_path, 6)
    mine = DeadLetters(tmp_path, 1 << 20, lambda: 5.0)

    def is_event(data: bytes) -> bool:
        return data not in (names[1], names[2])

    def emit(data: bytes) -> Emitted:
        if data == names[4] and not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        return Emitted.SPOOLED

    interrupted: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        mine.resend(emit, True, is_event)
    assert sorted(waiting(tmp_path)) == [names[1], names[2], names[4], names[5]]
    assert mine.resend(emit, True, is_event) == 2
    assert waiting(tmp_path) == [names[1], names[2]]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="pathlib has its own references to these functions")
@pytest.mark.parametrize("failing", ["open", "rename", "lseek", "write", "unlink"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_each_call_may_fail(tmp_path: Path, failing: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each of its turns; then the next time all is sent that was not, and at most one event twice."""
    names, real = keep(tmp_path, 4), getattr(os, failing)
    left = [0]

    def fail(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **named)

    said: list[str] = []
    for turn in range(1, 50):
        for path in tmp_path.iterdir():
            path.unlink()
        keep(tmp_path, 4)
        mine, emitted = DeadLetters(tmp_path, 1 << 20, lambda: 5.0), list[bytes]()

        def emit(data: bytes, emitted: list[bytes] = emitted) -> Emitted:
            emitted.append(data)
            return Emitted.SPOOLED

        with monkeypatch.context() as patch:
            left[0] = turn
            patch.setattr(os, failing, fail)
            try:
                mine.resend(emit, converted=True)
            except SpoolError as error:
                said.append(str(error))
        assert set(names) <= {*emitted, *waiting(tmp_path)}, "nothing is lost"
        mine.resend(emit, converted=True)
        assert set(emitted) == set(names)
        assert len(emitted) <= len(names) + 1
        assert waiting(tmp_path) == []
        if left[0] > 0:  # it was not called so often
            break
    assert left[0] > 0
    assert said
    assert all(os.strerror(code) in each for each in said)


def test_a_child_that_is_forked_amid_it_holds_nothing(tmp_path: Path) -> None:
    names = keep(tmp_path)
    output = run(
        """
        from chaukas_spec_lite.errors import SpoolError
        from chaukas_spec_lite.spool import letters
        taken = letters.take(Path(sys.argv[1]))
        print(next(taken).splitlines()[-1])
        if not (pid := os.fork()):
            try:
                list(letters.take(Path(sys.argv[1])))
            except SpoolError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        for letter in taken:
            print(letter.splitlines()[-1])
        """,
        tmp_path,
    )
    assert output.splitlines() == [str(name) for name in names]


@pytest.mark.anyio
@pytest.mark.parametrize("full", ["disk and memory", "spool_max_bytes"])
async def test_a_letter_is_not_lost_where_neither_disk_nor_memory_has_room(
    tmp_path: Path, full: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, refuses = Recorder(lambda _: invalid() if refuses else None), True
    options: Any = {"batch_size": 1, "max_queue_events": 2, "overflow": "drop_newest", "spool_max_bytes": 5000}
    async with EventExporter(sender, spool=tmp_path, **options) as exporter:
        for number in range(3):
            exporter.emit(numbered(number))
        assert not await exporter.flush(HANG)
        assert len(await exporter.dead_letters()) == 3
        refuses, sender.gate = False, asyncio.Event()
        if full == "disk and memory":
            exporter.emit(numbered("first"))
            with monkeypatch.context() as patch:
                patch.setattr(segment, "_pwrite", no_room)
                patch.setattr(letters.os, "write", no_room)
                for name in ("second", "third"):
                    assert exporter.emit(numbered(name)) is Emitted.QUEUED
                for _ in range(2):
                    with pytest.raises(SpoolError, match="takes no events"):
                        await exporter.resend_dead_letters()
        else:
            exporter.emit(numbered("first", 4920))
            for _ in range(2):
                with pytest.raises(SpoolError, match="takes no events"):
                    await exporter.resend_dead_letters()
        assert len(await exporter.dead_letters()) == 3, "each once"
        sender.gate.set()
        sender.gate = None
        assert await exporter.flush(HANG)
        await asyncio.to_thread(exporter._pipeline.queue.disk.look_now)  # type: ignore[union-attr]
        assert await exporter.resend_dead_letters() == 3
        assert await exporter.flush(HANG)
    assert Counter(sender.names())["0"] == Counter(sender.names())["2"] == 1
    assert await exporter.dead_letters() == []


def no_room(*_: Any) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")
