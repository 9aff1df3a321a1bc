"""Events reach an HTTP server as the official SDK's do, each once where nothing fails, at least once where it does."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import ssl
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from chaukas_spec_lite import (
    Event,
    EventBatch,
    EventExporter,
    ExportSettings,
    Recorder,
    RetryPolicy,
    SettingError,
    StatusCode,
)
from chaukas_spec_lite.blocking.loop import Loop
from chaukas_spec_lite.errors import (
    ClientClosedError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceededError,
    RpcError,
    StatusError,
    TLSError,
)
from chaukas_spec_lite.export.sender import Verdict, judge
from chaukas_spec_lite.sinks import answers
from chaukas_spec_lite.sinks.http import HttpSender
from chaukas_spec_lite.sinks.opening import open_sink
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest
from chaukas_spec_lite.version import VERSION
from chaukas_spec_lite.wire.envelopes import batch_request, event_of, events_of
from tests import realdata
from tests.patience import AGES, HANG, run
from tests.sinks.backend import Reply, running_backend

KEY = "k-1"
QUICK = RetryPolicy(initial=0.001, maximum=0.01)


def named(*names: str) -> list[bytes]:
    return [bytes(Event(event_id=name, agent_name=name)) for name in names]


def send(url: str, events: list[bytes], **settings: Any) -> None:
    async def main() -> None:
        sender = HttpSender(url, environ={}, **settings)
        try:
            await sender.send(events)
        finally:
            await sender.aclose()

    run(main())


# What is sent


def test_bodies_are_those_of_the_official_sdk() -> None:
    """The same events as it sent, around the same bytes; only a batch has an id and a time of its own."""
    bodies = realdata.bodies()
    with running_backend() as server:

        async def main() -> None:
            sender = HttpSender(server.url, environ={}, api_key=KEY)
            for body in bodies:
                await sender.send([event_of(body.data)] if body.path == "/events" else events_of(body.data))
            await sender.aclose()

        run(main())
    assert len({request.peer for request in server.requests}) == 1
    for body, request in zip(bodies, server.requests, strict=True):
        assert request.path == body.path
        if body.path == "/events":
            assert request.body == body.data
            continue
        for data in (body.data, request.body):
            batch = IngestEventBatchRequest.parse(data).event_batch or EventBatch()
            assert batch.batch_id
            assert batch.timestamp is not None
            head = bytes(dataclasses.replace(batch, events=[]))
            assert batch_request(head, events_of(body.data)) == data


def test_headers_are_those_that_its_back_end_wants() -> None:
    with running_backend() as server:
        send(f"{server.url}/v1/", named("a"), api_key=KEY, headers={"X-Team": "blue"})
    (request,) = server.requests
    assert request.path == "/v1/events"
    wanted = {"content-type": "application/x-protobuf", "authorization": f"Bearer {KEY}", "x-team": "blue"}
    assert wanted.items() <= request.headers.items()
    assert request.headers["user-agent"] == f"chaukas-spec-lite/{VERSION}"
    assert "content-encoding" not in request.headers


def test_without_a_key_none_is_sent() -> None:
    with running_backend() as server:
        send(server.url, named("a"))
    assert "authorization" not in server.requests[0].headers


def test_a_connection_is_used_again() -> None:
    with running_backend() as server:

        async def main() -> None:
            sender = HttpSender(server.url, environ={})
            for name in "abc":
                await sender.send(named(name))
            await sender.aclose()
            with pytest.raises(ClientClosedError):
                await sender.send(named("d"))

        run(main())
    assert len({request.peer for request in server.requests}) == 1


def test_each_event_loop_has_connections_of_its_own() -> None:
    with running_backend() as server:
        sender = HttpSender(server.url, environ={})
        loops = [Loop(), Loop()]
        for loop in loops * 2:
            loop.run(sender.send(named("a")))
        loops[0].run(sender.aclose())
        loops[1].run(_turn())  # in which its connection is closed, as it was asked to
        for loop in loops:
            with pytest.raises(ClientClosedError):
                loop.run(sender.send(named("b")))
            loop.close()
    assert len({request.peer for request in server.requests}) == 2
    assert len(server.requests) == 4


async def _turn() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


# What is answered


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_acknowledges(status: int) -> None:
    with running_backend() as server:
        server.replies = [Reply(status)]
        send(server.url, named("a"))


ANSWERS = [
    (400, StatusCode.INVALID_ARGUMENT, Verdict.INVALID),
    (401, StatusCode.UNAUTHENTICATED, Verdict.LATER),
    (403, StatusCode.PERMISSION_DENIED, Verdict.UNCLEAR),
    (404, StatusCode.UNIMPLEMENTED, Verdict.LATER),
    (405, StatusCode.UNIMPLEMENTED, Verdict.LATER),
    (407, StatusCode.UNAUTHENTICATED, Verdict.LATER),
    (408, StatusCode.DEADLINE_EXCEEDED, Verdict.SLOW),
    (409, StatusCode.UNKNOWN, Verdict.UNCLEAR),
    (413, StatusCode.RESOURCE_EXHAUSTED, Verdict.TOO_LARGE),
    (415, StatusCode.UNIMPLEMENTED, Verdict.LATER),
    (422, StatusCode.INVALID_ARGUMENT, Verdict.INVALID),
    (429, StatusCode.RESOURCE_EXHAUSTED, Verdict.EXHAUSTED),
    (500, StatusCode.INTERNAL, Verdict.UNCLEAR),
    (502, StatusCode.UNAVAILABLE, Verdict.LATER),
    (503, StatusCode.UNAVAILABLE, Verdict.LATER),
    (504, StatusCode.DEADLINE_EXCEEDED, Verdict.SLOW),
    (511, StatusCode.UNKNOWN, Verdict.UNCLEAR),
    (302, StatusCode.UNKNOWN, Verdict.UNCLEAR),
]


@pytest.mark.parametrize(("status", "code", "verdict"), ANSWERS)
def test_an_answer_says_what_becomes_of_events(status: int, code: StatusCode, verdict: Verdict) -> None:
    with running_backend() as server:
        server.replies = [Reply(status, b"why\x1b not")]
        with pytest.raises(RpcError) as caught:
            send(server.url, named("a"))
    error = caught.value
    assert (error.status, judge(error)) == (code, verdict)
    assert str(error).startswith(f"POST /events at 127.0.0.1:{server.server_port}: {code.name}: HTTP {status}")
    assert str(error).endswith(r"why\x1b not")


def test_a_missing_and_a_wrong_key_are_told_apart() -> None:
    with running_backend() as server:
        server.replies = [Reply(401), Reply(401)]
        with pytest.raises(StatusError, match="it wants an api_key: set CHAUKAS_API_KEY"):
            send(server.url, named("a"))
        with pytest.raises(StatusError, match="it does not accept the api_key") as caught:
            send(server.url, named("a"), api_key="hush")
        assert "hush" not in str(caught.value)
        # A server that says it itself is not repeated.
        server.replies = [Reply(401, b"it sent no key")]
        with pytest.raises(StatusError, match=r"HTTP 401: it sent no key$"):
            send(server.url, named("a"))


def test_what_the_sdk_halves_a_batch_for_does_so_here() -> None:
    with running_backend() as server:
        server.replies = [Reply(503, b'{"error": "High memory usage"}')]
        with pytest.raises(StatusError) as caught:
            send(server.url, named("a"))
    assert judge(caught.value) is Verdict.EXHAUSTED


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("99999999", answers.LONGEST_PAUSE),
        ("Sun, 29 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 29 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 29 Nov 2026 12:00:30 -0000", 30.0),
        ("Sun, 29 Nov 2099 12:00:30 GMT", answers.LONGEST_PAUSE),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Sun, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_a_server_may_ask_to_wait(text: str, seconds: float | None) -> None:
    assert answers.pause_of(text, datetime(2026, 11, 29, 12, tzinfo=timezone.utc)) == seconds


def test_the_wait_that_is_asked_for_reaches_the_exporter() -> None:
    with running_backend() as server:
        server.replies = [Reply(429, headers={"Retry-After": "17"})]
        with pytest.raises(StatusError) as caught:
            send(server.url, named("a"))
    assert caught.value.pushback == 17.0


def test_a_long_answer_is_not_quoted_whole_and_not_read_whole() -> None:
    with running_backend() as server:
        server.replies = [Reply(500, b"x" * 1_000_000)]
        with pytest.raises(StatusError) as caught:
            send(server.url, named("a"))
    assert len(str(caught.value)) < 500


# Redirects


def test_a_redirect_that_keeps_method_and_body_is_followed() -> None:
    with running_backend() as server:
        server.replies = [
            Reply(307, headers={"Location": "/v2/events"}),
            Reply(308, headers={"Location": "/v3/events"}),
        ]
        send(server.url, named("a"), api_key=KEY)
    assert [request.path for request in server.requests] == ["/events", "/v2/events", "/v3/events"]
    assert {request.body for request in server.requests} == {server.requests[0].body}
    assert server.requests[2].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_lose_the_body_is_told(status: int) -> None:
    with running_backend() as server:
        server.replies = [Reply(status, headers={"Location": "https://elsewhere.example/x?token=hush"})]
        with pytest.raises(StatusError, match=r"it redirects to https://elsewhere.example/x, which is not") as caught:
            send(server.url, named("a"))
    assert judge(caught.value) is Verdict.LATER
    assert len(server.requests) == 1


def test_no_redirect_takes_the_key_to_another_host() -> None:
    with running_backend() as server, running_backend() as other:
        other_host = other.url.replace("127.0.0.1", "localhost")
        server.replies = [Reply(307, headers={"Location": f"{other_host}/events"})]
        with pytest.raises(StatusError, match="redirects"):
            send(server.url, named("a"), api_key=KEY)
    assert not other.requests
    assert not answers.may_follow(307, "https://h/events", "http://h/events")
    assert answers.may_follow(307, "http://h/events", "https://h/events")


def test_redirects_in_a_circle_end() -> None:
    with running_backend() as server:
        server.replies = [Reply(307, headers={"Location": "/events"})] * 10
        with pytest.raises(StatusError, match="redirects"):
            send(server.url, named("a"))
    assert len(server.requests) == 4


# Failures on the way


def test_a_connection_that_is_reset_is_lost() -> None:
    with running_backend() as server:
        server.replies = [Reply(0)]
        with pytest.raises(ConnectionLostError) as caught:
            send(server.url, named("a"))
    assert caught.value.retryable


def test_a_server_that_is_not_there_is_told() -> None:
    with running_backend() as server:
        pass
    with pytest.raises(ConnectError, match=r"refused: is a collector running there\?") as caught:
        send(server.url, named("a"))
    assert caught.value.retryable


def test_an_answer_that_does_not_come_ends_the_attempt() -> None:
    held = threading.Event()
    with running_backend() as server:
        server.replies = [Reply(held=held)]
        with pytest.raises(DeadlineExceededError, match=r"no answer came within 0\.05 s") as caught:
            send(server.url, named("a"), timeout=0.05)
        held.set()
    assert judge(caught.value) is Verdict.SLOW


def test_an_answer_in_drops_ends_the_attempt_too() -> None:
    """httpx's own limit is for each read, which such a server never reaches."""

    async def main() -> None:
        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n")
            try:
                while True:
                    writer.write(b"x: y\r\n")
                    await writer.drain()
                    await asyncio.sleep(0.005)
            except OSError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sender = HttpSender(f"http://127.0.0.1:{port}", environ={}, timeout=0.1)
        with pytest.raises((DeadlineExceededError, ConnectionLostError)):
            await sender.send(named("a"))
        await sender.aclose()
        server.close()

    run(main())


