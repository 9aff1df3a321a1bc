"""The names that a schema's files declare, and the search for what a name in a file means."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from codegen import declarations as d
from codegen import wellknown_files
from codegen.errors import Mistakes, with_article
from codegen.model import Position

Kind = Literal[
    "package",
    "message",
    "enum",
    "enum value",
    "field",
    "oneof",
    "extension",
    "service",
    "method",
    "map entry",
    "descriptor type",
]

_TYPES = ("message", "enum", "descriptor type")
_SCOPES = ("package", "message", "enum", "service", "descriptor type")


@dataclass(frozen=True, slots=True)
class Symbol:
    """One declared name. A package is one too; its position is that of its first mention."""

    kind: Kind
    full_name: str
    position: Position


@dataclass(frozen=True, slots=True)
class Unresolved:
    """The answer for a name that means nothing; ``message`` says why."""

    message: str
    within: str | None = None
    """The message or enum in which the search ended; None if it ended in a package."""


def in_scope(scope: str, name: str) -> str:
    """The full name of ``name`` declared in ``scope``, which is empty for a file without a package."""
    return f"{scope}.{name}" if scope else name


class Symbols:
    """Every name of all files.

    Args:
        visible: For each file the paths that it sees: its own, its imports', and what those import publicly.
        mistakes: Takes what is reported.
    """

    def __init__(self, visible: Mapping[str, frozenset[str]], mistakes: Mistakes) -> None:
        self._visible = visible
        self._mistakes = mistakes
        self._symbols: dict[str, Symbol] = {}
        self._packages: dict[str, set[str]] = {}
        """The files of each package, by its name. A file of package ``a.b`` is also one of package ``a``."""
        for name in wellknown_files.DESCRIPTOR_TYPES:
            position = Position(wellknown_files.DESCRIPTOR, 1, 1)
            self._symbols[name] = Symbol("descriptor type", name, position)
            self._add_package("google.protobuf", position)

    # -- declaring

    def declare(self, file: d.FileDecl) -> None:
        """Add a file's names, and report those that are taken."""
        package = file.package.text if file.package else ""
        if file.package:
            self._add_package(package, file.package.position)
        # In the order of the file, so that of two equal names the second one is the mistake, whatever their kinds.
        for symbol in sorted(_file_symbols(file, package), key=lambda symbol: symbol.position):
            self._add(symbol)
        for message, scope in _messages(file.messages, package):
            for field in message.fields():
                # After all written names: if the invented name of an entry clashes, the field is to blame.
                if field.key:
                    name = in_scope(in_scope(scope, message.name.text), map_entry_name(field.name.text))
                    self._add(Symbol("map entry", name, field.name.position))

    def _add_package(self, package: str, position: Position) -> None:
        parts = package.split(".")
        for count in range(1, len(parts) + 1):
            name = ".".join(parts[:count])
            # Every part of a dotted package is a scope of its own, and so takes its name.
            first = self._symbols.setdefault(name, Symbol("package", name, position))
            if first.kind != "package":
                taken = f"{with_article(first.kind)} declared at {_where(first, position)}"
                self._mistakes.report(position, f'the package "{name}" has the name of {taken}')
                return
            self._packages.setdefault(name, set()).add(position.file)

    def _add(self, symbol: Symbol) -> None:
        first = self._symbols.setdefault(symbol.full_name, symbol)
        if first is symbol:
            return
        scope, _, name = symbol.full_name.rpartition(".")
        where = _where(first, symbol.position)
        if symbol.kind == "map entry":
            what = f'this map field needs the name "{name}" for its entries, which is already declared at {where}'
        else:
            what = f'"{name}" is already declared' + (f' in "{scope}"' if scope else "") + f", at {where}"
        if "enum value" in (symbol.kind, first.kind):
            what += " (enum values share the scope that their enum stands in)"
        self._mistakes.report(symbol.position, what)

    # -- resolving

    def resolve(self, name: str, scope: str, file: str, types_only: bool = True) -> Symbol | Unresolved:
        """Find what a name means, by protobuf's rules.

        Scopes are searched from the innermost outward for the first part of the name. Where that is found, the search
        ends, even if the rest of the name is not found there.

        Args:
            name: The name; with a dot in front, it starts from the outermost scope.
            scope: The full name of the message or package in which the name is used.
            file: The path of the file in which it is used.
            types_only: Whether to pass over names without a dot that are no types, as protoc does for fields, but not
                for methods.
        """
        if name.startswith("."):
            return self._find(name[1:], file) or self._unknown(name, scope, file, name[1:])
        first, dot, _ = name.partition(".")
        other: Symbol | None = None
        while True:
            found = self._find(in_scope(scope, first), file)
            # protobuf's rule, and C++'s: the innermost scope that has the first part decides, even if the rest is
            # missing there.
            if found and dot and found.kind in _SCOPES:
                full = in_scope(scope, name)
                return self._find(full, file) or self._unknown(name, scope, file, full)
            if found and not dot:
                if found.kind in _TYPES or not types_only:
                    return found
                # Remembered for the error: if no type of the name is found, this is what the name means.
                other = other or found
            if not scope:
                return other or self._unknown(name, scope, file)
            scope = scope.rpartition(".")[0]

    def _find(self, name: str, file: str) -> Symbol | None:
        """The symbol with that full name, if ``file`` sees it."""
        visible = self._visible[file]
        if name in self._packages:
            return self._symbols[name] if visible & self._packages[name] else None
        found = self._symbols.get(name)
        if found is None:
            # A type within one of descriptor.proto's, such as FieldOptions.CType: only the outer ones are listed.
            outer = self._symbols.get(".".join(name.split(".")[:3]))
            found = outer if outer and outer.kind == "descriptor type" else None
        return found if found and found.position.file in visible else None

    def _unknown(self, name: str, scope: str, file: str, full: str | None = None) -> Unresolved:
        """Say why a name was not found; ``full`` is the full name at which the search ended, if it did."""
        absolute = name.removeprefix(".")
        # The likeliest mistake first: the type exists, and its import is missing.
        for candidate in filter(None, (full, *_outward(scope, absolute))):
            hidden = self._symbols.get(candidate)
            home = hidden.position.file if hidden and hidden.kind in _TYPES else wellknown_files.home(candidate)
            if home and home not in self._visible[file]:
                return Unresolved(f'"{absolute}" is defined in {home}, which is not imported')
        within = self._within(full, file) if full else None
        if full and full != absolute:
            what = (
                f'"{name}" is looked up as "{full}", which is not defined: the innermost scope that has '
                f'"{name.partition(".")[0]}" decides; write ".{name}" to start from the outermost'
            )
            return Unresolved(what, within)
        near = self._nearest(absolute, file)
        return Unresolved(f'"{absolute}" is not defined' + (f'; did you mean "{near}"?' if near else ""), within)

    def _within(self, full: str, file: str) -> str | None:
        """The innermost message or enum around a full name, if there is one."""
        found = self._find(full.rpartition(".")[0], file)
        if found is None:
            return self._within(full.rpartition(".")[0], file) if "." in full else None
        return found.full_name if found.kind in ("message", "enum") else None

    def _nearest(self, name: str, file: str) -> str | None:
        """The visible type whose full name, or last part of it, is most like ``name``."""
        visible = self._visible[file]
        types = [s.full_name for s in self._symbols.values() if s.kind in ("message", "enum")]
        spelt: dict[str, str] = {}
        for full in sorted(full for full in types if self._symbols[full].position.file in visible):
            # Full names and last parts, since both are how users write types. Of equal last parts the first in order
            # wins.
            spelt.setdefault(full.rpartition(".")[2], full)
            spelt[full] = full
        near = difflib.get_close_matches(name, spelt, n=1, cutoff=0.7)
        return spelt[near[0]] if near else None


