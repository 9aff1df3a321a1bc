"""Forks: of several threads at once, amid another on the same thread, amid emit, and while other threads emit."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.export.programs import left_in, run


def test_threads_that_fork_at_the_same_time(tmp_path: Path) -> None:
    """The hooks of several forks do not come one after the other; each child starts clean, and the parent goes on."""
    output = run(
        """
        exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
        spooled(exporter, 0)
        inherited = exporter._pipeline
        statuses = []
        def fork():
            for _ in range(12):
                pid = os.fork()
                if not pid:
                    os._exit(exporter._pipeline is inherited or exporter.emit(numbered("child")) is not Emitted.SPOOLED)
                statuses.append(os.waitpid(pid, 0)[1])
        for number in range(1, 6):
            threads = [threading.Thread(target=fork) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            spooled(exporter, number)
        assert statuses == [0] * 240, statuses.count(0)
        assert exporter._pipeline is inherited
        """,
        tmp_path,
    )
    assert "Exception ignored" not in output
    left = left_in(tmp_path)
    assert left[:6] == [str(number) for number in range(6)]
    assert left[6:] == ["child"] * 240


def test_exporters_made_by_several_threads_at_once_have_one_hook(tmp_path: Path) -> None:
    run(
        """
        hooks = []
        real = os.register_at_fork
        os.register_at_fork = lambda **hook: (time.sleep(0.05), hooks.append(hook), real(**hook))
        exporters = []
        make = lambda: exporters.append(EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3))
        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(exporters) == 8
        assert not any("before" in hook for hook in hooks[1:]), hooks
        """,
        tmp_path,
    )


@pytest.mark.parametrize("moment", ["before", "after_in_parent"])
def test_a_fork_amid_a_fork_on_the_same_thread(tmp_path: Path, moment: str) -> None:
    """A signal handler forks while hooks run. Both children start clean, and so does the child of the inner child."""
    run(
        """
        directory, moment = sys.argv[1:]
        exporter = EventExporter(Recorder(down), spool=directory)
        spooled(exporter, 1)
        inherited, inner = exporter._pipeline, []
        def interrupted():
            if not inner:
                inner.append(None)
                inner[0] = os.fork()
        os.register_at_fork(**{moment: interrupted})
        outer = os.fork()
        if not outer or not inner[0]:
            assert exporter._pipeline is not inherited
        if outer and inner[0]:
            assert exporter._pipeline is inherited
            assert [os.waitpid(pid, 0)[1] for pid in (outer, inner[0])] == [0, 0]
        elif outer:  # the inner child, where the outer fork went on, if it had not been made yet
            assert moment == "after_in_parent" or os.waitpid(outer, 0)[1] == 0
        spooled(exporter, 2)  # what would have to wait for somebody's lock would be QUEUED in the end
        thread = threading.Thread(target=lambda: os.waitpid(os.fork() or os._exit(0), 0))
        thread.start()
        thread.join(HANG)
        assert not thread.is_alive(), "other threads can fork again"
        os.kill(os.getpid(), signal.SIGKILL) if outer and inner[0] else os._exit(0)
        """,
        tmp_path,
        moment,
        status=-9,
    )
    assert sorted(left_in(tmp_path)) == ["1"] + ["2"] * {"before": 4, "after_in_parent": 3}[moment]


@pytest.mark.parametrize("generations", [1, 2])
def test_a_child_sends_what_its_killed_ancestor_left(tmp_path: Path, generations: int) -> None:
    """It does not have its ancestor's lock, and finds out when that ends."""
    output = run(
        """
        generations = int(sys.argv[2])
        sender = Recorder(down)
        exporter = BlockingExporter(sender, spool=sys.argv[1], scan_interval=0.05, flush_interval=0.01)
        for number in range(50):
            spooled(exporter, number)
        ready, told = os.pipe()
        family = [os.getpid()]
        for _ in range(generations):
            pid = os.fork()
            if pid:
                time.sleep(AGES)
            family.append(os.getpid())
        if not os.fork():
            sender._judge = None
            for pid in family[1:]:
                os.kill(pid, signal.SIGKILL)
            spooled(exporter, 50)
            assert exporter.flush(HANG)
            time.sleep(0.3)
            assert sender.names() == ["50"], "the log is its owner's while it lives"
            os.kill(family[0], signal.SIGKILL)
            wait_until(lambda: exporter.stats().recovered == 50)
            assert exporter.flush(HANG)
            assert sender.names() == ["50", *map(str, range(50))], sender.names()
            assert exporter.close()
            os.write(1, b"sent")
            os._exit(0)
        time.sleep(AGES)
        """,
        tmp_path,
        generations,
        status=-9,
    )
    assert output.startswith("sent"), output
    assert left_in(tmp_path) == []


