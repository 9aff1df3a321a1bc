"""``OutputFormat.PYTHON``: messages as dicts of the values that their attributes hold, for programs and not for JSON.

Messages become dicts, lists and maps are copied; numbers, enums, bytes, datetimes and timedeltas are left as they are,
and so are the dicts and lists of Struct, ListValue and Value. Nothing is checked but the depth.
"""

from __future__ import annotations

from typing import Any

from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.protojson.load_values import is_object
from chaukas_spec_lite.protojson.problem import Problem, within
from chaukas_spec_lite.protojson.run import DumpRun
from chaukas_spec_lite.wire.fields import FieldData, fields_of
from chaukas_spec_lite.wire.scalars import is_array


def dump_python(message: Message, run: DumpRun) -> dict[str, Any]:
    """Make a dict of a message, and of all messages in it."""
    run.enter()
    out: dict[str, Any] = {}
    for field in fields_of(type(message)):
        if message.is_set(field.name) or (run.defaults and not field.has_presence):
            name = field.proto_name if run.schema_names else field.json_name
            try:
                out[name] = _value(getattr(message, field.name), field, run)
            except Problem as problem:
                raise within(problem, name) from None
    run.depth -= 1
    return out


def _value(value: Any, field: FieldData, run: DumpRun) -> Any:
    if field.label == "repeated" and is_array(value):
        return [_one(item, run) for item in value]
    if field.label == "map" and is_object(value):
        return {key: _one(item, run) for key, item in value.items()}
    return _one(value, run)


def _one(value: Any, run: DumpRun) -> Any:
    return dump_python(value, run) if isinstance(value, Message) else value
