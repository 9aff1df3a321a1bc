"""What each message, enum and extension looks like, by full name: what options and extensions are checked against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codegen import declarations as d
from codegen.model import SCALARS
from codegen.symbols import Symbol, Symbols, in_scope


@dataclass(frozen=True, slots=True)
class DeclaredMessage:
    """A message and its file."""

    full_name: str
    message: d.MessageDecl
    file: d.FileDecl

    def lacks(self, field: str) -> bool:
        """Whether it certainly has no field of that name, which could be in a part that could not be read."""
        return self.message.complete and field not in self.file.unread.names and field not in self.fields()

    def fields(self) -> dict[str, DeclaredField]:
        """Its fields, by name."""
        oneofs = {field.name.text: oneof.name.text for oneof in self.message.oneofs() for field in oneof.fields}
        return {
            field.name.text: DeclaredField(
                in_scope(self.full_name, field.name.text), field, self.full_name, self.file, oneofs.get(field.name.text)
            )
            for field in self.message.fields()
        }


@dataclass(frozen=True, slots=True)
class DeclaredEnum:
    """An enum and its file."""

    enum: d.EnumDecl
    file: d.FileDecl


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """A field or an extension, and where it stands."""

    full_name: str
    field: d.FieldDecl
    scope: str
    """What its type is looked up from: the message, or the package, around it."""
    file: d.FileDecl
    oneof: str | None = None
    extended: d.Word | None = None
    """For an extension, the message that it extends."""


class Declared:
    """Everything that the files declare and that has a type, or is one.

    Args:
        files: All files.
        symbols: The names in them.
    """

    def __init__(self, files: Sequence[d.FileDecl], symbols: Symbols) -> None:
        self._symbols = symbols
        self.messages: dict[str, DeclaredMessage] = {}
        self.enums: dict[str, DeclaredEnum] = {}
        self.extensions: dict[str, DeclaredField] = {}
        self.proto2 = frozenset(file.path for file in files if file.syntax == "proto2")
        """The paths of the proto2 files, for which nothing is generated."""
        for file in files:
            self._add(file, file, file.package.text if file.package else "")

    def _add(self, file: d.FileDecl, block: d.FileDecl | d.MessageDecl, scope: str) -> None:
        for enum in block.enums:
            self.enums.setdefault(in_scope(scope, enum.name.text), DeclaredEnum(enum, file))
        for extend in block.extends:
            for field in extend.fields:
                full = in_scope(scope, field.name.text)
                self.extensions.setdefault(full, DeclaredField(full, field, scope, file, extended=extend.extended))
        for message in block.messages:
            full = in_scope(scope, message.name.text)
            self.messages.setdefault(full, DeclaredMessage(full, message, file))
            self._add(file, message, full)

    def type_of(self, field: DeclaredField) -> tuple[str, str]:
        """The kind of a field's values, and the full name of their type if they are of one.

        The kind is ``unknown`` if the type could not be resolved, or is one of ``descriptor.proto``.
        """
        word = field.field.type.text
        if field.field.label == "map":
            return "map", ""
        if word in SCALARS:
            return word, ""
        return self._named(word, field.scope, field.file.path)

    def field_or_extension(self, full_name: str) -> DeclaredField | None:
        """The field or the extension of that name."""
        message, _, name = full_name.rpartition(".")
        around = self.messages.get(message)
        return self.extensions.get(full_name) or (around.fields().get(name) if around else None)

    def is_open(self, field: DeclaredField, enum: DeclaredEnum) -> bool:
        """Whether a field of an enum's type takes numbers that the enum does not declare."""
        return "proto2" not in (field.file.syntax, enum.file.syntax)

    def map_types(self, field: DeclaredField) -> tuple[tuple[str, str], tuple[str, str]]:
        """The kinds and types of a map's keys and values."""
        key, value = field.field.key, field.field.type.text
        of_value = (value, "") if value in SCALARS else self._named(value, field.scope, field.file.path)
        return (key.text if key else "unknown", ""), of_value

    def extended_by(self, field: DeclaredField) -> str | None:
        """The full name of the message that a field belongs to; None if that of an extension could not be resolved."""
        if field.extended is None:
            return field.scope
        found = self._symbols.resolve(field.extended.text, field.scope, field.file.path)
        return found.full_name if isinstance(found, Symbol) else None

    def _named(self, word: str, scope: str, path: str) -> tuple[str, str]:
        found = self._symbols.resolve(word, scope, path)
        if isinstance(found, Symbol) and found.full_name in (self.messages if found.kind == "message" else self.enums):
            return found.kind, found.full_name
        return "unknown", ""
