"""The record of what was left out of a file because it could not be read, and of what it may have declared."""

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
    """What is known of the parts that were skipped.

    The steps that follow ask here before they report something as missing: if a skipped part may hold it, they do not.
    """

    names: set[str] = field(default_factory=set[str])
    """Every word in the skipped parts."""
    blocks: set[int] = field(default_factory=set[int])
    """The offsets of the opening braces of blocks of which a part was skipped."""
    syntax: bool = False
    """Whether the syntax line may have been skipped."""
    proto3: bool = False
    """Whether the syntax line was skipped, and says proto3."""
    nameless: bool = False
    """Whether a message or an enum without a name was skipped: it could have any name."""
    package: bool = False
    """Whether the package's name may have been skipped."""
    rest: bool = False
    """Whether everything but the head of the file was skipped."""

    @property
    def imports(self) -> bool:
        """Whether imports may have been skipped: an import has both words, and still one of them if one is misspelt."""
        return not self.names.isdisjoint(("import", "proto"))

    def add_text(self, text: str) -> None:
        """Record a piece of source of which nothing is known but its words."""
        self.names |= names_in(text)

    def add(self, text: str, statement: Statement, tokens: Sequence[Token], is_first: bool) -> tuple[int, int]:
        """Record a statement.

        Args:
            text: The file's text.
            statement: The statement.
            tokens: The tokens to which the indices of ``statement`` refer.
            is_first: Whether it is the first statement of the file.

        Returns:
            The offsets at which the statement begins and ends.
        """
        span = tokens[statement.start].start, tokens[statement.end].stop + 1
        self.add_text(text[slice(*span)])
        self.nameless |= any(map(_is_nameless, pairwise(tokens[statement.start : statement.end + 1])))
        # Within a block: it can be neither the syntax line nor the package, and only the block is incomplete.
        if statement.parent and statement.parent.brace:
            self.blocks.add(statement.parent.brace.start)
            return span
        of_it = tokens[statement.start : statement.end + 1]
        types = [token.type for token in of_it]
        self.syntax |= is_first or types[0] == L.SYNTAX  # only the first statement can be a misspelt syntax line
        self.proto3 |= _is_proto3(of_it)
        # ``packge a.b;``: any short statement without braces and "=" that begins with none of these words may be a
        # misspelt package.
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
    """Whether a statement begins like the syntax line of proto3, whatever is wrong further on."""
    if [token.type for token in tokens[:3]] != [L.SYNTAX, L.EQUALS, L.STRING_LITERAL]:
        return False
    literals = takewhile(lambda token: token.type == L.STRING_LITERAL, tokens[2:])
    try:
        return string(*(literal.text for literal in literals)) == "proto3"
    except ValueError:
        return False
