"""The synchronous face: the same results, from anywhere."""

from __future__ import annotations

import asyncio
import gc
import inspect
import re
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.blocking import BlockingChaukasClient, BlockingExporter, Loop
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.client.queries import QueryOptions
from chaukas_spec_lite.errors import ClientClosedError, ConnectError, SettingError
from chaukas_spec_lite.retry import NEVER
from tests.patience import AGES, HANG, wait_until, without_slowness
from tests.serving import running_collector

ROOT = Path(__file__).parents[1]


def no_thread_is_left() -> bool:
    return "chaukas" not in [thread.name for thread in threading.enumerate()]


def test_the_same_methods_and_arguments() -> None:
    names = {name for name in vars(ChaukasClient) if not name.startswith("_")} - {"aclose", "send"}
    assert names <= set(dir(BlockingChaukasClient)), names - set(dir(BlockingChaukasClient))
    for name in [*names, "__init__"]:
        ours, its = getattr(BlockingChaukasClient, name), getattr(ChaukasClient, name)
        if callable(its):
            # Kinds, defaults and annotations too; what a method returns differs by its being asynchronous.
            assert inspect.signature(ours).parameters == inspect.signature(its).parameters
            if name != "__init__":
                assert ours.__doc__ == its.__doc__.replace("async for", "for")
    ours, its = (inspect.getdoc(cls) or "" for cls in (BlockingChaukasClient, ChaukasClient))
    assert ours.partition("Args:")[2] == its.partition("Args:")[2] != ""
    with pytest.raises(SettingError):
        BlockingChaukasClient("nowhere")
    with pytest.raises(TypeError):
        BlockingChaukasClient("h:1", nonsense=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("face", [BlockingChaukasClient, BlockingExporter, ChaukasClient])
def test_help_says_what_each_argument_is(face: type) -> None:
    """In each docstring by itself: help() shows one at a time."""
    documented = 0
    for name, member in inspect.getmembers(face, inspect.isfunction):
        if name.startswith("_") and name != "__init__":
            continue
        text = inspect.getdoc(face if name == "__init__" else member) or ""
        assert len(text) > 20, name
        arguments = text.partition("Args:")[2].partition("\n\n")[0]
        for parameter in list(inspect.signature(member).parameters)[1:]:
            assert re.search(rf"^    {parameter}: \S", arguments, re.MULTILINE), (name, parameter)
            documented += 1
    assert documented > 5


@pytest.mark.parametrize("face", [BlockingChaukasClient, ChaukasClient])
def test_help_says_what_a_query_may_ask_for(face: type[ChaukasClient]) -> None:
    text = inspect.getdoc(face.query_events) or ""
    assert QueryOptions.__optional_keys__
    assert [name for name in QueryOptions.__optional_keys__ if f"``{name}``" not in text] == []


def test_a_misspelt_argument_of_a_query_is_answered_with_the_nearest() -> None:
    message = "there is no argument of query_events 'sesion_id'; did you mean 'session_id'?"
    with BlockingChaukasClient("h:1") as client:
        for face in (client, client.client):
            with pytest.raises(TypeError) as caught:
                face.query_events(sesion_id="s")
            assert str(caught.value) == message


def test_calls() -> None:
    with running_collector() as collector, BlockingChaukasClient(f"127.0.0.1:{collector.port}") as client:
        client.healthz()
        assert client.get_capabilities().policy_decisions
        event = Event(session_id="s")
        client.ingest_event(event)
        client.ingest_events([Event(session_id="s") for _ in range(30)])
        client.ingest_encoded([bytes(Event(event_id="e", session_id="s"))])
        assert len(list(client.query_events(session_id="s", page_size=5))) == 32
        assert client.get_event_stats().total_sessions == 1
        found = client.query_events(session_id="s", page_size=2)
        assert next(found).session_id == "s"
        found.close()
        assert repr(client).startswith("BlockingChaukasClient('127.0.0.1:")


def test_errors_and_the_end() -> None:
    client = BlockingChaukasClient("127.0.0.1:1", retry=NEVER)
    with pytest.raises(ConnectError):
        client.healthz()
    client.close()
    client.close()
    with pytest.raises(ClientClosedError):
        client.healthz()
    with pytest.raises(ClientClosedError):
        list(client.query_events())


def test_under_a_running_loop_and_from_many_threads() -> None:
    with running_collector() as collector, BlockingChaukasClient(f"127.0.0.1:{collector.port}") as client:

        async def notebook() -> None:
            client.ingest_event(Event(session_id="s"))

        asyncio.run(notebook())
        threads = [threading.Thread(target=client.ingest_event, args=(Event(session_id="s"),)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(list(client.query_events(session_id="s"))) == 21
        assert sum(thread.name == "chaukas" for thread in threading.enumerate()) == 1
    assert no_thread_is_left()


def test_a_client_that_nobody_closed_leaves_nothing_behind() -> None:
    with running_collector() as collector:
        client = BlockingChaukasClient(f"127.0.0.1:{collector.port}")
        client.healthz()
        del client
        gc.collect()
        wait_until(no_thread_is_left)


def test_a_query_keeps_its_client() -> None:
    """Nobody else may: ``for event in BlockingChaukasClient(...).query_events(): ...``."""
    with running_collector() as collector:
        address = f"127.0.0.1:{collector.port}"
        with BlockingChaukasClient(address) as client:
            client.ingest_events([Event(session_id="s") for _ in range(10)])
        found = BlockingChaukasClient(address).query_events(session_id="s", page_size=3)
        gc.collect()
        assert len(list(found)) == 10
        left = BlockingChaukasClient(address).query_events(session_id="s", page_size=3)
        next(left)
        del found, left
        gc.collect()
        wait_until(no_thread_is_left)


def test_a_loop_runs_things_and_closes_generators() -> None:
    events: list[str] = []
    begun = threading.Event()

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for number in range(3):
                yield number
        finally:
            events.append("closed")

    async def ask_itself() -> None:
        loop.run(asyncio.sleep(0))

    async def forever() -> None:
        try:
            begun.set()
            await asyncio.sleep(AGES)
        finally:
            events.append("cancelled")

    loop = Loop()

    async def let_go_of(generators: list[object]) -> None:
        generators.clear()  # as the garbage collector may in this thread

    assert list(loop.iterate(numbers())) == [0, 1, 2]
    for number in loop.iterate(numbers()):
        assert number == 0
        break
    gc.collect()
    assert events == ["closed", "closed"]
    left = loop.iterate(numbers())
    assert next(left) == 0
    generators: list[object] = [left]
    del left
    loop.run(let_go_of(generators))
    loop.run(asyncio.sleep(0))
    assert events == ["closed", "closed", "closed"]
    events.pop()
    with pytest.raises(RuntimeError, match="wait for itself"):
        loop.run(ask_itself())

    def wait() -> None:
        with pytest.raises(ClientClosedError):
            loop.run(forever())
        events.append("told")

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert begun.wait(HANG)
    loop.close()
    waiting.join()
    assert events == ["closed", "closed", "cancelled", "told"]


def test_a_call_that_another_thread_closes_amid_its_beginning_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came just too late to be cancelled would never be heard of again."""
    loop, real = Loop(), asyncio.run_coroutine_threadsafe
    loop.run(asyncio.sleep(0))
    closers: list[threading.Thread] = []

    def schedule(*arguments: Any) -> Any:
        if not closers:
            closers.append(threading.Thread(target=loop.close))
            closers[0].start()
            closers[0].join(0.2)
        return real(*arguments)

    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", schedule)
    with pytest.raises(ClientClosedError, match="during the call"):
        loop.run(asyncio.sleep(AGES))
    closers[0].join()


def test_an_interruption_of_the_first_call_leaves_the_client_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the thread starts: it was taken for an interpreter in which no thread can start."""
    real = threading.Event.wait

    def interrupted(self: threading.Event, timeout: float | None = None) -> bool:
        real(self, timeout)
        raise KeyboardInterrupt

    with running_collector() as collector, BlockingChaukasClient(f"127.0.0.1:{collector.port}") as client:
        monkeypatch.setattr(threading.Event, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.healthz()
        monkeypatch.undo()
        client.healthz()
    wait_until(no_thread_is_left)


def test_closing_does_not_wait_for_what_cannot_be_interrupted() -> None:
    """Such as the system's resolver, which runs in the loop's executor."""
    loop, may_end = Loop(), threading.Event()
    ended: list[bool] = []

    async def look_up() -> None:
        asyncio.get_running_loop().run_in_executor(None, lambda: ended.append(may_end.wait(HANG)))

    loop.run(look_up())
    loop.close()
    assert ended == []
    may_end.set()


def test_loops_come_and_go_with_one_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    hooks: list[object] = []
    monkeypatch.setattr("os.register_at_fork", lambda **hook: hooks.append(hook))
    for _ in range(3):
        Loop().close()
        gc.collect()
    assert len(hooks) <= 1


def test_an_exporter_keeps_the_client_that_it_was_given() -> None:
    """Nobody else may: ``BlockingExporter(BlockingChaukasClient(...))``."""
    with running_collector() as collector:
        exporter = BlockingExporter(BlockingChaukasClient(f"127.0.0.1:{collector.port}"))
        gc.collect()
        exporter.emit(Event(session_id="s"))
        assert exporter.flush(HANG)
        assert exporter.close(HANG)
        assert len(collector.events(session_id="s")) == 1


AT_EXIT = """
import atexit, sys, threading
from chaukas_spec_lite import Event
from chaukas_spec_lite.blocking import BlockingChaukasClient
client = BlockingChaukasClient(sys.argv[1])
if sys.argv[2] == "used":
    client.ingest_event(Event(session_id="s"))
atexit.register(lambda: (client.ingest_event(Event(session_id="s")), client.close(), print("sent")))
"""


@pytest.mark.parametrize("before", ["used", "unused"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_at_the_end_of_the_interpreter(before: str, host: str) -> None:
    with running_collector() as collector:
        done = _run(AT_EXIT, f"{host}:{collector.port}", before)
        assert done == "sent\n"
        assert len(collector.events(session_id="s")) == 1 + (before == "used")


WITHOUT_CLOSING = """
import sys
from chaukas_spec_lite import Event
from chaukas_spec_lite.blocking import BlockingChaukasClient
client = BlockingChaukasClient(sys.argv[1])
client.ingest_event(Event(session_id="s"))
"""


def test_a_program_that_never_closes_ends_all_the_same() -> None:
    with running_collector() as collector:
        assert _run(WITHOUT_CLOSING, f"127.0.0.1:{collector.port}", options=[]) == ""
        assert len(collector.events(session_id="s")) == 1


AT_THE_VERY_END = """
import gc, sys
from chaukas_spec_lite import Event
from chaukas_spec_lite.blocking import BlockingChaukasClient
from chaukas_spec_lite.errors import ClientClosedError
client = BlockingChaukasClient(sys.argv[1])
if sys.argv[2] == "used":
    client.ingest_events([Event(session_id="s") for _ in range(10)])
    found = client.query_events(session_id="s", page_size=2)
    next(found)
class Late:
    def __init__(self):
        self.client, self.me = client, self
        self.refused = ClientClosedError
        self.out = sys.stdout
    def __del__(self):
        try:
            self.client.healthz()
        except self.refused as error:
            self.out.write(f"{error}\\n")
            self.client.close()
gc.disable()  # Or the cycle may be collected before the end.
Late()
"""


@pytest.mark.parametrize("before", ["used", "unused"])
def test_what_is_left_to_the_destruction_of_everything_does_not_hang(before: str) -> None:
    """A generator left half-way, a call from ``__del__``: they would wait for a thread that never runs again."""
    with running_collector() as collector:
        done = _run(AT_THE_VERY_END, f"127.0.0.1:{collector.port}", before, options=[])
        assert done == "the interpreter is ending, so nothing can be waited for\n"


FORKING = """
import os, sys
from chaukas_spec_lite import Event
from chaukas_spec_lite.blocking import BlockingChaukasClient
client = BlockingChaukasClient(sys.argv[1])
client.ingest_event(Event(session_id="parent"))
workers = []
for _ in range(3):
    pid = os.fork()
    if not pid:
        for _ in range(5):
            client.ingest_event(Event(session_id="child"))
        client.close()
        sys.exit(0)
    workers.append(pid)
for pid in workers:
    assert os.waitpid(pid, 0)[1] == 0
client.ingest_event(Event(session_id="parent"))
client.close()
print("done")
"""


def test_in_forked_workers() -> None:
    with running_collector() as collector:
        assert _run(FORKING, f"127.0.0.1:{collector.port}") == "done\n"
        assert len(collector.events(session_id="child")) == 15
        assert len(collector.events(session_id="parent")) == 2
        ids = [event.event_id for event in collector.events(session_id="child")]
        assert len(set(ids)) == 15


SHORT_LIVED = """
import asyncio, multiprocessing, os
from chaukas_spec_lite import Event
from chaukas_spec_lite.blocking import BlockingExporter
class Sender:
    async def send(self, events, /):
        os.write(1, b"sent\\n")
exporter = BlockingExporter(Sender(), close_timeout=60)
start = exporter.exporter.start
async def late():
    await asyncio.sleep(0.2)
    await start()
exporter.exporter.start = late
worker = multiprocessing.get_context("fork").Process(target=lambda: exporter.emit(Event()))
worker.start()
worker.join()
assert worker.exitcode == 0
exporter.close()
"""


def test_a_worker_that_ends_right_after_its_first_event_sends_it() -> None:
    """Its thread may not have begun to send by then."""
    assert _run(SHORT_LIVED) == "sent\n"


def test_a_mistake_in_the_time_to_close_closes_nothing() -> None:
    class Sender:
        sent = 0

        async def send(self, encoded_events: Sequence[bytes], /) -> None:
            self.sent += len(encoded_events)

    sender = Sender()
    exporter = BlockingExporter(sender)
    exporter.emit(Event())
    with pytest.raises(SettingError, match=r"^timeout: "):
        exporter.close("5")  # type: ignore[arg-type]
    assert exporter.close(HANG)
    assert sender.sent == 1


STRICT = ["-X", "dev", "-W", "error", "-W", "ignore::DeprecationWarning"]  # since 3.12, a fork with threads warns


def _run(program: str, *arguments: str, options: Sequence[str] = STRICT) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=HANG,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not without_slowness(done.stderr)
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to block")
def test_the_background_thread_takes_no_signals_from_a_main_thread_that_blocks_them() -> None:
    async def masks() -> list[set[int]]:
        def blocked() -> set[int]:
            return set(signal.pthread_sigmask(signal.SIG_BLOCK, []))

        return [blocked(), await asyncio.to_thread(blocked)]

    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    loop = Loop()
    for blocked in loop.run(masks()):
        assert blocked >= {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGALRM}
        assert signal.SIGSEGV not in blocked, "faulthandler could not report a crash there"
    loop.close()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
