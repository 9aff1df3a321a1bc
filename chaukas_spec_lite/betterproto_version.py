"""Answers betterproto2's question for its own version, which would be a third of what importing this package costs.

``betterproto2._version`` asks ``importlib.metadata``, which loads the modules for e-mail and zip files to read it. The
name of the directory beside the package says the same. So a module with that answer is put in its place before
betterproto2 is imported, by the first import of this package. Wherever that is not plain to see (betterproto2 has been
imported already, or was not installed in the usual way), nothing is done, and betterproto2 asks as it always does.
"""

from __future__ import annotations

import os
import re
import sys
from importlib.machinery import PathFinder
from types import ModuleType

_NAME = "betterproto2._version"
_DIRECTORY = re.compile(r"betterproto2-([0-9]+(?:\.[0-9]+)*)\.dist-info")


def _installed_version() -> str | None:
    """Return the version that the one directory of metadata beside the package has in its name."""
    spec = PathFinder.find_spec("betterproto2")
    if spec is None or spec.origin is None:
        return None
    try:
        names = os.listdir(os.path.dirname(os.path.dirname(spec.origin)))
    except OSError:  # in an archive, for example
        return None
    found = [match[1] for match in map(_DIRECTORY.fullmatch, names) if match]
    return found[0] if len(found) == 1 else None


def _check_compiler_version(compiler_version: str) -> None:
    """Let betterproto2's own function check, which only code needs that its compiler has generated."""
    if isinstance(sys.modules.get(_NAME), _Answer):
        del sys.modules[_NAME]
    from betterproto2._version import check_compiler_version  # here, because this is what nobody should wait for

    check_compiler_version(compiler_version)


class _Answer(ModuleType):
    """Stands in for ``betterproto2._version``."""


def _answer() -> None:
    if "betterproto2" in sys.modules or (version := _installed_version()) is None:
        return
    answer = _Answer(_NAME, "Stands in for betterproto2's own module, see chaukas_spec_lite.betterproto_version.")
    vars(answer).update(__version__=version, check_compiler_version=_check_compiler_version)
    sys.modules[_NAME] = answer


_answer()
