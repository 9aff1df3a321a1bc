"""The linked schema: what emitters read, after every name is resolved and every rule has been checked.

All classes are frozen and hold plain values. So an emitter never meets an unresolved name, and cannot change what the
next emitter reads. The terms are those of ``google/protobuf/descriptor.proto``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Label = Literal["singular", "optional", "repeated", "map"]
"""How often a field may occur, and how that is written.

A ``singular`` field is written without a keyword. It has explicit presence if it is a message or belongs to a oneof;
otherwise its presence is implicit, which means that the default value and "not set" are the same. An ``optional`` field
has the keyword. For a ``map``, ``kind`` and ``type_name`` describe the values.
"""

SCALARS = frozenset(
    {"double", "float", "bool", "string", "bytes"}
    | {f"{form}{bits}" for form in ("int", "uint", "sint", "fixed", "sfixed") for bits in (32, 64)}
)
"""The scalar types of proto3. A field's ``kind`` is one of these, ``enum`` or ``message``."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a source file; ``line`` and ``column`` count from 1, as they do in editors."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message. For a map, ``key_kind`` is the key's scalar type and the rest describes the value."""

    name: str
    number: int
    kind: str
    label: Label
    json_name: str
    doc: str
    position: Position
    type_name: str | None = None
    """Full name, without a leading dot, of the message or enum type."""
    key_kind: str | None = None
    oneof: str | None = None
    """The oneof in which the field is written; never the one that protoc makes up for an ``optional`` field."""
    packed: bool = False
    """Whether a repeated scalar is written packed: proto3's default, unless ``[packed=false]`` says otherwise."""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Oneof:
    """A oneof and the names of its members, in the order of declaration."""

    name: str
    fields: tuple[str, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class EnumValue:
    """A value of an enum; two may have the same number if the enum sets ``allow_alias``."""

    name: str
    number: int
    doc: str
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum type, its values in the order of declaration."""

    name: str
    full_name: str
    values: tuple[EnumValue, ...]
    doc: str
    position: Position
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message type. The messages that protoc makes up for map entries are not in ``messages``: maps are fields."""

    name: str
    full_name: str
    fields: tuple[Field, ...]
    oneofs: tuple[Oneof, ...]
    messages: tuple[Message, ...]
    enums: tuple[Enum, ...]
    doc: str
    position: Position
    deprecated: bool = False

    def walk(self) -> Iterator[Message]:
        """This message and every one nested in it, outermost first."""
        yield self
        for nested in self.messages:
            yield from nested.walk()


@dataclass(frozen=True, slots=True)
class Method:
    """An RPC; the types are full names of messages."""

    name: str
    input_type: str
    output_type: str
    client_streaming: bool
    server_streaming: bool
    doc: str
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A service and its RPCs, in the order of declaration."""

    name: str
    full_name: str
    methods: tuple[Method, ...]
    doc: str
    position: Position
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A source file, named by its path relative to the proto root, with forward slashes."""

    path: str
    package: str
    imports: tuple[str, ...]
    messages: tuple[Message, ...]
    enums: tuple[Enum, ...]
    services: tuple[Service, ...]
    doc: str

    def walk_messages(self) -> Iterator[Message]:
        """Every message of the file, nested ones after the one they are nested in."""
        for message in self.messages:
            yield from message.walk()

    def walk_enums(self) -> Iterator[Enum]:
        """Every enum of the file: the top-level ones, then those nested in messages."""
        yield from self.enums
        for message in self.walk_messages():
            yield from message.enums


@dataclass(frozen=True, slots=True)
class Schema:
    """All files that were loaded, those that they import included. A file comes after the files that it imports."""

    files: Mapping[str, File]
    messages: Mapping[str, Message]
    """Every message by full name."""
    enums: Mapping[str, Enum]
    """Every enum by full name."""
    file_of: Mapping[str, str]
    """The path of the file that declares a message or enum, by full name."""
