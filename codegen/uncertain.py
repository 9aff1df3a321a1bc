"""Which names cannot be judged, because what they mean may be declared in a part that could not be read.

A name is called undefined, or no type, only if that is certain whatever the unread parts contain:

* A part of a visible file that has syntax errors can declare only names that occur in it as words, unless a message or
  an enum there lacks its name. So every name that ends in one of these words is uncertain.
* A visible file that is missing can declare anything, and so can one that a part with syntax errors may import. But it
  can only add to packages, not to a message that was read. So a name is certain all the same if it was looked up in
  such a message, or found in the package of the file that uses it, or further in: the search would have stopped there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from codegen.declarations import FileDecl
from codegen.symbols import Symbol, Unresolved
from codegen.wellknown_files import DESCRIPTOR


class Uncertain:
    """Tells the uncertain names of one file.

    Args:
        file: The file that uses the names.
        files: Every file by path; None for a file that is missing.
        visible: The paths that ``file`` sees: its own, its imports, and what these import publicly.
    """

    def __init__(self, file: FileDecl, files: Mapping[str, FileDecl | None], visible: Iterable[str]) -> None:
        # No text of descriptor.proto is read: the names in it are known beforehand.
        read = [files.get(path) for path in visible if path != DESCRIPTOR]
        self._package = file.package.text if file.package else ""
        self._names = {name for each in read if each for name in each.unread.names}
        self._may_miss_a_name = any(each is not None and each.unread.nameless for each in read)
        self._may_miss_a_file = any(each is None or each.unread.imports for each in read)

    def about(self, name: str, found: Symbol | Unresolved) -> bool:
        """Whether a name may mean something other than what was found, or mean something although nothing was found."""
        if name.rpartition(".")[2] in self._names or (self._may_miss_a_name and isinstance(found, Unresolved)):
            return True
        if not self._may_miss_a_file:
            return False
        if isinstance(found, Symbol) and found.kind not in ("message", "enum"):
            return True  # no type was found, but the missing file may declare one of that name
        inner = found.full_name if isinstance(found, Symbol) else found.within
        # The search goes from the innermost scope outward, so a missing file matters if it can declare the name in a
        # package further in than where it was found. A name with a dot in front is not searched for in that way.
        return inner is None or not (name.startswith(".") or f"{inner}.".startswith(self._prefix()))

    def _prefix(self) -> str:
        return f"{self._package}." if self._package else ""
