"""Fuzz one target with atheris, which mutates the seeds and keeps what reaches new code.

    python -m tests.fuzz event --seconds 60

Exits with status 0 if nothing was found. A finding is printed with its traceback and its input in hexadecimal, for
``REGRESSIONS`` in ``targets.py``, and the exit status is not 0.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["chaukas_spec_lite"]):
    from tests.fuzz.targets import TARGETS, is_known, seeds

SLOW_SECONDS = 5
"""An input that takes longer than this counts as a hang."""
MAX_BYTES = 4_096


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz one target with atheris.")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: %(default)s)")
    arguments = parser.parse_args()
    target = TARGETS[arguments.target]

    def fuzz_one(data: bytes) -> None:
        try:
            target(data)
        except BaseException:
            sys.stderr.write(f"target {arguments.target!r} failed on bytes.fromhex({data.hex()!r})\n")
            raise

    with tempfile.TemporaryDirectory(prefix="chaukas-fuzz-") as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(seeds(arguments.target)):
            assert is_known(arguments.target, seed), f"a seed that misses its target: {seed.hex()}"
            Path(corpus, f"seed-{number}").write_bytes(seed)
        options = [
            f"-max_total_time={arguments.seconds}",
            f"-timeout={SLOW_SECONDS}",
            f"-max_len={MAX_BYTES}",
            f"-artifact_prefix={folder}/",
            "-print_final_stats=1",
            "-rss_limit_mb=2048",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], fuzz_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
