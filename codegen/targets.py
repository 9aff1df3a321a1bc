"""Where generated modules go, and how one imports another.

A proto file makes up to three modules, side by side: the classes, their codecs and the services.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from codegen.model import File, Schema
from codegen.wellknown_files import TYPES


def is_well_known(path: str) -> bool:
    """Whether a proto file is one of those whose modules come with the package."""
    return path in TYPES


Stem = Callable[[str], str]
"""Makes a module's name out of the name of the module of classes of the same proto file."""


def codec_stem(stem: str) -> str:
    """The name of the module of codecs that belongs to a module of classes."""
    return f"_{stem}_codec"


def services_stem(stem: str) -> str:
    """The name of the module of services that belongs to a module of classes."""
    return f"{stem}_grpc"


def stems(file: File) -> tuple[Stem, ...]:
    """The modules that a proto file makes."""
    return (str, *([codec_stem] if file.messages else ()), *([services_stem] if file.services else ()))


@dataclass(frozen=True)
class Target:
    """The layout of an output folder: proto files in folders become modules in packages of the same names."""

    strip: str = ""
    """A folder that is left out of this: modules for the files below it go directly into the output folder."""
    modules: Mapping[str, PurePosixPath] = field(default_factory=dict[str, PurePosixPath])
    """The path of each proto file's module of classes below the output folder; ``filled`` decides them."""

    def filled(self, schema: Schema) -> Target:
        """Decide the modules of all files of a schema, together, so that no two get the same path."""
        files = [
            _Source(path, PurePosixPath(self.stripped(path)).with_suffix("").parts, stems(file))
            for path, file in sorted(schema.files.items())
        ]
        return replace(self, modules=dict(_place(PurePosixPath(), files)))

    def module(self, path: str) -> PurePosixPath:
        """The path of a proto file's module of classes, relative to the output folder."""
        return self.modules[path]

    def import_from(self, path: str, here: str, stem: Stem = str) -> str:
        """What follows ``from`` in a module for ``here`` that imports the module for ``path``.

        ``stem`` makes that module's name out of the name of the module of classes.
        """
        if is_well_known(path) and not is_well_known(here):
            return f"chaukas_spec_lite.spec.google.protobuf.{stem(PurePosixPath(path).stem)}"
        *there, last = self.module(path).with_suffix("").parts
        base = self.module(here).parts[:-1]
        # Relative imports, so that the output folder can stand in any package.
        common = 0
        while common < min(len(there), len(base)) and there[common] == base[common]:
            common += 1
        return "." * (len(base) - common + 1) + ".".join([*there[common:], stem(last)])

    def stripped(self, path: str) -> str:
        """The path of a proto file below the folder that is stripped."""
        return path.removeprefix(f"{self.strip}/") if self.strip else path


@dataclass(frozen=True)
class _Source:
    path: str
    parts: tuple[str, ...]
    """The path of the proto file below the folder whose modules are being named."""
    stems: tuple[Stem, ...]


def _place(folder: PurePosixPath, sources: list[_Source]) -> Iterator[tuple[str, PurePosixPath]]:
    """Name the folders in a folder, then the modules in it.

    In this order, because a module gives way to a package of the same name, which would hide it. Within each, names
    that Python allows as they are come first, so that they are kept.
    """
    used = {"__init__", "__main__"}
    inner: dict[str, list[_Source]] = {}
    for source in sources:
        if len(source.parts) > 1:
            inner.setdefault(source.parts[0], []).append(replace(source, parts=source.parts[1:]))
    for part in sorted(inner, key=lambda part: (_module_part(part) != part, part)):
        name = _free(_module_part(part), used, [str])
        yield from _place(folder / name, inner[part])
    here = [source for source in sources if len(source.parts) == 1]
    for source in sorted(here, key=lambda source: (_module_part(source.parts[0]) != source.parts[0], source.path)):
        name = _free(_module_part(source.parts[0]), used, source.stems)
        yield source.path, folder / f"{name}.py"


def could_be_module(module: PurePosixPath, target: Target, path: str) -> bool:
    """Whether a proto file could have a module at this path. Other files decide how many underscores are added."""
    source = PurePosixPath(target.stripped(path))
    if len(module.parts) != len(source.parts):
        return False
    # How many underscores were added depends on files that may be gone, so any number is taken.
    *folders, stem = (f"{re.escape(_module_part(part))}_*" for part in (*source.parts[:-1], source.stem))
    stems = f"{stem}|{codec_stem(stem)}|{services_stem(stem)}"
    return all(map(re.fullmatch, (*folders, stems), module.with_suffix("").parts))


def _free(name: str, used: set[str], stems: Iterable[Stem]) -> str:
    # All modules of a proto file give way together, or their names would no longer show that they belong together.
    while any(stem(name) in used for stem in stems):
        name += "_"
    used.update(stem(name) for stem in stems)
    return name


def _module_part(part: str) -> str:
    # ASCII only: Python normalises other letters in identifiers (NFKC), and would then look for a file of another name.
    name = "".join(char if char.isascii() and char.isalnum() else "_" for char in part)
    name = name if name.isidentifier() else f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name
