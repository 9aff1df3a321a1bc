"""Users' programs in cases/ are accepted, or refused line by line as marked, by mypy and by pyright; see README.md."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.py"))
MARK = re.compile(r"# error: \S")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

Findings = dict[str, dict[int, list[str]]]
"""File name, line (from 1), messages."""


def marked(case: Path) -> set[int]:
    """The lines of a case that a checker must refuse."""
    return {number for number, line in enumerate(case.read_text().splitlines(), 1) if MARK.search(line)}


@cache
def mypy() -> Findings:
    """What mypy says of the cases."""
    options = (f"--python-version={PYTHON}", *map(str, CASES))
    done = run("mypy", "--strict", "--config-file=", f"--cache-dir={os.devnull}", "--output=json", *options)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: Findings = defaultdict(lambda: defaultdict(list))
    for text in done.stdout.splitlines():
        report = json.loads(text)
        if report["severity"] == "error":
            found[Path(report["file"]).name][report["line"]].append(f"{report['code']}: {report['message']}")
    return found


@cache
def pyright() -> Findings:
    """What pyright says of the cases."""
    options = (f"--project={HERE}", f"--pythonversion={PYTHON}", f"--pythonpath={sys.executable}")
    done = run("pyright", "--outputjson", *options)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] >= len(CASES), done.stdout
    found: Findings = defaultdict(lambda: defaultdict(list))
    for each in report["generalDiagnostics"]:
        if each["severity"] != "information":
            line = each["range"]["start"]["line"] + 1
            found[Path(each["file"]).name][line].append(f"{each.get('rule', 'syntax')}: {each['message']}")
    return found


def run(checker: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs a checker at the project's root, but with a user's configuration, not the project's own."""
    command = [sys.executable, "-m", checker, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, cwd=HERE.parents[1], check=False)


CHECKERS = {"mypy": mypy, "pyright": pyright}


@pytest.mark.types
@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_marked_lines_and_no_others_are_refused(case: Path, checker: str) -> None:
    found = CHECKERS[checker]()[case.name]
    assert set(found) == marked(case), f"{checker} found {json.dumps(found, indent=2)}"


@pytest.mark.parametrize("case", [case for case in CASES if not marked(case)], ids=lambda case: case.stem)
def test_an_accepted_program_runs(case: Path) -> None:
    runpy.run_path(str(case))


def test_there_are_programs_of_both_kinds() -> None:
    assert sum(1 for case in CASES if not marked(case)) >= 2
    assert sum(len(marked(case)) for case in CASES) >= 8
