"""Programs of the documents, run as their readers run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.snippets import ROOT

HANG = 60
"""Seconds after which a program is taken to hang. They take one or two; the machine may be busy."""

OUTAGE = re.compile(r"1 event was not sent; .* refused: is a collector running|Not sent when the exporter ended: 1 in ")
"""What the exporter says of the outage that the tutorial is about."""
REJECTED = "1 event rejected: they are no events in JSON "
"""What a collector says of the event that is wrong on purpose, to show how that is answered."""


def environment(**variables: str) -> dict[str, str]:
    """The environment without what decides where events go, which is for the tests to say."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("CHAUKAS_")}
    return {**others, "PYTHONPATH": str(ROOT), **variables}


def run(program: str | Path, folder: Path, *arguments: str, **variables: str) -> str:
    """Run a program in a folder, with warnings as errors; return what it printed. It must not write to stderr."""
    path = folder / "program.py" if isinstance(program, str) else program
    if isinstance(program, str):
        path.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), *arguments],
        cwd=folder,
        env=environment(**variables),
        check=False,
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    assert (done.returncode, complaints(done.stderr)) == (0, ""), f"{done.returncode}: {done.stderr}{done.stdout}"
    return done.stdout


def complaints(stderr: str) -> str:
    """What a program wrote to stderr, without what is said of the outage and the mistake that documents are about."""
    lines = stderr.splitlines(keepends=True)
    return "".join(line for line in lines if not OUTAGE.match(line) and not line.startswith(REJECTED))
