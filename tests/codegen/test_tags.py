"""Every kind of field after tags of one, two, three and five bytes, against the reference.

The generated decoders read tags of one and of two bytes, each in its own way; longer ones are left to the exact one.
"""

from __future__ import annotations

import ast
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from google.protobuf.message import DecodeError as ReferenceDecodeError
from hypothesis import given, settings

from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.message.message import Message
from codegen.model import SCALARS
from codegen.output import generate as emit
from codegen.targets import Target
from tests.generated import classes, generate, schema
from tests.reference import reference_class
from tests.strategies import messages, reference_message

KINDS = [*sorted(SCALARS), "E", "M", "google.protobuf.Timestamp", "google.protobuf.Value", "google.protobuf.BoolValue"]
KEYS = [kind for kind in sorted(SCALARS) if kind not in ("double", "float", "bytes")]
NUMBERS = {"One": range(1, 16), "Two": range(16, 2048), "Three": range(2048, 262144), "Five": range(33554432, 2**29)}
FORMS = ("{}", "optional {}", "repeated {}", "repeated {} unpacked", "map<int32, {}>")


def declare(form: str, kind: str, name: str, number: int) -> str:
    packed = (
        " [packed = false]" if "unpacked" in form and kind not in ("string", "bytes", "M") and "." not in kind else ""
    )
    return f"{form.removesuffix(' unpacked').format(kind)} {name} = {number}{packed};"


def proto() -> str:
    """A message for each length of tags and each form, its fields as many as there are numbers."""
    parts = ["enum E { ZERO = 0; BIG = 2147483647; LOW = -1; }", "message M { int32 a = 1; M m = 16; }"]
    for length, numbers in NUMBERS.items():
        for position, form in enumerate(FORMS):
            for start in range(0, len(KINDS), len(numbers)):
                fields = zip(numbers, KINDS[start:], strict=False)
                body = " ".join(declare(form, kind, f"f{number}", number) for number, kind in fields)
                parts.append(f"message {length}{position}x{start} {{ {body} }}")
        numbered = zip(numbers, KEYS, strict=False)
        body = " ".join(declare(f"map<{key}, {{}}>", "string", f"f{number}", number) for number, key in numbered)
        parts.append(f"message {length}Keys {{ {body} }}")
        first, second, third = numbers[0], numbers[1], numbers[-1]
        members = f"int32 a = {first}; string b = {third}; M c = {second};"
        parts.append(f"message {length}Oneof {{ oneof which {{ {members} }} }}")
        members = f"int32 a = 1; string b = {third}; M c = {second};"
        parts.append(f"message {length}Mixed {{ oneof which {{ {members} }} map<string, M> d = {numbers[2]}; }}")
    imports = "".join(f'import "google/protobuf/{name}.proto";' for name in ("timestamp", "struct", "wrappers"))
    return 'syntax = "proto3";\n' + imports + "\n".join(parts)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tags")
    (folder / "tags.proto").write_text(proto())
    return folder


def test_each_message(root: Path) -> None:
    found = classes(generate(("tags.proto",), (root,)))
    assert len(found) > 30
    for full_name, cls in found.items():
        round_trip(cls, reference_class(schema(("tags.proto",), (root,)), full_name))


def round_trip(cls: type[Message], reference: type[Any]) -> None:
    @settings(max_examples=max(20, settings().max_examples // 10))
    @given(messages(cls))
    def check(message: Message) -> None:
        theirs = reference_message(message, reference())
        data = theirs.SerializeToString(deterministic=True)

        assert bytes(message) == data
        again = reference_message(cls.parse(data), reference())
        assert again.SerializeToString(deterministic=True) == data
        for end in range(max(len(data) - 40, 0), len(data)):
            assert accepts(cls, data[:end]) == reference_accepts(reference, data[:end])

    check()


def test_what_is_emitted_is_used(root: Path) -> None:
    """As pyright sees it, with all of the checkers' findings, in `test_checkers.py`, which takes longer."""
    files = emit(schema(("tags.proto",), (root,)), Target(), own=False)
    tree = ast.parse(files[PurePosixPath("tags.py")])
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("__"):
            assert function.decorator_list or function.name in used, function.name
            names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
            loaded = {node.id for node in names if isinstance(node.ctx, ast.Load)}
            assert {node.id for node in names if isinstance(node.ctx, ast.Store)} <= loaded, function.name


def accepts(cls: type[Message], data: bytes) -> bool:
    try:
        cls.parse(data)
    except DecodeError:
        return False
    return True


def reference_accepts(reference: type[Any], data: bytes) -> bool:
    try:
        reference.FromString(data)
    except ReferenceDecodeError:
        return False
    return True


class Flavour(str, Enum):
    """Formats itself as `Flavour.SWEET` from Python 3.12 on."""

    SWEET = "sweet"


class Formatted(str):
    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return "something else"

    __str__ = __repr__ = lambda self: "something else"  # type: ignore[assignment]  # what it is for


@pytest.mark.parametrize("value", [Flavour.SWEET, Formatted("sweet")], ids=["enum", "formatted"])
@pytest.mark.parametrize("length", NUMBERS)
def test_a_subclass_of_str_is_written_as_the_text_it_holds(root: Path, length: str, value: str) -> None:
    found = classes(generate(("tags.proto",), (root,)))
    start = KINDS.index("string") // len(NUMBERS[length]) * len(NUMBERS[length])
    number = NUMBERS[length][KINDS.index("string") - start]
    for position, wrap in enumerate([lambda v: v, lambda v: v, lambda v: [v], lambda v: [v], lambda v: {1: v}]):
        cls = found[f"{length}{position}x{start}"]
        assert bytes(cls(**{f"f{number}": wrap(value)})) == bytes(cls(**{f"f{number}": wrap("sweet")}))
    oneof = found[f"{length}Oneof"]
    assert bytes(oneof(b=value)) == bytes(oneof(b="sweet"))
    keys = found[f"{length}Keys"]
    number = NUMBERS[length][KEYS.index("string")] if KEYS.index("string") < len(NUMBERS[length]) else None
    if number is not None:
        assert bytes(keys(**{f"f{number}": {value: value}})) == bytes(keys(**{f"f{number}": {"sweet": "sweet"}}))
