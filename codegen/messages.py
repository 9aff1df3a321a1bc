"""Emits the classes, enums and dataclasses, with the schema's comments as docstrings.

This is the module that users read when they follow a class to its definition, so it holds nothing but what they need
to know. Constructors are written out, because a generic one would take several times as long.
"""

from __future__ import annotations

from collections.abc import Iterable

from chaukas_spec_lite.wire.fields import ANY, camel_case
from codegen.model import Enum, Field, Message
from codegen.names import field_names, free, member_names, oneof_local
from codegen.scope import ClassScope
from codegen.types import attribute_type, has_presence, kind_of, parameter, zero
from codegen.wellknown_files import TYPES
from codegen.writer import Writer, quoted

_ENUMS = "chaukas_spec_lite.wire.enums"
_ARGUMENTS = "chaukas_spec_lite.message.arguments"
_IN_ANY = ("duration", "empty", "field_mask", "struct", "timestamp", "wrappers")
"""The files of the types that JSON knows in every ``Any``: those with a JSON form of their own, and ``Empty``."""
_DATACLASS = "(init=False, eq=False, repr=False, slots=True)"


def emit_enum(writer: Writer, enum: Enum, scope: ClassScope) -> None:
    """Emit the class of an enum.

    The short names come first: Python takes the first name of a number for the member's own, later ones for aliases.
    """
    names = member_names(enum)
    deprecated = any(value.deprecated for value in enum.values)
    base = scope.name(_ENUMS, "Enum")
    meta = f", metaclass={scope.name(_ENUMS, 'DeprecatedMembers')}" if deprecated else ""
    writer.gap(2)
    with writer.block(f"class {scope.classes[enum.full_name]}({base}{meta}):"):
        writer.docstring(enum.doc)
        writer.gap()
        for value in enum.values:
            writer.line(f"{names.short[value.name]} = {value.number}")
            if value.doc:
                writer.docstring(value.doc)
        if names.full:
            writer.gap()
            writer.line("# Aliases: the schema's own names.")
            writer.lines(f"{names.full[value.name]} = {value.number}" for value in enum.values)
        _emit_proto_names(writer, enum)
        if deprecated:
            _emit_deprecated_members(writer, enum)
    _emit_second_name(writer, enum, scope)


def _emit_proto_names(writer: Writer, enum: Enum) -> None:
    """Emit the methods by which betterproto2, and JSON, find the schema's names, where members are called otherwise."""
    names = member_names(enum)
    canonical: dict[int, str] = {}
    for value in enum.values:
        # The first name of a number is the one that JSON writes; later ones are aliases.
        canonical.setdefault(value.number, value.name)
    if any(names.short[name] != name for name in canonical.values()):
        writer.gap()
        writer.line("@classmethod")
        with writer.block("def betterproto_value_to_renamed_proto_names(cls) -> dict[int, str]:"):
            writer.line('"""Map each number to the schema\'s name for it."""')
            writer.listed("return {", [f"{number}: {quoted(name)}" for number, name in canonical.items()], "}")
    if any(name not in (names.short[name], names.full.get(name)) for name in names.short):
        writer.gap()
        writer.line("@classmethod")
        with writer.block("def betterproto_renamed_proto_names_to_value(cls) -> dict[str, int]:"):
            writer.line('"""Map each of the schema\'s names to its number."""')
            writer.listed("return {", [f"{quoted(value.name)}: {value.number}" for value in enum.values], "}")


def _emit_deprecated_members(writer: Writer, enum: Enum) -> None:
    """Emit the method that tells the metaclass which members warn when they are looked up."""
    names = member_names(enum)
    old = [value.name for value in enum.values if value.deprecated]
    every = dict.fromkeys(name for value in old for name in (names.short[value], names.full.get(value)) if name)
    writer.gap()
    writer.line("@classmethod")
    with writer.block("def deprecated_members(cls) -> frozenset[str]:"):
        writer.line('"""Name the members whose use warns."""')
        writer.listed("return frozenset({", map(quoted, every), "})")


def _emit_second_name(writer: Writer, declared: Enum | Message, scope: ClassScope) -> None:
    """Emit another name for a class that has the name of a field: in a class with that field, it means the field."""
    if declared.full_name in scope.hidden:
        writer.gap(2)
        writer.line("# For annotations in classes that have a field of this name.")
        writer.line(f"{scope.hidden[declared.full_name]} = {scope.classes[declared.full_name]}")


def emit_constants(writer: Writer, enum: Enum, scope: ClassScope) -> None:
    """Emit the values of a top-level enum as constants of the module, as the official package has them.

    Deprecated ones are only annotated. They have no value in the module, so that using one calls the module's
    ``__getattr__``, which warns (see ``emit_deprecated_constants``).
    """
    names = member_names(enum)
    cls = scope.classes[enum.full_name]
    writer.gap(2)
    for value in enum.values:
        constant = scope.enum_constants[value.name]
        writer.line(f"{constant}: {cls}" if value.deprecated else f"{constant} = {cls}.{names.short[value.name]}")


