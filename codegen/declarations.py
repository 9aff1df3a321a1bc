"""A source file as it is written: declarations with their places, before any name is resolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codegen.model import Position


@dataclass(frozen=True, slots=True)
class Word:
    """A name, a type name or a string's value, and where it stands."""

    text: str
    position: Position


@dataclass(frozen=True, slots=True)
class Number:
    """An integer and where it stands."""

    value: int
    position: Position


@dataclass(frozen=True, slots=True)
class Option:
    """``name = value``. A custom option's name begins with a parenthesis; a message literal's text is empty."""

    name: Word
    kind: Literal["string", "number", "identifier", "message"]
    value: Word


@dataclass(frozen=True, slots=True)
class Range:
    """A reserved range, both ends included; ``end`` is None for ``max``."""

    start: Number
    end: Number | None


@dataclass(frozen=True, slots=True)
class Reserved:
    """A ``reserved`` statement: ranges or names."""

    ranges: tuple[Range, ...] = ()
    names: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldDecl:
    """A field; ``type`` and ``key`` are spelt as in the source."""

    name: Word
    number: Number
    type: Word
    label: Literal["singular", "optional", "repeated", "map"]
    options: tuple[Option, ...]
    doc: str
    key: Word | None = None


@dataclass(frozen=True, slots=True)
class OneofDecl:
    """A oneof and its members."""

    name: Word
    fields: tuple[FieldDecl, ...]
    options: tuple[Option, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class EnumValueDecl:
    """One value of an enum."""

    name: Word
    number: Number
    options: tuple[Option, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class EnumDecl:
    """An enum and its values."""

    name: Word
    values: tuple[EnumValueDecl, ...]
    reserved: tuple[Reserved, ...]
    options: tuple[Option, ...]
    doc: str
    complete: bool
    """Whether all that stands in it was read."""


@dataclass(frozen=True, slots=True)
class ExtendDecl:
    """An ``extend`` block: what it extends, and the extensions."""

    extended: Word
    fields: tuple[FieldDecl, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageDecl:
    """A message. ``members`` are its fields and oneofs in the order they are written."""

    name: Word
    members: tuple[FieldDecl | OneofDecl, ...]
    messages: tuple[MessageDecl, ...]
    enums: tuple[EnumDecl, ...]
    extends: tuple[ExtendDecl, ...]
    reserved: tuple[Reserved, ...]
    options: tuple[Option, ...]
    doc: str
    complete: bool
    """Whether all that stands in it was read."""

    def fields(self) -> tuple[FieldDecl, ...]:
        """All fields, those of oneofs included, in the order they are written."""
        found: list[FieldDecl] = []
        for member in self.members:
            found.extend(member.fields if isinstance(member, OneofDecl) else (member,))
        return tuple(found)

    def oneofs(self) -> tuple[OneofDecl, ...]:
        """All oneofs."""
        return tuple(member for member in self.members if isinstance(member, OneofDecl))


@dataclass(frozen=True, slots=True)
class MethodDecl:
    """An RPC; the types are spelt as in the source."""

    name: Word
    input: Word
    output: Word
    client_streaming: bool
    server_streaming: bool
    options: tuple[Option, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class ServiceDecl:
    """A service and its RPCs."""

    name: Word
    methods: tuple[MethodDecl, ...]
    options: tuple[Option, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class ImportDecl:
    """An import: the path's word, and whether it passes on what it imports."""

    path: Word
    public: bool


@dataclass(frozen=True, slots=True)
class Unread:
    """What the part of a file may hold that could not be read."""

    names: frozenset[str] = frozenset()
    """Every word in it: each may be declared there."""
    nameless: bool = False
    """Whether something without a name is declared there, which could have had any."""
    imports: bool = False
    """Whether there may be imports in it."""


@dataclass(frozen=True, slots=True)
class FileDecl:
    """A file and all that it declares, or what of it could be read."""

    path: str
    package: Word | None
    imports: tuple[ImportDecl, ...]
    messages: tuple[MessageDecl, ...]
    enums: tuple[EnumDecl, ...]
    services: tuple[ServiceDecl, ...]
    extends: tuple[ExtendDecl, ...]
    options: tuple[Option, ...]
    doc: str
    unread: Unread


MessagePart = FieldDecl | OneofDecl | MessageDecl | EnumDecl | ExtendDecl | Reserved | Option
FilePart = Word | ImportDecl | MessageDecl | EnumDecl | ServiceDecl | ExtendDecl | Option
"""What may stand in a file; a bare word is a package's name."""
