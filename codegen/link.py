"""From declarations to the linked model: every type name is resolved, and every rule is checked."""

from __future__ import annotations

from codegen import declarations as d
from codegen import model
from codegen.custom_options import CustomOptions
from codegen.declared import Declared
from codegen.enum_rules import check_enum
from codegen.errors import Mistakes, with_article
from codegen.extension_rules import OPTION_NUMBERS, Extensions, numbers_of
from codegen.features import Features, check_field, resolve
from codegen.message_rules import check_message, json_name
from codegen.option_rules import Owner, check_kind, check_options, find, is_packable, is_true
from codegen.option_values import option_wants
from codegen.symbols import Symbol, Symbols, Unresolved, in_scope
from codegen.uncertain import Uncertain
from codegen.wellknown_files import DESCRIPTOR, OPTIONS

_MAP_KEYS = model.SCALARS - {"double", "float", "bytes"}


class Linker:
    """Links one file. About names that cannot be judged with certainty, nothing is reported.

    Args:
        file: The file.
        symbols: The names that all files declare.
        declared: What they declare.
        uncertain: The names in this file that cannot be judged.
        mistakes: Takes what is reported.
    """

    def __init__(
        self, file: d.FileDecl, symbols: Symbols, declared: Declared, uncertain: Uncertain, mistakes: Mistakes
    ) -> None:
        self._file, self._symbols, self._uncertain, self._mistakes = file, symbols, uncertain, mistakes
        self._declared = declared
        self._extensions = Extensions(mistakes)
        self._features = self._own(Features(), "file", file.options)
        """The features of the file; no message can change those that its fields take over."""
        self._custom = CustomOptions(file, symbols, declared, uncertain, mistakes)

    def link(self) -> model.File:
        """Link the file.

        What could not be resolved is reported and has the type "unknown". No emitter gets to see that, since a schema
        with any mistake is not returned.
        """
        file = self._file
        package = file.package.text if file.package else ""
        check_options("file", file.options, file.syntax, self._mistakes)
        self._custom.check("file", file.options, package)
        self._check_extends(file.extends, package)
        imports = (each.path.text for each in file.imports)
        return model.File(
            path=file.path,
            package=package,
            # Nothing is generated from ``descriptor.proto`` and other proto2 files, so there is nothing to import.
            imports=tuple(path for path in imports if path != DESCRIPTOR and path not in self._declared.proto2),
            messages=tuple(self._message(each, package) for each in file.messages),
            enums=tuple(self._enum(each, package) for each in file.enums),
            services=tuple(self._service(each, package) for each in file.services),
            doc=file.doc,
        )

    def _message(self, message: d.MessageDecl, scope: str) -> model.Message:
        check_message(message, self._file.syntax, self._mistakes)
        full = in_scope(scope, message.name.text)
        self._custom.check("message", message.options, scope)
        self._own(self._features, "message", message.options)
        for each in message.oneofs():
            self._custom.check("oneof", each.options, full)
            self._own(self._features, "oneof", each.options)
        for statement in message.extensions:
            self._custom.check("extension range", statement.options, scope)
        self._check_extends(message.extends, full)
        fields: list[model.Field] = []
        # Members of a oneof are fields of the message like all others, in the order of the file.
        for member in message.members:
            oneof = member.name.text if isinstance(member, d.OneofDecl) else None
            members = member.fields if isinstance(member, d.OneofDecl) else (member,)
            fields += (self._field(each, full, oneof) for each in members)
        return model.Message(
            name=message.name.text,
            full_name=full,
            fields=tuple(fields),
            oneofs=tuple(
                model.Oneof(each.name.text, tuple(field.name.text for field in each.fields), each.doc)
                for each in message.oneofs()
            ),
            messages=tuple(self._message(each, full) for each in message.messages),
            enums=tuple(self._enum(each, full) for each in message.enums),
            doc=message.doc,
            position=message.name.position,
            deprecated=is_true(message.options, "deprecated"),
        )

    def _field(self, field: d.FieldDecl, scope: str, oneof: str | None) -> model.Field:
        if field.key and field.key.text not in _MAP_KEYS:
            what = f'a map key is an integer type, bool or string, not "{field.key.text}"'
            self._mistakes.report(field.key.position, what)
        self._custom.check("field", field.options, scope)
        kind, type_name = self._type(field.type, scope)
        # Rules about a type that is not known would only report what follows from that.
        if kind != "unknown":
            check_kind(field, kind, self._mistakes)
            self._check_default(field, kind, type_name)
        features = self._own(self._features, "field", field.options)
        if self._file.syntax == "2023" and kind != "unknown":
            check_field(field, oneof is not None, kind, self._mistakes)
        return model.Field(
            name=field.name.text,
            number=field.number.value,
            kind=kind,
            label=self._label(field, kind, oneof, features),
            json_name=json_name(field),
            doc=field.doc,
            position=field.name.position,
            type_name=type_name,
            key_kind=field.key.text if field.key else None,
            oneof=oneof,
            packed=is_packable(field, kind) and self._is_packed(field, features),
            deprecated=is_true(field.options, "deprecated"),
        )

    def _check_default(self, field: d.FieldDecl, kind: str, type_name: str | None) -> None:
        """Report a default value that a field of proto2 cannot have."""
        default = find(field.options, "default")
        if default is None or self._file.syntax != "proto2":
            return
        if field.label in ("repeated", "map") or kind == "message":
            self._mistakes.report(default.name.position, "only a single value that is no message has a default")
            return
        wants = option_wants(kind, self._declared.enums.get(type_name or ""), default.value)
        if wants:
            self._mistakes.report(default.value.position, f'the default of "{field.name.text}" is {wants}')

    def _label(self, field: d.FieldDecl, kind: str, oneof: str | None, features: Features) -> model.Label:
        """How often a field may occur, in the terms of proto3, where presence has to be asked for."""
        if field.label == "required":
            return "optional"
        may_lack_presence = field.label == "singular" and kind != "message" and oneof is None
        if self._file.syntax == "2023" and may_lack_presence and features.field_presence == "EXPLICIT":
            return "optional"
        return field.label

    def _is_packed(self, field: d.FieldDecl, features: Features) -> bool:
        # In proto3 packed is the default: https://protobuf.dev/programming-guides/encoding/#packed.
        packed = find(field.options, "packed")
        is_set_apart = packed is not None and packed.value.text == "false"
        return features.repeated_field_encoding == "PACKED" and not is_set_apart

    def _own(self, around: Features, target: Owner, options: tuple[d.Option, ...]) -> Features:
        """The features of an element; a file that is in no edition has none that anybody could change."""
        return resolve(around, target, options, self._mistakes) if self._file.syntax == "2023" else around

    def _enum(self, enum: d.EnumDecl, scope: str) -> model.Enum:
        check_enum(enum, self._file.syntax, self._mistakes)
        self._custom.check("enum", enum.options, scope)
        self._own(self._features, "enum", enum.options)
        for value in enum.values:
            self._custom.check("enum value", value.options, scope)
            self._own(self._features, "enum value", value.options)
        return model.Enum(
            name=enum.name.text,
            full_name=in_scope(scope, enum.name.text),
            values=tuple(
                model.EnumValue(each.name.text, each.number.value, each.doc, is_true(each.options, "deprecated"))
                for each in enum.values
            ),
            doc=enum.doc,
            position=enum.name.position,
            deprecated=is_true(enum.options, "deprecated"),
        )

    def _service(self, service: d.ServiceDecl, scope: str) -> model.Service:
        check_options("service", service.options, self._file.syntax, self._mistakes)
        self._own(self._features, "service", service.options)
        full = in_scope(scope, service.name.text)
        self._custom.check("service", service.options, scope)
        return model.Service(
            name=service.name.text,
            full_name=full,
            methods=tuple(self._method(each, full) for each in service.methods),
            doc=service.doc,
            position=service.name.position,
            deprecated=is_true(service.options, "deprecated"),
        )

    def _method(self, method: d.MethodDecl, scope: str) -> model.Method:
        check_options("method", method.options, self._file.syntax, self._mistakes)
        self._own(self._features, "method", method.options)
        self._custom.check("method", method.options, scope)
        return model.Method(
            name=method.name.text,
            input_type=self._message_type(method.input, scope),
            output_type=self._message_type(method.output, scope),
            client_streaming=method.client_streaming,
            server_streaming=method.server_streaming,
            doc=method.doc,
            deprecated=is_true(method.options, "deprecated"),
        )

    # -- types

    def _type(self, word: d.Word, scope: str, in_extension: bool = False) -> tuple[str, str | None]:
        """The kind and full name of a field's type.

        Args:
            word: The type as it is spelled.
            scope: The full name of the message that the field belongs to.
            in_extension: Whether it is the type of an extension: those may have types for which nothing is generated.
        """
        if word.text in model.SCALARS:
            return word.text, None
        # Nothing is generated for proto2 files either, so there is nothing that they cannot use.
        in_extension = in_extension or self._file.syntax == "proto2"
        # protoc passes over names of other kinds here, so that a field may have the name of its type.
        found = self._resolve(word, scope, types_only=True)
        if found is None:
            return "unknown", None
        if found.kind not in ("message", "enum") and not (in_extension and found.kind == "descriptor type"):
            self._wrong_kind(word, found, "a type")
            return "unknown", None
        if not in_extension:
            self._check_generated(word, found)
        return found.kind, found.full_name

    def _check_generated(self, word: d.Word, found: Symbol) -> None:
        """Report a type of a proto2 file that another file uses for more than options."""
        home = found.position.file
        if home in self._declared.proto2 and self._file.syntax != "proto2":
            what = (
                f'"{word.text}" is declared in {home}, a proto2 file, for which nothing is generated: only options can '
                "use it; write that file in proto3 to use it here"
            )
            self._mistakes.report(word.position, what)

    def _message_type(self, word: d.Word, scope: str) -> str:
        """The full name of what an RPC takes or returns, which must be a message."""
        if word.text in model.SCALARS:
            self._mistakes.report(word.position, f'"{word.text}" is a scalar type, not a message')
            return "unknown"
        # Unlike for fields, protoc takes the innermost name here, whatever it is, and then refuses it.
        found = self._resolve(word, scope, types_only=False)
        if found and found.kind != "message":
            self._wrong_kind(word, found, "a message")
        elif found:
            self._check_generated(word, found)
        return found.full_name if found else "unknown"

    def _wrong_kind(self, word: d.Word, found: Symbol, wanted: str) -> None:
        what = f'"{word.text}" is {with_article(found.kind)}, not {wanted}'
        if found.kind == "descriptor type":
            what = f'"{word.text}" is for extending options only: nothing is generated from {DESCRIPTOR}'
        # The full name explains why the user's name means something else than expected.
        elif found.full_name != word.text.removeprefix("."):
            what = f'"{word.text}" is {with_article(found.kind)} ({found.full_name}), not {wanted}'
        self._mistakes.report(word.position, what)

    def _resolve(self, word: d.Word, scope: str, types_only: bool) -> Symbol | None:
        """What a name means; None if that was reported as a mistake, or is uncertain."""
        found = self._symbols.resolve(word.text, scope, self._file.path, types_only)
        # Before either outcome: a name that was found may be hidden by one in a part that could not be read.
        if self._uncertain.about(word.text, found):
            return None
        if isinstance(found, Unresolved):
            self._mistakes.report(word.position, found.message)
            return None
        return found

    def _check_extends(self, extends: tuple[d.ExtendDecl, ...], scope: str) -> None:
        for extend in extends:
            found = self._resolve(extend.extended, scope, types_only=True)
            allowed = self._extensible(found.full_name) if found else OPTION_NUMBERS
            if found and allowed is None:
                what = f'"{extend.extended.text}" is no message that can be extended'
                if self._file.syntax == "proto3":
                    what = f'proto3 extends only the options of {DESCRIPTOR}, not "{extend.extended.text}"'
                self._mistakes.report(extend.extended.position, what)
                continue
            for field in extend.fields:
                # Checked even if the extended name is unknown: the rules for the field itself do not depend on it.
                self._extensions.check(
                    field, found.full_name if found else None, allowed or OPTION_NUMBERS, self._file.syntax
                )
                self._custom.check("field", field.options, scope)
                self._own(self._features, "field", field.options)
                kind, full_name = self._type(field.type, scope, in_extension=True)
                if kind not in ("unknown", "descriptor type"):
                    check_kind(field, kind, self._mistakes)
                    self._check_default(field, kind, full_name)

    def _extensible(self, full_name: str) -> tuple[range, ...] | None:
        """The numbers for extensions of a message; None if it cannot be extended here."""
        if full_name in OPTIONS:
            return OPTION_NUMBERS
        declared = self._declared.messages.get(full_name)
        return numbers_of(declared.message) if declared and self._file.syntax != "proto3" else None
