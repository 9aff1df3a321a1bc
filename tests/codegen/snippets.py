"""Schemas for tests: short texts, written to a folder and loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from codegen.errors import SchemaErrors
from codegen.model import Schema
from codegen.schema_loader import load_schema

HEAD = 'syntax = "proto3";\n'


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def load_text(root: Path, text: str | bytes, **others: str) -> Schema:
    """Load ``t.proto``, which is ``text``; ``a=...`` is the text of ``a.proto`` without its syntax line."""
    write(root, {"t.proto": text, **{f"{name}.proto": HEAD + body for name, body in others.items()}})
    return load_schema(["t.proto"], [root])


def load_body(root: Path, body: str, **others: str) -> Schema:
    """Load ``t.proto``, which is the syntax line and then ``body``; ``a=...`` is the body of ``a.proto``."""
    return load_text(root, HEAD + body, **others)


def mistakes(root: Path, text: str | bytes, **others: str) -> list[str]:
    """What is reported about a schema that must not load, one text each."""
    with pytest.raises(SchemaErrors) as caught:
        load_text(root, text, **others)
    assert str(caught.value).splitlines() == [str(error) for error in caught.value.errors]
    return [str(error) for error in caught.value.errors]


@dataclass
class Case:
    """``body`` follows the syntax line; each ``^`` in it marks the place of a message, and is taken out."""

    body: str
    messages: tuple[str, ...]
    others: dict[str, str] = field(default_factory=dict)
    head: str = HEAD

    def text(self) -> str:
        return (self.head + self.body).replace("^", "")

    def expected(self) -> list[str]:
        pieces = (self.head + self.body).split("^")
        assert len(pieces) == len(self.messages) + 1, "one mark for each message"
        found: list[str] = []
        before = ""
        for piece, message in zip(pieces[:-1], self.messages, strict=True):
            before += piece
            line = before.count("\n") + 1
            found.append(f"t.proto:{line}:{len(before) - before.rfind(chr(10))}: {message}")
        return found


def case(body: str, *messages: str, head: str = HEAD, **others: str) -> Case:
    return Case(body, messages, others, head)
