"""Options that only fields of certain types may have."""

from __future__ import annotations

from codegen import model
from codegen.declarations import FieldDecl, Option
from codegen.errors import Mistakes
from codegen.option_rules import find

_PACKABLE = model.SCALARS - {"string", "bytes"} | {"enum"}
_64_BITS = ("int64", "uint64", "sint64", "fixed64", "sfixed64")


def is_packable(field: FieldDecl, kind: str) -> bool:
    """Whether a field of that kind can be packed."""
    return field.label == "repeated" and kind in _PACKABLE


def check_kind(field: FieldDecl, kind: str, mistakes: Mistakes) -> None:
    """Report options that a field of that kind cannot have; a map is a field of messages."""
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
    return option if option and option.kind == "identifier" and option.value.text in values else None