def test_what_is_no_http_is_a_connection_lost() -> None:
    async def main() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sender = HttpSender(f"http://127.0.0.1:{port}", environ={})
        with pytest.raises(ConnectionLostError):
            await sender.send(named("a"))
        await sender.aclose()
        server.close()

    run(main())


def test_tls_with_an_authority_of_ones_own_and_without() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with running_backend() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = server.url.replace("http:", "https:")
        send(url, named("a"), verify=trusting)
        with pytest.raises(TLSError, match=r"not trusted: .*: SSL_CERT_FILE names the file of whom to trust"):
            send(url, named("b"))
        assert [request.names for request in server.requests] == [["a"]]


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_backend() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        send("http://api.chaukas.example/v1", named("a"))
    assert proxy.requests[0].path == "http://api.chaukas.example/v1/events"


# Set-up


NEEDS_HTTPX = (
    "is an HTTP server's, which needs httpx: pip install 'chaukas-spec-lite[http]', "
    "or send by gRPC, which needs nothing more: CHAUKAS_GRPC_ENDPOINT=host:port"
)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("address", lambda: open_sink("https://h", environ={})),
        ("address", lambda: Recorder.to("https://h", environ={})),
        ("CHAUKAS_ENDPOINT", lambda: Recorder.from_env(environ={"CHAUKAS_ENDPOINT": "https://h"})),
        ("endpoint", lambda: HttpSender("https://h", environ={})),
    ],
    ids=["open_sink", "to", "from_env", "sender"],
)
def test_without_httpx_the_error_names_what_was_written_and_what_to_install(
    name: str, make: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(SettingError) as caught:
        make()
    assert (caught.value.name, caught.value.message) == (name, NEEDS_HTTPX)
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"endpoint": "localhost:50051"}, "endpoint"),
        ({"endpoint": "https://u:hush@h"}, "endpoint"),
        ({"api_key": "hush hush"}, "api_key"),
        ({"timeout": 0}, "timeout"),
        ({"headers": {"authorization": "hush"}, "api_key": KEY}, "headers"),
        ({"headers": {"x": "h\xfcsh"}}, "headers"),
    ],
)
def test_mistakes_are_found_at_once(arguments: dict[str, Any], name: str) -> None:
    with pytest.raises(SettingError) as caught:
        HttpSender(**{"endpoint": "https://h", "environ": {}} | arguments)
    assert caught.value.name == name
    assert "hush" not in str(caught.value)


