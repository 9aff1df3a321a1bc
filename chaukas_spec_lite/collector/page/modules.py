"""The page's modules as a browser gets them: without comments, and all that a view needs at once. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

_IMPORT = re.compile(r'^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"(\.[^"]+)"', re.MULTILINE)
"""An import that is made before a module runs. One that is made later is a call."""

_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*)$", re.MULTILINE)
"""A comment that has its lines for itself."""


def without_comments(source: str) -> str:
    """Leave the comments of a module out that stand by themselves; whatever follows keeps the number of its line.

    They are a fifth of what is sent otherwise. No line of a text in the module may begin as a comment does.
    """
    return _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), source)


def needed(first: list[str], sources: Mapping[str, str]) -> list[str]:
    """List modules, and all that they import, by whatever way.

    Args:
        first: Their paths.
        sources: What stands in each module, by its path.
    """
    found = dict.fromkeys(first)
    waiting = list(first)
    while waiting:
        path = waiting.pop()
        for target in _IMPORT.findall(sources.get(path, "")):
            module = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if module in sources and module not in found:
                found[module] = None
                waiting.append(module)
    return [*found]
