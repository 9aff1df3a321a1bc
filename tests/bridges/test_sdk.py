"""The official SDK as it is, with our exporter in place of its HTTP client."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import (
    BlockingChaukasClient,
    BlockingExporter,
    Collector,
    Event,
    EventExporter,
    EventType,
    blocking_drain,
)
from chaukas_spec_lite.errors import SettingError, SettingTypeError
from tests import snippets
from tests.bridges.http_server import RESET, serving
from tests.export.doubles import Recorder
from tests.patience import HANG
from tests.serving import running_collector

pytestmark = pytest.mark.bridges

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "CHAUKAS_API_KEY": "key",
    "CHAUKAS_TENANT_ID": "acme",
    "CHAUKAS_PROJECT_ID": "demo",
    "CHAUKAS_ENDPOINT": "http://127.0.0.1:9",
}


def run_python(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python at the project's root, in an environment in which the SDK can be enabled."""
    command = [sys.executable, *map(str, arguments)]
    variables = {**os.environ, **ENVIRONMENT, "no_proxy": "*", **environment}
    return subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)


def run_program(url: str, *arguments: str | Path) -> list[str]:
    """Run the observed program; return the ids of its events."""
    done = run_python("-m", "tests.bridges.sdk_program", *arguments, CHAUKAS_ENDPOINT=url)
    assert done.returncode == 0, done.stderr
    ids = done.stdout.split()
    assert len(ids) == 10
    return ids


@pytest.mark.parametrize("fault", [429, 500, RESET])
def test_what_the_sdk_loses_the_exporter_delivers(fault: int | str) -> None:
    """The SDK sends at the end of ``asyncio.run`` and at exit, each time once."""
    with serving(fault, fault) as server:
        run_program(server.url, "own")
        assert server.refused == 2
        assert server.ids() == []
    with serving(fault, fault) as server:
        ids = run_program(server.url, "exporter")
        assert server.refused == 2
        assert server.ids() == ids


def test_both_deliver_to_a_server_that_takes_everything() -> None:
    for way in ("own", "exporter"):
        with serving() as server:
            ids = run_program(server.url, way)
            assert server.ids() == ids
            assert {event.tenant_id for event in server.events} == {"acme"}


def test_a_server_that_never_answers_costs_nothing_with_a_spool(tmp_path: Path) -> None:
    with serving(*[500] * 1000) as server:
        ids = run_program(server.url, "briefly", tmp_path)
        assert server.ids() == []
    sender = Recorder()
    assert blocking_drain(tmp_path, sender, timeout=HANG).all_sent
    assert [Event.parse(data).event_id for data in sender.received] == ids


def test_a_run_of_openai_agents_is_recorded_while_no_server_is_there(tmp_path: Path) -> None:
    pytest.importorskip("agents")
    done = run_python("-m", "tests.bridges.agents_program", tmp_path)
    assert done.stdout.splitlines()[-1] == "It is on its way.", done.stderr
    sender = Recorder()
    assert blocking_drain(tmp_path, sender, timeout=HANG).all_sent
    assert Counter(Event.parse(data).type for data in sender.received) == Counter(
        [
            EventType.SESSION_START,
            EventType.INPUT_RECEIVED,
            EventType.AGENT_START,
            EventType.MODEL_INVOCATION_START,
            EventType.MODEL_INVOCATION_END,
            EventType.STATE_UPDATE,
            EventType.AGENT_END,
            EventType.OUTPUT_EMITTED,
            EventType.SESSION_END,
        ]
    )


def test_the_line_of_the_guide_is_all_it_takes(tmp_path: Path) -> None:
    page = snippets.DOCS / "guides" / "from-sdk.md"
    (code,) = snippets.blocks(page.read_text(encoding="utf-8"), "py")
    assert code.count('spool="/var/spool/chaukas"') == 1
    with running_collector() as collector:
        code = code.replace("/var/spool/chaukas", (tmp_path / "spool").as_posix()) + textwrap.dedent("""
            import asyncio
            from chaukas.sdk import get_tracer
            from chaukas.sdk.core.event_builder import EventBuilder
            asyncio.run(get_tracer().client.send_event(EventBuilder().create_session_start()))
        """)
        done = run_python("-c", code, CHAUKAS_GRPC_ENDPOINT=f"127.0.0.1:{collector.port}")
        assert done.returncode == 0, done.stderr
        (event,) = collector.events()
    assert (event.type, event.tenant_id) == (EventType.SESSION_START, "acme")


