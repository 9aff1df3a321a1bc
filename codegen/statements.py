"""The statements that a file's tokens make, found by braces and semicolons alone, whatever else is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from antlr4 import Token
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L


@dataclass(slots=True, eq=False)
class Statement:
    """The tokens from ``start`` to ``end``, by their index; those of a message hold other statements."""

    start: int
    parent: Statement | None
    """The statement in whose block it stands."""
    end: int = -1
    brace: Token | None = None
    """What opens its own block."""


class Statements:
    """The statements of a file whose last token is the end of the file."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.top: list[Statement] = []
        """The outermost ones."""
        self.unclosed: Statement | None = None
        """The outermost one that is not closed at the end of the file."""
        self.has_stray_brace = False
        """Whether a brace closes nothing; where each statement stands is not certain then."""
        self._owners: list[Statement | None] = []
        self._unfinished: dict[int, Statement] = {}
        self._open: list[Statement] = []
        self._current: Statement | None = None
        self._aggregates = 0
        for index in range(len(tokens) - 1):
            self._owners.append(self._take(index))
        self._finish(len(tokens) - 1)

    def at(self, index: int) -> Statement | None:
        """The innermost statement with that token; the one that is not finished, if the token is what it stops at."""
        return self._unfinished.get(index) or self._owners[index]

    def _take(self, index: int) -> Statement | None:
        type_ = self.tokens[index].type
        if type_ == L.R_BRACE and not self._aggregates:
            return self._close(index)
        if self._current is None:
            self._current = Statement(index, self._open[-1] if self._open else None)
            if not self._open:
                self.top.append(self._current)
        owner = self._current
        if type_ == L.L_BRACE:
            if self._aggregates or self.tokens[index - 1].type == L.EQUALS:
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
        self._leave_unfinished(index)
        if self._open:
            owner = self._open.pop()
            owner.end = index
            return owner
        self.has_stray_brace = True
        stray = Statement(index, None, index)
        self.top.append(stray)
        return stray

    def _leave_unfinished(self, index: int) -> None:
        if self._current:
            self._current.end = index - 1
            self._unfinished[index] = self._current
            self._current = None

    def _finish(self, index: int) -> None:
        """Take the end of the file, which ends whatever is open."""
        if self._aggregates and not self._open:
            self.unclosed = self._current
        self._leave_unfinished(index)
        for statement in self._open:
            statement.end = index - 1
        if self._open:
            self.unclosed = self._open[0]
        self._owners.append(self.unclosed)
