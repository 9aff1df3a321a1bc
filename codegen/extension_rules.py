"""What must hold in ``extend`` blocks, apart from names and types. Nothing is generated from them."""

from __future__ import annotations

from codegen.declarations import FieldDecl
from codegen.errors import Mistakes
from codegen.message_rules import MAX_FIELD_NUMBER, PROTOBUFS_OWN
from codegen.option_rules import check_options, find

NUMBERS = (range(990, 999), range(1000, MAX_FIELD_NUMBER + 1))
"""The numbers that the options messages leave to extensions: the first few are protobuf's, but protoc lets anybody."""


class Extensions:
    """The extensions of one file so far, by what they extend and by number; other files may use the same numbers."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._by_number: dict[tuple[str, int], FieldDecl] = {}

    def check(self, field: FieldDecl, extended: str | None) -> None:
        """Report every broken rule of an extension; ``extended`` is a full name, or None if that is unknown."""
        check_options("field", field.options, self._mistakes)
        json_name = find(field.options, "json_name")
        if json_name:
            self._mistakes.report(json_name.name.position, "an extension has no json_name")
        number, position = field.number.value, field.number.position
        if not any(number in numbers for numbers in NUMBERS):
            self._mistakes.report(position, f"the numbers of extensions lie in 1000 to {MAX_FIELD_NUMBER}")
        elif number in PROTOBUFS_OWN:
            self._mistakes.report(position, "the numbers 19000 to 19999 are reserved for protobuf itself")
        elif extended is not None:
            first = self._by_number.setdefault((extended, number), field)
            if first is not field:
                where = f'"{first.name.text}", at line {first.name.position.line}'
                self._mistakes.report(position, f"the number {number} is already that of the extension {where}")