def _outward(scope: str, name: str) -> Iterator[str]:
    """The full names that a name could have, seen from a scope, from the innermost outward."""
    while scope:
        yield in_scope(scope, name)
        scope = scope.rpartition(".")[0]
    yield name


def _where(first: Symbol, position: Position) -> str:
    line = f"line {first.position.line}"
    return line if first.position.file == position.file else f"{first.position.file}, {line}"


def map_entry_name(field: str) -> str:
    """The name that protoc gives to the message for a map's entries, made from the field's name."""
    return "".join(part[:1].upper() + part[1:] for part in field.split("_")) + "Entry"


def _messages(messages: tuple[d.MessageDecl, ...], scope: str) -> Iterator[tuple[d.MessageDecl, str]]:
    for message in messages:
        yield message, scope
        yield from _messages(message.messages, in_scope(scope, message.name.text))


def _file_symbols(file: d.FileDecl, package: str) -> Iterator[Symbol]:
    yield from _enum_symbols(file.enums, package)
    yield from _extension_symbols(file.extends, package)
    for message, scope in _messages(file.messages, package):
        full = in_scope(scope, message.name.text)
        yield Symbol("message", full, message.name.position)
        for field in message.fields():
            yield Symbol("field", in_scope(full, field.name.text), field.name.position)
        for oneof in message.oneofs():
            yield Symbol("oneof", in_scope(full, oneof.name.text), oneof.name.position)
        yield from _enum_symbols(message.enums, full)
        yield from _extension_symbols(message.extends, full)
    for service in file.services:
        full = in_scope(package, service.name.text)
        yield Symbol("service", full, service.name.position)
        for method in service.methods:
            yield Symbol("method", in_scope(full, method.name.text), method.name.position)


def _enum_symbols(enums: tuple[d.EnumDecl, ...], scope: str) -> Iterator[Symbol]:
    for enum in enums:
        yield Symbol("enum", in_scope(scope, enum.name.text), enum.name.position)
        for value in enum.values:
            yield Symbol("enum value", in_scope(scope, value.name.text), value.name.position)


def _extension_symbols(extends: tuple[d.ExtendDecl, ...], scope: str) -> Iterator[Symbol]:
    for field in (field for extend in extends for field in extend.fields):
        yield Symbol("extension", in_scope(scope, field.name.text), field.name.position)
