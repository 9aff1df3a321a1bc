"""Files that fail or are damaged: what can be read is read, what is lost is counted, and nothing leaks."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite.spool import log as logs
from chaukas_spec_lite.spool.errors import SpoolError, SpoolFull
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.progress import Progress


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SEGMENT_BYTES", 500)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither folders, which a full disk would gather, nor descriptors, nor a lock."""
    before = descriptors()
    for failing in ("_write", "rename"):
        with monkeypatch.context() as patch:
            patch.setattr(Progress if failing == "_write" else Path, failing, full)
            for _ in range(3):
                with pytest.raises(SpoolFull, match="No space left"):
                    Log.make(tmp_path)
    assert [*tmp_path.iterdir()] == []
    assert descriptors() == before


def test_a_log_that_cannot_be_claimed_is_free_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log.make(tmp_path)
    log.append([b"x"])
    log.close()
    before = descriptors()
    for failing in ("_count", "__init__"):
        with monkeypatch.context() as patch:
            patch.setattr(Log if failing == "_count" else Progress, failing, full)
            with pytest.raises((SpoolError, OSError), match="No space left"):
                Log.claim(log.folder)
    assert descriptors() == before
    log = Log.claim(log.folder)
    assert log.pending == 1
    log.close()
