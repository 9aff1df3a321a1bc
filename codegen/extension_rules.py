"""The rules for extensions, and for the ranges of numbers that messages keep for them."""

from __future__ import annotations

from codegen.declarations import FieldDecl, MessageDecl, Range, Syntax
from codegen.errors import Mistakes
from codegen.option_rules import check_options, find

MAX_FIELD_NUMBER = 2**29 - 1
PROTOBUFS_OWN = range(19000, 20000)
"""Field numbers that protobuf reserves for its own implementations."""

OPTION_NUMBERS = (range(990, 999), range(1000, MAX_FIELD_NUMBER + 1))
"""The numbers of extensions that the options messages allow. The first range is meant for protobuf itself, but protoc
lets anybody use it.
"""


def numbers_of(message: MessageDecl) -> tuple[range, ...]:
    """The numbers that a message keeps for extensions."""
    return tuple(range(each.start.value, _end(each) + 1) for each in _ranges(message))


def check_ranges(message: MessageDecl, mistakes: Mistakes) -> None:
    """Report ranges that are wrong in themselves, overlap one another, or hold the number of a field."""
    sound: list[Range] = []
    for each in _ranges(message):
        at, low, high = each.start.position, each.start.value, _end(each)
        if not (1 <= low <= MAX_FIELD_NUMBER and high <= MAX_FIELD_NUMBER):
            mistakes.report(at, f"extension numbers lie in 1 to {MAX_FIELD_NUMBER}")
            continue
        if high < low:
            mistakes.report(at, f"the range {low} to {high} ends before it starts")
            continue
        other = next((o for o in sound if o.start.value <= high and low <= _end(o)), None)
        if other:
            mistakes.report(at, f"this range overlaps that of line {other.start.position.line}")
        sound.append(each)
        for field in message.fields():
            if low <= field.number.value <= high:
                what = f"the number {field.number.value} is kept for extensions at line {at.line}"
                mistakes.report(field.number.position, what)
        for reserved in (one for statement in message.reserved for one in statement.ranges):
            last = MAX_FIELD_NUMBER if reserved.end is None else reserved.end.value
            if reserved.start.value <= high and low <= last:
                mistakes.report(at, f"this range overlaps what line {reserved.start.position.line} reserves")


def _ranges(message: MessageDecl) -> tuple[Range, ...]:
    return tuple(each for statement in message.extensions for each in statement.ranges)


def _end(each: Range) -> int:
    return MAX_FIELD_NUMBER if each.end is None else each.end.value


class Extensions:
    """Checks the extensions of one file. Nothing is generated from them.

    It remembers their numbers, by the message that they extend; other files may use the same numbers.
    """

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._by_number: dict[tuple[str, int], FieldDecl] = {}

    def check(self, field: FieldDecl, extended: str | None, allowed: tuple[range, ...], syntax: Syntax) -> None:
        """Report every broken rule of an extension.

        Args:
            field: The extension.
            extended: The full name of the message that it extends; None if that could not be resolved.
            allowed: The numbers that the extended message keeps for extensions.
            syntax: The rules of the extension's file.
        """
        check_options("field", field.options, syntax, self._mistakes)
        json_name = find(field.options, "json_name")
        if json_name:
            self._mistakes.report(json_name.name.position, "an extension has no json_name")
        number, position = field.number.value, field.number.position
        if field.label == "required":
            self._mistakes.report(field.name.position, 'an extension cannot be required: write "optional"')
        if not any(number in numbers for numbers in allowed):
            self._mistakes.report(position, _not_allowed(extended, allowed))
        elif number in PROTOBUFS_OWN:
            self._mistakes.report(position, "the numbers 19000 to 19999 are reserved for protobuf itself")
        elif extended is not None:
            first = self._by_number.setdefault((extended, number), field)
            if first is not field:
                where = f'"{first.name.text}", at line {first.name.position.line}'
                self._mistakes.report(position, f"the number {number} is already that of the extension {where}")


def _not_allowed(extended: str | None, allowed: tuple[range, ...]) -> str:
    if allowed == OPTION_NUMBERS:
        return f"the numbers of extensions lie in 1000 to {MAX_FIELD_NUMBER}"
    spelt = ", ".join(f"{each[0]} to {each[-1]}" for each in allowed if each)
    return f'"{extended}" keeps ' + (f"the numbers {spelt} for extensions" if spelt else "no numbers for extensions")
