"""The command ``python -m codegen``, which makes the Python modules of proto files.

Without arguments it writes the project's own modules; with ``--out``, those of other files. The exit code is 1 if there
are mistakes in the proto files, in which case nothing is written, or if ``--check`` found something; it is 2 if the
command is used wrongly.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from codegen.errors import SchemaErrors
from codegen.output import Files, Folder, Foreign, generate
from codegen.targets import Target
from codegen.wellknown_files import TYPES as WELL_KNOWN

_ROOT = Path(__file__).resolve().parent.parent
_OWN_PROTOS = _ROOT / "proto"
_OWN_PACKAGE = _ROOT / "chaukas_spec_lite" / "spec"
_OWN_PREFIX = "chaukas/spec"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: The arguments; those of the process by default.

    Returns:
        The exit code.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    if options.out is None and (options.files or options.proto_path):
        parser.error("say with --out DIR where the modules of these files go")
    if options.out is not None and not (options.files and options.proto_path):
        parser.error("name a --proto-path DIR, and the proto files in it to generate")
    out: Path = options.out or _OWN_PACKAGE
    roots: list[Path] = options.proto_path or [_OWN_PROTOS]
    # The package's own protos are below ``chaukas/spec``, which its modules are not.
    target = Target() if options.out else Target(_OWN_PREFIX)
    try:
        files = _generate(options.files, roots, target) if options.out else _generate_own(target)
        folder = Folder(out, files, target, lambda path: path in WELL_KNOWN or any((r / path).is_file() for r in roots))
        # Generated before either: a schema with a mistake fails ``--check`` as well, and writes nothing.
        return _check(folder, out) if options.check else _write(folder)
    except (_Failed, Foreign) as failed:
        print(failed, file=sys.stderr)
    except OSError as error:
        print(f"python -m codegen: {error}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m codegen",
        description="Make Python modules of proto files.",
    )
    add = parser.add_argument
    add(
        "files", nargs="*", metavar="FILE", help="proto files, relative to a --proto-path; the project's own by default"
    )
    add("--proto-path", action="append", type=_folder, metavar="DIR", help="where files and what they import are found")
    add("--out", type=Path, metavar="DIR", help="the folder to write; modules of proto files that are gone are removed")
    add("--check", action="store_true", help="write nothing; name the files that would change, and exit with 1")
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return path


class _Failed(Exception):
    """Ends the command; its text is what the user is told."""


def _generate_own(target: Target) -> Files:
    protos = sorted(path.relative_to(_OWN_PROTOS).as_posix() for path in _OWN_PROTOS.rglob("*.proto"))
    return _generate([*protos, *WELL_KNOWN], [_OWN_PROTOS], target, own=True)


def _generate(paths: Sequence[str], roots: Sequence[Path], target: Target, *, own: bool = False) -> Files:
    try:
        from codegen.schema_loader import load_schema  # here, as the parser is an extra that may not be installed
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("antlr4", "proto_schema_parser"):
            raise  # something else is missing, and the hint below would mislead
        message = "python -m codegen needs a parser: python -m pip install 'chaukas-spec-lite[codegen]'"
        raise _Failed(message) from error
    try:
        return generate(load_schema(paths, roots), target, own=own)
    except SchemaErrors as errors:
        raise _Failed(str(errors)) from errors


def _check(folder: Folder, out: Path) -> int:
    found = [(path, "differs" if (out / path).exists() else "missing") for path in folder.wrong()]
    found += [(path, "in the way, and not generated") for path in folder.foreign()]
    found += [(path, "stale") for path in folder.stale()]
    for path, what in found:
        print(f"{out / path}: {what}", file=sys.stderr)
    return 1 if found else 0


def _write(folder: Folder) -> int:
    folder.write()
    return 0
