"""Divides a file's tokens into statements, by braces and semicolons alone.

So the division does not depend on a statement being correct. ``recovery`` needs that to leave out the wrong ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from antlr4 import Token
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L


@dataclass(slots=True, eq=False)
class Statement:
    """A statement: the tokens with the indices ``start`` to ``end``, both included."""

    start: int
    parent: Statement | None
    """The statement whose block contains this one."""
    end: int = -1
    brace: Token | None = None
    """The token that opens the statement's own block, if it has one."""


class Statements:
    """The statements of a file.

    Args:
        tokens: The file's tokens; the last one is the end of the file.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.top: list[Statement] = []
        """The statements that stand in no other."""
        self.unclosed: Statement | None = None
        """The outermost statement whose block is still open at the end of the file."""
        self.has_stray_brace = False
        """Whether a brace closes nothing; then it is not certain which block any statement belongs to."""
        self._owners: list[Statement | None] = []
        """The innermost statement of each token."""
        self._unfinished: dict[int, Statement] = {}
        """Statements that lack their semicolon, by the index of the token that ends their block."""
        self._open: list[Statement] = []
        """The statements whose blocks are open, from the outermost inward."""
        self._current: Statement | None = None
        """The statement that has begun and not ended, if its block is not open."""
        self._aggregates = 0
        """How many braces of aggregates are open: in these message literals, semicolons end no statement."""
        for index in range(len(tokens) - 1):
            self._owners.append(self._take(index))
        self._finish(len(tokens) - 1)

    def at(self, index: int) -> Statement | None:
        """The innermost statement with the token of that index.

        If the token ends a block before the last statement in it has its semicolon, it is that statement.
        """
        return self._unfinished.get(index) or self._owners[index]

    def _take(self, index: int) -> Statement | None:
        """Take the next token; returns the innermost statement that it belongs to."""
        type_ = self.tokens[index].type
        # Within an aggregate, braces belong to its value; only after the last of them can one close a block.
        if type_ == L.R_BRACE and not self._aggregates:
            return self._close(index)
        if self._current is None:
            self._current = Statement(index, self._open[-1] if self._open else None)
            if not self._open:
                self.top.append(self._current)
        owner = self._current
        if type_ == L.L_BRACE:
            if self._aggregates or self.tokens[index - 1].type == L.EQUALS:  # the value of an option, not a block
                self._aggregates += 1
            else:
                owner.brace = self.tokens[index]
                self._open.append(owner)
                self._current = None
        elif type_ == L.R_BRACE:
            self._aggregates -= 1
        elif type_ == L.SEMICOLON and not self._aggregates:
            owner.end = index
            self._current = None
        return owner

    def _close(self, index: int) -> Statement | None:
        """Take a brace that closes a block, or nothing."""
        self._leave_unfinished(index)
        if self._open:
            owner = self._open.pop()
            owner.end = index
            return owner
        # A statement of its own, so that every token belongs to one.
        self.has_stray_brace = True
        stray = Statement(index, None, index)
        self.top.append(stray)
        return stray

    def _leave_unfinished(self, index: int) -> None:
        """End the current statement, if there is one, before a token that ends its block."""
        if self._current:
            self._current.end = index - 1
            self._unfinished[index] = self._current
            self._current = None

    def _finish(self, index: int) -> None:
        """Take the end of the file, which ends every statement."""
        # An aggregate that does not end swallows the rest of the file; outside of any block only it can be blamed.
        if self._aggregates and not self._open:
            self.unclosed = self._current
        self._leave_unfinished(index)
        for statement in self._open:
            statement.end = index - 1
        if self._open:
            self.unclosed = self._open[0]
        self._owners.append(self.unclosed)
