"""Docstrings as Sphinx wants them: Google's sections, and code in single or double backticks."""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring

_CODE = re.compile(r"(?<![`:])`([^`]+)`(?!`)")
"""Code in Markdown's form, which generated docstrings have from the proto files' comments."""

_STYLE = Config(napoleon_use_ivar=True, napoleon_use_rtype=False)


def process(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Rewrite a docstring in place.

    Attributes have no sections. Sphinx's own extension for Google's style takes whatever stands before a colon in their
    text for their type, so it is only used for the rest.
    """
    text = _CODE.sub(r"``\1``", "\n".join(lines))
    if what in ("attribute", "data", "property"):
        lines[:] = text.split("\n")
    else:
        lines[:] = GoogleDocstring(text, _STYLE, app, what, name, obj, options).lines()


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the function."""
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