def test_what_a_child_took_over_is_locked(tmp_path: Path) -> None:
    """For other processes, and for other exporters of the child."""
    output = run(
        """
        import subprocess
        from chaukas_spec_lite.spool.lock import InUse
        from chaukas_spec_lite.spool.log import Log
        log = Log.make(Path(sys.argv[1]))
        log.append([b"one"])
        parent = os.getpid()
        if os.fork():
            time.sleep(AGES)
        def is_in_use():
            try:
                Log.claim(log.folder).close()
            except InUse:
                return True
            return False
        look = "import sys; from pathlib import Path; from chaukas_spec_lite.spool.log import Log\\n"
        look += "log = Log.claim(Path(sys.argv[1])); print(log.tally.pending); log.close()"
        def elsewhere():
            return subprocess.run([sys.executable, "-c", look, log.folder], capture_output=True, text=True)
        assert is_in_use()
        log.abandon()
        assert "InUse" in elsewhere().stderr, "that the child closes its copies takes nothing from the parent"
        os.kill(parent, signal.SIGKILL)
        wait_until(lambda: not is_in_use())
        taken = Log.claim(log.folder)
        assert [record.content for record in taken.peek(0, 10, 100)] == [b"one"]
        assert is_in_use()
        assert "InUse" in elsewhere().stderr, elsewhere()
        taken.close()
        assert elsewhere().stdout == "1\\n", elsewhere()
        print("right")
        """,
        tmp_path,
        status=-9,
    )
    assert output == "right\n"


@pytest.mark.parametrize("segment_bytes", [1, 4 << 20])
def test_a_fork_at_any_line_of_emit_harms_neither_process(tmp_path: Path, segment_bytes: int) -> None:
    """A signal handler forks. The child goes on with the same ``emit``, after the parent has emitted some more."""
    output = run(
        """
        from chaukas_spec_lite.spool import log
        from tests.export.line_forks import ForkAtLine
        log.SEGMENT_BYTES = int(sys.argv[2])
        exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
        spooled(exporter, "first")
        steps = 0
        while True:
            steps += 1
            fork = ForkAtLine(steps)
            with fork.amid():
                outcome = exporter.emit(numbered(f"amid {steps}"))
            if fork.pid == 0:
                spooled(exporter, "child")
                os._exit(0)
            assert outcome is Emitted.SPOOLED, outcome
            for number in range(3):
                spooled(exporter, f"after {steps}")
            if not fork.release():
                break
            spooled(exporter, "end")
        print("steps", steps)
        """,
        tmp_path,
        segment_bytes,
    )
    steps = int(output.split()[1])
    assert steps > 50
    expected = ["first"]
    for step in range(1, steps + 1):
        expected += [f"amid {step}", *[f"after {step}"] * 3, *["end"] * (step < steps)]
    left = left_in(tmp_path)
    assert left[: len(expected)] == expected
    # The child's ``emit`` that went on either put the event there, too, or left it to the parent.
    assert [name for name in left[len(expected) :] if not name.startswith("amid")] == ["child"] * (steps - 1)


WHILE_THREADS_EMIT = """
        class Writer:
            async def send(self, events):
                names = [Event.parse(event).agent_name for event in events]
                os.write(1, "".join(f"{name}\\n" for name in names).encode())
        from chaukas_spec_lite import Event
        sys.setswitchinterval(1e-5)
        how, *spool = sys.argv[1:]
        settings = {"spool": spool[0], "close_timeout": 0.1} if spool else {"close_timeout": HANG, "overflow": "block"}
        sender = Recorder(down) if spool else Writer()
        exporter = BlockingExporter(sender, flush_interval=0.01, scan_interval=AGES, **settings)
        ended, counts = threading.Event(), [0] * 4
        def work(thread):
            while not ended.is_set():
                if exporter.emit(numbered(f"thread{thread}")) is not Emitted.DROPPED:
                    counts[thread] += 1
                time.sleep(0.0001)
        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(4)]
        for thread in threads:
            thread.start()
        for child in range(20):
            pid = os.fork()
            if not pid:
                for number in range(20):
                    exporter.emit(numbered(f"child{child}"))
                if how == "close":
                    assert exporter.close(HANG)
                    os._exit(0)
                if how == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                sys.exit(0)
            assert os.waitpid(pid, 0)[1] == (9 if how == "kill" else 0), child
        ended.set()
        for thread in threads:
            thread.join()
        os.write(2, repr(counts).encode())
        if not spool:
            assert exporter.close(HANG)
        else:
            os._exit(0)
"""


