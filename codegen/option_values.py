"""What values an option, or an entry of an aggregate, may have because of its type.

The two differ: an aggregate is in protobuf's text format, which takes ``t`` for ``true`` and numbers for enum values.
"""

from __future__ import annotations

import re

from codegen.declarations import Value
from codegen.declared import DeclaredEnum
from codegen.literals import integer

RANGES = {
    **dict.fromkeys(("int32", "sint32", "sfixed32"), (-(2**31), 2**31 - 1)),
    **dict.fromkeys(("int64", "sint64", "sfixed64"), (-(2**63), 2**63 - 1)),
    **dict.fromkeys(("uint32", "fixed32"), (0, 2**32 - 1)),
    **dict.fromkeys(("uint64", "fixed64"), (0, 2**64 - 1)),
}
"""The lowest and the highest value of each integer type."""

_INTEGER = re.compile(r"-?(?:0[xX][0-9A-Fa-f]+|[0-9]+)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OCTAL_OR_HEX = re.compile(r"-?0[0-9xX]")


def option_wants(kind: str, enum: DeclaredEnum | None, value: Value) -> str | None:
    """What an option of a type takes instead of a value; None if the value is right."""
    text = value.text
    if kind in RANGES:
        return _integer_wants(kind, value)
    if kind in ("float", "double"):
        return None if _is_number(value) or _is_word(value, ("inf", "nan")) else "a number"
    if kind == "bool":
        return None if _is_word(value, ("true", "false")) else "true or false"
    if kind in ("string", "bytes"):
        return None if value.kind == "string" else "a string"
    if enum:
        names = [each.name.text for each in enum.enum.values]
        return None if _is_word(value, names) or not enum.enum.complete else _one_of(names)
    return None if value.kind == "message" else f"a message, as in {{ field: value }}, not {text or 'a string'}"


def entry_wants(kind: str, enum: DeclaredEnum | None, is_open: bool, value: Value) -> str | None:
    """What an entry of an aggregate takes instead of a value; None if the value is right.

    ``is_open`` says whether numbers that the enum does not declare are right, too.
    """
    if kind in ("float", "double"):
        word = value.text.removeprefix("-").lower()
        right = _is_number(value) and not _OCTAL_OR_HEX.match(value.text)
        return None if right or (_is_bare(value) and word in ("inf", "infinity", "nan")) else "a decimal number"
    if kind == "bool":
        right = _is_word(value, ("true", "True", "t", "false", "False", "f"))
        return None if right or (_is_integer(value) and integer(value.text) in (0, 1)) else "true or false"
    if enum and _is_integer(value):
        number = integer(value.text)
        known = number in {each.number.value for each in enum.enum.values} or not enum.enum.complete
        return (
            None
            if known or (is_open and -(2**31) <= number < 2**31)
            else _one_of([each.name.text for each in enum.enum.values])
        )
    return option_wants(kind, enum, value)


def _integer_wants(kind: str, value: Value) -> str | None:
    low, high = RANGES[kind]
    right = _is_integer(value) and low <= integer(value.text) <= high
    return None if right else f"a whole number from {low} to {high}"


def _is_bare(value: Value) -> bool:
    return value.kind in ("identifier", "number")


def _is_integer(value: Value) -> bool:
    return value.kind == "number" and _INTEGER.fullmatch(value.text) is not None


def _is_number(value: Value) -> bool:
    return (value.kind == "number" and any(char.isdigit() for char in value.text)) or _is_word(value, ("-inf", "-nan"))


def _is_word(value: Value, words: tuple[str, ...] | list[str]) -> bool:
    # The grammar takes ``inf`` for a number, also where it is the name of an enum value.
    return _is_bare(value) and value.text in words


def _one_of(names: list[str]) -> str:
    few = names[:6]
    return "one of " + ", ".join(few) + (", ..." if len(names) > len(few) else "")
