"""Emits encoders: functions that turn a message into latin-1 text, one character for each byte.

``chaukas_spec_lite.wire.format`` says why text. An encoder has a short way for the values that nearly every message
holds, and calls a function for all others: that function converts the value or refuses it. So checking types costs
nothing in the ordinary case.
"""

from __future__ import annotations

from chaukas_spec_lite.wire.fields import DURATION, LIST, STRUCT, TIMESTAMP, VALUE, WRAPPERS
from chaukas_spec_lite.wire.format import LEN, varint
from chaukas_spec_lite.wire.reading import WIRE_TYPES
from codegen.emitter import Emitter, enum_zero_constant, in_f_string, in_string, tag_of
from codegen.model import Field
from codegen.names import oneof_local
from codegen.types import has_presence, kind_of, scalar_type

_STRUCTS = "chaukas_spec_lite.wellknown.writers"
_CODECS = "chaukas_spec_lite.wellknown.writers"
_ROPE = "chaukas_spec_lite.wire.rope"
_PLAIN = {
    STRUCT: (_STRUCTS, "encode_struct"),
    LIST: (_STRUCTS, "encode_list"),
    VALUE: (_STRUCTS, "encode_value"),
    TIMESTAMP: (_CODECS, "timestamp"),
    DURATION: (_CODECS, "duration"),
    **{name: (_CODECS, f"wrapped_{kind}") for name, kind in WRAPPERS.items()},
}
"""The writers of the well-known types that are plain values."""

_SCALARS = {"float": "single", "bool": "boolean", "bytes": "binary"}
"""The functions that write scalars, where they do not have the name of the type."""

_TABLED = ("int32", "int64", "uint32", "uint64")
"""The types whose small values are looked up as varints in a table."""


