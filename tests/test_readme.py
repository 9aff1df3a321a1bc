"""README.md: every block runs as it stands, alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import report
from tests import snippets
from tests.cli.serving import run as show
from tests.cli.serving import serving
from tests.docs.running import run

TEXT = snippets.README.read_text(encoding="utf-8")
BLOCKS = snippets.blocks(TEXT)
NUMBERS = range(len(BLOCKS))


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) <= 200


@pytest.mark.parametrize("number", NUMBERS)
def test_block_runs_alone_in_an_empty_folder(number: int, tmp_path: Path) -> None:
    run(BLOCKS[number], tmp_path)


def test_what_a_block_sends_it_shows(tmp_path: Path) -> None:
    printed = [run(code, tmp_path) for code in BLOCKS]
    assert "agent triage-agent\n  tool search_orders [no end]\n" in printed


def test_the_recorder_shows_what_it_recorded(tmp_path: Path) -> None:
    (code,) = [code for code in BLOCKS if "import Recorder" in code]
    assert run(code, tmp_path) == (
        "session\n"
        "  input Where is my order 48213?\n"
        "  agent triage-agent\n"
        "    model gpt-4o\n"
        "    tool search_orders\n"
        "  output It was shipped.\n"
    )


def test_the_program_sends_to_a_collector_after_the_change_that_it_names(tmp_path: Path) -> None:
    (code,) = [code for code in BLOCKS if "import Recorder" in code]
    found = re.search(r"write `(.+?)` in place of `(.+?)`\s+and leave out the last line", TEXT)
    assert found, "the section 'Look' says what to change"
    new, old = found.groups()
    assert code.count(old) == 1
    changed = "".join(code.replace(old, new).splitlines(keepends=True)[:-1])
    with serving(tmp_path) as served:
        assert run(changed, tmp_path, CHAUKAS_GRPC_ENDPOINT=served.grpc) == ""
        shown = show(tmp_path, "show", "last", "--endpoint", served.grpc)
    assert "search_orders" in shown.stdout, shown.stderr
    assert "$0.0014" in shown.stdout, "the prices are still there"


def test_the_asynchronous_blocks_run_on_uvloop(tmp_path: Path) -> None:
    """As they stand, but for the call that runs them."""
    codes = [code for code in BLOCKS if "asyncio.run(" in code]
    assert len(codes) == 2
    for code in codes:
        run(code.replace("asyncio.run(", "uvloop.run(").replace("import asyncio", "import uvloop"), tmp_path)


def test_the_commands_that_ci_runs_are_there() -> None:
    assert re.findall(r"<!-- ci: (\w+) -->\n```sh\n", TEXT) == ["demo", "test"]


def test_it_shows_five_benchmarks_as_the_page_of_all_has_them() -> None:
    page = (snippets.DOCS / "benchmarks.md").read_text(encoding="utf-8")
    shown = TEXT.split(report.BEGIN)[1].split(report.END)[0]
    rows = [line for line in shown.splitlines() if line.startswith("| ") and "| ours |" not in line]
    assert len(rows) == len(report.HIGHLIGHTS) == 5
    assert set(rows) <= set(page.splitlines())
