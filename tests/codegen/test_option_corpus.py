"""Custom options, some thousand right and wrong: protoc and the loader find fault with the same ones."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import grpc_tools
import pytest
from grpc_tools import _protoc_compiler

from codegen.errors import SchemaErrors
from codegen.schema_loader import load_schema
from tests.codegen.option_corpus import CRASHES, HEAD, library, option_lines
from tests.codegen.snippets import write

INCLUDE = Path(grpc_tools.__file__).parent / "_proto"
FIRST = HEAD.count("\n")
"""The index of the first line of the corpus in its file."""


def by_protoc(root: Path, path: str) -> dict[int, str]:
    """What protoc reports in a file, by line; the compiler runs in this process."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", _protoc_compiler.ProtocWarning)  # of JSON names, which are not our subject
            _protoc_compiler.get_protos(path.encode(), [str(root).encode(), str(INCLUDE).encode()])
    except _protoc_compiler.ProtocErrors as errors:
        return {error.line + 1: str(error.message) for error in reversed(errors.args[0])}
    return {}


def by_us(root: Path, path: str) -> dict[int, str]:
    """What the loader reports in a file, by line."""
    try:
        load_schema([path], [root])
    except SchemaErrors as errors:
        places = [(error.position, error.message) for error in reversed(errors.errors)]
        return {place.line if place.file == path else 0: message for place, message in places}
    return {}


def write_lines(root: Path, lines: Sequence[str]) -> None:
    write(root, {"t.proto": HEAD + "\n".join(lines)})


def without(lines: Sequence[str], wrong: dict[int, str]) -> list[str]:
    return ["" if FIRST + index + 1 in wrong else line for index, line in enumerate(lines)]


def test_protoc_and_we_refuse_the_same_options(tmp_path: Path) -> None:
    write(tmp_path, library())
    lines = option_lines()
    write_lines(tmp_path, lines)
    syntax, of_all = by_protoc(tmp_path, "t.proto"), by_us(tmp_path, "t.proto")
    # protoc looks at what options mean only in a file without syntax errors.
    rest = without(lines, syntax)
    write_lines(tmp_path, rest)
    meaning, of_rest = by_protoc(tmp_path, "t.proto"), by_us(tmp_path, "t.proto")
    write_lines(tmp_path, without(rest, meaning))

    assert by_protoc(tmp_path, "t.proto") == {}
    assert syntax.keys() <= of_all.keys()
    differences = {
        lines[line - FIRST - 1]: (meaning.get(line), of_rest.get(line)) for line in meaning.keys() ^ of_rest.keys()
    }
    assert differences == {}
    wrong = len(syntax) + len(meaning)
    assert (wrong, len(lines) - wrong) == (1661, 527)


@pytest.mark.parametrize("option", CRASHES)
def test_what_protoc_does_not_survive_is_reported(tmp_path: Path, option: str) -> None:
    write(tmp_path, library())
    write_lines(tmp_path, [f"message M {{ option {option}; }}"])

    assert "does not extend" in by_us(tmp_path, "t.proto")[FIRST + 1]
