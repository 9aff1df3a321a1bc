"""From source text to the tokens that the parser gets.

Comments are taken out, so that the grammar need not allow for them everywhere. What is no token is reported and left
out, so that the rest of the file is examined all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from antlr4 import InputStream, Token
from antlr4.error.ErrorListener import ErrorListener
from antlr4.error.Errors import LexerNoViableAltException
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L

from codegen.comments import Comment, Gap, attach
from codegen.errors import Mistakes
from codegen.lexer_repair import is_within, join_numbers, leave_out_comments
from codegen.model import Position
from codegen.source_text import SourceText, prepare

MAX_NESTING = 48
"""How deep brackets may be nested, because the parser is recursive. protoc allows messages to be nested 32 deep."""

MAX_NAME_PARTS = 48
"""How many parts a dotted name may have, because the parser is recursive here too."""

_COMMENTS = (L.LINE_COMMENT, L.BLOCK_COMMENT)
_CLOSING = (L.R_BRACE, L.R_BRACKET, L.R_PAREN, L.R_ANGLE, Token.EOF)
_OPENING = (L.L_BRACE, L.L_BRACKET, L.L_PAREN, L.L_ANGLE)


@dataclass(slots=True)
class Tokens:
    """A file's tokens, of which the last one is the end of the file.

    ``gaps`` holds the comments, by the index of the token that follows them.
    """

    tokens: list[Token]
    gaps: dict[int, Gap] = field(default_factory=dict[int, Gap])
    broken: list[int] = field(default_factory=list[int])
    """Offsets of what is no token and was left out, and of tokens that were put in place of something wrong."""


class LexicalErrors(ErrorListener):
    """Collects the positions of characters that begin no token, by their offset."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.places: dict[int, Position] = {}

    def syntaxError(
        self,
        recognizer: L,
        offendingSymbol: None,
        line: int,
        column: int,
        msg: str,
        e: LexerNoViableAltException,
    ) -> None:
        """Record one error; ``column`` counts from 0."""
        self.places[e.startIndex] = Position(self.path, line, column + 1)


def tokenize(path: str, text: str, mistakes: Mistakes) -> Tokens:
    """Divide a file's text into tokens, and report what is wrong with single tokens."""
    source = prepare(path, text, mistakes)
    errors = LexicalErrors(path)
    every, unclosed = _every_token(path, source, errors, mistakes)
    # Numbers before comments: what stands in an aggregate's comment must still be valid tokens, as for protoc.
    every, numbers = join_numbers(path, every, mistakes)
    hashes = [offset for offset in errors.places if text[offset] == "#"]
    every, comments = leave_out_comments(every, hashes) if hashes else (every, [])
    # protoc allows any ASCII character in the comments of aggregates, and no other.
    stray = [offset for offset in errors.places if not text[offset].isascii() or not is_within(offset, comments)]
    _report_stray(text, {offset: errors.places[offset] for offset in stray}, mistakes)
    result = _set_comments_apart(path, every, mistakes)
    # Recovery leaves out the statements around these, and reports nothing about them again.
    result.broken = [*source.broken, *numbers, *unclosed, *stray]
    return result


def _every_token(
    path: str, source: SourceText, errors: LexicalErrors, mistakes: Mistakes
) -> tuple[list[Token], list[int]]:
    """All tokens, comments included, and the offset of a comment that does not end, which is reported."""
    lexer = L(InputStream(source.text))
    lexer.removeErrorListeners()
    lexer.addErrorListener(errors)
    every: list[Token] = []
    while True:
        token = lexer.nextToken()
        if token.type == L.SLASH and source.text.startswith("/*", token.start):
            mistakes.report(place(path, token), "this comment is not closed")
            return [*every, _end_of_file(token)], [token.start]  # the comment hides the rest of the file
        # The lexer got a stand-in of the same length, see ``source_text``.
        if token.type == L.STRING_LITERAL:
            token.text = source.strings[token.start]
        if token.channel == Token.DEFAULT_CHANNEL:
            every.append(token)
        if token.type == Token.EOF:
            return every, []


def _report_stray(text: str, places: Mapping[int, Position], mistakes: Mistakes) -> None:
    """Report the first stray character of each line: more of them rarely say more."""
    lines: set[int] = set()
    for offset, position in places.items():
        if position.line not in lines:
            mistakes.report(position, f"the character {text[offset]!r} has no meaning here")
        lines.add(position.line)


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
        result.tokens.append(token)
    return result


def within_limits(path: str, tokens: Sequence[Token], mistakes: Mistakes) -> bool:
    """Whether the parser can read these tokens within Python's recursion limit; if not, that is reported."""
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
