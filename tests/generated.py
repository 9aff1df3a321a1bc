"""Generates the classes of proto files into a temporary package and imports it, once in each run of the tests."""

from __future__ import annotations

import atexit
import importlib
import pkgutil
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from types import ModuleType

from chaukas_spec_lite.message.message import Message
from codegen.model import Schema
from codegen.output import generate as emit
from codegen.output import write
from codegen.schema_loader import load_schema
from codegen.targets import Target

PROTOS = Path(__file__).parent / "protos"
EVERYTHING = ("everything.proto",)

_numbers = count()


@cache
def schema(proto_paths: tuple[str, ...] = EVERYTHING, roots: tuple[Path, ...] = (PROTOS,)) -> Schema:
    """Load proto files, whose paths are relative to one of the roots."""
    return load_schema(proto_paths, roots)


@cache
def generate(proto_paths: tuple[str, ...] = EVERYTHING, roots: tuple[Path, ...] = (PROTOS,)) -> ModuleType:
    """Generate and import the proto files; returns the package, whose modules are laid out like the files."""
    parent = tempfile.TemporaryDirectory(prefix="chaukas-generated-")
    atexit.register(parent.cleanup)
    name = f"chaukas_generated_{next(_numbers)}"
    write(emit(schema(proto_paths, roots), Target(), own=False), Path(parent.name, name))
    sys.path.insert(0, parent.name)
    try:
        importlib.invalidate_caches()
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)
    finally:
        sys.path.remove(parent.name)
    return package


def classes(package: ModuleType) -> dict[str, type[Message]]:
    """Every message class that a package of generated modules declares, by its full name in the schema."""
    found: dict[str, type[Message]] = {}
    for name, module in list(sys.modules.items()):
        if name == package.__name__ or name.startswith(f"{package.__name__}."):
            for cls in vars(module).values():
                if isinstance(cls, type) and issubclass(cls, Message) and cls.__module__ == name:
                    found[cls._full_name] = cls
    return found


def everything() -> dict[str, type[Message]]:
    """The message classes of ``protos/everything.proto``, by their names without the package."""
    return {name.removeprefix("everything.v1."): cls for name, cls in classes(generate()).items()}
