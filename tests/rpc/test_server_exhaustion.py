"""Nobody takes a server's memory or calls away from others. Each attack comes from a real socket.

Attackers and others have addresses of their own where that matters: on Linux, all of 127.0.0.0/8 is this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import sys
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any

import grpc
import pytest
from grpclib.const import Status
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import SettingsAcknowledged, StreamReset
from h2.settings import SettingCodes

from chaukas_spec_lite.rpc.server.server import MessageServer
from chaukas_spec_lite.rpc.transport.admission import ConnectionLimits
from chaukas_spec_lite.rpc.transport.limits import CallLimits, Framing
from chaukas_spec_lite.rpc.transport.pace import MessagePace
from tests.patience import AGES, HANG, run, until, wait_until
from tests.rpc.relay import PREFIX, Relay, RepeatRequest, Word
from tests.rpc.test_server_hostile import Slow, frame

MB = 1_000_000
PATIENT: dict[str, Any] = {"pace_interval": AGES, "message_timeout": AGES, "stream_idle": AGES}
"""Limits of time that no test reaches."""
LARGE = bytes(Word(text="x" * 900_000))


NAMES = {":method": "POST", ":scheme": "http", ":authority": "here", ":path": f"{PREFIX}Echo"}
NAMES |= {"te": "trailers", "content-type": "application/grpc"}


class Attacker:
    """A client by hand. What it hears is kept, if it listens at all."""

    def __init__(self, port: int, address: str = "127.0.0.1", settings: dict[SettingCodes, int] | None = None) -> None:
        self.h2 = H2Connection(H2Configuration(header_encoding="ascii"))
        if address != "127.0.0.1" and sys.platform != "linux":
            pytest.skip("only Linux takes all of 127.0.0.0/8 for this machine")
        self.h2.initiate_connection()
        self.h2.update_settings(settings or {})
        self.socket = socket.create_connection(("127.0.0.1", port), source_address=(address, 0))
        self.socket.settimeout(HANG)
        self.events: list[Any] = []
        self.send()
        self.listen_until(lambda: sum(isinstance(event, SettingsAcknowledged) for event in self.events) == 2)

    def send(self) -> None:
        self.socket.sendall(self.h2.data_to_send())

    def begin(self, data: bytes = b"", route: str = f"{PREFIX}Echo", end: bool = False, **more: str) -> int:
        """Begin a call; names and values beyond the usual headers may follow."""
        stream: int = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [*({**NAMES, ":path": route} | more).items()])
        self.more(stream, data, end)
        return stream

    def more(self, stream: int, data: bytes, end: bool = False) -> None:
        """Send more of a request, in frames as large as may be."""
        for start in range(0, max(len(data), 1), 16_384):
            part = data[start : start + 16_384]
            last = end and start + 16_384 >= len(data)
            if part or last:
                self.listen_until(lambda: self.h2.local_flow_control_window(stream) >= 16_384)
                self.h2.send_data(stream, part, end_stream=last)
        self.send()

    def listen_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self.send()
            data = self.socket.recv(1 << 16)
            assert data, f"closed after {self.events}"
            self.events += self.h2.receive_data(data)
        self.send()

    def events_of(self, stream: int) -> list[Any]:
        return [event for event in self.events if getattr(event, "stream_id", 0) == stream]

    def ending_of(self, stream: int) -> tuple[str, str]:
        """Wait for the status of a call, and what it says."""
        found: dict[str, str] = {}

        def has_ended() -> bool:
            for event in self.events_of(stream):
                found.update(dict(getattr(event, "headers", None) or {}))
            return "grpc-status" in found

        self.listen_until(has_ended)
        return found["grpc-status"], found.get("grpc-message", "")


@asynccontextmanager
async def serving(service: Any = None, **limits: Any) -> AsyncIterator[MessageServer]:
    server = MessageServer([service or Relay()], max_message_bytes=MB, calls=CallLimits(**limits))
    await server.start("127.0.0.1", 0)
    try:
        yield server
    finally:
        await server.stop(0)


@contextmanager
def attackers(server: MessageServer) -> Iterator[Callable[..., Attacker]]:
    with ExitStack() as stack:

        def attacker(*args: Any, **kwargs: Any) -> Attacker:
            made = Attacker(server.port, *args, **kwargs)
            stack.enter_context(made.socket)
            return made

        yield attacker


def attack(work: Callable[[MessageServer, Callable[..., Attacker]], None], service: Any = None, **limits: Any) -> None:
    """Run an attack, in a thread, on a server that holds nothing afterwards."""

    async def main() -> None:
        def attacking() -> None:
            with attackers(server) as attacker:
                work(server, attacker)

        async with serving(service, **limits) as server:
            await asyncio.to_thread(attacking)
            guard = server.guard
            await until(lambda: guard.requests.held == guard.answers.held == guard.calls.held == 0)
            assert not guard.receiving
            assert not guard.idle
            assert not guard.sending

    run(main())


def large_echo(server: MessageServer) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        assert channel.unary_unary(f"{PREFIX}Echo")(LARGE, timeout=HANG) == LARGE


# Requests that do not come on


def test_a_message_that_drips_is_given_up_whatever_came_before() -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        dripping = attacker()
        stream = dripping.begin(frame(LARGE)[:800_000])
        ended = threading.Event()

        def drip() -> None:
            for byte in LARGE[-50_000:]:
                if ended.wait(0.02):
                    return
                with contextlib.suppress(OSError):
                    dripping.socket.sendall(b"\0\0\1\0\0" + stream.to_bytes(4, "big") + bytes([byte]))

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            status, details = dripping.ending_of(stream)
        finally:
            ended.set()
            thread.join()
        assert status == str(Status.DEADLINE_EXCEEDED.value)
        assert details.endswith("bytes of the request have come in time")
        dripping.ending_of(dripping.begin(frame(b""), end=True))  # The connection goes on.

    attack(work, **{**PATIENT, "pace_interval": 0.4, "pace_bytes": 100_000})


def test_a_message_that_keeps_the_pace_has_to_end_all_the_same() -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        lasting = attacker()
        stream = lasting.begin(frame(LARGE)[:100])
        assert lasting.ending_of(stream)[0] == str(Status.DEADLINE_EXCEEDED.value)

    attack(work, **{**PATIENT, "message_timeout": 0.4})


@pytest.mark.parametrize("method", ["Echo", "Join"])
def test_a_call_without_a_request_is_given_up(method: str) -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        silent = attacker()
        stream = silent.begin(route=f"{PREFIX}{method}")
        assert silent.ending_of(stream) == (
            str(Status.DEADLINE_EXCEEDED.value),
            "no more than 0 bytes of the request have come in time",
        )

    attack(work, **{**PATIENT, "pace_interval": 0.4})


def test_a_stream_of_requests_may_pause_longer_than_a_message_but_not_for_ever() -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        pausing = attacker()
        stream = pausing.begin(frame(bytes(Word(text="x"))), route=f"{PREFIX}Join")
        wait_until(lambda: bool(server.guard.idle))
        assert pausing.ending_of(stream) == (
            str(Status.DEADLINE_EXCEEDED.value),
            "no further request has come for long",
        )

    attack(work, **{**PATIENT, "pace_interval": 0.2, "message_timeout": 0.2, "stream_idle": 1.0})


def test_what_keeps_the_pace() -> None:
    limits = CallLimits(pace_bytes=1000, pace_interval=10.0, message_timeout=300.0)
    steady = MessagePace(0.0, 0)
    assert not any(steady.late(float(now), now * 100, limits) for now in range(1, 300))
    assert steady.late(300.0, 30_000, limits), "it takes too long"
    dripping = MessagePace(0.0, 5_000_000)
    assert [dripping.late(float(now), 5_000_000 + now, limits) for now in range(1, 11)] == [False] * 9 + [True]
    assert dripping.slow
    stopped = MessagePace(0.0, 0)
    assert not stopped.late(10.0, 5_000_000, limits)
    assert not stopped.slow
    assert stopped.late(20.0, 5_000_000, limits), "what came before is no credit"


# Shares of the memory


def fill(attacker: Callable[..., Attacker], address: str, times: int) -> Attacker:
    """Begin requests that are nearly complete, and stay so."""
    filling = attacker(address)
    for _ in range(times):
        filling.begin(frame(LARGE)[:-1])
    return filling


def test_an_address_fills_no_more_than_its_share() -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        filling = attacker("127.0.0.2")
        refused = [filling.begin(frame(LARGE)[:-1]) for _ in range(4)][-1]
        status, details = filling.ending_of(refused)
        assert status == str(Status.RESOURCE_EXHAUSTED.value)
        assert details.endswith("and no more than 3000000 from one address: try again later")
        large_echo(server)
        large_echo(server)
        assert server.guard.requests.held > 2_500_000, "theirs are still there"

    attack(work, **{**PATIENT, "requests_held": 4 * MB, "requests_held_per_peer": 3 * MB})


def test_strangers_of_several_addresses_give_way_to_who_holds_less() -> None:
    """Their requests are only in part there, so nothing is known of them but how much they take."""

    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        for number in range(2, 6):
            fill(attacker, f"127.0.0.{number}", 2)
        wait_until(lambda: server.guard.requests.held > 7 * MB)
        for _ in range(3):
            large_echo(server)

    attack(work, **{**PATIENT, "requests_held": 7_300_000})


def test_who_does_not_come_on_gives_way_to_others_of_the_same_address() -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        fill(attacker, "127.0.0.1", 3)
        guard = server.guard
        wait_until(lambda: any(progress is not None and progress.slow for progress in guard.receiving.values()))
        for _ in range(3):
            large_echo(server)

    attack(work, **{**PATIENT, "requests_held": 8 * MB, "requests_held_per_peer": 3 * MB})


def test_small_requests_have_room_where_large_ones_have_none() -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        fill(attacker, "127.0.0.1", 3)
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            word = bytes(Word(text="x" * 60_000))
            for _ in range(20):
                assert channel.unary_unary(f"{PREFIX}Echo")(word, timeout=HANG) == word

    attack(work, **{**PATIENT, "requests_held": 8 * MB, "requests_held_per_peer": 2_750_000})


class Deaf(Relay):
    """Begins calls, and reads nothing of them."""

    def __init__(self) -> None:
        self.may_leave = asyncio.Event()

    async def join(self, requests: Any) -> Any:
        await self.may_leave.wait()
        return Word()


def test_what_nobody_reads_yet_is_counted_and_takes_no_more_than_its_bytes() -> None:
    """A frame of one byte took 370 bytes."""
    count = 30_000

    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        loop = service.loop
        sending = attacker()
        stream = sending.begin(route=f"{PREFIX}Join")
        one = b"\0\0\1\0\0" + stream.to_bytes(4, "big") + b"\0"
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(count // 1000):
                sending.socket.sendall(one * 1000)
            wait_until(lambda: server.guard.requests.held == count)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert after - before < 10 * count
        loop.call_soon_threadsafe(service.may_leave.set)
        sending.ending_of(stream)

    async def main() -> None:
        service.loop = asyncio.get_running_loop()
        async with serving(service, **PATIENT) as server:

            def attacking() -> None:
                with attackers(server) as attacker:
                    work(server, attacker)

            await asyncio.to_thread(attacking)
            await until(lambda: server.guard.requests.held == 0)

    service: Any = Deaf()
    run(main())


def test_what_comes_behind_the_only_request_is_not_kept() -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        sending = attacker()
        stream = sending.begin(frame(b"") + LARGE)
        for _ in range(10):  # More than any window: it is acknowledged, so that other calls of the connection go on.
            sending.more(stream, LARGE)
        assert server.guard.requests.held < 100
        sending.ending_of(sending.begin(frame(b""), route=f"{PREFIX}Join", end=True))

    class Waiting(Slow):
        async def join(self, requests: Any) -> Any:
            self.may_leave.set()
            return await super().join(requests)

    attack(work, Waiting(), **PATIENT)


# Large work


@pytest.mark.parametrize("compressed", [False, True])
def test_large_requests_are_inflated_and_decoded_in_a_thread(compressed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    parse = Word.parse

    def noted(data: bytes) -> Any:
        threads.append(threading.current_thread().name)
        return parse(data)

    monkeypatch.setattr(Word, "parse", noted)
    inflate = Framing.inflate

    def inflated(*args: Any) -> bytes:
        threads.append(threading.current_thread().name)
        return inflate(*args)

    monkeypatch.setattr(Framing, "inflate", inflated)

    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        compression = grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression
        with grpc.insecure_channel(f"127.0.0.1:{server.port}", compression=compression) as channel:
            echo = channel.unary_unary(f"{PREFIX}Echo")
            assert echo(LARGE, timeout=HANG) == LARGE
            assert [name.rstrip("0123456789") for name in threads] == ["chaukas-rpc_"] * (1 + compressed)
            threads.clear()
            small = bytes(Word(text="x" * 1000))
            assert echo(small, timeout=HANG) == small
            assert threads == ["MainThread"] * (1 + compressed)

    attack(work)


def test_a_compressed_message_that_lies_about_its_size_is_refused() -> None:
    """By the size at its end it is small, so it is inflated at once, but no further than that."""

    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        message = gzip.compress(LARGE)
        for size in (10, len(LARGE) - 1, 2 * MB):
            lying = attacker()
            data = frame(message[:-4] + size.to_bytes(4, "little"), 1)
            status, _ = lying.ending_of(lying.begin(data, end=True, **{"grpc-encoding": "gzip"}))
            assert status in {str(Status.RESOURCE_EXHAUSTED.value), str(Status.INTERNAL.value)}

    attack(work)


# Answers that nobody reads


def repeat(times: int) -> bytes:
    return bytes(RepeatRequest(word=Word(text="x" * 900_000), times=times))


def test_answers_that_are_not_read_are_bounded_and_given_up() -> None:
    """Windows are large enough, but the client reads nothing from its socket: the connection ends."""

    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        deaf = attacker(settings={SettingCodes.INITIAL_WINDOW_SIZE: 2**31 - 1})
        deaf.h2.increment_flow_control_window(2**30)
        for _ in range(20):
            deaf.begin(frame(repeat(100)), route=f"{PREFIX}Repeat", end=True)
        large_echo(server)
        wait_until(lambda: server.guard.answers.held > 0)
        held: list[int] = []

        def ended() -> bool:
            held.append(server.guard.answers.held)
            return not server.connections

        wait_until(ended)
        assert MB < max(held) <= 4 * MB

    attack(work, **{**PATIENT, "pace_interval": 0.6, "answers_held_per_connection": 4 * MB})


def test_answers_without_a_window_are_given_up_one_by_one() -> None:
    """The client reads, and answers pings; only for some of its answers it gives no window."""

    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        stingy = attacker(settings={SettingCodes.INITIAL_WINDOW_SIZE: 10})
        streams = [stingy.begin(frame(repeat(1)), route=f"{PREFIX}Repeat", end=True) for _ in range(3)]

        def resets() -> dict[int, Any]:
            return {event.stream_id: event.error_code for event in stingy.events if isinstance(event, StreamReset)}

        stingy.listen_until(lambda: len(resets()) == 3)
        assert resets() == dict.fromkeys(streams, ErrorCodes.CANCEL)
        small = stingy.begin(frame(b""), end=True)
        assert stingy.ending_of(small)[0] == "0"

    attack(work, **{**PATIENT, "pace_interval": 0.4})


@pytest.mark.parametrize("holder", ["peer", "all"])
def test_answers_that_are_not_read_leave_room_for_others(holder: str) -> None:
    limits = {"answers_held_per_peer": 3 * MB} if holder == "peer" else {"answers_held": 3 * MB}

    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        for held in (900_000, 1_800_000, 2_700_000, 2_700_000, 2_700_000):
            stingy = attacker("127.0.0.2", {SettingCodes.INITIAL_WINDOW_SIZE: 10})
            stingy.begin(frame(repeat(1)), route=f"{PREFIX}Repeat", end=True)
            wait_until(lambda held=held: server.guard.answers.held > held)
        status, details = stingy.ending_of(1)
        assert status == str(Status.RESOURCE_EXHAUSTED.value)
        assert "of other answers, and no more than 3000000" in details
        word = bytes(Word(text="x" * 50_000))
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            assert channel.unary_unary(f"{PREFIX}Echo")(word, timeout=HANG) == word

    attack(work, **{**PATIENT, **limits})


# Calls


def test_calls_are_bounded_in_all_and_for_each_peer() -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        for address, served in (("127.0.0.2", 20), ("127.0.0.3", 10)):
            many = attacker(address)
            streams = [many.begin() for _ in range(30)]
            wait_until(lambda: server.guard.calls.held >= 20)

            def refused(by: Attacker = many) -> list[int]:
                return [event.stream_id for event in by.events if isinstance(event, StreamReset)]

            many.listen_until(lambda count=30 - served: len(refused()) == count)
            assert refused() == streams[served:]
        assert server.guard.calls.held == 30

    attack(work, **{**PATIENT, "calls": 30, "calls_per_peer": 20})


def block(flags: int, kind: int, content: bytes, stream: int = 1) -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def test_headers_that_are_continued_take_no_memory() -> None:
    """h2 keeps 64 frames of up to 16 kB, a megabyte for each connection, until they end."""

    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        flooding = attacker()
        field = b"\x00\x7f\x81\x7f" + b"x" * 16_000  # Never complete, so that nothing can be said against it.
        flooding.socket.sendall(block(0, 1, field) + block(0, 9, field) * 4)
        # What it is told, ENHANCE_YOUR_CALM, may be lost: the system drops it where a connection ends amid what comes.
        with pytest.raises(AssertionError, match="closed after "):
            flooding.listen_until(lambda: False)

    attack(work, **PATIENT)


def test_headers_that_do_not_end_are_given_up() -> None:
    async def main() -> None:
        server = MessageServer([Relay()], limits=ConnectionLimits(handshake=0.4), calls=CallLimits(**PATIENT))
        await server.start("127.0.0.1", 0)

        def attacking() -> None:
            with attackers(server) as attacker:
                hanging = attacker()
                hanging.begin()
                wait_until(lambda: server.guard.calls.held == 1)
                hanging.socket.sendall(block(0, 1, b"\x00", 3))
                with pytest.raises((AssertionError, ConnectionError), match=r"closed after|reset"):
                    hanging.listen_until(lambda: False)

        await asyncio.to_thread(attacking)
        await until(lambda: not server.connections)
        await server.stop(0)

    run(main())
