"""The rules for one enum: its numbers, aliases and reservations."""

from __future__ import annotations

from codegen.declarations import EnumDecl, EnumValueDecl, Syntax
from codegen.errors import Mistakes
from codegen.option_rules import check_options, find, is_true
from codegen.reserved_rules import VALUES, check_reserved


def check_enum(enum: EnumDecl, syntax: Syntax, mistakes: Mistakes) -> None:
    """Report every broken rule of an enum.

    If a part of it could not be read, only the rules for single values are applied: whether a value is the first one,
    or an alias, depends on what is missing.
    """
    check_options("enum", enum.options, syntax, mistakes)
    for value in enum.values:
        check_options("enum value", value.options, syntax, mistakes)
        if not VALUES.lowest <= value.number.value <= VALUES.highest:
            what = f"enum numbers lie in {VALUES.lowest} to {VALUES.highest}"
            mistakes.report(value.number.position, what)
    check_reserved(enum.reserved, enum.values, VALUES, mistakes)
    if enum.complete:
        _check_whole(enum, syntax, mistakes)


def _check_whole(enum: EnumDecl, syntax: Syntax, mistakes: Mistakes) -> None:
    if not enum.values:
        mistakes.report(enum.name.position, f'the enum "{enum.name.text}" has no values')
        return
    first = enum.values[0]
    # The first value is the default, and, where enums are open, proto3's default has to be zero:
    # https://protobuf.dev/programming-guides/proto3/#enum.
    if first.number.value != 0 and syntax != "proto2":
        mistakes.report(first.number.position, f'the first value of an enum is zero: "{first.name.text}" is not')
    _check_aliases(enum, mistakes)
    _check_short_names(enum, mistakes)


def _check_aliases(enum: EnumDecl, mistakes: Mistakes) -> None:
    option = find(enum.options, "allow_alias")
    by_number: dict[int, EnumValueDecl] = {}
    aliases = [value for value in enum.values if by_number.setdefault(value.number.value, value) is not value]
    # protoc refuses both: the option without effect, and the option without an alias.
    if option and option.value.text == "false":
        mistakes.report(option.name.position, "allow_alias = false has no effect: leave it out")
    if option and option.value.text == "true":
        if not aliases:
            mistakes.report(option.name.position, "allow_alias is set, but no two values share a number: leave it out")
        return
    for alias in aliases:
        first = by_number[alias.number.value]
        what = (
            f'the number {alias.number.value} is already that of "{first.name.text}", at line '
            f"{first.name.position.line}; aliases need option allow_alias = true;"
        )
        mistakes.report(alias.number.position, what)


def _check_short_names(enum: EnumDecl, mistakes: Mistakes) -> None:
    """Report values of different numbers whose names differ only in case or in the enum's name in front.

    protoc refuses them too, because some languages shorten the names of enum values.
    """
    if is_true(enum.options, "deprecated_legacy_json_field_conflicts"):
        return
    seen: dict[str, EnumValueDecl] = {}
    for value in enum.values:
        first = seen.setdefault(_short_name(value.name.text, enum.name.text), value)
        if first.number.value != value.number.value and first.name.text != value.name.text:
            where = f'"{first.name.text}", at line {first.name.position.line}'
            what = f'"{value.name.text}" is the same as {where}, but for case and the name of the enum in front'
            mistakes.report(value.name.position, what)


def _short_name(value: str, enum: str) -> str:
    """A value's name in camel case, without the enum's name in front."""
    rest = _without_prefix(value, enum.replace("_", "").lower())
    return "".join(part[:1].upper() + part[1:].lower() for part in rest.split("_"))


def _without_prefix(value: str, prefix: str) -> str:
    """Take ``prefix`` from the beginning of a value's name, whatever the case and wherever there are underscores."""
    index = 0
    for letter in prefix:
        while index < len(value) and value[index] == "_":
            index += 1
        if index == len(value) or value[index].lower() != letter:
            return value
        index += 1
    return value[index:].lstrip("_") or value
