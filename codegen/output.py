"""From a schema to files, and which files in the output folder this command may overwrite and remove.

It may touch only files that it has written itself. The first line of such a file is exactly the first line of a
generated header, and names a proto file for which this command, with this output folder, would write a module at this
place. Files that a run with another output folder has written, further up or further down, are left alone: there,
modules for the same proto file are in another place. All files that are not its own are foreign.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from codegen.descriptors import MODULE as DESCRIPTORS
from codegen.descriptors import emit_descriptors
from codegen.model import Schema
from codegen.modules import emit_modules, header
from codegen.services import emit_services
from codegen.targets import Target, codec_stem, could_be_module, is_well_known, services_stem

Files = dict[PurePosixPath, str]
"""The text of every file, by its path below the output folder."""

INIT = "__init__.py"

_FIRST_LINE = re.compile(rb"# Generated from (.+) by `python -m codegen`\.")


def generate(schema: Schema, target: Target, *, own: bool) -> Files:
    """Emit every file of a schema.

    Args:
        schema: The schema.
        target: Decides where modules go.
        own: Whether this is the package's own generated part. Only that gets modules for the well-known types, which
            all other generated modules import from there, and the module of descriptors.
    """
    target = target.filled(schema)
    files: Files = {}
    for file in schema.files.values():
        # These come with the package. A second set of classes for the same types would not be equal to the first.
        if is_well_known(file.path) and not own:
            continue
        module = target.module(file.path)
        files[module], codecs = emit_modules(schema, file, target)
        if codecs:
            files[module.with_stem(codec_stem(module.stem))] = codecs
        if file.services:
            files[module.with_stem(services_stem(module.stem))] = emit_services(schema, file, target)
    if own:
        files[DESCRIPTORS] = emit_descriptors(schema, init_source(PurePosixPath()))
    # Every folder above a module has to be a package, or relative imports would not reach it.
    for folder in {parent for module in files for parent in module.parents}:
        files[folder / INIT] = "\n".join(header(init_source(folder))) + "\n"
    return dict(sorted(files.items()))


def init_source(folder: PurePosixPath) -> str:
    """What the header of a folder's ``__init__.py`` names as its source."""
    return f"{folder}/*.proto" if folder.parts else "proto files"


def write(files: Mapping[PurePosixPath, str], out: Path) -> None:
    """Write files, replacing what is there; only ``Folder`` looks at who wrote that."""
    for path, text in files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(text.encode())


def read(path: Path) -> bytes | None:
    """The content of a file, or None if there is none."""
    return path.read_bytes() if path.is_file() else None


class Foreign(Exception):
    """Foreign files are where files should be written; the text names every one of them."""


class Folder:
    """An output folder and the files that belong into it.

    Args:
        out: The folder.
        files: The text of each file, by its path below the folder.
        target: Decides where modules go.
        exists: Tells whether a proto file is still there.
    """

    def __init__(self, out: Path, files: Files, target: Target, exists: Callable[[str], bool]) -> None:
        self._out, self._files, self._target, self._exists = out, files, target, exists
        self._sources = {_source(text.encode()) for text in files.values()}

    def foreign(self) -> list[PurePosixPath]:
        """The foreign files that are in the way. A foreign ``__init__.py`` is not: a package needs no more than one."""
        modules = {path for path in self._files if path.name != INIT and self._is_foreign(path)}
        # A file where a folder has to be is in the way, too.
        folders = {parent for path in self._files for parent in path.parents if parent.parts}
        return sorted(modules | {path for path in folders if (self._out / path).is_file()})

    def wrong(self) -> list[PurePosixPath]:
        """The files that are missing or differ on the disk, without those that are foreign there."""
        wrong = [path for path, text in self._files.items() if read(self._out / path) != text.encode()]
        return [path for path in wrong if not self._is_foreign(path)]

    def stale(self) -> list[PurePosixPath]:
        """Files that were generated before and no longer would be.

        A module is stale if its proto file does not exist any more, or if it belongs to this run and makes other
        modules now. If the proto file exists but does not belong to this run, the module may come from another run, and
        stays. The ``__init__.py`` of a folder is stale if no module is left in the folder or further down.
        """
        there = sorted(PurePosixPath(path.relative_to(self._out).as_posix()) for path in self._out.rglob("*.py"))
        modules = [path for path in there if path.name != INIT]
        gone = {path for path in modules if path not in self._files and self._is_gone(path)}
        # A folder is used if a module in it, or further down, stays or is about to be written.
        used = {folder for path in (*modules, *self._files) if path not in gone for folder in path.parents}
        inits = {path for path in there if path.name == INIT and path.parent not in used and not self._is_foreign(path)}
        return sorted(gone | inits)

    def write(self) -> None:
        """Bring the folder up to date.

        Raises:
            Foreign: If foreign files are in the way; then nothing is changed.
        """
        foreign = self.foreign()
        if foreign:
            why = "was not generated by this command, so it is not overwritten"
            raise Foreign("\n".join(f"{self._out / path}: {why}" for path in foreign))
        stale = self.stale()
        # Files that are right already are not touched, so that build tools see no change.
        write({path: self._files[path] for path in self.wrong()}, self._out)
        for path in stale:
            (self._out / path).unlink()

    def _is_foreign(self, path: PurePosixPath) -> bool:
        return (self._out / path).exists() and self._source_at(path) is None

    def _is_gone(self, path: PurePosixPath) -> bool:
        source = self._source_at(path)
        return source is not None and (source in self._sources or not self._exists(source))

    def _source_at(self, path: PurePosixPath) -> str | None:
        """The source that the header of a file names, or None if the file is foreign or does not exist."""
        source = _source(read(self._out / path) or b"")
        if source is None:
            return None
        whole = path.name == INIT or path == DESCRIPTORS  # Of a folder, and of no single file.
        ours = source == init_source(path.parent) if whole else could_be_module(path, self._target, source)
        return source if ours else None


def _source(content: bytes) -> str | None:
    """The source that the first line names, or None if it is not the first line of a generated header."""
    match = _FIRST_LINE.fullmatch(content.partition(b"\n")[0].rstrip(b"\r"))
    return match and match[1].decode("utf-8", "replace")
