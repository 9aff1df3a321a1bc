"""Sinks are opened by an address or the environment, deliver, and leave nothing open."""

from __future__ import annotations

import asyncio
import inspect
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Emitted, Event, EventType, Recorder, SettingError
from chaukas_spec_lite.export.settings import ExportOptions
from chaukas_spec_lite.files import read_events
from chaukas_spec_lite.sinks.console import ConsoleSink
from chaukas_spec_lite.sinks.environment import NOWHERE, nowhere
from chaukas_spec_lite.sinks.file import FileSink
from chaukas_spec_lite.sinks.memory import BothSinks, MemorySink, NullSink
from chaukas_spec_lite.sinks.opening import from_environment, open_sink
from chaukas_spec_lite.sinks.options import RecorderOptions, SinkOptions
from chaukas_spec_lite.sinks.server import ServerSink
from tests.oracle import reference
from tests.patience import AGES, HANG, run, without_slowness
from tests.serving import running_collector
from tests.sinks.backend import Reply, running_backend

ROOT = Path(__file__).parent.parent.parent


def emit(sink: Any, *names: object) -> None:
    for name in names:
        sink.emit(Event(agent_name=str(name)))


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("chaukas")}


# By an address


@pytest.mark.parametrize("address", ["file:{}/e.jsonl", "file:{}/e.delim.gz", "memory:", "console:", "null:"])
@pytest.mark.parametrize("debug", [False, True])
def test_every_sink_takes_events_in_each_form(address: str, debug: bool, tmp_path: Path) -> None:
    ours = Event(event_id="e-1", timestamp=datetime(2026, 11, 29, tzinfo=timezone.utc), agent_name="triage")
    official = reference(Event).FromString(bytes(ours))
    sink: Any = open_sink(address.format(tmp_path), environ={"CHAUKAS_DEBUG": "1"} if debug else {})
    for event in (ours, official, bytes(ours), bytearray(bytes(ours))):
        assert sink.emit(event) in (Emitted.SPOOLED, Emitted.QUEUED, None)
    for wrong in ("event", None, [ours]):
        if not address.startswith("null:") or debug:
            with pytest.raises(TypeError, match="emit expects an Event"):
                sink.emit(wrong)
    if address.startswith("memory:"):
        assert sink.events == [ours] * 4
    sink.close()
    if address.startswith("file:"):
        (path,) = tmp_path.iterdir()
        assert [recorded.event for recorded in read_events(path)] == [ours] * 4
        for event in (ours, official, bytes(ours)):
            assert sink.emit(event) is Emitted.DROPPED  # it is closed


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("console:", ConsoleSink),
        ("console:tree", ConsoleSink),
        ("memory:", MemorySink),
        ("memory:3", MemorySink),
        ("null:", NullSink),
        ("file:{}/e.jsonl", FileSink),
        ("file:{}/e.delim.gz", FileSink),
        ("grpc://127.0.0.1:1", ServerSink),
        ("127.0.0.1:1", ServerSink),
        ("http://127.0.0.1:1", ServerSink),
    ],
)
def test_each_address_has_its_sink(address: str, kind: type[Any], tmp_path: Path) -> None:
    sink = open_sink(address.format(tmp_path), environ={}, spool=tmp_path / "spool")
    assert type(sink) is kind
    assert sink.flush(0) is not None
    sink.close(0)
    sink.close(0)
    assert not threads()


def test_a_path_is_that_of_a_file(tmp_path: Path) -> None:
    with open_sink(tmp_path / "e.jsonl", environ={}) as sink:  # type: ignore[attr-defined]
        emit(sink, "a")
    assert [recorded.event.agent_name for recorded in read_events(tmp_path / "e.jsonl")] == ["a"]


