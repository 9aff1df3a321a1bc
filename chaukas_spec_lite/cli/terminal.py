"""What a terminal is given: a console to print on, texts of events that fit on one line, numbers and times in words.

Anything may be in the texts of events, so whatever a terminal would obey is made visible before it is printed.
"""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta, timezone
from typing import TextIO

import click
from rich.cells import cell_len, set_cell_size
from rich.console import Console

PLAIN_WIDTH = 100
"""Cells of a line that goes into a file or a pipe, whatever the width of the terminal that the program runs on."""

MAX_MARKS = 4
"""Marks kept above or below one character. No writing system needs more, and many of them cover the lines around."""

_JOINERS = "\u200c\u200d"  # Emoji and several scripts are written with them.
_UNSEEN = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


def console(*, errors: bool = False) -> Console:
    """Make a console on standard output, or on standard error.

    It prints what it is given: no markup, emoji codes or highlighting is looked for in text. Variables such as
    ``FORCE_COLOR`` do not bring escape codes into a pipe; ``NO_COLOR`` and ``TERM=dumb`` keep them off a terminal.
    Raises ``ClickException`` if standard output is closed: a program without one has ``None`` in its place.
    """
    stream: TextIO | None = sys.stderr if errors else sys.stdout
    if stream is None and not errors:
        raise click.ClickException("standard output is closed, and there is nowhere else to print to")
    # Decided here and not by rich, which lets variables such as FORCE_COLOR bring escape codes into a pipe.
    is_terminal = stream is not None and stream.isatty()
    return Console(
        stderr=errors,
        force_terminal=is_terminal,
        force_jupyter=False,
        width=None if is_terminal else PLAIN_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=True,
    )


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


def fit(text: str, cells: int, glyphs: Glyphs) -> str:
    """Cut or pad one line of text to a number of terminal cells.

    Text written from right to left is isolated, so that the terminal does not reorder the text beside it.
    """
    if cell_len(text) > cells:
        text = set_cell_size(text, max(0, cells - 1)).rstrip() + glyphs.ellipsis[:cells]
    # Outside of the isolate, so that columns to the right stay where they are.
    padding = " " * (cells - cell_len(text))
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text):
        text = f"{glyphs.isolate}{text}{glyphs.end_of_isolate}"
    return text + padding


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


def money(amount: float, currency: str) -> str:
    """Write an amount: ``$0.0014``, ``$2.50``, ``0.0014 EUR``. Calls of models cost little, and sessions add up."""
    digits = 2 if abs(amount) >= 0.995 else 4
    number = f"{abs(amount):,.{digits}f}" if amount else "0"
    sign = "-" if amount < 0 else ""
    if number == "0.0000":  # Less than the last digit is still not nothing.
        sign, number = "<", "0.0001"
    return f"{sign}${number}" if currency == "USD" else f"{sign}{number} {currency}".rstrip()


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 span``, ``2 spans``, ``3 retries``, ``4 batches``."""
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith("ch") else "s")
    return f"{number:,} {plural}"


def rate(events: int, seconds: float) -> str:
    """Write how quickly events travelled, with a space before it: `` (7,000/s)``; nothing where that means nothing."""
    return f" ({events / seconds:,.0f}/s)" if seconds > 0 and events else ""


def moment_of(time: datetime) -> str:
    """Write a point in time, to the second and in UTC."""
    # Not strftime, which writes the year 1 as "1" or as "0001", depending on the platform.
    return time.astimezone(timezone.utc).replace(tzinfo=None).isoformat(" ", "seconds") + " UTC"
