"""The client's pure parts: retries, keepalive, frames, batches, the border for foreign errors. No clock, no socket."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import pickle
import socket
import ssl

import grpclib.const
import grpclib.exceptions
import h2.exceptions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import errors
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.errors import RpcError, StatusCode, StatusError
from chaukas_spec_lite.retry import NEVER, Patience, Repetition, RetryPolicy
from chaukas_spec_lite.rpc.client.caller import CallOptions, UnaryCaller
from chaukas_spec_lite.rpc.client.connecting import AddressSelection, portion
from chaukas_spec_lite.rpc.client.endpoint import parse
from chaukas_spec_lite.rpc.client.keepalive import Action, Keepalive, Watch
from chaukas_spec_lite.rpc.client.mapping import add_hint, of_connecting, of_connection_lost, of_ending, of_sending
from chaukas_spec_lite.rpc.client.tls import Security
from chaukas_spec_lite.rpc.transport.endings import Cause, Ending
from chaukas_spec_lite.rpc.transport.framing import FramingError, TooLarge
from chaukas_spec_lite.rpc.transport.limits import Framing
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub


def unavailable(pushback: float | None = None) -> RpcError:
    return StatusError("busy", status=StatusCode.UNAVAILABLE, retryable=True, pushback=pushback)


def test_backoff_grows_to_its_maximum() -> None:
    policy = RetryPolicy(initial=1, maximum=5, multiplier=2)
    assert [policy.backoff(n, lambda: 1.0) for n in (1, 2, 3, 4, 5000)] == [1, 2, 4, 5, 5]
    assert policy.backoff(3, lambda: 0.25) == 1
    for multiplier in (1, 65536, 1e308):
        steep = RetryPolicy(initial=1, maximum=5, multiplier=multiplier)
        assert steep.backoff(5000, lambda: 1.0) == (1 if multiplier == 1 else 5)


def test_waits_within_the_deadline_only() -> None:
    repetition = Repetition(RetryPolicy(initial=1, maximum=8), deadline=100.0, random=lambda: 1.0)
    assert repetition.wait(unavailable(), 90) == 1
    assert repetition.wait(unavailable(), 95) == 2
    assert repetition.wait(unavailable(), 97) is None
    error = unavailable()
    assert repetition.wait(error, 98) is None
    assert error.attempts == 4


def test_what_ends_the_repetitions() -> None:
    final = StatusError("no", status=StatusCode.INVALID_ARGUMENT)
    assert Repetition(RetryPolicy(), 100, lambda: 0.5).wait(final, 0) is None
    assert Repetition(NEVER, 100, lambda: 0.5).wait(unavailable(), 0) is None
    three = Repetition(RetryPolicy(max_attempts=3), 100, lambda: 0.5)
    assert [three.wait(unavailable(), 0) is None for _ in range(3)] == [False, False, True]


def test_push_back_takes_the_place_of_backoff_and_resets_it() -> None:
    repetition = Repetition(RetryPolicy(initial=1, maximum=8), deadline=100.0, random=lambda: 1.0)
    assert [repetition.wait(unavailable(), 0) for _ in range(2)] == [1, 2]
    assert repetition.wait(unavailable(7.5), 0) == 7.5
    assert repetition.wait(unavailable(), 0) == 1
    assert repetition.wait(unavailable(0), 0) == 0
    assert repetition.wait(unavailable(200), 0) is None
    assert repetition.wait(unavailable(-1), 0) is None


def test_a_call_with_a_fake_clock() -> None:
    """A server that is down for long: the waits and the end are those of the policy, to the digit."""
    now, slept = [1000.0], list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    class Down(UnaryCaller):
        async def _attempt(self, channel: object, method: object, request: object, timeout: float) -> bytes:
            timeouts.append(timeout)
            now[0] += 1
            raise unavailable()

    timeouts: list[float] = []
    clock = Clock(now=lambda: now[0], sleep=sleep, random=lambda: 1.0)
    options = CallOptions(timeout=30, attempt_timeout=10, retry=RetryPolicy(initial=1, maximum=5), clock=clock)

    async def main() -> RpcError:
        caller = Down(parse("h:1"), Security(None), [], options)
        with pytest.raises(StatusError) as caught:
            await caller.call(ChaukasClientServiceStub._methods[0], b"")
        await caller.aclose()
        return caught.value

    error = asyncio.run(main())
    assert slept == [1, 2, 4, 5, 5, 5]
    assert timeouts == [10, 10, 10, 10, 10, 8, 2]
    assert (error.attempts, error.rpc, error.peer) == (7, "Healthz", "h:1")
    assert str(error) == "Healthz at h:1: UNAVAILABLE: busy (after 7 attempts)"


def test_keepalive_asks_only_while_calls_wait() -> None:
    watch = Watch(Keepalive(time=10, timeout=5), heard=0)
    assert watch.check(1000, waiting=False) == (Action.NOTHING, 10)
    assert not watch.begin(1000, alone=True)
    assert watch.check(1004, waiting=True) == (Action.NOTHING, 6)
    assert watch.check(1010, waiting=True) == (Action.PING, 5)
    assert watch.check(1012, waiting=True) == (Action.NOTHING, 3)
    watch.hear(1013)
    assert watch.check(1015, waiting=True) == (Action.NOTHING, 8)
    assert watch.check(1023, waiting=True) == (Action.PING, 5)
    assert watch.check(1028, waiting=True) == (Action.ABORT, 0)


def test_keepalive_counts_silence_across_calls_that_are_given_up() -> None:
    """Whenever it looks, no call is under way; the peer is asked all the same, by the first one after that time."""
    watch = Watch(Keepalive(time=10, timeout=5), heard=0)
    assert not watch.begin(100, alone=True)
    assert watch.check(104, waiting=False) == (Action.NOTHING, 6)
    assert not watch.begin(105, alone=True)
    assert watch.check(110, waiting=False) == (Action.NOTHING, 10), "it is idle"
    assert watch.begin(111, alone=True)
    assert watch.check(111, waiting=True) == (Action.PING, 5)
    assert not watch.begin(112, alone=False)
    assert watch.check(115, waiting=False) == (Action.NOTHING, 1)
    assert watch.check(116, waiting=False) == (Action.ABORT, 0)
    watch.hear(116)
    assert watch.check(200, waiting=False) == (Action.NOTHING, 10)
    assert not watch.begin(200, alone=True), "idle time before a call is no silence"


def test_keepalive_counts_from_what_was_heard_while_calls_waited() -> None:
    watch = Watch(Keepalive(time=10, timeout=5), heard=0)
    watch.begin(100, alone=True)
    watch.hear(103)
    assert not watch.begin(109, alone=False)
    assert watch.check(110, waiting=True) == (Action.NOTHING, 3)
    assert watch.check(113, waiting=True) == (Action.PING, 5)


def test_keepalive_asks_at_once_when_a_call_heard_nothing() -> None:
    watch = Watch(Keepalive(time=10, timeout=5), heard=0)
    watch.begin(100, alone=True)
    assert watch.give_up(102, began=100) == (Action.PING, 5)
    assert watch.give_up(103, began=101) == (Action.NOTHING, 4), "it is asked already"
    watch.hear(104)
    watch.begin(104, alone=True)
    assert watch.give_up(105, began=103) == (Action.NOTHING, 9), "something arrived meanwhile"
    assert watch.give_up(106, began=104) == (Action.NOTHING, 8), "it was asked not long ago"
    assert watch.give_up(107, began=104) == (Action.PING, 5)
    assert watch.check(112, waiting=False) == (Action.ABORT, 0)


def test_the_order_of_addresses() -> None:
    selection = AddressSelection()
    assert selection.order("abcd") == list("abcd")
    selection.failed("a")
    selection.worked("c")
    assert selection.order("abcd") == list("cbda")
    selection.failed("c")
    assert selection.order("abcd") == list("bdac")
    selection.failed("a")
    assert selection.order("abcd") == list("bdca")
    selection.worked("a")
    assert selection.order("abcd") == list("abdc")
    for number in range(1000):
        selection.failed(number)
    assert selection.order("abcd") == list("abcd")


def test_the_time_of_each_address() -> None:
    assert portion(10, 2, 5, 1) == 5
    assert portion(10, 4, 5, 1) == 2.5
    assert portion(10, 1, 5, 1) == 5
    assert portion(0.5, 2, 5, 1) == portion(-3, 2, 5, 1) == 1
    assert portion(0.5, 2, 0.2, 0.2) == 0.2


@given(st.binary(max_size=3000), st.booleans(), st.integers(0, 2000))
def test_frames_are_read_back(message: bytes, compress: bool, above: int) -> None:
    framing = Framing(compress_above=above)
    frame = framing.frame(message, compress)
    compressed, size = framing.prefix(frame[:5], "gzip")
    assert size == len(frame) - 5 <= len(message)
    assert (framing.inflate(frame[5:]) if compressed else frame[5:]) == message
    if compressed:
        assert len(message) >= above
        assert gzip.decompress(frame[5:]) == message


@given(st.binary(max_size=200))
def test_no_input_inflates_to_more_than_the_limit(data: bytes) -> None:
    framing = Framing(max_receive=1000)
    for each in (data, gzip.compress(data) + data, gzip.compress(data * 10)[: len(data)], gzip.compress(data * 10)):
        with contextlib.suppress(FramingError, TooLarge):
            assert len(framing.inflate(each)) <= 1000


def test_limits_are_exact() -> None:
    framing = Framing(max_receive=100, max_send=50, compress_above=None)
    assert framing.frame(b"x" * 50, True) == b"\0\0\0\0\x32" + b"x" * 50
    with pytest.raises(TooLarge, match="51 bytes, above the limit of 50"):
        framing.frame(b"x" * 51, True)
    assert framing.inflate(gzip.compress(b"x" * 100)) == b"x" * 100
    with pytest.raises(TooLarge):
        framing.inflate(gzip.compress(b"x" * 101))
    assert framing.prefix(b"\0\0\0\0\x64", "") == (False, 100)
    with pytest.raises(TooLarge):
        framing.prefix(b"\0\0\0\0\x65", "")
    for prefix, encoding in ((b"\2\0\0\0\0", "gzip"), (b"\1\0\0\0\0", "deflate")):
        with pytest.raises(FramingError):
            framing.prefix(prefix, encoding)


FOREIGN = [
    *(kind for kind in vars(h2.exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    *(kind for kind in vars(grpclib.exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    *(kind for kind in vars(ssl).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    *(kind for kind in vars(socket).values() if isinstance(kind, type) and issubclass(kind, OSError)),
    *(kind for kind in OSError.__subclasses__() if kind.__module__ == "builtins"),
    *(kind for kind in ConnectionError.__subclasses__() if kind.__module__ == "builtins"),
    asyncio.TimeoutError,
]


@pytest.mark.parametrize("kind", dict.fromkeys(FOREIGN), ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_every_foreign_error_is_mapped(kind: type[Exception]) -> None:
    error = _make(kind)
    mapped = of_sending(error, "Healthz", "h:1")
    assert isinstance(mapped, RpcError)
    assert (mapped.rpc, mapped.peer) == ("Healthz", "h:1")
    assert mapped.details
    if isinstance(error, (OSError, asyncio.TimeoutError)):
        connecting = of_connecting(error, "h:1")
        assert isinstance(connecting, errors.ConnectError)
        assert connecting.peer == "h:1"
        assert of_connection_lost(error, heard=True, tls=False).details


def _make(kind: type[Exception]) -> Exception:
    if issubclass(kind, grpclib.exceptions.GRPCError):
        return kind(grpclib.const.Status.NOT_FOUND, "gone")
    if issubclass(kind, ssl.SSLCertVerificationError):
        error = kind(1, "certificate verify failed")
        error.verify_message, error.verify_code = "self-signed certificate", 18
        return error
    if issubclass(kind, (h2.exceptions.StreamIDTooLowError, h2.exceptions.InvalidBodyLengthError)):
        return kind(1, 2)
    if issubclass(kind, h2.exceptions.InvalidSettingsValueError):
        return kind("why", error_code=1)
    if issubclass(kind, h2.exceptions.NoSuchStreamError):
        return kind(1)
    return kind(5, "why") if issubclass(kind, OSError) else kind("why")


def test_our_own_mistakes_are_not_mapped() -> None:
    assert of_sending(TypeError("x"), "", "") is None
    assert of_connecting(KeyError("x"), "") is None


def test_where_an_http_1_address_may_come_from_is_said_once() -> None:
    error = of_ending(Ending(Cause.HTTP1, "why"), "Healthz", "h:1")
    for _ in range(2):
        add_hint(error, "see X")
    assert error.details == "the peer speaks HTTP/1, not gRPC: see X"
    other = of_ending(Ending(Cause.LOST, "why"), "Healthz", "h:1")
    add_hint(other, "see X")
    assert other.details == "why"


@pytest.mark.parametrize("cause", Cause)
def test_every_ending_is_mapped(cause: Cause) -> None:
    error = of_ending(Ending(cause, "why", 77), "Healthz", "h:1")
    assert (error.rpc, error.peer) == ("Healthz", "h:1")
    assert error.retryable == (cause in (Cause.LOST, Cause.SILENT, Cause.GOAWAY, Cause.RESET, Cause.GARBAGE))


RPC_ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RpcError)]


@pytest.mark.parametrize("kind", RPC_ERRORS)
def test_errors_survive_pickling(kind: type[RpcError]) -> None:
    error = kind("why", status=StatusCode.ABORTED, rpc="Healthz", peer="h:1")
    error.attempts = 3
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert vars(copy) == vars(error)
    assert str(copy) == str(error) == "Healthz at h:1: ABORTED: why (after 3 attempts)"
    assert isinstance(copy, errors.ChaukasError)


def test_patience_grows_with_each_attempt_that_was_not_answered_in_time() -> None:
    patience = Patience(2, 15)
    assert patience.exceeded(2)
    assert patience.limit == 4
    assert not patience.exceeded(2), "it began before the limit grew"
    assert not patience.exceeded(3.9), "its deadline was near"
    assert patience.exceeded(4)
    assert patience.exceeded(8)
    assert patience.limit == 15
    assert not patience.exceeded(15)
    for _ in range(10):
        for _ in range(99):
            patience.answered(1.9)
        patience.answered(2.5)
    assert patience.limit == 15, "with less, one in a hundred would have been too late"
    for _ in range(100):
        assert patience.limit == 15
        patience.answered(1.9)
    assert patience.limit == 2
    assert not Patience(10, 5).exceeded(10)
