"""The base class of every generated message: encoding, decoding, streams and JSON.

The codec of a class is generated with it and connected by ``attach``; ``Message`` only drives it. The generated
functions are fast because they know only what is ordinary. Whatever else they meet is left to slow modules:
``slow_decode`` decodes anything and says what is wrong with it, ``diagnosis`` finds the value that cannot be encoded.
"""

# The functions below the class are part of it:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import betterproto2

from chaukas_spec_lite.errors import DecodeError, EncodeError, JSONError
from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.official import encode_foreign, full_name_of, not_the_message
from chaukas_spec_lite.message.record import Record, generated_class
from chaukas_spec_lite.message.sources import no_bytes, no_stream, read_exactly, read_size
from chaukas_spec_lite.wire.format import varint
from chaukas_spec_lite.wire.rope import Text
from chaukas_spec_lite.wire.window import Content

if TYPE_CHECKING:
    from _typeshed import SupportsRead, SupportsWrite
    from typing_extensions import Self

    from chaukas_spec_lite.message.official import EncodedMessage

M = TypeVar("M", bound="Message")


class _NoCodecError(TypeError):
    """Raised by a message class that ``attach`` has not connected with its codec."""

    def __init__(self, cls: type[Message]) -> None:
        super().__init__(f"{cls.__name__} has no codec: the module that declares it has not called attach for it (yet)")


