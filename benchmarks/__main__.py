"""``python -m benchmarks``: measures everything, prints the table, writes ``benchmarks/results``."""

from __future__ import annotations

import argparse
import cProfile
import dataclasses
import io
import pstats
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks import (
    charts,
    codec,
    corners,
    environments,
    lightness,
    notes,
    others,
    page,
    protojson,
    recorder,
    report,
    rivals,
    rpc,
    scaling,
    sending,
    verifying,
    verifying_sources,
)
from benchmarks.measure import FULL, QUICK, Effort, Job, Row, compare

RESULTS = Path(__file__).parent / "results"
GROUPS: dict[str, tuple[str, Callable[[], Iterable[Job]]]] = {
    "codec": (codec.SECTION, codec.jobs),
    "json": (protojson.SECTION, protojson.jobs),
    "rivals": (rivals.SECTION, rivals.jobs),
    "recorder": (recorder.SECTION, recorder.jobs),
}
"""What is measured in this process, by the name that ``--only`` knows."""
OTHER_GROUPS = ("rpc", "sending", "verifying", "lightness", "scaling", "corners", "page", "pythons")


def main() -> None:
    """Run the benchmarks that were asked for."""
    options = arguments()
    effort = QUICK if options.quick else FULL
    wanted = options.only or (
        [*GROUPS, "lightness", "scaling", "corners"] if options.quick else [*GROUPS, *OTHER_GROUPS]
    )
    environments.current()  # compiled bytecode in place
    rows: list[Row] = []
    curves: list[scaling.Curve] = []
    for row in measured(wanted, effort, options.quick, curves):
        if not rows or rows[-1].section != row.section:
            print(report.header(row.section))
        rows.append(row)
        print(report.line(row), flush=True)
    print(f"\n{report.summary(rows)}")
    for name, note in notes.about(rows):
        print(f"{name}: {note}")
    if options.write:
        write(options.write, report.with_earlier(options.write, rows) if options.only else rows, curves)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less exact, and ends within a minute")
    parser.add_argument(
        "--only", nargs="+", choices=[*GROUPS, *OTHER_GROUPS], metavar="GROUP", help="some of the groups"
    )
    parser.add_argument(
        "--write",
        nargs="?",
        type=Path,
        const=RESULTS,
        metavar="FOLDER",
        help="write JSON, table and charts (to benchmarks/results, then also to docs/benchmarks.md and the README); "
        "with --only, the figures of other groups stay as they were",
    )
    return parser.parse_args()


def measured(wanted: list[str], effort: Effort, quick: bool, curves: list[scaling.Curve]) -> Iterator[Row]:
    """Measure the groups, in their order."""
    for name, (section, jobs) in GROUPS.items():
        if name in wanted:
            for job in jobs():
                row = compare(section, job, effort)
                yield row
                if row.met is False and not quick:
                    print(profile(job), flush=True)
    if "rpc" in wanted:
        yield from rpc.rows(quick)
    if "sending" in wanted:
        yield from sending.rows(quick)
    if "verifying" in wanted:
        yield from verifying.rows(quick)
        yield from verifying_sources.rows(quick)
    if "scaling" in wanted:
        for curve in scaling.curves(effort, quick):
            curves.append(curve)
            yield from scaling.rows(curve)
    if "corners" in wanted:
        yield from corners.rows(effort)
    if "lightness" in wanted:
        yield from lightness.rows(quick)
    if "page" in wanted:
        yield from page.rows(quick)
    if "pythons" in wanted:
        yield from others.rows()


def profile(job: Job, calls: int = 300, lines: int = 8) -> str:
    """Where the time goes in a job whose bar is missed."""
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(max(1, calls // job.items)):
        job.ours()
    profiler.disable()
    out = io.StringIO()
    pstats.Stats(profiler, stream=out).strip_dirs().sort_stats("tottime").print_stats(lines)
    table = out.getvalue().partition("ncalls")[2].rstrip()
    return "    where the time goes: ncalls" + table.replace("\n", "\n    ")


def write(folder: Path, rows: list[Row], curves: list[scaling.Curve]) -> None:
    """Write the results; into the documents and the README too if this is the committed place."""
    drawn = [dataclasses.asdict(curve) for curve in curves] or report.results(folder).get("curves", [])
    report.write(folder, rows, {"curves": drawn})
    for section, group in report.sections(rows):
        if section in (codec.SECTION, protojson.SECTION):
            name = "codec" if section == codec.SECTION else "json"
            barred = [row for row in group if row.bar is not None]
            (folder / f"{name}.svg").write_text(charts.ratios(barred, section), encoding="utf-8")
    for curve in curves:
        (folder / f"{curve.name.replace(' ', '-').lower()}.svg").write_text(charts.curve(curve), encoding="utf-8")
    if folder == RESULTS:
        here = [row for row in rows if not row.section.startswith(others.SECTION)]
        document = environments.ROOT / "docs" / "benchmarks.md"
        report.put_into(document, f"{report.pictures(folder, document)}\n\n{report.markdown(here)}")
        if (few := report.highlights(here)) is not None:
            report.put_into(environments.ROOT / "README.md", few)


if __name__ == "__main__":
    main()
