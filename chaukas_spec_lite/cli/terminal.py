"""What a terminal is given: a console to print on, columns of text, numbers and times in words."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TextIO

import click
from rich.cells import cell_len, set_cell_size
from rich.console import Console

from chaukas_spec_lite.printable import Glyphs

PLAIN_WIDTH = 100
"""Cells of a line that goes into a file or a pipe, whatever the width of the terminal that the program runs on."""

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
        # A terminal would cut a line that is too long anywhere, so there it is broken between words.
        soft_wrap=not is_terminal,
    )


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


def money(amount: float, currency: str) -> str:
    """Write an amount: ``$0.0014``, ``$2.50``, ``0.0014 EUR``. Calls of models cost little, and sessions add up."""
    digits = 2 if abs(amount) >= 0.995 else 4
    number = f"{abs(amount):,.{digits}f}" if amount else "0"
    sign = "-" if amount < 0 else ""
    if number == "0.0000":  # Less than the last digit is still not nothing.
        sign, number = "<", "0.0001"
    return f"{sign}${number}" if currency == "USD" else f"{sign}{number} {currency}".rstrip()


def costs(amounts: Mapping[str, float]) -> str:
    """Write amounts of several currencies."""
    return " + ".join(money(amount, currency) for currency, amount in sorted(amounts.items()) if amount)


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
