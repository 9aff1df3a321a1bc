"""Where the frameworks are not installed, what tests their bridges is not even imported."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from chaukas_spec_lite import Event, Recorder

_NEEDED = {
    "test_openai_agents.py": "agents",
    "test_langchain.py": "langchain",
    "test_same_events.py": "chaukas.sdk",
    "test_guide.py": "agents",
    "test_random_runs.py": "agents",
}


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # of the package that it would be in
        return False


collect_ignore = [file for file, module in _NEEDED.items() if not _is_there(module)]


class Events(list[Event]):
    """A sink for tests."""

    def emit(self, event: Event) -> None:
        bytes(event)  # what cannot be encoded is a mistake of the bridge's here
        self.append(event)


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def recorder(events: Events) -> Iterator[Recorder]:
    with Recorder(events, tenant_id="acme", project_id="support") as recorder:
        yield recorder
