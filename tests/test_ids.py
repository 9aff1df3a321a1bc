"""Event ids are UUIDs of version 7: ordered, unique, in threads and forks too."""

from __future__ import annotations

import os
import threading
import time
import uuid

import pytest

from chaukas_spec_lite.ids import uuid7


def test_they_are_uuids_of_version_7_with_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    text = uuid7()
    after = time.time_ns() // 1_000_000
    made = uuid.UUID(text)
    assert str(made) == text
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    # Ids made just before this one may have run ahead of the clock by a moment.
    assert before <= made.int >> 80 <= after + 2


def test_each_is_greater_than_the_one_before_whatever_the_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [uuid7() for _ in range(5000)]
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    ids += [uuid7() for _ in range(5000)]
    assert ids == sorted(set(ids))
    assert all(uuid.UUID(each).version == 7 for each in ids[::500])


def test_the_random_part_may_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    monkeypatch.setattr(os, "urandom", lambda size: b"\xff" * size)
    start = uuid.UUID(uuid7()).int >> 80
    ids = [uuid7() for _ in range(10)]
    from chaukas_spec_lite import ids as module

    module._generators[os.getpid()]._last |= (1 << 74) - 1
    ids += [uuid7() for _ in range(10)]
    assert ids == sorted(set(ids))
    assert uuid.UUID(ids[-1]).int >> 80 == start + 1
    assert all((uuid.UUID(each).version, uuid.UUID(each).variant) == (7, uuid.RFC_4122) for each in ids)


def test_one_may_be_made_amid_making_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a signal handler or a finalizer, which run on a thread that may be at it already."""
    amid: list[str] = []
    urandom = os.urandom

    def interrupted(size: int) -> bytes:
        if len(amid) < 3:
            amid.append("")
            amid[amid.index("")] = uuid7()
        return urandom(size)

    monkeypatch.setattr(os, "urandom", interrupted)
    ids = [uuid7() for _ in range(10)]
    assert ids == sorted(ids)
    assert max(amid) < ids[0]
    assert len({*ids, *amid}) == 13


def test_threads_share_no_id() -> None:
    found: list[list[str]] = [[] for _ in range(4)]
    threads = [threading.Thread(target=lambda mine=mine: mine.extend(uuid7() for _ in range(5000))) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == sorted(mine) for mine in found)
    assert len({each for mine in found for each in mine}) == 20_000


def test_a_forked_child_makes_ids_of_its_own(recwarn: pytest.WarningsRecorder) -> None:
    uuid7()
    reading, writing = os.pipe()
    children = []
    for _ in range(3):
        pid = os.fork()
        if not pid:
            os.write(writing, "".join(uuid7() for _ in range(100)).encode())
            os._exit(0)
        children.append(pid)
    mine = {uuid7() for _ in range(100)}
    for pid in children:
        os.waitpid(pid, 0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    theirs = {text[start : start + 36] for start in range(0, len(text), 36)}
    assert len(theirs | mine) == 400
