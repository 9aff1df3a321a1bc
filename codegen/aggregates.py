"""Checks the aggregates that options are set to: message literals, in protobuf's text format."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from codegen.declarations import Entry, Value, Word
from codegen.declared import Declared, DeclaredField, DeclaredMessage
from codegen.errors import Mistakes
from codegen.option_values import entry_wants

FindExtension = Callable[[Word, str], DeclaredField | None]
"""Finds an extension by its name, as seen from a scope; reports what is wrong, and returns None then."""

_URLS = ("type.googleapis.com", "type.googleprod.com")
_ANY = "google.protobuf.Any"


class Aggregates:
    """Checks aggregates against the messages that they are for.

    Args:
        declared: What is declared.
        find_extension: Finds the extensions that they name.
        mistakes: Takes what is reported.
    """

    def __init__(self, declared: Declared, find_extension: FindExtension, mistakes: Mistakes) -> None:
        self._declared, self._find_extension, self._mistakes = declared, find_extension, mistakes

    def check(self, full_name: str, value: Value) -> set[tuple[str, ...]]:
        """Report what is wrong in an aggregate.

        Args:
            full_name: The message that it is for.
            value: The aggregate.

        Returns:
            The paths, from that message on, of all fields that it sets.
        """
        message = self._declared.messages[full_name]
        fields = {**message.fields()}
        # A group is called by the name of its message, which begins with a capital letter.
        fields |= {field.field.type.text: field for field in fields.values() if field.field.group}
        paths: set[tuple[str, ...]] = set()
        seen: dict[str, Word] = {}
        oneofs: dict[str, str] = {}
        for entry in value.entries:
            if entry.in_brackets and "/" in entry.name.text:
                self._check_any(message, entry)
                continue
            field = self._extension(full_name, entry) if entry.in_brackets else fields.get(entry.name.text)
            if field is None:
                if not entry.in_brackets:
                    self._unknown(message, entry, fields)
                continue
            self._check_again(field, entry, seen, oneofs)
            paths.add((field.full_name,))
            paths |= {(field.full_name, *path) for path in self._check_values(field, entry)}
        self._check_required(message, seen, value)
        return paths

    def _unknown(self, message: DeclaredMessage, entry: Entry, fields: Iterable[str]) -> None:
        if message.lacks(entry.name.text):
            near = difflib.get_close_matches(entry.name.text, fields, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            what = f'"{message.full_name}" has no field "{entry.name.text}"{hint}'
            self._mistakes.report(entry.name.position, what)

    def _extension(self, full_name: str, entry: Entry) -> DeclaredField | None:
        field = self._find_extension(entry.name, full_name)
        if field and self._declared.extended_by(field) != full_name:
            what = f'the extension "{entry.name.text}" does not extend "{full_name}"'
            self._mistakes.report(entry.name.position, what)
            return None
        return field

    def _check_any(self, message: DeclaredMessage, entry: Entry) -> None:
        url, _, name = entry.name.text.rpartition("/")
        what = None
        if message.full_name != _ANY:
            what = f'"{message.full_name}" is no {_ANY}: only that takes the URL of a type'
        elif url not in _URLS:
            what = f'the URL of a type begins with "{_URLS[0]}/", not "{url}/"'
        elif name not in self._declared.messages:
            what = f'"{name}" is no message'
        if what:
            self._mistakes.report(entry.name.position, what)
            return
        for value in entry.values:
            if value.kind == "message":
                self.check(name, value)
            else:
                self._mistakes.report(value.position, f'"{name}" takes a message, as in {{ field: value }}')

    def _check_again(self, field: DeclaredField, entry: Entry, seen: dict[str, Word], oneofs: dict[str, str]) -> None:
        """Report a field that cannot be set twice, or beside another one of its oneof."""
        first = seen.setdefault(field.full_name, entry.name)
        if field.field.label in ("repeated", "map"):
            return
        if first is not entry.name:
            what = f'"{entry.name.text}" is already set, at line {first.position.line}: it is not repeated'
            self._mistakes.report(entry.name.position, what)
        elif field.oneof:
            other = oneofs.setdefault(field.oneof, entry.name.text)
            if other != entry.name.text:
                what = f'"{other}" is set too: the oneof "{field.oneof}" allows one of them'
                self._mistakes.report(entry.name.position, what)
        if entry.is_list:
            what = f'"{entry.name.text}" is not repeated, and takes no list'
            self._mistakes.report(entry.values[0].position if entry.values else entry.name.position, what)

    def _check_values(self, field: DeclaredField, entry: Entry) -> set[tuple[str, ...]]:
        kind, full_name = self._declared.type_of(field)
        paths: set[tuple[str, ...]] = set()
        for value in entry.values:
            if kind == "map":
                self.check_map(field, entry.name.text, value)
            elif kind != "unknown":
                paths |= self._check_value(field, entry.name.text, kind, full_name, value)
        return paths

    def _check_value(
        self, field: DeclaredField, name: str, kind: str, full_name: str, value: Value
    ) -> set[tuple[str, ...]]:
        if kind == "message" and value.kind == "message":
            return self.check(full_name, value)
        enum = self._declared.enums.get(full_name) if kind == "enum" else None
        wants = entry_wants(kind, enum, enum is not None and self._declared.is_open(field, enum), value)
        if wants:
            self._mistakes.report(value.position, f'"{name}" takes {wants}')
        return set()

    def check_map(self, field: DeclaredField, name: str, value: Value) -> None:
        """Check one entry of a map, which is a message with the fields ``key`` and ``value``."""
        if value.kind != "message":
            what = f'"{name}" takes entries of a map, as in {{ key: ... value: ... }}'
            self._mistakes.report(value.position, what)
            return
        types = dict(zip(("key", "value"), self._declared.map_types(field), strict=True))
        seen: set[str] = set()
        for each in value.entries:
            part = each.name.text
            if part not in types or each.in_brackets:
                self._mistakes.report(each.name.position, f'the entries of a map have "key" and "value", not "{part}"')
            elif part in seen or each.is_list:
                self._mistakes.report(each.name.position, f'an entry of a map has one "{part}"')
            elif types[part][0] != "unknown":
                for one in each.values:
                    self._check_value(field, part, *types[part], one)
            seen.add(part)

    def _check_required(self, message: DeclaredMessage, seen: dict[str, Word], value: Value) -> None:
        required = [field for field in message.fields().values() if field.field.label == "required"]
        missing = [field.field.name.text for field in required if field.full_name not in seen]
        if missing:
            what = f'"{message.full_name}" has required fields, which are missing here: {", ".join(missing)}'
            self._mistakes.report(value.position, what)
