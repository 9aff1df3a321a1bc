"""Which comment belongs to which declaration, and what it says without its marks.

The grouping is protoc's, as in the comments of ``SourceCodeInfo.Location`` in ``google/protobuf/descriptor.proto``,
but for one thing: a comment counts as trailing only if it begins on the line of what it follows. All other comments
that no declaration follows at once are detached, and document nothing.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

_LINE_MARK = re.compile(r"//+")
_STAR = re.compile(r"\s*\*")


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment as it is written, marks included; ``line`` is where it begins."""

    text: str
    line: int

    @property
    def is_block(self) -> bool:
        """Whether it is ``/* */`` and not ``//``."""
        return self.text.startswith("/*")

    @property
    def end_line(self) -> int:
        """The line on which it ends."""
        return self.line + self.text.count("\n")


@dataclass(frozen=True, slots=True)
class Gap:
    """The comments between two tokens: what they say about the token before and about the token after."""

    trailing: str = ""
    leading: str = ""


def attach(comments: Sequence[Comment], before: int, after: int, closes: bool) -> Gap:
    """Attach the comments between a token on line ``before`` (0 for none) and one on line ``after``.

    ``closes`` says that the latter is a closing bracket or the end of the file, which no comment can document.
    """
    trailing: list[Comment] = []
    rest = list(comments)
    if rest[0].line == before:
        first = rest.pop(0)
        following = rest[0].line if rest else after
        if first.is_block and following == first.end_line and not closes:
            return Gap()  # Amid a line: there is no saying what it belongs to.
        trailing = [first]
    leading = _last_group(rest)
    if closes or not leading or after - leading[-1].end_line > 1:
        leading = []
    return Gap(text_of(trailing), text_of(leading))


def _last_group(comments: Sequence[Comment]) -> list[Comment]:
    """The last block comment, or the last run of line comments without a blank line."""
    group: list[Comment] = []
    for comment in comments:
        if group and (comment.is_block or group[-1].is_block or comment.line - group[-1].line > 1):
            group = []
        group.append(comment)
    return group


def text_of(group: Sequence[Comment]) -> str:
    """What a block comment or a run of line comments says: no marks, no common indentation, no blank ends."""
    if not group:
        return ""
    if group[0].is_block:
        return _block_text(group[0].text)
    lines = [_LINE_MARK.sub("", comment.text, count=1) for comment in group]
    return _tidy(textwrap.dedent("\n".join(lines)))


def _block_text(comment: str) -> str:
    first, *rest = comment[2:-2].split("\n")
    # A column of stars is ornament; stars that only some lines have are a list.
    if all(_STAR.match(line) for line in rest if line.strip()):
        rest = [_STAR.sub("", line, count=1) for line in rest]
    return _tidy(first.lstrip("*").strip() + "\n" + textwrap.dedent("\n".join(rest)))


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
