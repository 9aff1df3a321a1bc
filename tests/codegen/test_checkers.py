"""mypy and pyright, both strict, find nothing in generated code, whatever the schema; nor are its lines too long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.output import generate, write
from codegen.schema_loader import load_schema
from codegen.targets import Target
from codegen.writer import WIDTH
from tests.codegen import test_tags
from tests.codegen.test_foreign import FILES as FOREIGN

pytestmark = pytest.mark.foreign

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
OURS = {
    "everything": (ROOT / "tests" / "protos", ["everything.proto"]),
    "names": (HERE / "protos" / "names", ["nasty.proto", "folder_with_dots.proto", "folder-with-dots.proto"]),
    "layout": (HERE / "protos", ["layout.proto", "deprecated.proto"]),
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package for every schema at hand."""
    folder = tmp_path_factory.mktemp("checked")
    for name, (root, paths) in OURS.items():
        write(generate(load_schema(paths, [root]), Target(), own=False), folder / name)
    for number, source in enumerate(FOREIGN):
        schema = load_schema(source.paths, [*source.others, source.root])
        write(generate(schema, Target(), own=False), folder / f"foreign_{number}")
    (folder / "tags.proto").write_text(test_tags.proto())
    write(generate(load_schema(["tags.proto"], [folder]), Target(), own=False), folder / "tags")
    assert len([*folder.rglob("*.py")]) > 100
    return folder


def run(checker: str, *options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", checker, *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, cwd=ROOT, check=False)


def test_mypy_finds_nothing(generated: Path) -> None:
    options = ("--strict", "--config-file=", f"--cache-dir={os.devnull}", "--follow-imports=silent")
    done = run("mypy", *options, "--explicit-package-bases", generated)
    assert done.stdout.startswith("Success: no issues found in "), done.stdout + done.stderr


def test_pyright_finds_nothing(generated: Path) -> None:
    settings = {"extraPaths": [str(ROOT)], "typeCheckingMode": "strict", "pythonVersion": "3.10"}
    (generated / "pyrightconfig.json").write_text(json.dumps(settings))
    done = run("pyright", "--outputjson", f"--project={generated}", f"--pythonpath={sys.executable}")
    report = json.loads(done.stdout)
    assert report["generalDiagnostics"] == []
    assert report["summary"]["filesAnalyzed"] == len([*generated.rglob("*.py")])


def test_lines_are_not_too_long(generated: Path) -> None:
    """But for a word that cannot be divided: a link in a comment, a name that is nested deep."""
    for path in generated.rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert len(line) <= WIDTH or max(map(len, line.split())) > 75, line
