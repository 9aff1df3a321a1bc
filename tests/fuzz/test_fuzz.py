"""What fuzzing found once, and the targets' seeds, as ordinary tests."""

from __future__ import annotations

import pytest

from tests.fuzz.targets import REGRESSIONS, TARGETS, seeds


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressions(name: str) -> None:
    target, data = REGRESSIONS[name]
    TARGETS[target](data)


@pytest.mark.parametrize("target", ["event", "everything"])
def test_seeds(target: str) -> None:
    count = 0
    for data in seeds(target):
        TARGETS[target](data)
        count += 1
    assert count > 100
