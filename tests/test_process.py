"""What the package does around forks, one level below the exporter and its loops."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaukas_spec_lite import process

ROOT = Path(__file__).parents[1]

IMPORTS = """
import os, sys
from chaukas_spec_lite import process

class Part:
    def __init__(self, name):
        self.name = name
    def in_child(self):
        os.write(1, f"{self.name}\\n".encode())
    def after_fork(self):
        os.write(1, f"{self.name} starts anew\\n".encode())
    def at_exit(self):
        os.write(1, f"{self.name} ends\\n".encode())
    def has_work(self):
        return False

def fork(then=lambda: None):
    pid = os.fork()
    if not pid:
        then()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""


def run(program: str) -> tuple[list[str], str]:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", IMPORTS + program],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_what_happens_around_a_fork_and_at_the_end_in_this_order() -> None:
    lines, errors = run(
        """
member, first, second = Part("member"), Part("first"), Part("second")
process.join(member)
process.after_fork_in_child(first.in_child)
process.after_fork_in_child(lambda: os.write(1, b"a function\\n"))
process.after_fork_in_child(second.in_child)
fork()
"""
    )
    assert lines == ["first", "a function", "second", "member starts anew", "member ends"]
    assert not errors


def test_one_that_fails_keeps_no_other_from_its_turn() -> None:
    lines, errors = run(
        """
member, part = Part("member"), Part("part")
process.join(member)
def fail():
    raise ValueError("on purpose")
process.after_fork_in_child(fail)
process.after_fork_in_child(part.in_child)
fork()
"""
    )
    assert lines == ["part", "member starts anew", "member ends"]
    assert errors.count("on purpose") == 1


@pytest.mark.parametrize(
    ("method", "done"),
    [("after_fork", "second starts anew"), ("at_exit", "second ends")],
)
def test_a_member_that_fails_keeps_no_other_from_its_turn(method: str, done: str) -> None:
    """Such as one that a signal handler interrupts."""
    lines, errors = run(
        f"""
class Fails(Part):
    def {method}(self, *_):
        raise SystemExit("on purpose")
first, second = Fails("first"), Part("second")
process.join(first)
process.join(second)
fork()
fork()
"""
    )
    assert lines.count(done) == (1 if method == "at_exit" else 2)
    assert "on purpose" in errors


def test_ctrl_c_at_the_end_ends_a_wait_without_a_traceback() -> None:
    lines, errors = run(
        """
class Waits(Part):
    def at_exit(self):
        try:
            raise KeyboardInterrupt
        finally:
            super().at_exit()
members = Waits("first"), Part("second")
for member in members:
    process.join(member)
"""
    )
    assert lines == ["first ends", "second ends"]
    assert not errors


def test_what_is_gone_is_not_called() -> None:
    lines, _ = run(
        """
import gc
part, member = Part("part"), Part("member")
process.after_fork_in_child(part.in_child)
process.join(member)
del part, member
gc.collect()
fork()
"""
    )
    assert lines == []


def test_nothing_is_left_of_callbacks_whose_objects_are_gone() -> None:
    class Part:
        def in_child(self) -> None: ...

    gc.collect()  # what other tests have left
    before = len(process._callbacks)
    parts = [Part() for _ in range(100)]
    for part in parts:
        process.after_fork_in_child(part.in_child)
    assert len(process._callbacks) == before + 100
    del parts, part
    gc.collect()
    assert len(process._callbacks) == before


def test_what_is_the_parent_s_lives_on_in_the_child() -> None:
    """Until its interpreter ends."""
    lines, _ = run(
        """
import gc
class Shared:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        os.write(1, f"{self.name} is destroyed\\n".encode())

pid = os.fork()
if not pid:
    kept = Shared("kept")
    process.leave_to_parent(kept)
    del kept
    gc.collect()
    os.write(1, b"end\\n")
    sys.exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""
    )
    assert lines == ["end", "kept is destroyed"]


def test_current_tells_processes_apart() -> None:
    assert process.current() == os.getpid()
    lines, _ = run(
        """
mine = process.current()
fork(lambda: os.write(1, str(process.current() != mine).encode()))
"""
    )
    assert lines == ["True"]


def test_members_may_log_while_they_start_anew() -> None:
    """Another thread may have held logging's locks at the fork."""
    lines, _ = run(
        """
import logging, threading
logger = logging.getLogger("x")
logger.addHandler(handler := logging.StreamHandler(sys.stdout))
class Logs(Part):
    def after_fork(self):
        logger.warning("it logs")
        sys.stdout.flush()
member = Logs("member")
process.join(member)
held, goes_on = threading.Event(), threading.Event()
def hold():
    with handler.lock:
        held.set()
        goes_on.wait(10)
thread = threading.Thread(target=hold)
thread.start()
held.wait()
pid = os.fork() or os._exit(0)
goes_on.set()
assert os.waitpid(pid, 0)[1] == 0
thread.join()
"""
    )
    assert lines[0] == "it logs"


def test_forks_and_ends_are_known_in_one_place() -> None:
    package = ROOT / "chaukas_spec_lite"
    found = [
        f"{path.relative_to(package)}: {word}"
        for path in package.rglob("*.py")
        for word in ("register_at_fork", "getpid", "atexit.register", "pythonapi", "util.Finalize")
        if word in path.read_text()
    ]
    assert sorted({line.partition(":")[0] for line in found}) == ["process.py"]
