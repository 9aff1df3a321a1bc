"""The files below ``google/protobuf/`` that protobuf itself provides, so that users need no copy of them."""

from __future__ import annotations

from pathlib import Path

BUNDLE = Path(__file__).parent
"""The root of the bundled files."""

DESCRIPTOR = "google/protobuf/descriptor.proto"
"""May be imported to extend options. It is a proto2 file, and nothing is generated from it, so only the names of its
types are known here.
"""

TYPES = {
    "google/protobuf/any.proto": "Any",
    "google/protobuf/api.proto": "Api Method Mixin",
    "google/protobuf/duration.proto": "Duration",
    "google/protobuf/empty.proto": "Empty",
    "google/protobuf/field_mask.proto": "FieldMask",
    "google/protobuf/source_context.proto": "SourceContext",
    "google/protobuf/struct.proto": "Struct Value NullValue ListValue",
    "google/protobuf/timestamp.proto": "Timestamp",
    "google/protobuf/type.proto": "Type Field Enum EnumValue Option Syntax",
    "google/protobuf/wrappers.proto": (
        "DoubleValue FloatValue Int64Value UInt64Value Int32Value UInt32Value BoolValue StringValue BytesValue"
    ),
}
"""The bundled files, and the types that each of them declares."""

OPTIONS = frozenset(
    f"google.protobuf.{kind}Options"
    for kind in ["File", "Message", "Field", "Oneof", "Enum", "EnumValue", "Service", "Method", "ExtensionRange"]
)
"""The messages that proto3 allows to be extended."""

DESCRIPTOR_TYPES = OPTIONS | {
    f"google.protobuf.{name}"
    for name in [
        "FileDescriptorSet",
        "FileDescriptorProto",
        "DescriptorProto",
        "FieldDescriptorProto",
        "OneofDescriptorProto",
        "EnumDescriptorProto",
        "EnumValueDescriptorProto",
        "ServiceDescriptorProto",
        "MethodDescriptorProto",
        "UninterpretedOption",
        "FeatureSet",
        "FeatureSetDefaults",
        "SourceCodeInfo",
        "GeneratedCodeInfo",
        "Edition",
        "SymbolVisibility",
    ]
}
"""The top-level types of ``descriptor.proto``."""

_HOMES = {f"google.protobuf.{name}": path for path, names in TYPES.items() for name in names.split()}


def home(full_name: str) -> str | None:
    """The path of the bundled file that declares a type, or None."""
    return _HOMES.get(full_name)
