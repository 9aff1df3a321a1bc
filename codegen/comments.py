"""Which comment belongs to which declaration, and what it says without its comment marks.

Comments are grouped as protoc groups them (see ``SourceCodeInfo.Location`` in ``google/protobuf/descriptor.proto``),
with one difference: a comment documents the token before it only if it begins on the line of that token. protoc takes
one on the next line too, which puts headings of groups into the documentation of the field above them.

A comment followed by a blank line documents nothing.
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
    """One comment as it is written, with its marks; ``line`` is where it begins, counted from 1."""

    text: str
    line: int

    @property
    def is_block(self) -> bool:
        """Whether the comment is written ``/* */``, not ``//``."""
        return self.text.startswith("/*")

    @property
    def end_line(self) -> int:
        """The line on which the comment ends."""
        return self.line + self.text.count("\n")


@dataclass(frozen=True, slots=True)
class Gap:
    """The comments between two tokens: ``trailing`` documents the token before, ``leading`` the token after."""

    trailing: str = ""
    leading: str = ""


def attach(comments: Sequence[Comment], before: int, after: int, closes: bool) -> Gap:
    """Decide which of the comments between two tokens document the first, and which the second.

    Args:
        comments: At least one comment, in the order of the file.
        before: The line of the token before; 0 at the beginning of the file.
        after: The line of the token after.
        closes: Whether the token after is a closing bracket or the end of the file, which no comment can document.
    """
    trailing: list[Comment] = []
    rest = list(comments)
    # Only a comment on the same line, see the module: protoc would also take one on the next line.
    if rest[0].line == before:
        first = rest.pop(0)
        following = rest[0].line if rest else after
        if first.is_block and following == first.end_line and not closes:
            return Gap()  # in the middle of a line: it may belong to either token
        trailing = [first]
    leading = _last_group(rest)
    if closes or not leading or after - leading[-1].end_line > 1:  # a blank line detaches the comment
        leading = []
    return Gap(text_of(trailing), text_of(leading))


def _last_group(comments: Sequence[Comment]) -> list[Comment]:
    """The last block comment, or the last line comments without a blank line between them."""
    group: list[Comment] = []
    for comment in comments:
        # A block comment stands by itself, so what was collected before belongs to something else.
        if group and (comment.is_block or group[-1].is_block or comment.line - group[-1].line > 1):
            group = []
        group.append(comment)
    return group


def text_of(group: Sequence[Comment]) -> str:
    """The text of a block comment or of consecutive line comments.

    Marks, common indentation, and blank lines at both ends are left out.
    """
    if not group:
        return ""
    if group[0].is_block:
        return _block_text(group[0].text)
    lines = [_LINE_MARK.sub("", comment.text, count=1) for comment in group]
    return _tidy(textwrap.dedent("\n".join(lines)))


def _block_text(comment: str) -> str:
    first, *rest = comment[2:-2].split("\n")
    # A star on every line is decoration; if only some lines have one, they are the items of a list.
    if all(_STAR.match(line) for line in rest if line.strip()):
        rest = [_STAR.sub("", line, count=1) for line in rest]
    return _tidy(first.lstrip("*").strip() + "\n" + textwrap.dedent("\n".join(rest)))


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
