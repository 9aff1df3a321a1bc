"""ProtoJSON (https://protobuf.dev/programming-guides/json/): messages as JSON, driven by field data.

``dump`` and ``load`` write and read messages, ``dump_values`` and ``load_values`` the values of their fields; ``run``
is the state of one call. ``text`` reads JSON text, ``locate`` finds the line and column of a mistake in it.

Where the specification leaves a choice, or ``google.protobuf.json_format`` is laxer than it, this is strict: a value
that would be lost, changed or read in two ways is refused. The one table of what the two read or write differently,
with the reason for each row, is ``tests/json/differences.py``, and the tests hold both sides to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import betterproto2

from chaukas_spec_lite.protojson.dump import dump, dump_python
from chaukas_spec_lite.protojson.load import load
from chaukas_spec_lite.protojson.locate import find
from chaukas_spec_lite.protojson.problem import Problem, out_of_stack
from chaukas_spec_lite.protojson.run import DumpRun, LoadRun
from chaukas_spec_lite.protojson.text import decode, parse

if TYPE_CHECKING:
    from chaukas_spec_lite.message.message import Message
    from chaukas_spec_lite.protojson.run import Registry

__all__ = ["decode", "from_dict", "from_json", "from_parsed", "parse", "to_dict", "to_json"]

M = TypeVar("M", bound="Message")
T = TypeVar("T")


def to_dict(
    message: Message,
    *,
    output_format: betterproto2.OutputFormat = betterproto2.OutputFormat.PROTO_JSON,
    casing: betterproto2.Casing = betterproto2.Casing.CAMEL,
    include_default_values: bool = False,
    registry: Registry = None,
) -> dict[str, Any]:
    """See ``Message.to_dict``."""
    run = _dump_run(casing, include_default_values, registry)
    if output_format is betterproto2.OutputFormat.PYTHON:
        return _dumped(dump_python, message, run)
    text = _dumped(dump, message, run)
    try:
        # One writer for both forms; and json reads faster than Python code builds dicts.
        return json.loads(text)  # type: ignore[no-any-return]  # a dict, but for the well-known types with another form
    except RecursionError:
        raise out_of_stack().error() from None


def to_json(
    message: Message,
    *,
    indent: int | str | None = None,
    include_default_values: bool = False,
    casing: betterproto2.Casing = betterproto2.Casing.CAMEL,
    registry: Registry = None,
) -> str:
    """See ``Message.to_json``."""
    text = _dumped(dump, message, _dump_run(casing, include_default_values, registry))
    try:
        return text if indent is None else json.dumps(json.loads(text), indent=indent)
    except RecursionError:
        raise out_of_stack().error() from None


def from_dict(
    cls: type[M], value: Mapping[str, Any], *, ignore_unknown_fields: bool = False, registry: Registry = None
) -> M:
    """See ``Message.from_dict``."""
    try:
        return _loaded(cls, value, ignore_unknown_fields, registry)
    except Problem as problem:
        raise problem.error() from None


def from_json(cls: type[M], value: str | bytes, *, ignore_unknown_fields: bool = False, registry: Registry = None) -> M:
    """See ``Message.from_json``."""
    text = decode(value)
    return from_parsed(cls, parse(text), text, ignore_unknown_fields=ignore_unknown_fields, registry=registry)


def from_parsed(
    cls: type[M], parsed: Any, text: str, *, ignore_unknown_fields: bool = False, registry: Registry = None
) -> M:
    """Make a message from what was read from JSON text; the text tells where a mistake stands."""
    try:
        return _loaded(cls, parsed, ignore_unknown_fields, registry)
    except Problem as problem:
        raise problem.error(*find(text, problem.steps, at_name=problem.at_name)) from None


def _dump_run(casing: betterproto2.Casing, defaults: bool, registry: Registry) -> DumpRun:
    if not isinstance(casing, betterproto2.Casing):
        raise TypeError(f"casing is Casing.CAMEL or Casing.SNAKE, not {casing!r}")
    return DumpRun(registry, casing is betterproto2.Casing.SNAKE, defaults)


def _dumped(write: Callable[[Message, DumpRun], T], message: Message, run: DumpRun) -> T:
    try:
        return write(message, run)
    except Problem as problem:
        raise problem.error() from None
    except (TypeError, ValueError) as error:
        raise Problem(str(error)).error() from None
    except RecursionError:
        raise out_of_stack().error() from None
    except RuntimeError as error:  # a dict that another thread changes
        raise Problem(f"changed while it was being written: {error}").error() from error


def _loaded(cls: type[M], value: Any, ignore_unknown: bool, registry: Registry) -> M:
    try:
        return load(cls, value, LoadRun(registry, ignore_unknown))  # type: ignore[no-any-return]  # by class
    except (TypeError, ValueError) as error:
        raise Problem(str(error)) from None
    except RecursionError:
        raise out_of_stack() from None