@pytest.mark.parametrize(("how", "spool"), [("close", False), ("exit", False), ("exit", True), ("kill", True)])
def test_children_forked_while_threads_emit_lose_nothing(tmp_path: Path, how: str, spool: bool) -> None:
    output = run(WHILE_THREADS_EMIT, how, *[tmp_path] * spool)
    sent, _, counts = output.rpartition("[")
    found = Counter(left_in(tmp_path) if spool else sent.splitlines())
    threads = [int(count) for count in counts.strip("]").split(",")]
    assert min(threads) > 0
    assert found == {
        **{f"thread{number}": count for number, count in enumerate(threads)},
        **{f"child{number}": 20 for number in range(20)},
    }


def test_a_fork_at_any_line_of_acknowledged_writes_nothing_of_the_parent_s(tmp_path: Path) -> None:
    """A signal handler forks. The child goes on with what it interrupted, after the parent has worked off some more.

    What it wrote down then would be out of date: as if the segments that the parent has removed since were lost.
    """
    output = run(
        """
        from chaukas_spec_lite.export.batching import Send
        from chaukas_spec_lite.spool import log
        from tests.export.line_forks import ForkAtLine
        log.SEGMENT_BYTES = 100  # so that each attempt removes some
        exporter = EventExporter(Recorder(down), spool=sys.argv[1], close_timeout=0.3)
        queue = exporter._pipeline.queue
        def files():
            return {str(path): path.read_bytes() for path in Path(sys.argv[1]).glob("log-*/*") if path.is_file()}
        steps = 0
        while True:
            steps += 1
            while queue.pending < 12:
                spooled(exporter, "x")
            queue.take(Send(0, 2, 1000))
            fork = ForkAtLine(steps)
            with fork.amid():
                queue.acknowledged()
            if fork.pid == 0:
                os._exit(0)
            for _ in range(2):
                queue.take(Send(0, 2, 1000))
                queue.acknowledged()
            before = files()
            if not fork.release():
                break
            assert files() == before, steps
        stats = exporter.stats()
        assert stats.emitted == stats.sent + stats.pending and not stats.dropped, stats
        print("steps", steps)
        """,
        tmp_path,
    )
    assert int(output.split()[1]) > 60
    assert left_in(tmp_path) == ["x"] * 6


def test_a_fork_at_any_line_of_keeping_a_dead_letter_writes_it_once(tmp_path: Path) -> None:
    """A signal handler forks. The child goes on with what it interrupted, and leaves the letter to the parent."""
    output = run(
        """
        from collections import Counter
        from chaukas_spec_lite.export.dead_letters import DeadLetters
        from chaukas_spec_lite.export.dropped import Dropped, DropReason
        from tests.export.line_forks import ForkAtLine
        kept = DeadLetters(Path(sys.argv[1]), 1 << 20, lambda: 5.0)
        def keep(name):
            kept.keep([Dropped(DropReason.INVALID, "", name, b"")], lambda each: os._exit(1))
        steps = 0
        while True:
            steps += 1
            fork = ForkAtLine(steps)
            with fork.amid():
                keep(f"amid {steps}")
            if fork.pid == 0:
                kept = DeadLetters(Path(sys.argv[1]), 1 << 20, lambda: 5.0)  # as the child's exporter does
                keep(f"child {steps}")
                os._exit(0)
            if not fork.release():
                break
        found = Counter(each.event_id for each in kept.read(10_000))
        expected = [f"amid {step}" for step in range(1, steps + 1)] + [f"child {step}" for step in range(1, steps)]
        assert found == Counter(expected), found - Counter(expected)
        print("steps", steps)
        """,
        tmp_path,
    )
    assert int(output.split()[1]) > 20
