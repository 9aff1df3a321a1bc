"""Whole generated files against those in `expected/`, which show the layout.

`python -m tests.codegen.test_files` updates them. Look at what `git diff` says then: that is what this test is for.
They end in `.txt`, so that no tool takes them for code of ours.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import tokenize
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codegen.output import generate
from codegen.schema_loader import load_schema
from codegen.targets import Target
from codegen.writer import WIDTH, Writer
from tests.codegen.snippets import HEAD, load_text

HERE = Path(__file__).parent
FILES = ["layout.proto", "public.proto"]


MODULES = ["_layout_codec.py", "_owner_codec.py", "layout.py", "owner.py", "public.py"]


def generated() -> dict[str, str]:
    files = generate(load_schema(FILES, [HERE / "protos"]), Target(), own=False)
    return {path.as_posix(): text for path, text in files.items()}


def expected_file(path: str) -> Path:
    return HERE / "expected" / f"{path}.txt"


@pytest.mark.parametrize("path", MODULES)
def test_file_is_as_expected(path: str) -> None:
    assert generated()[path] == expected_file(path).read_text(encoding="utf-8")


def test_no_other_file_is_generated() -> None:
    assert list(generated()) == sorted(["__init__.py", *MODULES])


@pytest.mark.parametrize("path", MODULES)
def test_layout(path: str) -> None:
    text = generated()[path]
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\n\n\n\n" not in text
    for line in text.splitlines():
        assert line == line.rstrip()
        assert len(line) <= WIDTH or "very_long_word" in line


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "a \\ backslash, \\n, \\N{BULLET}, \\x41, \\u0041 and \\",
        'a "quoted" word, and "at the end"',
        '"at the start"',
        'three """ quotes, four """" and """"',
        'three at the end """',
        '"""',
        '\\"""',
        '""',
        '"',
        "\\",
        '\\"',
        "Löwe, 山, \N{GRINNING FACE}, \u202e",
        "a\ttab, \x00, \x07, \x1b, \x0c, \r and \x7f",
        "x" * 300,
        'x" ' * 100,
        "{braces} %s $x",
        "two\n\n  indented\n\nparagraphs",
        "ends with a backslash in the last of lines\n\\",
        'ends with a quote in the last of lines\n"',
    ],
)
@pytest.mark.parametrize("depth", [0, 1])
def test_docstrings_say_what_the_comment_says(text: str, depth: int) -> None:
    writer = Writer()
    for _ in range(depth):
        writer._depth += 1
    writer.docstring(text)
    source = writer.text()

    (token, *rest) = (
        token
        for token in tokenize.generate_tokens(
            io.StringIO(source.replace("\n" + "    " * depth, "\n").lstrip()).readline
        )
        if token.type not in (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER)
    )
    assert not rest
    assert " ".join(builtins.eval(token.string).split()) == " ".join(text.expandtabs(4).split())
    for line in source.splitlines():
        assert len(line) <= WIDTH or not re.search(r"\S\s+\S{1,100}$", line)


_pieces = st.sampled_from(['"', '"""', "\\", "'", "\n", " ", "\r", "\t", "\0", "{", "#", "é", "\U0001f600", "x" * 130])
_TEXT = st.lists(_pieces | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=12).map("".join)


@given(_TEXT)
@example('Say """hello"""')
def test_a_module_says_what_its_comments_say(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever is written in the comments of a file, the modules compile, and their docstrings contain the words."""
    block = f"/*{text.replace('*/', '').replace('/*', '')} */"
    lines = "".join(f"//{line}\n" for line in text.replace("\r", "").split("\n"))
    for comment in (block, lines):
        message = f"message M {{\n{comment}\nint32 a = 1; oneof o {{{comment}\nM b = 2; }} }}"
        enum = f"enum E {{\n{comment}\nZ = 0; }}"
        body = f"{comment}\n{HEAD}package p;{comment}\n{message}{comment}\n{enum}"
        schema = load_text(tmp_path_factory.mktemp("comment"), body)
        source = generate(schema, Target(), own=False)[PurePosixPath("t.py")]
        strings = {
            " ".join(node.value.value.split())
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        }
        compile(source.encode(), "t.py", "exec")
        docs = [schema.files["t.proto"].doc, schema.messages["p.M"].fields[0].doc, schema.enums["p.E"].values[0].doc]
        for doc in filter(str.strip, docs):
            assert " ".join(doc.expandtabs(4).split()) in strings


def test_an_empty_comment_is_said_to_be_missing() -> None:
    writer = Writer()
    writer.docstring(" \n ")
    assert writer.text() == '"""Undocumented."""\n'


if __name__ == "__main__":
    for path in MODULES:
        expected_file(path).write_text(generated()[path], encoding="utf-8", newline="\n")
