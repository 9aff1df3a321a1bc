"""Forks that come together: of several threads, amid another on the same thread, and amid waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.export.programs import left_in, run


def test_threads_that_fork_at_the_same_time(tmp_path: Path) -> None:
    """The hooks of several forks are not one after the other; each child starts clean, and the parent goes on."""
    output = run(
        """
        exporter = EventExporter(Recorder(down), spool=sys.argv[1])
        spooled(exporter, 0)
        inherited = exporter._pipeline
        statuses = []
        def fork():
            for _ in range(12):
                pid = os.fork()
                if not pid:
                    os._exit(exporter._pipeline is inherited)
                statuses.append(os.waitpid(pid, 0)[1])
        for number in range(1, 6):
            threads = [threading.Thread(target=fork) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            spooled(exporter, number)
        assert statuses == [0] * 240, statuses.count(0)
        assert not inherited.queue.lock.locked() and not inherited.writer.disk.locked()
        """,
        tmp_path,
    )
    assert "Exception ignored" not in output
    assert left_in(tmp_path) == [str(number) for number in range(6)]


def test_exporters_made_by_several_threads_at_once_have_one_hook(tmp_path: Path) -> None:
    run(
        """
        hooks = []
        real = os.register_at_fork
        os.register_at_fork = lambda **hook: (time.sleep(0.05), hooks.append(hook), real(**hook))
        exporters = []
        make = lambda: exporters.append(EventExporter(Recorder(down), spool=sys.argv[1]))
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


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_fork_amid_a_fork_on_the_same_thread(tmp_path: Path, moment: str) -> None:
    """A signal handler forks while hooks run. Both children start clean, and so does the child of the inner child."""
    run(
        """
        directory, moment = sys.argv[1:]
        exporter = EventExporter(Recorder(down), spool=directory)
        spooled(exporter, 1)
        inherited, kept = exporter._pipeline, {"before": "before_fork", "after": "after_fork_in_parent"}[moment]
        real, inner = getattr(inherited, kept), []
        def interrupted():
            real()
            if not inner:
                inner.append(os.fork())
        setattr(inherited, kept, interrupted)
        outer = os.fork()
        if not outer or not inner[0]:
            assert exporter._pipeline is not inherited
        if outer and inner[0]:
            assert exporter._pipeline is inherited
            assert [os.waitpid(pid, 0)[1] for pid in (outer, inner[0])] == [0, 0]
        elif outer:  # the inner child, where the outer fork went on, if it had not been made yet
            assert moment == "after" or os.waitpid(outer, 0)[1] == 0
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
    assert sorted(left_in(tmp_path)) == ["1"] + ["2"] * {"before": 4, "after": 3}[moment]


@pytest.mark.parametrize("generations", [1, 2])
def test_a_child_sends_what_its_killed_ancestor_left(tmp_path: Path, generations: int) -> None:
    """SQLite's notes of what the ancestor had locked are inherited, and nothing in the child ever takes them back."""
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
            assert sender.names() == ["50"], "the file is its owner's while it lives"
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


def test_what_a_child_took_over_is_locked_as_by_sqlite(tmp_path: Path) -> None:
    """For other processes, and for other exporters of the child."""
    output = run(
        """
        import subprocess
        from chaukas_spec_lite.spool.file import Spool, SpoolBusy
        spool = Spool.claim(Path(sys.argv[1], "spool-1.sqlite3"), new=True)
        spool.append(1, b"one")
        parent, (ready, done) = os.getpid(), os.pipe()
        if os.fork():
            time.sleep(AGES)
        os.kill(parent, signal.SIGKILL)
        end = time.monotonic() + HANG
        while True:
            try:
                taken = Spool.claim(spool.path)
                break
            except SpoolBusy:
                assert time.monotonic() < end
                time.sleep(0.01)
        assert taken.totals() == (1, 3, 1, 1)
        taken.append(2, b"two")
        taken.checkpoint()
        taken.append(3, b"three")
        try:
            Spool.claim(spool.path)
            raise AssertionError("it was claimed twice")
        except SpoolBusy:
            pass
        query = "import sqlite3, sys; database = sqlite3.connect(sys.argv[1], timeout=0)\\n"
        query += "print(database.execute('SELECT count(*) FROM event').fetchall())"
        def look():
            return subprocess.run([sys.executable, "-c", query, spool.path], capture_output=True, text=True)
        assert "is locked" in look().stderr, look()
        taken.close()
        taken.close()
        assert look().stdout == "[(3,)]\\n", look()
        print("right")
        """,
        tmp_path,
        status=-9,
    )
    assert output == "right\n"


def test_a_fork_that_waits_in_vain_for_another_goes_ahead(tmp_path: Path) -> None:
    """Whoever forks may hold what the other one waits for; its child starts clean, the other one still rests."""
    run(
        """
        from chaukas_spec_lite import process
        process.FORK_WAIT = 0.1
        exporter = EventExporter(Recorder(down), spool=sys.argv[1])
        spooled(exporter, 1)
        amid, goes_on = threading.Event(), threading.Event()
        inherited = exporter._pipeline
        real = inherited.before_fork
        def before_fork():
            real()
            amid.set()
            goes_on.wait(HANG)
        inherited.before_fork = before_fork
        def fork():
            pid = os.fork()
            if not pid:
                assert exporter._pipeline is not inherited
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        thread = threading.Thread(target=fork)
        thread.start()
        amid.wait(HANG)
        fork()
        assert inherited.queue.lock.locked()
        goes_on.set()
        thread.join()
        assert not inherited.queue.lock.locked()
        del inherited.before_fork
        fork()
        spooled(exporter, 2)
        """,
        tmp_path,
    )
    assert left_in(tmp_path) == ["1", "2"]
