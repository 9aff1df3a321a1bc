"""What was measured, as a table for terminals, a table for the README, and JSON."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import notes
from benchmarks.measure import Row

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
_VERDICT = {True: "met", False: "MISSED", None: ""}


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def line(row: Row) -> str:
    """One line of the terminal's table."""
    theirs = "" if row.theirs is None else number(row.theirs)
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
    return (
        f"{row.name[:84]:<84} {number(row.ours):>9} {theirs:>9} {row.unit:<7} {ratio:>8} {bar(row):>8} "
        f"{_VERDICT[row.met]}"
    ).rstrip()


def header(section: str) -> str:
    """The lines above a section of it."""
    return f"\n{section}\n{'':<84} {'ours':>9} {'theirs':>9} {'':<7} {'ratio':>8} {'bar':>8}"


def number(value: float) -> str:
    """A number with three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value else "0"


def bar(row: Row) -> str:
    """The bar, as it is written: at most, or at least."""
    if row.bar is None:
        return ""
    return f"{'>=' if row.faster else '<='} {row.bar:g}"


def sections(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each section."""
    for section, group in itertools.groupby(rows, lambda row: row.section):
        yield section, list(group)


def summary(rows: Sequence[Row]) -> str:
    """How many bars were met."""
    barred = [row for row in rows if row.met is not None]
    missed = [row.name for row in barred if not row.met]
    text = f"{len(barred) - len(missed)} of {len(barred)} bars met"
    return text + (f"; missed: {'; '.join(missed)}" if missed else "")


def markdown(rows: Sequence[Row]) -> str:
    """The table, as the README and ``table.md`` show it."""
    about = machine()
    lines = [f"CPython {about['python']}, {about['system']}, {about['cores']} cores. {summary(rows)}.", ""]
    for section, group in sections(rows):
        lines += [f"| {section} | ours | theirs | ratio | bar |", "|---|--:|--:|--:|--:|"]
        for row in group:
            theirs = "" if row.theirs is None else f"{number(row.theirs)} {row.unit}"
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
            missed = " **missed**" if row.met is False else ""
            lines.append(f"| {row.name} | {number(row.ours)} {row.unit} | {theirs} | {ratio} | {bar(row)}{missed} |")
        lines.append("")
    for name, note in notes.about(rows):
        lines += [f"**{name}**: {note}", ""]
    return "\n".join(lines)


def write(folder: Path, rows: Sequence[Row], extra: dict[str, Any]) -> None:
    """Write the results as JSON and as Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {
        "machine": machine(),
        "rows": [{**dataclasses.asdict(row), "ratio": row.ratio, "met": row.met} for row in rows],
        **extra,
    }
    (folder / "results.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (folder / "table.md").write_text(markdown(rows), encoding="utf-8")


def pictures(folder: Path, root: Path) -> str:
    """The charts in a folder, as the README shows them: bars first, curves side by side."""
    charts = sorted(folder.glob("*.svg"), key=lambda path: (path.stem not in ("codec", "json"), path.stem))
    shown = [f"![{path.stem.replace('-', ' ')}]({path.relative_to(root).as_posix()})" for path in charts]
    return "\n".join(shown)


def put_into(readme: Path, text: str) -> bool:
    """Put the charts and the table between the README's markers; false if it has none."""
    old = readme.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(old):
        return False
    readme.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")
    return True
