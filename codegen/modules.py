"""Puts a module together: header, imports, classes, and behind them the codecs."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.codecs import NOTE, emit_codecs
from codegen.messages import emit_constants, emit_deprecated_constants, emit_enum, emit_message
from codegen.model import File, Schema
from codegen.scope import Scope
from codegen.targets import Target
from codegen.writer import Writer

_SETTINGS = "# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportConstantRedefinition=false"
"""Codecs call those of other modules, and check at run time what type checkers know; fields may be in upper case."""


def header(source: str) -> list[str]:
    """The comment at the top of a generated file."""
    return [
        f"# Generated from {source} by `python -m codegen`.",
        "# Do not edit: change the proto file and run the command again.",
    ]


def emit_module(schema: Schema, file: File, target: Target) -> str:
    """Emit the module with the messages and enums of a proto file."""
    scope = Scope(schema, file, target)
    classes, codecs = Writer(), Writer()
    for enum in file.walk_enums():
        emit_enum(classes, enum, scope)
    for enum in file.enums:
        emit_constants(classes, enum, scope)
    emit_deprecated_constants(classes, file.enums, scope)
    for message in file.walk_messages():
        emit_message(classes, message, scope)
    if file.messages:
        codecs.lines(NOTE)
    for message in file.walk_messages():
        emit_codecs(codecs, message, scope)
    head = Writer()
    head.lines(header(file.path))
    head.line(_SETTINGS)
    head.docstring(file.doc or f"Messages of {file.path}.")
    head.gap()
    head.line("from __future__ import annotations")
    emit_imports(head, scope.imports)
    parts = [head, classes, _constants(scope), codecs]
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
    if module.startswith("."):
        return 3
    if module.startswith("chaukas_spec_lite"):
        return 2
    return 1 if module.partition(".")[0] in ("grpclib", "typing_extensions") else 0


def _constants(scope: Scope) -> Writer:
    writer = Writer()
    if scope.constants:
        writer.line("# What the codecs below look up, made once.")
    for name, (head, items, tail) in scope.constants.items():
        writer.listed(f"{name} = {head}", items, tail)
    return writer
