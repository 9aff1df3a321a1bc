"""CONTRIBUTING.md: what it names is there, and it names all that CI does."""

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


def test_the_table_of_ci_has_every_step() -> None:
    script = (snippets.ROOT / ".ci" / "run").read_text(encoding="utf-8")
    steps = set(re.findall(r"^\s+step ([\w-]+) ", script, re.MULTILINE))
    table = TEXT.partition("<!-- ci: seconds -->")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([\w-]+)`", "".join(line.split("|")[1] for line in table.strip().splitlines()[2:])))
    assert steps <= named
