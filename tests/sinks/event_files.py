"""What tests of files share: events with names, and the names in a file."""

from __future__ import annotations

from pathlib import Path

from chaukas_spec_lite import Event
from chaukas_spec_lite.files import read_events

NAMES = ("e.jsonl", "e.delim", "e.jsonl.gz", "e.delim.gz")
"""Files of all four forms."""


def named(name: object) -> Event:
    """An event that is known by its name, and not very small."""
    return Event(event_id=f"id-{name}", agent_name=str(name), metadata={"text": "ö" * 50, "list": [1, None]})


def names_in(path: Path) -> list[str]:
    """The names of all events in a file."""
    return [recorded.event.agent_name for recorded in read_events(path)]
