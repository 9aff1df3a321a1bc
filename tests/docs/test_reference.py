"""docs/reference: all that is public is documented, once. No Sphinx is needed for this; see test_build.py."""

from __future__ import annotations

import importlib
import inspect
import re
from collections import Counter
from pathlib import Path

import chaukas_spec_lite
from tests import snippets

PACKAGE = Path(chaukas_spec_lite.__file__).parent
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in sorted((snippets.DOCS / "reference").glob("*.md")))
NAMED = re.findall(r"^\.\. auto(?:class|exception|data|function):: ([\w.]+)$", TEXT, re.MULTILINE)
MODULES = re.findall(r"^\.\. automodule:: ([\w.]+)$", TEXT, re.MULTILINE)

INTERNAL = {
    "__main__": "a program",
    "betterproto_version": "what betterproto2 asks for when it is imported",
    "certificates": "words of errors, for gRPC and HTTP",
    "clock": "time that tests can move",
    "defaults": "what client and exporter share",
    "encoded_events": "the same, of events that are encoded already",
    "gzipped": "what files of events are compressed with",
    "json_pieces": "what files of events are cut into if they are JSON",
    "misspelt": "errors of the classes that are exported",
    "official_names": "errors of messages, enums and imports",
    "printable": "texts of events on terminals and in errors",
    "process": "forks and exits, for the rooms above",
    "protojson": "messages have its functions as methods",
    "pytest_plugin": "pytest finds it; what tests use of it has classes that are documented",
    "rationed_log": "log lines of the rooms above",
    "retry": "its one public class is exported",
    "termination": "its one function is exported",
    "version": "exported as __version__",
}
"""Modules and rooms at the top of the package that nobody outside it imports from, and why."""


def test_all_that_the_package_exports_is_documented_once() -> None:
    named = Counter(NAMED)
    assert {name: named[f"chaukas_spec_lite.{name}"] for name in chaukas_spec_lite.__all__} == dict.fromkeys(
        chaukas_spec_lite.__all__, 1
    )


def test_rooms_with_a_face_of_their_own_are_documented() -> None:
    """A folder whose ``__init__`` says ``__all__`` is imported from by users."""
    rooms = [init for init in PACKAGE.glob("*/__init__.py") if init.parent.name not in INTERNAL]
    for init in rooms:
        room = importlib.import_module(f"chaukas_spec_lite.{init.parent.name}")
        for name in getattr(room, "__all__", ()):
            known = {f"chaukas_spec_lite.{name}", f"{room.__name__}.{name}"}
            assert known & set(NAMED), f"{room.__name__}.{name}"


def test_modules_at_the_top_are_documented_or_internal() -> None:
    top = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    documented = {name.removeprefix("chaukas_spec_lite.") for name in MODULES}
    errors = {f"chaukas_spec_lite.errors.{name}" for name in _public("errors")}
    exported = {f"chaukas_spec_lite.{name}" for name in _public("errors")}
    assert all(name in NAMED or other in NAMED for name, other in zip(sorted(errors), sorted(exported), strict=True))
    assert top <= documented | set(INTERNAL) | {"errors"}


def test_what_is_named_exists() -> None:
    for name in NAMED:
        module, _, attribute = name.rpartition(".")
        try:
            found = hasattr(importlib.import_module(module), attribute)
        except ImportError as error:
            if "this bridge needs" not in str(error):
                raise
            # To a framework that is not installed; tests/bridges imports it.
            source = PACKAGE.parent / f"{module.replace('.', '/')}.py"
            found = f"\nclass {attribute}(" in source.read_text(encoding="utf-8")
        assert found, name
    for name in MODULES:
        importlib.import_module(name)


def test_every_page_is_in_the_table_of_contents() -> None:
    index = (snippets.DOCS / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(snippets.DOCS).with_suffix("").as_posix() for path in snippets.pages()} - {"index"}
    assert pages == {line for line in index.splitlines() if line in pages}


def _public(module: str) -> list[str]:
    found = importlib.import_module(f"chaukas_spec_lite.{module}")
    return [
        name
        for name, value in vars(found).items()
        if not name.startswith("_") and inspect.isclass(value) and value.__module__ == found.__name__
    ]
