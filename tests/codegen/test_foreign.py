"""Schemas that others wrote: generated, imported, and their messages exchanged with the packages' own classes.

cirq-google and qdrant-client serve as files only: they are installed without what they depend on, and their packages'
own modules are never run (`foreign.txt` says how). cirq-google builds on a proto2 file of typedunits, which stays out
of reach; a stand-in in `protos/standins` takes its place.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from hypothesis import settings

from chaukas_spec_lite.message.message import Message
from codegen.errors import SchemaErrors
from codegen.schema_loader import load_schema
from tests.generated import classes, generate
from tests.strategies import exchange

pytestmark = pytest.mark.foreign

HERE = Path(__file__).parent
STANDINS = HERE / "protos" / "standins"
INSTALL = "python -m pip install --no-deps -r tests/codegen/foreign.txt"


@dataclass(frozen=True)
class Source:
    """The proto files below a folder of an installed distribution, and where their gencode is."""

    distribution: str
    protos: str = ""
    """The folder that imports in the files are relative to."""
    gencode: str = ""
    """The package with the modules of those files."""
    others: tuple[Path, ...] = ()

    @property
    def root(self) -> Path:
        try:
            distribution = importlib.metadata.distribution(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            raise AssertionError(f"{self.distribution} is not installed: {INSTALL}") from None
        return Path(str(distribution.locate_file(self.protos)))

    @property
    def paths(self) -> tuple[str, ...]:
        """The proto files, relative to `root`."""
        files = importlib.metadata.distribution(self.distribution).files or ()
        prefix = f"{self.protos}/" if self.protos else ""
        inside = (file.as_posix() for file in files if file.suffix == ".proto")
        return tuple(sorted(path.removeprefix(prefix) for path in inside if path.startswith(prefix)))

    def load_reference(self) -> None:
        """Import the package's own modules, which declares their messages to protobuf."""
        for path in self.paths:
            module = f"{path.removesuffix('.proto').replace('/', '.')}_pb2"
            importlib.import_module(f"{self.gencode}.{module}" if self.gencode else module)


GOOGLEAPIS = Source("googleapis-common-protos")
CIRQ = Source("cirq-google", others=(STANDINS,))
QDRANT = Source("qdrant-client", "qdrant_client/proto", "qdrant_client.grpc")
SERVERLESS = Source("qdrant-client", "qdrant_client/serverless/proto", "qdrant_client.serverless.grpc")
FILES = {GOOGLEAPIS: 63, CIRQ: 11, QDRANT: 8, SERVERLESS: 1}
PLACEHOLDERS = (
    *("cirq_google", "cirq_google.api", "cirq_google.api.v1", "cirq_google.api.v2", "tunits", "tunits.proto"),
    *("qdrant_client", "qdrant_client.grpc", "qdrant_client.serverless", "qdrant_client.serverless.grpc"),
)


@contextmanager
def empty_packages(root: Path) -> Iterator[None]:
    """Import modules of packages without running the packages' own code, which needs all they depend on."""
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in PLACEHOLDERS}
    for name in PLACEHOLDERS:
        package = ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")))]
        sys.modules[name] = package
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] in PLACEHOLDERS]:
            del sys.modules[name]
        sys.modules.update(before)


@cache
def reference_classes_are_loaded() -> bool:
    with empty_packages(CIRQ.root):
        for source in FILES:
            source.load_reference()
    return True


def reference_class(full_name: str) -> type[Any]:
    assert reference_classes_are_loaded()
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(full_name))


@cache
def our_classes(source: Source) -> dict[str, type[Message]]:
    found = classes(generate(source.paths, (*source.others, source.root)))
    return {name: cls for name, cls in found.items() if not name.startswith("tunits.")}


@pytest.mark.parametrize("source", FILES, ids=lambda source: source.protos or source.distribution)
def test_every_file_is_found(source: Source) -> None:
    assert source.root.is_dir()
    assert len(source.paths) == FILES[source]


@pytest.mark.parametrize("source", FILES, ids=lambda source: source.protos or source.distribution)
def test_every_message_goes_both_ways(source: Source) -> None:
    found = our_classes(source)
    assert len(found) > 5
    for full_name, cls in found.items():
        exchange(cls, reference_class(full_name), max(6, settings().max_examples // 30))


def test_the_proto2_file_is_refused() -> None:
    """Nothing is generated for it, and cirq's messages have fields of its types: so the stand-in has to stay."""
    with pytest.raises(SchemaErrors, match=r"tunits\.proto:15:10: nothing is generated for proto2 files"):
        load_schema(["tunits/proto/tunits.proto"], [CIRQ.root])
    with pytest.raises(SchemaErrors, match=r'"tunits\.Value" is declared in tunits/proto/tunits\.proto, a proto2 file'):
        load_schema([path for path in CIRQ.paths if "v2/program" in path], [CIRQ.root])
