"""Run with ``python -O`` too: responses and requests that are cut are errors, though asserts do nothing there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from grpclib import GRPCError, Status
from grpclib.client import Channel as PlainChannel
from grpclib.server import Server

from chaukas_spec_lite.errors import PeerProtocolError
from chaukas_spec_lite.rpc.client.attempt import unary
from chaukas_spec_lite.rpc.client.channel import Channel
from chaukas_spec_lite.rpc.client.endpoint import parse
from chaukas_spec_lite.rpc.server.server import MessageServer
from chaukas_spec_lite.spec.client.v1 import client as pb
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceBase, ChaukasClientServiceStub
from tests.rpc import faulty

ROUTE = "/chaukas.spec.client.v1.ChaukasClientService/Healthz"
HEADERS = [(":method", "POST"), (":scheme", "http"), (":path", ROUTE), (":authority", "here"), ("te", "trailers")]
HEADERS += [("content-type", "application/grpc")]
CUT = [b"\0\0\0", b"\0\0\0\0\7", b"\0\0\0\0\7\n"]


class Service(ChaukasClientServiceBase):
    async def healthz(self, request: pb.HealthzRequest) -> pb.HealthzResponse:
        return pb.HealthzResponse()


@asynccontextmanager
async def serving(server: Any) -> AsyncIterator[str]:
    await server.start("127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server._server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def refused(kind: type[Exception], call: Callable[[], Awaitable[object]]) -> Any:
    try:
        result = await call()
    except kind as error:
        return error
    raise SystemExit(f"it should have been refused, but was taken for {result!r}")


async def responses() -> None:
    for body in CUT:
        behaviour: faulty.Behaviour = lambda request, body=body: request.send(body=body, trailers=faulty.OK)  # noqa: E731
        async with faulty.faulty(behaviour) as (_, address):
            host, _, port = address.rpartition(":")
            for channel in (PlainChannel(host, int(port)), Channel(parse(address))):
                async with channel:
                    stub = ChaukasClientServiceStub(channel, timeout=60)
                    error = await refused(GRPCError, lambda stub=stub: stub.healthz(pb.HealthzRequest()))
                    if error.status is not Status.INTERNAL or " ends " not in error.message:
                        raise SystemExit(f"{body!r}: {error!r}")
            async with Channel(parse(address)) as ours:
                response = await unary(await ours.connection(60), HEADERS, b"\0\0\0\0\0", 60)

                async def message() -> bytes:
                    return response.message()  # noqa: B023  # called at once

                await refused(PeerProtocolError, message)


async def requests() -> None:
    for server, status in ((Server([Service()]), "3"), (MessageServer([Service()]), "13")):
        async with serving(server) as address, Channel(parse(address)) as channel:
            for body in CUT:
                response = await unary(await channel.connection(60), HEADERS, body, 60)
                found = dict(response._stream.trailers or response._stream.headers or ())
                if found.get("grpc-status") != status:
                    raise SystemExit(f"{type(server)}, {body!r}: {found}")
            await channel.aclose()


async def main() -> None:
    await responses()
    await requests()


if __name__ == "__main__":
    asyncio.run(main())
