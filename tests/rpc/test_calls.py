"""The four kinds of calls over real sockets: ours to ours, ours to grpcio, grpcio to ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import grpc
import pytest
from grpclib.const import Cardinality, Handler, Status
from grpclib.encoding.base import CodecBase
from grpclib.exceptions import GRPCError
from grpclib.metadata import Deadline

from chaukas_spec_lite import EncodeError
from chaukas_spec_lite.rpc.stubs.codec import Encoded, MessageCodec
from chaukas_spec_lite.spec.google.protobuf.empty import Empty
from tests.patience import AGES, HANG, run
from tests.rpc.relay import (
    PREFIX,
    Relay,
    RepeatRequest,
    Word,
    error_of,
    official_server,
    our_server,
    relay,
    services,
    stub_of,
)

HELLO = b"\x0a\x05hello"
WORDS = [Word(text=text) for text in ("a", "b", "c")]


async def all_four(stub: Any) -> None:
    assert await stub.echo(Word(text="hello")) == Word(text="hello")
    assert await stub.Echo(Encoded(HELLO)) == Word(text="hello")
    request = RepeatRequest(word=Word(text="x"), times=3)
    assert [word.text async for word in stub.repeat(request)] == ["x", "x", "x"]
    assert [word async for word in stub.Repeat(RepeatRequest())] == []
    assert await stub.join(WORDS) == Word(text="abc")
    assert await stub.join([Encoded(HELLO), Word(text="!")]) == Word(text="hello!")
    assert await stub.join([]) == Word()
    assert await stub.join(later(WORDS)) == Word(text="abc")
    assert [word async for word in stub.chat(WORDS)] == WORDS
    assert [word async for word in stub.chat(later(WORDS))] == WORDS
    assert [word async for word in stub.chat([])] == []


async def later(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0.001)
        yield item


@pytest.mark.parametrize("codec", [None, MessageCodec()], ids=["grpclib's codec", "our codec"])
def test_ours_to_ours(codec: CodecBase | None) -> None:
    async def main() -> None:
        async with relay(codec=codec) as stub:
            await all_four(stub)

    asyncio.run(main())


@pytest.mark.parametrize("codec", [None, MessageCodec()], ids=["grpclib's codec", "our codec"])
def test_ours_to_grpcio(codec: CodecBase | None) -> None:
    async def main(port: int) -> None:
        async with stub_of(port, codec) as stub:
            await all_four(stub)

    with official_server() as (port, _):
        asyncio.run(main(port))


@pytest.mark.parametrize("codec", [None, MessageCodec()], ids=["grpclib's codec", "our codec"])
def test_grpcio_to_ours(codec: CodecBase | None) -> None:
    def client(port: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert channel.unary_unary(f"{PREFIX}Echo")(HELLO, timeout=HANG) == HELLO
            repeat = bytes(RepeatRequest(word=Word(text="hello"), times=2))
            assert list(channel.unary_stream(f"{PREFIX}Repeat")(repeat, timeout=HANG)) == [HELLO, HELLO]
            assert channel.stream_unary(f"{PREFIX}Join")(iter([HELLO, HELLO]), timeout=HANG) == b"\x0a\x0ahellohello"
            assert list(channel.stream_stream(f"{PREFIX}Chat")(iter([HELLO, b""]), timeout=HANG)) == [HELLO, b""]
            for method in ("Ping", "Nothing"):
                with pytest.raises(grpc.RpcError) as caught:
                    channel.unary_unary(f"{PREFIX}{method}")(b"", timeout=HANG)
                assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED

    async def main() -> None:
        async with our_server(Relay(), codec) as port:
            await asyncio.to_thread(client, port)

    asyncio.run(main())


def test_metadata_and_deadlines_reach_the_server() -> None:
    async def main(port: int, seen: list[Any]) -> None:
        async with stub_of(port, timeout=5000, metadata={"who": "stub"}) as stub:
            await stub.echo(Word())
            await stub.echo(Word(), timeout=500, metadata=[("who", "call"), ("raw-bin", b"\x00\xff")])
            await stub.echo(Word(), deadline=Deadline.from_timeout(700))
            await stub.echo(Word(), timeout=900, deadline=Deadline.from_timeout(70_000))
        by_stub, by_call, by_deadline, by_both = seen
        assert by_stub[0]["who"] == "stub"
        assert 4000 < by_stub[1] <= 5000
        assert (by_call[0]["who"], by_call[0]["raw-bin"]) == ("call", b"\x00\xff")
        assert 300 < by_call[1] <= 500
        assert 500 < by_deadline[1] <= 700
        assert 700 < by_both[1] <= 900

    with official_server() as (port, handler):
        asyncio.run(main(port, handler.seen))


def test_a_deadline_ends_a_call() -> None:
    class Slow(Relay):
        async def echo(self, request: Any) -> Any:
            await asyncio.sleep(AGES)

        async def chat(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for word in requests:
                yield word
            await asyncio.sleep(AGES)

    async def main() -> None:
        async with relay(Slow()) as stub:
            with pytest.raises(asyncio.TimeoutError):
                await stub.echo(Word(), timeout=0.1)
            with pytest.raises(asyncio.TimeoutError):
                async for _ in stub.chat(WORDS, timeout=0.1):
                    pass

    run(main())


def test_a_status_comes_through() -> None:
    async def main(port: int) -> None:
        async with stub_of(port) as stub:
            error = await error_of(stub.echo(Word(text="refuse")))
            assert (error.status, error.message) == (Status.FAILED_PRECONDITION, "no: ünïcode")

    with official_server() as (port, _):
        asyncio.run(main(port))


def test_what_is_no_answer() -> None:
    async def main(port: int) -> None:
        async with stub_of(port) as stub:
            error = await error_of(stub.echo(Word(text="garbage")))
            assert error.status is Status.INTERNAL
            assert error.message == "the response to /relay.v1.Relay/Echo cannot be decoded: Word: " + (
                "the input ends inside a varint (at byte 0)"
            )

    with official_server() as (port, _):
        asyncio.run(main(port))


class Faulty:
    """A server that does not keep to gRPC: sends these bytes instead of a message."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __mapping__(self) -> dict[str, Handler]:
        return {f"{PREFIX}Echo": Handler(self._answer, Cardinality.UNARY_STREAM, Word, Word)}

    async def _answer(self, stream: Any) -> None:
        await stream.recv_message()
        await stream.send_initial_metadata()
        if self._data:
            await stream._stream.send_data(self._data)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the server ended /relay.v1.Relay/Echo with status OK, but without a message"),
        (b"\x00\x00\x00", "the response to /relay.v1.Relay/Echo ends in the middle of a message"),
        (b"\x00\x00\x00\x00\x07\x0a", "the response to /relay.v1.Relay/Echo ends in the middle of a message"),
        (b"\x01\x00\x00\x00\x01a", "the response to /relay.v1.Relay/Echo is compressed, which nobody asked for"),
    ],
)
def test_answers_that_break_the_protocol(data: bytes, problem: str) -> None:
    async def main() -> None:
        async with relay(Faulty(data)) as stub:
            error = await error_of(stub.echo(Word()))
            assert (error.status, error.message) == (Status.INTERNAL, problem)

    asyncio.run(main())


