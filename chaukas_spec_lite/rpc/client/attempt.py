"""One attempt at a unary call: a request out, a response in, within its time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chaukas_spec_lite.errors import ResponseTooLargeError, RpcError
from chaukas_spec_lite.rpc.client.mapping import deadline_exceeded, of_ending, of_sending
from chaukas_spec_lite.rpc.client.response import message_of
from chaukas_spec_lite.rpc.transport.endings import Cause, Ended, Ending, ErrorCodes, H2Error
from chaukas_spec_lite.rpc.transport.framing import GZIP, TooLarge
from chaukas_spec_lite.rpc.transport.unary_stream import UnaryStream

if TYPE_CHECKING:
    from chaukas_spec_lite.rpc.client.connection import ClientProtocol
    from chaukas_spec_lite.rpc.transport.stream import Headers


class Retired(Exception):
    """The server retires a connection on which it has taken calls, and has not begun this one."""


class Response:
    """A complete response: a message or an error. Nothing is read from it before ``message`` is called."""

    def __init__(self, stream: UnaryStream, protocol: ClientProtocol) -> None:
        self._stream = stream
        self._framing = protocol.framing

    def message(self) -> bytes:
        """Return the encoded message; raise ``RpcError``, without RPC name and peer, if the response is an error."""
        stream = self._stream
        return message_of(stream.headers or (), stream.trailers, bytes(stream.body.data), self._framing)

    def trailing(self) -> dict[str, str]:
        """What came behind the message."""
        return dict(self._stream.trailers or ())

    def knows_gzip(self) -> bool:
        """Whether the server said that it takes gzip."""
        return any(name == "grpc-accept-encoding" and GZIP in value for name, value in self._stream.headers or ())


async def unary(protocol: ClientProtocol, headers: Headers, frame: bytes, timeout: float) -> Response:
    """Make one attempt at a unary call.

    Args:
        protocol: The connection.
        headers: Those of the request.
        frame: The request's message, framed.
        timeout: How many seconds the attempt may take.

    Returns:
        The complete response, which may be an error of the server's.

    Raises:
        Retired: The connection takes no more calls: another one has to be made.
        RpcError: None came. RPC name and peer are not filled in.
    """
    # Since the connection was made, other callbacks ran, so the peer may have closed it by now. grpclib's connection
    # has then dropped its transport, and making a stream would fail with an AttributeError.
    if protocol.ending is not None:
        raise _of_ending(protocol.ending, protocol)
    stream = UnaryStream(protocol)
    began = time.monotonic()

    def give_up() -> None:
        stream.fail(deadline_exceeded(f"no response came within {timeout:.3g} s", "", ""))
        protocol.give_up(began)  # Perhaps the server is gone: then the next call should not find that out by waiting.

    # A timer of the loop instead of `asyncio.timeout`: it cancels the task only while the request is still being sent,
    # and it also tells the connection.
    timer = protocol.loop.call_later(timeout, give_up)
    try:
        await stream.run(headers, frame)
    except Ended as error:
        raise _of_ending(error.ending, protocol) from None  # `Ended` only carries the ending: it says nothing more.
    except TooLarge as error:
        details = f"the response has at least {error.size} bytes, above the limit of {error.limit}"
        raise ResponseTooLargeError(details, size=error.size, limit=error.limit) from None
    except (H2Error, OSError) as error:
        if isinstance(error, RpcError):  # DeadlineExceededError is a TimeoutError, and that is an OSError.
            raise
        # If the connection has ended, h2's complaint is only a consequence. The ending tells the reason.
        mapped = of_ending(protocol.ending, "", "") if protocol.ending else of_sending(error, "", "")
        if mapped is None:
            raise
        # h2 may have sent a part, so that the two ends may disagree about windows or HPACK's tables. Other calls on
        # this connection would suffer; they are retryable, and a new connection begins anew.
        protocol.end(Ending(Cause.LOST, mapped.details))
        raise mapped from error
    finally:
        timer.cancel()
    return Response(stream, protocol)


def _of_ending(ending: Ending, protocol: ClientProtocol) -> RpcError | Retired:
    # A server that has taken nothing, and sends everybody away, is no better than one that fails: only repetitions
    # with growing waits are for those.
    serves = protocol.responded or protocol.leaving is not None
    retired = serves and ending.cause is Cause.GOAWAY and ending.code == ErrorCodes.NO_ERROR
    return Retired() if retired else of_ending(ending, "", "")
