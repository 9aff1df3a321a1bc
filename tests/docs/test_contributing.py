"""CONTRIBUTING.md: what it names is there, and it names all that CI does. DESIGN.md: it says everything once."""

from __future__ import annotations

import re

from tests import snippets

TEXT = (snippets.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_files_and_rooms_that_it_names_exist() -> None:
    paths = re.findall(r"`((?:chaukas_spec_lite|codegen|proto|docs|benchmarks|\.ci)/[\w./]*|tests/[\w/]+\.py)`", TEXT)
    assert len(paths) > 30
    assert [path for path in paths if not (snippets.ROOT / path).exists()] == []


def test_every_room_is_in_the_table() -> None:
    package = snippets.ROOT / "chaukas_spec_lite"
    rooms = {init.parent.name for init in package.glob("*/__init__.py")} - {"rpc", "spec"}
    rooms |= {f"rpc/{init.parent.name}" for init in package.glob("rpc/*/__init__.py")} - {"rpc/server"}
    assert {room for room in rooms if f"| `chaukas_spec_lite/{room}`" not in TEXT} == set()


def test_every_marker_is_in_the_table() -> None:
    project = (snippets.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = project.partition("\nmarkers = [")[2].partition("\n]")[0]
    markers = set(re.findall(r'^ +"(\w+):', listed, re.MULTILINE))
    assert len(markers) > 7
    assert {marker for marker in markers if f"\n| `{marker}` |" not in TEXT} == set()


def test_the_tests_that_it_names_exist() -> None:
    """In whichever file: the sentences around them say which."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (snippets.ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", TEXT)
    assert len(named) > 4
    assert [name for name in named if f"def {name}(" not in sources] == []


def test_each_decision_stands_once_in_the_design() -> None:
    design = (snippets.ROOT / "DESIGN.md").read_text(encoding="utf-8")
    decisions = re.findall(r"^\*\*(.+?)\*\*", design, re.MULTILINE | re.DOTALL)
    openings = re.findall(r"(?:\A|\n\n)(\w[^.]+)\.", design)
    assert len(decisions) > 30
    assert len(openings) > 4
    assert len(set(decisions + openings)) == len(decisions + openings)


def test_the_table_of_ci_has_every_step() -> None:
    script = (snippets.ROOT / ".ci" / "run").read_text(encoding="utf-8")
    steps = set(re.findall(r"^ .*\bstep ([\w-]+) ", script, re.MULTILINE))
    assert {"readme-test", "openapi"} <= steps
    table = TEXT.partition("<!-- ci: seconds -->")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([\w-]+)`", "".join(line.split("|")[1] for line in table.strip().splitlines()[2:])))
    assert steps <= named
