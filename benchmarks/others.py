"""The codec on the other Pythons that the machine has: reported, without bars."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.environments import OFFICIAL, ROOT, fresh, variables
from benchmarks.measure import Row

SECTION = "On other Pythons"
"""How the names of its sections begin."""
VERSIONS = ("3.10", "3.12", "3.13")


def rows() -> Iterator[Row]:
    """The codec's rows, measured by each of them in an environment of its own."""
    for version in VERSIONS:
        python = interpreter(version)
        if python is None:
            print(f"\nthis machine has no Python {version}: not measured there", file=sys.stderr)
            continue
        with fresh(str(ROOT), OFFICIAL, python=python) as environment, TemporaryDirectory() as folder:
            command = [str(environment.python), "-m", "benchmarks", "--only", "codec", "json", "--write", folder]
            subprocess.run(command, check=True, cwd=ROOT, env=variables(), stdout=subprocess.DEVNULL)
            results = json.loads(Path(folder, "results.json").read_text(encoding="utf-8"))
        for row in results["rows"]:
            kept = {name: row[name] for name in ("name", "ours", "theirs", "unit", "faster")}
            yield Row(section=f"{SECTION}, {results['machine']['python']}: {row['section']}", **kept)


def interpreter(version: str) -> Path | None:
    """The newest usable interpreter of a version: on the path, or among pyenv's."""
    candidates = [Path(f"python{version}")]
    candidates += sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"), reverse=True)
    for candidate in candidates:
        try:
            done = subprocess.run([str(candidate), "-c", "import ensurepip"], capture_output=True, check=False)
        except FileNotFoundError:
            continue
        if done.returncode == 0:
            return candidate
    return None
