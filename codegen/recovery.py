"""Reading a file in which some statements are wrong: those are left out, and the others are read all the same.

So the mistakes in the others are found in the same run. A statement is read by itself, up to its first syntax error;
the innermost statement with the error is left out, or completed if only its semicolon is missing, and the rest is read
again. ANTLR's own recovery, which may lose its place, is not needed, and nothing is found that follows from an error
before. ``codegen.skipped`` keeps account of what is left out. If a brace closes nothing, nobody can say what stands where,
so that only the head of the file counts.
"""

from __future__ import annotations

import copy
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from antlr4 import Token
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L
from proto_schema_parser.antlr.ProtobufParser import ProtobufParser

from codegen.errors import Mistakes
from codegen.skipped import Skipped
from codegen.statements import Statement, Statements
from codegen.tokens import Tokens, place, within_limits

_ROUNDS, _BUDGET = 100, 500_000
"""How often an outermost statement is parsed, and how many tokens in sum; other errors are found in the next run."""

_HEADS = (L.SYNTAX, L.EDITION, L.IMPORT, L.PACKAGE)
_OUTERMOST = (*_HEADS, L.SERVICE)
"""What begins statements that stand in no other, unless it is a name."""
_TOP = (*_OUTERMOST, L.MESSAGE, L.ENUM, L.EXTEND, L.OPTION, L.SEMICOLON)


@dataclass(frozen=True, slots=True)
class Fault:
    """A syntax error."""

    index: int
    """That of the token it was found at."""
    message: str
    wants_semicolon: bool
    """Whether a semicolon would have been right there."""


Parse = Callable[[Sequence[Token]], ProtobufParser.FileContext | Fault]
"""Parses tokens, of which the last one is the end of the file, up to the first error."""


