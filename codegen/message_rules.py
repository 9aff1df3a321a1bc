"""The rules for one message, apart from names and types: numbers, reservations, JSON names."""

from __future__ import annotations

from codegen.declarations import FieldDecl, MessageDecl, Number, Syntax
from codegen.errors import Mistakes
from codegen.extension_rules import MAX_FIELD_NUMBER, PROTOBUFS_OWN, check_ranges
from codegen.option_rules import check_options, find, is_true
from codegen.reserved_rules import FIELDS, check_reserved


def check_message(message: MessageDecl, syntax: Syntax, mistakes: Mistakes) -> None:
    """Report every broken rule of a message, but not of the messages nested in it."""
    check_options("message", message.options, syntax, mistakes)
    for oneof in message.oneofs():
        check_options("oneof", oneof.options, syntax, mistakes)
    fields = message.fields()
    by_number: dict[int, FieldDecl] = {}
    for field in fields:
        check_options("field", field.options, syntax, mistakes)
        # A number that is no field number is one mistake; that two fields share it would be a second report of the
        # same.
        if _is_in_range(field.number, mistakes):
            first = by_number.setdefault(field.number.value, field)
            if first is not field:
                line = first.name.position.line
                what = f'the number {field.number.value} is already that of "{first.name.text}", at line {line}'
                mistakes.report(field.number.position, what)
    check_reserved(message.reserved, fields, FIELDS, mistakes)
    check_ranges(message, mistakes)
    _check_json_names(message, syntax, mistakes)


def _is_in_range(number: Number, mistakes: Mistakes) -> bool:
    if not 1 <= number.value <= MAX_FIELD_NUMBER:
        mistakes.report(number.position, f"field numbers lie in 1 to {MAX_FIELD_NUMBER}")
        return False
    if number.value in PROTOBUFS_OWN:
        mistakes.report(number.position, "the numbers 19000 to 19999 are reserved for protobuf itself")
        return False
    return True


def default_json_name(name: str) -> str:
    """A field's name in JSON if it has no ``json_name``: without underscores, the letter after each in upper case."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def json_name(field: FieldDecl) -> str:
    """A field's name in JSON: its ``json_name``, or the default."""
    option = find(field.options, "json_name")
    return option.value.text if option else default_json_name(field.name.text)


def _check_json_names(message: MessageDecl, syntax: Syntax, mistakes: Mistakes) -> None:
    """Report fields that share a JSON name.

    As in protoc, they may not share a default name either, even if ``json_name`` gives them different names.
    """
    fields = message.fields()
    for field in fields:
        option = find(field.options, "json_name")
        text = option.value.text if option else ""
        if option and text.startswith("[") and text.endswith("]"):
            mistakes.report(option.value.position, f'the JSON name "{text}" reads like that of an extension')
        if option and "\0" in text:
            mistakes.report(option.value.position, "a JSON name cannot hold a null character")
    if not message.complete or is_true(message.options, "deprecated_legacy_json_field_conflicts"):
        return  # if the message was not read completely, the option that allows conflicts may be in what is missing
    default: dict[str, FieldDecl] = {}
    actual: dict[str, FieldDecl] = {}
    for field in fields:
        name = field.name.text
        # Both are filled in the order of the file, so the later field is the one at fault.
        by_default = default.setdefault(default_json_name(name), field)
        in_fact = actual.setdefault(json_name(field), field)
        if by_default is not field and syntax != "proto2":  # there protoc only warns of names that nobody chose
            _report_json_clash(field, by_default, default_json_name(name), "default JSON name", mistakes)
        elif in_fact is not field and (syntax != "proto2" or _are_chosen(in_fact, field)):
            _report_json_clash(field, in_fact, json_name(field), "JSON name", mistakes)


def _are_chosen(*fields: FieldDecl) -> bool:
    return all(find(field.options, "json_name") for field in fields)


def _report_json_clash(field: FieldDecl, first: FieldDecl, name: str, which: str, mistakes: Mistakes) -> None:
    if first.name.text == field.name.text:
        return  # two fields of the same name, which is reported when names are declared
    option = find(field.options, "json_name") if which == "JSON name" else None
    position = option.value.position if option else field.name.position
    where = f'"{first.name.text}", at line {first.name.position.line}'
    mistakes.report(position, f'the {which} "{name}" of "{field.name.text}" is also that of {where}')
