"""What the emitters of encoders and decoders have in common: tags, and the names of what codecs use."""

from __future__ import annotations

from chaukas_spec_lite.wire.format import LEN, varint
from chaukas_spec_lite.wire.reading import WIRE_TYPES
from codegen.model import Field, Message
from codegen.names import field_names
from codegen.scope import CodecScope
from codegen.writer import Writer

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def wire_of(field: Field) -> int:
    """The wire type that a field is written in."""
    return LEN if field.label == "map" or field.packed else WIRE_TYPES.get(field.kind, LEN)


def tag_of(field: Field) -> str:
    """A field's tag, in latin-1 text."""
    return varint(field.number << 3 | wire_of(field))


def in_string(tag: str) -> str:
    """A tag as it stands in a string in double quotes, or one of bytes."""
    return "".join(_ESCAPES.get(char) or (char if " " <= char <= "~" else f"\\x{ord(char):02x}") for char in tag)


def in_f_string(tag: str) -> str:
    """A tag as it stands in the literal part of an f-string in double quotes."""
    return in_string(tag).replace("{", "{{").replace("}", "}}")


def enum_zero_constant(field: Field, scope: CodecScope) -> str:
    """The module constant that holds an enum's zero: a look-up on the class would cost at every message."""
    assert field.type_name is not None
    cls = scope.cls(field.type_name)
    return scope.table(f"_zero_{cls}", cls, f"{cls}(0)")


class Emitter:
    """Emits something for one message, whose fields are in the order of their numbers."""

    def __init__(self, writer: Writer, scope: CodecScope, message: Message, fields: list[Field]) -> None:
        self.writer, self.scope, self.fields = writer, scope, fields
        self.cls = scope.cls(message.full_name)
        self.names = field_names(message)
        self.oneofs = {oneof.name: [field for field in fields if field.oneof == oneof.name] for oneof in message.oneofs}
        """The members of each oneof, in the order of their numbers."""

    def wire(self, name: str) -> str:
        """Use something of the wire format."""
        return self.scope.name("chaukas_spec_lite.wire.format", name)

    def attribute(self, field: Field) -> str:
        """A field of the message that is in ``m``."""
        return f"m.{self.names[field.name]}"
