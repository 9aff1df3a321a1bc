"""What fuzzing found once, and the targets' seeds, as ordinary tests."""

from __future__ import annotations

import os

import pytest

from tests.fuzz.targets import REGRESSIONS, TARGETS, is_known, seeds


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressions(name: str) -> None:
    target, data = REGRESSIONS[name]
    TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_seeds(target: str) -> None:
    if target == "suite" and "SUITE_PROTOS" not in os.environ:
        pytest.skip("needs the protos of the conformance suite; fuzzing checks its seeds itself")
    found = set(seeds(target))
    assert len(found) > 100
    for data in found:
        assert is_known(target, data)
        TARGETS[target](data)
