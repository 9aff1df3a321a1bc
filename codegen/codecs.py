"""Emits the codecs: for each message an encoder and a decoder, straight through its fields by number."""

from __future__ import annotations

from codegen.decoders import Decoder, EntryDecoder, is_read
from codegen.encoders import Encoder
from codegen.model import Message
from codegen.scope import Scope
from codegen.writer import Writer

NOTE = (
    "# Encoders build latin-1 text, see chaukas_spec_lite.wire.format. Decoders read what encoders write, leave the",
    "# rest to chaukas_spec_lite.message.slow_decode: `h` is a tag and the byte behind it, or a tag of two.",
)
"""What the reader of a generated module should know of its codecs."""


def emit_codecs(writer: Writer, message: Message, scope: Scope) -> None:
    """Emit the encoder and the decoder of a message, behind those of the entries of its maps."""
    fields = sorted(message.fields, key=lambda field: field.number)
    Encoder(writer, scope, message, fields).emit()
    maps = [field for field in fields if field.label == "map" and is_read(field)]
    entries = {field.name: EntryDecoder(writer, scope, message, fields).emit_entry(field) for field in maps}
    Decoder(writer, scope, message, fields, entries).emit()
