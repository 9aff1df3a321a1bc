"""What fuzzing found once, and the targets' seeds, as ordinary tests."""

from __future__ import annotations

import os

import pytest

from tests.fuzz.targets import REGRESSIONS, TARGETS, is_known, seeds


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressions(name: str) -> None:
    target, data = REGRESSIONS[name]
    TARGETS[target](data)


# The suite's seeds need the conformance suite's protos; fuzzing, which has them, looks at the seeds of each target.
@pytest.mark.parametrize("target", [target for target in TARGETS if target != "suite" or "SUITE_PROTOS" in os.environ])
def test_seeds(target: str) -> None:
    found = set(seeds(target))
    assert len(found) > 100
    for data in found:
        assert is_known(target, data)
        TARGETS[target](data)
