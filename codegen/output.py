"""From a schema to files, and from files to the disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from codegen.model import Schema
from codegen.modules import emit_modules, header
from codegen.services import emit_services
from codegen.targets import Target, codec_stem, is_well_known, services_stem

Files = dict[PurePosixPath, str]
"""The text of every file, by its path below the output folder."""

INIT = "__init__.py"


def generate(schema: Schema, target: Target, *, own: bool) -> Files:
    """Emit every file of a schema; the well-known types only into the package itself."""
    target = target.filled(schema)
    files: Files = {}
    for file in schema.files.values():
        if is_well_known(file.path) and not own:
            continue
        module = target.module(file.path)
        files[module], codecs = emit_modules(schema, file, target)
        if codecs:
            files[module.with_stem(codec_stem(module.stem))] = codecs
        if file.services:
            files[module.with_stem(services_stem(module.stem))] = emit_services(schema, file, target)
    for folder in {parent for module in files for parent in module.parents}:
        files[folder / INIT] = "\n".join(header(init_source(folder))) + "\n"
    return dict(sorted(files.items()))


def init_source(folder: PurePosixPath) -> str:
    """What the header of a folder's ``__init__.py`` names."""
    return f"{folder}/*.proto" if folder.parts else "proto files"


def write(files: Mapping[PurePosixPath, str], out: Path) -> None:
    """Write files, whatever is there; ``codegen.folder`` takes care of what others wrote."""
    for path, text in files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(text.encode())


def read(path: Path) -> bytes | None:
    """The content of a file, or None if there is none."""
    return path.read_bytes() if path.is_file() else None
