"""The base of the generated ``google.protobuf.Any``: putting a message in, and taking it out again.

A type is never looked up by the name that a message brings along: ``unpack`` is told the class that is expected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from chaukas_spec_lite.message.message import Message

if TYPE_CHECKING:
    from typing_extensions import Self

M = TypeVar("M", bound=Message)

PREFIX = "type.googleapis.com/"
"""What ``pack`` puts before the full name, as every implementation does by default."""


class AnyMessage(Message):
    """A message of any type: ``type_url`` names the type, ``value`` is the encoded message."""

    __slots__ = ()

    if TYPE_CHECKING:
        type_url: str
        value: bytes

    def pack(self, message: Message) -> Self:
        """Put a message in, whatever was in before; returns self, for ``Any().pack(message)``.

        Raises:
            EncodeError: if the message cannot be encoded.
        """
        if not isinstance(message, Message):
            raise TypeError(f"expected a message, got {type(message).__name__}")
        value = bytes(message)
        self.type_url, self.value = PREFIX + message._full_name, value
        return self

    @staticmethod
    def _well_known() -> tuple[type[Message], ...]:
        """The classes that JSON finds for any ``Any`` without being told of them; the generated class lists them."""
        raise NotImplementedError

    def is_type(self, cls: type[Message]) -> bool:
        """Whether the message in it is of this type: what stands behind the URL's last slash is its full name."""
        _, slash, full_name = self.type_url.rpartition("/")
        return bool(slash) and full_name == cls._full_name

    def unpack(self, cls: type[M]) -> M:
        """Take the message out.

        Raises:
            TypeError: if it is of another type than ``cls``; ``is_type`` tells beforehand.
            DecodeError: if its bytes are no such message.
        """
        if not self.is_type(cls):
            held = f"holds {self.type_url!r}" if self.type_url else "is empty"
            raise TypeError(f"this Any {held}, and no {cls._full_name}")
        return cls.parse(self.value)
