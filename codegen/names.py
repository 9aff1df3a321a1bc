"""Python names for schema names: never the same for two schema names, and the same in every run.

A name that Python allows is kept. One that it does not allow, or that would hide something, gets underscores at its end
until it is free. Names that can be kept are assigned first, so that none of them has to give way to a changed one.
Underscores in front belong to generated code and to Python itself, so a schema's name loses them.

The names that Python and betterproto2's enums have are written out here, because the output must not depend on the
version of either.
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
"""The names of variables in generated functions, which would hide a class or an import of that name."""

_MODULE_TAKEN = BUILTINS | LOCALS | {"annotations"}
# Asked of the class, so that no method of messages can be forgotten. A field of that name would hide it.
_FIELD_TAKEN = {name for name in dir(Message) if not name.startswith("_")} | {"self", "misspelt"}
_ENUM_TAKEN = {
    *("classmethod", "dict", "frozenset", "int", "str"),  # what generated classes of enums use
    *("mro", "name", "value"),  # of every enum
    *("deprecated_members", "from_string", "proto_name"),  # of betterproto2's, and of ours
    *("betterproto_renamed_proto_names_to_value", "betterproto_value_to_renamed_proto_names"),
    *("as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes"),  # of int, in any Python
    *("imag", "is_integer", "numerator", "real", "to_bytes"),
}
"""Attributes that every enum class or member has, and names that a generated enum class uses in its body."""


def assign(wanted: Iterable[tuple[K, str]], taken: Iterable[str]) -> dict[K, str]:
    """Give every key a Python name.

    Args:
        wanted: The keys, and the name that each should have.
        taken: Names that must not be used.

    Returns:
        The names by key: the one wanted where possible, else one with underscores at its end.
    """
    used = set(taken)
    result: dict[K, str] = {}
    changed: list[tuple[K, str]] = []
    for key, name in wanted:
        # Put off, so that a name which can be kept is never lost to a changed one that happens to be the same.
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
    """Add underscores to the end of a name until it is not in use."""
    used = set(used)
    while name in used or keyword.iskeyword(name):
        name += "_"
    return name


def _is_allowed(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")


def _allowed(name: str) -> str:
    """The nearest allowed name; an underscore at its end shows that it was changed."""
    name = name.lstrip("_")
    # Digits may follow the underscores in front, and cannot begin a name.
    name = name if name[:1].isalpha() else f"x{name}"
    return f"{name}_"


def field_names(message: MessageType) -> dict[str, str]:
    """The attribute name of each field."""
    return assign(((field.name, field.name) for field in message.fields), _FIELD_TAKEN)


def service_names(names: Iterable[str]) -> dict[str, str]:
    """What the names of each service's two classes begin with; they end in ``Stub`` and ``Base``.

    The ends make every name one that Python allows, so only underscores in front have to go: the name of a constant for
    a service ``_S`` would begin with two, and Python changes such names inside of classes.
    """
    names = list(names)
    kept = {name: name for name in names if not name.startswith("_")}
    # Only those with underscores in front, and against the names that stay, so that no kept name changes.
    others = assign([(name, name) for name in names if name not in kept], kept)
    return {name: kept.get(name) or others[name] for name in names}


def snake_case(name: str) -> str:
    """Split a CamelCase name at its capitals: ``IngestEvent`` is ``ingest_event``, ``GetHTTP2`` is ``get_http2``."""
    out = ""
    for i, char in enumerate(name):
        before = name[i - 1] if i else "_"
        after = name[i + 1] if i + 1 < len(name) else "_"
        # A capital begins a word after a small letter, or before one (the last capital of an acronym).
        if char.isupper() and before != "_" and (not before.isupper() or after.islower()):
            out += "_"
        out += char.lower()
    return out


@dataclass(frozen=True)
class MemberNames:
    """The names of an enum's members.

    Both mappings have the schema's names as keys. ``short`` has the members' own names. ``full`` has further names for
    the same members, or is empty.
    """

    short: Mapping[str, str]
    full: Mapping[str, str]


def member_names(enum: Enum) -> MemberNames:
    """Name the members of an enum.

    The enum's own name, which schemas put before each value, is left out, if that leaves allowed and distinct names for
    all of them: either all are shortened or none is.
    """
    prefix = f"{snake_case(enum.name).upper()}_"
    names = [value.name for value in enum.values]
    stripped = [name.removeprefix(prefix) for name in names]
    both = {*stripped, *names}
    # All or none, and no short name may be a full one: otherwise a member would mean another one's alias.
    if len(both) == 2 * len(names) and all(_is_allowed(name) for name in both) and not both & _ENUM_TAKEN:
        return MemberNames(dict(zip(names, stripped, strict=True)), {name: name for name in names})
    return MemberNames(assign(((name, name) for name in names), _ENUM_TAKEN), {})


@dataclass(frozen=True)
class ModuleNames:
    """The public names of a module of classes: the classes, and constants for the values of top-level enums."""

    classes: Mapping[str, str]
    """By full name of the message or enum."""
    constants: Mapping[str, str]
    """By the name of the enum value, which is unique in a package."""


def module_names(file: File) -> ModuleNames:
    """Name what a module declares. The class of a nested type has the names of all types around it in front."""
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
    # If two want the same name, the first one gets it. Names of nested types are put together here, so they come last.
    wanted: list[tuple[Hashable, str]] = [*top, *constants, *nested]
    names = assign(wanted, _MODULE_TAKEN | codec_locals(file))
    return ModuleNames(
        {full_name: names[full_name] for full_name, _ in (*top, *nested)},
        {name: names[key] for key, name in constants},
    )


def oneof_local(oneof: str) -> str:
    """The variable in a codec, or in a constructor, that tells which member of a oneof is set."""
    return f"set_{oneof}"


def codec_locals(file: File) -> set[str]:
    """The variables for all oneofs of a file."""
    return {oneof_local(oneof.name) for message in file.walk_messages() for oneof in message.oneofs}
