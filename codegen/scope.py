"""The names of one generated module: what it declares, what it imports, and how each is spelled where it is used.

A proto file makes two modules that name its classes: the one that declares them and the one with their codecs. Each has
a scope of its own, because what has to be avoided differs: fields hide names in classes, local variables in codecs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from codegen.model import File, Schema
from codegen.names import BUILTINS, LOCALS, codec_locals, field_names, free, module_names
from codegen.targets import Target, codec_stem

_T = TypeVar("_T")

MAKE_TABLES = "_make_tables"
"""The function of a module of codecs that ``attach`` calls once the classes are there."""

Constant = tuple[str, tuple[str, ...], str]
"""An expression: the text before a list of items, the items, and the text after them."""


class Scope:
    """Hands out names for one module, no two the same.

    The classes of the proto file come first, then the classes of other files. Every helper that is imported gives way
    to them and to all names in ``taken``, by an underscore in front. No class, constant or field of a schema gets a
    Python name with an underscore in front, so the module's private names can only meet each other.
    """

    def __init__(self, schema: Schema, file: File, target: Target, taken: Iterable[str]) -> None:
        self.schema, self.file, self.target = schema, file, target
        self.classes = module_names(file).classes
        """The class of each message and enum that the proto file declares, by full name."""
        self._used = {*BUILTINS, *self.classes.values(), *taken}
        self._imported: dict[tuple[str, str], str] = {}
        self.imports: dict[str, set[str]] = {}
        """What is imported, by module: whole import clauses such as ``field as _field``."""
        self._elsewhere = self._find_elsewhere()
        for path, name in self._elsewhere.values():  # before any helper, so that they keep their names
            self._local(target.import_from(path, file.path), name)

    def _find_elsewhere(self) -> dict[str, tuple[str, str]]:
        """The proto file and the class of every message and enum that is used here and declared elsewhere."""
        used = {field.type_name for message in self.file.walk_messages() for field in message.fields}
        # Sorted, so that names are handed out in the same order in every run.
        names = sorted(name for name in used if name is not None and name not in self.classes)
        paths = {name: self.schema.file_of[name] for name in names}
        classes = {path: module_names(self.schema.files[path]).classes for path in set(paths.values())}
        return {name: (path, classes[path][name]) for name, path in paths.items()}

    def _local(self, module: str, name: str) -> str:
        key = module, name
        # Decided at the first use and kept, so that one import has one name everywhere.
        if key not in self._imported:
            self._imported[key] = self.private(name) if name in self._used else name
            self._used.add(self._imported[key])
        return self._imported[key]

    def private(self, name: str) -> str:
        """Make a name of the module's own out of any other."""
        name = free(f"_{name.lstrip('_')}", self._used)
        self._used.add(name)
        return name

    def name(self, module: str, name: str) -> str:
        """Use a name of another module, under another name if something here has it."""
        local = self._local(module, name)
        self.imports.setdefault(module, set()).add(_clause(name, local))
        return local

    def cls(self, full_name: str) -> str:
        """Use the class of a message or enum, wherever it is declared."""
        raise NotImplementedError

    def annotation(self, full_name: str) -> str:
        """Use the class of a message or enum in an annotation."""
        return self.cls(full_name)

    def builtin(self, name: str) -> str:
        """Use a builtin."""
        assert name in BUILTINS
        return name


class ClassScope(Scope):
    """The names of a module of classes, where a field hides what has its name in the whole body of its class."""

    def __init__(self, schema: Schema, file: File, target: Target) -> None:
        self._fields = {name for message in file.walk_messages() for name in field_names(message).values()}
        self.enum_constants = module_names(file).constants
        """The constant for each value of the top-level enums, by its name."""
        super().__init__(
            schema, file, target, {*self._fields, *self.enum_constants.values(), *LOCALS, *codec_locals(file)}
        )
        self.hidden = {
            full_name: self.private(name) for full_name, name in self.classes.items() if name in self._fields
        }
        """Second names, for annotations, of the classes that have the name of a field."""

    def builtin(self, name: str) -> str:
        """Use a builtin inside a class, where a field may hide it."""
        # In a class body a field named ``int`` hides the builtin from the annotations of all other fields.
        return f"{self.name('', 'builtins')}.{name}" if name in self._fields else super().builtin(name)

    def annotation(self, full_name: str) -> str:
        """Use the class of a message or enum inside a class, where a field may hide it."""
        return self.hidden.get(full_name) or self.cls(full_name)

    def cls(self, full_name: str) -> str:
        """Use the class of a message or enum, wherever it is declared."""
        if full_name in self.classes:
            return self.classes[full_name]
        path, cls = self._elsewhere[full_name]
        return self.name(self.target.import_from(path, self.file.path), cls)


@dataclass(frozen=True)
class Table:
    """Something that codecs look up and that depends on classes: its annotation, and the expression that makes it."""

    annotation: str
    expression: str


class CodecScope(Scope):
    """The names of a module of codecs, into which the module of the classes puts the classes when it is imported."""

    def __init__(self, schema: Schema, file: File, target: Target) -> None:
        classes = module_names(file).classes.values()
        functions = {f"{prefix}{cls}" for cls in classes for prefix in ("_encode_", "_decode_")}
        super().__init__(schema, file, target, {*LOCALS, *codec_locals(file), *functions, MAKE_TABLES})
        self.constants: dict[str, Constant] = {}
        """What the codecs look up in their module, by name, evaluated once when it is imported."""
        self.tables: dict[str, Table] = {}
        """What they look up that depends on classes, by name: made once the classes are there."""
        self._zero_float = ""
        self.classes_used: dict[str, str] = {}
        """The name here of each class that the codecs use, by full name."""
        self.class_imports: dict[str, set[str]] = {}
        """What type checkers import: those classes, by module."""

    def cls(self, full_name: str) -> str:
        """Use the class of a message or enum, wherever it is declared."""
        path, cls = self._elsewhere.get(full_name) or (self.file.path, self.classes[full_name])
        module = self.target.import_from(path, self.file.path)
        local = cls if full_name in self.classes else self._local(module, cls)
        self.class_imports.setdefault(module, set()).add(_clause(cls, local))
        self.classes_used[full_name] = local
        return local

    def function(self, prefix: str, full_name: str) -> str:
        """Use the encoder or decoder of a message, wherever it is declared."""
        if full_name in self.classes:
            return f"{prefix}{self.classes[full_name]}"
        path, cls = self._elsewhere[full_name]
        return self.name(self.target.import_from(path, self.file.path, codec_stem), f"{prefix}{cls}")

    def constant(self, wanted: str, head: str, items: Iterable[str], tail: str) -> str:
        """Have an expression without classes evaluated once in the module; returns the name of its value."""
        return self._made_once(self.constants, wanted, (head, tuple(items), tail))

    def table(self, wanted: str, annotation: str, expression: str) -> str:
        """Have an expression with classes evaluated as soon as they are there; returns the name of its value."""
        return self._made_once(self.tables, wanted, Table(annotation, expression))

    def zero_float(self, expression: str) -> str:
        """The name of the 0.0 that is the value of an expression with a class; the first expression decides."""
        self._zero_float = self._zero_float or self.table("_zero_float", "float", expression)
        return self._zero_float

    def _made_once(self, known: dict[str, _T], wanted: str, made: _T) -> str:
        # By value: two fields of one enum share its table.
        for name, other in known.items():
            if other == made:
                return name
        name = self.private(wanted)
        known[name] = made
        return name


def _clause(name: str, local: str) -> str:
    return name if name == local else f"{name} as {local}"
