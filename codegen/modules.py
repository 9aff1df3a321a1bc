"""Puts modules together: one with the enums and dataclasses of a proto file, one beside it with their codecs.

They are two modules so that a user who follows a class to its definition finds dataclasses that read like hand-written
ones. Codecs and classes need each other, but imports must not go in a circle. So only the module of classes imports the
module of codecs; at its end it puts the classes into it, with one call of ``attach``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from codegen.decoders import Decoder, EntryDecoder, is_read
from codegen.encoders import Encoder
from codegen.messages import emit_constants, emit_deprecated_constants, emit_enum, emit_message
from codegen.model import File, Message, Schema
from codegen.scope import MAKE_TABLES, ClassScope, CodecScope
from codegen.targets import Target, codec_stem
from codegen.writer import WIDTH, Writer

_CLASS_SETTINGS = "# pyright: reportPrivateUsage=false, reportConstantRedefinition=false"
"""Constructors call private methods of the base class; a field may have a name in upper case, as constants have."""

_CODEC_SETTINGS = "# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false"
"""Codecs call those of other modules, and check at run time what type checkers take for certain. That they are called
at all, by way of the classes, type checkers do not see.
"""

_CODEC_DOC = """
Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""
_CLASSES_NOTE = "# At run time, `attach` puts these classes into this module: their own modules import it."


def header(source: str) -> list[str]:
    """The comment at the top of a generated file."""
    return [
        f"# Generated from {source} by `python -m codegen`.",
        "# Do not edit: change the proto file and run the command again.",
    ]


def emit_modules(schema: Schema, file: File, target: Target) -> tuple[str, str]:
    """Emit the two modules for the messages and enums of a proto file.

    Returns:
        The text of the module of classes, and of the module of codecs, which is empty if the file has no messages.
    """
    # One scope for both modules: the module of classes has to hand over what the codecs turned out to use.
    codecs = CodecScope(schema, file, target)
    codec_module = _codec_module(codecs) if file.messages else ""
    return _class_module(ClassScope(schema, file, target), codecs), codec_module


def _class_module(scope: ClassScope, codecs: CodecScope) -> str:
    file, body = scope.file, Writer()
    # Enums before messages, whose defaults are members of them; constants behind the classes that they are made of.
    for enum in file.walk_enums():
        emit_enum(body, enum, scope)
    for enum in file.enums:
        emit_constants(body, enum, scope)
    emit_deprecated_constants(body, file.enums, scope)
    for message in file.walk_messages():
        emit_message(body, message, scope)
    if file.messages:
        body.gap(2)
        _emit_attach(body, scope, codecs)
    head = _head(file, _CLASS_SETTINGS, file.doc or f"Messages of {file.path}.", scope.imports)
    return _joined(head, body)


def _emit_attach(writer: Writer, scope: ClassScope, codecs: CodecScope) -> None:
    """Emit the call of ``attach``.

    Classes of other files are given by keyword, because the module of codecs may have them under another name.
    """
    writer.line("# The module of codecs needs these classes, but cannot import them: this module imports it.")
    module = scope.target.module(scope.file.path)
    # Only the classes that the codecs name: an enum that is no field's type is not among them.
    own = [cls for full_name, cls in scope.classes.items() if full_name in codecs.classes_used]
    others = sorted(
        f"{local}={scope.cls(full_name)}"
        for full_name, local in codecs.classes_used.items()
        if full_name not in scope.classes
    )
    codec = scope.name(".", codec_stem(module.stem))
    writer.call(scope.name("chaukas_spec_lite.message.message", "attach"), [codec, *own, *others])


def _codec_module(scope: CodecScope) -> str:
    file, body = scope.file, Writer()
    for message in file.walk_messages():
        _emit_codec(body, message, scope)
    # Written after the codecs, which say what tables they need, and placed before them.
    tables = Writer()
    _emit_tables(tables, scope)
    doc = f"The codecs of the messages in {file.path}.\n{_CODEC_DOC}"
    checking = scope.name("typing", "TYPE_CHECKING")
    head = _head(file, _CODEC_SETTINGS, doc, scope.imports)
    head.gap()
    with head.block(f"if {checking}:"):
        head.line(_CLASSES_NOTE)
        for module in sorted(scope.class_imports, key=lambda module: (_group(module), module)):
            head.import_from(module, sorted(scope.class_imports[module]))
    return _joined(head, tables, body)


def _emit_codec(writer: Writer, message: Message, scope: CodecScope) -> None:
    """Emit the encoder and the decoder of a message, after the decoders of the entries of its maps."""
    fields = sorted(message.fields, key=lambda field: field.number)
    Encoder(writer, scope, message, fields).emit()
    maps = [field for field in fields if field.label == "map" and is_read(field)]
    entries = {field.name: EntryDecoder(writer, scope, message, fields).emit_entry(field) for field in maps}
    Decoder(writer, scope, message, fields, entries).emit()


def _emit_tables(writer: Writer, scope: CodecScope) -> None:
    """Emit what the codecs look up: constants, and what is made once the classes are there."""
    if scope.constants or scope.tables:
        writer.line("# What the codecs look up, made once.")
    for name, (head, items, tail) in scope.constants.items():
        writer.listed(f"{name} = {head}", items, tail)
    writer.lines(f"{name}: {table.annotation}" for name, table in scope.tables.items())
    if not scope.tables:
        return
    writer.gap(2)
    with writer.block(f"def {MAKE_TABLES}() -> None:"):
        writer.docstring("Make what depends on the classes. `attach` calls this once the classes are here.")
        for names in textwrap.wrap(", ".join(scope.tables), WIDTH - len("    global ,"), break_long_words=False):
            writer.line(f"global {names.rstrip(',')}")
        writer.lines(f"{name} = {table.expression}" for name, table in scope.tables.items())


def _head(file: File, settings: str, doc: str, imports: Mapping[str, set[str]]) -> Writer:
    writer = Writer()
    writer.lines([*header(file.path), settings])
    writer.docstring(doc)
    writer.gap()
    writer.line("from __future__ import annotations")
    emit_imports(writer, imports)
    return writer


def _joined(*parts: Writer) -> str:
    return "\n\n".join(text for text in (part.text() for part in parts) if text.strip())


def emit_imports(writer: Writer, imports: Mapping[str, set[str]]) -> None:
    """Write the imports of a module: the standard library's, other packages', our own, relative ones."""
    groups: dict[int, list[str]] = {}
    for module in imports:
        groups.setdefault(_group(module), []).append(module)
    for _, modules in sorted(groups.items()):
        writer.gap()
        for module in sorted(modules):
            clauses = sorted(imports[module])
            if module:
                writer.import_from(module, clauses)
            else:
                writer.lines(f"import {clause}" for clause in clauses)


def _group(module: str) -> int:
    # The order of isort's sections, which linters of other projects may ask for.
    if module.startswith("."):
        return 3
    if module.startswith("chaukas_spec_lite"):
        return 2
    return 1 if module.partition(".")[0] in ("grpclib", "typing_extensions") else 0
