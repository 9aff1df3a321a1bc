"""What a field is in Python: its kind in field data, its annotation and its default."""

from __future__ import annotations

from chaukas_spec_lite.wire.fields import DURATION, LIST, PLAIN, STRUCT, TIMESTAMP, VALUE, WRAPPERS
from codegen.model import Field
from codegen.names import member_names
from codegen.scope import Scope

PYTHON_TYPES = {"string": "str", "bytes": "bytes", "bool": "bool", "double": "float", "float": "float"}
"""The Python type of each scalar type; for all others it is ``int``."""

ZEROS = {"str": '""', "bytes": 'b""', "bool": "False", "float": "0.0", "int": "0"}
"""The default of each Python type, as source text."""


def kind_of(field: Field) -> str:
    """A field's kind in field data: the full name of the type if it is a well-known one whose values are plain."""
    return field.type_name if field.kind == "message" and field.type_name in PLAIN else field.kind


def has_presence(field: Field) -> bool:
    """Whether ``None`` means that the field is not set, so that a default value is written like any other."""
    # https://protobuf.dev/programming-guides/field_presence/
    explicit = field.label == "optional" or field.oneof is not None
    return explicit or (field.label == "singular" and field.kind == "message")


def scalar_type(kind: str) -> str:
    """The Python type of a scalar type."""
    return PYTHON_TYPES.get(kind, "int")


def value_type(field: Field, scope: Scope) -> str:
    """The annotation of a single value of a field, without ``None``."""
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
    # After the well-known types, which are messages as well.
    if field.type_name is not None:
        return scope.annotation(field.type_name)
    return scope.builtin(scalar_type(kind))


def attribute_type(field: Field, scope: Scope) -> str:
    """The annotation of a field's attribute."""
    value = value_type(field, scope)
    if field.label == "repeated":
        return f"{scope.builtin('list')}[{value}]"
    if field.label == "map":
        assert field.key_kind is not None
        return f"{scope.builtin('dict')}[{scope.builtin(scalar_type(field.key_kind))}, {value}]"
    # A Value is annotated ``Any``, which includes None already.
    return f"{value} | None" if has_presence(field) and kind_of(field) != VALUE else value


def parameter(field: Field, name: str, scope: Scope, *, watched: bool) -> tuple[str, str, str]:
    """The constructor's parameter for a field: its name, its annotation and its default.

    It is wider than the attribute: any iterable is taken for a list, any mapping for a dict, and ``None`` for a field
    that is not set.

    Args:
        field: The field.
        name: The name of its attribute.
        scope: The names of the module.
        watched: Whether it matters that a value was given, even if it is the default. Then the parameter's default is
            ``None``, which means that no value was given.
    """
    value = value_type(field, scope)
    if field.label == "repeated":
        return name, f"{scope.name('collections.abc', 'Iterable')}[{value}] | None", "None"
    if field.label == "map":
        assert field.key_kind is not None
        key = scope.builtin(scalar_type(field.key_kind))
        return name, f"{scope.name('collections.abc', 'Mapping')}[{key}, {value}] | None", "None"
    # None is a JSON value as well, but as a parameter it means "not set"; JSON's null is ``NULL``.
    if kind_of(field) == VALUE:
        return name, value, "None"
    return name, f"{value} | None", "None" if watched or has_presence(field) else zero(field, scope)


def zero(field: Field, scope: Scope) -> str:
    """The default of a field without presence, as source text."""
    if field.kind == "enum":
        assert field.type_name is not None
        return enum_zero(field.type_name, scope)
    return ZEROS[scalar_type(field.kind)]


def enum_zero(full_name: str, scope: Scope) -> str:
    """An expression for the first member of an enum, which is its zero.

    If that is deprecated, it is looked up by number, because looking it up by name would warn.
    """
    first = scope.schema.enums[full_name].values[0]
    cls = scope.annotation(full_name)
    return f"{cls}(0)" if first.deprecated else f"{cls}.{member_names(scope.schema.enums[full_name]).short[first.name]}"
