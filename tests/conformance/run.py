"""Runs the official conformance suite against freshly generated code: ``python -m tests.conformance.run FOLDER``.

Fetches the runner into FOLDER, generates the suite's messages there, and fails unless exactly the expected number of
tests passes: the failure list is empty, and nothing is skipped but what a proto3 library does not have.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

EXPECTED = 1476
"""The proto3 tests of runner 33.2 in binary and JSON, recommended ones included."""
SKIPPED = 1303
"""The tests of what a proto3 library does not have: proto2 and editions."""

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def main(folder: Path) -> int:
    """Run the suite; returns the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(["bash", HERE / "get_runner.sh", folder], check=True, stdout=subprocess.PIPE, text=True)
    runner, protos = fetched.stdout.splitlines()
    generate(Path(protos), folder)
    done = subprocess.run(
        [runner, "--enforce_recommended", "--output_dir", folder, testee(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    print(done.stderr[-20_000:])
    counts = re.search(
        r"(\d+) successes, (\d+) skipped, (\d+) expected failures, (\d+) unexpected failures", done.stderr
    )
    if counts is None:
        print("the runner gave no summary", file=sys.stderr)
        return 1
    passed, skipped, expected, unexpected = map(int, counts.groups())
    if done.returncode or (passed, skipped, expected, unexpected) != (EXPECTED, SKIPPED, 0, 0):
        print(f"expected {EXPECTED} successes, {SKIPPED} skipped and no failure", file=sys.stderr)
        return 1
    print(f"{passed} passed, 0 failed")
    return 0


def generate(protos: Path, folder: Path) -> None:
    """Generate the suite's messages into the package ``suite``."""
    files = ["conformance/conformance.proto", "google/protobuf/test_messages_proto3.proto"]
    subprocess.run(
        [sys.executable, "-m", "codegen", "--proto-path", protos, "--out", folder / "suite", *files],
        check=True,
        cwd=ROOT,
    )


def testee(folder: Path) -> Path:
    """Write the one executable that the runner can start."""
    script = folder / "testee.sh"
    command = shlex.join([sys.executable, str(HERE / "testee.py"), str(folder), str(ROOT)])
    script.write_text(f"#!/bin/sh\nexec {command}\n")
    script.chmod(0o755)
    return script


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.conformance.run FOLDER")
    sys.exit(main(Path(sys.argv[1]).resolve()))
