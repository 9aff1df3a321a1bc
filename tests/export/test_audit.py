"""Exporters and sinks that seal what they are given: each chain is whole, whoever emits, and whatever comes between."""

from __future__ import annotations

import asyncio
import errno
import itertools
import random
import shutil
import sys
import textwrap
import threading
import uuid
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from chaukas.spec.common.v1 import events_pb2
from hypothesis import given

from chaukas_spec_lite import BlockingExporter, Event, EventExporter, EventType, ExportSettings, blocking_drain
from chaukas_spec_lite.audit import chain as chain_module
from chaukas_spec_lite.audit import sealing
from chaukas_spec_lite.audit.canonical import canonical_bytes, content_hash
from chaukas_spec_lite.audit.chain import Sealer, Unsealed
from chaukas_spec_lite.audit.verification import FaultKind, verify
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.export import Emitted
from chaukas_spec_lite.export.encoder import Encoder
from chaukas_spec_lite.files import read_events
from chaukas_spec_lite.retry import RetryPolicy
from chaukas_spec_lite.sinks import FileSink, MemorySink
from chaukas_spec_lite.spool import progress
from chaukas_spec_lite.spool.errors import SpoolError
from chaukas_spec_lite.spool.log import Log
from chaukas_spec_lite.spool.segment import Writer
from tests import realdata
from tests.export.doubles import Recorder, invalid, unavailable
from tests.export.programs import run
from tests.export.test_interruptions import Interrupter
from tests.patience import HANG, until
from tests.strategies import messages

GENESIS = "genesis:"


def seal(event: Event | bytes, **settings: Any) -> bytes:
    encoded, _ = Encoder(ExportSettings(audit=True, **settings), None, None).encode(event)
    stored: list[bytes] = []
    assert isinstance(encoded, (bytes, Unsealed))
    assert Sealer().write(encoded, lambda data: not stored.append(data))
    assert len(stored[0]) <= len(encoded)
    return stored[0]


def test_room_for_a_seal_is_counted_in_bytes() -> None:
    """A genesis value names the session once more, and a letter of its id may take several bytes."""
    seal(Event(event_id="e", session_id="é" * 1024))


@given(messages(Event))
def test_any_event_is_sealed_in_its_canonical_form(event: Event) -> None:
    event.content_hash = ""
    before = deepcopy(event)
    data = seal(event)
    before.event_id, before.timestamp = event.event_id, event.timestamp
    assert event == before, "but for what is filled in"
    sealed = Event.parse(data)
    assert sealed.hash_prev.startswith(GENESIS)
    assert sealed.content_hash == content_hash(sealed)
    # Nothing but the hash is added to what was hashed.
    assert data.replace(b"\x9a\x01G" + sealed.content_hash.encode(), b"") == canonical_bytes(sealed)
    sealed.hash_prev, sealed.content_hash, sealed.worm_proof_id = event.hash_prev, "", event.worm_proof_id
    assert sealed == event


def test_a_seal_costs_nothing_of_what_an_event_says() -> None:
    for data in realdata.events():
        event = Event.parse(data)
        event.content_hash = event.hash_prev = event.worm_proof_id = ""
        sealed = Event.parse(seal(event))
        sealed.content_hash = sealed.hash_prev = ""
        assert sealed == event


def test_encoded_and_official_events_stay_as_they_are() -> None:
    official = events_pb2.Event(event_id="e", session_id="s")
    official.metadata.update({"b": 1, "a": [{"d": 1, "c": 2}]})
    official.timestamp.GetCurrentTime()
    for form in (official, official.SerializeToString()):
        data = seal(form)
        assert data.startswith(official.SerializeToString())
        assert Event.parse(data).content_hash == content_hash(Event.parse(data))
        again = events_pb2.Event.FromString(data)
        assert again.hash_prev.startswith(GENESIS)
        assert again.content_hash == content_hash(Event.parse(data))


def test_an_event_that_has_a_seal_keeps_it() -> None:
    first = seal(Event(session_id="s"))
    assert seal(Event.parse(first)) == seal(first) == first


