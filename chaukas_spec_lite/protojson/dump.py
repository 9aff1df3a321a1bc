"""Messages into JSON text, or into the dicts of ``OutputFormat.PYTHON``.

Most messages are objects of their fields, written by a plan that is made once for each class from its field data.
Well-known types with a JSON form of their own (``_WELL_KNOWN``) come here where they are the outermost message or the
content of an ``Any``; in a field most of them are plain values, which ``dump_values`` writes.
"""

# _full_name is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import compress
from json.encoder import encode_basestring_ascii as quoted
from operator import attrgetter, is_not
from typing import TYPE_CHECKING, Any, NamedTuple

from chaukas_spec_lite.message.record import Record
from chaukas_spec_lite.protojson.dump_values import DUMP, dump_key, dump_text
from chaukas_spec_lite.protojson.problem import Problem, within
from chaukas_spec_lite.wellknown.times import datetime_from_wire, timedelta_from_wire
from chaukas_spec_lite.wire.enums import is_null_value, names_by_number
from chaukas_spec_lite.wire.fields import (
    ANY,
    DURATION,
    FIELD_MASK,
    LIST,
    STRUCT,
    TIMESTAMP,
    VALUE,
    WRAPPERS,
    FieldData,
    fields_of,
)
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
    from chaukas_spec_lite.protojson.run import Dump, DumpRun


class _Field(NamedTuple):
    """What writing a field takes."""

    prefix: str
    """The name as it stands between the member before and the value."""
    write: Dump
    is_text: bool
    presence: bool
    oneof: str | None
    data: FieldData
    name: str


class _Plan(NamedTuple):
    """What writing a message takes."""

    values_of: Callable[[Message], tuple[Any, ...]]
    """Reads all fields at once."""
    zeros: tuple[Any, ...]
    """What each holds when it is not set, mostly this very object; None where there is presence."""
    fields: tuple[_Field, ...]


_PLANS: dict[tuple[type[Message], bool], _Plan] = {}
"""The plan of each class, with the schema's names or not."""


def dump(message: Message, run: DumpRun) -> str:
    """Write a message of any type."""
    return _writer(type(message))(message, run)


def _writer(cls: type[Message]) -> Dump:
    return _dump_any if cls._full_name == ANY else _WELL_KNOWN.get(cls._full_name, _dump_fields)


def _dump_fields(message: Message, run: DumpRun) -> str:
    """Write a message as an object of its fields."""
    run.enter()
    key = message.__class__, run.schema_names
    values_of, zeros, fields = _PLANS.get(key) or _plan(*key)
    out = name = ""
    values = values_of(message)
    if not run.defaults:
        # In C: what holds its very default object is left out; what only equals it is found below.
        is_set = [*map(is_not, values, zeros)]
        values, fields = tuple(compress(values, is_set)), tuple(compress(fields, is_set))
    chosen: dict[str, str] = {}
    try:
        for value, (prefix, write, is_text, presence, oneof, data, name) in zip(values, fields, strict=True):  # noqa: B007  # name: used by except
            if value is None or (not presence and not value and _is_zero(value, data)):
                if run.defaults and not presence:
                    out += prefix + write(data.default(), run)
                continue
            if oneof is not None:
                _choose(data, chosen)
            text = quoted(value) if is_text and value.__class__ is str and value.isascii() else write(value, run)
            out += prefix + text
    except (Problem, TypeError, ValueError) as error:
        raise within(error, name) from None
    run.depth -= 1
    return f"{{{out[2:]}}}"


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
    expected = {"string": str, "bytes": bytes}.get(field.kind, int)
    return isinstance(value, expected) and not (isinstance(value, bool) and field.kind != "bool")


def _one(field: FieldData) -> Dump:
    """Make the writer of one value of a field."""
    if field.kind == "message":
        return _message(field.cls)
    return _enum(field.cls) if field.kind == "enum" else DUMP[field.kind]


def _message(cls: type[Message]) -> Dump:
    write = _writer(cls)

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
        except (Problem, TypeError, ValueError) as error:
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
        except (Problem, TypeError, ValueError) as error:
            raise within(error, key if isinstance(key, str) else str(key)) from None
        run.depth -= 1
        return f"{{{', '.join(members)}}}"

    return mapping


def _dump_any(message: AnyMessage, run: DumpRun) -> str:
    """Write an ``Any`` as its content, with the type's URL first."""
    run.enter()
    if not message.type_url and not message.value:
        run.depth -= 1
        return "{}"
    try:
        cls = run.type_of(type(message), message.type_url)
        url = quoted(message.type_url)
    except (TypeError, ValueError) as error:
        raise within(error, "@type") from None
    try:
        content = cls.parse(message.value)
    except (TypeError, ValueError) as error:
        raise Problem(f"the value of this Any is no {cls._full_name}: {error}") from None
    write = _writer(cls)
    try:
        text = write(content, run)
    except Problem as problem:
        raise problem if write is _dump_fields else within(problem, "value") from None
    run.depth -= 1
    if write is _dump_fields:
        return f'{{"@type": {url}}}' if text == "{}" else f'{{"@type": {url}, {text[1:]}'
    return f'{{"@type": {url}, "value": {text}}}'


def _dump_value(message: Any, run: DumpRun) -> str:
    members = ("null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value")
    chosen = [name for name in members if getattr(message, name) is not None]
    if len(chosen) > 1:
        raise two_members("kind", *chosen[:2])
    if not chosen:
        raise Problem("a google.protobuf.Value of no kind has no JSON")
    return "null" if chosen == ["null_value"] else DUMP[VALUE](getattr(message, chosen[0]), run)


def _dump_timestamp(message: Any, run: DumpRun) -> str:
    return DUMP[TIMESTAMP](datetime_from_wire(message.seconds, message.nanos), run)


def _dump_duration(message: Any, run: DumpRun) -> str:
    return DUMP[DURATION](timedelta_from_wire(message.seconds, message.nanos), run)


def _dump_mask(message: Any, run: DumpRun) -> str:
    run.check()
    return dump_text(",".join(map(_mask_path, items(message.paths))))


def _mask_path(path: Any) -> str:
    """Write a path of a FieldMask in lowerCamelCase: ``user.display_name`` is ``user.displayName``.

    A path that reading the result would not give back has no JSON
    (https://protobuf.dev/reference/protobuf/google.protobuf/#json-encoding-field-masks).
    """
    if not isinstance(path, str):
        raise TypeError(f"expected str, got {type(path).__name__}")
    head, *rest = path.split("_")
    if "," in path or any(map(str.isupper, path)) or not all(part[:1].islower() for part in rest):
        raise ValueError(
            f"the path {path!r} has no JSON: it may have no capitals and no comma, and each underscore needs a "
            "lower-case letter behind it"
        )
    return head + "".join(part[0].upper() + part[1:] for part in rest)


def _dump_wrapper(kind: str) -> Dump:
    write = DUMP[kind]
    return lambda message, run: write(message.value, run)


_WELL_KNOWN: dict[str, Dump] = {
    STRUCT: lambda message, run: DUMP[STRUCT](message.fields, run),
    LIST: lambda message, run: DUMP[LIST](message.values, run),
    VALUE: _dump_value,
    TIMESTAMP: _dump_timestamp,
    DURATION: _dump_duration,
    FIELD_MASK: _dump_mask,
    **{name: _dump_wrapper(kind) for name, kind in WRAPPERS.items()},
}
"""The writers of messages that have a JSON form of their own, by full name; but for ``Any``."""


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
