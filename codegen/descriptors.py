"""Encodes proto files as ``google.protobuf.FileDescriptorProto``, for server reflection, and emits the module of them.

What is written is what protoc writes, which the tests hold, except for options without an effect on the wire: the
linked schema does not have them. The numbers of fields are those of ``google/protobuf/descriptor.proto``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from chaukas_spec_lite.wire.format import LEN, VARINT, latin1, size, varint
from codegen.model import Enum, Field, File, Message, Schema, Service
from codegen.modules import header
from codegen.writer import WIDTH, Writer, quoted

MODULE = PurePosixPath("_descriptors.py")
"""Where the module goes, in the package's own generated part."""

_KINDS = (
    *("", "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "group", "message"),
    *("bytes", "uint32", "enum", "sfixed32", "sfixed64", "sint32", "sint64"),
)
"""The kinds of fields; the place of each is its number in ``FieldDescriptorProto.Type``."""

_SINGLE, _REPEATED = 1, 3


def emit_descriptors(schema: Schema, source: str) -> str:
    """Emit the module with all files that declare services, and all that these import.

    Args:
        schema: The schema.
        source: What the header of the module names as its source.
    """
    needed: set[str] = set()
    for file in reversed([*schema.files.values()]):  # A file comes after those that it imports.
        if file.services or file.path in needed:
            needed |= {file.path, *file.imports}
    files = [schema.files[path] for path in sorted(needed)]
    w = Writer()
    w.lines(header(source))
    w.docstring("What server reflection gives away: proto files as encoded `google.protobuf.FileDescriptorProto`s.")
    w.gap()
    w.line("from __future__ import annotations")
    w.gap()
    with w.block("IMPORTS: dict[str, list[str]] = {"):
        for file in files:
            w.listed(f"{quoted(file.path)}: [", [quoted(path) for path in file.imports], "],")
    w.line("}")
    w.docstring("Which files each file imports.")
    w.gap()
    with w.block("SYMBOLS: dict[str, str] = {"):
        w.lines(f"{quoted(name)}: {quoted(file.path)}," for file in files for name in _symbols(file))
    w.line("}")
    w.docstring("The file that declares each type, service and method, by full name.")
    w.gap()
    with w.block("FILES: dict[str, bytes] = {"):
        for file in files:
            with w.block(f"{quoted(file.path)}: ("):
                w.lines(_literals(encode_file(file), WIDTH - 8))
            w.line("),")
    w.line("}")
    w.docstring("The files.")
    return w.text()


def encode_file(file: File) -> bytes:
    """Encode a file, without comments, as a ``FileDescriptorProto``."""
    parts = (
        _text(1, file.path),
        _text(2, file.package) if file.package else "",
        *(_text(3, path) for path in file.imports),
        *(_part(4, _message(message)) for message in file.messages),
        *(_part(5, _enum(enum)) for enum in file.enums),
        *(_part(6, _service(service)) for service in file.services),
        _text(12, "proto3"),
    )
    return "".join(parts).encode("latin-1")


def _symbols(file: File) -> Iterator[str]:
    yield from (message.full_name for message in file.walk_messages())
    yield from (enum.full_name for enum in file.walk_enums())
    for service in file.services:
        yield service.full_name
        yield from (f"{service.full_name}.{method.name}" for method in service.methods)


def _message(message: Message) -> str:
    oneofs = [oneof.name for oneof in message.oneofs]
    fields: list[str] = []
    # protoc makes a message of each map's entries, and puts it among the nested ones, where the map is declared.
    nested = [(each.position, _message(each)) for each in message.messages]
    made_up: list[str] = []
    for field in message.fields:
        oneof = oneofs.index(field.oneof) if field.oneof is not None else None
        if field.label == "optional":  # protoc gives it a oneof of its own, behind all others.
            oneof = len(oneofs) + len(made_up)
            made_up.append(
                _unused(
                    f"_{field.name.removeprefix('_')}", {*oneofs, *made_up, *(each.name for each in message.fields)}
                )
            )
        if field.label == "map":
            entry = f"{_camel_case(field.name)}Entry"
            nested.append((field.position, _entry(entry, field)))
            fields.append(_map(field, f"{message.full_name}.{entry}"))
        else:
            fields.append(_field(field, oneof))
    parts = (
        _text(1, message.name),
        *(_part(2, field) for field in fields),
        *(_part(3, each) for _, each in sorted(nested)),
        *(_part(4, _enum(enum)) for enum in message.enums),
        _options(7, _flag(3, message.deprecated)),
        *(_part(8, _text(1, name)) for name in (*oneofs, *made_up)),
    )
    return "".join(parts)


def _field(field: Field, oneof: int | None) -> str:
    repeated = field.label == "repeated"
    # Packed is the default of proto3, and not said; what has a length of its own is never packed.
    packed = field.packed or not repeated or field.kind in ("string", "bytes", "message")
    parts = (
        _typed(field.name, field.number, _REPEATED if repeated else _SINGLE, field.kind, field.type_name),
        _options(8, ("" if packed else _number(2, 0)) + _flag(3, field.deprecated)),
        "" if oneof is None else _number(9, oneof),
        _text(10, field.json_name),
        _flag(17, field.label == "optional"),
    )
    return "".join(parts)


def _map(field: Field, entry: str) -> str:
    typed = _typed(field.name, field.number, _REPEATED, "message", entry)
    return typed + _options(8, _flag(3, field.deprecated)) + _text(10, field.json_name)


def _entry(name: str, field: Field) -> str:
    key = _typed("key", 1, _SINGLE, field.key_kind or "", None) + _text(10, "key")
    value = _typed("value", 2, _SINGLE, field.kind, field.type_name) + _text(10, "value")
    return _text(1, name) + _part(2, key) + _part(2, value) + _options(7, _flag(7, True))


def _typed(name: str, number: int, label: int, kind: str, type_name: str | None) -> str:
    """The fields 1 to 6 of a ``FieldDescriptorProto``."""
    typed = _text(1, name) + _number(3, number) + _number(4, label) + _number(5, _KINDS.index(kind))
    return typed if type_name is None else typed + _text(6, f".{type_name}")


def _enum(enum: Enum) -> str:
    values = [
        _text(1, value.name) + _number(2, value.number) + _options(3, _flag(1, value.deprecated))
        for value in enum.values
    ]
    allow_alias = len({value.number for value in enum.values}) < len(values)
    options = _flag(2, allow_alias) + _flag(3, enum.deprecated)
    return "".join([_text(1, enum.name), *(_part(2, value) for value in values)]) + _options(3, options)


def _service(service: Service) -> str:
    methods = (
        (
            _text(1, method.name),
            _text(2, f".{method.input_type}"),
            _text(3, f".{method.output_type}"),
            _options(4, _flag(33, method.deprecated)),
            _flag(5, method.client_streaming),
            _flag(6, method.server_streaming),
        )
        for method in service.methods
    )
    parts = (_text(1, service.name), *(_part(2, "".join(method)) for method in methods))
    return "".join(parts) + _options(3, _flag(33, service.deprecated))


def _options(number: int, content: str) -> str:
    return _part(number, content) if content else ""


def _flag(number: int, value: bool) -> str:
    return _number(number, 1) if value else ""


def _number(number: int, value: int) -> str:
    return varint(number << 3 | VARINT) + varint(value % 2**64)  # Negative numbers of enums have ten bytes.


def _text(number: int, text: str) -> str:
    return _part(number, latin1(text))


def _part(number: int, content: str) -> str:
    return varint(number << 3 | LEN) + size(len(content)) + content


def _camel_case(name: str) -> str:
    return re.sub(r"(?:^_*|_+)(.?)", lambda found: found[1].upper(), name)


def _unused(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name = f"X{name}"
    return name


def _literals(data: bytes, width: int) -> Iterator[str]:
    """Bytes as literals that fit into a width, one behind the other."""
    line = ""
    for byte in data:
        character = chr(byte)
        piece = character if " " <= character <= "~" and character not in '"\\' else f"\\x{byte:02x}"
        if len(line) + len(piece) + 3 > width:
            yield f'b"{line}"'
            line = ""
        line += piece
    yield f'b"{line}"'
