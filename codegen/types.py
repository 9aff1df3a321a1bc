"""What a field is in Python: its kind at run time, its annotation, its default."""

from __future__ import annotations

from chaukas_spec_lite.wire.fields import DURATION, LIST, PLAIN, STRUCT, TIMESTAMP, VALUE, WRAPPERS
from codegen.model import Field
from codegen.names import member_names
from codegen.scope import Scope

PYTHON_TYPES = {"string": "str", "bytes": "bytes", "bool": "bool", "double": "float", "float": "float"}
"""The type of each scalar; those left out are ``int``."""

ZEROS = {"str": '""', "bytes": 'b""', "bool": "False", "float": "0.0", "int": "0"}
"""The default of each type."""


def kind_of(field: Field) -> str:
    """The kind that field data gives: the full name for a well-known type that is a plain value."""
    return field.type_name if field.kind == "message" and field.type_name in PLAIN else field.kind


def has_presence(field: Field) -> bool:
    """Whether ``None`` means unset, and a default value is written."""
    explicit = field.label == "optional" or field.oneof is not None
    return explicit or (field.label == "singular" and field.kind == "message")


def scalar_type(kind: str) -> str:
    """The Python type of a scalar type."""
    return PYTHON_TYPES.get(kind, "int")


def value_type(field: Field, scope: Scope) -> str:
    """The annotation of one value, without ``None``."""
    kind = kind_of(field)
    if kind in WRAPPERS:
        return scope.builtin(scalar_type(WRAPPERS[kind]))
    if kind == TIMESTAMP:
        return scope.name("datetime", "datetime")
    if kind == DURATION:
        return scope.name("datetime", "timedelta")
    if kind == STRUCT:
        return f"{scope.builtin('dict')}[{scope.builtin('str')}, {scope.name('typing', 'Any')}]"
    if kind == LIST:
        return f"{scope.builtin('list')}[{scope.name('typing', 'Any')}]"
    if kind == VALUE:
        return scope.name("typing", "Any")
    if field.type_name is not None:
        return scope.annotation(field.type_name)
    return scope.builtin(scalar_type(kind))


def attribute_type(field: Field, scope: Scope) -> str:
    """The annotation of the attribute."""
    value = value_type(field, scope)
    if field.label == "repeated":
        return f"{scope.builtin('list')}[{value}]"
    if field.label == "map":
        assert field.key_kind is not None
        return f"{scope.builtin('dict')}[{scope.builtin(scalar_type(field.key_kind))}, {value}]"
    return f"{value} | None" if has_presence(field) and kind_of(field) != VALUE else value


def parameter(field: Field, name: str, scope: Scope, *, watched: bool) -> tuple[str, str, str]:
    """The constructor's parameter, its annotation and its default.

    Anything that makes a list or a dict will do for one, and ``None`` for whatever is not set. Where it matters whether
    a zero was given, because the field is ``watched``, the default is ``None`` too.
    """
    value = value_type(field, scope)
    if field.label == "repeated":
        return name, f"{scope.name('collections.abc', 'Iterable')}[{value}] | None", "None"
    if field.label == "map":
        assert field.key_kind is not None
        key = scope.builtin(scalar_type(field.key_kind))
        return name, f"{scope.name('collections.abc', 'Mapping')}[{key}, {value}] | None", "None"
    if kind_of(field) == VALUE:
        return name, value, "None"
    return name, f"{value} | None", "None" if watched or has_presence(field) else zero(field, scope)


def zero(field: Field, scope: Scope) -> str:
    """The default of a field without presence."""
    if field.kind == "enum":
        assert field.type_name is not None
        return enum_zero(field.type_name, scope)
    return ZEROS[scalar_type(field.kind)]


def enum_zero(full_name: str, scope: Scope) -> str:
    """The first member of an enum, which is its zero; by number where looking it up by name would warn."""
    first = scope.schema.enums[full_name].values[0]
    cls = scope.annotation(full_name)
    return f"{cls}(0)" if first.deprecated else f"{cls}.{member_names(scope.schema.enums[full_name]).short[first.name]}"
