"""The rules for one message, and for extensions, apart from names and types: numbers, reservations, JSON names."""

from __future__ import annotations

from codegen.declarations import FieldDecl, MessageDecl, Number
from codegen.errors import Mistakes
from codegen.option_rules import check_options, find, is_true
from codegen.reserved_rules import FIELDS, check_reserved

MAX_FIELD_NUMBER = 2**29 - 1
PROTOBUFS_OWN = range(19000, 20000)
"""Field numbers that protobuf reserves for its own implementations."""

EXTENSION_NUMBERS = (range(990, 999), range(1000, MAX_FIELD_NUMBER + 1))
"""The numbers of extensions that the options messages allow. The first range is meant for protobuf itself, but protoc
lets anybody use it.
"""


def check_message(message: MessageDecl, mistakes: Mistakes) -> None:
    """Report every broken rule of a message, but not of the messages nested in it."""
    check_options("message", message.options, mistakes)
    for oneof in message.oneofs():
        check_options("oneof", oneof.options, mistakes)
    fields = message.fields()
    by_number: dict[int, FieldDecl] = {}
    for field in fields:
        check_options("field", field.options, mistakes)
        # A number that is no field number is one mistake; that two fields share it would be a second report of the
        # same.
        if _is_in_range(field.number, mistakes):
            first = by_number.setdefault(field.number.value, field)
            if first is not field:
                line = first.name.position.line
                what = f'the number {field.number.value} is already that of "{first.name.text}", at line {line}'
                mistakes.report(field.number.position, what)
    check_reserved(message.reserved, fields, FIELDS, mistakes)
    _check_json_names(message, mistakes)


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


def _check_json_names(message: MessageDecl, mistakes: Mistakes) -> None:
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
        if by_default is not field:
            _report_json_clash(field, by_default, default_json_name(name), "default JSON name", mistakes)
        elif in_fact is not field:
            _report_json_clash(field, in_fact, json_name(field), "JSON name", mistakes)


def _report_json_clash(field: FieldDecl, first: FieldDecl, name: str, which: str, mistakes: Mistakes) -> None:
    if first.name.text == field.name.text:
        return  # two fields of the same name, which is reported when names are declared
    option = find(field.options, "json_name") if which == "JSON name" else None
    position = option.value.position if option else field.name.position
    where = f'"{first.name.text}", at line {first.name.position.line}'
    mistakes.report(position, f'the {which} "{name}" of "{field.name.text}" is also that of {where}')


class Extensions:
    """Checks the extensions of one file. Nothing is generated from them.

    It remembers their numbers, by the message that they extend; other files may use the same numbers.
    """

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._by_number: dict[tuple[str, int], FieldDecl] = {}

    def check(self, field: FieldDecl, extended: str | None) -> None:
        """Report every broken rule of an extension.

        Args:
            field: The extension.
            extended: The full name of the message that it extends; None if that could not be resolved.
        """
        check_options("field", field.options, self._mistakes)
        json_name = find(field.options, "json_name")
        if json_name:
            self._mistakes.report(json_name.name.position, "an extension has no json_name")
        number, position = field.number.value, field.number.position
        if not any(number in numbers for numbers in EXTENSION_NUMBERS):
            self._mistakes.report(position, f"the numbers of extensions lie in 1000 to {MAX_FIELD_NUMBER}")
        elif number in PROTOBUFS_OWN:
            self._mistakes.report(position, "the numbers 19000 to 19999 are reserved for protobuf itself")
        elif extended is not None:
            first = self._by_number.setdefault((extended, number), field)
            if first is not field:
                where = f'"{first.name.text}", at line {first.name.position.line}'
                self._mistakes.report(position, f"the number {number} is already that of the extension {where}")
