"""The reference implementation's classes (upb) for any schema that our loader reads.

The descriptors are made from the loaded schema, so this says nothing about the loader, which tests/codegen holds
against the descriptors of protoc; but every codec question can be put to the reference.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import (
    any_pb2,
    api_pb2,
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    message_factory,
    source_context_pb2,
    struct_pb2,
    timestamp_pb2,
    type_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message as ReferenceMessage

from codegen.model import Enum, Field, File, Message, Schema
from codegen.wellknown_files import TYPES

_PROTO = descriptor_pb2.FieldDescriptorProto
_WELL_KNOWN = [
    any_pb2,
    source_context_pb2,
    type_pb2,
    api_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
]

_pools: dict[int, tuple[Schema, DescriptorPool]] = {}


def reference_pool(schema: Schema) -> DescriptorPool:
    """The descriptors of a schema and of all well-known types, for `json_format`'s `descriptor_pool`."""
    if id(schema) not in _pools:
        _pools[id(schema)] = (schema, _make_pool(schema))  # the schema is kept, so that its id stays its own
    return _pools[id(schema)][1]


def reference_class(schema: Schema, full_name: str) -> type[ReferenceMessage]:
    """The class of a message: one of the schema, or a well-known type."""
    return _class(reference_pool(schema), full_name)


@cache
def _class(pool: DescriptorPool, full_name: str) -> type[ReferenceMessage]:
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))


def _make_pool(schema: Schema) -> DescriptorPool:
    pool = DescriptorPool()
    for module in _WELL_KNOWN:
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    for file in schema.files.values():
        if file.path not in TYPES:
            pool.AddSerializedFile(_file(file, schema).SerializeToString())
    return pool


def _file(file: File, schema: Schema) -> descriptor_pb2.FileDescriptorProto:
    types = {field.type_name for message in file.walk_messages() for field in message.fields if field.type_name}
    return descriptor_pb2.FileDescriptorProto(
        name=file.path,
        package=file.package,
        syntax="proto3",
        dependency=sorted({schema.file_of[name] for name in types} - {file.path}),
        message_type=[_message(message) for message in file.messages],
        enum_type=[_enum(enum) for enum in file.enums],
    )


def _enum(enum: Enum) -> descriptor_pb2.EnumDescriptorProto:
    numbers = [value.number for value in enum.values]
    proto = descriptor_pb2.EnumDescriptorProto(name=enum.name)
    proto.options.allow_alias = len(set(numbers)) != len(numbers)
    for value in enum.values:
        proto.value.add(name=value.name, number=value.number)
    return proto


def _message(message: Message) -> descriptor_pb2.DescriptorProto:
    proto = descriptor_pb2.DescriptorProto(
        name=message.name,
        nested_type=[_message(nested) for nested in message.messages],
        enum_type=[_enum(enum) for enum in message.enums],
    )
    oneofs = [oneof.name for oneof in message.oneofs]
    for field in message.fields:
        made = proto.field.add(name=field.name, number=field.number, json_name=field.json_name)
        made.label = _PROTO.LABEL_REPEATED if field.label in ("repeated", "map") else _PROTO.LABEL_OPTIONAL
        if field.label == "map":
            entry = _entry(field)
            proto.nested_type.append(entry)
            _set_type(made, "message", f"{message.full_name}.{entry.name}")
            continue
        _set_type(made, field.kind, field.type_name)
        if field.oneof is not None:
            made.oneof_index = oneofs.index(field.oneof)
        elif field.label == "optional":
            made.proto3_optional = True
            made.oneof_index = len(oneofs)
            oneofs.append(f"_{field.name}")
        elif field.label == "repeated" and field.kind not in ("message", "string", "bytes"):
            made.options.packed = field.packed
    for name in oneofs:
        proto.oneof_decl.add(name=name)
    return proto


def _entry(field: Field) -> descriptor_pb2.DescriptorProto:
    assert field.key_kind is not None
    camel = "".join(part[:1].upper() + part[1:] for part in field.name.split("_"))
    entry = descriptor_pb2.DescriptorProto(name=f"{camel}Entry")
    entry.options.map_entry = True
    for number, (name, kind, of) in enumerate(
        [("key", field.key_kind, None), ("value", field.kind, field.type_name)], start=1
    ):
        made = entry.field.add(name=name, number=number, json_name=name, label=_PROTO.LABEL_OPTIONAL)
        _set_type(made, kind, of)
    return entry


def _set_type(field: Any, kind: str, type_name: str | None) -> None:
    field.type = _PROTO.Type.Value(f"TYPE_{kind.upper()}")
    if type_name is not None:
        field.type_name = f".{type_name}"
