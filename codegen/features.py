"""The features of editions, as far as they make a file behave as one in proto3 could.

Each element of a file has the features of the one around it, and may change them for itself and what stands in it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from codegen.declarations import FieldDecl, Option, Value
from codegen.errors import Mistakes
from codegen.option_rules import Owner, is_packable


@dataclass(frozen=True, slots=True)
class Features:
    """The resolved features of an element; the defaults are those of edition 2023."""

    field_presence: str = "EXPLICIT"
    enum_type: str = "OPEN"
    repeated_field_encoding: str = "PACKED"
    utf8_validation: str = "VERIFY"
    message_encoding: str = "LENGTH_PREFIXED"
    json_format: str = "ALLOW"


_NAMES = tuple(field.name for field in fields(Features))
_VALUES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "field_presence": (("EXPLICIT", "IMPLICIT"), ("LEGACY_REQUIRED",)),
    "enum_type": (("OPEN",), ("CLOSED",)),
    "repeated_field_encoding": (("PACKED", "EXPANDED"), ()),
    "utf8_validation": (("VERIFY",), ("NONE",)),
    "message_encoding": (("LENGTH_PREFIXED",), ("DELIMITED",)),
    "json_format": (("ALLOW",), ("LEGACY_BEST_EFFORT",)),
}
"""The values of each feature: those that are supported, and those that are not."""

_TARGETS: dict[str, tuple[Owner, ...]] = {
    "field_presence": ("file", "field"),
    "enum_type": ("file", "enum"),
    "repeated_field_encoding": ("file", "field"),
    "utf8_validation": ("file", "field"),
    "message_encoding": ("file", "field"),
    "json_format": ("file", "message", "enum"),
}
"""What may set each feature."""


def resolve(around: Features, target: Owner, options: Iterable[Option], mistakes: Mistakes) -> Features:
    """The features of an element, which its options may change; reports those that do not exist or are not supported.

    Args:
        around: The features of the element around it.
        target: What the element is.
        options: Its options.
        mistakes: Takes what is reported.
    """
    seen: set[str] = set()
    changed = around
    for option in options:
        if option.parts[0].text != "features" or option.parts[0].is_extension or option.is_custom:
            continue
        for name, value in _settings(option, mistakes):
            if name in seen:
                mistakes.report(option.name.position, f'the feature "{name}" is already set')
            seen.add(name)
            if _is_right(name, value, target, mistakes):
                changed = replace(changed, **{name: value.text})
    return changed


def _settings(option: Option, mistakes: Mistakes) -> list[tuple[str, Value]]:
    """What an option sets: one feature, ``features.x = Y``, or several, ``features = { x: Y }``."""
    if len(option.parts) == 2:
        return [(option.parts[1].text, option.value)]
    if len(option.parts) == 1 and option.value.kind == "message":
        entries = [each for each in option.value.entries if not each.in_brackets]
        return [(entry.name.text, value) for entry in entries for value in entry.values]
    mistakes.report(option.name.position, "write features.NAME = VALUE")
    return []


def _is_right(name: str, value: Value, target: Owner, mistakes: Mistakes) -> bool:
    if name not in _NAMES:
        near = difflib.get_close_matches(name, _NAMES, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        mistakes.report(value.position, f'edition 2023 has no feature "{name}"{hint}')
        return False
    supported, others = _VALUES[name]
    if target not in _TARGETS[name]:
        where = " or ".join(_TARGETS[name])
        mistakes.report(value.position, f'the feature "{name}" is set for a {where}, not here')
    elif value.text in others:
        what = f'the feature "{name}" is supported as {" or ".join(supported)}, not as {value.text}'
        mistakes.report(value.position, what)
    elif value.text not in supported or value.kind == "string":
        mistakes.report(value.position, f'the feature "{name}" takes {" or ".join((*supported, *others))}')
    else:
        return True
    return False


def check_field(field: FieldDecl, is_member: bool, kind: str, mistakes: Mistakes) -> None:
    """Report features that a field cannot have because of what it is.

    Args:
        field: The field.
        is_member: Whether it belongs to a oneof.
        kind: The kind of its values.
        mistakes: Takes what is reported.
    """
    for option in field.options:
        for name, value in _settings(option, mistakes) if option.parts[0].text == "features" else ():
            why = _why_not(field, is_member, kind, name, value.text)
            if why:
                mistakes.report(value.position, why)


def _why_not(field: FieldDecl, is_member: bool, kind: str, feature: str, value: str) -> str | None:
    if feature == "field_presence":
        if field.label in ("repeated", "map"):
            return f"a {field.label} field has no field_presence: leave it out"
        if is_member:
            return "a member of a oneof always has presence: leave field_presence out"
        if kind == "message" and value == "IMPLICIT":
            return "a message always has presence: it cannot be IMPLICIT"
    if feature == "repeated_field_encoding" and field.label != "repeated":
        return "only repeated fields have a repeated_field_encoding"
    if feature == "repeated_field_encoding" and value == "PACKED" and not is_packable(field, kind):
        return "only repeated numbers, bools and enums can be PACKED"
    if feature == "utf8_validation" and kind != "string" and not (field.key and field.key.text == "string"):
        return "only strings have a utf8_validation"
    if feature == "message_encoding" and (kind != "message" or field.label == "map"):
        return "only messages have a message_encoding"
    return None
