"""The base class of every generated message.

A message is a slotted dataclass. Its codec is generated with it and connected by ``attach``; what is here only drives
it, and does what costs nothing to do generically: comparing, printing, copying. Where something is wrong, or unusual,
the slow and exact modules take over: ``slow_decode`` decodes anything and says what is wrong with it, ``diagnosis``
finds out why a message cannot be encoded.
"""

# The functions below the class are part of it:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import InitVar, dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import betterproto2

from chaukas_spec_lite.errors import DecodeError, EncodeError, EndOfStream
from chaukas_spec_lite.wire.fields import FieldData, fields_of
from chaukas_spec_lite.wire.format import varint
from chaukas_spec_lite.wire.rope import Text
from chaukas_spec_lite.wire.scalars import is_array, is_dict
from chaukas_spec_lite.wire.window import Content

if TYPE_CHECKING:
    from _typeshed import SupportsRead, SupportsWrite
    from typing_extensions import Self

M = TypeVar("M", bound="Message")


class _NoCodecError(TypeError):
    """Raised by a message class that ``attach`` has not connected with its codec."""

    def __init__(self, cls: type[Message]) -> None:
        super().__init__(f"{cls.__name__} has no codec: the module that declares it has not called attach for it (yet)")


new = object.__new__
"""Makes a message on which nothing is set, not even to defaults, for decoders."""


@dataclass(init=False, eq=False, repr=False)
class _WithUnknownFields(betterproto2.Message):
    """Makes ``dataclasses.replace`` hand the unknown fields to the constructor, while ``fields`` does not list them."""

    # Keyword-only, or it would come first in __match_args__.
    _unknown_fields: InitVar[bytes] = dataclasses.field(default=b"", kw_only=True)


