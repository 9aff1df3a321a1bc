"""Children that end soon, of every kind that Python makes, with a real collector: whatever they emit arrives."""

from __future__ import annotations

import sys

import pytest

from tests.export.programs import run
from tests.serving import running_collector

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")

EXPORTER = """
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        from chaukas_spec_lite import BlockingChaukasClient, Event, EventType
        client = BlockingChaukasClient(sys.argv[1])
        exporter = BlockingExporter(client, close_timeout=HANG)
        def emit(events):
            for number in range(events):
                exporter.emit(Event(type=EventType.SYSTEM, session_id="child", agent_name=str(number)))
        context = multiprocessing.get_context("fork")
"""

ENDINGS = {
    "os.fork": """
        for _ in range(10):
            pid = os.fork()
            if not pid:
                emit(20)
                sys.exit(0)
            assert os.waitpid(pid, 0)[1] == 0
    """,
    "all at once": """
        pids = []
        for _ in range(10):
            exporter.emit(Event(type=EventType.SYSTEM, session_id="parent"))
            pid = os.fork()
            if not pid:
                emit(20)
                sys.exit(0)
            pids.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * 10
    """,
    "closing": """
        for _ in range(10):
            exporter.emit(Event(type=EventType.SYSTEM, session_id="parent"))
            pid = os.fork()
            if not pid:
                emit(20)
                os._exit(not exporter.close())
            assert os.waitpid(pid, 0)[1] == 0
    """,
    "multiprocessing": """
        for _ in range(10):
            worker = context.Process(target=emit, args=(20,))
            worker.start()
            worker.join()
            assert worker.exitcode == 0
    """,
    "executor": """
        with ProcessPoolExecutor(2, context) as executor:
            list(executor.map(emit, [20] * 10))
    """,
    # Not by a pool, which wakes its workers as it ends: no handler written in Python is called if its signal comes as
    # the worker begins to wait for a lock.
    "terminated": """
        from chaukas_spec_lite import exit_on_sigterm
        done, say = os.pipe()
        def work():
            exit_on_sigterm()
            emit(20)
            os.write(say, b".")
            time.sleep(10 * HANG)
        workers = [context.Process(target=work) for _ in range(10)]
        for worker in workers:
            worker.start()
        for _ in workers:
            os.read(done, 1)
        def rest():
            for worker in workers:
                lines = Path(f"/proc/{worker.pid}/status").read_text().splitlines()
                yield [line for line in lines if line.startswith(("State", "voluntary"))]
        before = None
        while (now := list(rest())) != before or not all("S (sleeping)" in state for state, _ in now):
            before = now
            time.sleep(0.2)
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [143] * 10
    """,
    "threads emit": """
        stop = []
        def noise():
            while not stop:
                exporter.emit(Event(type=EventType.SYSTEM, session_id="parent"))
                time.sleep(0.0002 if exporter.stats().pending < 1000 else 0.1)
        threads = [threading.Thread(target=noise) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(10):
            pid = os.fork()
            if not pid:
                emit(20)
                os._exit(not exporter.close())
            assert os.waitpid(pid, 0)[1] == 0
        stop.append(True)
    """,
}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("program", ENDINGS.values(), ids=ENDINGS)
def test_without_a_spool(program: str, host: str) -> None:
    with running_collector() as collector:
        output = run(EXPORTER + program, f"{host}:{collector.port}")
        assert "Dropped" not in output
        assert len(collector.events(session_id="child")) == 200, output


def test_no_thread_of_ours_imports() -> None:
    """A module that is half imported when another thread forks stays so in the child, which waits for it for ever."""
    program = """
        import builtins
        from chaukas_spec_lite import BlockingChaukasClient
        client = BlockingChaukasClient(sys.argv[1])
        exporter = BlockingExporter(client)
        before = set(sys.modules)
        exporter.emit(numbered(1))
        assert exporter.flush(HANG)
        assert not set(sys.modules) - before, set(sys.modules) - before
        """
    with running_collector() as collector:
        run(program, f"localhost:{collector.port}")


def test_a_fork_that_no_hook_saw() -> None:
    """As uWSGI forks, in C: here, by the same call, past Python's hooks."""
    program = """
        import ctypes
        emit(3)
        assert exporter.flush(HANG)
        pid = ctypes.PyDLL(None).fork()
        if not pid:
            assert exporter.stats().emitted == 0
            client.ingest_event(Event(type=EventType.SYSTEM, session_id="child"), timeout=HANG)
            emit(20)
            assert exporter.flush(HANG)
            emit(20)
            sys.exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        assert exporter.stats().emitted == 3
    """
    with running_collector() as collector:
        run(EXPORTER + program, f"127.0.0.1:{collector.port}")
        assert len(collector.events(session_id="child")) == 44


def test_closing_in_a_child_that_no_hook_saw() -> None:
    program = """
        import ctypes
        emit(3)
        assert exporter.flush(HANG)
        pid = ctypes.PyDLL(None).fork()
        if not pid:
            assert exporter.close(HANG)
            client.close()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    """
    with running_collector() as collector:
        run(EXPORTER + program, f"127.0.0.1:{collector.port}")
