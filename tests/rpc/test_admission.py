"""Which connections a server keeps: the decisions by themselves, then on real sockets."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated

from chaukas_spec_lite.rpc.server.server import MessageServer
from chaukas_spec_lite.rpc.transport.admission import Admission, ConnectionLimits, network_of
from chaukas_spec_lite.rpc.transport.budget import MOST, Debts, FrameBudget
from tests.patience import AGES, HANG, run, until
from tests.rpc.relay import PREFIX, Relay
from tests.sockets import until_closed


@dataclass(eq=False)
class Visitor:
    """A connection, as ``Admission`` sees it."""

    address: str = "a"
    arrived: float = 0.0
    busy: float = 0.0
    greeted: bool = True
    calls: int = 0
    waits: bool = False
    amid_headers: bool = False
    gone: list[str] = field(default_factory=list[str])

    def turn_away(self, reason: str) -> None:
        self.gone.append(reason)


class Played:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_who_is_of_least_use_gives_way() -> None:
    working, waiting = Visitor(calls=1), Visitor(calls=1, waits=True)
    idle, longer = Visitor(busy=2), Visitor(busy=1)
    silent, later = Visitor(greeted=False), Visitor(greeted=False)
    admission = Admission(ConnectionLimits(connections=6, per_address=6))
    for visitor in (working, waiting, idle, longer, silent, later):
        assert admission.admit(visitor)
    for expected in (silent, later, longer, idle, waiting):
        assert admission.admit(Visitor(calls=1))
        assert expected.gone == ["the server needs the room"]
    assert not admission.admit(Visitor())
    assert not working.gone
    assert len(admission) == 6


def test_an_address_is_bounded_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    admission = Admission(ConnectionLimits(connections=10, per_address=2), Played())
    others = [Visitor("b", greeted=False) for _ in range(2)]
    visitors = [Visitor(calls=1), Visitor()]
    for visitor in [*others, *visitors]:
        assert admission.admit(visitor)
    with caplog.at_level(logging.WARNING):
        assert admission.admit(Visitor(calls=1))
        assert visitors[1].gone
        assert not any(other.gone for other in others), "they are of another address"
        for _ in range(20):
            assert not admission.admit(Visitor())
    assert [record.getMessage() for record in caplog.records] == [
        "there is no room for more connections: one from a that is of no use gives way",
        "a connection from a is refused: all 2 of its address are at work",
    ]
    admission.forget(visitors[0])
    admission.forget(visitors[0])
    assert admission.admit(Visitor())


def test_unix_sockets_are_bounded_together_only() -> None:
    admission = Admission(ConnectionLimits(connections=5, per_address=1))
    assert [admission.admit(Visitor("", calls=1)) for _ in range(6)] == [True] * 5 + [False]


def test_who_is_silent_or_idle_for_long_has_to_leave() -> None:
    now = Played()
    admission = Admission(ConnectionLimits(connections=9, per_address=9, handshake=10, idle=100), now)
    silent, idle, working = Visitor(greeted=False), Visitor(), Visitor(calls=1)
    for visitor in (silent, idle, working):
        admission.admit(visitor)
    gone: list[tuple[float, int]] = []
    for moment in (9.9, 10, 99.9, 100, 500):
        now.time = moment
        admission.sweep()
        gone.append((now.time, len(silent.gone) + len(idle.gone) + len(working.gone)))
    assert gone == [(9.9, 0), (10, 1), (99.9, 1), (100, 2), (500, 2)]
    working.calls = 0
    now.time = 599.9
    admission.sweep()
    assert not working.gone, "it had a call until 500"
    now.time = 600
    admission.sweep()
    assert working.gone


def test_networks_are_addresses_or_what_one_site_has() -> None:
    assert network_of(("10.1.2.3", 5)) == "10.1.2.3"
    assert network_of(("2001:db8:1:2:3::4", 5, 0, 0)) == "2001:db8:1:2::/64"
    assert network_of(("fe80::1%eth0", 5, 0, 2)) == "fe80::/64"
    assert network_of(("::ffff:10.1.2.3", 5, 0, 0)) == "10.1.2.3"
    assert network_of("") == network_of(b"\0x") == network_of(()) == ""


def test_limits_follow_the_files_that_may_be_open() -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (600, hard))
        assert (ConnectionLimits().in_all, ConnectionLimits().of_an_address) == (300, 150)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (ConnectionLimits(5).in_all, ConnectionLimits(5).of_an_address) == (5, 2)
    assert ConnectionLimits(1).of_an_address == 1


PING = b"\0\0\x08\6\0\0\0\0\0" + b"12345678"


def spend(budget: FrameBudget, frame: bytes = PING) -> bool:
    return budget.spend(frame, 0, len(frame))


def test_a_budget_is_spent_by_frames_that_bring_nothing() -> None:
    now = Played()
    budget = FrameBudget(now)
    data, end = b"\0\0\1\0\0\0\0\0\1x", b"\0\0\0\0\1\0\0\0\1"
    padded, padding = b"\0\0\3\0\x08\0\0\0\1\1x\0", b"\0\0\2\0\x08\0\0\0\1\1\0"
    for _ in range(3 * int(MOST)):
        assert spend(budget, data)
        assert spend(budget, end)
        assert spend(budget, padded)
    for _ in range(int(MOST) // 2):
        assert spend(budget)
        assert spend(budget, padding)
    assert not spend(budget)


def test_a_budget_grows_with_time_and_with_answers_up_to_its_size() -> None:
    now = Played()
    budget = FrameBudget(now)
    for _ in range(int(MOST)):
        spend(budget)
    now.time += 1
    assert [spend(budget) for _ in range(51)] == [True] * 50 + [False]
    budget = FrameBudget(now)
    for _ in range(10 * int(MOST)):  # Calls, each with a reset and a ping.
        assert spend(budget)
        assert spend(budget)
        assert spend(budget)
        budget.answered()
    budget.sent(1 << 30)
    now.time += 1e6
    assert sum(spend(budget) for _ in range(1000)) == MOST


def taken(budget: FrameBudget) -> int:
    """How many frames are taken at once."""
    frames = 0
    while not budget.pause():
        assert spend(budget)
        frames += 1
    return frames


def test_what_connections_spent_is_the_debt_of_their_address() -> None:
    now = Played()
    debts = Debts(now)
    for _ in range(100):  # Honest ones, which begin anew for each call.
        honest = debts.begin("here")
        for _ in range(5):
            spend(honest)
        honest.answered()
        debts.end("here", honest)
        now.time += 0.3
    assert not debts.begin("here").on_probation
    for _ in range(3):  # Each leaves before it is told to calm down.
        budget = debts.begin("there")
        assert not budget.on_probation
        for _ in range(100):
            spend(budget)
        debts.end("there", budget)
    suspect, other = debts.begin("there"), debts.begin("there")
    assert (suspect.on_probation, debts.begin("here").on_probation) == (True, False)
    assert [taken(suspect), taken(other)] == [16, 16]
    assert suspect.pause() == pytest.approx(0.02), "the two share what time allows"
    now.time += 0.1
    assert [taken(suspect), taken(other)] == [5, 5]
    suspect.answered()
    assert taken(suspect) == 3, "answers allow more at once"
    begins, resets = b"\0\0\1\1\4\0\0\0\1x", b"\0\0\4\3\0\0\0\0\1\0\0\0\0"
    now.time += 0.02
    assert not suspect.pause()
    assert spend(suspect, begins)
    assert not suspect.pause(), "calls are free"
    assert spend(suspect, resets)
    assert suspect.pause() == pytest.approx(0.04), "resets cost double"
    now.time += 0.02
    assert suspect.pause() == pytest.approx(0.02)
    now.time += 0.02
    debts.end("there", other)
    suspect.answered()
    taken(suspect)
    now.time += 0.1
    assert 9 <= taken(suspect) <= 11
    for _ in range(10):
        assert not suspect.exhausted
        now.time += 0.12
        assert 11 <= taken(suspect) <= 13
    for _ in range(10):
        now.time += 0.12
        taken(suspect)
    assert suspect.exhausted, "it never stops, and nothing is answered"
    debts.end("there", suspect)
    now.time += 60
    assert not debts.begin("there").on_probation


def test_no_more_addresses_are_remembered_than_there_is_room_for() -> None:
    now = Played()
    debts = Debts(now)
    for number in range(10_001):
        budget = FrameBudget(now)
        spend(budget)
        debts.end(str(number), budget)
    assert (debts.of("0"), debts.of("1")) == (0, 1)


@asynccontextmanager
async def serving(limits: ConnectionLimits, context: ssl.SSLContext | None = None) -> AsyncIterator[MessageServer]:
    server = MessageServer([Relay()], limits=limits)
    await server.start("127.0.0.1", 0, ssl=context)
    try:
        yield server
    finally:
        await server.stop(1)


def connect(port: int) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", port))
    peer.settimeout(HANG)
    return peer


def context_of(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    context.set_alpn_protocols(["h2"])
    return context


def test_what_is_written_in_parts_does_not_wait_for_acknowledgements() -> None:
    async def main() -> None:
        async with serving(ConnectionLimits()) as server:
            with closing(connect(server.port)):
                await until(lambda: any(guest.connected for guest in server.admission._guests))
                (guest,) = server.admission._guests
                accepted = guest.connection._transport.get_extra_info("socket")
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    run(main())


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("says", [b"", b"PRI * HTT"])
def test_a_client_that_does_not_speak_in_time_is_left(tls: bool, says: bytes) -> None:
    async def main() -> None:
        context = context_of(trustme.CA()) if tls else None
        async with serving(ConnectionLimits(handshake=0.2), context) as server:
            with closing(connect(server.port)) as peer:
                peer.sendall(says)
                await asyncio.to_thread(until_closed, peer)
            await until(lambda: not len(server.admission))

    run(main())


def test_an_idle_client_is_told_and_its_next_call_gets_through() -> None:
    async def main() -> None:
        async with serving(ConnectionLimits(idle=0.2)) as server:

            def by_hand() -> ConnectionTerminated:
                client = H2Connection(H2Configuration())
                client.initiate_connection()
                with closing(connect(server.port)) as peer:
                    peer.sendall(client.data_to_send())
                    (goaway,) = [
                        event
                        for event in client.receive_data(until_closed(peer))
                        if isinstance(event, ConnectionTerminated)
                    ]
                return goaway

            goaway = await asyncio.to_thread(by_hand)
            assert (goaway.error_code, goaway.last_stream_id) == (ErrorCodes.NO_ERROR, 0)
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                for _ in range(2):
                    assert await channel.unary_unary(f"{PREFIX}Echo")(b"", timeout=HANG) == b""
                    await until(lambda: not server.connections)

    run(main())


def test_a_client_amid_its_tls_handshake_gives_way_too() -> None:
    ca = trustme.CA()

    async def main() -> None:
        limits = ConnectionLimits(connections=3, per_address=3, handshake=AGES)
        async with serving(limits, context_of(ca)) as server:
            silent = [connect(server.port) for _ in range(9)]
            await until(lambda: len(server.admission) == 3)
            credentials = grpc.ssl_channel_credentials(ca.cert_pem.bytes())
            async with grpc.aio.secure_channel(f"localhost:{server.port}", credentials) as channel:
                assert await channel.unary_unary(f"{PREFIX}Echo")(b"", timeout=HANG) == b""
            for peer in silent:
                peer.close()

    run(main())


def test_nothing_is_left_of_connections_that_did_not_come_about() -> None:
    async def main() -> None:
        async with serving(ConnectionLimits(), context_of(trustme.CA())) as server:
            for _ in range(30):
                with closing(connect(server.port)) as peer:
                    peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    await asyncio.to_thread(until_closed, peer)
            await until(lambda: not len(server.admission))
            assert len(server._handlers) < 15, "grpclib lets go of every tenth and those before"

    run(main())


def test_a_unix_socket_is_listened_on_as_before(tmp_path: Path) -> None:
    async def main() -> None:
        server = MessageServer([Relay()])
        await server.start(path=str(tmp_path / "s"))
        async with grpc.aio.insecure_channel(f"unix:{tmp_path / 's'}") as channel:
            assert await channel.unary_unary(f"{PREFIX}Echo")(b"", timeout=HANG) == b""
        with pytest.raises(RuntimeError, match="started already"):
            await server.start("127.0.0.1", 0)
        await server.stop(1)

    run(main())
