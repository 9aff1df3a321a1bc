"""The relay service of ``tests/protos/relay``, generated, with an implementation of ours and one of grpcio's."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import grpc
from grpclib.client import Channel
from grpclib.encoding.base import CodecBase
from grpclib.exceptions import GRPCError
from grpclib.protocol import H2Protocol
from grpclib.server import Server

from tests import generated

_PACKAGE = generated.generate(("relay/relay.proto", "relay/awkward.proto")).__name__
messages: Any = importlib.import_module(f"{_PACKAGE}.relay.relay")
services: Any = importlib.import_module(f"{_PACKAGE}.relay.relay_grpc")
Word, RepeatRequest = messages.Word, messages.RepeatRequest

PREFIX = "/relay.v1.Relay/"


class Relay(services.RelayBase):  # type: ignore[misc]  # made at run time
    async def echo(self, request: Any) -> Any:
        return request

    async def repeat(self, request: Any) -> AsyncIterator[Any]:
        for _ in range(request.times):
            yield request.word

    async def join(self, requests: AsyncIterator[Any]) -> Any:
        return Word(text="".join([word.text async for word in requests]))

    async def chat(self, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for word in requests:
            yield word


class OfficialRelay(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
    """The same over grpcio, on bytes. It keeps the metadata and the time left of each call."""

    def __init__(self) -> None:
        self.seen: list[tuple[dict[str, Any], float | None]] = []

    def service(self, details: Any) -> Any:
        return {
            f"{PREFIX}Echo": grpc.unary_unary_rpc_method_handler(self._echo),
            f"{PREFIX}Repeat": grpc.unary_stream_rpc_method_handler(self._repeat),
            f"{PREFIX}Join": grpc.stream_unary_rpc_method_handler(self._join),
            f"{PREFIX}Chat": grpc.stream_stream_rpc_method_handler(lambda requests, context: requests),
        }.get(details.method)

    def _echo(self, request: bytes, context: Any) -> bytes:
        self.seen.append((dict(context.invocation_metadata()), context.time_remaining()))
        word = Word.parse(request).text
        if word == "refuse":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no: ünïcode")
        return b"\xff" if word == "garbage" else request

    def _repeat(self, request: bytes, context: Any) -> Iterator[bytes]:
        parsed = RepeatRequest.parse(request)
        for _ in range(parsed.times):
            yield bytes(parsed.word)

    def _join(self, requests: Iterator[bytes], context: Any) -> bytes:
        return bytes(Word(text="".join(Word.parse(request).text for request in requests)))


@contextmanager
def official_server() -> Iterator[tuple[int, OfficialRelay]]:
    handler = OfficialRelay()
    server = grpc.server(ThreadPoolExecutor(4), handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port, handler
    finally:
        server.stop(0).wait()


class PlainServer(Server):
    """grpclib's own server, which services need nothing more than; but it closes its connections at the end."""

    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self.protocols.append(protocol)
        return protocol

    async def __aenter__(self) -> PlainServer:
        self.protocols: list[H2Protocol] = []
        await self.start("127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        for protocol in self.protocols:
            protocol.processor.close()
        await asyncio.sleep(0.01)  # closing a connection takes the loop a round or two


@asynccontextmanager
async def our_server(service: Any, codec: CodecBase | None = None) -> AsyncIterator[int]:
    async with PlainServer([service], codec=codec) as server:
        yield cast("asyncio.Server", server._server).sockets[0].getsockname()[1]


@asynccontextmanager
async def stub_of(port: int, codec: CodecBase | None = None, **options: Any) -> AsyncIterator[Any]:
    async with Channel("127.0.0.1", port, codec=codec) as channel:
        yield services.RelayStub(channel, **{"timeout": 20, **options})


@asynccontextmanager
async def relay(service: Any = None, codec: CodecBase | None = None) -> AsyncIterator[Any]:
    """A stub of ours for a service of ours."""
    async with our_server(service or Relay(), codec) as port, stub_of(port, codec) as stub:
        yield stub


async def error_of(awaitable: Any) -> GRPCError:
    """The status that a call ends with."""
    try:
        answer = await awaitable
    except GRPCError as error:
        return error
    raise AssertionError(f"it should have failed, but answered {answer!r}")
