"""Comments in aggregates, the message literals that are values of options: there, ``#`` begins one.

protoc joins an aggregate's tokens to one line before it looks for these comments. So each reaches to the end of its
aggregate, though what stands in it is held against the rules for tokens, and its braces count.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import pairwise

from antlr4 import Token
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L


def leave_out_comments(tokens: Sequence[Token], hashes: Iterable[int]) -> tuple[list[Token], list[tuple[int, int]]]:
    """The tokens without those in comments, and where the comments are; ``hashes`` are the offsets of all ``#``."""
    kept: list[Token] = []
    comments: list[tuple[int, int]] = []
    marks = sorted(hashes)
    depth = 0
    follows_equals = False
    start: int | None = None
    for before, token in pairwise((None, *tokens)):
        assert token is not None
        if start is None and depth:
            next_mark = bisect(marks, before.stop if before else -1)
            start = marks[next_mark] if next_mark < len(marks) and marks[next_mark] < token.start else None
        if token.type == L.L_BRACE and (depth or follows_equals):
            depth += 1
        elif token.type == L.R_BRACE and depth:
            depth -= 1
        if start is not None and not depth:
            comments.append((start, token.start))
            start = None
        if start is None:
            kept.append(token)
        if token.type not in (L.LINE_COMMENT, L.BLOCK_COMMENT):
            follows_equals = token.type == L.EQUALS
    return kept, comments


def is_within(offset: int, comments: Sequence[tuple[int, int]]) -> bool:
    """Whether one of the comments is there."""
    index = bisect(comments, offset, key=lambda comment: comment[0]) - 1
    return index >= 0 and offset < comments[index][1]
