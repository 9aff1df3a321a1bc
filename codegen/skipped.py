"""What was left out of a file because it could not be read, and what it may have declared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile

from antlr4 import Token
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L

from codegen.literals import string
from codegen.statements import Statement

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_PACKAGE = (L.IMPORT, L.OPTION, L.MESSAGE, L.ENUM, L.SERVICE, L.EXTEND, L.SYNTAX, L.EDITION, L.SEMICOLON)


@dataclass(slots=True)
class Skipped:
    """An account of it: nothing may be reported that could be otherwise if it had been read."""

    names: set[str] = field(default_factory=set[str])
    """Every word in it."""
    blocks: set[int] = field(default_factory=set[int])
    """The offsets of the braces that open the blocks it stood in."""
    syntax: bool = False
    """Whether the syntax line may have been among it."""
    proto3: bool = False
    """Whether the syntax line was among it, and was proto3's."""
    nameless: bool = False
    """Whether a message or an enum among it has no name, and could have had any."""
    package: bool = False
    """Whether the package may have been among it."""
    rest: bool = False
    """Whether only what stands at the head of a file is left."""

    @property
    def imports(self) -> bool:
        """Whether there may be imports among it."""
        return not self.names.isdisjoint(("import", "proto"))

    def add_text(self, text: str) -> None:
        """Take note of a piece of source, whatever it is."""
        self.names |= names_in(text)

    def add(self, text: str, statement: Statement, tokens: Sequence[Token], is_first: bool) -> tuple[int, int]:
        """Take note of a statement, and say where it begins and ends; ``is_first`` if it is the first of the file."""
        span = tokens[statement.start].start, tokens[statement.end].stop + 1
        self.add_text(text[slice(*span)])
        self.nameless |= any(map(_is_nameless, pairwise(tokens[statement.start : statement.end + 1])))
        if statement.parent and statement.parent.brace:
            self.blocks.add(statement.parent.brace.start)
            return span
        of_it = tokens[statement.start : statement.end + 1]
        types = [token.type for token in of_it]
        self.syntax |= is_first or types[0] == L.SYNTAX
        self.proto3 |= _is_proto3(of_it)
        may_be_package = types[0] not in _NO_PACKAGE and not {L.L_BRACE, L.EQUALS} & {*types}
        self.package |= may_be_package or L.PACKAGE in types
        return span


def names_in(text: str) -> frozenset[str]:
    """Every word in a piece of source."""
    return frozenset(_NAME.findall(text))


def _is_nameless(tokens: tuple[Token, Token]) -> bool:
    keyword, name = tokens
    return keyword.type in (L.MESSAGE, L.ENUM) and not L.SYNTAX <= name.type <= L.IDENTIFIER


def _is_proto3(tokens: Sequence[Token]) -> bool:
    """Whether a statement begins as the syntax line of proto3 does."""
    if [token.type for token in tokens[:3]] != [L.SYNTAX, L.EQUALS, L.STRING_LITERAL]:
        return False
    literals = takewhile(lambda token: token.type == L.STRING_LITERAL, tokens[2:])
    try:
        return string(*(literal.text for literal in literals)) == "proto3"
    except ValueError:
        return False