def test_requests_are_checked_before_they_are_sent() -> None:
    async def main() -> None:
        async with relay() as stub:
            with pytest.raises(TypeError, match=r"^/relay\.v1\.Relay/Echo takes Word, got RepeatRequest$"):
                await stub.echo(RepeatRequest())
            with pytest.raises(TypeError, match="got bytes"):
                await stub.echo(HELLO)
            with pytest.raises(EncodeError, match=r"^Word\.text: "):
                await stub.echo(Word(text=5))
            with pytest.raises(TypeError, match="Join takes Word, got str"):
                await stub.join(["a"])
            with pytest.raises(EncodeError, match=r"^Word\.text: "):
                async for _ in stub.chat([Word(text=b"x")]):
                    pass
            await all_four(stub)

    asyncio.run(main())


def test_an_error_of_the_requests_is_raised_and_ends_the_call() -> None:
    ended = asyncio.Event()

    class Waiting(Relay):
        async def join(self, requests: AsyncIterator[Any]) -> Any:
            try:
                return Word(text="".join([word.text async for word in requests]))
            finally:
                ended.set()

    def failing() -> Iterator[Any]:
        yield Word(text="a")
        raise LookupError("no more words")

    async def main() -> None:
        async with relay(Waiting()) as stub:
            with pytest.raises(LookupError, match="no more words"):
                await stub.join(failing())
            await asyncio.wait_for(ended.wait(), HANG)
            with pytest.raises(LookupError, match="no more words"):
                assert [word async for word in stub.chat(failing())]

    asyncio.run(main())


