"""How messages become the bytes that gRPC carries: a codec for grpclib, and messages that are bytes already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grpclib.encoding.base import CodecBase

if TYPE_CHECKING:
    from typing_extensions import Self


class Encoded(bytes):
    """A message in its encoded form, to be sent as it is: ``await stub.ingest_event(Encoded(data))``.

    Stubs take it for any request, and services may return it for any response. Nothing checks that the bytes are the
    message that the method calls for.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take bytes as they came."""
        return cls(data)

    @classmethod
    def FromString(cls, s: bytes) -> Self:
        """Take bytes as they came, under the name by which grpclib's own codec asks for it."""
        return cls(s)

    def SerializeToString(self) -> bytes:
        """Give the bytes, under the name by which grpclib's own codec asks for them."""
        return bytes(self)


class MessageCodec(CodecBase):
    """The codec for ``grpclib.client.Channel(codec=...)`` and ``grpclib.server.Server(codec=...)``.

    Our stubs and services work with grpclib's default codec too; that one looks for the ``google.rpc`` package of the
    official protobuf and loads it if it is installed, which takes time and serves nothing here.
    """

    @property
    def __content_subtype__(self) -> str:
        """What stands behind the plus sign in ``application/grpc+proto``."""
        return "proto"

    def encode(self, message: Any, message_type: Any) -> bytes:
        """Encode a message; one that is ``Encoded`` passes for any type. Raises ``TypeError`` and ``EncodeError``."""
        if not isinstance(message, (message_type, Encoded)):
            raise TypeError(f"expected {message_type.__name__}, got {type(message).__name__}")
        data: bytes = message.SerializeToString()
        return data

    def decode(self, data: bytes, message_type: Any) -> Any:
        """Decode a message; raises ``DecodeError``."""
        return message_type.parse(data)
