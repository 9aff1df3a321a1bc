"""Turns ``Values`` into functions that build and decode events, ours and the official ones.

The functions are compiled from source, so that each is what a program would have written out for that event: keyword
arguments, straight through, the same ones on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timezone
from typing import Any

from chaukas.spec.common.v1 import events_pb2
from google.protobuf.json_format import MessageToDict

from benchmarks.workloads import Values
from chaukas_spec_lite import Event
from chaukas_spec_lite.wire.enums import names_by_number
from chaukas_spec_lite.wire.fields import fields_of

Build = Callable[[], Any]
_FIELDS = {field.name: field for field in fields_of(Event)}


def ours(values: Values) -> Build:
    """A function that builds an event of ours."""
    return _compiled(Event, values, structs=True)


def ours_encoded(values: Values) -> Build:
    """A function that builds an event of ours and encodes it."""
    build = ours(values)
    return lambda: bytes(build())


def official(values: Values) -> Build:
    """A function that builds an official event, handing dicts to the constructor for Structs."""
    return _compiled(events_pb2.Event, values, structs=True)


def official_encoded(values: Values) -> list[Build]:
    """Functions that build an official event and encode it, one for each way to fill its Structs."""
    build = official(values)
    ways = [lambda: build().SerializeToString()]
    if values.structs:
        updating = _updating(values)
        ways.append(lambda: updating().SerializeToString())
    return ways


def ours_decoded(data: bytes) -> Build:
    """A function that decodes an event of ours: its Structs are Python values already."""
    return lambda: Event.parse(data)


def official_decoded(data: bytes, values: Values) -> Build:
    """A function that decodes an official event and turns its Structs into Python values."""
    paths = [".".join(filter(None, path)) for path in values.structs]
    converted = "".join(f", to_dict(event.{path})" for path in paths)
    return _function(
        f"event = parse(data)\n    return event{converted}",
        {"parse": events_pb2.Event.FromString, "to_dict": MessageToDict, "data": data},
    )


_READ = ", ".join(f"event.{name}" for name in ("event_id", "session_id", "trace_id", "span_id", "type"))


def ours_read(data: bytes) -> Build:
    """A function that decodes a small event of ours and reads its fields."""
    return _function(f"event = parse(data)\n    return {_READ}, event.timestamp", {"parse": Event.parse, "data": data})


def official_read(data: bytes) -> Build:
    """A function that decodes a small official event and reads its fields."""
    return _function(
        f"event = parse(data)\n    return {_READ}, event.timestamp.ToDatetime(utc)",
        {"parse": events_pb2.Event.FromString, "data": data, "utc": timezone.utc},
    )


def each(works: list[Build]) -> Build:
    """A function that calls all of these."""

    def all_of_them() -> None:
        for work in works:
            work()

    return all_of_them


def fastest_each(ways: list[list[Build]]) -> list[Build]:
    """Functions that each go through all events in one way; an event that has no second way is done in its first."""
    return [each([of_event[min(way, len(of_event) - 1)] for of_event in ways]) for way in range(max(map(len, ways)))]


def _compiled(event: type[Any], values: Values, *, structs: bool) -> Build:
    names: dict[str, Any] = {"Event": event}
    plain = values.plain
    if values.enums_by_name:
        arguments = [f"{name}={_member(event, name, plain[name], names)}" for name in plain if _is_enum(name)]
        plain = {name: value for name, value in plain.items() if not _is_enum(name)}
    else:
        arguments = []
    arguments += _arguments(event, plain, names, structs)
    for part, fields in values.parts.items():
        cls = _FIELDS[part].cls if event is Event else getattr(events_pb2, _FIELDS[part].cls.__name__)
        names[cls.__name__] = cls
        arguments.append(f"{part}={cls.__name__}({', '.join(_arguments(cls, fields, names, structs))})")
    return _function(f"return Event({', '.join(arguments)})", names)


def _arguments(cls: type[Any], values: Mapping[str, Any], names: dict[str, Any], structs: bool) -> list[str]:
    arguments = []
    for name, value in values.items():
        if structs or not isinstance(value, dict):
            constant = f"v{len(names)}"
            is_enum = cls is Event and _is_enum(name)
            names[constant] = _FIELDS[name].cls(value) if is_enum else value
            arguments.append(f"{name}={constant}")
    return arguments


def _is_enum(name: str) -> bool:
    return _FIELDS[name].kind == "enum"


def _member(event: type[Any], name: str, number: int, names: dict[str, Any]) -> str:
    """How a program writes an enum member: an attribute of the class, or officially of the module, which is faster."""
    cls = _FIELDS[name].cls
    names[cls.__name__], names["events_pb2"] = cls, events_pb2
    return f"{cls.__name__}.{cls(number).name}" if event is Event else f"events_pb2.{names_by_number(cls)[number]}"


def _updating(values: Values) -> Build:
    names: dict[str, Any] = {"build": _compiled(events_pb2.Event, values, structs=False)}
    lines = ["event = build()"]
    for part, name in values.structs:
        constant = f"v{len(names)}"
        names[constant] = values.plain[name] if part is None else values.parts[part][name]
        lines.append(f"event.{part + '.' if part else ''}{name}.update({constant})")
    return _function("\n    ".join([*lines, "return event"]), names)


def _function(body: str, names: dict[str, Any]) -> Build:
    exec(compile(f"def function():\n    {body}\n", "<benchmark>", "exec"), names)
    function: Build = names["function"]
    return function
