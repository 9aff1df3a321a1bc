"""The names of one generated module: what it declares, what it imports, and how each is spelled where it is used."""

from __future__ import annotations

from collections.abc import Iterable

from codegen.builtin_names import BUILTINS
from codegen.model import File, Schema
from codegen.names import LOCALS, codec_locals, field_names, free, module_names
from codegen.targets import Target

Constant = tuple[str, tuple[str, ...], str]
"""An expression: what stands before a list of items, the items, and what stands behind."""


class Scope:
    """Hands out names for one module, no two the same.

    Classes and constants come first. What is imported gives way to them, to every field (which hides it inside its
    class) and to every variable of a generated function, by an underscore in front. No class, constant or field begins
    with one, so the module's private names can only meet each other.
    """

    def __init__(self, schema: Schema, file: File, target: Target) -> None:
        self.schema, self.file, self.target = schema, file, target
        names = module_names(file)
        self.classes = names.classes
        """The class of each message and enum declared here, by full name."""
        self.enum_constants = names.constants
        """The constant for each value of the top-level enums, by its name."""
        self._fields = {name for message in file.walk_messages() for name in field_names(message).values()}
        self._used = {*LOCALS, *BUILTINS, *self._fields, *codec_locals(file)}
        self._used |= {*self.classes.values(), *self.enum_constants.values()}
        self._used |= {f"{prefix}{cls}" for cls in self.classes.values() for prefix in ("_encode_", "_decode_")}
        self._imported: dict[tuple[str, str], str] = {}
        self.imports: dict[str, set[str]] = {}
        """What is imported, by module: whole import clauses such as ``field as _field``."""
        self.constants: dict[str, Constant] = {}
        """What the codecs look up in the module, by name, evaluated once at import."""
        self.hidden = {
            full_name: self.private(name) for full_name, name in self.classes.items() if name in self._fields
        }
        """Second names, for annotations, of the classes that have the name of a field."""
        self._elsewhere = self._find_elsewhere()
        for module, name in self._elsewhere.values():  # before any helper, so that they keep their names
            self._local(module, name)

    def _find_elsewhere(self) -> dict[str, tuple[str, str]]:
        """The module and the class of every message and enum that is used here and declared elsewhere."""
        used = {field.type_name for message in self.file.walk_messages() for field in message.fields}
        names = sorted(name for name in used if name is not None and name not in self.classes)
        paths = {name: self.schema.file_of[name] for name in names}
        classes = {path: module_names(self.schema.files[path]).classes for path in set(paths.values())}
        return {
            name: (self.target.import_from(path, self.file.path), classes[path][name]) for name, path in paths.items()
        }

    def _local(self, module: str, name: str) -> str:
        key = module, name
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
        self.imports.setdefault(module, set()).add(name if local == name else f"{name} as {local}")
        return local

    def builtin(self, name: str) -> str:
        """Use a builtin inside a class, where a field may hide it."""
        assert name in BUILTINS
        return f"{self.name('', 'builtins')}.{name}" if name in self._fields else name

    def constant(self, wanted: str, head: str, items: Iterable[str], tail: str) -> str:
        """Have an expression evaluated once in the module; returns the name of its value."""
        expression = head, tuple(items), tail
        for name, known in self.constants.items():
            if known == expression:
                return name
        name = self.private(wanted)
        self.constants[name] = expression
        return name

    def annotation(self, full_name: str) -> str:
        """Use the class of a message or enum inside a class, where a field may hide it."""
        return self.hidden.get(full_name) or self.cls(full_name)

    def cls(self, full_name: str) -> str:
        """Use the class of a message or enum, wherever it is declared."""
        return self.classes.get(full_name) or self.name(*self._elsewhere[full_name])

    def function(self, prefix: str, full_name: str) -> str:
        """Use the encoder or decoder of a message, wherever it is declared."""
        if full_name in self.classes:
            return f"{prefix}{self.classes[full_name]}"
        module, cls = self._elsewhere[full_name]
        return self.name(module, f"{prefix}{cls}")
