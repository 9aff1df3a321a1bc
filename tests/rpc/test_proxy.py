"""Through a proxy, by CONNECT, as the environment asks for it; the official client is asked the same."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.blocking import BlockingChaukasClient
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.errors import ConnectError, DeadlineExceededError, RpcError, TLSError
from chaukas_spec_lite.retry import NEVER
from chaukas_spec_lite.rpc.client.endpoint import Tcp, parse
from chaukas_spec_lite.rpc.client.proxy import proxies_of
from chaukas_spec_lite.rpc.client.tls import Tls
from tests.patience import AGES, HANG, run
from tests.rpc import faulty
from tests.rpc.connect_proxy import connect_proxy
from tests.rpc.test_client_tls import Authority

OFFICIAL_SERVER = Path(__file__).parent / "official_server.py"
OFFICIAL_CLIENT = Path(__file__).parent / "proxied_program.py"
PATIENT: dict[str, Any] = {"retry": NEVER, "timeout": AGES, "attempt_timeout": AGES}
TARGET = "server.example:50051"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def official_server() -> Iterator[str]:
    command = [sys.executable, str(OFFICIAL_SERVER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            assert process.wait(HANG) == 0


async def official_client(target: str, seconds: float = HANG, **environ: str) -> str:
    """Let the official client make a call; return what it complains of."""
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(OFFICIAL_CLIENT),
        target,
        env={**clean, **environ, "SECONDS_TO_WAIT": str(seconds)},
        stderr=asyncio.subprocess.PIPE,
    )
    _, stderr = await process.communicate()
    return stderr.decode() if process.returncode else ""


def test_the_official_client_and_ours_ask_the_proxy_alike_and_reach_the_official_server() -> None:
    async def main(server: str) -> None:
        async with connect_proxy(server=server) as (proxy, address):
            environ = {"https_proxy": f"http://us%40er:se%3Acret@{address}/"}
            assert await official_client(TARGET, **environ) == ""
            async with ChaukasClient(TARGET, environ=environ, **PATIENT) as client:
                await client.healthz()
                (protocol,) = client._caller._channel._protocols()
                sock = protocol.transport.get_extra_info("socket")
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "no waiting for acknowledgements"
                events = [Event(branch="x" * 1000) for _ in range(1500)]
                await client.ingest_events(events)
                assert [event async for event in client.query_events()] == events
            official, ours = ([line for line in head if "User-Agent" not in line] for head in proxy.heads)
            assert ours == official
            assert "Proxy-Authorization: Basic dXNAZXI6c2U6Y3JldA==" in ours

    with official_server() as server:
        run(main(server))


def test_the_words_of_the_server_may_come_together_with_those_of_the_proxy() -> None:
    async def main(server: str) -> None:
        async with connect_proxy(server=server) as (proxy, address):
            proxy.late = True
            async with ChaukasClient(TARGET, environ={"http_proxy": f"http://{address}"}, **PATIENT) as client:
                await client.healthz()

    with official_server() as server:
        run(main(server))


def test_tls_is_from_end_to_end_and_expects_the_name_of_the_server(authority: Authority) -> None:
    async def main() -> None:
        tls = Tls(ca_file=authority.file)
        for names, trusted in ((["server.example"], True), (["127.0.0.1"], False)):
            async with (
                faulty.faulty(faulty.ok(), context=authority.server(*names)) as (server, behind),
                connect_proxy(server=behind) as (_, address),
                ChaukasClient(f"https://{TARGET}", tls=tls, environ={"grpc_proxy": address}, **PATIENT) as client,
            ):
                if trusted:
                    await client.healthz()
                    assert server.requests[0].headers[":authority"] == TARGET
                else:
                    with pytest.raises(TLSError, match=r"through the proxy .* \(grpc_proxy\): .*not trusted"):
                        await client.healthz()

    run(main())


def test_the_synchronous_client_and_new_connections_go_through_it_too() -> None:
    async def main() -> None:
        async with (
            faulty.faulty(faulty.ok(), faulty.abort, faulty.ok()) as (_, behind),
            connect_proxy(server=behind) as (proxy, address),
        ):

            def work() -> None:
                with BlockingChaukasClient(TARGET, environ={"https_proxy": address}, timeout=HANG) as client:
                    for _ in range(3):
                        client.get_capabilities()

            await asyncio.to_thread(work)
            assert len(proxy.heads) == 2

    run(main())


async def failure(address: str, target: str = TARGET, **settings: Any) -> RpcError:
    environ = {"https_proxy": f"http://user:hush@{address}"}
    async with ChaukasClient(target, environ=environ, **{**PATIENT, **settings}) as client:
        with pytest.raises(RpcError) as caught:
            await client.get_capabilities()
    error = caught.value
    assert error.details.startswith(f"through the proxy {address} (https_proxy): ")
    assert error.peer == target
    assert "hush" not in repr(error) + str(error) + str(error.__cause__)
    return error


@pytest.mark.parametrize(
    ("answer", "words", "retryable"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy .*write http://user:password@", False),
        (b"HTTP/1.0 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n", "403 Forbidden: .*no_proxy", False),
        (b"HTTP/1.1 502\r\n\r\n", "the proxy answered 502$", True),
        (b"HTTP/1.1 503 \xff\r\n\r\n", "the proxy answered 503$", True),
        (b"", "closed the connection before it answered", True),
        (b"HTTP/1.1 200 OK\r\n", "closed the connection before it answered", True),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no HTTP proxy", False),
        (b"HTTP/2.0 200 OK\r\n\r\n", "no HTTP proxy", False),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 10_000, "no HTTP proxy", False),
    ],
    ids=range(9),
)
def test_what_a_proxy_answers_instead(answer: bytes, words: str, retryable: bool) -> None:
    async def main() -> None:
        async with connect_proxy() as (proxy, address):
            proxy.answer = answer
            error = await failure(address)
            assert type(error) is ConnectError
            assert error.retryable is retryable
            with pytest.raises(ConnectError, match=words):
                raise error

    run(main())


def test_a_proxy_that_is_not_there_or_says_nothing_is_named() -> None:
    async def main() -> None:
        with faulty.closed_port() as (_, dead):
            error = await failure(dead)
            assert type(error) is ConnectError
            assert error.retryable
        async with faulty.silent() as (_, mute):
            environ = {"https_proxy": f"http://{mute}"}
            async with ChaukasClient(TARGET, environ=environ, timeout=0.3, retry=NEVER) as client:
                with pytest.raises(DeadlineExceededError, match="no connection came about"):
                    await client.healthz()

    run(main())


def test_behind_a_proxy_that_opened_the_tunnel_the_server_may_still_be_missing() -> None:
    async def main() -> None:
        async with faulty.talking(b"", listen=False) as behind, connect_proxy(server=behind) as (_, address):
            assert (await failure(address)).retryable

    run(main())


CASES: list[tuple[dict[str, str], str, bool]] = [
    ({}, "192.0.2.1:443", False),
    ({"grpc_proxy": "P", "https_proxy": "Q"}, "192.0.2.1:443", True),
    ({"https_proxy": "P", "http_proxy": "Q"}, "192.0.2.1:443", True),
    ({"http_proxy": "P"}, "[2001:db8::1]:443", True),
    ({"grpc_proxy": "", "https_proxy": "P"}, "192.0.2.1:443", False),
    ({"HTTPS_PROXY": "P"}, "192.0.2.1:443", False),
    ({"all_proxy": "P"}, "192.0.2.1:443", False),
    ({"https_proxy": "P", "no_proxy": "192.0.2.1"}, "192.0.2.1:443", False),
    ({"https_proxy": "P", "no_proxy": "other.example, 192.0.2.0/28"}, "192.0.2.1:443", False),
    ({"https_proxy": "P", "no_proxy": "192.0.2.128/25"}, "192.0.2.1:443", True),
    ({"https_proxy": "P", "no_proxy": "192.0.2.1", "no_grpc_proxy": "nothing.example"}, "192.0.2.1:443", True),
    ({"https_proxy": "P", "no_proxy": "192.0.2.1", "no_grpc_proxy": ""}, "192.0.2.1:443", True),
    ({"https_proxy": "P", "no_proxy": "example"}, "server.example:443", False),
    ({"https_proxy": "P", "no_proxy": ".EXAMPLE"}, "dns:///Server.example:443", False),
    ({"https_proxy": "P", "no_proxy": ".server.example"}, "server.example:443", False),
    ({"https_proxy": "P", "no_proxy": "ver.example"}, "server.example:443", True),
    ({"https_proxy": "P", "no_proxy": "server.example.com"}, "dns:server.example", True),
    ({"https_proxy": "P"}, "ipv4:192.0.2.1", True),
]


@pytest.mark.parametrize(("environ", "target", "proxied"), CASES, ids=range(len(CASES)))
def test_who_goes_through_a_proxy(environ: dict[str, str], target: str, proxied: bool) -> None:
    """The official client decides alike."""

    async def main() -> None:
        async with connect_proxy() as (proxy, address), connect_proxy() as (wrong, other):
            proxy.answer = wrong.answer = b"HTTP/1.1 403 Forbidden\r\n\r\n"
            places = {"P": f"http://{address}", "Q": f"http://{other}"}
            named = {name: places.get(value, value) for name, value in environ.items()}
            found = proxies_of(parse(target), named)
            assert [str(each.address) for each in found.values()] == [address] * proxied
            # Without a proxy, there is nobody at these addresses: a call ends when its time is over.
            assert await official_client(target, HANG if proxied else 0.2, **named)
            assert bool(proxy.heads) is proxied
            assert not wrong.heads
            if proxied:
                asked = proxy.heads[0][0]
                await failure(address, str(parse(target)))
                assert {head[0] for head in proxy.heads} == {asked}

    run(main())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "LOCALHOST"])
def test_this_machine_is_never_reached_through_a_proxy(host: str) -> None:
    """The official client does go there through a proxy, for which ``localhost`` is itself; Go's does not."""
    assert proxies_of(parse(f"{host}:50051"), {"https_proxy": "http://proxy.example:3128"}) == {}


