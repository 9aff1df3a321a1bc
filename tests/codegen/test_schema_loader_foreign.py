"""The loader against files that others wrote: all of googleapis-common-protos, held against that package's gencode."""

from __future__ import annotations

import importlib
import importlib.metadata
from pathlib import Path

import pytest

from codegen.model import Schema
from codegen.schema_loader import load_schema
from tests.codegen.descriptors import describe_reference, describe_schema

DISTRIBUTION = importlib.metadata.distribution("googleapis-common-protos")
ROOT = Path(str(DISTRIBUTION.locate_file("")))
PATHS = sorted(file.as_posix() for file in DISTRIBUTION.files or () if file.suffix == ".proto")

RENAMED = {"google/longrunning/operations_proto.proto": "google/longrunning/operations.proto"}
"""The package ships this file under another name than the one its gencode was made from."""


@pytest.fixture(scope="module")
def schema() -> Schema:
    return load_schema(PATHS, [ROOT])


def test_there_are_many_files() -> None:
    assert len(PATHS) > 60


@pytest.mark.parametrize("path", PATHS)
def test_file_is_what_protoc_made_of_it(schema: Schema, path: str) -> None:
    module = importlib.import_module(path.removesuffix(".proto").replace("/", ".") + "_pb2")

    reference = describe_reference(module.DESCRIPTOR)

    assert reference["path"] == RENAMED.get(path, path)
    assert describe_schema(schema, path) == reference | {"path": path}


def test_comments_are_found(schema: Schema) -> None:
    """Counted once by hand, from the source information that protoc makes of the same files."""
    documented = described = 0
    for path in PATHS:
        file = schema.files[path]
        docs = [each.doc for each in (*file.services, *file.walk_enums(), *file.walk_messages())]
        docs += [method.doc for service in file.services for method in service.methods]
        docs += [value.doc for enum in file.walk_enums() for value in enum.values]
        docs += [each.doc for message in file.walk_messages() for each in (*message.fields, *message.oneofs)]
        described += len(docs)
        documented += sum(1 for doc in docs if doc)

    assert (documented, described) == (868, 870)