class Recovery:
    """Reads the tokens of one file; ``source`` becomes those that could be read, and ``skipped`` says what could not."""

    def __init__(self, path: str, text: str, source: Tokens, mistakes: Mistakes, parse: Parse) -> None:
        self.source, self.skipped = source, Skipped()
        self._path, self._text, self._mistakes, self._parse = path, text, mistakes, parse
        self._written, self._broken = source.tokens, sorted(source.broken)

    def read(self) -> ProtobufParser.FileContext | None:
        """The tree of all that can be read, or None if that is nothing."""
        self.skipped.add_text(self._text[self._written[-1].start :])  # behind a comment that does not end
        self._leave_out_broken()
        self._leave_out_deep()
        tree = self._parse(self.source.tokens)
        if isinstance(tree, Fault):
            self._read_one_by_one()
            tree = self._parse(self.source.tokens)
        if isinstance(tree, Fault):
            self._leave_out_all_but_heads()
            tree = self._parse(self.source.tokens)
        return None if isinstance(tree, Fault) else tree

    def _leave_out_broken(self) -> None:
        statements = Statements(self.source.tokens)
        around = (self._around(offset, statements) for offset in self._broken)
        self._leave_out(statements, {statement for statement in around if statement})

    def _around(self, offset: int, statements: Statements) -> Statement | None:
        """The statement that something at an offset stands in, be it a token or between two."""
        tokens = statements.tokens
        index = bisect_right(tokens, offset, key=lambda token: token.start) - 1
        if index < 0:
            return None
        before, after = statements.at(index), statements.at(min(index + 1, len(tokens) - 1))
        return before if before is after or tokens[index].stop >= offset else None

    def _leave_out_deep(self) -> None:
        """Leave out what would have the parser recurse too deep."""
        statements = Statements(self.source.tokens)
        pieces = ((each, statements.tokens[each.start : each.end + 1]) for each in statements.top)
        deep = {each for each, piece in pieces if not within_limits(self._path, piece, self._mistakes)}
        self._leave_out(statements, deep)

    def _leave_out_all_but_heads(self) -> None:
        statements = Statements(self.source.tokens)
        types = [token.type for token in statements.tokens]
        self._leave_out(statements, {each for each in statements.top if types[each.start] not in _HEADS or each.brace})
        self.skipped.rest = True

    def _leave_out(self, statements: Statements, wrong: Collection[Statement]) -> None:
        if wrong:
            tokens = self._without(statements, wrong, is_first=True)
            self.source = Tokens(tokens)

    def _without(self, statements: Statements, wrong: Iterable[Statement], is_first: bool) -> list[Token]:
        """The tokens without some statements; ``is_first`` says whether they begin the file."""
        out: set[int] = set()
        for statement in sorted(wrong, key=lambda statement: statement.start - statement.end):  # the outer ones first
            if statement.start not in out:
                out.update(range(statement.start, statement.end + 1))
                begins = is_first and statement is statements.top[0]
                self.skipped.add(self._text, statement, statements.tokens, begins)
        return [token for index, token in enumerate(statements.tokens) if index not in out]

    # -- syntax errors

    def _read_one_by_one(self) -> None:
        """Find the errors in each of the outermost statements, and leave them out."""
        statements = Statements(self.source.tokens)
        *tokens, end = statements.tokens
        kept: list[Token] = []
        for statement in statements.top:
            piece = tokens[statement.start : statement.end + 1]
            # Where a brace closes too much, what comes to stand at a wrong place is reported once.
            is_inner = statements.has_stray_brace and piece[0].type not in _TOP
            is_silent = is_inner and any(each.position.file == self._path for each in self._mistakes.found)
            kept += self._read_statement(piece, end, statement is statements.top[0], is_silent)
        self.source = Tokens([*kept, end])
        if statements.has_stray_brace:
            self._leave_out_all_but_heads()

    def _read_statement(self, piece: list[Token], end: Token, is_first: bool, is_silent: bool) -> list[Token]:
        """What is left of an outermost statement without those in it that have errors, which are reported."""
        lead = [] if is_first else [_semicolon(piece[0])]  # Behind it stands no syntax line.
        completed: set[Token] = set()
        for _ in range(min(_ROUNDS, 2 + _BUDGET // len(piece))):
            fault = self._parse([*lead, *piece, end])
            if not isinstance(fault, Fault):
                return piece
            index = fault.index - len(lead)
            statements = Statements([*piece, end])
            found, unclosed = statements.at(index), statements.unclosed
            # What stands behind a semicolon that was put in may be no statement, but the rest of the one before.
            is_rest = found is not None and statements.tokens[found.start] in completed
            if not (is_silent or is_rest or (unclosed and _is_outermost(found, piece))):
                self._report(fault.message, statements, index)
            if fault.wants_semicolon and found and found is not unclosed and _may_end(found, statements.tokens, index):
                completed.add(statements.tokens[index])
                piece = [*piece[:index], _semicolon(piece[index - 1]), *piece[index:]]
                continue
            piece = self._without(statements, [found or statements.top[0]], is_first)[:-1]
            if not piece:
                return []
        statements = Statements([*piece, end])
        return self._without(statements, statements.top, is_first)[:-1]

    def _report(self, message: str, statements: Statements, index: int) -> None:
        token = statements.tokens[index]
        if not self._is_spoilt(token):
            message = _unclosed(statements.tokens) if statements.unclosed and token.type == Token.EOF else message
            self._mistakes.report(place(self._path, token), message)

    def _is_spoilt(self, token: Token) -> bool:
        """Whether something that is no token stands before this one; what is wrong with it was reported then."""
        index = bisect_left(self._written, token.start, key=lambda token: token.start)
        start = self._written[index - 1].start if index else 0
        return bisect_left(self._broken, start) < bisect_right(self._broken, token.start)


def _may_end(statement: Statement, tokens: Sequence[Token], index: int) -> bool:
    """Whether a statement without its semicolon may end before a token: at a brace, or at the end of a line."""
    if tokens[index].type in (L.R_BRACE, Token.EOF):
        return statement.end == index - 1
    is_word = L.SYNTAX <= tokens[index].type <= L.IDENTIFIER
    return is_word and statement.start < index and tokens[index - 1].line < tokens[index].line


def _is_outermost(statement: Statement | None, tokens: Sequence[Token]) -> bool:
    """Whether a statement in a block that is not closed shows only that: it would stand outside of it."""
    return statement is not None and statement.parent is not None and tokens[statement.start].type in _OUTERMOST


def _unclosed(tokens: Iterable[Token]) -> str:
    """What to say of the innermost brace that is open at the end of the file."""
    braces: list[Token] = []
    for token in tokens:
        if token.type == L.L_BRACE:
            braces.append(token)
        elif token.type == L.R_BRACE and braces:
            braces.pop()
    return f'the file ends before the "{{" of line {braces[-1].line} is closed'


def _semicolon(before: Token) -> Token:
    """A semicolon right behind a token."""
    token = copy.copy(before)
    token.type, token.text = L.SEMICOLON, ";"
    token.start = token.stop = before.stop + 1
    token.column += len(before.text)
    return token
