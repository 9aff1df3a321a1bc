"""Loading ``.proto`` files: parse, link, check. The one entrance to everything that reads a schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codegen.errors import Mistakes
from codegen.link import Linker
from codegen.model import Enum, File, Message, Schema
from codegen.sources import Sources
from codegen.symbols import Symbols
from codegen.uncertain import Uncertain


def load(paths: Sequence[str], roots: Sequence[Path]) -> Schema:
    """Load proto3 files and all that they import.

    ``paths`` are relative to one of ``roots``, which are searched in order, and have forward slashes. What protobuf
    itself brings along below ``google/protobuf/`` needs no root. ``google/protobuf/descriptor.proto`` may be imported
    to extend options; it is left out of the result, of every ``File.imports`` too.

    Raises:
        SchemaErrors: with every mistake in all files, as far as syntax errors and missing files leave no doubt.
    """
    mistakes = Mistakes()
    sources = Sources(roots, mistakes)
    sources.read_all(paths)
    declared = sources.in_order()
    visible = sources.visible()
    symbols = Symbols(visible, mistakes)
    for file in declared:
        symbols.declare(file)
    uncertain = {file.path: Uncertain(file, sources.files, visible[file.path]) for file in declared}
    files = [Linker(file, symbols, uncertain[file.path], mistakes).link() for file in declared]
    mistakes.check()
    return _schema(files)


def _schema(files: Sequence[File]) -> Schema:
    messages: dict[str, Message] = {}
    enums: dict[str, Enum] = {}
    file_of: dict[str, str] = {}
    for file in files:
        for message in file.walk_messages():
            messages[message.full_name] = message
            file_of[message.full_name] = file.path
        for enum in file.walk_enums():
            enums[enum.full_name] = enum
            file_of[enum.full_name] = file.path
    return Schema({file.path: file for file in files}, messages, enums, file_of)
