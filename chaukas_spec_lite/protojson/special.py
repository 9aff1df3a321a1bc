"""Well-known types as messages of their own: the outermost message, and what an ``Any`` holds.

In a field most of them are plain values, and never come here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chaukas_spec_lite.protojson import plain
from chaukas_spec_lite.protojson.dump_values import dump_text
from chaukas_spec_lite.protojson.load_values import load_text
from chaukas_spec_lite.protojson.masks import mask_from_json, mask_to_json
from chaukas_spec_lite.protojson.problem import Problem, json_type
from chaukas_spec_lite.protojson.run import Dump, DumpRun, LoadRun
from chaukas_spec_lite.wellknown.times import (
    datetime_from_wire,
    timedelta_from_wire,
    wire_from_datetime,
    wire_from_timedelta,
)
from chaukas_spec_lite.wire.fields import DURATION, LIST, STRUCT, TIMESTAMP, VALUE, WRAPPERS
from chaukas_spec_lite.wire.scalars import items, two_members

LoadMessage = Callable[[type[Any], Any, LoadRun], Any]
"""Reads a message of a class."""


def _dump_value(message: Any, run: DumpRun) -> str:
    members = ("null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value")
    chosen = [name for name in members if getattr(message, name) is not None]
    if len(chosen) > 1:
        raise two_members("kind", *chosen[:2])
    if not chosen:
        raise Problem("a google.protobuf.Value of no kind has no JSON")
    return "null" if chosen == ["null_value"] else plain.DUMP[VALUE](getattr(message, chosen[0]), run)


def _load_value(cls: type[Any], value: Any, run: LoadRun) -> Any:
    value = plain.LOAD[VALUE](value, run)
    if value is None:
        return cls(null_value=0)
    kind = {bool: "bool", str: "string", float: "number", dict: "struct", list: "list"}[type(value)]
    return cls(**{f"{kind}_value": value})


def _dump_timestamp(message: Any, run: DumpRun) -> str:
    return plain.DUMP[TIMESTAMP](datetime_from_wire(message.seconds, message.nanos), run)


def _dump_duration(message: Any, run: DumpRun) -> str:
    return plain.DUMP[DURATION](timedelta_from_wire(message.seconds, message.nanos), run)


def _load_timestamp(cls: type[Any], value: Any, run: LoadRun) -> Any:
    seconds, nanos, _ = wire_from_datetime(plain.LOAD[TIMESTAMP](value, run))
    return cls(seconds, nanos)


def _load_duration(cls: type[Any], value: Any, run: LoadRun) -> Any:
    seconds, nanos, _ = wire_from_timedelta(plain.LOAD[DURATION](value, run))
    return cls(seconds, nanos)


def _dump_mask(message: Any, run: DumpRun) -> str:
    run.check()
    return dump_text(mask_to_json(items(message.paths)))


def _load_mask(cls: type[Any], value: Any, run: LoadRun) -> Any:
    run.check()
    if not isinstance(value, str):
        raise Problem(f"expected the paths of a FieldMask in a string, got {json_type(value)}")
    return cls(mask_from_json(load_text(value)))


def _dump_wrapper(kind: str) -> Dump:
    write = plain.DUMP[kind]
    return lambda message, run: write(message.value, run)


def _load_only(kind: str) -> LoadMessage:
    """Make the reader of a message whose only field is read as ``kind``."""
    read = plain.LOAD[kind]
    return lambda cls, value, run: cls(read(value, run))


DUMP: dict[str, Dump] = {
    STRUCT: lambda message, run: plain.DUMP[STRUCT](message.fields, run),
    LIST: lambda message, run: plain.DUMP[LIST](message.values, run),
    VALUE: _dump_value,
    TIMESTAMP: _dump_timestamp,
    DURATION: _dump_duration,
    "google.protobuf.FieldMask": _dump_mask,
    **{name: _dump_wrapper(kind) for name, kind in WRAPPERS.items()},
}
"""The writers of messages that have a JSON form of their own, by full name; but for ``Any``."""

LOAD: dict[str, LoadMessage] = {
    STRUCT: _load_only(STRUCT),
    LIST: _load_only(LIST),
    VALUE: _load_value,
    TIMESTAMP: _load_timestamp,
    DURATION: _load_duration,
    "google.protobuf.FieldMask": _load_mask,
    **{name: _load_only(kind) for name, kind in WRAPPERS.items()},
}
"""The readers of the same."""
