"""From a schema to files, and from files to the disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from codegen.model import Schema
from codegen.modules import emit_module, header
from codegen.services import emit_services
from codegen.targets import Target, is_well_known

Files = dict[PurePosixPath, str]
"""The text of every file, by its path below the output folder."""

_MARK = b"# Generated from "


def generate(schema: Schema, target: Target, *, own: bool) -> Files:
    """Emit every file of a schema; the well-known types only into the package itself."""
    target = target.filled(schema)
    files: Files = {}
    for file in schema.files.values():
        if is_well_known(file.path) and not own:
            continue
        module = target.module(file.path)
        files[module] = emit_module(schema, file, target)
        if file.services:
            files[module.with_stem(f"{module.stem}_grpc")] = emit_services(schema, file, target)
    for folder in {parent for module in files for parent in module.parents}:
        files[folder / "__init__.py"] = "\n".join(header(f"{folder}/*.proto" if folder.parts else "proto files")) + "\n"
    return dict(sorted(files.items()))


def wrong(files: Mapping[PurePosixPath, str], out: Path) -> list[PurePosixPath]:
    """The files that are not on the disk as they should be."""
    return [path for path, text in files.items() if _read(out / path) != text.encode()]


def stale(files: Mapping[PurePosixPath, str], out: Path) -> list[PurePosixPath]:
    """What was generated before and is no more; files that others wrote are none of these."""
    there = sorted(PurePosixPath(path.relative_to(out).as_posix()) for path in out.rglob("*.py"))
    return [path for path in there if path not in files and (_read(out / path) or b"").startswith(_MARK)]


def write(files: Mapping[PurePosixPath, str], out: Path) -> None:
    """Write the files that are not as they should be; remove what is stale."""
    for path in wrong(files, out):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(files[path].encode())
    for path in stale(files, out):
        (out / path).unlink()


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
