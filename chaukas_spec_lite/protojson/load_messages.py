"""JSON text, or dicts, into messages.

A message is an object of its fields, read by a plan that is made once for each class: its fields by their names, and
their readers. The well-known types are the exceptions, see ``load_values``.
"""

# _full_name is private to the package:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from chaukas_spec_lite.message.record import generated_class
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.protojson.load_values import LOAD, LOAD_MESSAGE, is_object, load_key, load_text
from chaukas_spec_lite.protojson.locate import find
from chaukas_spec_lite.protojson.problem import Problem, json_type, named, out_of_stack, shown, within
from chaukas_spec_lite.protojson.run import LoadRun
from chaukas_spec_lite.protojson.text import decode, parse
from chaukas_spec_lite.wellknown.values import NULL
from chaukas_spec_lite.wire.enums import is_null_value, members_by_name
from chaukas_spec_lite.wire.fields import ANY, VALUE, FieldData, fields_of
from chaukas_spec_lite.wire.scalars import is_array

if TYPE_CHECKING:
    from chaukas_spec_lite.message.message import Message
    from chaukas_spec_lite.protojson.run import Load, LoadMessage, Registry

M = TypeVar("M", bound="Message")


def from_dict(
    cls: type[M], value: Mapping[str, Any], *, ignore_unknown_fields: bool = False, registry: Registry = None
) -> M:
    """See ``Message.from_dict``."""
    try:
        return _loaded(cls, value, ignore_unknown_fields, registry)
    except Problem as problem:
        if isinstance(value, (str, bytes)) and _reader(cls) in (_load_fields, _load_any):
            problem.message += "; use from_json for text"
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


def _loaded(cls: type[M], value: Any, ignore_unknown: bool, registry: Registry) -> M:
    try:
        # As the class that was generated, because readers know those only.
        loaded = load(generated_class(cls), value, LoadRun(registry, ignore_unknown))
    except (TypeError, ValueError) as error:
        raise Problem(str(error)) from None
    except RecursionError:
        raise out_of_stack() from None
    return cls._holding(loaded)


class _Entry(NamedTuple):
    """What has to be known of a field to read it."""

    field: FieldData
    attribute: str
    read: Load
    oneof: str | None
    null: Load | None
    """The reader of ``null`` where it is a value, as in a ``Value``; elsewhere null leaves the field unset."""


_PLANS: dict[type[Message], dict[str, _Entry]] = {}
_IGNORED = object()
"""What an unknown enum name is read as where unknown things are ignored."""


def load(cls: type[Message], value: Any, run: LoadRun) -> Any:
    """Read a message of any type."""
    return _reader(cls)(cls, value, run)


def _reader(cls: type[Message]) -> LoadMessage:
    return _load_any if cls._full_name == ANY else LOAD_MESSAGE.get(cls._full_name, _load_fields)


def _load_fields(cls: type[Message], value: Any, run: LoadRun) -> Any:
    """Read a message from an object of its fields."""
    if not is_object(value):
        raise Problem(f"expected an object for {cls._full_name}, got {json_type(value)}")
    run.enter()
    plan = _PLANS.get(cls) or _make_plan(cls)
    found: dict[str, Any] = {}
    chosen: dict[str, str] = {}
    name = ""
    try:
        for name, item in value.items():
            entry = plan.get(name)
            if entry is None:
                if run.ignore_unknown:
                    continue
                raise _unknown(name, cls, plan)
            field, attribute, read, oneof, null = entry
            if attribute in found:
                # JSON names and the schema's names are both read, so two members can mean one field.
                raise Problem(f"{field.proto_name} is given twice, as {field.json_name} too", at_name=True)
            if item is None:
                if null is None:
                    # Noted as found, so that the same field under its other name is still a repetition.
                    found[attribute] = field.default()
                    continue
                read = null
            if oneof is not None:
                if oneof in chosen:
                    raise Problem(
                        f"{chosen[oneof]} and {name} are both given, but only one of oneof {oneof} can be",
                        at_name=True,
                    )
                chosen[oneof] = name
            found[attribute] = read(item, run)
    except (Problem, TypeError, ValueError) as error:
        raise within(error, name if isinstance(name, str) else repr(name)) from None
    run.depth -= 1
    # Made at the end, when all values are known to be good.
    message = cls()
    for attribute, item in found.items():
        if item is not _IGNORED:
            setattr(message, attribute, item)
    return message


def _unknown(name: Any, cls: type[Message], plan: dict[str, _Entry]) -> Problem:
    near = nearest(name, plan) if isinstance(name, str) else None
    hint = f"; did you mean {near!r}?" if near else ""
    return Problem(f"{cls._full_name} has no field {shown(name)}{hint}", at_name=True)


def _make_plan(cls: type[Message]) -> dict[str, _Entry]:
    made = [_entry(field) for field in fields_of(cls)]
    plan = {entry.field.proto_name: entry for entry in made}
    # JSON names last: where one is another field's schema name, it is the one that is meant.
    plan.update({entry.field.json_name: entry for entry in made})
    _PLANS[cls] = plan
    return plan


