"""The documents as HTML: built without a warning, complete, and no link leads nowhere. Needs the extra docs."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import chaukas_spec_lite
from tests import snippets
from tests.docs.test_reference import MODULES

pytestmark = pytest.mark.docs


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("html")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        str(snippets.DOCS),
        str(folder),
    ]
    done = subprocess.run(command, cwd=snippets.ROOT, check=False, capture_output=True, text=True, timeout=540)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


def test_the_reference_has_all_that_is_public(html: Path) -> None:
    from sphinx.util.inventory import InventoryFile

    with (html / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, path: path)
    known = {name for kind, names in inventory.items() if kind.startswith("py:") for name in names}
    missing = [name for name in chaukas_spec_lite.__all__ if f"chaukas_spec_lite.{name}" not in known]
    for module in MODULES:
        for name, value in vars(importlib.import_module(module)).items():
            own = (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module
            if own and not name.startswith("_") and f"{module}.{name}" not in known:
                missing.append(f"{module}.{name}")
    assert missing == []


def test_tables_are_made_from_the_code(html: Path) -> None:
    settings = (html / "guides" / "settings.html").read_text(encoding="utf-8")
    for name in ("spool_retry", "CHAUKAS_GRPC_ENDPOINT", "max_attempts", "compress_above"):
        assert name in settings
    types = (html / "guides" / "event-types.html").read_text(encoding="utf-8")
    assert "finish_reason" in types
    assert "A language model is called." in types


def test_the_reference_does_not_show_what_tells_readers_nothing(html: Path) -> None:
    pages = {path.name: _Page(path.read_text(encoding="utf-8")).text for path in (html / "reference").glob("*.html")}
    assert "attempt_timeout: float = 10.0" in pages["client.html"]
    assert "Bases: ChaukasError" in pages["package.html"]
    for name, text in pages.items():
        assert "Bases: object" not in text, name
        assert "**misspelt" not in text, name
        assert "misspelt \N{EN DASH}" not in text, name


def test_links_and_anchors_lead_somewhere(html: Path) -> None:
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in html.rglob("*.html")}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            anchor = unquote(url.fragment)
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].anchors):
                broken.append(f"{path.relative_to(html)}: {link}")
    assert broken == []


class _Page(HTMLParser):
    """A page's text, where its links lead, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = {"top"}
        self.text = ""
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name in ("href", "src"):
                self.links.add(value)
            elif value and name == "id":
                self.anchors.add(value)