def emit_deprecated_constants(writer: Writer, enums: Iterable[Enum], scope: ClassScope) -> None:
    """Emit the module's ``__getattr__``, which provides deprecated constants and warns about each use.

    ``from module import *`` does not see these constants, and so does not warn.
    """
    items = [
        f"{quoted(scope.enum_constants[value.name])}: {scope.classes[enum.full_name]}({value.number})"
        for enum in enums
        for value in enum.values
        if value.deprecated
    ]
    if items:
        look_up = scope.private("look_up")
        writer.gap(2)
        with writer.block(f"if not {scope.name('typing', 'TYPE_CHECKING')}:"):
            writer.line("# Hidden from type checkers, which would take any name for one that exists.")
            writer.line(f"from {_ENUMS} import deprecated_constants as {look_up}")
            writer.gap()
            writer.listed(f"__getattr__ = {look_up}(__name__, {{", items, "})")


def emit_message(writer: Writer, message: Message, scope: ClassScope) -> None:
    """Emit the dataclass of a message: its fields, and its constructor."""
    names = field_names(message)
    writer.gap(2)
    writer.line(f"@{scope.name('dataclasses', 'dataclass')}{_DATACLASS}")
    with writer.block(f"class {scope.classes[message.full_name]}({_base(message, scope)}):"):
        writer.docstring(message.doc + _oneof_notes(message, names))
        writer.gap()
        for field in message.fields:
            head = f"{names[field.name]}: {attribute_type(field, scope)} = "
            writer.call(
                head + scope.name("chaukas_spec_lite.wire.fields", "field"), _field_arguments(field, names, scope)
            )
            if field.doc:
                writer.docstring(field.doc)
        if message.fields:
            writer.gap()
        writer.line(f"_full_name = {quoted(message.full_name)}")
        writer.gap()
        _emit_constructor(writer, message, names, scope)
        if message.full_name == ANY:
            _emit_well_known(writer, scope)
    _emit_second_name(writer, message, scope)


def _base(message: Message, scope: ClassScope) -> str:
    if message.full_name == ANY:
        return scope.name("chaukas_spec_lite.message.anys", "AnyMessage")
    return scope.name("chaukas_spec_lite.message.message", "Message")


def _emit_well_known(writer: Writer, scope: ClassScope) -> None:
    """Emit what tells JSON the well-known types: generated, since nothing below generated modules may import them."""
    message = scope.name("chaukas_spec_lite.message.message", "Message")
    writer.gap()
    writer.line("@staticmethod")
    classes = [scope.classes[ANY]]
    with writer.block(f"def _well_known() -> tuple[type[{message}], ...]:"):
        writer.line('"""The classes that JSON finds for any Any without being told of them."""')
        writer.line("# Here, because most programs write no Any as JSON.")
        for stem in _IN_ANY:
            path = f"google/protobuf/{stem}.proto"
            names = [name for name in TYPES[path].split() if name != "NullValue"]  # an enum
            writer.import_from(scope.target.import_from(path, scope.file.path), names)
            classes += names
        writer.gap()
        writer.listed("return (", classes, ")")


def _oneof_notes(message: Message, names: dict[str, str]) -> str:
    """What a message's docstring says about its oneofs, which are no attributes of the class."""
    notes: list[str] = []
    for oneof in message.oneofs:
        # Users meet oneofs only as members of the class, so the rule between them has to be told here.
        members = ", ".join(f"`{names[name]}`" for name in oneof.fields)
        notes.append(f"\n\nAt most one of {members} (`{oneof.name}`). {' '.join(oneof.doc.split())}".rstrip())
    return "".join(notes)


def _field_arguments(field: Field, names: dict[str, str], scope: ClassScope) -> list[str]:
    """The arguments of ``field(...)``, without those that are what they are by default."""
    arguments = [str(field.number), quoted(kind_of(field))]
    if field.type_name is not None:
        # Behind a call, because the class may be declared further down.
        arguments.append(f"of=lambda: {scope.cls(field.type_name)}")
    if names[field.name] != field.name:
        arguments.append(f"name={quoted(field.name)}")
    if field.json_name != camel_case(field.name):
        arguments.append(f"json={quoted(field.json_name)}")
    if field.oneof is not None:
        arguments.append(f"group={quoted(field.oneof)}")
    if field.key_kind is not None:
        arguments.append(f"key={quoted(field.key_kind)}")
    arguments.extend(f"{label}=True" for label in ("optional", "repeated") if field.label == label)
    arguments.extend(f"{flag}=True" for flag in ("packed", "deprecated") if getattr(field, flag))
    return arguments


def _emit_constructor(writer: Writer, message: Message, names: dict[str, str], scope: ClassScope) -> None:
    parameters = [
        parameter(field, names[field.name], scope, watched=field.deprecated or message.deprecated)
        for field in message.fields
    ]
    refused = f"**misspelt: {scope.name('typing_extensions', 'Never')}"
    if parameters:
        with writer.block("def __init__("):
            writer.line("self,")
            for name, annotation, default in parameters:
                writer.statement(f"{name}: {annotation} =", default, tail=",")
            writer.line(f"{refused},")
        head = ") -> None:"
    else:
        head = f"def __init__(self, {refused}) -> None:"
    with writer.block(head):
        _emit_deprecations(writer, message, names, scope)
        for field in message.fields:
            _emit_assignment(writer, field, names[field.name], scope)
        writer.line('self._unknown_fields = b""')
        with writer.block("if misspelt:"):
            writer.line("self._refuse(misspelt)")
        for oneof in message.oneofs:
            if len(oneof.fields) > 1:
                _emit_choice(writer, oneof.name, [names[name] for name in oneof.fields], names)


