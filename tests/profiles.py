"""How many examples the searches try: tests whose worth grows with the number of examples that hypothesis makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

QUICK = "quick"


def examples(number: int) -> int:
    """Return how many examples the profile in force wants of a search that asks for a number of them.

    The profile ``quick`` tries a tenth, so that the whole suite ends within minutes; ``ci`` tries what is asked for,
    and ``thorough`` its own number where that is more.
    """
    if settings.get_current_profile_name() == QUICK:
        return max(1, number // 10)
    return max(number, settings().max_examples)


def searched(number: int) -> Callable[[Any], Any]:
    """Mark a test as a search, so that ``-m searched`` selects it, and give it its number of examples."""

    def decorate(test: Any) -> Any:
        return pytest.mark.searched(settings(max_examples=examples(number))(test))

    return decorate