class Message(_WithUnknownFields):
    """A protobuf message with betterproto2's interface and a codec generated for each class."""

    __slots__ = ("_unknown_fields",)

    if TYPE_CHECKING:
        _unknown_fields: bytes

    _full_name: ClassVar[str] = ""
    """The schema's name of the message, such as ``chaukas.spec.common.v1.Event``."""
    _field_by_number: ClassVar[dict[int, FieldData]]
    """What the exact decoder looks up, made when it first decodes the class."""

    if TYPE_CHECKING:
        _encode: ClassVar[Callable[[Any, int], Text]]
        _decode: ClassVar[Callable[[Content, int], Any]]
    else:  # what a class has until `attach` gives it its generated codec

        def _encode(self, _depth: int) -> Text:
            raise _NoCodecError(type(self))

        @classmethod
        def _decode(cls, _data: Content, _depth: int) -> Any:
            raise _NoCodecError(cls)

    def __init__(self, **fields: Any) -> None:
        raise TypeError(f"{type(self).__name__} is not a generated message class")

    def __post_init__(self) -> None:
        """Do nothing: generated constructors set everything themselves."""

    def _refuse(self, misspelt: dict[str, Any]) -> None:
        """Take ``_unknown_fields``, which only ``replace`` and copying pass; refuse any other unexpected argument."""
        self._unknown_fields = misspelt.pop("_unknown_fields", self._unknown_fields)
        for name in misspelt:
            import difflib  # which takes two milliseconds that few programs need

            near = difflib.get_close_matches(name, [field.name for field in fields_of(type(self))], 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{type(self).__name__} has no field {name!r}{hint}")

    def _refuse_two(self, oneof: str) -> None:
        """Refuse a constructor call that gives two members of a oneof."""
        given = [field.proto_name for field in fields_of(type(self)) if field.oneof == oneof and _is_set(self, field)]
        raise ValueError(
            f"{type(self).__name__}: {given[0]} and {given[1]} are both given, but only one of oneof {oneof} can be set"
        )

    def __bytes__(self) -> bytes:
        """Encode the message; raises ``EncodeError`` with the path of the first value that cannot be written."""
        try:
            return self._encode(0).encode("latin-1")
        except _NoCodecError:
            raise
        except Exception as error:  # whatever went wrong, the checks say it better
            raise _why_not(self, error) from error

    def SerializeToString(self) -> bytes:
        """Encode the message, under the name that the official package gives it."""
        return bytes(self)

    def dump(self, stream: SupportsWrite[bytes], delimit: bool = False) -> None:
        """Write the encoded message to a stream, behind its length as a varint if ``delimit``."""
        data = bytes(self)
        stream.write(varint(len(data)).encode("latin-1") + data if delimit else data)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Decode a message; raises ``DecodeError`` with path and offset exactly where the reference refuses too."""
        if type(data) is not bytes:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                raise TypeError(f"{cls.__name__}.parse expects bytes, got {type(data).__name__}")
            data = bytes(data)
        try:
            message = cls._decode(data, 0)
            if message.__class__ is cls:
                return message
        except _NoCodecError:
            raise
        except Exception:  # odd or wrong, which the exact decoder can tell apart
            pass
        from chaukas_spec_lite.message import slow_decode

        return slow_decode.parse(cls, data)

    @classmethod
    def FromString(cls, s: bytes) -> Self:
        """Decode a message, under the name that the official package gives it."""
        return cls.parse(s)

    def load(self, stream: SupportsRead[bytes], size: int | None = None) -> Self:
        """Read an encoded message from a stream and merge it into this one.

        ``size`` is its number of bytes: ``None`` for all there is, ``betterproto2.SIZE_DELIMITED`` (-1) if its length
        stands before it as a varint. A delimited stream that is at its end raises ``EndOfStream``; what this message
        holds has to be encodable, else ``EncodeError``. An error leaves the message as it was.
        """
        from chaukas_spec_lite.message import slow_decode

        if size == betterproto2.SIZE_DELIMITED:
            size = _read_size(stream)
        elif size is not None and size < 0:
            raise ValueError(f"a size of {size} bytes makes no sense; -1 stands for a length before the message")
        data = stream.read() if size is None else _read_exactly(stream, size)
        if size is not None and len(data) != size:
            raise DecodeError(f"the stream ends after {len(data)} of {size} bytes", path=type(self).__name__)
        loaded = self.parse(data)
        if self:  # merging is what decoding both, one behind the other, gives; a failure changes nothing
            loaded = slow_decode.parse(type(self), bytes(self) + data)
        _set_all(self, {field.name: getattr(loaded, field.name) for field in fields_of(type(self))})
        self._unknown_fields = loaded._unknown_fields
        return self

    def __eq__(self, other: object) -> bool:
        """Whether both are of one class and hold the same, unknown fields included; NaN is equal to itself."""
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Message)
        return self._unknown_fields == other._unknown_fields and all(
            _same(getattr(self, field.name), getattr(other, field.name)) for field in fields_of(type(self))
        )

    __hash__ = None  # type: ignore[assignment]  # messages can change

    def __repr__(self) -> str:
        """Show what is set: ``Event(event_id='e1', type=<EventType.AGENT_START: 10>)``."""
        shown = [
            f"{field.name}={getattr(self, field.name)!r}" for field in fields_of(type(self)) if _is_set(self, field)
        ]
        if self._unknown_fields:
            shown.append(f"_unknown_fields={self._unknown_fields!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __bool__(self) -> bool:
        """Whether anything is set."""
        return bool(self._unknown_fields) or any(_is_set(self, field) for field in fields_of(type(self)))

    def is_set(self, name: str) -> bool:
        """Whether a field holds anything but its default; for a field with presence, whether it is not ``None``."""
        for field in fields_of(type(self)):
            if field.name == name:
                return _is_set(self, field)
        raise AttributeError(f"{type(self).__name__} has no field {name!r}")

    def _values(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields_of(type(self)) if _is_set(self, field)}

    def __copy__(self, _: Any = None) -> Self:
        """Copy the message but not the values in it."""
        return _restore(type(self), self._values(), self._unknown_fields)

    def __deepcopy__(self, memo: Any = None) -> Self:
        """Copy the message and all values in it; ``memo`` first, as a message may (wrongly) contain itself."""
        copied = type(self)()
        memo = {} if memo is None else memo
        memo[id(self)] = copied
        _set_all(copied, copy.deepcopy(self._values(), memo))
        copied._unknown_fields = self._unknown_fields
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the values as they are, so that what could not be encoded survives too."""
        return _restore, (type(self), self._values(), self._unknown_fields)

    def to_dict(
        self,
        *,
        output_format: betterproto2.OutputFormat = betterproto2.OutputFormat.PROTO_JSON,
        casing: betterproto2.Casing = betterproto2.Casing.CAMEL,
        include_default_values: bool = False,
        registry: Iterable[type[Message]] | None = None,
    ) -> dict[str, Any]:
        """Return the ProtoJSON form as plain values that ``json.dumps`` takes; raises ``JSONError``.

        ``casing`` chooses lowerCamelCase (the JSON names) or the schema's names; ``registry`` lists the message classes
        that an ``Any`` may hold. ``output_format=OutputFormat.PYTHON`` leaves enums, bytes, datetimes and numbers as
        the Python values they are.
        """
        from chaukas_spec_lite import protojson

        return protojson.to_dict(
            self,
            output_format=output_format,
            casing=casing,
            include_default_values=include_default_values,
            registry=registry,
        )

    @classmethod
    def from_dict(
        cls,
        value: Mapping[str, Any],
        *,
        ignore_unknown_fields: bool = False,
        registry: Iterable[type[Message]] | None = None,
    ) -> Self:
        """Make a message from its ProtoJSON form; raises ``JSONError`` with a JSON path."""
        from chaukas_spec_lite import protojson

        return protojson.from_dict(cls, value, ignore_unknown_fields=ignore_unknown_fields, registry=registry)

    def to_json(
        self,
        indent: int | str | None = None,
        include_default_values: bool = False,
        casing: betterproto2.Casing = betterproto2.Casing.CAMEL,
        *,
        registry: Iterable[type[Message]] | None = None,
    ) -> str:
        """Return the ProtoJSON form as text; raises ``JSONError``."""
        from chaukas_spec_lite import protojson

        return protojson.to_json(
            self, indent=indent, include_default_values=include_default_values, casing=casing, registry=registry
        )

    @classmethod
    def from_json(
        cls,
        value: str | bytes,
        *,
        ignore_unknown_fields: bool = False,
        registry: Iterable[type[Message]] | None = None,
    ) -> Self:
        """Make a message from ProtoJSON text; raises ``JSONError`` with a JSON path, line and column."""
        from chaukas_spec_lite import protojson

        return protojson.from_json(cls, value, ignore_unknown_fields=ignore_unknown_fields, registry=registry)


# betterproto2 resolves a class's annotations with the globals of the module that declares it, where the names that the
# base classes' annotations use are unknown. It empties those of its own base class for the same reason.
_WithUnknownFields.__annotations__ = {}
Message.__annotations__ = {}


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


def _is_set(message: Message, field: FieldData) -> bool:
    value = getattr(message, field.name)
    if value is None or field.has_presence:
        return value is not None
    # The one value that equals a default and is still written is minus zero.
    return value != field.default() or (type(value) is float and str(value) == "-0.0")


def _same(a: Any, b: Any) -> bool:
    if is_dict(a) and is_dict(b) and type(a) is type(b) is dict:  # in JSON values, true is not 1
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    if type(a) in (list, tuple) and type(b) in (list, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if a == b:
        return True
    if type(a) is not type(b) or any(getattr(a, name, b"") != getattr(b, name, b"") for name in _CARRIED):
        return False
    if isinstance(a, float):
        return a != a and b != b
    if is_dict(a) and is_dict(b):
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    if is_array(a) and is_array(b):
        return len(a) == len(b) and all(map(_same, a, b))
    return False


_CARRIED = ("unknown", "inner_unknown")
"""What a ``Carrier`` has besides its plain value."""


def _restore(cls: type[M], values: dict[str, Any], unknown_fields: bytes) -> M:
    message = cls()
    _set_all(message, values)
    message._unknown_fields = unknown_fields
    return message


def _set_all(message: Message, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(message, name, value)


def _why_not(message: Message, error: Exception) -> EncodeError:
    from chaukas_spec_lite.message import diagnosis

    found = diagnosis.find(message)
    return found or EncodeError(f"cannot be encoded: {error!r}", path=type(message).__name__)


def _read_exactly(stream: SupportsRead[bytes], size: int) -> bytes:
    """Read in steps: a stream may return less than was asked for, and a length that lies must not cost its memory."""
    parts: list[bytes] = []
    while size > 0:
        part = stream.read(min(size, 1 << 20))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _read_size(stream: SupportsRead[bytes]) -> int:
    value = shift = 0
    while True:
        byte = stream.read(1)
        if not byte:
            raise DecodeError("the stream ends inside a length") if shift else EndOfStream("the stream has ended")
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            if value > 0x7FFFFFFF:
                raise DecodeError(f"a length of {value} bytes is too large")
            return value
        shift += 7
        if shift > 28:
            raise DecodeError("a length is longer than 5 bytes")
