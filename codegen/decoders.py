"""Emits decoders: functions that read what ordinary encoders write, and leave everything else to ``slow_decode``.

A decoder reads two bytes at a time: a tag of one byte and the byte after it, or a tag of two bytes. It tries each field
once, in ascending order, because that is how encoders write them. What it does not recognise then is unusual, and goes
to ``slow_decode`` together with all that follows it. So do fields whose tags have more than two bytes.

Overruns are not checked field by field. A read past the end returns fewer bytes than it was asked for, and nothing can
follow it, so that one comparison at the end of the function, ``len(b) != n``, finds every one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from chaukas_spec_lite.wire.fields import DURATION, LIST, STRUCT, TIMESTAMP, VALUE, WRAPPERS
from chaukas_spec_lite.wire.format import I64, LEN, VARINT
from chaukas_spec_lite.wire.reading import WIRE_TYPES
from codegen.emitter import Emitter, enum_zero_constant, in_string, tag_of, wire_of
from codegen.model import Field, Message
from codegen.names import oneof_local
from codegen.scope import CodecScope
from codegen.types import ZEROS, has_presence, kind_of, scalar_type, value_type
from codegen.writer import Writer

_READING = "chaukas_spec_lite.wire.reading"
_WINDOW = "chaukas_spec_lite.wire.window"
_PLAIN = {
    STRUCT: "read_struct_in",
    LIST: "read_list",
    VALUE: "read_value",
    TIMESTAMP: "read_timestamp",
    DURATION: "read_duration",
    **{name: f"read_wrapped_{kind}" for name, kind in WRAPPERS.items()},
}
"""The readers of the well-known types that are plain values."""
_LEAVE_THE_REST = ["rest = h + read()", "break"]
_FEW = 128
"""Enums whose numbers are all below this are looked up in a list: it is quicker than a dict, and not too large."""


def is_read(field: Field) -> bool:
    """Whether the generated decoder itself reads a field: its tag must have one or two bytes."""
    return len(tag_of(field)) <= 2


class Decoder(Emitter):
    """Emits the decoder of a message.

    Args:
        writer: Takes the lines.
        scope: The names of the module.
        message: The message.
        fields: All its fields, in the order of their numbers.
        entries: The name of the function that decodes the entries of each map field.
    """

    def __init__(
        self, writer: Writer, scope: CodecScope, message: Message, fields: list[Field], entries: Mapping[str, str]
    ) -> None:
        super().__init__(writer, scope, message, fields)
        self._entries = entries
        self._own = [field for field in fields if is_read(field)]
        self.oneofs = {name: [field for field in members if is_read(field)] for name, members in self.oneofs.items()}

    def emit(self) -> None:
        """Emit the function."""
        w = self.writer
        w.gap(2)
        content = self.scope.name(_WINDOW, "Content")
        w.call(f"def _decode_{self.cls}", [f"data: {content}", "depth: int"], f" -> {self.cls}:")
        with w.indented():
            self._check_depth()
            if self._own:
                self._start()
                w.line('rest = b""')
                in_place = f"data.read if isinstance(data, {self.scope.name(_WINDOW, 'Window')})"
                w.line(f"read = {in_place} else {self.scope.name('io', 'BytesIO')}(data).read")
                self._chain(self._own, lambda: w.lines(_LEAVE_THE_REST))
            else:
                self._start()
                w.line("rest = bytes(data)")
            self._finish()

    def _start(self) -> None:
        """Create the message with every field at its default.

        The constructor would do the same, but it also checks and converts what a program may pass to it.
        """
        w = self.writer
        w.line(f"m = {self.scope.name('chaukas_spec_lite.message.record', 'new')}({self.cls})")
        alike: dict[str, list[str]] = {'b""': ["m._unknown_fields"]}  # one statement for all fields of one default
        for field in self.fields:
            # Containers are made one for each field; one statement for several would make them share one list.
            if container := {"repeated": "[]", "map": "{}"}.get(field.label):
                w.line(f"{self.attribute(field)} = {container}")
            else:
                alike.setdefault(self._default(field), []).append(self.attribute(field))
        for value, targets in alike.items():
            w.assignments(targets, value)
        w.lines(f"{oneof_local(oneof)} = False" for oneof, members in self.oneofs.items() if len(members) > 1)

    def _default(self, field: Field) -> str:
        if has_presence(field):
            return "None"
        if field.kind == "enum":
            return enum_zero_constant(field, self.scope)
        kind = scalar_type(field.kind)
        return self.zero_float(field) if kind == "float" else ZEROS[kind]

    def _finish(self) -> None:
        w = self.writer
        # ``merge`` goes on where the decoder stopped, so no byte is read twice, at any level.
        with w.block("if rest:"):
            w.line(f"{self.slow_decode}.merge(m, rest, depth)")
        w.line("return m")

    @property
    def slow_decode(self) -> str:
        """Use the decoder that accepts anything."""
        return self.scope.name("chaukas_spec_lite.message", "slow_decode")

    def _check_depth(self) -> None:
        with self.writer.block(f"if depth > {self.wire('MAX_DEPTH')}:"):
            self.writer.line(f"raise {self.wire('NotCanonical')}")

    def _chain(self, fields: list[Field], emit_rest: Callable[[], None]) -> None:
        """Emit the reading of the fields, in ascending order.

        ``emit_rest`` emits what is done with everything that is no such field, or is not in this order.
        """
        w = self.writer
        has_lengths = any(wire_of(field) == LEN for field in fields)
        # Declared before the loop, so that the comparison at the end works for a message without such fields, too.
        if has_lengths:
            w.lines([f'b: {self.scope.name(_WINDOW, "Content")} = b""', "n: int = 0"])
        w.line("h = read(2)")
        with w.block("while h:"):
            self._short_tags([field for field in fields if len(tag_of(field)) == 1])
            self._long_tags([field for field in fields if len(tag_of(field)) == 2])
            emit_rest()
        if has_lengths:
            # Only the last read of the input can come short, and it is the last value of ``b``.
            with w.block("if len(b) != n:"):
                w.line(f"raise {self.wire('NotCanonical')}")

    def _short_tags(self, fields: list[Field]) -> None:
        advance = "t = h[0]"
        if fields:
            self.writer.line(advance)
        for field in fields:
            self._case(field, ord(tag_of(field)), "h[1]", advance)

    def _long_tags(self, fields: list[Field]) -> None:
        if fields:
            # One look-up of both bytes in a dict of the message's own tags; 0 for any other, which no field has.
            items = [f'b"{in_string(tag_of(field))}": {field.number}' for field in fields]
            advance = f"t = {self.scope.constant(f'_tags_{self.cls}', '{', items, '}')}.get(h, 0)"
            self.writer.line(advance)
            for field in fields:
                self._case(field, field.number, "read(1)[0]", advance)

    def _case(self, field: Field, t: int, first: str, advance: str) -> None:
        """Emit the reading of one field whose tag is in ``t``, and of the tag that follows.

        Args:
            field: The field.
            t: What ``t`` is if it is this field's turn.
            first: An expression for the first byte after the tag.
            advance: The statement that sets ``t`` from the next two bytes, which are in ``h``.
        """
        w = self.writer
        # Elements that are not packed come one after another under the same tag: a loop saves trying all other fields.
        repeats = field.label == "map" or (field.label == "repeated" and not field.packed)
        with w.block(f"{'while' if repeats else 'if'} t == {t}:  # {field.name}"):
            if field.oneof is not None:
                self._choose(field, field.oneof)
            self._store(field, first)
            w.line("h = read(2)")
            with w.block("if not h:"):
                w.line("break")
            w.line(advance)
        if repeats:  # the loop over elements ended with the input, so the loop over fields ends too
            with w.block("if not h:"):
                w.line("break")

    def _choose(self, field: Field, oneof: str) -> None:
        """Emit what leaves the rest to ``slow_decode`` if another member of the oneof has been read.

        The last member counts, and the one before has to be cleared, but its content still has to be valid.
        """
        w, local, members = self.writer, oneof_local(oneof), self.oneofs[oneof]
        # No check for the first member and no note for the last: fields are tried in ascending order, once each.
        if field is not members[0]:
            with w.block(f"if {local}:"):
                w.lines(_LEAVE_THE_REST)
        if field is not members[-1]:
            w.line(f"{local} = True")

    def target(self, field: Field) -> str:
        """What a value is assigned to."""
        return self.attribute(field)

    def _store(self, field: Field, first: str) -> None:
        """Emit the reading of a field's content, and its assignment to the target."""
        w, target = self.writer, self.target(field)
        if wire_of(field) == LEN:
            w.line(f"n = {first}")
            with w.block("if n > 127:"):
                w.line(f"n = {self.wire('more_length')}(n, read)")
            # Read in place: Structs are most of what real events carry, and a copy of each would cost more than the
            # call.
            if kind_of(field) == STRUCT and field.label == "singular":
                reader = self.scope.name("chaukas_spec_lite.wellknown.readers", "read_struct")
                w.line(f"{target} = {reader}(read, n, depth + 1)")
                w.line('b, n = b"", 0')  # the reader has checked the length itself
                return
            if kind_of(field) == "message" and field.label != "map":
                window, long = self.scope.name(_WINDOW, "Window"), self.wire("LONG")
                # Without a window, long content would be copied once for each level of messages around it.
                w.line(f"b = read(n) if n < {long} else {window}(read, n)")
            else:
                w.line("b = read(n)")
        if field.label == "map":
            w.line(f"{self._entries[field.name]}({target}, b, depth + 1)")
        elif field.packed:
            w.bracketed(f"{target}.extend(", self._packed(field), ")")
        elif field.label == "repeated":
            w.bracketed(f"{target}.append(", self._read(field, first), ")")
        else:
            w.statement(f"{target} =", *self._read(field, first))

    def _read(self, field: Field, first: str) -> tuple[str, ...]:
        """Emit what has to be done before a value can be written as an expression, and return that expression.

        The content of a value with a length is in ``b`` by then. The expression is in parts, which the writer may put
        on lines of their own.
        """
        kind = kind_of(field)
        # A UnicodeDecodeError here is one of the exceptions that make the caller use the exact decoder, which says
        # where.
        if kind == "string":
            return ("b.decode()",)
        if kind == "bytes":
            return ("b",)
        if kind in _PLAIN:
            reader = "read_item" if kind == VALUE and self._in_container(field) else _PLAIN[kind]
            return (f"{self.scope.name('chaukas_spec_lite.wellknown.readers', reader)}(b, depth + 1)",)
        if kind == "message":
            assert field.type_name is not None
            return (f"{self.scope.function('_decode_', field.type_name)}(b, depth + 1)",)
        if WIRE_TYPES[kind] == VARINT:
            return self._varint(field, first)
        width = 8 if WIRE_TYPES[kind] == I64 else 4
        if first == "h[1]":  # the first byte has been read together with the tag
            return (f"{self.wire(f'unpack_behind_1_{kind}')}(h + read({width - 1}))[0]",)
        return (f"{self.wire(f'unpack_{kind}')}(read({width}))[0]",)

    def _in_container(self, field: Field) -> bool:
        """Whether a JSON value is one of many, where null is plain ``None``; in a field, ``None`` means not set."""
        return field.label == "repeated"

    def _varint(self, field: Field, first: str) -> tuple[str, ...]:
        """Emit the reading of a varint into ``v``; returns the expression for the value that it stands for."""
        w, kind = self.writer, field.kind
        more = f"{self.wire('more')}(v, read)"
        # The first byte alone is below 128 and needs no conversion, so all of this is done only for longer ones.
        if kind in ("enum", "int32", "int64"):
            more = f"{self.scope.name(_READING, 'signed')}({more}, {64 if kind == 'int64' else 32})"
        elif kind in ("uint32", "sint32"):
            more += " & 0xFFFFFFFF"
        w.line(f"v = {first}")
        with w.block("if v > 127:"):
            w.line(f"v = {more}")
        # Any varint but zero is true, as in the reference.
        if kind == "bool":
            return ("v != 0",)
        if kind in ("sint32", "sint64"):
            return (f"{self.scope.name(_READING, 'zigzag')}(v)",)
        return self._enum(field) if kind == "enum" else ("v",)

    def _enum(self, field: Field) -> tuple[str, ...]:
        """An expression for the enum value whose number is in ``v``."""
        assert field.type_name is not None
        cls = self.scope.cls(field.type_name)
        numbers = [value.number for value in self.scope.schema.enums[field.type_name].values]
        if max(numbers) < _FEW and min(numbers) == 0:
            count = max(numbers) + 1
            make, table = self.scope.name("chaukas_spec_lite.wire.enums", "members"), self.wire("Table")
            members = self.scope.table(f"_members_{cls}", f"{table}[{cls}]", f"{make}({cls}, {count})")
            # A number without a name is a value as well: the class makes a member of it, which is slower.
            return f"{members}[v]", f"if 0 <= v < {count}", f"else {cls}(v)"
        make = self.scope.name("chaukas_spec_lite.wire.enums", "members_by_number")
        members = self.scope.table(f"_members_{cls}", f"dict[int, {cls}]", f"{make}({cls})")
        return f"{members}[v]", f"if v in {members}", f"else {cls}(v)"

    def _packed(self, field: Field) -> tuple[str, ...]:
        """An expression for the values that are packed in ``b``."""
        kind = field.kind
        packed = f'{self.scope.name(_READING, "read_packed")}("{kind}", b, 0, len(b))'
        if kind == "enum":
            return *self._enum(field), f"for v in {packed}"
        if kind in ("int32", "int64", "uint32", "uint64"):  # bytes below 128 are whole varints, and iterate as ints
            return "b if b.isascii()", f"else {packed}"
        return (packed,)


