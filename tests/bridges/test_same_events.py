"""The official SDK and the bridge record the same of the same run, but for what the guide lists."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chaukas_spec_lite import EventType
from chaukas_spec_lite.trace.outline import outline
from tests.bridges.comparing import Difference, differences, read
from tests.patience import HANG
from tests.snippets import DOCS, ROOT

pytestmark = pytest.mark.bridges

GUIDE = DOCS / "guides" / "sdk-differences.md"

COUNTED = "concurrent"
"""The run of which only the number of events is known: what overtakes what is for the machine to say."""


@dataclass(frozen=True)
class Listed:
    """One field of a row of the guide's table."""

    event: str
    field: str

    def is_about(self, found: Difference) -> bool:
        pattern = re.escape(self.field).replace(r"\*", ".*").replace(r"\[.*\]", r"\[\*\]")
        return self.event in ("all", found.event) and re.fullmatch(pattern, found.field) is not None


def _table() -> Iterator[Listed]:
    for line in GUIDE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0] not in ("event", "---"):
            for field in re.findall(r"`([^`]+)`|(\(only [^)]+\))", cells[1]):
                yield Listed(cells[0].strip("`"), field[0] or field[1])


TABLE = list(_table())


def _run(who: str, folder: Path) -> Path:
    folder.mkdir()
    command = [sys.executable, "-m", "tests.bridges.same_runs", who, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3 * HANG, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _run("sdk", tmp_path_factory.mktemp("same") / "sdk")


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _run("bridge", tmp_path_factory.mktemp("same") / "bridge")


@pytest.fixture(scope="module")
def found(sdk: Path, bridge: Path) -> list[Difference]:
    runs = [path.stem for path in sorted(bridge.glob("*.delim")) if path.stem != COUNTED]
    assert len(runs) == 9
    files = [(run, read(sdk / f"{run}.delim"), read(bridge / f"{run}.delim")) for run in runs]
    return [each for run in files for each in differences(*run)]


def test_what_is_not_in_the_table_is_equal(found: list[Difference]) -> None:
    unlisted = [each for each in found if not any(row.is_about(each) for row in TABLE)]
    assert unlisted == []


def test_each_row_of_the_table_occurs(found: list[Difference]) -> None:
    assert len(TABLE) > 40
    assert [row for row in TABLE if not any(row.is_about(each) for each in found)] == []


def test_most_fields_are_equal(sdk: Path, bridge: Path) -> None:
    """A comparison in which nothing matches would find no difference either."""
    theirs, ours = read(sdk / "plain.delim"), read(bridge / "plain.delim")
    assert {event.type for event in theirs} - {EventType.STATE_UPDATE} == {event.type for event in ours}
    [one], [other] = ([event for event in events if event.type is EventType.AGENT_START] for events in (theirs, ours))
    assert one.metadata == other.metadata
    assert one.metadata is not None
    assert one.metadata["instructions"] == "You answer."


def test_a_difference_that_is_not_listed_is_found(bridge: Path) -> None:
    events = read(bridge / "plain.delim")
    changed = read(bridge / "plain.delim")
    changed[-1].tenant_id = "other"
    del changed[0]
    found = [(each.event, each.field) for each in differences("plain", events, changed)]
    assert ("SESSION_END", "tenant_id") in found
    assert ("SESSION_START", "(only the SDK's)") in found
    assert not list(differences("plain", events, read(bridge / "plain.delim")))


def test_of_two_runs_at_once_the_sdk_keeps_one_session(sdk: Path, bridge: Path) -> None:
    def sessions(folder: Path) -> tuple[int, int]:
        events = read(folder / f"{COUNTED}.delim")
        starts = [event for event in events if event.type is EventType.SESSION_START]
        return len(starts), len({event.session_id for event in events})

    begun, known = sessions(sdk)
    assert begun == 1
    assert known > 2
    assert sessions(bridge) == (2, 2)
    assert outline(read(bridge / f"{COUNTED}.delim")).count("\n  agent answering\n    model gpt-4o\n  output") == 2


STREAMED = """
import asyncio
import chaukas.sdk
from agents import Agent, Runner

chaukas.sdk.enable_chaukas("http://127.0.0.1:9", "none", "acme", "support", auto_flush=False)

async def main():
    result = Runner.run_streamed(Agent(name="a", model="gpt-4o"), "Hello?")
    async for event in result.stream_events():
        pass

asyncio.run(main())
"""


def test_with_the_sdk_a_streamed_run_raises(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STREAMED], cwd=tmp_path, capture_output=True, text=True, timeout=HANG, check=False
    )
    assert "AttributeError: 'async_generator' object has no attribute 'stream_events'" in done.stderr