def test_a_key_in_plain_text_is_warned_of_unless_it_stays_here(caplog: pytest.LogCaptureFixture) -> None:
    HttpSender("http://127.0.0.1:1", api_key=KEY, environ={})
    HttpSender("https://h", api_key=KEY, environ={})
    assert not caplog.records
    HttpSender("http://h", api_key=KEY, environ={})
    assert "plain text" in caplog.text


def test_settings_come_from_the_environment() -> None:
    environ = {"CHAUKAS_API_KEY": KEY, "CHAUKAS_TENANT_ID": "acme", "CHAUKAS_TIMEOUT": "9", "CHAUKAS_BATCH_SIZE": "7"}
    settings = HttpSender("https://h:8443/api", environ=environ).settings
    assert (settings.api_key, settings.tenant_id, settings.timeout, settings.batch_size) == (KEY, "acme", 9.0, 7)
    assert str(settings.endpoint) == "h:8443"
    assert KEY not in repr(HttpSender("https://h", environ=environ))


# By way of an exporter


def emit(sink: Any, *names: str) -> None:
    for name in names:
        sink.emit(Event(agent_name=name))


def test_events_arrive_once_and_in_order() -> None:
    names = [f"{number}" for number in range(200)]
    with running_backend() as server, open_sink(server.url, api_key=KEY, environ={}) as sink:
        emit(sink, *names)
        assert sink.flush(HANG)
        assert sink.close(HANG)
    assert server.taken == names


