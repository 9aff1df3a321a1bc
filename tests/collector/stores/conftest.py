from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.stores.places import PLACES, Place


@pytest.fixture(params=list(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Every kind of store in turn."""
    with PLACES[request.param](tmp_path) as made:
        yield made
