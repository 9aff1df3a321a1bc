"""From paths of ``.proto`` files to a checked schema: the one entrance to everything that reads proto files.

The steps are those of a compiler. ``sources`` finds and parses the files, ``symbols`` collects the names that they
declare, ``link`` resolves every name that they use and checks the rules. Each step reports to one list of mistakes and
goes on, so that one run names them all.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from codegen.declarations import FileDecl
from codegen.declared import Declared
from codegen.errors import Mistakes
from codegen.link import Linker
from codegen.model import Enum, File, Message, Position, Schema
from codegen.sources import Sources
from codegen.symbols import Symbols
from codegen.uncertain import Uncertain


def load_schema(paths: Sequence[str], roots: Sequence[Path]) -> Schema:
    """Load files and all that they import.

    What protobuf itself provides below ``google/protobuf/`` needs no root. ``google/protobuf/descriptor.proto`` may be
    imported to extend options, and so may other proto2 files, for their types and extensions. They are left out of the
    result, also of every ``File.imports``.

    Args:
        paths: Relative to one of ``roots``, with forward slashes.
        roots: The folders that are searched for files and their imports, in this order.

    Returns:
        The schema, in which every name is resolved.

    Raises:
        SchemaErrors: With every mistake in all files, except those that may only follow from a syntax error or from a
            missing file.
    """
    mistakes = Mistakes()
    sources = Sources(roots, mistakes)
    with _no_collection():
        sources.read_all(paths)
    declared = sources.in_order()
    visible = sources.visible()
    symbols = Symbols(visible, mistakes)
    # All files are declared before any is linked, since names may be used before their declaration, and across files.
    for file in declared:
        symbols.declare(file)
    uncertain = {file.path: Uncertain(file, sources.files, visible[file.path]) for file in declared}
    types = Declared(declared, symbols)
    files = [Linker(file, symbols, types, uncertain[file.path], mistakes).link() for file in declared]
    for file in declared:
        if file.path in paths and file.syntax == "proto2":
            _refuse(file, mistakes)
    # Only after all steps, so that one run names every mistake.
    mistakes.check(sources.imported_at)
    return _schema([file for file in files if file.path not in types.proto2])


@contextmanager
def _no_collection() -> Generator[None, None, None]:
    """Parse trees are many small objects that refer to each other: looking for garbage in them costs a fifth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _refuse(file: FileDecl, mistakes: Mistakes) -> None:
    """Report a proto2 file that is to be generated."""
    if file.syntax_at is None:
        what = 'there is no syntax line, which makes this a proto2 file: begin with syntax = "proto3";'
        mistakes.report(Position(file.path, 1, 1), what)
    else:
        what = 'nothing is generated for proto2 files, which only serve for options: write syntax = "proto3";'
        mistakes.report(file.syntax_at, what)


def _schema(files: Sequence[File]) -> Schema:
    """Index messages and enums by full name, nested ones included."""
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
