"""Tables and bars: columns as wide as what they hold, the first one cut where there is no room for all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from chaukas_spec_lite.cli.terminal import fit
from chaukas_spec_lite.cli.tree_view import DIM
from chaukas_spec_lite.printable import Glyphs, one_line

MIN_FIRST = 12
MAX_FIRST = 40
_LEAST_BAR, _MOST_BAR = 6, 40


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table."""

    cells: Sequence[str]
    """The first one stands to the left of its column, others to the right, unless they are words."""
    share: float | None = None
    """How long the bar behind it is, from 0 to 1; None for no bar."""
    style: str = ""


def table(
    head: Sequence[str],
    rows: Sequence[Row],
    width: int,
    encoding: str,
    glyphs: Glyphs,
    least: int = MIN_FIRST,
    words: Collection[int] = (),
) -> Iterator[Text]:
    """Draw a table.

    Args:
        head: The names of the columns, the most important ones first.
        rows: The lines.
        width: Cells of a line.
        encoding: What it is written in.
        glyphs: What bars are drawn with.
        least: Cells that the first column keeps, if it needs them; the last columns are left out for it.
        words: The columns that stand to the left besides the first one, by their numbers.
    """
    lines = [[one_line(cell, encoding) for cell in row.cells] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(head, *lines, strict=True)]
    least, shown = min(least, widths[0]), 1
    while shown < len(widths) and least + sum(2 + each for each in widths[1 : shown + 1]) <= width:
        shown += 1
    others = sum(2 + each for each in widths[1:shown])
    widths[0] = min(widths[0], max(1, width - others), max(MAX_FIRST, least))
    has_bars = any(row.share is not None for row in rows)
    bar = min(_MOST_BAR, width - widths[0] - others - 2) if has_bars else 0

    def line(cells: Sequence[str]) -> str:
        rest = "".join(
            "  " + (cell + " " * (room - cell_len(cell)) if at in words else " " * (room - cell_len(cell)) + cell)
            for at, (cell, room) in enumerate(zip(cells[1:shown], widths[1:shown], strict=True), 1)
        )
        return fit(cells[0], widths[0], glyphs) + rest

    yield Text(line(head).rstrip(), DIM)
    for cells, row in zip(lines, rows, strict=True):
        drawn = Text(line(cells), row.style)
        if row.share is not None and bar >= _LEAST_BAR:
            halves = max(1, round(2 * bar * row.share)) if row.share > 0 else 0
            drawn.append("  " + glyphs.bar * (halves // 2) + glyphs.left_half * (halves % 2), "cyan")
        drawn.rstrip()
        yield drawn
