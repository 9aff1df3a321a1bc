"""Two descriptions of one file, as plain data that compares equal: by our loader, and by protobuf's descriptors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import Descriptor, FileDescriptor

from codegen.model import Enum, Field, Message, Schema, Service
from codegen.wellknown_files import DESCRIPTOR

Plain = dict[str, Any]
_PROTO = descriptor_pb2.FieldDescriptorProto
_PACKABLE = [
    "double",
    "float",
    "int32",
    "int64",
    "uint32",
    "uint64",
    "sint32",
    "sint64",
    "fixed32",
    "fixed64",
    "sfixed32",
    "sfixed64",
    "bool",
    "enum",
]


def describe_schema(schema: Schema, file: str) -> Plain:
    """What our loader says about the file of that path."""
    loaded = schema.files[file]
    return {
        "path": loaded.path,
        "package": loaded.package,
        "imports": list(loaded.imports),
        "messages": {message.name: _message(message) for message in loaded.messages},
        "enums": {enum.name: _enum(enum) for enum in loaded.enums},
        "services": {service.name: _service(service) for service in loaded.services},
    }


def _message(message: Message) -> Plain:
    return {
        "fields": [_field(field) for field in message.fields],
        "oneofs": {oneof.name: list(oneof.fields) for oneof in message.oneofs},
        "messages": {nested.name: _message(nested) for nested in message.messages},
        "enums": {nested.name: _enum(nested) for nested in message.enums},
        "deprecated": message.deprecated,
    }


def _field(field: Field) -> Plain:
    return {
        "name": field.name,
        "number": field.number,
        "kind": field.kind,
        "type": field.type_name,
        "label": field.label,
        "key": field.key_kind,
        "json_name": field.json_name,
        "oneof": field.oneof,
        "packed": field.packed,
        "deprecated": field.deprecated,
    }


def _enum(enum: Enum) -> Plain:
    values = [(value.name, value.number, value.deprecated) for value in enum.values]
    return {"values": values, "deprecated": enum.deprecated}


def _service(service: Service) -> Plain:
    methods = [
        (m.name, m.input_type, m.output_type, m.client_streaming, m.server_streaming, m.deprecated)
        for m in service.methods
    ]
    return {"methods": methods, "deprecated": service.deprecated}


def describe_reference(file_descriptor: FileDescriptor) -> Plain:
    """What protobuf says about a file, read off the descriptor that protoc wrote."""
    proto = descriptor_pb2.FileDescriptorProto()
    file_descriptor.CopyToProto(proto)
    _fill_in_json_names(proto.message_type, file_descriptor.message_types_by_name)
    return describe_proto(proto)


def _fill_in_json_names(protos: Iterable[descriptor_pb2.DescriptorProto], messages: Mapping[str, Descriptor]) -> None:
    """Generated code leaves out default JSON names; the descriptors that protobuf makes of it know them."""
    for proto in protos:
        message = messages[proto.name]
        for field in proto.field:
            field.json_name = message.fields_by_name[field.name].json_name
        _fill_in_json_names(proto.nested_type, message.nested_types_by_name)


def describe_proto(proto: descriptor_pb2.FileDescriptorProto) -> Plain:
    """What protobuf says about a file, taken from the message form of a descriptor."""
    return {
        "path": proto.name,
        "package": proto.package,
        "imports": [path for path in proto.dependency if path != DESCRIPTOR],
        "messages": {message.name: _message_proto(message) for message in proto.message_type},
        "enums": {enum.name: _enum_proto(enum) for enum in proto.enum_type},
        "services": {service.name: _service_proto(service) for service in proto.service},
    }


def _message_proto(message: descriptor_pb2.DescriptorProto) -> Plain:
    entries = {nested.name: nested for nested in message.nested_type if nested.options.map_entry}
    real = [field for field in message.field if field.HasField("oneof_index") and not field.proto3_optional]
    names = [oneof.name for oneof in message.oneof_decl]
    members = {name: [field.name for field in real if names[field.oneof_index] == name] for name in names}
    return {
        "fields": [_field_proto(field, names, entries) for field in message.field],
        "oneofs": {name: fields for name, fields in members.items() if fields},
        "messages": {
            nested.name: _message_proto(nested) for nested in message.nested_type if nested.name not in entries
        },
        "enums": {nested.name: _enum_proto(nested) for nested in message.enum_type},
        "deprecated": message.options.deprecated,
    }


def _field_proto(
    field: descriptor_pb2.FieldDescriptorProto, oneofs: list[str], entries: dict[str, descriptor_pb2.DescriptorProto]
) -> Plain:
    repeated = field.label == _PROTO.LABEL_REPEATED
    label = "repeated" if repeated else "optional" if field.proto3_optional else "singular"
    value, key = field, None
    entry = entries.get(field.type_name.rpartition(".")[2]) if repeated else None
    if entry:
        label, value, key = "map", entry.field[1], _kind(entry.field[0])
    packed = field.options.packed if field.options.HasField("packed") else True
    return {
        "name": field.name,
        "number": field.number,
        "kind": _kind(value),
        "type": value.type_name.removeprefix(".") or None,
        "label": label,
        "key": key,
        "json_name": field.json_name,
        "oneof": oneofs[field.oneof_index] if field.HasField("oneof_index") and label != "optional" else None,
        "packed": label == "repeated" and _kind(field) in _PACKABLE and packed,
        "deprecated": field.options.deprecated,
    }


def _kind(field: descriptor_pb2.FieldDescriptorProto) -> str:
    return _PROTO.Type.Name(field.type).removeprefix("TYPE_").lower()


def _enum_proto(enum: descriptor_pb2.EnumDescriptorProto) -> Plain:
    values = [(value.name, value.number, value.options.deprecated) for value in enum.value]
    return {"values": values, "deprecated": enum.options.deprecated}


def _service_proto(service: descriptor_pb2.ServiceDescriptorProto) -> Plain:
    methods = [
        (
            m.name,
            m.input_type.removeprefix("."),
            m.output_type.removeprefix("."),
            m.client_streaming,
            m.server_streaming,
            m.options.deprecated,
        )
        for m in service.method
    ]
    return {"methods": methods, "deprecated": service.options.deprecated}
