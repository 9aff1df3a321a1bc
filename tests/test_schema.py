"""Our .proto files against the official packages: the same wire facts, and every element explained."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaukas.spec.client.v1 import client_pb2
from chaukas.spec.common.v1 import events_pb2, query_pb2
from chaukas.spec.server.v1 import server_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from codegen.model import File, Schema
from codegen.schema_loader import load_schema
from tests.codegen.descriptors import describe_reference, describe_schema

ROOT = Path(__file__).parent.parent / "proto"
REFERENCE = {module.DESCRIPTOR.name: module.DESCRIPTOR for module in (events_pb2, query_pb2, client_pb2, server_pb2)}
HEALTH, REFLECTION = "grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto"


@pytest.fixture(scope="module")
def schema() -> Schema:
    return load_schema([*sorted(REFERENCE), HEALTH, REFLECTION], [ROOT])


def test_the_files_are_those_of_the_official_packages() -> None:
    below = {path.relative_to(ROOT).as_posix() for path in (ROOT / "chaukas").rglob("*") if path.is_file()}

    assert below == set(REFERENCE)


@pytest.mark.parametrize("path", sorted(REFERENCE))
def test_file_is_wire_identical(schema: Schema, path: str) -> None:
    assert describe_schema(schema, path) == describe_reference(REFERENCE[path])


def test_health_is_wire_identical_to_the_official_package(schema: Schema) -> None:
    assert describe_schema(schema, HEALTH) == {**describe_reference(health_pb2.DESCRIPTOR), "path": HEALTH}


def test_reflection_is_wire_identical_to_the_official_package(schema: Schema) -> None:
    """That one has ``v1alpha`` only, of which version 1 is a copy with another package."""
    reference = repr(describe_reference(reflection_pb2.DESCRIPTOR)).replace(
        "grpc.reflection.v1alpha", "grpc.reflection.v1"
    )
    assert {**ast.literal_eval(reference), "path": REFLECTION} == describe_schema(schema, REFLECTION)


def documented(file: File) -> Iterator[tuple[str, str]]:
    """Every element of a file with its comment."""
    yield file.path, file.doc
    for message in file.walk_messages():
        yield message.full_name, message.doc
        for part in (*message.fields, *message.oneofs):
            yield f"{message.full_name}.{part.name}", part.doc
    for enum in file.walk_enums():
        yield enum.full_name, enum.doc
        for value in enum.values:
            yield f"{enum.full_name}.{value.name}", value.doc
    for service in file.services:
        yield service.full_name, service.doc
        for method in service.methods:
            yield f"{service.full_name}.{method.name}", method.doc


def words(text: str) -> list[str]:
    return text.replace("_", " ").replace("`", " ").replace(".", " ").lower().split()


def test_every_element_has_a_comment_that_says_more_than_its_name(schema: Schema) -> None:
    elements = [element for path in (*REFERENCE, HEALTH, REFLECTION) for element in documented(schema.files[path])]
    poor = [name for name, doc in elements if not set(words(doc)) - set(words(name))]

    assert poor == []
    assert len(elements) == 340