def test_an_answer_before_the_requests_end() -> None:
    stopped = asyncio.Event()

    class Hasty(Relay):
        async def join(self, requests: AsyncIterator[Any]) -> Any:
            async for word in requests:
                return word

        async def chat(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for word in requests:
                if word.text == "enough":
                    raise GRPCError(Status.OUT_OF_RANGE, "enough")
                yield word
                return

    async def endless(text: str = "a") -> AsyncIterator[Any]:
        try:
            while True:
                yield Word(text=text)
                await asyncio.sleep(0.001)
        finally:
            stopped.set()

    async def main() -> None:
        async with relay(Hasty()) as stub:
            assert await stub.join(endless()) == Word(text="a")
            assert stopped.is_set()
            assert [word async for word in stub.chat(endless())] == [Word(text="a")]
            with pytest.raises(GRPCError) as caught:
                assert [word async for word in stub.chat(endless("enough"))]
            assert caught.value.status is Status.OUT_OF_RANGE

    asyncio.run(main())


def test_who_stops_listening_ends_the_call() -> None:
    stopped = asyncio.Event()

    class Endless(Relay):
        async def repeat(self, request: Any) -> AsyncIterator[Any]:
            try:
                while True:
                    yield request.word
                    await asyncio.sleep(0.001)
            finally:
                stopped.set()

    async def main() -> None:
        async with relay(Endless()) as stub:
            async with aclosing(stub.repeat(RepeatRequest(word=Word(text="a")))) as words:
                async for word in words:
                    assert word.text == "a"
                    break
            await asyncio.wait_for(stopped.wait(), HANG)
            async with aclosing(stub.chat(later(WORDS * 100))) as words:
                async for word in words:
                    assert word.text == "a"
                    break
            assert await stub.join(WORDS) == Word(text="abc")

    asyncio.run(main())


def test_a_deprecated_method_warns_its_caller() -> None:
    async def main() -> None:
        async with relay() as stub:
            warned = pytest.warns(DeprecationWarning, match=r"^Relay\.Shout is deprecated$")
            with pytest.raises(GRPCError, match="not implemented"), warned as caught:
                await stub.shout(Word())
            assert caught[0].filename == __file__
            with pytest.warns(DeprecationWarning, match=r"^Relay\.Shout is deprecated$"):
                await error_of(stub.Shout(Word()))

    asyncio.run(main())


def test_a_service_may_use_either_name() -> None:
    class Camel(services.RelayBase):  # type: ignore[misc]  # made at run time
        async def Echo(self, request: Any) -> Any:
            return Word(text="camel")

    class Snake(Camel):
        async def echo(self, request: Any) -> Any:
            return Word(text="snake, not " + (await super().echo(request)).text)

    class Mixin:
        async def Ping(self, request: Empty) -> Empty:
            return Empty()

    class Mixed(Mixin, Snake):
        pass

    async def main() -> None:
        async with relay(Camel()) as stub:
            assert (await stub.echo(Word())).text == "camel"
            assert (await error_of(stub.ping(Empty()))).status is Status.UNIMPLEMENTED
        async with relay(Mixed()) as stub:
            assert (await stub.echo(Word())).text == "snake, not camel"
            assert await stub.ping(Empty()) == Empty()
        assert (await Mixed().Echo(Word())).text == "snake, not camel"

    asyncio.run(main())


def test_mistakes_of_a_service_are_logged_and_answered(caplog: pytest.LogCaptureFixture) -> None:
    class Mistaken(Relay):
        async def echo(self, request: Any) -> Any:
            return RepeatRequest() if request.text else Word(text="\ud800")

        async def repeat(self, request: Any) -> Any:
            return []

        async def join(self, requests: AsyncIterator[Any]) -> Any:
            raise GRPCError(Status.NOT_FOUND, "no words here")

    async def main() -> None:
        async with relay(Mistaken()) as stub:
            wrong = await error_of(stub.echo(Word(text="a")))
            assert wrong.status is Status.INTERNAL
            assert wrong.message == f"the implementation of {PREFIX}Echo returned RepeatRequest, not Word"
            unfit = await error_of(stub.echo(Word()))
            assert unfit.status is Status.INTERNAL
            assert f"{PREFIX}Echo returned what cannot be encoded: Word.text: " in (unfit.message or "")
            plain = await error_of(stub.repeat(RepeatRequest()).__anext__())
            assert plain.message == f"the implementation of {PREFIX}Repeat is not an async generator: " + (
                "it returned coroutine"
            )
            assert (await error_of(stub.join(WORDS))).message == "no words here"

    asyncio.run(main())
    assert [
        record.getMessage() for record in caplog.records if record.name == "chaukas_spec_lite.rpc.stubs.handlers"
    ] == [
        f"the implementation of {PREFIX}Echo returned RepeatRequest, not Word",
        f"the implementation of {PREFIX}Echo returned what cannot be encoded: Word.text: "
        + caplog.records[1].getMessage().partition("Word.text: ")[2],
        f"the implementation of {PREFIX}Repeat is not an async generator: it returned coroutine",
    ]


def test_requests_that_are_none() -> None:
    def client(port: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            for method, requests, problem in [
                ("Echo", [b"\x0a\x05x"], "Word: a length of 5 bytes exceeds the 1 that are left (at byte 1)"),
                ("Echo", [], f"a request to {PREFIX}Echo holds no message"),
                ("Join", [HELLO, b"\x0a\x01\xff"], "Word.text: a string is not UTF-8"),
            ]:
                with pytest.raises(grpc.RpcError) as caught:
                    channel.stream_unary(f"{PREFIX}{method}")(iter(requests), timeout=HANG)
                assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
                assert problem in caught.value.details()
            echo = channel.unary_unary(f"{PREFIX}Echo")
            with pytest.raises(grpc.RpcError) as caught:
                echo(HELLO * 100, timeout=HANG, compression=grpc.Compression.Gzip)
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED

    async def main() -> None:
        async with our_server(Relay()) as port:
            await asyncio.to_thread(client, port)

    asyncio.run(main())


def test_a_service_may_answer_in_bytes() -> None:
    class Ready(Relay):
        async def echo(self, request: Any) -> Encoded:
            return Encoded(HELLO)

        async def chat(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for _ in requests:
                yield Encoded(HELLO)

    async def main() -> None:
        async with relay(Ready()) as stub:
            assert (await stub.echo(Word())).text == "hello"
            assert [word.text async for word in stub.chat(WORDS)] == ["hello"] * 3

    asyncio.run(main())


def test_the_codec_alone() -> None:
    codec = MessageCodec()
    assert codec.encode(Word(text="hello"), Word) == HELLO
    assert codec.encode(Encoded(HELLO), Word) == HELLO
    assert type(codec.encode(Encoded(HELLO), Word)) is bytes
    assert codec.decode(HELLO, Word) == Word(text="hello")
    with pytest.raises(TypeError, match="expected Word, got int"):
        codec.encode(5, Word)
