"""Prepares a file's text for the grammar's lexer, so that the lexer reads it as protoc reads the original.

The lexer knows fewer kinds of white space and fewer escapes than protoc, and divides a string with a mistake into
tokens that make no sense. So strings are examined here. The lexer gets a harmless string of the same length for each,
so that all positions stay the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from codegen.errors import Mistakes
from codegen.model import Position

_PIECE = re.compile(
    r"""
    //[^\n]* | /\*.*?(?:\*/|\Z) | \v
    | "(?:\\[^\n]|[^"\\\n])*\\?"? | '(?:\\[^\n]|[^'\\\n])*\\?'?
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"""
    \\(?: ([abfnrtv\\?'"0-7] | [xX][0-9A-Fa-f] | u[0-9A-Fa-f]{4} | U(?:000[0-9A-Fa-f]|0010)[0-9A-Fa-f]{4}) | (.?) )
    """,
    re.VERBOSE,
)
_ENDING = re.compile(r"[;{}][;{} \t\r\v\f]*\Z")


@dataclass(slots=True)
class SourceText:
    """The text for the lexer, and the strings that it does not contain."""

    text: str
    strings: dict[int, str] = field(default_factory=dict[int, str])
    """The strings as they are written, by the offset at which they begin."""
    broken: list[int] = field(default_factory=list[int])
    """The offsets at which strings with mistakes begin."""


def prepare(path: str, text: str, mistakes: Mistakes) -> SourceText:
    """Make the text for the lexer, and report strings with mistakes."""
    return _Preparer(path, text, mistakes).run()


class _Preparer:
    def __init__(self, path: str, text: str, mistakes: Mistakes) -> None:
        self._path, self._text, self._mistakes = path, text, mistakes
        self._result = SourceText("")

    def run(self) -> SourceText:
        self._result.text = _PIECE.sub(self._stand_in, self._text)
        return self._result

    def _stand_in(self, piece: re.Match[str]) -> str:
        """What the lexer gets instead of a comment, a string or a vertical tab."""
        written = piece[0]
        if written == "\v":
            return " "
        # For protoc a carriage return alone does not end a line comment; for the lexer it would.
        if written.startswith("//"):
            return written[:-1].replace("\r", " ") + written[-1]
        return written if written.startswith("/*") else self._string(written, piece.start())

    def _string(self, written: str, start: int) -> str:
        """Report what is wrong with a string that begins at an offset; returns what the lexer gets instead."""
        quote, tail = written[0], ""
        if not _is_closed(written):
            self._report(start, "this string does not end on its line")
            written, tail = _divide(written)
            self._result.broken.append(start)
        else:
            # Only the first one: a string with one wrong escape tends to have more, for the same reason.
            wrong = next((escape for escape in _ESCAPE.finditer(written, 0, len(written) - 1) if not escape[1]), None)
            if wrong:
                self._report(
                    start + wrong.start(), f'"{wrong[0]}" is no escape that protobuf knows, or is not complete'
                )
                self._result.broken.append(start)
        self._result.strings[start] = written
        # As long as what was written, so that offsets and columns of all tokens stay true.
        return f"{quote}{'x' * (len(written) - 2)}{quote}{tail}" if len(written) > 1 else " " + tail

    def _report(self, offset: int, what: str) -> None:
        line = self._text.count("\n", 0, offset) + 1
        self._mistakes.report(Position(self._path, line, offset - self._text.rfind("\n", 0, offset)), what)


def _is_closed(written: str) -> bool:
    # Without escapes, so that an escaped quote at the end does not count as the closing one.
    body = re.sub(r"\\.", "", written[1:], flags=re.DOTALL)
    return body.endswith(written[0])


def _divide(unclosed: str) -> tuple[str, str]:
    """Divide a string that is not closed on its line into the string and the rest of the line.

    Semicolons and braces at the end of the line were probably meant to end a statement or a block, and not to be part
    of the string. They are cut off if that closes the braces that the string seems to open, so that the statements
    around it stay what they are.
    """
    ending = _ENDING.search(unclosed, 2)
    missing = _opened(unclosed)
    for start in range(len(unclosed) - 1, ending.start() - 1, -1) if ending else ():
        missing -= _opened(unclosed[start])
        if missing == 0 and unclosed[start] in ";{}":
            return unclosed[:start], unclosed[start:].replace("\v", " ")
    return unclosed, ""


def _opened(text: str) -> int:
    """The number of opening braces in a text minus that of closing ones."""
    return text.count("{") - text.count("}")
