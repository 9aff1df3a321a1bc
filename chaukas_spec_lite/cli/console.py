"""Where the commands print: in colour on a terminal, as plain text of a fixed width into anything else."""

from __future__ import annotations

import sys
from typing import TextIO

import click
from rich.console import Console

PLAIN_WIDTH = 100
"""Cells of a line that goes into a file or a pipe, whatever terminal is near."""


def console(*, errors: bool = False) -> Console:
    """Make a console on standard output, or on standard error.

    It prints what it is given: no markup, emoji codes or highlighting is looked for in text. Variables such as
    ``FORCE_COLOR`` do not bring escape codes into a pipe; ``NO_COLOR`` and ``TERM=dumb`` keep them off a terminal.
    Raises ``ClickException`` if standard output is closed: a program without one has ``None`` in its place.
    """
    stream: TextIO | None = sys.stderr if errors else sys.stdout
    if stream is None and not errors:
        raise click.ClickException("standard output is closed, and there is nowhere else to print to")
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
