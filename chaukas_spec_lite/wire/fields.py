"""What a generated class says about each of its fields, and how a dataclass carries it.

Generated classes call ``field``. ``fields_of`` gives the same data back to all that works on any message (exact
decoding, diagnosis, JSON). ``field`` writes betterproto2's own metadata too, so that its helpers work on our messages.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import betterproto2

SIGNED = {"int32": 32, "int64": 64, "sint32": 32, "sint64": 64, "sfixed32": 32, "sfixed64": 64}
"""The signed integer types and how many bits they hold."""
UNSIGNED = {"uint32": 32, "uint64": 64, "fixed32": 32, "fixed64": 64}
"""The unsigned integer types and how many bits they hold."""

STRUCT, LIST, VALUE = "google.protobuf.Struct", "google.protobuf.ListValue", "google.protobuf.Value"
TIMESTAMP, DURATION = "google.protobuf.Timestamp", "google.protobuf.Duration"
ANY, FIELD_MASK = "google.protobuf.Any", "google.protobuf.FieldMask"
WRAPPERS = {
    f"google.protobuf.{name}Value": kind
    for name, kind in {
        "Double": "double",
        "Float": "float",
        "Int64": "int64",
        "UInt64": "uint64",
        "Int32": "int32",
        "UInt32": "uint32",
        "Bool": "bool",
        "String": "string",
        "Bytes": "bytes",
    }.items()
}
"""The wrapper messages, whose fields are plain ``T | None``, and the scalar type each wraps."""

PLAIN = frozenset({STRUCT, LIST, VALUE, TIMESTAMP, DURATION, *WRAPPERS})
"""The well-known messages that are plain Python values in a field."""

# Types rather than values, because bytes() and the like are what dataclasses call as default_factory.
DEFAULTS: dict[str, Callable[[], Any]] = {
    "string": str,
    "bytes": bytes,
    "bool": bool,
    "double": float,
    "float": float,
    **dict.fromkeys([*SIGNED, *UNSIGNED], int),
}


class FieldData(NamedTuple):
    """One field of a message class: what the schema says of it, and its name and classes in Python.

    A named tuple, because making a dataclass takes a millisecond of every import.
    """

    name: str
    """The attribute's name; differs from ``proto_name`` only where Python does not allow that one."""
    number: int
    kind: str
    """A scalar type, ``enum``, ``message``, or the full name of a well-known type that is a plain value here.
    For a map it is the kind of the values."""
    proto_name: str
    json_name: str
    label: Literal["singular", "optional", "repeated", "map"]
    oneof: str | None
    of: Callable[[], type[Any]] | None
    """The message or enum class, behind a call because classes may refer to one another."""
    key: str | None
    """A map's key type."""
    packed: bool
    """Whether a repeated scalar is written packed; both forms are read."""
    deprecated: bool

    @property
    def cls(self) -> type[Any]:
        """The message or enum class."""
        assert self.of is not None, f"{self.name} is neither message nor enum"
        return self.of()

    @property
    def has_presence(self) -> bool:
        """Whether ``None`` means unset, and any other value, also a default one, is written."""
        return self.label == "optional" or self.oneof is not None or (self.label == "singular" and self.is_message)

    @property
    def is_message(self) -> bool:
        """Whether the wire has a message here, even if Python has a plain value."""
        return self.kind == "message" or self.kind in PLAIN

    def default(self) -> Any:
        """What the attribute holds when the field is not set: a fresh list or dict, a zero value, or ``None``."""
        if self.label == "repeated":
            return []
        if self.label == "map":
            return {}
        if self.has_presence:
            return None
        return self.cls(0) if self.kind == "enum" else DEFAULTS[self.kind]()


def camel_case(name: str) -> str:
    """Make the JSON name that protobuf gives a field: underscores go, and the letter behind each is capitalised."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def field(
    number: int,
    kind: str,
    *,
    of: Callable[[], type[Any]] | None = None,
    name: str | None = None,
    json: str | None = None,
    group: str | None = None,
    optional: bool = False,
    repeated: bool = False,
    packed: bool = False,
    key: str | None = None,
    deprecated: bool = False,
) -> Any:
    """Describe a field of a generated message; the defaults are what most fields have.

    Args:
        number: The field number.
        kind: See ``FieldData.kind``.
        of: Returns the message or enum class; a call, because classes may refer to one another.
        name: The schema's name, where it is not the attribute's.
        json: The JSON name, where it is not the lowerCamelCase of the schema's name.
        group: The oneof that the field is in.
        optional: Whether the field is declared ``optional``.
        repeated: Whether the field is repeated.
        packed: Whether a repeated scalar is written packed.
        key: The key type of a map; the other arguments are about its values.
        deprecated: Whether the field is deprecated.
    """
    spec = {
        "number": number,
        "kind": kind,
        # None stands for the usual name, so that generated modules need not repeat it; ``_field_data`` fills it in.
        "proto_name": name,
        "json_name": json,
        "label": "map" if key else "repeated" if repeated else "optional" if optional else "singular",
        "oneof": group,
        "of": of,
        "key": key,
        "packed": packed,
        "deprecated": deprecated,
    }
    return dataclasses.field(
        default_factory=_default_factory(kind, of, bool(key), repeated, optional or group is not None),
        metadata={"chaukas": spec, "betterproto": _betterproto(number, kind, of, group, optional, repeated, key)},
    )


def _default_factory(
    kind: str, of: Callable[[], type[Any]] | None, is_map: bool, repeated: bool, presence: bool
) -> Callable[[], Any]:
    if is_map:
        return dict
    if repeated:
        return list
    # Messages too: if each began with empty ones, a type that holds itself could never be made.
    if presence or (kind not in DEFAULTS and kind != "enum"):
        return type(None)
    if kind == "enum":
        assert of is not None
        get = of
        return lambda: get()(0)
    return DEFAULTS[kind]


def _betterproto(
    number: int,
    kind: str,
    of: Callable[[], type[Any]] | None,
    group: str | None,
    optional: bool,
    repeated: bool,
    key: str | None,
) -> betterproto2.FieldMetadata:
    # betterproto2 knows no plain well-known kinds: for it they are messages with an ``unwrap``.
    proto_type = "message" if kind in PLAIN else kind
    unwrap = of if kind in PLAIN else None
    map_meta = betterproto2.map_meta(key, proto_type, unwrap_2=unwrap) if key else None
    return betterproto2.FieldMetadata(
        number, "map" if key else proto_type, map_meta, group, None if key else unwrap, optional, repeated
    )


def fields_of(cls: type[Any]) -> tuple[FieldData, ...]:
    """The fields of a message class in the order of their numbers; computed once for each class."""
    # In the class's own ``__dict__``: a subclass that a user makes must not get its base's by inheritance, as it may
    # declare more.
    known: tuple[FieldData, ...] | None = cls.__dict__.get("_field_data")
    if known is None:
        # A dataclass that a user derives may have fields of its own, which the schema does not know.
        declared = [field for field in dataclasses.fields(cls) if "chaukas" in field.metadata]
        known = tuple(sorted(map(_field_data, declared), key=lambda field: field.number))
        cls._field_data = known
    return known


def _field_data(attribute: dataclasses.Field[Any]) -> FieldData:
    spec = dict(attribute.metadata["chaukas"])
    spec["proto_name"] = spec["proto_name"] or attribute.name
    spec["json_name"] = spec["json_name"] or camel_case(spec["proto_name"])
    return FieldData(name=attribute.name, **spec)
