"""The rules for reserved numbers and names, which are the same for messages and enums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codegen.declarations import EnumValueDecl, FieldDecl, Range, Reserved, Word
from codegen.errors import Mistakes


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers that can be reserved, and what messages call the members that have such numbers."""

    lowest: int
    highest: int
    member: str


FIELDS = Limits(1, 2**31 - 1, "field")  # protoc also allows numbers to be reserved that no field can have
VALUES = Limits(-(2**31), 2**31 - 1, "enum value")


def check_reserved(
    reserved: Iterable[Reserved], members: Sequence[FieldDecl | EnumValueDecl], limits: Limits, mistakes: Mistakes
) -> None:
    """Report reservations that are wrong in themselves, and members that have a reserved name or number."""
    statements = tuple(reserved)
    ranges = _sound_ranges([each for statement in statements for each in statement.ranges], limits, mistakes)
    names = _distinct_names([each for statement in statements for each in statement.names], limits, mistakes)
    for member in members:
        name, number = member.name, member.number
        if name.text in names:
            line = names[name.text].position.line
            mistakes.report(name.position, f'the name "{name.text}" is reserved at line {line}')
        for low, high, source in ranges:
            if low <= number.value <= high:
                line = source.start.position.line
                mistakes.report(number.position, f"the number {number.value} is reserved at line {line}")


def _sound_ranges(ranges: Iterable[Range], limits: Limits, mistakes: Mistakes) -> list[tuple[int, int, Range]]:
    sound: list[tuple[int, int, Range]] = []
    for each in ranges:
        low, high = each.start.value, limits.highest if each.end is None else each.end.value
        at = each.start.position
        if low < limits.lowest or low > limits.highest or high > limits.highest:
            # Point at the end that is out of range, not always at the start.
            beyond = each.start if not limits.lowest <= low <= limits.highest else each.end or each.start
            what = f"a reserved {limits.member} number lies in {limits.lowest} to {limits.highest}"
            mistakes.report(beyond.position, what)
        elif high < low:
            mistakes.report(at, f"the range {low} to {high} ends before it starts")
        else:
            # Only sound ranges are compared, so that one mistake is not reported again as an overlap.
            other = next((o for o in sound if o[0] <= high and low <= o[1]), None)
            if other:
                line = other[2].start.position.line
                mistakes.report(at, f"{_spell(low, high)} overlaps {_spell(*other[:2])}, reserved at line {line}")
            else:
                sound.append((low, high, each))
    return sound


def _spell(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def _distinct_names(names: Iterable[Word], limits: Limits, mistakes: Mistakes) -> dict[str, Word]:
    distinct: dict[str, Word] = {}
    for name in names:
        first = distinct.setdefault(name.text, name)
        if first is not name:
            line = first.position.line
            what = f'the {limits.member} name "{name.text}" is already reserved at line {line}'
            mistakes.report(name.position, what)
    return distinct
