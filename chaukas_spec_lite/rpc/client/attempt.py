"""One attempt at a unary call: a request out, a response in, within its time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chaukas_spec_lite.errors import ResponseTooLargeError, RpcError
from chaukas_spec_lite.rpc.client.mapping import deadline_exceeded, of_ending, of_sending
from chaukas_spec_lite.rpc.client.response import message_of
from chaukas_spec_lite.rpc.transport.endings import Cause, Ended, Ending, H2Error
from chaukas_spec_lite.rpc.transport.framing import GZIP, TooLarge
from chaukas_spec_lite.rpc.transport.unary_stream import UnaryStream

if TYPE_CHECKING:
    from chaukas_spec_lite.rpc.client.connection import ClientProtocol
    from chaukas_spec_lite.rpc.transport.stream import Headers


class Response:
    """A complete response, whatever it says."""

    def __init__(self, stream: UnaryStream, protocol: ClientProtocol) -> None:
        self._stream = stream
        self._framing = protocol.framing

    def message(self) -> bytes:
        """Return the encoded message; raise ``RpcError``, without RPC name and peer, if the response is no good one."""
        stream = self._stream
        return message_of(stream.headers or (), stream.trailers, bytes(stream.body.data), self._framing)

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
        RpcError: None came. RPC name and peer are not filled in.
    """
    if protocol.ending is not None:  # It ended as soon as it was made.
        raise of_ending(protocol.ending, "", "")
    stream = UnaryStream(protocol)
    began = time.monotonic()

    def give_up() -> None:
        stream.fail(deadline_exceeded(f"no response came within {timeout:.3g} s", "", ""))
        protocol.give_up(began)

    timer = protocol.loop.call_later(timeout, give_up)
    try:
        await stream.run(headers, frame)
    except Ended as error:
        raise of_ending(error.ending, "", "") from None
    except TooLarge as error:
        details = f"the response has at least {error.size} bytes, above the limit of {error.limit}"
        raise ResponseTooLargeError(details, size=error.size, limit=error.limit) from None
    except (H2Error, OSError) as error:
        if isinstance(error, RpcError):
            raise
        mapped = of_ending(protocol.ending, "", "") if protocol.ending else of_sending(error, "", "")
        if mapped is None:
            raise
        # Nothing says what state the connection is in now; a new one is sure to be good.
        protocol.end(Ending(Cause.LOST, mapped.details))
        raise mapped from error
    finally:
        timer.cancel()
    return Response(stream, protocol)
