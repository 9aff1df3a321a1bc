"""Messages of other protobuf implementations, and encoded ones: what of them is taken in place of a message of ours.

Programs that use the official package have its messages in hand. They are known by their descriptor's name, so that
``google.protobuf`` is never imported here, and each of its implementations will do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from chaukas_spec_lite.errors import EncodeError

if TYPE_CHECKING:
    from typing import TypeAlias


class OfficialMessage(Protocol):
    """A message of the official package, or of any other class made with ``google.protobuf``."""

    @property
    def DESCRIPTOR(self) -> Any:
        """What the class is made from; its ``full_name`` tells which message it is."""
        ...

    def SerializeToString(self) -> bytes:
        """Encode the message."""
        ...


class BufMessage(Protocol):
    """A message of ``protobuf-py``, Buf's implementation."""

    def to_binary(self) -> bytes:
        """Encode the message."""
        ...

    @classmethod
    def desc(cls) -> Any:
        """Return what the class is made from; its ``type_name`` tells which message it is."""
        ...


ForeignMessage: TypeAlias = OfficialMessage | BufMessage
"""A message of another protobuf implementation."""

Encoded: TypeAlias = bytes | bytearray | memoryview
"""An encoded message."""

EncodedMessage: TypeAlias = Encoded | ForeignMessage
"""A message in any form but that of a class of ours."""


def full_name_of(given: object) -> str:
    """Return the schema's name of a message of another implementation, such as ``chaukas.spec.common.v1.Event``.

    Args:
        given: Anything. A message class is no message.

    Returns:
        The name; empty if it is no message of another implementation.
    """
    cls = type(given)
    name: object = ""
    if callable(getattr(cls, "SerializeToString", None)):
        name = getattr(getattr(cls, "DESCRIPTOR", None), "full_name", "")
    elif callable(getattr(cls, "to_binary", None)) and callable(getattr(cls, "desc", None)):
        try:
            name = getattr(cast("type[BufMessage]", cls).desc(), "type_name", "")
        except Exception:  # of somebody else's class, which only has methods of these names
            return ""
    return name if isinstance(name, str) else ""


def encode_foreign(message: ForeignMessage) -> bytes:
    """Have a message of another implementation encoded by that.

    Args:
        message: The message; ``full_name_of`` knows it.

    Raises:
        EncodeError: It could not be.
    """
    write: Callable[[], object] = getattr(message, "SerializeToString", None) or cast("BufMessage", message).to_binary
    whose, path = type(message).__qualname__, full_name_of(message).rpartition(".")[2]
    try:
        data = write()
    except MemoryError:  # says nothing of the message
        raise
    except Exception as error:  # whatever somebody else's class raises, the message has no encoding
        raise EncodeError(f"the class {whose} cannot encode it: {error!r}", path=path) from error
    if type(data) is not bytes:
        raise EncodeError(f"the class {whose} made {type(data).__name__} of it, not bytes", path=path)
    return data


def not_the_message(call: str, expected: str, given: str, hint: str = "") -> TypeError:
    """Make the error of a call that was given a message of another type.

    Args:
        call: The call, such as ``emit``.
        expected: The full name of the message that it takes.
        given: That of the message that it was given.
        hint: What to do instead.
    """
    return TypeError(f"{call} expects {expected}, got {given}" + (f"; {hint}" if hint else ""))