# In this process


class Kept:
    """A sink of somebody else's."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The SDK, enabled; it instruments nothing."""
    from chaukas import sdk
    from chaukas.sdk.core.config import reset_config

    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    reset_config()
    monkeypatch.setattr(asyncio, "run", asyncio.run)  # which the SDK replaces for good
    sdk.enable_chaukas(config={"auto_detect": False}, auto_flush=False)
    yield sdk
    sdk.disable_chaukas()
    reset_config()


def sink_for(*arguments: Any, **options: Any) -> Any:
    from chaukas_spec_lite.bridges.sdk import SdkSink

    return SdkSink(*arguments, **options)


def events_of_sdk(count: int) -> list[Any]:
    from chaukas.sdk.core.event_builder import EventBuilder

    builder = EventBuilder()
    return [builder.create_session_start(metadata={"number": number}) for number in range(count)]


def test_events_arrive_byte_for_byte(sdk: Any) -> None:
    from chaukas.sdk.core.proto_wrapper import EventWrapper

    events = events_of_sdk(4)
    with BlockingExporter(sender := Recorder()) as exporter:
        assert sink_for(exporter).install() is sdk.get_client()

        async def work() -> None:
            await sdk.get_tracer().client.send_event(events[0])
            await sdk.get_tracer().client.send_event(EventWrapper(events[1]))
            await sdk.get_client().send_events(events[2:])
            await sdk.get_client().flush()

        asyncio.run(work())
        assert sender.received == [event.SerializeToString() for event in events]


def test_an_exporter_on_the_programs_own_loop(sdk: Any) -> None:
    async def main() -> None:
        sender = Recorder()
        async with EventExporter(sender) as exporter:
            sink_for(exporter).install()
            (event,) = events_of_sdk(1)
            await sdk.get_tracer().client.send_event(event)
            await sdk.get_client().flush()
            assert sender.received == [event.SerializeToString()]

    asyncio.run(main())


def test_events_reach_a_collector(sdk: Any, tmp_path: Path) -> None:
    async def main() -> None:
        async with Collector(tmp_path / "events.db") as collector:
            await asyncio.to_thread(send, collector.port)

    def send(port: int) -> None:
        (event,) = events_of_sdk(1)
        with BlockingChaukasClient(f"127.0.0.1:{port}") as client:
            with BlockingExporter(client) as exporter:
                sink_for(exporter).install()
                asyncio.run(sdk.get_tracer().client.send_event(event))
            (found,) = client.query_events()
        assert found == Event.parse(event)
        assert found.type is EventType.SESSION_START

    asyncio.run(main())


def test_any_other_sink_gets_events_of_ours(sdk: Any) -> None:
    sink_for(kept := Kept()).install()
    (event,) = events_of_sdk(1)

    async def work() -> None:
        await sdk.get_tracer().client.send_event(event)
        await sdk.get_client().flush()  # it has none

    asyncio.run(work())
    assert kept.events == [Event.parse(event)]
    assert type(kept.events[0]) is Event


def test_what_waits_in_the_sdk_is_taken_over_and_its_client_comes_back(sdk: Any) -> None:
    own = sdk.get_client()
    events = events_of_sdk(3)
    asyncio.run(own.send_events(events[:2]))
    sink = sink_for(kept := Kept()).install()
    assert [event.event_id for event in kept.events] == [event.event_id for event in events[:2]]
    assert sink.install() is sink
    assert sink.config is own.config  # whatever else the SDK's client has
    assert sink.create_event_wrapper(events[2]).event_id == events[2].event_id
    sink.uninstall()
    assert sdk.get_client() is own
    assert sdk.get_tracer().client is own
    sink.uninstall()
    assert len(kept.events) == 2


