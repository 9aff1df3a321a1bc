"""Whose a log is: within a process, between processes, across forks and ends of any kind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chaukas_spec_lite.spool.errors import SpoolError
from chaukas_spec_lite.spool.lock import InUse, Lock

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "lock").touch()
    return tmp_path / "lock"


TRY = """
import sys
from pathlib import Path
from chaukas_spec_lite.spool.lock import InUse, Lock
try:
    Lock(Path(sys.argv[1]))
except InUse as error:
    sys.exit(3 if "another process" in str(error) else 4)
"""


def is_free_for_others(path: Path) -> bool:
    status = subprocess.run([sys.executable, "-c", TRY, str(path)], cwd=ROOT, check=False).returncode
    assert status in (0, 3)
    return status == 0


def test_one_at_a_time_in_a_process_and_among_processes(path: Path) -> None:
    lock = Lock(path)
    with pytest.raises(InUse, match="in use by this process"):
        Lock(path)
    assert not is_free_for_others(path), "the attempt has not cost the lock"
    lock.release()
    assert is_free_for_others(path)
    Lock(path).release()


def test_another_name_of_the_file_is_the_same_lock(path: Path) -> None:
    """Closing a descriptor of it would take the lock away."""
    lock = Lock(path)
    os.link(path, path.with_name("other"))
    with pytest.raises(InUse, match="in use by this process"):
        Lock(path.with_name("other"))
    path.rename(path.with_name("moved"))
    with pytest.raises(InUse, match="in use by this process"):
        Lock(path.with_name("moved"))
    assert not is_free_for_others(path.with_name("moved"))
    lock.release()


def test_a_file_that_was_replaced_is_another_lock(path: Path) -> None:
    lock = Lock(path)
    path.unlink()
    path.touch()
    other = Lock(path)
    other.release()
    lock.release()


def test_no_file_no_lock(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match=str(tmp_path)) as caught:
        Lock(tmp_path)
    assert not isinstance(caught.value, InUse)
    with pytest.raises(InUse, match="lock was given up just now"):
        Lock(tmp_path / "none" / "lock")


def test_of_many_threads_one_gets_it(path: Path) -> None:
    got: list[Lock] = []

    def race() -> None:
        barrier.wait()
        with contextlib.suppress(InUse):
            got.append(Lock(path))

    for _ in range(20):
        barrier = threading.Barrier(8)
        threads = [threading.Thread(target=race) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 1
        got.pop().release()


FORKS = """
import os, sys, time
from pathlib import Path
from chaukas_spec_lite.spool.lock import InUse, Lock
lock = Lock(Path(sys.argv[1]))
if not os.fork():
    try:
        Lock(Path(sys.argv[1]))
        os._exit(1)
    except InUse as error:
        assert "another process" in str(error), error
    lock.release()  # what it inherited, which is not the lock
    os._exit(0)
assert os.wait()[1] == 0
print("locked", flush=True)
time.sleep(1200)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_a_forked_child_neither_has_it_nor_takes_it_away_and_the_end_of_the_process_frees_it(path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-W", "ignore", "-c", FORKS, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    assert child.stdout.readline() == b"locked\n"
    assert not is_free_for_others(path)
    with pytest.raises(InUse, match="another process"):
        Lock(path)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    Lock(path).release()


def test_ctrl_c_amid_a_release_leaves_nothing_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another file may get the number of this one, and would be taken for one in use as long as the process lives."""
    lock, real = Lock(path), os.close

    def close(file: int) -> None:
        real(file)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", close)
        with pytest.raises(KeyboardInterrupt):
            lock.release()
    Lock(path).release()
