"""Messages into JSON text, or into the dicts of ``OutputFormat.PYTHON``.

A message is an object of its fields, written by a plan that is made once for each class from its field data; the
well-known types are the exceptions, see ``dump_values``.
"""

# _full_name is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from itertools import compress
from json.encoder import encode_basestring_ascii as quoted
from operator import attrgetter, is_not
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import betterproto2

from chaukas_spec_lite.message.record import Record
from chaukas_spec_lite.protojson.dump_values import DUMP, DUMP_MESSAGE, dump_key
from chaukas_spec_lite.protojson.problem import Problem, out_of_stack, step_of, within
from chaukas_spec_lite.protojson.run import DumpRun
from chaukas_spec_lite.wire.enums import is_null_value, names_by_number
from chaukas_spec_lite.wire.fields import ANY, FieldData, fields_of
from chaukas_spec_lite.wire.scalars import (
    entries,
    enumeration,
    instance,
    integer,
    is_array,
    is_mapping,
    items,
    label_number,
    two_members,
)

if TYPE_CHECKING:
    from chaukas_spec_lite.message.anys import AnyMessage
    from chaukas_spec_lite.message.message import Message
    from chaukas_spec_lite.protojson.run import Dump, Registry

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
        # Through text, because json reads it faster than Python code builds dicts, and one writer does for both forms.
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
        # Indenting is for people to read, so the detour through plain values may cost what it does.
        return text if indent is None else json.dumps(json.loads(text), indent=indent)
    except RecursionError:
        raise out_of_stack().error() from None


def _dump_run(casing: betterproto2.Casing, defaults: bool, registry: Registry) -> DumpRun:
    if not isinstance(casing, betterproto2.Casing):
        raise TypeError(f"casing is Casing.CAMEL or Casing.SNAKE, not {casing!r}")
    return DumpRun(registry, casing is betterproto2.Casing.SNAKE, defaults)


def _dumped(write: Callable[[Message, DumpRun], T], message: Message, run: DumpRun) -> T:
    try:
        return write(message, run)
    except Problem as problem:
        raise problem.error() from None
    except (TypeError, ValueError) as error:  # of a function that knows nothing of JSON, on the outermost message
        raise Problem(str(error)).error() from None
    except RecursionError:
        raise out_of_stack().error() from None
    except RuntimeError as error:  # a dict that another thread changes
        raise Problem(f"changed while it was being written: {error}").error() from error


class _Field(NamedTuple):
    """What writing a field takes."""

    prefix: str
    """What stands between the value before and this one: ``, "eventId": ``."""
    write: Dump
    is_text: bool
    """Whether it is a single string, which is written without a call where it is ASCII."""
    presence: bool
    oneof: str | None
    data: FieldData
    name: str


class _Plan(NamedTuple):
    """What writing a message takes."""

    values_of: Callable[[Message], tuple[Any, ...]]
    """Reads all fields at once."""
    zeros: tuple[Any, ...]
    """What each field holds when it is not set, None where it has presence. It mostly is this very object."""
    fields: tuple[_Field, ...]


_PLANS: dict[tuple[type[Message], bool], _Plan] = {}
"""The plan of each class, with the schema's names or not."""


def dump(message: Message, run: DumpRun) -> str:
    """Write a message of any type."""
    return _writer(type(message))(message, run)


def _writer(cls: type[Message]) -> Dump:
    return _dump_any if cls._full_name == ANY else DUMP_MESSAGE.get(cls._full_name, _dump_fields)


def _dump_fields(message: Message, run: DumpRun) -> str:
    """Write a message as an object of its fields."""
    run.enter()
    key = message.__class__, run.schema_names
    values_of, zeros, fields = _PLANS.get(key) or _plan(*key)
    out = name = ""
    values = values_of(message)
    if not run.defaults:
        # Most fields of an event are not set, and hold their very default object: those are left out here, in C. What
        # only equals a default is found below.
        is_set = [*map(is_not, values, zeros)]
        values, fields = tuple(compress(values, is_set)), tuple(compress(fields, is_set))
    chosen: dict[str, str] = {}
    try:
        for value, (prefix, write, is_text, presence, oneof, data, name) in zip(values, fields, strict=True):  # noqa: B007  # name: used by except
            # Here are left out values that equal the default without being the very object, such as computed texts.
            if value is None or (not presence and not value and _is_zero(value, data)):
                if run.defaults and not presence:
                    out += prefix + write(data.default(), run)
                continue
            if oneof is not None:
                _choose(data, chosen)
            text = quoted(value) if is_text and value.__class__ is str and value.isascii() else write(value, run)
            out += prefix + text
    except Exception as error:  # a value may raise anything as it is read
        raise within(error, name) from None
    run.depth -= 1
    return f"{{{out[2:]}}}"  # without the comma before the first member


def _plan(cls: type[Message], schema_names: bool) -> _Plan:
    data = fields_of(cls)
    zeros = tuple(None if field.has_presence else field.default() for field in data)
    made = _Plan(_reader([field.name for field in data]), zeros, tuple(_field(field, schema_names) for field in data))
    _PLANS[cls, schema_names] = made
    return made


def _field(data: FieldData, schema_names: bool) -> _Field:
    name = data.proto_name if schema_names else data.json_name
    is_text = data.kind == "string" and data.label in ("singular", "optional")
    return _Field(f", {quoted(name)}: ", _value(data), is_text, data.has_presence, data.oneof, data, name)


