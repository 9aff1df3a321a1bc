"""Parses source text into declarations, and reports every syntax error.

A file with syntax errors yields the declarations that could be read: see ``recovery``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from antlr4 import CommonTokenStream, Token
from antlr4.atn.PredictionMode import PredictionMode
from antlr4.error.ErrorListener import ErrorListener
from antlr4.error.Errors import NoViableAltException, ParseCancellationException
from antlr4.error.ErrorStrategy import BailErrorStrategy, DefaultErrorStrategy
from antlr4.ListTokenSource import ListTokenSource
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L
from proto_schema_parser.antlr.ProtobufParser import ProtobufParser

from codegen.declarations import FileDecl
from codegen.declare import Declare
from codegen.errors import Mistakes
from codegen.recovery import Fault, Recovery
from codegen.token_repair import repair
from codegen.tokens import place, tokenize

_FEW = 4
"""How many expected tokens a message lists at most. A longer list helps nobody, and none is given then."""


def parse(path: str, text: str, mistakes: Mistakes) -> FileDecl:
    """Parse a file into declarations, as far as it can be read.

    Of a file whose syntax is not known or not supported, only the imports are declared: they show which other files to
    examine.
    """
    source = tokenize(path, text, mistakes)
    if source.tokens[0].type == L.EDITION and (level := _unsupported(source.tokens)):
        what = f'edition {level.text} is not supported: write edition = "2023"; or syntax = "proto3";'
        mistakes.report(place(path, level), what)
        mistakes = Mistakes()  # later editions have another syntax: what they break of this one is not reported
    source = repair(path, source, mistakes)
    recovery = Recovery(path, text, source, mistakes, Parser(source.tokens))
    tree = recovery.read()
    return Declare(path, text, recovery.source.gaps, recovery.skipped, mistakes).file(tree)


def _unsupported(tokens: Sequence[Token]) -> Token | None:
    """The name of the edition of a file that begins with one, unless it is supported."""
    level = next((token for token in tokens[:3] if token.type == L.STRING_LITERAL), None)
    return level if level and level.text[1:-1] != "2023" else None


class Parser:
    """Parses tokens up to the first error.

    Args:
        written: The tokens of the file. Messages quote what is written there before the error, even if the parser was
            given other tokens.
    """

    def __init__(self, written: Sequence[Token]) -> None:
        self._written = written

    def __call__(self, tokens: Sequence[Token]) -> ProtobufParser.FileContext | Fault:
        """Parse in ANTLR's fast mode (SLL); if that fails, in its exact mode (LL).

        The fast mode may refuse a correct file, but never accepts a wrong one.
        """
        stream = CommonTokenStream(ListTokenSource([*tokens]))
        parser = ProtobufParser(stream)
        parser.removeErrorListeners()
        interpreter = parser._interp  # antlr4 has no other access to the prediction mode
        interpreter.predictionMode = PredictionMode.SLL
        parser._errHandler = BailErrorStrategy()
        try:
            return parser.file_()
        except ParseCancellationException:
            pass  # the exact mode decides whether this is an error
        # From the beginning, with error messages this time: the fast mode's would be about its own limits.
        stream.seek(0)
        parser.reset()
        interpreter.predictionMode = PredictionMode.LL
        parser._errHandler = DefaultErrorStrategy()
        parser.addErrorListener(_Stop(self._written))
        try:
            return parser.file_()
        except _Stopped as stopped:
            return stopped.fault


class _Stopped(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class _Stop(ErrorListener):
    """Stops the parser at the first error, because any further one may only follow from it."""

    def __init__(self, written: Sequence[Token]) -> None:
        self._written = written

    def syntaxError(
        self,
        recognizer: ProtobufParser,
        offendingSymbol: Token,
        line: int,
        column: int,
        msg: str,
        e: Exception | None,
    ) -> None:
        """Raise the error, with a message of our own: ANTLR's lists tokens by their names in the grammar."""
        # Without a viable alternative several tokens were read in vain, and what is expected at the last one says
        # little.
        expected = [] if isinstance(e, NoViableAltException) else _expected(recognizer)
        message = self._message(offendingSymbol, _in_words(expected, recognizer))
        raise _Stopped(Fault(offendingSymbol.tokenIndex, message, L.SEMICOLON in expected))

    def _message(self, token: Token, expected: Sequence[str]) -> str:
        found = "the end of the file" if token.type == Token.EOF else _quote(token)
        if 0 < len(expected) <= _FEW:
            return f"expected {' or '.join(expected)} before {found}"
        index = bisect_left(self._written, token.start, key=lambda token: token.start)
        return f"unexpected {found}" + (f" after {_quote(self._written[index - 1])}" if index else "")


def _quote(token: Token) -> str:
    return token.text if token.type == L.STRING_LITERAL else f'"{token.text}"'


def _expected(recognizer: ProtobufParser) -> list[int]:
    return [type_ for interval in recognizer.getExpectedTokens().intervals or () for type_ in interval]


def _in_words(types: Sequence[int], recognizer: ProtobufParser) -> list[str]:
    """The token types that the parser could go on with, in words.

    Where a name is expected, any keyword would do as one, so keywords are not listed then.
    """
    if L.IDENTIFIER in types:
        types = [L.IDENTIFIER, *(type_ for type_ in types if not L.SYNTAX <= type_ <= L.IDENTIFIER)]
    types = [type_ for type_ in types if type_ not in (L.LINE_COMMENT, L.BLOCK_COMMENT)]
    return [_NAMES.get(type_) or recognizer.literalNames[type_].replace("'", '"') for type_ in types]


_NAMES = {
    L.IDENTIFIER: "a name",
    L.INT_LITERAL: "a whole number",
    L.FLOAT_LITERAL: "a number",
    L.STRING_LITERAL: "a string",
    Token.EOF: "the end of the file",
}
