"""Hypothesis profiles, for every test below this folder.

`quick` is the default. Like `ci` it makes the same examples in every run, so that a red run is about the change that is
tested, but only a tenth of them where a test is marked `searched`, so that all tests end within minutes.
`thorough` searches at random and long. Choose with `--hypothesis-profile NAME` or the environment variable
HYPOTHESIS_PROFILE. A test that needs a stated number of examples says `@searched(2_000)`, from `tests/profiles.py`.
"""

import gc
import os
import signal

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from tests.profiles import QUICK

# What those who run the tests have set for their own programs and terminal is none of the tests' business.
for name in [*os.environ]:
    if name.startswith("CHAUKAS_") or name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "PYTHONWARNINGS"):
        del os.environ[name]

# Likewise that they ignore SIGINT, as in `nohup ... &`: child processes would inherit it, and nothing interrupt them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: how long an example takes is the machine's business; benchmarks/guard.py holds speed, by ratios.
common = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(QUICK, common, derandomize=True, max_examples=200)
settings.register_profile("ci", common, derandomize=True, max_examples=200)
settings.register_profile("thorough", common, max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", QUICK))


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of every garbage collection: it stays, and going over it takes long."""
    search()  # hypothesis takes note of its random numbers once, and looks then who refers to them, by the collector
    freeze()


@settings(max_examples=1, database=None)
@given(strategies.none())
def search(_: None) -> None:
    """Find nothing."""


@pytest.fixture(scope="module")
def few_objects() -> None:
    """Let the collections that a module's tests ask for leave out what earlier tests have left."""
    freeze()


def freeze() -> None:
    gc.collect()
    gc.freeze()