def _emit_choice(writer: Writer, oneof: str, members: list[str], names: dict[str, str]) -> None:
    """Emit the check that not more than one member of a oneof is given: one comparison for each that is not."""
    given = free(oneof_local(oneof), names.values())
    first, *others = members
    # Straight-line code, as constructors are called for each message: a loop over the members would cost several times
    # as much.
    writer.line(f"{given} = {first} is not None")
    for position, name in enumerate(others):
        with writer.block(f"if {name} is not None:"):
            with writer.block(f"if {given}:"):
                writer.line(f"self._refuse_two({quoted(oneof)})")
            if position < len(others) - 1:
                writer.line(f"{given} = True")


def _emit_deprecations(writer: Writer, message: Message, names: dict[str, str], scope: ClassScope) -> None:
    """Emit warnings about deprecated fields that the constructor is given, even if they are given their default.

    ``dataclasses.replace`` passes every field of the message that it copies, so a call by it must not warn. It is the
    only caller that passes ``_unknown_fields``. What a program itself gives to ``replace`` cannot be told apart, and
    does not warn either.
    """
    fields = message.fields if message.deprecated else [field for field in message.fields if field.deprecated]
    if not fields:
        return
    with writer.block('if "_unknown_fields" not in misspelt:'):
        if message.deprecated:
            first, *rest = (f"{names[field.name]} is not None" for field in fields)
            with writer.condition("if", first, *(f"or {condition}" for condition in rest)):
                _emit_warning(writer, message.name, scope)
        for field in fields:
            if field.deprecated:
                with writer.block(f"if {names[field.name]} is not None:"):
                    _emit_warning(writer, f"{message.name}.{field.name}", scope)


def _emit_warning(writer: Writer, what: str, scope: ClassScope) -> None:
    warn, category = scope.name("warnings", "warn"), scope.builtin("DeprecationWarning")
    writer.call(warn, [quoted(f"{what} is deprecated"), category, "stacklevel=2"])


def _emit_assignment(writer: Writer, field: Field, name: str, scope: ClassScope) -> None:
    """Emit the assignment of a parameter to its attribute.

    ``None`` means not set. A list or a dict is kept as it is, anything else is copied into one.
    """
    if field.label in ("repeated", "map"):
        _emit_container(writer, field, name, scope)
    elif has_presence(field):
        writer.statement(f"self.{name} =", name)
    else:
        writer.statement(f"self.{name} =", f"{zero(field, scope)} if {name} is None", f"else {name}")
    if field.kind == "enum" and field.label not in ("repeated", "map"):
        assert field.type_name is not None
        cls = scope.annotation(field.type_name)
        # A name or a number becomes the member; so the check is all that a member costs.
        checks = [f"{name} is not None", f"{name}.__class__ is not {cls}"]
        first, second = checks if has_presence(field) else reversed(checks)
        with writer.condition("if", first, f"and {second}"):
            writer.call(f"self.{name} = {scope.name(_ARGUMENTS, 'member')}", ["self", quoted(name), name, cls])


def _emit_container(writer: Writer, field: Field, name: str, scope: ClassScope) -> None:
    """Emit the assignment of a parameter to a list or a dict."""
    repeated = field.label == "repeated"
    container, empty = ("list", "[]") if repeated else ("dict", "{}")
    choices, arguments = [(empty, f"{name} is None")], ["self", quoted(name), name]
    if field.kind == "enum":
        assert field.type_name is not None
        function = "members_listed" if repeated else "members_mapped"
        arguments.append(scope.annotation(field.type_name))
    else:
        function = "listed" if repeated else "mapped"
        # On the caller's type: a list is kept, so that appending to it later has an effect, as in dataclasses.
        choices.append((name, f"{scope.builtin('isinstance')}({name}, {scope.builtin(container)})"))
    _emit_choices(writer, f"self.{name}", choices, scope.name(_ARGUMENTS, function), arguments)


def _emit_choices(
    writer: Writer, target: str, choices: list[tuple[str, str]], function: str, arguments: list[str]
) -> None:
    """Emit the assignment of the first value whose condition holds, or else of what a function returns."""
    last = f"else {function}({', '.join(arguments)})"
    if writer.fits(last, deeper=1):
        first, *others = (f"{value} if {condition}" for value, condition in choices)
        writer.statement(f"{target} =", first, *(f"else {other}" for other in others), last)
        return
    for position, (value, condition) in enumerate(choices):
        with writer.block(f"{'elif' if position else 'if'} {condition}:"):
            writer.statement(f"{target} =", value)
    with writer.block("else:"):
        writer.call(f"{target} = {function}", arguments)
