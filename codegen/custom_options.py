"""Checks custom options: that the extensions they name exist, are imported, and take the values they are given."""

from __future__ import annotations

from collections.abc import Iterable

from codegen import declarations as d
from codegen.aggregates import Aggregates
from codegen.declared import Declared, DeclaredField
from codegen.errors import Mistakes, with_article
from codegen.option_rules import Owner
from codegen.option_values import option_wants
from codegen.symbols import Symbols, Unresolved
from codegen.uncertain import Uncertain

EXTENDED: dict[Owner, str] = {
    owner: f"google.protobuf.{''.join(part.capitalize() for part in owner.split())}Options"
    for owner in ("file", "message", "field", "oneof", "enum", "enum value", "service", "method", "extension range")
}
"""The message that custom options of something extend."""


class CustomOptions:
    """Checks the custom options of one file.

    Args:
        file: The file.
        symbols: The names that all files declare.
        declared: What they declare.
        uncertain: The names in the file that cannot be judged.
        mistakes: Takes what is reported.
    """

    def __init__(
        self, file: d.FileDecl, symbols: Symbols, declared: Declared, uncertain: Uncertain, mistakes: Mistakes
    ) -> None:
        self._path, self._symbols, self._declared = file.path, symbols, declared
        self._uncertain, self._mistakes = uncertain, mistakes
        self._aggregates = Aggregates(declared, self._extension, mistakes)

    def check(self, owner: Owner, options: Iterable[d.Option], scope: str) -> None:
        """Report every mistake in the custom options of something that is declared in a scope."""
        done: set[tuple[str, ...]] = set()
        for option in options:
            # After a name of descriptor.proto, such as ``features``, the fields are not known here.
            if option.parts[0].is_extension:
                self._check(option, EXTENDED[owner], scope, done)

    def _check(self, option: d.Option, message: str, scope: str, done: set[tuple[str, ...]]) -> None:
        path: tuple[str, ...] = ()
        spelt = ""
        for index, part in enumerate(option.parts):
            spelt += ("." if spelt else "") + (f"({part.text})" if part.is_extension else part.text)
            field = self._field(option, part, message, scope)
            if field is None:
                return
            path = (*path, field.full_name)
            if index == len(option.parts) - 1:
                self._set(option, field, path, done)
                return
            kind, message = self._declared.type_of(field)
            if kind == "unknown":
                return  # reported where the extension is declared, or a type of descriptor.proto
            what = None
            if field.field.label in ("repeated", "map"):
                what = f'"{spelt}" is repeated: set the whole of it, as in {spelt} = {{ field: value }}'
            elif kind != "message":
                what = f'"{spelt}" is {with_article(kind)}, not a message: nothing in it can be set'
            if what:
                self._mistakes.report(option.name.position, what)
                return

    def _field(self, option: d.Option, part: d.NamePart, message: str, scope: str) -> DeclaredField | None:
        """What a part of an option's name means in a message; None if that was reported, or is uncertain."""
        if part.is_extension:
            field = self._extension(d.Word(part.text, option.name.position), scope)
            extended = self._declared.extended_by(field) if field else None
            if field and extended and extended != message:
                what = f'"({part.text})" extends "{extended}", and cannot be set here: this is for "{message}"'
                self._mistakes.report(option.name.position, what)
                return None
            return field
        declared = self._declared.messages[message]
        field = declared.fields().get(part.text)
        if declared.lacks(part.text):
            self._mistakes.report(option.name.position, f'"{message}" has no field "{part.text}"')
        return field

    def _extension(self, word: d.Word, scope: str) -> DeclaredField | None:
        found = self._symbols.resolve(word.text, scope, self._path, types_only=False)
        if self._uncertain.about(word.text, found):
            return None
        if isinstance(found, Unresolved):
            self._mistakes.report(word.position, f'there is no extension "{word.text}": {found.message}')
            return None
        # protoc takes a field, too, where it takes an extension.
        field = self._declared.field_or_extension(found.full_name) if found.kind in ("extension", "field") else None
        if field is None:
            what = f'"{word.text}" is {with_article(found.kind)} ({found.full_name}), not an extension'
            self._mistakes.report(word.position, what)
            return None
        return field

    def _set(self, option: d.Option, field: DeclaredField, path: tuple[str, ...], done: set[tuple[str, ...]]) -> None:
        """Check the value that an option gives to a field."""
        name = option.name.text
        if path in done and field.field.label not in ("repeated", "map"):
            self._mistakes.report(option.name.position, f'the option "{name}" is already set, or something within it')
            return
        done.update(path[:count] for count in range(1, len(path) + 1))
        kind, full_name = self._declared.type_of(field)
        if kind == "unknown":
            return
        if kind in ("message", "map") and option.value.kind == "message":
            if kind == "message":
                done.update((*path, *rest) for rest in self._aggregates.check(full_name, option.value))
            else:
                self._aggregates.check_map(field, name, option.value)
            return
        wants = option_wants(kind, self._declared.enums.get(full_name) if kind == "enum" else None, option.value)
        if wants:
            self._mistakes.report(option.value.position, f'the option "{name}" takes {wants}')
