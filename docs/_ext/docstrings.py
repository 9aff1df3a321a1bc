"""Docstrings and signatures as Sphinx wants them, without what is there for type checkers only.

Docstrings have Google's sections, and code in single or double backticks. The parameter ``misspelt``, which is always
refused, and the base class ``object`` tell readers nothing.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring

_CODE = re.compile(r"(?<![`:])`([^`]+)`(?!`)")
"""Code in Markdown's form, which generated docstrings have from the proto files' comments."""

_MISSPELT_IN_SIGNATURE = re.compile(r",? ?\*\*misspelt(: ?[~\w.]+)?")

_MISSPELT_IN_DOCSTRING = re.compile(r"^( *)misspelt: .*\n(?:\1 +.*\n)*", re.MULTILINE)

_STYLE = Config(napoleon_use_ivar=True, napoleon_use_rtype=False)


def process(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Rewrite a docstring in place.

    Attributes have no sections. Sphinx's own extension for Google's style takes whatever stands before a colon in their
    text for their type, so it is only used for the rest.
    """
    text = _CODE.sub(r"``\1``", _MISSPELT_IN_DOCSTRING.sub("", "\n".join(lines)))
    if what in ("attribute", "data", "property"):
        lines[:] = text.split("\n")
    else:
        lines[:] = GoogleDocstring(text, _STYLE, app, what, name, obj, options).lines()


def shorten(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Leave ``misspelt`` out of a signature."""
    return signature and _MISSPELT_IN_SIGNATURE.sub("", signature), returns


def drop_object(app: Sphinx, name: str, obj: object, options: object, bases: list[object]) -> None:
    """Name no base class where it is ``object``; ``drop_empty`` removes the line that is left."""
    if bases == [object]:
        bases.clear()


def drop_empty(app: Sphinx, tree: nodes.document) -> None:
    """Remove paragraphs that say "Bases:" and name none."""
    for paragraph in list(tree.findall(nodes.paragraph)):
        if paragraph.astext().strip() == "Bases:":
            paragraph.parent.remove(paragraph)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the functions."""
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-process-signature", shorten)
    app.connect("autodoc-process-bases", drop_object)
    app.connect("doctree-read", drop_empty)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
