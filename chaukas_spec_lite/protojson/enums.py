"""The names of enum values as the schema has them, which are what JSON shows and reads."""

from __future__ import annotations

from typing import Any

import betterproto2


def is_null_value(cls: type[Any]) -> bool:
    """Whether an enum is ``google.protobuf.NullValue``, whose JSON is ``null``."""
    return cls.__name__ == "NullValue" and cls.__module__ == "chaukas_spec_lite.spec.google.protobuf.struct"


def names_by_number(cls: type[betterproto2.Enum]) -> dict[int, str]:
    """The schema's name of each number; the first one, where several share it."""
    renamed = cls.betterproto_value_to_renamed_proto_names()
    return {int(member): renamed.get(int(member), member.name) for member in cls}


def members_by_name(cls: type[betterproto2.Enum]) -> dict[str, Any]:
    """The member for each name of the schema; the short names that Python code uses are not among them."""
    renamed = cls.betterproto_renamed_proto_names_to_value()
    if renamed:
        return {name: cls(number) for name, number in renamed.items()}
    members = dict(cls.__members__)
    full = cls.betterproto_value_to_renamed_proto_names()
    if not full:
        return members
    number, name = next(iter(full.items()))
    prefix = name.removesuffix(cls(number).name)
    return {
        name: member
        for name, member in members.items()
        if name.startswith(prefix) and members.get(name.removeprefix(prefix)) is member
    }