class Encoder(Emitter):
    """Emits the encoder of a message."""

    def emit(self) -> None:
        """Emit the encoder."""
        w = self.writer
        w.gap(2)
        text = self.scope.name(_ROPE, "Text")
        w.call(f"def _encode_{self.cls}", [f"m: {self.cls}", "depth: int"], f" -> {text}:")
        with w.indented():
            with w.block(f"if depth > {self.wire('MAX_DEPTH')}:"):
                w.line(f"raise ValueError({self.wire('TOO_DEEP')})")
            if self.fields:
                self._body()
            else:
                w.line('return m._unknown_fields.decode("latin-1")')

    def _body(self) -> None:
        """Emit what writes the fields, and the unknown fields after them."""
        w = self.writer
        w.line(f'out: {self.scope.name(_ROPE, "Text")} = ""')
        w.line(f"v: {self.scope.name('typing', 'Any')}")
        if any(_in_s(field) for field in self.fields):
            w.line(f"s: {self.scope.name(_ROPE, 'Text')}")
        for field in self.fields:
            self._field(field)
        # Behind the known fields, as every implementation writes them.
        with w.block("if m._unknown_fields:"):
            w.line('out += m._unknown_fields.decode("latin-1")')
        w.line("return out")

    def _field(self, field: Field) -> None:
        """Emit what writes a field if it is set: ``v`` is its value."""
        w, attr = self.writer, self.attribute(field)
        # An empty list writes nothing; any other false value has to be looked at, because it may be a wrong one.
        if field.label == "repeated":
            with w.block(f"if (v := {attr}) or v.__class__ is not list:"):
                self._repeated(field)
        elif field.label == "map":
            with w.block(f"if (v := {attr}) or v.__class__ is not dict:"):
                self._map(field)
        elif field.oneof is not None:
            self._oneof_member(field, field.oneof)
        elif has_presence(field):
            with w.block(f"if (v := {attr}) is not None:"):
                self._value(field)
        else:
            # Most fields still hold the very object that the constructor put there: comparing identity is quickest.
            with w.condition("if", f"(v := {attr}) is not {self._zero(field)}", "and v is not None"):
                self._unless_zero(field)

    def _oneof_member(self, field: Field, oneof: str) -> None:
        """Emit what writes a member of a oneof; a local variable holds the name of the member that was written."""
        w, local = self.writer, oneof_local(oneof)
        members = self.oneofs[oneof]
        if field is members[0] and len(members) > 1:
            w.line(f'{local} = ""')
        with w.block(f"if (v := {self.attribute(field)}) is not None:"):
            # The first member has none before it, so its branch needs no check, and the last need not be noted.
            if field is not members[0]:
                with w.block(f"if {local}:"):
                    w.line(f'raise {self.scalar("two_members")}("{oneof}", {local}, "{field.name}")')
            if field is not members[-1]:
                w.line(f'{local} = "{field.name}"')
            self._value(field)

    def _zero(self, field: Field) -> str:
        """The object that a field without presence holds if nothing was assigned to it."""
        if field.kind == "enum":
            return enum_zero_constant(field, self.scope)
        kind = scalar_type(field.kind)
        if kind == "float":
            return self.zero_float(field)
        return "False" if kind == "bool" else self.wire({"str": "NO_TEXT", "bytes": "NO_BYTES", "int": "ZERO"}[kind])

    def _unless_zero(self, field: Field) -> None:
        """Emit what writes the value in ``v`` of a field without presence, unless it is equal to the default."""
        w, kind, tag = self.writer, field.kind, tag_of(field)
        if kind in ("string", "bytes"):
            self._content(kind)
            # Measured after the conversion: the length on the wire is that of the UTF-8 bytes.
            with w.block("if n := len(v):"):
                w.line(f"out += {self._sized(tag, 'v')}")
        elif kind == "enum":
            w.statement("s =", *self._enum(field, "v"))
            with w.block('if s != "\\0":'):
                w.line(f'out += f"{in_f_string(tag)}{{s}}"')
        else:
            exact = f'{self.scalar("unless_zero")}("{in_string(tag)}", {self._written(kind, "v")})'
            if kind in _TABLED:
                quick = f'f"{in_f_string(tag)}{{{self.wire("VARINTS")}[v]}}"'
                w.statement("out +=", quick, f"if v.__class__ is int and 0 < v < {self.wire('SMALL')}", f"else {exact}")
            elif kind == "bool":
                w.statement("out +=", f'"{in_string(tag)}\\x01"', "if v is True", f"else {exact}")
            # ``if v`` leaves out zero, but also minus zero, which has to be written; ``unless_zero`` tells them apart
            # by their bytes.
            elif kind == "double":
                packed = f'"{in_string(tag)}" + {self.wire("pack_double")}(v).decode("latin-1")'
                w.statement("out +=", packed, "if v", f"else {exact}")
            else:
                w.statement("out +=", exact)

    def _value(self, field: Field) -> None:
        """Emit what writes the value in ``v``, even if it is the default."""
        w, tag = self.writer, tag_of(field)
        if field.kind in ("string", "bytes"):
            self._content(field.kind)
            w.line("n = len(v)")
            w.line(f"out += {self._sized(tag, 'v')}")
        elif field.kind == "message":
            self._submessage(field, "v", 1)
            w.line("n = len(s)")
            w.line(f"out += {self._sized(tag, 's')}")
        else:
            w.statement("s =", *self._item(field, "v"))
            w.line(f'out += f"{in_f_string(tag)}{{s}}"')

    def _content(self, kind: str) -> None:
        """Emit what turns ``v`` into its content as latin-1 text.

        ASCII text stays as it is. A subclass of ``str`` does not: an f-string might format it as something else.
        """
        if kind == "bytes":
            self.writer.line(f"v = {self.scalar('raw')}(v)")
            return
        with self.writer.block("if v.__class__ is not str or not v.isascii():"):
            self.writer.line(f"v = {self.scalar('text')}(v)")

    def _sized(self, tag: str, content: str) -> str:
        """An expression for a tag, the length that is in ``n``, and the content."""
        # Most content is short: its length is looked up, and the whole field is one f-string.
        short = f'f"{in_f_string(tag)}{{{self.wire("VARINTS")}[n]}}{{{content}}}"'
        sized = f'{self.scope.name(_ROPE, "sized")}("{in_string(tag)}", {content})'
        return f"{short} if n < {self.wire('SMALL')} else {sized}"

    def _submessage(self, field: Field, v: str, levels: int) -> None:
        """Emit what puts the content of a message into ``s``.

        Args:
            field: The field that holds it.
            v: The variable in which it is.
            levels: How many levels further in than the encoder's own message it is: 2 if an entry is between them.
        """
        w, scope, kind = self.writer, self.scope, kind_of(field)
        if kind in _PLAIN:
            w.line(f"s = {scope.name(*_PLAIN[kind])}({v}, depth + {levels})")
            return
        assert field.type_name is not None
        cls = scope.cls(field.type_name)
        # A subclass, which a user may have made, is written by the encoder of the declared class.
        with w.block(f"if {v}.__class__ is not {cls}:"):
            w.line(f"{self.scalar('instance')}({v}, {cls})")
        w.line(f"s = {scope.function('_encode_', field.type_name)}({v}, depth + {levels})")

    def scalar(self, name: str) -> str:
        """Use a function that checks and writes single values."""
        return self.scope.name("chaukas_spec_lite.wire.scalars", name)

    def _written(self, kind: str, v: str) -> str:
        """An expression for a scalar without its tag."""
        return f"{self.scalar(_SCALARS.get(kind, kind))}({v})"

    def _enum(self, field: Field, v: str) -> tuple[str, ...]:
        """An expression for an enum value without its tag: from the table for a member, else by a function."""
        assert field.type_name is not None
        cls = self.scope.cls(field.type_name)
        table = self.scope.table(f"_varints_{cls}", "dict[int, str]", f"{self.scalar('enum_varints')}({cls})")
        return f"{v}.__class__ is {cls}", f"and {table}.get({v})", f"or {self.scalar('enumeration')}({v}, {cls})"

    def _item(self, field: Field, v: str) -> tuple[str, ...]:
        """An expression for a scalar or an enum value without its tag.

        It is in parts, which the writer may put on lines of their own.
        """
        if field.kind == "enum":
            return self._enum(field, v)
        if field.kind in _TABLED:
            is_small = f"{v}.__class__ is int and 0 <= {v} < {self.wire('SMALL')}"
            return f"{self.wire('VARINTS')}[{v}]", f"if {is_small}", f"else {self._written(field.kind, v)}"
        if field.kind == "double":
            return (f'{self.wire("pack_double")}({v}).decode("latin-1")',)
        return (self._written(field.kind, v),)

    def _repeated(self, field: Field) -> None:
        """Emit what writes the elements in ``v``."""
        w = self.writer
        items = f"(v if v.__class__ is list else {self.scalar('items')}(v))"
        if not field.packed:
            with w.block(f"for v in {items}:"):
                self._value(field)
            return
        # Packed: the values one after the other, without tags, behind one tag and length.
        w.bracketed('s = "".join([', [*self._item(field, "one"), f"for one in {items}"], "])")
        with w.block("if n := len(s):"):
            w.line(f"out += {self._sized(tag_of(field), 's')}")

    def _map(self, field: Field) -> None:
        """Emit what writes the entries in ``v``, each a message with the key as field 1 and the value as field 2."""
        assert field.key_kind is not None
        w = self.writer
        # An entry is a message, but no function is called for it that would check the depth.
        with w.block(f"if depth >= {self.wire('MAX_DEPTH')} and v:"):
            w.line(f"raise ValueError({self.wire('TOO_DEEP')})")
        key_tag = in_string(varint(1 << 3 | WIRE_TYPES[field.key_kind]))
        value_tag = in_string(varint(2 << 3 | WIRE_TYPES.get(field.kind, LEN)))
        with w.block(f"for key, one in {self.scalar('entries')}(v):"):
            if field.kind == "message":
                self._submessage(field, "one", 2)
                # A message's content needs its length in front; a scalar's text has all it needs.
                value = f"{self.wire('size')}(len(s)) + s"
            else:
                w.statement("s =", *self._item(field, "one"))
                value = "s"
            w.line(f's = "{key_tag}" + {self._written(field.key_kind, "key")} + "{value_tag}" + {value}')
            w.line("n = len(s)")
            w.line(f"out += {self._sized(tag_of(field), 's')}")


def _in_s(field: Field) -> bool:
    """Whether the encoder puts a field's content into ``s``, which it then has to declare."""
    if field.kind in ("message", "enum") or field.packed or field.label == "map":
        return True
    return field.kind not in ("string", "bytes") and (has_presence(field) or field.label == "repeated")
