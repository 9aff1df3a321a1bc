"""Which names nobody can judge, because what they mean may stand where nobody could read.

A name is called undefined, or no type, only if that is certain whatever stands in those places:

* A part of a visible file that has syntax errors can declare only names that occur in it as words, unless a message or
  an enum there lacks its name. It may so declare any name that ends in one of these words.
* A visible file that is missing can declare anything, but in packages only; and so can one that a part with syntax
  errors may import. In spite of that a name is certain if it is looked up in a message that was read, or found in the
  package of the file that uses it, or further in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from codegen.declarations import FileDecl
from codegen.symbols import Symbol, Unresolved
from codegen.wellknown_files import DESCRIPTOR


class Uncertain:
    """What is uncertain in one file, which sees the ``visible`` ones."""

    def __init__(self, file: FileDecl, files: Mapping[str, FileDecl | None], visible: Iterable[str]) -> None:
        read = [files.get(path) for path in visible if path != DESCRIPTOR]
        self._package = file.package.text if file.package else ""
        self._names = {name for each in read if each for name in each.unread.names}
        self._may_miss_a_name = any(each is not None and each.unread.nameless for each in read)
        self._may_miss_a_file = any(each is None or each.unread.imports for each in read)

    def about(self, name: str, found: Symbol | Unresolved) -> bool:
        """Whether a name may mean something else than what was found, or something at all."""
        if name.rpartition(".")[2] in self._names or (self._may_miss_a_name and isinstance(found, Unresolved)):
            return True
        if not self._may_miss_a_file:
            return False
        if isinstance(found, Symbol) and found.kind not in ("message", "enum"):
            return True
        inner = found.full_name if isinstance(found, Symbol) else found.within
        return inner is None or not (name.startswith(".") or f"{inner}.".startswith(self._prefix()))

    def _prefix(self) -> str:
        return f"{self._package}." if self._package else ""
