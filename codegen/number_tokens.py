"""Number tokens: what the lexer makes of ``1_0`` or ``08`` is no number, and more than one token."""

from __future__ import annotations

import re
from collections.abc import Sequence

from antlr4 import Token
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L

from codegen.errors import Mistakes
from codegen.model import Position

_NUMBERS = (L.INT_LITERAL, L.FLOAT_LITERAL, L.INVALID_INT_LITERAL, L.INVALID_FLOAT_LITERAL)
_GOES_ON = (*_NUMBERS, *range(L.SYNTAX, L.IDENTIFIER + 1))
_OCTAL_FRACTION = re.compile(r"0[0-9]+[.eE]")


def join_numbers(path: str, tokens: Sequence[Token], mistakes: Mistakes) -> tuple[list[Token], list[int]]:
    """Report each number that is none, have one token stand for it, and say where each of them begins."""
    joined: list[Token] = []
    wrong: list[int] = []
    end = -2  # of the number that is being read
    text = ""
    for token in (*tokens, None):
        if token and token.start == end + 1 and token.type in _GOES_ON:
            text, end = text + token.text, token.stop
            continue
        if end >= 0 and (why := _why_none(joined[-1], text)):
            number = joined[-1]
            mistakes.report(Position(path, number.line, number.column + 1), why)
            wrong.append(number.start)
            number.type, number.text = L.INT_LITERAL, "0"
        if token:
            joined.append(token)
            text, end = token.text, token.stop if token.type in _NUMBERS else -2
    return joined, wrong


def _why_none(first: Token, text: str) -> str | None:
    """What is wrong with a number that begins with a token and reads as a whole as ``text``."""
    if text == first.text and first.type in (L.INT_LITERAL, L.FLOAT_LITERAL):
        return "a number that begins with 0 is octal, and whole" if _OCTAL_FRACTION.match(text) else None
    if text.isdecimal():
        return "a number that begins with 0 is octal, and has no digits 8 and 9"
    return f'"{text}" begins like a number but is none'
