"""Finds, reads and parses a set of files and all that they import, and puts them in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from codegen.declarations import FileDecl, ImportDecl
from codegen.errors import Mistakes
from codegen.model import Position
from codegen.syntax import parse
from codegen.wellknown_files import BUNDLE, DESCRIPTOR, TYPES

MAX_FILE_SIZE = 4 * 1024 * 1024
"""The largest file that is read, in bytes. Parsing takes some seconds per megabyte."""


class Sources:
    """All files of a schema by path; ``files`` has None for a file that is missing or cannot be decoded.

    Args:
        roots: The folders that are searched, in this order.
        mistakes: Takes what is reported.
    """

    def __init__(self, roots: Sequence[Path], mistakes: Mistakes) -> None:
        self._roots, self._mistakes = roots, mistakes
        self.files: dict[str, FileDecl | None] = {}
        self.imported_at: dict[str, Position] = {}
        """Where each file is imported for the first time, apart from those that were asked for."""

    def read_all(self, paths: Sequence[str]) -> None:
        """Read the given files and all that they import, directly or through other files."""
        # A stack instead of recursion, as a chain of imports may be long; reversed, so that files are read in the order
        # in which they are named.
        waiting = [(path, Position(path, 1, 1)) for path in reversed(paths)]
        asked_for = frozenset(paths)
        while waiting:
            path, wanted_at = waiting.pop()
            if path not in self.files and path not in asked_for:
                self.imported_at[path] = wanted_at
            if path in self.files or path == DESCRIPTOR:
                continue
            text = self._read(path, wanted_at)
            file = None if text is None else parse(path, text, self._mistakes)
            self.files[path] = file
            if file:
                self._report_repeated(file.imports)
                waiting += [(each.path.text, each.path.position) for each in reversed(file.imports)]

    def _report_repeated(self, imports: Sequence[ImportDecl]) -> None:
        seen: dict[str, ImportDecl] = {}
        for each in imports:
            first = seen.setdefault(each.path.text, each)
            if first is not each:
                line = first.path.position.line
                self._mistakes.report(each.path.position, f'"{each.path.text}" is already imported at line {line}')

    def _read(self, path: str, wanted_at: Position) -> str | None:
        """The text of a file, or None, which is reported.

        Files that come with the generator are never looked for in the roots: a copy there could be of another version.
        """
        if not _is_plain(path):
            what = f'the path "{path}" is not relative to a root, with forward slashes and without "." and ".."'
            self._mistakes.report(wanted_at, what)
            return None
        roots = (BUNDLE,) if path in TYPES else self._roots
        found = next((root / path for root in roots if (root / path).is_file()), None)
        if found is None:
            searched = ", ".join(map(str, self._roots)) or "nowhere, since no root was given"
            self._mistakes.report(wanted_at, f'there is no file "{path}"; looked in: {searched}')
            return None
        return self._decode(path, found, wanted_at)

    def _decode(self, path: str, found: Path, wanted_at: Position) -> str | None:
        try:
            with found.open("rb") as stream:
                # One byte more than allowed tells that there is more, without reading it.
                data = stream.read(MAX_FILE_SIZE + 1)
        except OSError as error:
            self._mistakes.report(wanted_at, f'"{path}" cannot be read: {error.strerror}')
            return None
        if len(data) > MAX_FILE_SIZE:
            self._mistakes.report(wanted_at, f'"{path}" has more than {MAX_FILE_SIZE} bytes')
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode()  # `error.object` has no byte order mark any more
            line, column = good.count("\n") + 1, len(good) - (good.rfind("\n") + 1) + 1
            self._mistakes.report(Position(path, line, column), "the file is not valid UTF-8 from here on")
            return None

    # -- the graph of imports

    def in_order(self) -> list[FileDecl]:
        """The parsed files, each after the files that it imports; import cycles are reported.

        This is a depth-first search with a stack of its own, because a chain of imports may be longer than Python's
        recursion limit. ``chain`` is the stack: the files from ``start`` to the current one, and what is left of the
        imports of each.
        """
        order: list[FileDecl] = []
        done: set[str] = set()
        for start in self.files:
            chain: dict[str, Iterator[ImportDecl]] = {}
            self._enter(start, chain, done)
            while chain:
                path = next(reversed(chain))
                step = next(chain[path], None)
                if step is None:
                    del chain[path]
                    file = self.files[path]
                    order += [file] if file else []
                elif step.path.text in chain:
                    # The chain from the repeated file to this one is the cycle.
                    names = list(chain)
                    cycle = [*names[names.index(step.path.text) :], step.path.text]
                    self._mistakes.report(step.path.position, f"import cycle: {' -> '.join(cycle)}")
                else:
                    self._enter(step.path.text, chain, done)
        return order

    def _enter(self, path: str, chain: dict[str, Iterator[ImportDecl]], done: set[str]) -> None:
        file = self.files.get(path)
        if file and path not in done:
            done.add(path)
            chain[path] = iter(file.imports)

    def visible(self) -> Mapping[str, frozenset[str]]:
        """For each parsed file the paths that it sees: its own, its imports', and what those import publicly."""
        return {path: frozenset(self._seen_by(file)) for path, file in self.files.items() if file}

    def _seen_by(self, file: FileDecl) -> set[str]:
        seen = {file.path}
        waiting = [each.path.text for each in file.imports]
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                imported = self.files.get(path)
                # Only public imports go on: https://protobuf.dev/programming-guides/proto3/#importing.
                waiting += [each.path.text for each in imported.imports if each.public] if imported else []
        return seen


def _is_plain(path: str) -> bool:
    parts = path.split("/")
    return "\\" not in path and "\0" not in path and not {"", ".", ".."} & set(parts)
