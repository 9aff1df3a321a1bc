"""Reads a file in which some statements are wrong: they are left out, and the others are read all the same.

So a user finds the mistakes in the others in the same run. Each outermost statement is parsed by itself, up to its
first syntax error. Then the innermost statement with the error is left out, or completed if only its semicolon is
missing, and the rest is parsed again. This replaces ANTLR's own recovery, which may lose its place and then report
errors that only follow from the one before.

``skipped`` records what is left out. If there is a closing brace too many, it is not certain which block any statement
belongs to, so only the statements at the head of the file are used.
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
"""How often one outermost statement is parsed at most, and how many tokens that may be in sum.

Every error costs another round over the whole statement, so that without a limit a file with many errors would take
minutes. Errors beyond the limit are found in the next run.
"""

_HEADS = (L.SYNTAX, L.EDITION, L.IMPORT, L.PACKAGE)
_OUTERMOST = (*_HEADS, L.SERVICE)
"""Keywords of statements that cannot stand in a block; any of them may also be used as a name."""
_TOP = (*_OUTERMOST, L.MESSAGE, L.ENUM, L.EXTEND, L.OPTION, L.SEMICOLON)


@dataclass(frozen=True, slots=True)
class Fault:
    """A syntax error."""

    index: int
    """The index of the token at which the parser stopped."""
    message: str
    wants_semicolon: bool
    """Whether the parser could have gone on with a semicolon there."""


Parse = Callable[[Sequence[Token]], ProtobufParser.FileContext | Fault]
"""Parses tokens, of which the last one is the end of the file, and stops at the first error."""


class Recovery:
    """Reads the tokens of one file, leaving out what has errors.

    After ``read``, the attribute ``source`` holds the tokens that could be read, and ``skipped`` tells of the others.

    Args:
        path: The file's path, for places in messages.
        text: The file's text.
        source: Its tokens.
        mistakes: Takes what is reported.
        parse: The parser.
    """

    def __init__(self, path: str, text: str, source: Tokens, mistakes: Mistakes, parse: Parse) -> None:
        self.source, self.skipped = source, Skipped()
        self._path, self._text, self._mistakes, self._parse = path, text, mistakes, parse
        self._written, self._broken = source.tokens, sorted(source.broken)

    def read(self) -> ProtobufParser.FileContext | None:
        """Parse the file; returns the tree of what could be read, or None if nothing could."""
        # A comment that does not end hides the rest of the file, which may declare anything.
        self.skipped.add_text(self._text[self._written[-1].start :])
        # In this order: a broken token may unbalance braces, which are what the limit on depth is counted by.
        self._leave_out_broken()
        self._leave_out_deep()
        tree = self._parse(self.source.tokens)
        if isinstance(tree, Fault):
            self._read_one_by_one()
            tree = self._parse(self.source.tokens)
        if isinstance(tree, Fault):
            # What could be read statement by statement does not parse as a whole: so braces are not where they seem to
            # be.
            self._leave_out_all_but_heads()
            tree = self._parse(self.source.tokens)
        return None if isinstance(tree, Fault) else tree

    def _leave_out_broken(self) -> None:
        """Leave out the statements with something that is no token: it was reported when the tokens were made."""
        statements = Statements(self.source.tokens)
        around = (self._around(offset, statements) for offset in self._broken)
        self._leave_out(statements, {statement for statement in around if statement})

    def _around(self, offset: int, statements: Statements) -> Statement | None:
        """The statement around an offset, which may be in a token or between two."""
        tokens = statements.tokens
        index = bisect_right(tokens, offset, key=lambda token: token.start) - 1
        if index < 0:
            return None
        # Between two tokens of different statements the offset belongs to neither, unless it is within the token
        # before.
        before, after = statements.at(index), statements.at(min(index + 1, len(tokens) - 1))
        return before if before is after or tokens[index].stop >= offset else None

    def _leave_out_deep(self) -> None:
        """Leave out statements that would make the parser, which is recursive, exceed Python's recursion limit."""
        statements = Statements(self.source.tokens)
        pieces = ((each, statements.tokens[each.start : each.end + 1]) for each in statements.top)
        deep = {each for each, piece in pieces if not within_limits(self._path, piece, self._mistakes)}
        self._leave_out(statements, deep)

    def _leave_out_all_but_heads(self) -> None:
        """Keep only the syntax line, imports and the package, whose meaning does not depend on any brace."""
        statements = Statements(self.source.tokens)
        types = [token.type for token in statements.tokens]
        self._leave_out(statements, {each for each in statements.top if types[each.start] not in _HEADS or each.brace})
        # From now on the file may declare any name, so nothing about undefined names is certain.
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
                # The first statement might have been the syntax line.
                begins = is_first and statement is statements.top[0]
                self.skipped.add(self._text, statement, statements.tokens, begins)
        return [token for index, token in enumerate(statements.tokens) if index not in out]

    # -- syntax errors

    def _read_one_by_one(self) -> None:
        """Find the errors in each of the outermost statements, and leave out the statements that have them."""
        statements = Statements(self.source.tokens)
        *tokens, end = statements.tokens
        kept: list[Token] = []
        for statement in statements.top:
            piece = tokens[statement.start : statement.end + 1]
            # After a brace too many, statements of a block seem to be outermost, each a mistake. One report is enough.
            is_inner = statements.has_stray_brace and piece[0].type not in _TOP
            is_silent = is_inner and any(each.position.file == self._path for each in self._mistakes.found)
            kept += self._read_statement(piece, end, statement is statements.top[0], is_silent)
        self.source = Tokens([*kept, end])
        # Reports are made, but declarations are not used: which block they belong to is a guess.
        if statements.has_stray_brace:
            self._leave_out_all_but_heads()

    def _read_statement(self, piece: list[Token], end: Token, is_first: bool, is_silent: bool) -> list[Token]:
        """Report the errors in an outermost statement; returns its tokens without the statements that have errors.

        Args:
            piece: The statement's tokens.
            end: The token for the end of the file.
            is_first: Whether it is the first statement of the file.
            is_silent: Whether errors are not reported, because they only follow from one that was.
        """
        lead = [] if is_first else [_semicolon(piece[0])]  # so that the parser does not accept a syntax line here
        completed: set[Token] = set()
        # Each round removes or completes one statement, so it would end by itself, but in a file of many errors too
        # late.
        for _ in range(min(_ROUNDS, 2 + _BUDGET // len(piece))):
            fault = self._parse([*lead, *piece, end])
            if not isinstance(fault, Fault):
                return piece
            # The parser counted the semicolon in front, too.
            index = fault.index - len(lead)
            statements = Statements([*piece, end])
            found, unclosed = statements.at(index), statements.unclosed
            # What follows a semicolon that was put in may be the rest of the statement before, and no new mistake.
            is_rest = found is not None and statements.tokens[found.start] in completed
            if not (is_silent or is_rest or (unclosed and _is_outermost(found, piece))):
                self._report(fault.message, statements, index)
            if fault.wants_semicolon and found and found is not unclosed and _may_end(found, statements.tokens, index):
                # The token that now begins the next statement: an error right there is most likely not its own.
                completed.add(statements.tokens[index])
                piece = [*piece[:index], _semicolon(piece[index - 1]), *piece[index:]]
                continue
            piece = self._without(statements, [found or statements.top[0]], is_first)[:-1]
            if not piece:
                return []
        statements = Statements([*piece, end])  # the limit is reached: nothing of the statement is used
        return self._without(statements, statements.top, is_first)[:-1]

    def _report(self, message: str, statements: Statements, index: int) -> None:
        token = statements.tokens[index]
        # An error behind something that was no token most likely follows from that.
        if not self._is_spoilt(token):
            message = _unclosed(statements.tokens) if statements.unclosed and token.type == Token.EOF else message
            self._mistakes.report(place(self._path, token), message)

    def _is_spoilt(self, token: Token) -> bool:
        """Whether something that is no token is right before this one: that was reported already."""
        index = bisect_left(self._written, token.start, key=lambda token: token.start)
        start = self._written[index - 1].start if index else 0
        return bisect_left(self._broken, start) < bisect_right(self._broken, token.start)


def _may_end(statement: Statement, tokens: Sequence[Token], index: int) -> bool:
    """Whether a statement that lacks its semicolon may end before a token.

    That is likely if the token is a closing brace, or a word on a new line.
    """
    if tokens[index].type in (L.R_BRACE, Token.EOF):
        return statement.end == index - 1
    is_word = L.SYNTAX <= tokens[index].type <= L.IDENTIFIER
    return is_word and statement.start < index and tokens[index - 1].line < tokens[index].line


def _is_outermost(statement: Statement | None, tokens: Sequence[Token]) -> bool:
    """Whether a statement's only fault is that the block before it was not closed: it belongs outside of any block."""
    return statement is not None and statement.parent is not None and tokens[statement.start].type in _OUTERMOST


def _unclosed(tokens: Iterable[Token]) -> str:
    """The message about the innermost brace that is still open at the end of the file."""
    braces: list[Token] = []
    for token in tokens:
        if token.type == L.L_BRACE:
            braces.append(token)
        elif token.type == L.R_BRACE and braces:
            braces.pop()
    return f'the file ends before the "{{" of line {braces[-1].line} is closed'


def _semicolon(before: Token) -> Token:
    """A semicolon directly after a token."""
    token = copy.copy(before)
    token.type, token.text = L.SEMICOLON, ";"
    token.start = token.stop = before.stop + 1
    token.column += len(before.text)
    return token