def test_faults_of_all_kinds_cost_no_event(tmp_path: Path) -> None:
    faults = [
        Reply(0),
        Reply(500),
        Reply(429),
        Reply(503, headers={"Retry-After": "0"}),
        Reply(502),
        Reply(401),
        Reply(0),
    ]
    names = [f"{number}" for number in range(100)]
    with running_backend() as server:
        server.replies = list(faults)
        with open_sink(server.url, environ={}, spool=tmp_path, retry=QUICK, batch_size=10) as sink:
            emit(sink, *names)
            assert sink.flush(HANG)
    assert sorted(server.taken, key=int) == names
    assert len(server.requests) > len(faults)


def test_one_event_that_is_refused_costs_itself_only(tmp_path: Path) -> None:
    with running_backend() as server:
        server.refused_name = "13"
        with open_sink(server.url, environ={}, spool=tmp_path) as sink:
            emit(sink, *(f"{number}" for number in range(30)))
            assert not sink.flush(HANG)
            (letter,) = sink.exporter.dead_letters()
    assert server.taken == [f"{number}" for number in range(30) if number != 13]
    assert Event.parse(letter.data).agent_name == "13"
    assert "HTTP 400" in letter.detail


def test_a_batch_that_is_too_large_is_split() -> None:
    with running_backend() as server:
        server.most = 300
        with open_sink(server.url, environ={}, max_batch_events=50, batch_size=50, flush_interval=AGES) as sink:
            emit(sink, *(f"{number}" for number in range(50)))
            assert sink.flush(HANG)
    assert server.taken == [f"{number}" for number in range(50)]
    assert any(status == 413 for status in server.statuses)


def test_what_is_told_of_a_server_that_refuses_the_key(caplog: pytest.LogCaptureFixture) -> None:
    with running_backend() as server:
        server.replies = [Reply(401)] * 3
        with open_sink(server.url, environ={}, api_key="hush", retry=QUICK) as sink, caplog.at_level(logging.INFO):
            emit(sink, "a")
            assert sink.flush(HANG)
    assert "it does not accept the api_key" in caplog.text
    assert "hush" not in caplog.text
    assert server.taken == ["a"]


def test_an_asynchronous_exporter_takes_the_sender_as_well(tmp_path: Path) -> None:
    with running_backend() as server:

        async def main() -> None:
            sender = HttpSender(server.url, environ={"CHAUKAS_TENANT_ID": "acme"})
            async with EventExporter(sender, ExportSettings(spool=tmp_path)) as exporter:
                exporter.emit(Event(agent_name="a"))
                assert await exporter.flush(HANG)
            await sender.aclose()

        run(main())
    assert Event.parse(server.requests[0].encoded[0]).tenant_id == "acme"


def test_httpx_names_are_those_that_are_mapped() -> None:
    """Classes are known by their names, so a name that httpx does not have would never be met."""
    for name in answers._OF_HTTPX:
        assert issubclass(getattr(httpx, name), httpx.HTTPError), name
