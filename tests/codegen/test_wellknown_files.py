"""What protobuf itself provides: the bundled files, and our tables of types and options, compared with protobuf's."""

from __future__ import annotations

import pytest
from google.protobuf import (
    any_pb2,
    api_pb2,
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    source_context_pb2,
    struct_pb2,
    timestamp_pb2,
    type_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from codegen import option_rules, wellknown_files
from codegen.schema_loader import load_schema
from tests.codegen.descriptors import describe_reference, describe_schema

WELL_KNOWN = {
    module.DESCRIPTOR.name: module.DESCRIPTOR
    for module in (
        any_pb2,
        api_pb2,
        duration_pb2,
        empty_pb2,
        field_mask_pb2,
        source_context_pb2,
        struct_pb2,
        timestamp_pb2,
        type_pb2,
        wrappers_pb2,
    )
}


@pytest.mark.parametrize("path", sorted(WELL_KNOWN))
def test_well_known_file_needs_no_root(path: str) -> None:
    assert describe_schema(load_schema([path], []), path) == describe_reference(WELL_KNOWN[path])


def test_the_tables_of_well_known_types_are_right() -> None:
    schema = load_schema(sorted(wellknown_files.TYPES), [])
    declared = {
        path: " ".join(sorted(each.name for each in (*file.messages, *file.enums)))
        for path, file in schema.files.items()
    }
    top = {
        f"google.protobuf.{name}"
        for name in (*descriptor_pb2.DESCRIPTOR.message_types_by_name, *descriptor_pb2.DESCRIPTOR.enum_types_by_name)
    }

    assert declared == {path: " ".join(sorted(names.split())) for path, names in wellknown_files.TYPES.items()}
    assert set(wellknown_files.TYPES) == set(WELL_KNOWN)
    assert top == wellknown_files.DESCRIPTOR_TYPES


def test_bundled_files_are_documented() -> None:
    schema = load_schema(sorted(wellknown_files.TYPES), [])
    docs = [file.doc for file in schema.files.values()]
    docs += [each.doc for message in schema.messages.values() for each in (message, *message.fields, *message.oneofs)]
    docs += [each.doc for enum in schema.enums.values() for each in (enum, *enum.values)]

    assert all(docs)
    assert len(docs) > 100


def options_of(message: Descriptor) -> dict[str, tuple[str, ...]]:
    """The options of an options message that our table is to list, as it lists them."""
    kinds = {FieldDescriptor.TYPE_BOOL: ("true", "false"), FieldDescriptor.TYPE_STRING: ()}
    found: dict[str, tuple[str, ...]] = {}
    for option in message.fields:
        if option.name in ("map_entry", "message_set_wire_format"):
            continue  # Refused, with messages of their own.
        if option.type == FieldDescriptor.TYPE_ENUM:
            found[option.name] = tuple(option.enum_type.values_by_name)
        elif option.type != FieldDescriptor.TYPE_MESSAGE:
            found[option.name] = kinds[option.type]
    return found


def test_the_table_of_options_is_right() -> None:
    messages = descriptor_pb2.DESCRIPTOR.message_types_by_name
    reference = {
        owner: options_of(messages["".join(part.title() for part in owner.split()) + "Options"])
        for owner in option_rules.OPTIONS
    }
    reference["field"]["json_name"] = ()  # Not an option in descriptor.proto, but written as one.

    assert {owner: {k: sorted(v) for k, v in options.items()} for owner, options in option_rules.OPTIONS.items()} == {
        owner: {k: sorted(v) for k, v in options.items()} for owner, options in reference.items()
    }
