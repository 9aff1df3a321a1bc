"""The linked schema: what the emitters read, after every name is resolved and every rule has been checked.

Everything here is frozen and holds plain values, so that an emitter can neither meet an unresolved name nor change
what the next one sees. Terms are those of ``google/protobuf/descriptor.proto``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Label = Literal["singular", "optional", "repeated", "map"]
"""``singular`` has implicit presence, or, for messages and oneof members, explicit presence without the keyword;
``optional`` is a proto3 ``optional`` field; of a ``map``, ``kind`` and ``type_name`` say what its values are.
"""

SCALARS = frozenset(
    {"double", "float", "bool", "string", "bytes"}
    | {f"{form}{bits}" for form in ("int", "uint", "sint", "fixed", "sfixed") for bits in (32, 64)}
)
"""The proto3 scalar types. A field's ``kind`` is one of these, ``enum`` or ``message``."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a source file; ``line`` and ``column`` count from 1, as editors do."""

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
    """The oneof this field is written in; never the synthetic one of an ``optional`` field."""
    packed: bool = False
    """Whether a repeated scalar is written packed: proto3's default, unless ``[packed=false]`` says otherwise."""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Oneof:
    """A oneof and its members' names, in the order they are declared."""

    name: str
    fields: tuple[str, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class EnumValue:
    """A value of an enum; two may share a number where ``allow_alias`` is set."""

    name: str
    number: int
    doc: str
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Enum:
    """An enum type, its values in the order they are declared."""

    name: str
    full_name: str
    values: tuple[EnumValue, ...]
    doc: str
    position: Position
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message type. Map entries are not listed among ``messages``: a map field says all there is to know."""

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
    """A service and its RPCs, in the order they are declared."""

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
    """All files that were loaded, by path, with what they import; imports come before what imports them."""

    files: Mapping[str, File]
    messages: Mapping[str, Message]
    """Every message by full name."""
    enums: Mapping[str, Enum]
    """Every enum by full name."""
    file_of: Mapping[str, str]
    """The path of the file that declares a message or enum, by full name."""
