"""Texts of events that fit on one line and do nothing to a terminal, and what pictures are drawn with.

Anything may be in the texts of events, so whatever a terminal would obey is made visible before it is printed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import astuple, dataclass
from datetime import timedelta

MAX_MARKS = 4
"""Marks kept above or below one character. No writing system needs more, and many of them cover the lines around."""

_JOINERS = "\u200c\u200d"  # Emoji and several scripts are written with them.
_PASSWORD = re.compile(r"(:/+[^/\s:@]*:).*@")
_UNSEEN = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that pictures are drawn with, each one cell wide but for the last two."""

    tee: str = "├─ "
    corner: str = "└─ "
    pipe: str = "│  "
    bar: str = "━"
    left_half: str = "╸"
    right_half: str = "╺"
    point: str = "•"
    cross: str = "✗"
    tick: str = "✓"
    separator: str = "·"
    arrow: str = "→"
    ellipsis: str = "…"
    isolate: str = "\u2068"  # FIRST STRONG ISOLATE, which takes no room
    end_of_isolate: str = "\u2069"  # POP DIRECTIONAL ISOLATE


ASCII = Glyphs("|- ", "`- ", "|  ", "=", "=", "=", ".", "x", "+", "|", ">", "~", "", "")


def glyphs_for(encoding: str) -> Glyphs:
    """The glyphs that text in this encoding can hold."""
    try:
        # All or none: a picture of both sets would not line up.
        "".join(astuple(Glyphs())).encode(encoding)
    except UnicodeEncodeError:
        return ASCII
    return Glyphs()


def one_line(text: str, encoding: str = "utf-8") -> str:
    r"""Write text on one line, free of anything that a terminal would obey.

    White space becomes single spaces; control characters, among them those that reverse the direction of writing,
    become visible (``\x1b``); what the encoding lacks becomes ``?``.
    """
    shown: list[str] = []
    marks = 0
    for char in " ".join(text.split()):
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") or char in _JOINERS else 0
        if marks <= MAX_MARKS:
            # Joiners are of the category of unseen characters, but emoji and several scripts fall apart without them.
            harmless = category not in _UNSEEN or char in _JOINERS
            shown.append(char if harmless else char.encode("unicode_escape").decode("ascii"))
    return "".join(shown).encode(encoding, "replace").decode(encoding)


def without_passwords(text: str) -> str:
    """Take out what may be a password: what stands between ``://user:`` and the last ``@`` of a line."""
    return _PASSWORD.sub(r"\1***@", text) if ":/" in text else text


def cells(text: str) -> int:
    """How many cells of a terminal a text takes, about: wide characters take two, marks and joiners none."""
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def cut(text: str, room: int, ellipsis: str) -> str:
    """Cut a text that takes more cells than there are; an ellipsis, of one cell, says so."""
    if cells(text) <= room:
        return text
    kept, left = "", room - 1
    for char in text:
        left -= _cells_of(char)
        if left < 0:
            break
        kept += char
    return kept.rstrip() + ellipsis if room > 0 else ""


def _cells_of(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def duration(value: timedelta) -> str:
    """Write a duration with about three digits: ``0.69 ms``, ``4.26 s``, ``3 m 05 s``, ``2 h 07 m``, ``5 d 03 h``."""
    seconds = value.total_seconds()
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if seconds < 0.9995:
        return f"{sign}{_three_digits(seconds * 1000)} ms"
    if seconds < 59.95:
        return f"{sign}{_three_digits(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{sign}{minutes} m {rest:02} s"
    hours, rest = divmod(minutes, 60)
    return f"{sign}{hours} h {rest:02} m" if hours < 24 else f"{sign}{hours // 24:,} d {hours % 24:02} h"


def _three_digits(number: float) -> str:
    return f"{number:.{2 if number < 9.995 else 1 if number < 99.95 else 0}f}"
