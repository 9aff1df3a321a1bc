"""Text of events, which nobody vouches for, made fit for one line of a terminal."""

from __future__ import annotations

import unicodedata
from dataclasses import astuple, dataclass

from rich.cells import cell_len, set_cell_size

MAX_MARKS = 4
"""Marks kept above or below one character; no writing system needs more, and they pile up over other lines."""

_JOINERS = "\u200c\u200d"  # Emoji and several scripts are written with them.
_UNSEEN = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


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
            harmless = category not in _UNSEEN or char in _JOINERS
            shown.append(char if harmless else char.encode("unicode_escape").decode("ascii"))
    return "".join(shown).encode(encoding, "replace").decode(encoding)


def fit(text: str, cells: int, glyphs: Glyphs) -> str:
    """Cut or pad one line of text to a number of terminal cells.

    Writing from right to left is isolated, lest it reorder what stands beside it.
    """
    if cell_len(text) > cells:
        text = set_cell_size(text, max(0, cells - 1)).rstrip() + glyphs.ellipsis[:cells]
    padding = " " * (cells - cell_len(text))
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text):
        text = f"{glyphs.isolate}{text}{glyphs.end_of_isolate}"
    return text + padding
