"""The base of the generated ``google.protobuf.Any``, which holds a message of another type in encoded form.

The type that an ``Any`` names is only ever compared: input must not decide which class is imported or made. So
``unpack`` is told the class that is expected.
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
    """A message of any type.

    Attributes:
        type_url: The type's full name behind a slash, as in ``type.googleapis.com/google.protobuf.Duration``.
        value: The message, encoded.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        type_url: str
        value: bytes

    def pack(self, message: Message) -> Self:
        """Put a message in; what was in before is replaced.

        Args:
            message: The message, which is encoded now: later changes do not show.

        Returns:
            This ``Any``, for ``Any().pack(message)``.

        Raises:
            EncodeError: The message cannot be encoded. Nothing is replaced then.
            TypeError: It is no message.
        """
        if not isinstance(message, Message):
            raise TypeError(f"expected a message, got {type(message).__name__}")
        # Encoded before either attribute is set, so that a failure changes nothing.
        value = bytes(message)
        self.type_url, self.value = PREFIX + message._full_name, value
        return self

    @staticmethod
    def _well_known() -> tuple[type[Message], ...]:
        """The classes that JSON finds for any ``Any`` without being told of them; the generated class has the list."""
        raise NotImplementedError

    def is_type(self, cls: type[Message]) -> bool:
        """Tell whether the message in it is of a type, by the name behind the last slash of ``type_url``.

        Args:
            cls: The class of the type.
        """
        # Only the part behind the last slash counts; what is before it may be any URL (see any.proto).
        _, slash, full_name = self.type_url.rpartition("/")
        return bool(slash) and full_name == cls._full_name

    def unpack(self, cls: type[M]) -> M:
        """Decode the message in it.

        Args:
            cls: The class of the message that is expected.

        Raises:
            TypeError: The message is of another type; ``is_type`` tells beforehand.
            DecodeError: Its bytes are no such message.
        """
        if not self.is_type(cls):
            held = f"holds {self.type_url!r}" if self.type_url else "is empty"
            raise TypeError(f"this Any {held}, and no {cls._full_name}")
        return cls.parse(self.value)