@pytest.mark.parametrize(
    ("entry", "host", "direct"),
    [
        ("*", "server.example", True),
        ("server.example", "server.example", True),
        ("2001:db8::/32", "[2001:db8::1]", True),
        ("[2001:db8::1]", "[2001:db8::1]", True),
        ("192.0.2.0/33,10.0.0.0/8", "10.1.2.3", True),
        ("0.1", "10.1.2.3", False),
        (" , ,", "server.example", False),
    ],
)
def test_who_is_listed_as_an_exception(entry: str, host: str, direct: bool) -> None:
    environ = {"https_proxy": "http://proxy.example:3128", "no_proxy": entry}
    assert (proxies_of(parse(f"{host}:50051"), environ) == {}) is direct


def test_only_some_of_several_addresses() -> None:
    environ = {"https_proxy": "http://proxy.example", "no_proxy": "near.example"}
    found = proxies_of(parse("far.example:1,near.example:2,unix:/x,localhost:3"), environ)
    assert {str(address): proxy.address for address, proxy in found.items()} == {
        "far.example:1": Tcp("proxy.example", 80)
    }


@pytest.mark.parametrize(
    "value", ["https://me:hush@proxy.example", "socks5://hush", "http://", "http://me:hush@h:x", "http://a b:1"]
)
def test_what_cannot_be_used_is_told_and_left_alone(value: str, caplog: pytest.LogCaptureFixture) -> None:
    """Other programs may understand it, and whoever can be reached without a proxy is."""
    caplog.set_level(logging.WARNING)
    assert proxies_of(parse(TARGET), {"https_proxy": value}) == {}
    assert "https_proxy" in caplog.text
    assert "not used" in caplog.text
    assert "hush" not in caplog.text