@pytest.mark.parametrize("form", ["grpc://127.0.0.1:{}", "127.0.0.1:{}"])
def test_events_reach_a_collector_by_grpc(form: str, tmp_path: Path) -> None:
    environ = {"CHAUKAS_TENANT_ID": "acme", "CHAUKAS_API_KEY": "k"}
    with running_collector() as collector:
        sink = open_sink(form.format(collector.port), environ=environ, spool=tmp_path)
        assert isinstance(sink, ServerSink)
        emit(sink, "a", "b")
        assert sink.flush(HANG)
        assert sink.stats().sent == 2
        assert sink.close(HANG)
        assert not sink.flush()  # it is closed
        assert {event.agent_name for event in collector.events(tenant_id="acme")} == {"a", "b"}
    assert not threads()


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_within_a_running_event_loop_nothing_waits(protocol: str) -> None:
    """The server never answers before all is emitted: what waited for it would hang."""
    held = threading.Event()

    async def main(address: str) -> None:
        sink = open_sink(address, environ={}, batch_size=1)
        assert isinstance(sink, ServerSink)
        emit(sink, *range(20))
        held.set()
        assert await asyncio.to_thread(sink.flush, HANG)
        assert await sink.aclose(HANG)

    if protocol == "http":
        with running_backend() as backend:
            backend.replies = [Reply(held=held)]
            run(main(backend.url))
        assert sorted(backend.taken, key=int) == [str(number) for number in range(20)]
    else:
        with running_collector() as collector:
            run(main(f"grpc://127.0.0.1:{collector.port}"))
            assert len(collector.events()) == 20
    assert not threads()


def test_the_spool_of_the_environment_is_used_where_none_is_given(tmp_path: Path) -> None:
    environ = {"CHAUKAS_SPOOL": str(tmp_path / "one")}
    for options, used in ({}, "one"), ({"spool": tmp_path / "two"}, "two"):
        sink = open_sink("http://127.0.0.1:1", environ=environ, **options)
        assert sink.emit(Event(agent_name="a")) is Emitted.SPOOLED
        assert not sink.close(0)
        assert (tmp_path / used).is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_wrong_arguments_are_refused_and_leave_no_thread(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="there is no setting 'spol'; did you mean 'spool'"):
        open_sink("memory:", spol="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'api_key'"):
        open_sink("memory:", apikey="x")  # type: ignore[call-arg]
    with pytest.raises(SettingError, match="batch_size"):
        open_sink("grpc://h:1", environ={}, batch_size=0)
    with pytest.raises(SettingError, match="address: says nothing"):
        open_sink("nothing", environ={})
    with pytest.raises(SettingError, match="make it first"):
        open_sink(f"file:{tmp_path}/no/e.jsonl", environ={})
    with pytest.raises(SettingError, match="CHAUKAS_DEBUG"):
        open_sink("memory:", environ={"CHAUKAS_DEBUG": "maybe"})
    assert not threads()


def test_debug_shows_each_event_besides(capsys: pytest.CaptureFixture[str]) -> None:
    sink = open_sink("memory:", environ={"CHAUKAS_DEBUG": "1"})
    assert isinstance(sink, BothSinks)
    emit(sink, "triage")
    assert len(sink.events) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert sink.close()
    assert isinstance(open_sink("console:tree", environ={"CHAUKAS_DEBUG": "1"}), ConsoleSink)


# By the environment


