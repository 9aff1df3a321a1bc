"""grpclib's channel, with public names for the private parts that ``rpc.client.channel`` builds on."""

# A subclass of grpclib's channel needs what it keeps to itself: tests/rpc/test_contract.py.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

import grpclib.client
from grpclib.config import Configuration

if TYPE_CHECKING:
    import ssl

    from grpclib.encoding.base import CodecBase

    from chaukas_spec_lite.rpc.transport.client_side import ClientSide


P = TypeVar("P", bound="ClientSide")


class BaseChannel(grpclib.client.Channel, Generic[P]):
    """A channel that leaves connecting to its subclass, by ``connect``.

    Args:
        codec: How generated stubs encode and decode messages.
        context: For TLS, or None for none.
        window: How many bytes a stream takes before it has to acknowledge any.
    """

    _protocol: P | None = None

    def __init__(self, codec: CodecBase, context: ssl.SSLContext | None, window: int) -> None:
        config = Configuration(http2_stream_window_size=window)
        # Where there is no ssl module, grpclib's own annotation is unknown to pyright.
        super().__init__(codec=codec, ssl=context, config=config)  # pyright: ignore[reportUnknownMemberType]
        self.configuration = self._config
        """grpclib's settings, with what it fills in."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop it belongs to."""
        return self._loop

    @property
    def protocol(self) -> P | None:
        """The connection made last, if any."""
        return self._protocol

    @protocol.setter
    def protocol(self, protocol: P | None) -> None:
        self._protocol = protocol

    @property
    def authority(self) -> str:
        """The host and port that requests name."""
        return self._authority

    @authority.setter
    def authority(self, authority: str) -> None:
        self._authority = authority

    @property
    def scheme(self) -> str:
        """``http``, or ``https`` with TLS."""
        return self._scheme

    @property
    def usable(self) -> bool:
        """Whether there is a connection on which calls can begin."""
        return self._protocol is not None and self._protocol.usable

    @property
    def _connected(self) -> bool:
        # grpclib only asks whether asyncio has reported the connection as lost. That comes late, or never over TLS, if
        # the peer has vanished; until then, calls would go to a connection that keepalive knows to be dead.
        return self.usable

    async def __connect__(self) -> P:
        return await self.connect()

    async def connect(self) -> P:
        """Return a connection that can be used, made now if need be."""
        raise NotImplementedError
