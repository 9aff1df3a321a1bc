"""Sphinx's settings. Build with ``sphinx-build -W docs docs/_build``; no network and no other program is needed."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_ext")]

from chaukas_spec_lite import __version__  # noqa: E402 (found by the line above)

project = "chaukas_spec_lite"
author = "the chaukas_spec_lite authors"
copyright = f"2026, {author}"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings", "from_code"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"chaukas_spec_lite {release}"
html_static_path = ["_static"]

myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline"]

autodoc_member_order = "bysource"
# Classes of the bridges derive from the frameworks', which are not needed to build the documents.
autodoc_mock_imports = ["agents", "langchain_core"]
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
# Many classes have a field called "type" or "events". Sphinx looks for a link's target by the last name alone, finds
# several, and takes one of them: harmless, because no page relies on such links.
suppress_warnings = ["ref.python"]