def _reader(names: list[str]) -> Callable[[Message], tuple[Any, ...]]:
    """Make a function that reads attributes into a tuple; of one name, ``attrgetter`` would return the bare value."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda message: tuple(getattr(message, name) for name in names)


def _choose(field: FieldData, chosen: dict[str, str]) -> None:
    """Note which member of a oneof is set, and refuse a second one."""
    assert field.oneof is not None
    if field.oneof in chosen:
        raise two_members(field.oneof, chosen[field.oneof], field.proto_name)
    chosen[field.oneof] = field.proto_name


def _value(field: FieldData) -> Dump:
    """Make the writer of a field's value."""
    write = _one(field)
    if field.label == "repeated":
        return _repeated(write)
    if field.label == "map":
        assert field.key is not None
        return _map(dump_key(field.key), write)
    return write


def _is_zero(value: Any, field: FieldData) -> bool:
    """Whether a false value is its field's default; one of a wrong type is not, nor is minus zero."""
    if field.label == "repeated":
        return isinstance(value, (list, tuple))
    if field.label == "map":
        return isinstance(value, Mapping)
    if isinstance(value, float):
        return field.kind in ("double", "float") and str(value) == "0.0"
    if (
        field.kind == "enum" and isinstance(value, enum.Enum) and not isinstance(value, field.cls)
    ):  # another enum's zero
        return False
    expected = {"string": str, "bytes": bytes}.get(field.kind, int)
    return isinstance(value, expected) and not (isinstance(value, bool) and field.kind != "bool")


def _one(field: FieldData) -> Dump:
    """Make the writer of one value of a field."""
    if field.kind == "message":
        return _message(field.cls)
    return _enum(field.cls) if field.kind == "enum" else DUMP[field.kind]


def _message(cls: type[Message]) -> Dump:
    write = _writer(cls)  # once for the field, not for each value

    def message(value: Any, run: DumpRun) -> str:
        if value.__class__ is not cls:
            instance(value, cls)
        return write(value, run)

    return message


def _enum(cls: type[Any]) -> Dump:
    if is_null_value(cls):
        return lambda value, _: "null"
    names = {number: quoted(name) for number, name in names_by_number(cls).items()}

    def member(value: Any, _: DumpRun) -> str:
        if value.__class__ is not cls:
            enumeration(value, cls)
            value = label_number(value, cls) if isinstance(value, str) else value
        return names.get(value) or str(int(integer(value, "int32")))

    return member


def _repeated(one: Dump) -> Dump:
    def array(value: Any, run: DumpRun) -> str:
        elements: list[str] = []
        try:
            for item in items(value):
                elements.append(one(item, run))
        except Exception as error:  # a value may raise anything as it is read
            raise within(error, len(elements)) from None
        return f"[{', '.join(elements)}]"

    return array


def _map(key_of: Dump, one: Dump) -> Dump:
    def mapping(value: Any, run: DumpRun) -> str:
        pairs = entries(value)
        if not pairs:
            return "{}"
        run.enter()  # an entry is a message around its value
        members: list[str] = []
        key: Any = ""
        try:
            for key, item in pairs:
                members.append(f"{key_of(key, run)}: {one(item, run)}")
        except Exception as error:  # a value may raise anything as it is read
            raise within(error, step_of(key, str)) from None
        run.depth -= 1
        return f"{{{', '.join(members)}}}"

    return mapping


def _dump_any(message: AnyMessage, run: DumpRun) -> str:
    """Write an ``Any`` as its content, with the type's URL first."""
    run.enter()
    # An Any that was never packed is an empty object, as in the reference.
    if not message.type_url and not message.value:
        run.depth -= 1
        return "{}"
    try:
        cls = run.type_of(type(message), message.type_url)
        url = quoted(message.type_url)
    except (TypeError, ValueError) as error:
        raise within(error, "@type") from None
    try:
        # Decoded first, because JSON shows the content; so content that is broken has no JSON.
        content = cls.parse(message.value)
    except (TypeError, ValueError) as error:
        raise Problem(f"the value of this Any is no {cls._full_name}: {error}") from None
    write = _writer(cls)
    try:
        text = write(content, run)
    except Problem as problem:
        raise problem if write is _dump_fields else within(problem, "value") from None
    run.depth -= 1
    if write is _dump_fields:  # "@type" goes among the members of the content
        return f'{{"@type": {url}}}' if text == "{}" else f'{{"@type": {url}, {text[1:]}'
    return f'{{"@type": {url}, "value": {text}}}'


def dump_python(message: Record, run: DumpRun) -> dict[str, Any]:
    """Make a dict of the values that a message's attributes hold, for programs and not for JSON.

    Messages in it become dicts, and lists and maps are copied. All else stays as it is: numbers, enums, bytes,
    datetimes and timedeltas, and the dicts and lists of Struct, ListValue and Value. Only the depth is checked.
    """
    run.enter()
    out: dict[str, Any] = {}
    for field in fields_of(type(message)):
        if message.is_set(field.name) or (run.defaults and not field.has_presence):
            name = field.proto_name if run.schema_names else field.json_name
            try:
                out[name] = _python_value(getattr(message, field.name), field, run)
            except Problem as problem:
                raise within(problem, name) from None
    run.depth -= 1
    return out


def _python_value(value: Any, field: FieldData, run: DumpRun) -> Any:
    if field.label == "repeated" and is_array(value):
        return [_python_one(item, run) for item in value]
    if field.label == "map" and is_mapping(value):
        return {key: _python_one(item, run) for key, item in value.items()}
    return _python_one(value, run)


def _python_one(value: Any, run: DumpRun) -> Any:
    return dump_python(value, run) if isinstance(value, Record) else value
