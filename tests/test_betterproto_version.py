"""betterproto2 knows its version, and does not load the modules for e-mail and zip files to find it."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path

VERSION = importlib.metadata.version("betterproto2")


def said(program: str) -> str:
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_the_version_is_right_and_cheap() -> None:
    program = "import sys, chaukas_spec_lite, betterproto2\nprint(betterproto2.__version__, *({0} & set(sys.modules)))"
    assert said(program.format({"importlib.metadata", "email", "zipfile"})) == VERSION


def test_the_compiler_version_is_checked_by_betterproto2() -> None:
    program = """
import chaukas_spec_lite, betterproto2
betterproto2.check_compiler_version(betterproto2.__version__)
for _ in range(2):
    try:
        betterproto2.check_compiler_version("99.1.0")
    except ImportError as error:
        print("refused", "99.1.0" in str(error))
import betterproto2._version
print(betterproto2._version.__file__ is not None)
"""
    assert said(program).split() == ["refused", "True", "refused", "True", "True"]


def test_the_stand_in_has_every_name() -> None:
    # What betterproto2's module has and the stand-in lacks would be an ImportError in betterproto2.
    spec = importlib.util.find_spec("betterproto2._version")
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    names |= {target.id for target in targets if isinstance(target, ast.Name)}
    assert names == {"__version__", "check_compiler_version"}


def test_nothing_is_done_where_betterproto2_was_first() -> None:
    program = "import betterproto2._version as own, chaukas_spec_lite, sys\n"
    program += "print(sys.modules['betterproto2._version'] is own)"
    assert said(program) == "True"


def test_nothing_is_done_where_the_directory_does_not_tell(tmp_path: Path) -> None:
    # The package without its metadata, before the installed one on the path: importlib.metadata still finds that.
    spec = importlib.util.find_spec("betterproto2")
    assert spec is not None
    assert spec.origin is not None
    (tmp_path / "betterproto2").symlink_to(Path(spec.origin).parent)
    program = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport chaukas_spec_lite, betterproto2\n"
    program += "print(betterproto2.__version__, 'importlib.metadata' in sys.modules)"
    assert said(program) == f"{VERSION} True"