def test_without_an_address_it_says_once_that_nothing_is_recorded(caplog: pytest.LogCaptureFixture) -> None:
    found = from_environment({"CHAUKAS_TENANT_ID": "acme"})
    assert isinstance(found.sink, NullSink)
    assert not found.enabled
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("chaukas_spec_lite", logging.WARNING)
    assert "nothing is recorded" in record.message
    assert "CHAUKAS_ENDPOINT" in record.message
    emit(found.sink, *range(10))
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"CHAUKAS_ENDPOIN": "console:"}, "CHAUKAS_ENDPOIN is set, which is not read; did you mean CHAUKAS_ENDPOINT?"),
        ({"CHAUKAS_URL": "console:"}, "CHAUKAS_URL is set, which is not read; did you mean CHAUKAS_ENDPOINT?"),
        ({"CHAUKAS_GRPC_ENDPONT": "h:1"}, "did you mean CHAUKAS_GRPC_ENDPOINT?"),
        (
            {"CHAUKAS_OUTPUT_FILE": "e.jsonl"},
            "is set, which counts only with CHAUKAS_OUTPUT_MODE=file",
        ),
    ],
)
def test_a_variable_that_was_meant_to_say_where_is_named(
    environ: dict[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not from_environment(environ).enabled
    assert said in caplog.text


def test_variables_that_are_read_are_not_taken_for_misspelt_ones() -> None:
    given = ("TENANT_ID", "PROJECT_ID", "BRANCH", "TAGS", "API_KEY", "SPOOL", "TIMEOUT", "BATCH_SIZE", "FLUSH_INTERVAL")
    assert nowhere({f"CHAUKAS_{each}": "1" for each in given}) == NOWHERE


def test_switched_off_it_says_so(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    with caplog.at_level(logging.INFO):
        found = from_environment({"CHAUKAS_DISABLED": "1", "CHAUKAS_ENDPOINT": f"file:{tmp_path}/e.jsonl"})
    assert isinstance(found.sink, NullSink)
    assert not found.enabled
    assert [record.message for record in caplog.records] == ["nothing is recorded: CHAUKAS_DISABLED is set"]
    assert not (tmp_path / "e.jsonl").exists()


def test_of_two_addresses_one_counts_and_that_is_told(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    environ = {"CHAUKAS_GRPC_ENDPOINT": "127.0.0.1:1", "CHAUKAS_ENDPOINT": f"file:{tmp_path}/e.jsonl"}
    with caplog.at_level(logging.INFO):
        found = from_environment(environ)
    assert isinstance(found.sink, ServerSink)
    assert "events go where CHAUKAS_GRPC_ENDPOINT says; CHAUKAS_ENDPOINT counts for nothing beside it" in caplog.text
    found.sink.close(0)


def test_the_official_sdks_variables_mean_the_same_here(tmp_path: Path) -> None:
    with running_backend() as backend:
        found = from_environment({"CHAUKAS_ENDPOINT": f"{backend.url}/", "CHAUKAS_API_KEY": "k"})
        emit(found.sink, "a")
        assert found.sink.close(HANG)
    assert backend.requests[0].headers["authorization"] == "Bearer k"
    found = from_environment({"CHAUKAS_OUTPUT_MODE": "file", "CHAUKAS_OUTPUT_FILE": str(tmp_path / "events")})
    emit(found.sink, "a")
    assert found.sink.close()
    assert [recorded.event.agent_name for recorded in read_events(tmp_path / "events")] == ["a"]


def test_a_file_that_cannot_be_written_names_the_variable() -> None:
    with pytest.raises(SettingError, match=r"^CHAUKAS_ENDPOINT: /no/e\.jsonl cannot be made"):
        from_environment({"CHAUKAS_ENDPOINT": "file:/no/e.jsonl"})


def test_debug_alone_shows_events(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    found = from_environment({"CHAUKAS_DEBUG": "1"})
    assert found.enabled
    emit(found.sink, "triage")
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not caplog.records


# Recorders


def test_a_recorder_opens_an_address() -> None:
    with Recorder.to("memory:", tenant_id="acme", environ={}) as recorder:
        with recorder.session() as session:
            session.input("hello")
        assert [event.type for event in recorder.events] == [
            EventType.SESSION_START,
            EventType.INPUT_RECEIVED,
            EventType.SESSION_END,
        ]
        assert {event.tenant_id for event in recorder.events} == {"acme"}


def test_a_recorder_opens_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CHAUKAS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CHAUKAS_ENDPOINT", "memory:")
    monkeypatch.setenv("CHAUKAS_PROJECT_ID", "bot")
    monkeypatch.setenv("CHAUKAS_TENANT_ID", "acme")
    with Recorder.from_env(tenant_id="globex") as recorder:
        recorder.system("hello")
        (event,) = recorder.events
    assert (event.tenant_id, event.project_id) == ("globex", "bot")
    monkeypatch.setenv("CHAUKAS_DISABLED", "1")
    assert not Recorder.from_env(enabled=True).enabled


def test_a_recorder_that_is_switched_off_opens_nothing(tmp_path: Path) -> None:
    recorder = Recorder.to(f"file:{tmp_path}/e.jsonl", enabled=False)
    recorder.system("hello")
    recorder.close()
    assert not list(tmp_path.iterdir())


def test_the_switch_of_the_environment_counts_for_every_recorder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        recorder = Recorder.to(f"file:{tmp_path}/e.jsonl", environ={"CHAUKAS_DISABLED": "yes"}, enabled=True)
    recorder.system("hello")
    recorder.close()
    assert not recorder.enabled
    assert not list(tmp_path.iterdir())
    assert [record.message for record in caplog.records] == ["nothing is recorded: CHAUKAS_DISABLED is set"]
    with pytest.raises(SettingError, match="did you mean console:"):
        Recorder.to("consol:", environ={"CHAUKAS_DISABLED": "1"})


def test_callbacks_reach_the_exporter_and_the_file(tmp_path: Path) -> None:
    class Odd:
        pass

    dropped: list[Any] = []
    errors: list[BaseException] = []
    with running_backend() as backend:
        backend.refused_name = "bad"
        backend.replies = [Reply(0)]
        options: Any = {"on_drop": dropped.append, "on_error": errors.append, "default": lambda value: "made"}
        with open_sink(backend.url, environ={}, **options) as sink:  # type: ignore[attr-defined]
            sink.emit(Event(agent_name="bad"))
            sink.emit(Event(agent_name="good", metadata={"odd": Odd()}))
            assert not sink.flush(HANG)
    assert [Event.parse(each.data).agent_name for each in dropped] == ["bad"]
    assert errors
    assert Event.parse(backend.requests[-1].encoded[0]).metadata == {"odd": "made"}
    with open_sink(tmp_path / "e.jsonl", environ={}, **options) as sink:  # type: ignore[attr-defined]
        sink.emit(Event(metadata={"odd": Odd()}))
    assert [recorded.event.metadata for recorded in read_events(tmp_path / "e.jsonl")] == [{"odd": "made"}]


def test_a_recorder_without_events_says_how_to_have_them() -> None:
    with Recorder.to("null:") as recorder, pytest.raises(AttributeError, match=r"use Recorder\.to\('memory:'\)"):
        _ = recorder.events


def test_a_recorder_that_cannot_be_made_leaves_nothing_open() -> None:
    with pytest.raises(TypeError):
        Recorder.to("http://127.0.0.1:1", environ={}, before_send=5)  # type: ignore[arg-type]
    assert not threads()
    with pytest.raises(TypeError, match="there is no setting 'tennant_id'; did you mean 'tenant_id'"):
        Recorder.to("memory:", tennant_id="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="there is no setting 'spol'; did you mean 'spool'"):
        Recorder.from_env(spol="x")  # type: ignore[call-arg]


def test_options_are_those_of_recorder_and_sink() -> None:
    """Type checkers read the options; what is called takes its own arguments."""
    sink = set(inspect.get_annotations(SinkOptions)) | set(inspect.get_annotations(ExportOptions))
    own = set(inspect.signature(Recorder).parameters) - {"sink"}
    assert RecorderOptions.__optional_keys__ == own | sink
    assert SinkOptions.__optional_keys__ == sink
    assert sink >= {name for name in inspect.signature(open_sink).parameters if name not in ("address", "options")}


# Kills and forks

KILLED = """
    import sys
    from chaukas_spec_lite import Emitted, Event
    from chaukas_spec_lite.sinks.opening import open_sink
    sink = open_sink(sys.argv[1], spool=sys.argv[2], environ={})
    for number in range(50):
        assert sink.emit(Event(agent_name=str(number))) is Emitted.SPOOLED
    print("emitted", flush=True)
    sys.stdin.read()
    """


@pytest.mark.parametrize("reply", [Reply(503), Reply(500), Reply(0), Reply(401)], ids=lambda reply: str(reply.status))
def test_events_that_were_spooled_survive_a_kill(reply: Reply, tmp_path: Path) -> None:
    with running_backend() as backend:
        backend.replies = [reply] * 1000
        command = [sys.executable, "-c", textwrap.dedent(KILLED), backend.url, str(tmp_path)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"emitted\n"
        backend.wait_for(1)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=HANG)
        backend.replies = []
        sink = open_sink(backend.url, spool=tmp_path, environ={})
        assert sink.flush(HANG)
        assert sink.close(HANG)
        assert backend.taken == [str(number) for number in range(50)]


def test_a_program_that_closes_nothing_sends_at_its_end() -> None:
    program = """
        import sys
        from chaukas_spec_lite import Event
        from chaukas_spec_lite.sinks.opening import open_sink
        sink = open_sink(sys.argv[1], environ={}, flush_interval=1000.0, close_timeout=60.0)
        sink.emit(Event(agent_name="last"))
        """
    with running_backend() as backend:
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(program), backend.url]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)
        assert done.returncode == 0, done.stderr
        assert backend.taken == ["last"]
        assert without_slowness(done.stderr) == ""


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_sends_what_it_emits(tmp_path: Path) -> None:
    with running_backend() as backend:
        sink = open_sink(backend.url, environ={}, spool=tmp_path, flush_interval=AGES)
        emit(sink, "parent")
        assert sink.flush(HANG)  # so that it has a connection that the child must not use
        child = multiprocessing.get_context("fork").Process(target=_child, args=(sink,))
        child.start()
        child.join(HANG)
        assert child.exitcode == 0
        emit(sink, "after")
        assert sink.close(HANG)
    assert backend.taken == ["parent", "child", "after"]
    peers = [request.peer for request in backend.requests]
    assert peers[0] == peers[2] != peers[1]


def _child(sink: Any) -> None:
    emit(sink, "child")
    assert sink.flush(HANG)
    assert sink.close(HANG)
