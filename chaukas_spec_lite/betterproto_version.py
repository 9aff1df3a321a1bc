"""Answers betterproto2's question for its own version, which would be a third of what importing this package costs.

``betterproto2._version`` asks ``importlib.metadata``, which loads the modules for e-mail and zip files to read it. The
name of the directory beside the package says the same. So the first import of this package loads that module with this
answer. It is betterproto2's own module all the same: only its import of ``importlib.metadata`` gets a stand-in, which
leaves every other question to the real one. Wherever the answer is not plain to see (betterproto2 has been imported
already, or was not installed in the usual way), nothing is done.
"""

from __future__ import annotations

import builtins
import os
import re
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader

_NAME = "betterproto2._version"
_DIRECTORY = re.compile(r"betterproto2-([0-9]+(?:\.[0-9]+)*)\.dist-info")


def _installed_version(package: str) -> str | None:
    """Return the version that the one directory of metadata beside the package has in its name."""
    try:
        names = os.listdir(os.path.dirname(package))
    except OSError:  # in an archive, for example
        return None
    found = [match[1] for match in map(_DIRECTORY.fullmatch, names) if match]
    return found[0] if len(found) == 1 else None


class _Metadata:
    """Stands in for ``importlib.metadata``, and loads that for all but betterproto2's version."""

    def __init__(self, version: str) -> None:
        self._version = version

    def version(self, distribution_name: str) -> str:
        """Return the version of an installed package."""
        if distribution_name == "betterproto2":
            return self._version
        from importlib.metadata import version  # here, because this is what nobody should wait for

        return version(distribution_name)

    def __getattr__(self, name: str) -> Any:
        from importlib import metadata  # as above

        return getattr(metadata, name)


def _load(spec: ModuleSpec, loader: Loader, version: str) -> None:
    """Load the module as Python would, but for its import of ``importlib.metadata``."""
    usual = builtins.__import__

    def answered(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if name == "importlib" and fromlist and "metadata" in fromlist:
            return SimpleNamespace(metadata=_Metadata(version))
        return usual(name, globals, locals, fromlist, level)

    module = module_from_spec(spec)
    vars(module)["__builtins__"] = {**vars(builtins), "__import__": answered}
    loader.exec_module(module)
    vars(module)["__builtins__"] = vars(builtins)
    sys.modules[_NAME] = module
    import betterproto2

    setattr(betterproto2, "_version", module)  # noqa: B010  # as Python does; for type checkers it has no such name


def _answer() -> None:
    if "betterproto2" in sys.modules:
        return
    package = PathFinder.find_spec("betterproto2")
    if package is None or not package.submodule_search_locations:
        return
    places = package.submodule_search_locations
    spec, version = PathFinder.find_spec(_NAME, places), _installed_version(places[0])
    if spec is not None and spec.loader is not None and version is not None:
        _load(spec, spec.loader, version)


_answer()
