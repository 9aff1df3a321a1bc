"""What the emitters of encoders and decoders have in common: tags, and the names of what codecs use.

Encoders and decoders must agree on each field's wire type and tag, so both are worked out here and nowhere else.
"""

from __future__ import annotations

from chaukas_spec_lite.wire.format import LEN, varint
from chaukas_spec_lite.wire.reading import WIRE_TYPES
from codegen.model import Field, Message
from codegen.names import field_names
from codegen.scope import CodecScope
from codegen.writer import Writer

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def wire_of(field: Field) -> int:
    """The wire type of a field."""
    return LEN if field.label == "map" or field.packed else WIRE_TYPES.get(field.kind, LEN)


def tag_of(field: Field) -> str:
    """A field's tag as latin-1 text: one character for each byte."""
    return varint(field.number << 3 | wire_of(field))


def in_string(tag: str) -> str:
    """A tag as it is written between the double quotes of a string literal, or of a bytes literal."""
    return "".join(_ESCAPES.get(char) or (char if " " <= char <= "~" else f"\\x{ord(char):02x}") for char in tag)


def in_f_string(tag: str) -> str:
    """A tag as it is written in the literal part of an f-string with double quotes."""
    return in_string(tag).replace("{", "{{").replace("}", "}}")


def enum_zero_constant(field: Field, scope: CodecScope) -> str:
    """The module's name for an enum's zero, which is quicker to look up than a member of the class."""
    assert field.type_name is not None
    cls = scope.cls(field.type_name)
    return scope.table(f"_zero_{cls}", cls, f"{cls}(0)")


class Emitter:
    """Emits code for one message, whose ``fields`` are in the order of their numbers."""

    def __init__(self, writer: Writer, scope: CodecScope, message: Message, fields: list[Field]) -> None:
        self.writer, self.scope, self.fields = writer, scope, fields
        self.cls = scope.cls(message.full_name)
        self.names = field_names(message)
        self.oneofs = {oneof.name: [field for field in fields if field.oneof == oneof.name] for oneof in message.oneofs}
        """The members of each oneof, in the order of their numbers."""

    def wire(self, name: str) -> str:
        """Use something of the wire format."""
        return self.scope.name("chaukas_spec_lite.wire.format", name)

    def zero_float(self, field: Field) -> str:
        """The name of the 0.0 that constructors assign, taken from the message that ``field`` belongs to.

        Encoders compare with it by identity. Other defaults are the same object wherever they are written, but each
        module has a 0.0 of its own.
        """
        return self.scope.zero_float(f"{self.cls}().{self.names[field.name]}")

    def attribute(self, field: Field) -> str:
        """The attribute of a field; codecs call the message ``m``."""
        return f"m.{self.names[field.name]}"
