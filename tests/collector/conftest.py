"""What holds after each test of the collector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chaukas_spec_lite.collector.last_signed import LastSigned


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what remembers checkpoints, as a test ends like a collector that is killed: its thread would stay."""
    made: list[LastSigned] = []
    real = LastSigned.__init__

    def noted(self: LastSigned, *given: Any, **named: Any) -> None:
        made.append(self)
        real(self, *given, **named)

    monkeypatch.setattr(LastSigned, "__init__", noted)
    yield
    for each in made:
        each.close()
