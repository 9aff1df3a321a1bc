"""Corrects two things that the grammar's lexer reads differently from protoc: numbers, and comments in options.

Numbers: ``1_0`` and ``08`` are two tokens for the lexer. protoc reads each as one number, and a wrong one.

Comments: a message literal that is the value of an option is called an aggregate. In aggregates, and only there, ``#``
begins a comment. protoc joins an aggregate's tokens to one line before it looks for these comments. So a comment
reaches to the end of its aggregate. What is in it must still consist of valid tokens, and its braces still count.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import pairwise

from antlr4 import Token
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L

from codegen.errors import Mistakes
from codegen.model import Position

_NUMBERS = (L.INT_LITERAL, L.FLOAT_LITERAL, L.INVALID_INT_LITERAL, L.INVALID_FLOAT_LITERAL)
_GOES_ON = (*_NUMBERS, *range(L.SYNTAX, L.IDENTIFIER + 1))
_OCTAL_FRACTION = re.compile(r"0[0-9]+[.eE]")


def join_numbers(path: str, tokens: Sequence[Token], mistakes: Mistakes) -> tuple[list[Token], list[int]]:
    """Report what begins like a number and is none, and replace it by one token for the number 0.

    With the replacement, the parser finds no second mistake at the same place.

    Returns:
        The tokens, and the offsets of those that were replaced.
    """
    joined: list[Token] = []
    wrong: list[int] = []
    end = -2  # of the number that is being read
    text = ""
    for token in (*tokens, None):  # None: after the last token, a number may still be unfinished
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
    """Tell what is wrong with a number whose first token is ``first`` and whose whole text is ``text``."""
    if text == first.text and first.type in (L.INT_LITERAL, L.FLOAT_LITERAL):
        return "a number that begins with 0 is octal, and whole" if _OCTAL_FRACTION.match(text) else None
    # All digits and yet no number of the grammar: so it is octal, with an 8 or a 9.
    if text.isdecimal():
        return "a number that begins with 0 is octal, and has no digits 8 and 9"
    return f'"{text}" begins like a number but is none'


def leave_out_comments(tokens: Sequence[Token], hashes: Iterable[int]) -> tuple[list[Token], list[tuple[int, int]]]:
    """Leave out the tokens that are in comments of aggregates.

    Args:
        tokens: All tokens of a file.
        hashes: The offsets of all ``#``, which are no tokens.

    Returns:
        The tokens that are left, and the start and end of each comment.
    """
    kept: list[Token] = []
    comments: list[tuple[int, int]] = []
    marks = sorted(hashes)
    depth = 0
    follows_equals = False
    start: int | None = None
    for before, token in pairwise((None, *tokens)):
        assert token is not None
        if start is None and depth:
            # A mark between the token before and this one; marks within strings are not among them.
            next_mark = bisect(marks, before.stop if before else -1)
            start = marks[next_mark] if next_mark < len(marks) and marks[next_mark] < token.start else None
        # A brace after "=" opens an aggregate; any other opens a block, unless it is within an aggregate.
        if token.type == L.L_BRACE and (depth or follows_equals):
            depth += 1
        elif token.type == L.R_BRACE and depth:
            depth -= 1
        if start is not None and not depth:  # the comment ends with the aggregate, whose brace is a token again
            comments.append((start, token.start))
            start = None
        if start is None:
            kept.append(token)
        if token.type not in (L.LINE_COMMENT, L.BLOCK_COMMENT):
            follows_equals = token.type == L.EQUALS
    return kept, comments


def is_within(offset: int, comments: Sequence[tuple[int, int]]) -> bool:
    """Whether an offset is in one of the comments, which are in the order of the file."""
    index = bisect(comments, offset, key=lambda comment: comment[0]) - 1
    return index >= 0 and offset < comments[index][1]
