"""Parsing: from source text to declarations, with every syntax error reported."""

from __future__ import annotations

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
from codegen.mend import mend
from codegen.tokens import Tokens, place, tokenize, within_limits

_FEW = 4
"""How many expected tokens a message lists: a longer list helps nobody."""


class SyntaxErrors(ErrorListener):
    """Reports what the parser finds, except what only follows from an error before."""

    def __init__(self, path: str, source: Tokens, mistakes: Mistakes) -> None:
        self.path, self.source, self.mistakes = path, source, mistakes
        self.count = 0
        self._end = -1

    def syntaxError(
        self,
        recognizer: ProtobufParser,
        offendingSymbol: Token,
        line: int,
        column: int,
        msg: str,
        e: Exception | None,
    ) -> None:
        """Take note of one error of the parser."""
        self.count += 1
        index = offendingSymbol.tokenIndex
        if index <= self._end or self._is_spoilt(index):
            return
        at_end = offendingSymbol.type == Token.EOF
        what = self._unclosed() if at_end else None
        if at_end and not what and self._end >= 0:
            return  # The parser lost count of the braces; the source did not.
        self._end = _end_of_statement(self.source.tokens, index)
        what = what or self._unexpected(recognizer, offendingSymbol, e)
        self.mistakes.report(place(self.path, offendingSymbol), what)

    def _is_spoilt(self, index: int) -> bool:
        """Whether something that is no token was left out just before."""
        start = self.source.tokens[index - 1].start if index else 0
        return any(start <= offset <= self.source.tokens[index].start for offset in self.source.broken)

    def _unclosed(self) -> str | None:
        """What to say of the innermost brace that is open at the end of the file, if there is one."""
        braces: list[Token] = []
        for token in self.source.tokens:
            if token.type == L.L_BRACE:
                braces.append(token)
            elif token.type == L.R_BRACE and braces:
                braces.pop()
        return f'the file ends before the "{{" of line {braces[-1].line} is closed' if braces else None

    def _unexpected(self, recognizer: ProtobufParser, token: Token, error: Exception | None) -> str:
        found = "the end of the file" if token.type == Token.EOF else _quote(token)
        wanted = [] if isinstance(error, NoViableAltException) else _wanted(recognizer)
        if 0 < len(wanted) <= _FEW:
            return f"expected {' or '.join(wanted)} before {found}"
        after = f" after {_quote(self.source.tokens[token.tokenIndex - 1])}" if token.tokenIndex else ""
        return f"unexpected {found}{after}"


def _quote(token: Token) -> str:
    return token.text if token.type == L.STRING_LITERAL else f'"{token.text}"'


def _wanted(recognizer: ProtobufParser) -> list[str]:
    """The tokens that the parser could go on with, in words; all identifiers and keywords of one place are a name."""
    types = [type_ for interval in recognizer.getExpectedTokens().intervals or () for type_ in interval]
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


def _end_of_statement(tokens: Sequence[Token], index: int) -> int:
    """The index of the token that ends the statement around ``index``, its body included."""
    depth = 0
    while index < len(tokens) - 1:
        type_ = tokens[index].type
        depth += (type_ == L.L_BRACE) - (type_ == L.R_BRACE)
        if depth <= 0 and type_ in (L.SEMICOLON, L.R_BRACE):
            break
        index += 1
    return index


def parse(path: str, text: str, mistakes: Mistakes) -> FileDecl | None:
    """The declarations of a file, or None if it has no place among proto3 files or its syntax is wrong."""
    before = len(mistakes.found)
    source = tokenize(path, text, mistakes)
    lexical = len(mistakes.found) > before
    if source.tokens[0].type == L.EDITION:
        mistakes.report(place(path, source.tokens[0]), 'editions are not supported: write syntax = "proto3";')
        return None
    if not within_limits(path, source.tokens, mistakes):
        return None
    source = mend(path, source, mistakes)
    tree = _tree(path, source, mistakes)
    if tree is None or lexical:
        return None
    return Declare(path, source.gaps, mistakes).visitFile(tree)


def _tree(path: str, source: Tokens, mistakes: Mistakes) -> ProtobufParser.FileContext | None:
    """Parse in ANTLR's fast mode, which may refuse a correct file; then, if it does, in its exact mode."""
    stream = CommonTokenStream(ListTokenSource(source.tokens))
    parser = ProtobufParser(stream)
    parser.removeErrorListeners()
    interpreter = parser._interp  # antlr4 has no other access to the prediction mode
    interpreter.predictionMode = PredictionMode.SLL
    parser._errHandler = BailErrorStrategy()
    try:
        return parser.file_()
    except ParseCancellationException:
        pass  # Not an error yet: the exact mode decides.
    stream.seek(0)
    parser.reset()
    interpreter.predictionMode = PredictionMode.LL
    parser._errHandler = DefaultErrorStrategy()
    errors = SyntaxErrors(path, source, mistakes)
    parser.addErrorListener(errors)
    tree = parser.file_()
    return None if errors.count else tree