def test_what_is_hashed_is_what_was_converted_and_cut(caplog: pytest.LogCaptureFixture) -> None:
    sink = MemorySink(audit=True)
    for odd in ({"set": {1}, 3: "number"}, {"text": "x" * 5_000_000}):
        sink.emit(Event(session_id="s", metadata=odd))
    sink.emit(Event(session_id="s", type=EventType.SESSION_END))
    assert sink.events[0].metadata == {"3": "number", "set": [1]}
    assert verify(sink.events).complete


def test_events_of_many_threads_in_one_session(tmp_path: Path) -> None:
    sent: list[bytes] = []

    class Sender:
        async def send(self, events: Any) -> None:
            sent.extend(events)

    with BlockingExporter(Sender(), spool=tmp_path, audit=True) as exporter:

        def emit(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(200):
                exporter.emit(Event(session_id=chance.choice("abc"), metadata={"b": seed, "a": "x" * 50}))

        threads = [threading.Thread(target=emit, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(HANG)
        for session_id in "abc":
            exporter.emit(Event(session_id=session_id, type=EventType.SESSION_END))
        assert exporter.flush(HANG)
    found = verify(sent)
    assert found.complete
    assert (found.events, len(found.chains), found.unsealed) == (1203, 3, 0)


@pytest.mark.parametrize("kind", ["exporter", "spool", "file"])
def test_a_timer_whose_handler_emits(tmp_path: Path, kind: str) -> None:
    run(
        """
        from chaukas_spec_lite.audit.verification import verify
        from chaukas_spec_lite.sinks import FileSink
        sent = []
        class Sender:
            async def send(self, events):
                sent.extend(events)
        kind, path = sys.argv[1:]
        if kind == "file":
            sink = FileSink(path + "/events.delim", audit=True)
        else:
            sink = BlockingExporter(Sender(), spool=path if kind == "spool" else None, audit=True)
        with sink:
            def emit():
                assert sink.emit(Event(session_id="s", metadata={"b": 1, "a": 2})) is not Emitted.DROPPED
            handled = []
            def alarm(*_):
                emit()
                handled.append(1)
                signal.setitimer(signal.ITIMER_REAL, 0.001)  # only now, so that alarms do not pile up
            signal.signal(signal.SIGALRM, alarm)
            alarm()
            end = time.monotonic() + 1.0
            while time.monotonic() < end or len(handled) < 20:
                emit()
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
            sink.emit(Event(session_id="s", type=EventType.SESSION_END))
            assert sink.flush(HANG)
        if kind == "file":
            from chaukas_spec_lite.files import read_events
            sent = [recorded.event for recorded in read_events(path + "/events.delim")]
        found = verify(sent)
        assert found.complete, found.faults[:5]
        assert found.events > 100
        """,
        kind,
        tmp_path,
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the names of instructions are others")
def test_an_interruption_anywhere_makes_nothing_look_forged() -> None:
    """It may end a chain early; but what is stored is never said to be altered, missing or forked."""
    here = (chain_module.__file__, sealing.__file__, __file__)
    ended_early = 0
    for at in itertools.count(1):
        sealer, stored = Sealer(), list[bytes]()

        def append(data: bytes, stored: list[bytes] = stored) -> bool:
            stored.append(data)
            return True

        def write(session_id: str, kind: EventType = EventType.SYSTEM, sealer: Sealer = sealer) -> None:
            encoder = Encoder(ExportSettings(audit=True), None, None)
            event, _ = encoder.encode(Event(session_id=session_id, type=kind))
            assert isinstance(event, Unsealed)
            sealer.write(event, append)

        write("s")
        write("t")
        if not Interrupter(at, here).run(lambda write=write: write("s")):
            break
        write("s")
        for session_id in "st":
            write(session_id, EventType.SESSION_END)
        found = verify(stored)
        assert {fault.kind for fault in found.faults} <= {FaultKind.CUT_OFF}, (at, found.faults)
        assert next(chain for chain in found.chains if chain.session_id == "t").closed
        ended_early += not found.complete
    assert at > 5, "there were places for it"
    assert ended_early > 0


def test_a_forked_child_is_a_writer_of_its_own(tmp_path: Path) -> None:
    out = run(
        """
        from chaukas_spec_lite.audit.verification import verify
        from chaukas_spec_lite.sinks import FileSink
        from chaukas_spec_lite.files import read_events
        path = sys.argv[1] + "/events.delim"
        sink = FileSink(path, audit=True)
        sink.emit(Event(session_id="s"))
        for _ in range(2):
            if not (child := os.fork()):
                sink.emit(Event(session_id="s"))
                sink.emit(Event(session_id="s", type=EventType.SESSION_END))
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        sink.emit(Event(session_id="s", type=EventType.SESSION_END))
        sink.close()
        found = verify(recorded.event for recorded in read_events(path))
        assert found.complete, found.faults
        print(sorted(chain.events for chain in found.chains), len({chain.genesis.writer for chain in found.chains}))
        """,
        tmp_path,
    )
    assert out.split("\n")[0] == "[2, 2, 2] 3"


@pytest.mark.anyio
async def test_what_the_exporter_drops_is_missing_and_what_it_refuses_never_was() -> None:
    sender = Recorder(lambda events: invalid() if any(b"refused" in each for each in events) else None)
    async with EventExporter(sender, audit=True, batch_size=1, max_event_bytes=2000, strict=True) as exporter:
        assert exporter.emit(Event(session_id="s", agent_name="first")) is Emitted.QUEUED
        assert exporter.emit(Event(session_id="s", agent_name="x" * 3000)) is Emitted.DROPPED
        assert exporter.emit(Event(session_id="s", metadata={"odd": object()})) is Emitted.DROPPED
        assert exporter.emit(b"no event") is Emitted.DROPPED
        assert exporter.emit(Event(session_id="s", type=EventType.SESSION_END)) is Emitted.QUEUED
        exporter.emit(Event(session_id="t"))
        exporter.emit(Event(session_id="t", agent_name="refused"))
        exporter.emit(Event(session_id="t", type=EventType.SESSION_END))
        assert not await exporter.flush(HANG)
    assert exporter.stats().dropped == {"too_large": 1, "invalid": 3}
    found = {chain.session_id: chain for chain in verify(sender.received).chains}
    assert found["s"].complete
    assert {fault.kind for fault in found["t"].faults} == {FaultKind.MISSING}


@pytest.mark.anyio
async def test_a_dead_letter_keeps_its_place_when_it_is_sent_again(tmp_path: Path) -> None:
    sender = Recorder(lambda events: invalid() if refuses and any(b"refused" in each for each in events) else None)
    refuses = True
    async with EventExporter(sender, audit=True, batch_size=1, spool=tmp_path, max_event_bytes=2000) as exporter:
        exporter.emit(Event(session_id="s", agent_name="first"))
        exporter.emit(Event(session_id="s", agent_name="refused"))
        exporter.emit(Event(session_id="s", type=EventType.SESSION_END))
        assert not await exporter.flush(HANG)
        assert not verify(sender.received).complete
        refuses = False
        assert await exporter.resend_dead_letters() == 1
        assert await exporter.flush(HANG)
    assert verify(sender.received).complete


@pytest.mark.anyio
async def test_a_dead_letter_without_a_seal_gets_one(tmp_path: Path) -> None:
    sender = Recorder()
    async with EventExporter(sender, spool=tmp_path, strict=True, audit=True) as exporter:
        assert exporter.emit(Event(session_id="s", metadata={"odd": {1}})) is Emitted.DROPPED
    async with EventExporter(sender, spool=tmp_path, audit=True) as exporter:
        assert await exporter.resend_dead_letters() == 1
        assert await exporter.flush(HANG)
    found = verify(sender.received)
    assert (found.events, found.unsealed, found.sound) == (1, 0, True)


@pytest.mark.anyio
async def test_events_that_no_longer_fit_leave_the_chain_as_it_was() -> None:
    gate = Recorder()
    gate.gate = asyncio.Event()
    options: Any = {"batch_size": 1, "max_queue_events": 2, "overflow": "drop_newest"}
    async with EventExporter(gate, audit=True, **options) as exporter:
        taken = [exporter.emit(Event(session_id="s", agent_name=str(number))) for number in range(5)]
        assert taken == [Emitted.QUEUED] * 2 + [Emitted.DROPPED] * 3
        gate.gate.set()
        assert await exporter.flush(HANG)
        exporter.emit(Event(session_id="s", type=EventType.SESSION_END))
        assert await exporter.flush(HANG)
    assert verify(gate.received).complete


def test_room_for_seals_is_asked_for() -> None:
    with pytest.raises(SettingError, match="max_event_bytes: has to be at least 1000 with audit=True"):
        ExportSettings(audit=True, max_event_bytes=999)


@pytest.mark.parametrize("name", ["events.delim", "events.jsonl", "events.jsonl.gz"])
def test_a_file_that_is_read_back_is_verified(tmp_path: Path, name: str) -> None:
    with FileSink(tmp_path / name, audit=True) as sink:
        for number in range(5):
            sink.emit(Event(session_id="s", metadata={"b": number, "a": [1.5, None, "é"]}))
        sink.emit(Event(session_id="s", type=EventType.SESSION_END))
    assert verify(recorded.event for recorded in read_events(tmp_path / name)).complete


@pytest.mark.parametrize("waiting", [0, 3])
@pytest.mark.parametrize("next_audits", [True, False])
def test_chains_of_a_killed_process_are_said_to_be_interrupted(
    tmp_path: Path, waiting: int, next_audits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """By the next one that has the spool, once, whether events were left in it or not."""
    spool, sent = tmp_path / "spool", tmp_path / "sent.delim"
    run(
        """
        from chaukas_spec_lite.sinks import FileSink
        spool, path, waiting = sys.argv[1:]
        sink = FileSink(path)
        class Sender:
            async def send(self, events):
                for event in events:
                    sink.emit(event)
        exporter = BlockingExporter(Sender(), spool=spool, audit=True)
        for session_id in ("done", "open"):
            exporter.emit(Event(session_id=session_id, tenant_id="acme", project_id="shop"))
        exporter.emit(Event(session_id="done", tenant_id="acme", type=EventType.SESSION_END))
        assert exporter.flush(HANG)
        Sender.send = None  # the rest waits
        for _ in range(int(waiting)):
            assert exporter.emit(Event(session_id="open", tenant_id="acme")) is Emitted.SPOOLED
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        spool,
        sent,
        waiting,
        status=-9,
    )
    sink = FileSink(sent)

    class Sender:
        async def send(self, events: Any) -> None:
            for event in events:
                sink.emit(event)

    for _ in range(2):  # the second one finds nothing more to say
        with BlockingExporter(Sender(), spool=spool, audit=next_audits) as exporter:
            assert exporter.flush(HANG)
    sink.close()
    events = [recorded.event for recorded in read_events(sent)]
    assert (events[-1].tenant_id, events[-1].project_id) == ("acme", "shop"), "whose chains these are"
    found = verify(events)
    chains = {chain.session_id: chain for chain in found.chains}
    assert found.unsealed == 0
    assert found.events == 3 + waiting + 1
    assert chains.pop("done").complete
    interrupted = chains.pop("open")
    assert [fault.kind for fault in interrupted.faults] == [FaultKind.INTERRUPTED]
    assert interrupted.sound
    assert interrupted.genesis is not None
    assert [(chain.session_id, chain.complete) for chain in chains.values()] == [
        (f"interrupted-writer:{interrupted.genesis.writer}", True)
    ]
    assert caplog.text.count("ended before it closed its chains") == 1
    assert not list(spool.glob("log-*"))


@pytest.mark.anyio
async def test_a_spool_that_was_closed_says_nothing_of_chains(tmp_path: Path) -> None:
    sender = Recorder()
    for _ in range(2):
        async with EventExporter(sender, spool=tmp_path, audit=True) as exporter:
            exporter.emit(Event(session_id="s"))
            assert await exporter.flush(HANG)
    assert [fault.kind for fault in verify(sender.received).faults] == [FaultKind.CUT_OFF] * 2


RESTING_WRITER = """
    from chaukas_spec_lite.sinks import FileSink
    spool, path = sys.argv[1:]
    sink = FileSink(path)
    class Sender:
        async def send(self, events):
            for event in events:
                sink.emit(event)
    exporter = EventExporter(Sender(), spool=spool, audit=True)
    async def job(*kinds):
        await exporter.start()
        for kind in kinds:
            assert exporter.emit(Event(session_id="s", type=kind)) is Emitted.SPOOLED
        assert await exporter.flush(HANG)
    asyncio.run(job(EventType.SYSTEM))
    """


def drained(spool: Path, sent: Path) -> None:
    """Send what a spool holds, as a process of its own does that has nothing else to do."""
    sink = FileSink(sent)

    class Sender:
        async def send(self, events: Any) -> None:
            for event in events:
                sink.emit(event)

    assert blocking_drain(spool, Sender(), HANG).all_sent
    sink.close()


def sent_to(path: Path) -> list[bytes]:
    return [bytes(recorded.event) for recorded in read_events(path)]


@pytest.mark.anyio
async def test_a_recovery_has_no_chains_that_could_be_interrupted(tmp_path: Path) -> None:
    """What it saves of a folder that somebody deleted goes to a log of its own; it has sealed nothing of that."""
    ended = Log.make(tmp_path)
    ended.append([bytes(Event(agent_name="left"))])
    ended.close()
    sender = Recorder(lambda _: unavailable())
    options: Any = {"flush_interval": 0.01, "retry": RetryPolicy(initial=0.005, maximum=0.01), "close_timeout": 0.1}
    async with EventExporter(sender, spool=tmp_path, audit=True, **options) as exporter:
        await until(lambda: exporter.stats().recovered == 1 and exporter.stats().retried > 0)
        shutil.rmtree(ended.folder)
        await until(lambda: [*tmp_path.glob("log-*/*.segment")])
        assert not inside(tmp_path, "log-*/note")
    async with EventExporter(sender := Recorder(), spool=tmp_path) as exporter:
        assert await exporter.flush(HANG)
    assert [Event.parse(data).agent_name for data in sender.received] == ["left"]


USED_AGAIN = "asyncio.run(job(EventType.SYSTEM))"
FORGOTTEN = """
del exporter
async def elsewhere():
    async with EventExporter(Recorder(), spool=spool + "-elsewhere"):
        pass
asyncio.run(elsewhere())
import gc
gc.collect()
"""


@pytest.mark.parametrize(("then", "events"), [("", 1), (USED_AGAIN, 2), (FORGOTTEN, 1)])
def test_chains_of_a_writer_that_was_killed_while_its_loop_had_ended_are_interrupted(
    tmp_path: Path, then: str, events: int
) -> None:
    """All that it emitted was sent, and no loop runs; its chains are open all the same."""
    spool, sent = tmp_path / "spool", tmp_path / "sent.delim"
    kill = "\nos.kill(os.getpid(), signal.SIGKILL)"
    run(textwrap.dedent(RESTING_WRITER) + then + kill, spool, sent, status=-9)
    drained(spool, sent)
    (interrupted,) = [chain for chain in verify(sent_to(sent)).chains if chain.session_id == "s"]
    assert [fault.kind for fault in interrupted.faults] == [FaultKind.INTERRUPTED]
    assert interrupted.events == events
    assert not inside(spool)


@pytest.mark.parametrize("closed", [True, False])
def test_chains_of_a_writer_whose_loop_has_ended_go_on_whatever_others_do_in_the_directory(
    tmp_path: Path, closed: bool
) -> None:
    """As long as its process lives, nobody can say that it was interrupted; nor where it ends in order."""
    spool, sent = tmp_path / "spool", tmp_path / "sent.delim"
    others = """
    import subprocess
    drain = "import sys; from chaukas_spec_lite import blocking_drain; from tests.export.doubles import Recorder; "
    drain += "print(blocking_drain(sys.argv[1], Recorder()).stats.recovered)"
    assert subprocess.run([sys.executable, "-c", drain, spool], capture_output=True, check=True).stdout == b"0\\n"
    """
    end = "asyncio.run(job(EventType.SESSION_END))" if closed else ""
    run(textwrap.dedent(RESTING_WRITER) + textwrap.dedent(others) + end, spool, sent)
    drained(spool, sent)
    (chain,) = verify(sent_to(sent)).chains
    assert chain.events == 1 + closed
    assert [fault.kind for fault in chain.faults] == [FaultKind.CUT_OFF] * (not closed)
    assert not inside(spool)


def test_chains_go_on_although_another_exporter_of_the_process_was_used_in_between(tmp_path: Path) -> None:
    """The first one has left nothing to it, so its chains are its own."""
    sender = Recorder()

    async def job(exporter: EventExporter, *kinds: EventType) -> None:
        await exporter.start()
        for kind in kinds:
            exporter.emit(Event(session_id="s", type=kind))
        assert await exporter.flush(HANG)

    first, second = (EventExporter(sender, spool=tmp_path, audit=True) for _ in range(2))
    asyncio.run(job(first, EventType.SYSTEM))
    asyncio.run(job(second))
    asyncio.run(job(first, EventType.SYSTEM, EventType.SESSION_END))
    for exporter in (first, second):
        asyncio.run(exporter.aclose())
    chains = [chain for chain in verify(sender.received).chains if chain.session_id == "s"]
    assert [(chain.events, [fault.kind for fault in chain.faults]) for chain in chains] == [
        (3, []),
    ]
    assert not inside(tmp_path)


@pytest.mark.anyio
async def test_odd_defaults_keep_no_search_from_what_is_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An error would come back with each search, and the log stay locked. They are none of the writer's that ended."""
    writer = run(KILLED_WRITER, tmp_path, status=-9).strip()
    sender = Recorder()
    odd: Any = SimpleNamespace(tenant_id=uuid.UUID(int=1), project_id="", branch="", tags=())
    odd.batch_size, odd.flush_interval, odd.max_batch_bytes = 20, 0.01, 1000
    setattr(sender, "settings", odd)  # noqa: B010 - type checkers know no such attribute of it
    async with EventExporter(sender, spool=tmp_path, strict=True) as exporter:
        assert await exporter.flush(HANG)
    assert writers_said_to_be_interrupted(sender.received) == [writer]
    assert Event.parse(sender.received[-1]).tenant_id == ""
    assert exporter.stats().last_error is None
    assert not inside(tmp_path)


KILLED_WRITER = """
    exporter = EventExporter(Recorder(), spool=sys.argv[1], audit=True)
    exporter.emit(Event(session_id="open"))
    print((max(Path(sys.argv[1]).glob("log-*")) / "note").read_text().splitlines()[0], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    """


def inside(directory: Path, pattern: str = "log-*") -> list[Path]:
    return sorted(directory.glob(pattern))


def writers_said_to_be_interrupted(sent: list[bytes]) -> list[str]:
    return [
        event.session_id.removeprefix("interrupted-writer:")
        for event in map(Event.parse, sent)
        if event.session_id.startswith("interrupted-writer:")
    ]


@pytest.mark.anyio
async def test_interrupted_chains_are_told_while_the_next_exporter_closes(tmp_path: Path) -> None:
    """What it emits itself is refused by then, and counted; this must neither be refused nor forgotten."""
    writers = [run(KILLED_WRITER, tmp_path, status=-9).strip() for _ in range(2)]
    sender = Recorder()
    exporter = EventExporter(sender, spool=tmp_path, audit=True)
    assert await exporter.aclose()
    assert sorted(writers_said_to_be_interrupted(sender.received)) == sorted(writers)
    stats = exporter.stats()
    assert (stats.recovered, stats.sent, stats.dropped) == (4, 4, {})
    assert not inside(tmp_path)


@pytest.mark.anyio
async def test_interrupted_chains_are_told_although_the_spool_is_full(tmp_path: Path) -> None:
    """By those who live: nothing is too much for it that says that other events are missing."""
    writer = run(KILLED_WRITER, tmp_path, status=-9).strip()
    living = Log.make(tmp_path)
    living.append([bytes(10_000)])
    sender = Recorder()
    async with EventExporter(sender, spool=tmp_path, audit=True, spool_max_bytes=5000) as exporter:
        assert exporter.emit(Event()) is Emitted.DROPPED
        assert await exporter.flush(HANG)
    assert writers_said_to_be_interrupted(sender.received) == [writer]
    assert exporter.stats().dropped == {"spool_full": 1}
    living.close()


@pytest.mark.anyio
@pytest.mark.parametrize("why", ["the note cannot be read", "the disk takes nothing"])
async def test_interrupted_chains_that_cannot_be_told_now_are_told_later(
    tmp_path: Path, why: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer = run(KILLED_WRITER, tmp_path, status=-9).strip()
    (note,) = inside(tmp_path, "log-*/note")
    sender = Recorder()
    with monkeypatch.context() as patch:
        if why == "the disk takes nothing":

            def append(self: Writer, data: bytes) -> None:
                raise SpoolError("No space left on device")

            patch.setattr(Writer, "append", append)
        else:
            note.unlink()
            note.mkdir()
        async with EventExporter(sender, spool=tmp_path, scan_interval=0.0) as exporter:
            assert not await exporter.flush(HANG), "not all of it was told"
        assert await exporter.aclose()
        assert [Event.parse(each).session_id for each in sender.received] == ["open"]
        assert exporter.stats().dropped == {}
        assert "chains end" in caplog.text
        assert not inside(tmp_path, "log-*/*.segment"), "what was sent needs no room"
    if why == "the note cannot be read":
        note.rmdir()
        note.write_text(writer)
    for _ in range(2):  # the second one finds nothing more to say
        async with EventExporter(sender, spool=tmp_path) as exporter:
            assert await exporter.flush(HANG)
    assert writers_said_to_be_interrupted(sender.received) == [writer]
    assert not inside(tmp_path)


@pytest.mark.anyio
async def test_other_news_of_the_spool_do_not_hide_that_chains_are_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of each kind of news one line a minute is logged, and these are two."""
    run(KILLED_WRITER, tmp_path, status=-9)
    (note,) = inside(tmp_path, "log-*/note")
    note.unlink()
    note.mkdir()  # nobody can read it

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(progress, "write", full)
        async with EventExporter(Recorder(), spool=tmp_path, scan_interval=0.0) as exporter:
            assert not await exporter.flush(HANG)
    assert "whose chains end" in caplog.text
    assert "cannot be noted" in caplog.text


@pytest.mark.anyio
async def test_chains_that_go_on_with_a_claimed_log_are_not_interrupted(tmp_path: Path) -> None:
    """An exporter whose loop has ended closes its log, and claims it again: it is its own writer's all the same."""
    sender = Recorder()
    exporter = EventExporter(sender, spool=tmp_path, audit=True)
    exporter.emit(Event(session_id="s"))
    exporter._pipeline.queue.rest()
    exporter.emit(Event(session_id="s", type=EventType.SESSION_END))
    assert await exporter.aclose()
    assert not inside(tmp_path)
    async with EventExporter(sender, spool=tmp_path, audit=True) as other:
        assert await other.flush(HANG)
    assert verify(sender.received).complete


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["its loop has ended", "somebody deleted its lock"])
async def test_a_writer_that_is_called_interrupted_seals_nothing_any_more(tmp_path: Path, how: str) -> None:
    """Whoever has its log says so, although its process lives: what that seals from then on is another writer's."""
    sender, spool = Recorder(), tmp_path / "spool"
    exporter = EventExporter(sender, spool=spool, audit=True)
    exporter.emit(Event(session_id="s", agent_name="before"))
    if how == "its loop has ended":
        exporter._pipeline.queue.rest()
    else:
        (lock,) = inside(spool, "log-*/lock")
        lock.unlink()
    run("drain = BlockingExporter(Recorder(), spool=sys.argv[1]); assert drain.flush(HANG); drain.close()", spool)
    exporter.emit(Event(session_id="s", agent_name="after"))
    exporter.emit(Event(session_id="s", type=EventType.SESSION_END))
    await exporter.aclose()
    found = verify(sender.received)
    assert found.complete, found.faults
    assert [chain.events for chain in found.chains] == [2]
    assert not inside(spool)


@pytest.mark.anyio
async def test_a_log_whose_note_the_disk_does_not_take_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Least of all half a note, which would name a writer that never was."""
    real = Path.write_bytes

    def write_bytes(self: Path, data: bytes) -> int:
        real(self, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", write_bytes)
        exporter = EventExporter(Recorder(), spool=tmp_path, audit=True)
        assert exporter.emit(Event(session_id="s")) is Emitted.QUEUED
        assert not inside(tmp_path)
    assert await exporter.aclose()
