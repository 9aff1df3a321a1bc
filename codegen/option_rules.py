"""The rules for options: which there are, what values they take, and which fields may have them.

The options are those of ``google/protobuf/descriptor.proto``. Most of them mean nothing here, but all are checked, so
that a misspelt ``deprecated`` is reported instead of having no effect. ``custom_options`` checks the
others, which have parentheses in their names.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Literal

from codegen.declarations import FieldDecl, Option, Syntax
from codegen.errors import Mistakes, with_article
from codegen.model import SCALARS

Owner = Literal["file", "message", "field", "oneof", "enum", "enum value", "service", "method", "extension range"]

_BOOL = ("true", "false")
_TEXT = ()
_TARGETS = "FILE EXTENSION_RANGE MESSAGE FIELD ONEOF ENUM ENUM_ENTRY SERVICE METHOD UNKNOWN"

OPTIONS: dict[Owner, dict[str, tuple[str, ...]]] = {
    "file": {
        **dict.fromkeys(
            [
                "java_package",
                "java_outer_classname",
                "go_package",
                "objc_class_prefix",
                "csharp_namespace",
                "swift_prefix",
                "php_class_prefix",
                "php_namespace",
                "php_metadata_namespace",
                "ruby_package",
            ],
            _TEXT,
        ),
        **dict.fromkeys(
            [
                "java_multiple_files",
                "java_generate_equals_and_hash",
                "java_string_check_utf8",
                "cc_generic_services",
                "java_generic_services",
                "py_generic_services",
                "deprecated",
                "cc_enable_arenas",
            ],
            _BOOL,
        ),
        "optimize_for": ("SPEED", "CODE_SIZE", "LITE_RUNTIME"),
    },
    "message": dict.fromkeys(
        ("no_standard_descriptor_accessor", "deprecated", "deprecated_legacy_json_field_conflicts"), _BOOL
    ),
    "field": {
        **dict.fromkeys(("packed", "lazy", "unverified_lazy", "deprecated", "weak", "debug_redact"), _BOOL),
        "json_name": _TEXT,
        "ctype": ("STRING", "CORD", "STRING_PIECE"),
        "jstype": ("JS_NORMAL", "JS_STRING", "JS_NUMBER"),
        "retention": ("RETENTION_UNKNOWN", "RETENTION_RUNTIME", "RETENTION_SOURCE"),
        "targets": tuple(f"TARGET_TYPE_{target}" for target in _TARGETS.split()),
    },
    "oneof": {},
    "extension range": {"verification": ("DECLARATION", "UNVERIFIED")},
    "enum": dict.fromkeys(("allow_alias", "deprecated", "deprecated_legacy_json_field_conflicts"), _BOOL),
    "enum value": dict.fromkeys(("deprecated", "debug_redact"), _BOOL),
    "service": {"deprecated": _BOOL},
    "method": {
        "deprecated": _BOOL,
        "idempotency_level": ("IDEMPOTENCY_UNKNOWN", "NO_SIDE_EFFECTS", "IDEMPOTENT"),
    },
}
"""The options of ``descriptor.proto`` by what may have them, and their possible values; ``()`` is for any string."""

_NO_MAP_ENTRY = {"map_entry": "map_entry cannot be set: use map<key, value>"}
_REFUSED: dict[Syntax, dict[str, str]] = {
    "proto2": {**_NO_MAP_ENTRY, "features": "features belong to editions"},
    "proto3": {
        **_NO_MAP_ENTRY,
        "default": "proto3 has no default values",
        "features": "features belong to editions",
        "message_set_wire_format": "proto3 has no message sets",
    },
    "2023": {
        **_NO_MAP_ENTRY,
        "default": "default values are not supported",
        "message_set_wire_format": "message sets are not supported",
        "packed": "editions have no option packed: write features.repeated_field_encoding",
    },
}
_OTHERS: dict[Syntax, tuple[str, ...]] = {
    "proto2": ("default", "message_set_wire_format"),
    "proto3": (),
    "2023": ("features",),
}

_PACKABLE = SCALARS - {"string", "bytes"} | {"enum"}
_64_BITS = ("int64", "uint64", "sint64", "fixed64", "sfixed64")


def check_options(owner: Owner, options: Iterable[Option], syntax: Syntax, mistakes: Mistakes) -> None:
    """Report options of ``descriptor.proto`` that do not exist, are set twice, or have a value of the wrong kind."""
    refused = _REFUSED[syntax]
    seen: dict[str, Option] = {}
    for option in options:
        name = option.name.text
        if option.is_custom:
            continue
        first = seen.setdefault(name, option)
        if first is not option and name != "targets":  # the one option that is a list
            mistakes.report(option.name.position, f'the option "{name}" is already set at line {_line(first)}')
        elif name.partition(".")[0] in refused:
            mistakes.report(option.name.position, refused[name.partition(".")[0]])
        elif name.partition(".")[0] in _OTHERS[syntax]:
            pass  # checked where their values are used
        elif name not in OPTIONS[owner]:
            near = difflib.get_close_matches(name, OPTIONS[owner], n=1)
            hint = f'; did you mean "{near[0]}"?' if near else "; custom options are written in parentheses"
            mistakes.report(option.name.position, f'{with_article(owner)} has no option "{name}"{hint}')
        else:
            _check_value(option, OPTIONS[owner][name], mistakes)


def _check_value(option: Option, allowed: tuple[str, ...], mistakes: Mistakes) -> None:
    # No list of words means that the option takes text.
    if not allowed:
        right, wanted = option.value.kind == "string", "a string"
    else:
        right, wanted = option.value.kind == "identifier" and option.value.text in allowed, " or ".join(allowed)
    if not right:
        mistakes.report(option.value.position, f'the option "{option.name.text}" takes {wanted}')


def find(options: Iterable[Option], name: str) -> Option | None:
    """The option of that name, or None."""
    return next((option for option in options if option.name.text == name), None)


def is_true(options: Iterable[Option], name: str) -> bool:
    """Whether an option is set to true."""
    option = find(options, name)
    return option is not None and option.value.text == "true"


def _line(option: Option) -> int:
    return option.name.position.line


def is_packable(field: FieldDecl, kind: str) -> bool:
    """Whether a field can be packed: a repeated one whose values have no length of their own."""
    return field.label == "repeated" and kind in _PACKABLE


def check_kind(field: FieldDecl, kind: str, mistakes: Mistakes) -> None:
    """Report options that a field cannot have because of its type.

    Args:
        field: The field.
        kind: The kind of its values; the field of a map itself counts as one of messages, which its entries are.
        mistakes: Takes what is reported.
    """
    # A map's entries are messages, whatever its values are.
    is_map = field.label == "map"
    packed = _set_to(field, "packed", "true")
    if packed and not is_packable(field, kind):
        mistakes.report(packed.name.position, "only repeated numbers, bools and enums can be packed")
    jstype = _set_to(field, "jstype", "JS_STRING", "JS_NUMBER")
    if jstype and (is_map or kind not in _64_BITS):
        mistakes.report(jstype.name.position, "only integers of 64 bits have a jstype")
    for name in ("lazy", "unverified_lazy"):
        lazy = _set_to(field, name, "true")
        if lazy and kind != "message" and not is_map:
            mistakes.report(lazy.name.position, "only messages can be lazy")


def _set_to(field: FieldDecl, name: str, *values: str) -> Option | None:
    option = find(field.options, name)
    return option if option and option.value.kind == "identifier" and option.value.text in values else None
