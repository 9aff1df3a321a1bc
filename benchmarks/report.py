"""What was measured, as tables for terminals, the documents and the README, and as JSON."""

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
HIGHLIGHTS = (
    "build and encode the model event (1317 B)",
    "decode the model event to Python values",
    "`ingest_events`, batches of 100; grpcio, threads",
    "`emit` of the model event, spool on, median",
    "installed size of the client and all it needs",
)
"""The rows that the README shows: one of each kind, whether or not it looks good."""

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
    """The tables and notes, as ``docs/benchmarks.md`` and ``table.md`` show them."""
    about = machine()
    lines = [f"CPython {about['python']}, {about['system']}, {about['cores']} cores. {summary(rows)}.", ""]
    for section, group in sections(rows):
        lines += [*table(section, group), ""]
    for name, note in notes.about(rows):
        lines += [f"**{name}**: {note}", ""]
    return "\n".join(lines)


def highlights(rows: Iterable[Row]) -> str | None:
    """The README's five rows; None if one of them was not measured."""
    by_name = {row.name: row for row in rows}
    if not by_name.keys() >= set(HIGHLIGHTS):
        return None
    return "\n".join(table("Beside the official client", [by_name[name] for name in HIGHLIGHTS]))


def table(title: str, rows: Iterable[Row]) -> list[str]:
    """The lines of a table in Markdown."""
    lines = [f"| {title} | ours | theirs | ratio | bar |", "|---|--:|--:|--:|--:|"]
    for row in rows:
        theirs = "" if row.theirs is None else f"{number(row.theirs)} {row.unit}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        missed = " **missed**" if row.met is False else ""
        lines.append(f"| {row.name} | {number(row.ours)} {row.unit} | {theirs} | {ratio} | {bar(row)}{missed} |")
    return lines


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


def results(folder: Path) -> dict[str, Any]:
    """What a run has left in a folder; nothing if there was none."""
    path = folder / "results.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def with_earlier(folder: Path, rows: Sequence[Row]) -> list[Row]:
    """The rows, and those of other sections that an earlier run left in a folder, in the order of these."""
    new, names = dict(sections(rows)), [each.name for each in dataclasses.fields(Row)]
    earlier = [Row(**{name: each[name] for name in names}) for each in results(folder).get("rows", [])]
    together: list[Row] = []
    for section, group in sections(earlier):
        together += new.pop(section, group)
    return together + [row for group in new.values() for row in group]


def pictures(folder: Path, page: Path) -> str:
    """The charts in a folder, as a page shows them: bars first."""
    charts = sorted(folder.glob("*.svg"), key=lambda path: (path.stem not in ("codec", "json"), path.stem))
    shown = [
        f"![{path.stem.replace('-', ' ')}]({Path(os.path.relpath(path, page.parent)).as_posix()})" for path in charts
    ]
    return "\n".join(shown)


def put_into(page: Path, text: str) -> bool:
    """Put a text between a page's markers; false if it has none."""
    old = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(old):
        return False
    page.write_text(pattern.sub(lambda _: f"{BEGIN}\n{text}\n{END}", old), encoding="utf-8")
    return True