def _entry(field: FieldData) -> _Entry:
    one, null = _one(field)
    if field.label == "repeated":
        return _Entry(field, field.name, _repeated(one, null), None, None)
    if field.label == "map":
        assert field.key is not None
        return _Entry(field, field.name, _map(load_key(field.key), one, null), None, None)
    if field.kind == VALUE:
        null = _null
    return _Entry(field, field.name, one, field.oneof, null)


def _null(_value: Any, _run: LoadRun) -> Any:
    return NULL


def _one(field: FieldData) -> tuple[Load, Load | None]:
    """Make the reader of one value of a field, and that of ``null`` where it is a value."""
    kind = field.kind
    if kind == "message":
        return _message(field.cls), None
    if kind == "enum":
        one = _enum(field.cls)
        return one, one if is_null_value(field.cls) else None
    return LOAD[kind], LOAD[VALUE] if kind == VALUE else None


def _message(cls: type[Message]) -> Load:
    read = _reader(cls)
    return lambda value, run: read(cls, value, run)


def _enum(cls: type[Any]) -> Load:
    members = members_by_name(cls)
    integer = LOAD["int32"]
    nullable = is_null_value(cls)

    def member(value: Any, run: LoadRun) -> Any:
        if isinstance(value, str):
            found = members.get(value)
            if found is not None:
                return found
            # As the conformance suite has it: a parser that ignores unknown fields also ignores unknown names of enum
            # values.
            if run.ignore_unknown:
                return _IGNORED
            near = nearest(value, members)
            hint = f"; did you mean {near!r}?" if near else ""
            raise Problem(f"{cls.__name__} has no value {shown(value)}{hint}")
        if value is None and nullable:
            return cls(0)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Problem(f"expected the name or number of a {cls.__name__}, got {json_type(value)}")
        return cls(integer(value, run))

    return member


def _repeated(one: Load, null: Load | None) -> Load:
    def array(value: Any, run: LoadRun) -> list[Any]:
        if not is_array(value):
            raise Problem(f"expected an array, got {json_type(value)}")
        out: list[Any] = []
        try:
            for item in value:
                if item is None and null is None:
                    raise Problem("null is no element of a repeated field")
                out.append(one(item, run))
        except (Problem, TypeError, ValueError) as error:
            raise within(error, len(out)) from None
        # Filtered at the end, so that the indexes in errors are those of the input.
        return [item for item in out if item is not _IGNORED] if run.ignore_unknown else out

    return array


def _map(key_of: Load, one: Load, null: Load | None) -> Load:
    def mapping(value: Any, run: LoadRun) -> dict[Any, Any]:
        if not is_object(value):
            raise Problem(f"expected an object, got {json_type(value)}")
        if not value:
            return {}
        run.enter()  # an entry is a message around its value
        out: dict[Any, Any] = {}
        for name, item in value.items():
            try:
                if item is None and null is None:
                    raise Problem("null is no value of a map")
                key = key_of(name, run)
                if key in out:
                    raise Problem("this key is given twice", at_name=True)
                out[key] = one(item, run)
            except (Problem, TypeError, ValueError) as error:
                raise within(error, name if isinstance(name, str) else repr(name)) from None
        run.depth -= 1
        return {key: item for key, item in out.items() if item is not _IGNORED} if run.ignore_unknown else out

    return mapping


def _load_any(cls: type[Any], value: Any, run: LoadRun) -> Any:
    """Read an ``Any``: an object of its content, among whose members, at any place, ``@type`` is the type's URL."""
    if not is_object(value):
        raise Problem(f"expected an object for {ANY}, got {json_type(value)}")
    run.enter()
    if not value:
        run.depth -= 1
        return cls()
    if "@type" not in value:
        raise Problem('"@type" is missing: the URL of the type that this Any holds')
    try:
        of = run.type_of(cls, value["@type"])
        type_url = load_text(value["@type"])
    except (Problem, TypeError, ValueError) as error:
        raise within(error, "@type") from None
    # A copy without @type: the caller's dict must stay as it is.
    content = {name: item for name, item in value.items() if name != "@type"}
    message = _load_fields(of, content, run) if _reader(of) is _load_fields else _load_special(of, content, run)
    run.depth -= 1
    return cls(type_url=type_url, value=bytes(message))


def _load_special(cls: type[Message], content: dict[str, Any], run: LoadRun) -> Any:
    if "value" not in content:
        raise Problem(f'"value" is missing: the JSON form of {cls._full_name}')
    other = next((name for name in content if name != "value"), None)
    if other is not None and not run.ignore_unknown:
        raise named(other, f"a {cls._full_name} in an Any has only @type and value")
    try:
        return load(cls, content["value"], run)
    except (Problem, TypeError, ValueError) as error:
        raise within(error, "value") from None
