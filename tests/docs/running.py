"""Programs of the documents, run as their readers run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.snippets import ROOT

HANG = 60
"""Seconds after which a program is taken to hang. They take one or two; the machine may be busy."""

SLOW_DISK = "An event is in memory only: "
"""What the exporter logs where the disk takes longer than ``spool_wait``: true on a busy machine, and no fault."""


def run(program: str | Path, folder: Path, *arguments: str) -> str:
    """Run a program in a folder, with warnings as errors; return what it printed. It must not write to stderr."""
    if isinstance(program, str):
        path = folder / "program.py"
        path.write_text(program, encoding="utf-8")
    else:
        path = program
    # Variables of whoever runs the tests must not decide where events go.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHAUKAS_")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path), *arguments],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    complaints = "".join(line for line in done.stderr.splitlines(True) if not line.startswith(SLOW_DISK))
    assert (done.returncode, complaints) == (0, ""), f"status {done.returncode}: {done.stderr}{done.stdout}"
    return done.stdout