class EntryDecoder(Decoder):
    """Emits the decoders of a message's map entries. Key and value are read into variables, not into a message."""

    def __init__(self, writer: Writer, scope: CodecScope, message: Message, fields: list[Field]) -> None:
        super().__init__(writer, scope, message, fields, {})

    def target(self, field: Field) -> str:
        """What a value is assigned to."""
        return field.name

    def _in_container(self, field: Field) -> bool:
        return True

    def emit_entry(self, field: Field) -> str:
        """Emit the function that decodes one entry and puts it into the map; returns the function's name."""
        assert field.key_kind is not None
        w, scope = self.writer, self.scope
        value = replace(field, name="value", number=2, label="singular", oneof=None)
        # A map is a repeated message of this form: https://protobuf.dev/programming-guides/encoding/#maps.
        key = replace(value, name="key", number=1, kind=field.key_kind, type_name=None)
        name = scope.private(f"_entry_{self.cls}_{field.name}")
        into = f"into: dict[{value_type(key, scope)}, {value_type(value, scope)}]"
        w.gap(2)
        w.call(f"def {name}", [into, "data: bytes", "depth: int"], " -> None:")
        with w.indented():
            self._check_depth()
            w.line(f"key = {ZEROS[scalar_type(field.key_kind)]}")
            w.line(self._value_start(field))
            w.line(f"read = {self.scope.name('io', 'BytesIO')}(data).read")
            entry = [self.cls, str(field.number), "data", "depth"]
            self._chain([key, value], lambda: self._emit_rest(entry))
            if field.kind == "message":  # no value means an empty message; None may also be JSON's null
                with w.block("if value is None:"):
                    w.call(f"key, value = {self.slow_decode}.read_entry", entry)
            w.line("into[key] = value")
        return name

    def _emit_rest(self, entry: list[str]) -> None:
        """Emit what leaves the rest of an entry to ``slow_decode``, with what has been read so far."""
        self.writer.call(f"key, value = {self.slow_decode}.finish_entry", [*entry, "(key, value)", "h + read()"])
        self.writer.lines(["into[key] = value", "return"])

    def _value_start(self, field: Field) -> str:
        """The statement that sets the value of an entry to its default; a message's is only made if it is missing."""
        if field.kind == "message":
            return f"value: {self.scope.name('typing', 'Any')} = None"
        if field.kind == "enum":
            return f"value = {enum_zero_constant(field, self.scope)}"
        return f"value = {ZEROS[scalar_type(field.kind)]}"
