"""From source text to the tokens that the parser sees.

Comments are set apart, so that they may stand anywhere. Where the grammar of proto-schema-parser could only say
"unexpected token" about a mistake that has a name, the mistake is reported here and the tokens are mended, so that
the rest of the file is examined all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from antlr4 import InputStream, Token
from antlr4.error.ErrorListener import ErrorListener
from antlr4.error.Errors import LexerNoViableAltException
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L

from codegen.comments import Comment, Gap, attach
from codegen.errors import Mistakes
from codegen.model import Position

MAX_NESTING = 48
"""How deep brackets may nest: the parser recurses. protoc allows messages 32 deep."""

MAX_NAME_PARTS = 48
"""How many parts a dotted name may have: the parser recurses here too."""

_COMMENTS = (L.LINE_COMMENT, L.BLOCK_COMMENT)
_CLOSING = (L.R_BRACE, L.R_BRACKET, L.R_PAREN, L.R_ANGLE, Token.EOF)
_OPENING = (L.L_BRACE, L.L_BRACKET, L.L_PAREN, L.L_ANGLE)


@dataclass(slots=True)
class Tokens:
    """A file's tokens, the last one the end of the file; ``gaps`` holds comments by the index of the next token."""

    tokens: list[Token]
    gaps: dict[int, Gap] = field(default_factory=dict[int, Gap])
    broken: list[int] = field(default_factory=list[int])
    """Offsets of what is no token at all, and was left out."""


class LexicalErrors(ErrorListener):
    """Reports what is no token, once a line: a string that does not end swallows or spoils the rest of it."""

    def __init__(self, path: str, text: str, mistakes: Mistakes) -> None:
        self.path, self.text, self.mistakes = path, text, mistakes
        self.offsets: list[int] = []
        self._line = 0

    def syntaxError(
        self,
        recognizer: L,
        offendingSymbol: None,
        line: int,
        column: int,
        msg: str,
        e: LexerNoViableAltException,
    ) -> None:
        """Take note of one error of the lexer; ``column`` counts from 0."""
        self.offsets.append(e.startIndex)
        if line != self._line:
            self._line = line
            self.mistakes.report(Position(self.path, line, column + 1), _lexical_message(self.text[e.startIndex]))


def _lexical_message(character: str) -> str:
    if character in "\"'":
        return "this string does not end on its line, or holds an escape that protobuf does not know"
    return f"the character {character!r} has no meaning here"


def tokenize(path: str, text: str, mistakes: Mistakes) -> Tokens:
    """Split a file into tokens and attach its comments."""
    errors = LexicalErrors(path, text, mistakes)
    lexer = L(InputStream(text))
    lexer.removeErrorListeners()
    lexer.addErrorListener(errors)
    every: list[Token] = []
    while True:
        token = lexer.nextToken()
        if token.type == L.SLASH and text.startswith("/*", token.start):
            mistakes.report(place(path, token), "this comment is not closed")
            errors.offsets.append(token.start)
            every.append(_end_of_file(token))
            break
        if token.channel == Token.DEFAULT_CHANNEL:
            every.append(token)
        if token.type == Token.EOF:
            break
    result = _set_comments_apart(path, every, mistakes)
    result.broken = errors.offsets
    return result


def place(path: str, token: Token) -> Position:
    """Where a token begins."""
    return Position(path, token.line, token.column + 1)


def _end_of_file(token: Token) -> Token:
    token.type = Token.EOF
    token.text = "<EOF>"
    return token


def _set_comments_apart(path: str, every: Sequence[Token], mistakes: Mistakes) -> Tokens:
    result = Tokens([])
    waiting: list[Comment] = []
    for token in every:
        if token.type in _COMMENTS:
            waiting.append(Comment(token.text.replace("\r\n", "\n"), token.line))
            if token.type == L.BLOCK_COMMENT and "/*" in token.text[2:]:
                mistakes.report(place(path, token), 'a comment within this comment: "/*" cannot be nested')
            continue
        if waiting:
            before = result.tokens[-1].line if result.tokens else 0
            result.gaps[len(result.tokens)] = attach(waiting, before, token.line, token.type in _CLOSING)
            waiting = []
        if not _is_bad_number(path, token, result.tokens, mistakes):
            result.tokens.append(token)
    return result


def _is_bad_number(path: str, token: Token, before: Sequence[Token], mistakes: Mistakes) -> bool:
    """Report what only looks like a number, and mend it; true for the second token of a number in two pieces."""
    if token.type in (L.INVALID_INT_LITERAL, L.INVALID_FLOAT_LITERAL):
        mistakes.report(place(path, token), f'"{token.text}" begins like a number but is none')
        token.type = L.INT_LITERAL
        return False
    last = before[-1] if before and before[-1].type == token.type == L.INT_LITERAL else None
    if last is None or last.stop + 1 != token.start:
        return False
    mistakes.report(place(path, last), "a number that begins with 0 is octal, and has no digits 8 and 9")
    return True


def within_limits(path: str, tokens: Sequence[Token], mistakes: Mistakes) -> bool:
    """Whether the parser can take these tokens without recursing too deep; if not, that is reported."""
    depth = parts = 0
    for token in tokens:
        depth += (token.type in _OPENING) - (token.type in _CLOSING)
        parts = parts + 1 if token.type == L.DOT else parts if L.SYNTAX <= token.type <= L.IDENTIFIER else 0
        if depth > MAX_NESTING:
            mistakes.report(place(path, token), f"nested deeper than {MAX_NESTING} brackets")
            return False
        if parts >= MAX_NAME_PARTS:
            mistakes.report(place(path, token), f"a name of more than {MAX_NAME_PARTS} parts")
            return False
    return True
