"""betterproto2 knows its version, and does not load the modules for e-mail and zip files to find it."""

from __future__ import annotations

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


def test_the_module_is_betterproto2s_own() -> None:
    program = """
import chaukas_spec_lite, importlib.util, inspect, sys
import betterproto2._version as module
import betterproto2
spec = importlib.util.find_spec("betterproto2._version")
print(betterproto2._version is module is sys.modules["betterproto2._version"], spec is module.__spec__)
print(inspect.getsource(module) == open(spec.origin).read())
betterproto2.check_compiler_version(betterproto2.__version__)
try:
    betterproto2.check_compiler_version("99.1.0")
except ImportError as error:
    print("99.1.0" in str(error))
print(module.metadata.version("grpclib") != module.metadata.version("betterproto2") == module.__version__)
print(module.metadata.PackageNotFoundError is importlib.import_module("importlib.metadata").PackageNotFoundError)
print(importlib.reload(module).metadata is importlib.import_module("importlib.metadata"))
"""
    assert said(program).split() == ["True"] * 7


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