def test_after_it_was_disabled_nothing_is_recorded(sdk: Any) -> None:
    sink = sink_for(kept := Kept()).install()
    tracer = sdk.get_tracer()
    first, second, third = events_of_sdk(3)
    asyncio.run(sink.close())  # as the SDK does at exit, where it stays enabled
    asyncio.run(tracer.client.send_event(first))
    sdk.disable_chaukas()
    asyncio.run(tracer.client.send_event(second))
    sdk.enable_chaukas(config={"auto_detect": False}, auto_flush=False)
    sink.install()
    asyncio.run(sdk.get_tracer().client.send_event(third))
    assert [event.event_id for event in kept.events] == [first.event_id, third.event_id]


def test_a_tracer_of_ones_own_takes_it_as_its_client(sdk: Any) -> None:
    from chaukas.sdk import ChaukasTracer

    async def main() -> None:
        (event,) = events_of_sdk(1)
        async with sink_for(kept := Kept()) as sink:
            await ChaukasTracer(client=sink).client.send_event(event)
        assert kept.events == [Event.parse(event)]
        with pytest.raises(AttributeError, match="'SdkSink' object has no attribute 'config'"):
            _ = sink.config

    asyncio.run(main())


def test_a_sink_that_raises_harms_nobody(sdk: Any, caplog: pytest.LogCaptureFixture) -> None:
    class Full(Kept):
        def emit(self, event: Event) -> None:
            raise OSError("no space left")

        def flush(self, timeout: float) -> bool:
            raise OSError(f"not within {timeout} s")

    sink = sink_for(Full(), flush_timeout=3.0).install()

    async def work() -> None:
        await sdk.get_client().send_events(events_of_sdk(2))
        await sdk.get_client().close()

    asyncio.run(work())
    assert sink.failed == 2
    assert caplog.text.count("An event of chaukas-sdk was lost: OSError('no space left')") == 2
    assert "Flushing the events of chaukas-sdk failed: OSError('not within 3.0 s')" in caplog.text


def test_a_server_that_is_away_does_not_hold_up_each_event(sdk: Any) -> None:
    """The SDK flushes after each event that it sends from a plain function."""

    given: list[float] = []

    class Away(Kept):
        answer = False

        def flush(self, timeout: float) -> bool:
            given.append(timeout)
            return self.answer

    sink = sink_for(away := Away(), flush_timeout=4.0)

    async def work() -> None:
        for _ in range(12):
            await sink.flush()
        assert given[:4] == [4.0, 2.0, 1.0, 0.5]
        assert sum(given) < 8.1
        away.answer = True  # it is back
        await sink.flush()
        await sink.flush()
        assert given[-2:] == [0.01, 4.0]

    asyncio.run(work())


def test_a_flush_does_not_hold_up_the_loop(sdk: Any) -> None:
    async def main() -> None:
        loop, flushed = asyncio.get_running_loop(), asyncio.Event()

        class Slow(Kept):
            def flush(self, timeout: float) -> bool:
                asyncio.run_coroutine_threadsafe(arrive(), loop).result(HANG)
                return True

        async def arrive() -> None:
            flushed.set()

        sink = sink_for(Slow()).install()
        await sdk.get_client().flush()
        assert flushed.is_set()
        sink.uninstall()  # the SDK would flush it once more, after this loop has ended

    asyncio.run(main())


def test_mistakes_are_told_at_once() -> None:
    class Async:
        async def emit(self, event: Event) -> None: ...

    with pytest.raises(SettingTypeError, match=r"sink: has to be an object, not text: .*open_sink take addresses"):
        sink_for("localhost:50051")
    with pytest.raises(SettingTypeError, match="not the class: write Kept"):
        sink_for(Kept)
    with pytest.raises(SettingTypeError, match=r"Async\.emit is asynchronous"):
        sink_for(Async())
    with pytest.raises(SettingError, match="flush_timeout: has to be"):
        sink_for(Kept(), flush_timeout=0)
    with pytest.raises(RuntimeError, match=r"the SDK is not enabled: call chaukas.sdk.enable_chaukas\(\) before"):
        sink_for(Kept()).install()


def test_without_the_sdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chaukas.sdk", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install chaukas-sdk==0\.1\.0"):
        sink_for(Kept()).install()
