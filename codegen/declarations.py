"""A source file as it is written: declarations with their places, before any name is resolved.

``declare`` makes these classes out of the parser's tree, ``link`` turns them into ``model``. They keep what only
messages about mistakes need: the place of each word, and how types are spelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codegen.model import Position

Syntax = Literal["proto2", "proto3", "2023"]
"""The rules that a file follows; 2023 is an edition."""


@dataclass(frozen=True, slots=True)
class Word:
    """A name, a type as it is spelled, or a string's value, with its place."""

    text: str
    position: Position


@dataclass(frozen=True, slots=True)
class Number:
    """An integer with its place."""

    value: int
    position: Position


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an option, or of an entry of an aggregate.

    The text of an aggregate is empty, and so is that of a string that is not UTF-8.
    """

    kind: Literal["string", "number", "identifier", "message"]
    text: str
    position: Position
    entries: tuple[Entry, ...] = ()
    """What an aggregate, which is a message literal, sets."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an aggregate, ``name: value``."""

    name: Word
    """The name of a field, or what stands in brackets: that of an extension, or the URL of a type."""
    in_brackets: bool
    values: tuple[Value, ...]
    is_list: bool
    """Whether the values stand in brackets."""


@dataclass(frozen=True, slots=True)
class NamePart:
    """A part of an option's name: that of a field, or, in parentheses, that of an extension."""

    text: str
    is_extension: bool


@dataclass(frozen=True, slots=True)
class Option:
    """An option, ``name = value``; the name of a custom option has parentheses in it."""

    name: Word
    parts: tuple[NamePart, ...]
    value: Value

    @property
    def is_custom(self) -> bool:
        """Whether an extension is set, or something within one."""
        return any(part.is_extension for part in self.parts)


@dataclass(frozen=True, slots=True)
class Range:
    """A range of numbers, which includes both ends; ``end`` is None for ``max``."""

    start: Number
    end: Number | None


@dataclass(frozen=True, slots=True)
class ExtensionRanges:
    """An ``extensions`` statement: the numbers that others may use for extensions of the message."""

    ranges: tuple[Range, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Reserved:
    """A ``reserved`` statement: ranges or names."""

    ranges: tuple[Range, ...] = ()
    names: tuple[Word, ...] = ()


Label = Literal["singular", "optional", "required", "repeated", "map"]


@dataclass(frozen=True, slots=True)
class FieldDecl:
    """A field; ``type``, and for a map ``key``, are spelled as in the source."""

    name: Word
    number: Number
    type: Word
    label: Label
    options: tuple[Option, ...]
    doc: str
    key: Word | None = None
    group: MessageDecl | None = None
    """The message that a proto2 group declares together with the field."""


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
    """Whether everything in the enum's block could be read; if not, nothing may be said about what is missing."""


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
    extensions: tuple[ExtensionRanges, ...]
    options: tuple[Option, ...]
    doc: str
    complete: bool
    """Whether everything in the message's block could be read; if not, nothing may be said about what is missing."""

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
    """An RPC; ``input`` and ``output`` are spelled as in the source."""

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
    """An import; a ``public`` one also serves the files that import this file."""

    path: Word
    public: bool


@dataclass(frozen=True, slots=True)
class Unread:
    """What those parts of a file that could not be read may declare."""

    names: frozenset[str] = frozenset()
    """Every word in those parts: each may be the name of something declared there."""
    nameless: bool = False
    """Whether something is declared there whose name is missing, so that it could have any name."""
    imports: bool = False
    """Whether there may be imports in those parts."""


@dataclass(frozen=True, slots=True)
class FileDecl:
    """A file and what it declares, as far as it could be read; ``unread`` is about the rest."""

    path: str
    syntax: Syntax
    syntax_at: Position | None
    """Where ``proto3`` or the like is written; None if nothing says so, as in some proto2 files."""
    package: Word | None
    imports: tuple[ImportDecl, ...]
    messages: tuple[MessageDecl, ...]
    enums: tuple[EnumDecl, ...]
    services: tuple[ServiceDecl, ...]
    extends: tuple[ExtendDecl, ...]
    options: tuple[Option, ...]
    doc: str
    unread: Unread


MessagePart = FieldDecl | OneofDecl | MessageDecl | EnumDecl | ExtendDecl | Reserved | ExtensionRanges | Option
FilePart = Word | ImportDecl | MessageDecl | EnumDecl | ServiceDecl | ExtendDecl | Option
"""What may be declared in a file; a bare word is the name of its package."""