class Message(Record):
    """A protobuf message with betterproto2's interface and a codec generated for each class.

    Two messages are equal if they are of one class and hold the same, unknown fields included. Messages can be copied,
    deep-copied and pickled, and are true if anything is set.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        _encode: ClassVar[Callable[[Any, int], Text]]
        _decode: ClassVar[Callable[[Content, int], Any]]
    else:  # what a class has until `attach` gives it its generated codec

        def _encode(self, _depth: int) -> Text:
            raise _NoCodecError(type(self))

        @classmethod
        def _decode(cls, _data: Content, _depth: int) -> Any:
            raise _NoCodecError(cls)

    def __bytes__(self) -> bytes:
        """Encode the message.

        Raises:
            EncodeError: A value cannot be written; ``path`` names the first one.
        """
        try:
            return self._encode(0).encode("latin-1")
        except (_NoCodecError, MemoryError):  # neither says anything of a value
            raise
        except Exception as error:  # whatever it was, diagnosis finds the value and says what was expected of it
            raise _why_not(self, error) from error

    def SerializeToString(self) -> bytes:
        """Encode the message, as ``bytes(message)`` does, under the name that the official package gives it.

        Raises:
            EncodeError: A value cannot be written; ``path`` names the first one.
        """
        return bytes(self)

    def dump(self, stream: SupportsWrite[bytes], delimit: bool = False) -> None:
        """Write the encoded message to a stream.

        Args:
            stream: Anything with a ``write`` that takes bytes.
            delimit: Whether the message's length in bytes goes before it, as a varint, so that more can follow.

        Raises:
            EncodeError: A value cannot be written; then nothing is.
            TypeError: ``stream`` is no stream of bytes.
        """
        data = bytes(self)
        try:
            stream.write(varint(len(data)).encode("latin-1") + data if delimit else data)
        except (AttributeError, TypeError) as error:  # asked afterwards, so that it costs a stream nothing
            raise no_stream(type(self), "dump", stream) or error from None

    @classmethod
    def parse(cls, data: EncodedMessage) -> Self:
        """Decode a message.

        Args:
            data: The encoded message, as ``bytes``, ``bytearray`` or ``memoryview``; or the same message of the
                official package, or of another protobuf implementation.

        Returns:
            The message; fields that this class does not know are kept, and encoded again.

        Raises:
            DecodeError: The bytes are no such message, for exactly what the reference implementation refuses too;
                ``path`` and ``offset`` say where.
            EncodeError: The other implementation cannot encode its message.
            TypeError: ``data`` is something else, or another message.
        """
        if type(data) is not bytes:
            data = _bytes_of(cls, data)
        try:
            message = cls._decode(data, 0)
        except _NoCodecError:
            raise
        except Exception:  # unusual or wrong, which the exact decoder can tell apart
            return slow_decode.parse(cls, data)
        # A subclass that a user made inherits a decoder that makes its base class.
        return message if message.__class__ is cls else cls._holding(message)

    @classmethod
    def FromString(cls, s: bytes) -> Self:
        """Decode a message, as ``parse`` does, under the name that the official package gives it.

        Raises:
            DecodeError: The bytes are no such message; ``path`` and ``offset`` say where.
        """
        return cls.parse(s)

    def load(self, stream: SupportsRead[bytes], size: int | None = None) -> Self:
        """Read an encoded message from a stream and merge it into this one, as decoding both in a row would.

        Args:
            stream: Anything with a ``read`` that returns bytes.
            size: The message's length in bytes; ``None`` takes all there is, ``betterproto2.SIZE_DELIMITED`` (-1)
                reads the length, a varint, from before the message.

        Returns:
            This message. An error leaves it as it was.

        Raises:
            EndOfStream: The stream ended where the length of the next message would begin.
            DecodeError: The stream ended too early, or its bytes are no such message.
            EncodeError: This message holds a value that cannot be written, so that nothing can be merged into it.
            ValueError: ``size`` is negative, and not -1.
            TypeError: ``stream`` is no stream of bytes.
        """
        if size is not None and size < betterproto2.SIZE_DELIMITED:
            raise ValueError(f"a size of {size} bytes makes no sense; -1 stands for a length before the message")
        cls = generated_class(type(self))  # a subclass's own attributes stay as they are
        try:
            if size == betterproto2.SIZE_DELIMITED:
                size = read_size(stream)
            data = stream.read() if size is None else read_exactly(stream, size)
            if size is not None and len(data) != size:
                raise DecodeError(f"the stream ends after {len(data)} of {size} bytes", path=type(self).__name__)
            loaded = cls.parse(data)
        except (AttributeError, TypeError) as error:  # asked afterwards, so that it costs a stream nothing
            raise no_stream(type(self), "load", stream) or error from None
        # The common case is an empty message. Otherwise the concatenation of two encodings decodes to their merge:
        # https://protobuf.dev/programming-guides/encoding/#last-one-wins
        if self:
            loaded = slow_decode.parse(cls, bytes(self) + data)
        # Taken over at the very end, so that an error leaves this message as it was.
        self._take(loaded)
        return self

    def to_dict(
        self,
        *,
        output_format: betterproto2.OutputFormat = betterproto2.OutputFormat.PROTO_JSON,
        casing: betterproto2.Casing = betterproto2.Casing.CAMEL,
        include_default_values: bool = False,
        registry: Iterable[type[Message]] | None = None,
    ) -> dict[str, Any]:
        """Make the ProtoJSON form of the message, as plain values that ``json.dumps`` takes.

        Args:
            output_format: ``OutputFormat.PYTHON`` leaves enums, bytes, datetimes and numbers as the Python values that
                they are, instead of their JSON form.
            casing: ``Casing.CAMEL`` for the JSON names of fields (lowerCamelCase), ``Casing.SNAKE`` for the schema's.
            include_default_values: Whether fields that are not set are included, with their defaults; those with
                presence never are.
            registry: The message classes that an ``Any`` may hold, besides the well-known types.

        Returns:
            A dict; but for a well-known type with another form, such as a ``ListValue``, what that form is.

        Raises:
            JSONError: The message holds something that has no JSON; ``path`` says where.
        """
        from chaukas_spec_lite.protojson import dump_messages

        try:
            return dump_messages.to_dict(
                self,
                output_format=output_format,
                casing=casing,
                include_default_values=include_default_values,
                registry=registry,
            )
        except AttributeError as error:  # one that somebody deleted
            raise _no_json(self, error) from error

    @classmethod
    def from_dict(
        cls,
        value: Mapping[str, Any],
        *,
        ignore_unknown_fields: bool = False,
        registry: Iterable[type[Message]] | None = None,
    ) -> Self:
        """Make a message from its ProtoJSON form, as ``json.loads`` returns it.

        Args:
            value: The dict. Fields may have their JSON names or the schema's.
            ignore_unknown_fields: Whether unknown fields, and unknown names of enum values, are passed over.
            registry: The message classes that an ``Any`` may hold, besides the well-known types.

        Raises:
            JSONError: It is not the form of this message; ``path`` says where.
        """
        from chaukas_spec_lite.protojson import load_messages

        return load_messages.from_dict(cls, value, ignore_unknown_fields=ignore_unknown_fields, registry=registry)

    def to_json(
        self,
        indent: int | str | None = None,
        include_default_values: bool = False,
        casing: betterproto2.Casing = betterproto2.Casing.CAMEL,
        *,
        registry: Iterable[type[Message]] | None = None,
    ) -> str:
        """Make the ProtoJSON form of the message, as text.

        Args:
            indent: As for ``json.dumps``: ``None`` for one line, else how far each level is indented.
            include_default_values: Whether fields that are not set are included, with their defaults; those with
                presence never are.
            casing: ``Casing.CAMEL`` for the JSON names of fields (lowerCamelCase), ``Casing.SNAKE`` for the schema's.
            registry: The message classes that an ``Any`` may hold, besides the well-known types.

        Raises:
            JSONError: The message holds something that has no JSON; ``path`` says where.
        """
        from chaukas_spec_lite.protojson import dump_messages

        try:
            return dump_messages.to_json(
                self, indent=indent, include_default_values=include_default_values, casing=casing, registry=registry
            )
        except AttributeError as error:  # one that somebody deleted
            raise _no_json(self, error) from error

    @classmethod
    def from_json(
        cls,
        value: str | bytes,
        *,
        ignore_unknown_fields: bool = False,
        registry: Iterable[type[Message]] | None = None,
    ) -> Self:
        """Make a message from ProtoJSON text.

        Args:
            value: The text, or its UTF-8 bytes. Fields may have their JSON names or the schema's.
            ignore_unknown_fields: Whether unknown fields, and unknown names of enum values, are passed over.
            registry: The message classes that an ``Any`` may hold, besides the well-known types.

        Raises:
            JSONError: It is no JSON, or not the form of this message; ``path``, ``line`` and ``column`` say where.
        """
        from chaukas_spec_lite.protojson import load_messages

        return load_messages.from_json(cls, value, ignore_unknown_fields=ignore_unknown_fields, registry=registry)


def attach(codecs: ModuleType, /, *classes: type[Any], **others: type[Any]) -> None:
    """Connect the classes of a generated module with the generated module of their codecs.

    The codecs need the classes, whose module imports the codecs' module and not the other way round. So the classes
    become globals of the codecs' module here: codecs find them as quickly as if they had imported them.

    Args:
        codecs: The module that holds ``_encode_X`` and ``_decode_X`` for each message class ``X``.
        classes: The message and enum classes of the module that calls this, as far as the codecs use them.
        others: Classes of other modules that the codecs use, by the names that they have there.
    """
    for name, cls in [*((cls.__name__, cls) for cls in classes), *others.items()]:
        setattr(codecs, name, cls)
    if hasattr(codecs, "_make_tables"):  # a module without enums has no tables
        codecs._make_tables()
    for cls in classes:
        if issubclass(cls, Message):
            cls._encode = getattr(codecs, f"_encode_{cls.__name__}")
            cls._decode = staticmethod(getattr(codecs, f"_decode_{cls.__name__}"))  # not bound to a class or a message


def _bytes_of(cls: type[Message], given: EncodedMessage) -> bytes:
    if isinstance(given, (bytes, bytearray, memoryview)):
        return bytes(given)
    name = full_name_of(given)
    if not name:
        raise no_bytes(cls, given)
    expected = generated_class(cls)._full_name
    if name != expected:
        raise not_the_message(f"{cls.__name__}.parse", expected, name)
    return encode_foreign(given)


def _why_not(message: Message, error: Exception) -> EncodeError:
    from chaukas_spec_lite.message import diagnosis  # here, because few programs ever need it

    found = diagnosis.find(message)
    return found or EncodeError(f"cannot be encoded: {error!r}", path=type(message).__name__)


def _no_json(message: Message, error: AttributeError) -> JSONError:
    found = _why_not(message, error)
    return JSONError(found.message, path=found.path.replace(type(message).__name__, "$", 1))
