"""``python -m chaukas_spec_lite``, and ``chaukas-lite``."""

from __future__ import annotations

import sys

MISSING_EXTRA = """chaukas-lite needs click and rich. Install them with

    pip install 'chaukas-spec-lite[cli]'
"""
INTERRUPTED = 130
"""The exit status of a program that SIGINT ended, as shells have it."""


def main() -> int:
    """Run the program; returns the exit status, which is 2 if the extra ``cli`` is not installed."""
    try:
        from chaukas_spec_lite.cli.app import run

        return run()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("click", "rich"):
            raise
        sys.stderr.write(MISSING_EXTRA)
        return 2
    except KeyboardInterrupt:  # while modules were imported, or again while the first one was dealt with
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
