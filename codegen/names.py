"""Python names for schema names: injective, and the same each time.

A name that Python allows is kept. One that it does not allow, or that would hide something, gets an underscore behind
it, and more until it is free; names that can be kept go first, so that they never lose to one that was changed.
Underscores in front are for generated code and for Python itself: they are taken away from a schema's name first.

What may not be used stands here as lists, not as what ``dir`` finds: the output must not depend on Python's version.
"""

from __future__ import annotations

import keyword
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from chaukas_spec_lite.message.message import Message
from codegen.model import Enum, File
from codegen.model import Message as MessageType

K = TypeVar("K", bound=Hashable)

_BUILTIN_NAMES = """
    ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError
    BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError
    ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception
    ExceptionGroup FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError
    ImportError ImportWarning IndentationError IndexError InterruptedError IsADirectoryError KeyError
    KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError NotADirectoryError NotImplemented
    NotImplementedError OSError OverflowError PendingDeprecationWarning PermissionError ProcessLookupError
    PythonFinalizationError RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning
    StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError
    TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError
    UnicodeWarning UserWarning ValueError Warning WindowsError ZeroDivisionError abs aiter all anext any ascii bin
    bool breakpoint bytearray bytes callable chr classmethod compile complex copyright credits delattr dict dir
    divmod enumerate eval exec exit filter float format frozenset getattr globals hasattr hash help hex id input int
    isinstance issubclass iter len license list locals map max memoryview min next object oct open ord pow print
    property quit range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip
"""

BUILTINS = frozenset(_BUILTIN_NAMES.split())
"""The names that Python puts into every module, of all versions up to 3.13, so that the output depends on none of them.

No class or constant of a generated module may hide one: mypy takes a name used before its class for the builtin.
"""

LOCALS = (
    frozenset("bhmnstv")
    | {"data", "depth", "into", "key", "one", "out", "read", "rest", "value"}
    | {"misspelt", "self"}
)
"""What generated functions call their variables; a class or an import of that name would be hidden by it."""

_MODULE_TAKEN = BUILTINS | LOCALS | {"annotations"}
_FIELD_TAKEN = {name for name in dir(Message) if not name.startswith("_")} | {"self", "misspelt"}
_ENUM_TAKEN = {
    *("classmethod", "dict", "frozenset", "int", "str"),  # what generated classes of enums use
    *("mro", "name", "value"),  # of every enum
    *("deprecated_members", "from_string", "proto_name"),  # of betterproto2's, and of ours
    *("betterproto_renamed_proto_names_to_value", "betterproto_value_to_renamed_proto_names"),
    *("as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes"),  # of int, in any Python
    *("imag", "is_integer", "numerator", "real", "to_bytes"),
}
"""What an enum class, or a member of it, has already or needs to see."""


def assign(wanted: Iterable[tuple[K, str]], taken: Iterable[str]) -> dict[K, str]:
    """Give every key a Python name: the one wanted where possible, else with underscores until it is free."""
    used = set(taken)
    result: dict[K, str] = {}
    changed: list[tuple[K, str]] = []
    for key, name in wanted:
        if name in used or not _is_allowed(name):
            changed.append((key, name))
        else:
            used.add(name)
            result[key] = name
    for key, name in changed:
        result[key] = free(_allowed(name), used)
        used.add(result[key])
    return result


def free(name: str, used: Iterable[str]) -> str:
    """Put underscores behind a name until it is none of those in use."""
    used = set(used)
    while name in used or keyword.iskeyword(name):
        name += "_"
    return name


def _is_allowed(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")


def _allowed(name: str) -> str:
    """The nearest allowed name; it ends in an underscore, so that it shows that it was changed."""
    name = name.lstrip("_")
    name = name if name[:1].isalpha() else f"x{name}"
    return f"{name}_"


def field_names(message: MessageType) -> dict[str, str]:
    """The attribute name of each field."""
    return assign(((field.name, field.name) for field in message.fields), _FIELD_TAKEN)


def service_names(names: Iterable[str]) -> dict[str, str]:
    """What ``Stub`` and ``Base`` are put behind, for each service; with them no name is one of Python's.

    A constant that began with two underscores, as one named after ``_S`` would, could not be used in the classes.
    """
    names = list(names)
    kept = {name: name for name in names if not name.startswith("_")}
    others = assign([(name, name) for name in names if name not in kept], kept)
    return {name: kept.get(name) or others[name] for name in names}


def snake_case(name: str) -> str:
    """Split a CamelCase name at its capitals: ``IngestEvent`` is ``ingest_event``, ``GetHTTP2`` is ``get_http2``."""
    out = ""
    for i, char in enumerate(name):
        before = name[i - 1] if i else "_"
        after = name[i + 1] if i + 1 < len(name) else "_"
        if char.isupper() and before != "_" and (not before.isupper() or after.islower()):
            out += "_"
        out += char.lower()
    return out


@dataclass(frozen=True)
class MemberNames:
    """The names of an enum's members: ``short`` by schema name; ``full`` are those that are aliases besides."""

    short: Mapping[str, str]
    full: Mapping[str, str]


def member_names(enum: Enum) -> MemberNames:
    """Name the members of an enum: without the enum's own name before each, if that leaves good and distinct names."""
    prefix = f"{snake_case(enum.name).upper()}_"
    names = [value.name for value in enum.values]
    stripped = [name.removeprefix(prefix) for name in names]
    both = {*stripped, *names}
    if len(both) == 2 * len(names) and all(_is_allowed(name) for name in both) and not both & _ENUM_TAKEN:
        return MemberNames(dict(zip(names, stripped, strict=True)), {name: name for name in names})
    return MemberNames(assign(((name, name) for name in names), _ENUM_TAKEN), {})


@dataclass(frozen=True)
class ModuleNames:
    """The public names of a module: its classes, and the constants for the values of its top-level enums."""

    classes: Mapping[str, str]
    """By full name of the message or enum."""
    constants: Mapping[str, str]
    """By name of the enum value, which is unique in a package."""


def module_names(file: File) -> ModuleNames:
    """Name what a module declares; a nested type is named by all names on the way to it, put together."""
    top = [(message.full_name, message.name) for message in file.messages]
    top += [(enum.full_name, enum.name) for enum in file.enums]
    constants = [(("value", value.name), value.name) for enum in file.enums for value in enum.values]
    nested: list[tuple[str, str]] = []

    def add(message: MessageType, outer: str) -> None:
        nested.extend((inner.full_name, outer + inner.name) for inner in message.messages)
        nested.extend((enum.full_name, outer + enum.name) for enum in message.enums)
        for inner in message.messages:
            add(inner, outer + inner.name)

    for message in file.messages:
        add(message, message.name)
    wanted: list[tuple[Hashable, str]] = [*top, *constants, *nested]  # the first keep their names
    names = assign(wanted, _MODULE_TAKEN | codec_locals(file))
    return ModuleNames(
        {full_name: names[full_name] for full_name, _ in (*top, *nested)},
        {name: names[key] for key, name in constants},
    )


def oneof_local(oneof: str) -> str:
    """The variable in a codec that says which member of a oneof was met."""
    return f"set_{oneof}"


def codec_locals(file: File) -> set[str]:
    """All those variables of a file's codecs."""
    return {oneof_local(oneof.name) for message in file.walk_messages() for oneof in message.oneofs}
