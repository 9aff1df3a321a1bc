"""Packages that only some environments have: without them a test is skipped, but never where CI has installed them."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest

ALL_THERE = "CHAUKAS_TESTS_SKIP_NOTHING"
"""Is set where the extra `values` is installed, so that what is missing all the same is a mistake."""


def needed(name: str) -> Any:
    """Import a package of the extra `values`, or skip the test."""
    if os.environ.get(ALL_THERE):
        return importlib.import_module(name)
    return pytest.importorskip(name, reason=f"needs {name}, of the extra values")
