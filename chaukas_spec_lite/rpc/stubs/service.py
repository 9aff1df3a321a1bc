"""The bases of generated stubs and services: the four kinds of calls, over grpclib.

They work with any grpclib channel and server, whatever its codec. Errors are grpclib's: ``GRPCError`` for a status,
``asyncio.TimeoutError`` for a deadline, ``StreamTerminatedError`` and ``OSError`` for a connection that fails; a
request that cannot be encoded raises ``EncodeError`` or ``TypeError`` where the call is made.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.rpc.stubs.calls import MetadataLike, Requests, RequestSender, receive
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.rpc.stubs.handlers import serve

if TYPE_CHECKING:
    from grpclib.client import Channel, Stream
    from grpclib.metadata import Deadline

Req = TypeVar("Req", bound=Message)
Res = TypeVar("Res", bound=Message)


@dataclass(frozen=True, slots=True)
class Method(Generic[Req, Res]):
    """An RPC as the schema describes it."""

    name: str
    """The name of its Python method, in snake_case."""
    alias: str
    """The other name of its Python method: the schema's, changed only where Python does not allow it."""
    route: str
    """The path of its requests: ``/chaukas.spec.client.v1.ChaukasClientService/IngestEvent``."""
    cardinality: Cardinality
    request_type: type[Req]
    response_type: type[Res]

    def unimplemented(self) -> GRPCError:
        """Make the error of a service that does not have it."""
        return GRPCError(Status.UNIMPLEMENTED, f"{self.route} is not implemented")


class _Service:
    """Gives each method both of its names, whichever of them a subclass defines."""

    _methods: ClassVar[tuple[Method[Any, Any], ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for method in cls._methods:
            # The nearest class that defines either name decides for both. A subclass that overrides one of them would
            # otherwise inherit the other one unchanged.
            names = {method.name, method.alias}
            owner = next(owner for owner in cls.__mro__ if names & vars(owner).keys())
            for missing in names - vars(owner).keys():
                (defined,) = names - {missing}
                setattr(cls, missing, vars(owner)[defined])


class ServiceStub(_Service):
    """Calls the methods of a service on a channel.

    Each method takes the last three arguments as well, for that call only.

    Args:
        channel: A channel of grpclib's.
        timeout: How many seconds a call may take. Of a timeout and a deadline, the earlier counts; without either, a
            call waits as long as the connection lasts.
        deadline: Until when a call may take.
        metadata: What requests carry beside their message; the keys of values that are ``bytes`` end in ``-bin``.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> None:
        self.channel = channel
        self.timeout = timeout
        self.deadline = deadline
        self.metadata = metadata

    def _open(
        self,
        method: Method[Any, Res],
        timeout: float | None,
        deadline: Deadline | None,
        metadata: MetadataLike | None,
    ) -> Stream[Any, Res]:
        return self.channel.request(
            method.route,
            method.cardinality,
            object,  # checked by `_request` instead: grpclib's codec would not take what is encoded already
            method.response_type,
            timeout=self.timeout if timeout is None else timeout,
            deadline=self.deadline if deadline is None else deadline,
            metadata=self.metadata if metadata is None else metadata,
        )

    async def _unary_unary(
        self,
        method: Method[Req, Res],
        request: Req | Encoded,
        timeout: float | None,
        deadline: Deadline | None,
        metadata: MetadataLike | None,
    ) -> Res:
        _check(method, request)
        async with self._open(method, timeout, deadline, metadata) as call:
            await call.send_message(request, end=True)
            response = await receive(call, method.route)
        return _required(method, response)

    async def _unary_stream(
        self,
        method: Method[Req, Res],
        request: Req | Encoded,
        timeout: float | None,
        deadline: Deadline | None,
        metadata: MetadataLike | None,
    ) -> AsyncGenerator[Res, None]:
        _check(method, request)
        async with self._open(method, timeout, deadline, metadata) as call:
            await call.send_message(request, end=True)
            while (response := await receive(call, method.route)) is not None:
                yield response

    async def _stream_unary(
        self,
        method: Method[Req, Res],
        requests: Requests[Req],
        timeout: float | None,
        deadline: Deadline | None,
        metadata: MetadataLike | None,
    ) -> Res:
        async with self._open(method, timeout, deadline, metadata) as call:
            await call.send_request()
            async with RequestSender(call, requests, lambda request: _check(method, request)) as sender:
                response = await sender.receive(method.route)
        return _required(method, response)

    async def _stream_stream(
        self,
        method: Method[Req, Res],
        requests: Requests[Req],
        timeout: float | None,
        deadline: Deadline | None,
        metadata: MetadataLike | None,
    ) -> AsyncGenerator[Res, None]:
        async with self._open(method, timeout, deadline, metadata) as call:
            await call.send_request()
            async with RequestSender(call, requests, lambda request: _check(method, request)) as sender:
                while (response := await sender.receive(method.route)) is not None:
                    yield response


def _check(method: Method[Any, Any], request: object) -> None:
    if not isinstance(request, (method.request_type, Encoded)):
        raise TypeError(f"{method.route} takes {method.request_type.__name__}, got {type(request).__name__}")


def _required(method: Method[Any, Res], response: Res | None) -> Res:
    if response is None:
        raise GRPCError(Status.INTERNAL, f"the server ended {method.route} with status OK, but without a message")
    return response


def full_names(services: Iterable[ServiceBase]) -> list[str]:
    """The names of services as the schema has them, such as ``chaukas.spec.client.v1.ChaukasClientService``."""
    return sorted({route.split("/")[1] for service in services for route in service.__mapping__()})


class ServiceBase(_Service):
    """Serves the calls of a service, when handed to ``MessageServer`` or ``grpclib.server.Server``.

    A subclass implements the methods, each under either of its two names (if it defines both, the one in snake_case
    is called); a call of a method that it leaves out ends with UNIMPLEMENTED. Raise ``grpclib.GRPCError`` to end a call
    with another status than OK.
    """

    _undecoded: ClassVar[frozenset[str]] = frozenset()
    """The methods, by their names in snake_case, that take their requests as ``Encoded``, just as they came."""

    def __mapping__(self) -> dict[str, Handler]:
        """Tell grpclib which coroutine serves which route."""
        return {method.route: self._handler(method) for method in self._methods}

    def _most(self, method: str) -> int | None:
        """The largest request of a method in bytes, by its name in snake_case; None for what the server takes."""
        return None

    def _handler(self, method: Method[Any, Any]) -> Handler:
        function = serve(
            getattr(self, method.name),
            method.route,
            method.cardinality,
            Encoded if method.name in self._undecoded else method.request_type,
            method.response_type,
            self._most(method.name),
        )
        # Requests are decoded by `serve`, the large ones in a thread. It checks the response's type, too: grpclib's
        # codec would not take what is encoded already.
        return Handler(function, method.cardinality, Encoded, object)
