"""The visitor that makes declarations out of a file's parse tree.

Of a file with syntax errors, the tree contains only the statements that could be read. ``skipped`` tells what the
others may have declared; what would be a mistake only if they declared nothing is not reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from antlr4 import ParserRuleContext, TerminalNode, Token
from proto_schema_parser.antlr.ProtobufParser import ProtobufParser as P
from proto_schema_parser.antlr.ProtobufParserVisitor import ProtobufParserVisitor

from codegen import declarations as d
from codegen.comments import Gap
from codegen.declare_options import DeclareOptions
from codegen.errors import Mistakes
from codegen.literals import integer
from codegen.model import Position
from codegen.skipped import Skipped, names_in
from codegen.tokens import place

MAX_DEPTH = 31
"""How many levels of messages may be nested, as in protoc."""

_NO_GAP = Gap()
_NO_LABEL = 'a field of proto2 has a label: write "optional", "required" or "repeated"'
T = TypeVar("T")


class Declare(ProtobufParserVisitor):
    """Builds the declarations of one file, and reports what the grammar allows and the file's syntax does not.

    Args:
        path: The file's path, for places in messages.
        text: The file's text.
        gaps: The comments, by the index of the token that follows them.
        skipped: What was left out of the tree.
        mistakes: Takes what is reported.
    """

    def __init__(self, path: str, text: str, gaps: Mapping[int, Gap], skipped: Skipped, mistakes: Mistakes) -> None:
        self._path, self._text, self._gaps, self._skipped, self._mistakes = path, text, gaps, skipped, mistakes
        self._options = DeclareOptions(path, mistakes)
        self._syntax: d.Syntax = "proto3"
        self._syntax_at: Position | None = None
        self._depth = 0

    # -- the file

    def file(self, ctx: P.FileContext | None) -> d.FileDecl:
        """Build the whole file, or only its imports.

        The rest is left out if it is not known which rules the file follows, or if its package may be in a part that
        could not be read: then no full name is certain.

        Args:
            ctx: The tree, or None if nothing could be parsed.
        """
        elements = ctx.fileElement() if ctx else []
        imports = [element for element in elements if element.importDecl()]
        syntax = None if ctx is None else self._syntax_of(ctx)
        if ctx is None or syntax is None or self._skipped.rest:
            return self._imports_only(imports)
        # A package that could not be read would change every full name in the file.
        if self._skipped.package and not any(element.packageDecl() for element in elements):
            return self._imports_only(imports)
        self._syntax = syntax
        return self.visitFile(ctx)

    def _syntax_of(self, ctx: P.FileContext) -> d.Syntax | None:
        """The rules of the file; None if they are not known, or not supported, which is reported."""
        edition, syntax = ctx.editionDecl(), ctx.syntaxDecl()
        if edition:
            level = self._options.string(edition.editionLevel().stringLiteral())
            self._syntax_at = level.position
            return "2023" if level.text == "2023" else None
        if syntax is None:
            # A file without the line is in proto2; but the line may be in a part that could not be read.
            return "proto3" if self._skipped.proto3 else None if self._skipped.syntax else "proto2"
        level = self._options.string(syntax.syntaxLevel().stringLiteral())
        self._syntax_at = level.position
        if level.text in ("proto2", "proto3"):
            return "proto2" if level.text == "proto2" else "proto3"
        what = f'syntax "{level.text}" is not supported: only "proto3" is, and "proto2" in files that are imported'
        self._mistakes.report(level.position, what)
        return None

    def _imports_only(self, imports: Sequence[P.FileElementContext]) -> d.FileDecl:
        unread = d.Unread(names_in(self._text), self._skipped.nameless, self._skipped.imports)
        return d.FileDecl(self._path, "proto3", None, None, tuple(self._parts(imports)), (), (), (), (), (), "", unread)

    def visitFile(self, ctx: P.FileContext) -> d.FileDecl:
        """Everything that a file declares."""
        parts: list[d.FilePart] = self._parts(ctx.fileElement())
        packages, extends = _only(parts, d.Word), _only(parts, d.ExtendDecl)
        for again in packages[1:]:
            line = packages[0].position.line
            self._mistakes.report(again.position, f"a file has one package, and line {line} names it")
        syntax = ctx.syntaxDecl() or ctx.editionDecl()
        # The comment above the syntax line is the file's; many files have it above the package instead.
        doc = self._gap(syntax.start).leading if syntax else ""
        if not doc and packages:
            doc = next(self._gap(e.start).leading for e in ctx.fileElement() if e.packageDecl())
        return d.FileDecl(
            path=self._path,
            syntax=self._syntax,
            syntax_at=self._syntax_at,
            package=packages[0] if packages else None,
            imports=_only(parts, d.ImportDecl),
            messages=_only(parts, d.MessageDecl) + _groups(extends),
            enums=_only(parts, d.EnumDecl),
            services=_only(parts, d.ServiceDecl),
            extends=extends,
            options=_only(parts, d.Option),
            doc=doc,
            unread=d.Unread(frozenset(self._skipped.names), self._skipped.nameless, self._skipped.imports),
        )

    def visitPackageDecl(self, ctx: P.PackageDeclContext) -> d.Word:
        """The package's name."""
        return self._word(ctx.packageName())

    def visitImportDecl(self, ctx: P.ImportDeclContext) -> d.ImportDecl:
        """One import; ``import weak`` is read as an ordinary import, as nothing here depends on it."""
        path = self._options.string(ctx.importedFileName().stringLiteral())
        return d.ImportDecl(path, public=ctx.PUBLIC() is not None)

    # -- messages

    def visitMessageDecl(self, ctx: P.MessageDeclContext) -> d.MessageDecl:
        """A message and everything in it, unless it is nested too deep."""
        return self._message(self._word(ctx.messageName()), ctx)

    def _message(
        self, name: d.Word, ctx: P.MessageDeclContext | P.GroupDeclContext | P.OneofGroupDeclContext
    ) -> d.MessageDecl:
        self._depth += 1
        parts: list[d.MessagePart] = []
        # What is deeper is not visited, so that one mistake is reported and not one for each level.
        if self._depth <= MAX_DEPTH:
            parts = self._parts(ctx.messageElement())
        else:
            self._mistakes.report(name.position, f"messages cannot be nested more than {MAX_DEPTH} deep")
        self._depth -= 1
        message = d.MessageDecl(
            name=name,
            members=tuple(part for part in parts if isinstance(part, (d.FieldDecl, d.OneofDecl))),
            messages=_only(parts, d.MessageDecl),
            enums=_only(parts, d.EnumDecl),
            extends=_only(parts, d.ExtendDecl),
            reserved=_only(parts, d.Reserved),
            extensions=_only(parts, d.ExtensionRanges),
            options=_only(parts, d.Option),
            doc=self._doc(ctx, ctx.L_BRACE().symbol),
            complete=self._is_complete(ctx.L_BRACE()),
        )
        groups = (*(field.group for field in message.fields() if field.group), *_groups(message.extends))
        return replace(message, messages=message.messages + groups) if groups else message

    def visitMessageFieldDecl(self, ctx: P.MessageFieldDeclContext) -> d.FieldDecl:
        """A field that is no map and does not belong to a oneof."""
        labelled = ctx.fieldDeclWithCardinality()
        return self._labelled(labelled) if labelled else self._unlabelled(ctx, ctx.messageFieldDeclTypeName())

    def _unlabelled(self, ctx: P.FieldContext, type_: ParserRuleContext) -> d.FieldDecl:
        if self._syntax == "proto2":
            self._report(ctx.start, _NO_LABEL)
        return self._field(ctx, type_)

    def _labelled(self, ctx: P.FieldDeclWithCardinalityContext) -> d.FieldDecl:
        return self._field(ctx, ctx.fieldDeclTypeName(), self._label(ctx.fieldCardinality()))

    def _label(self, ctx: P.FieldCardinalityContext) -> d.Label:
        if ctx.REQUIRED() and self._syntax != "proto2":
            self._report(ctx.start, f'{_name(self._syntax)} has no required fields: leave out "required"')
        if ctx.OPTIONAL() and self._syntax == "2023":
            self._report(ctx.start, 'editions have no label "optional": leave it out, as it is the default')
        if ctx.REPEATED():
            return "repeated"
        return "required" if ctx.REQUIRED() and self._syntax == "proto2" else "optional"

    def visitOneofFieldDecl(self, ctx: P.OneofFieldDeclContext) -> d.FieldDecl:
        """A member of a oneof."""
        return self._field(ctx, ctx.oneofFieldDeclTypeName())

    def visitMapFieldDecl(self, ctx: P.MapFieldDeclContext) -> d.FieldDecl:
        """A map field."""
        return self._field(ctx, ctx.mapType().typeName(), "map", self._word(ctx.mapType().mapKeyType()))

    def _field(
        self,
        ctx: P.FieldContext,
        type_: ParserRuleContext,
        label: d.Label = "singular",
        key: d.Word | None = None,
    ) -> d.FieldDecl:
        return d.FieldDecl(
            name=self._word(ctx.fieldName()),
            number=self._number(ctx.fieldNumber()),
            type=self._word(type_),
            label=label,
            options=self._options.options(ctx.compactOptions()),
            doc=self._doc(ctx, ctx.stop),
            key=key,
        )

    def visitOneofDecl(self, ctx: P.OneofDeclContext) -> d.OneofDecl:
        """A oneof and its members."""
        name = self._word(ctx.oneofName())
        parts: list[d.FieldDecl | d.Option] = self._parts(ctx.oneofElement())
        # Counted in the tree, groups included: one that was refused is still a member that the user wrote.
        has_fields = any(element.oneofFieldDecl() or element.oneofGroupDecl() for element in ctx.oneofElement())
        if not has_fields and self._is_complete(ctx.L_BRACE()):
            self._mistakes.report(name.position, f'the oneof "{name.text}" has no fields')
        doc = self._doc(ctx, ctx.L_BRACE().symbol)
        return d.OneofDecl(name, _only(parts, d.FieldDecl), _only(parts, d.Option), doc)

    def visitGroupDecl(self, ctx: P.GroupDeclContext) -> d.FieldDecl | None:
        """A group, which is a mistake but in proto2."""
        labelled = ctx.fieldCardinality()
        if labelled and self._syntax == "proto2":
            return self._group(ctx, self._label(labelled))
        if self._syntax == "proto2":
            self._report(ctx.start, _NO_LABEL)
        return self._group(ctx, "optional")

    def visitOneofGroupDecl(self, ctx: P.OneofGroupDeclContext) -> d.FieldDecl | None:
        """A group in a oneof, which is a mistake but in proto2."""
        return self._group(ctx, "singular")

    def _group(self, ctx: P.GroupDeclContext | P.OneofGroupDeclContext, label: d.Label) -> d.FieldDecl | None:
        if self._syntax != "proto2":
            what = f"{_name(self._syntax)} has no groups: use a nested message and a field of its type"
            self._report(ctx.GROUP().symbol, what)
            return None
        name = self._word(ctx.fieldName())
        if not "A" <= name.text[0] <= "Z":
            self._mistakes.report(name.position, f'the name of a group begins with a capital letter: "{name.text}"')
            return None
        return d.FieldDecl(
            name=d.Word(name.text.lower(), name.position),
            number=self._number(ctx.fieldNumber()),
            type=name,
            label=label,
            options=self._options.options(ctx.compactOptions()),
            doc="",
            group=self._message(name, ctx),
        )

    def visitExtensionRangeDecl(self, ctx: P.ExtensionRangeDeclContext) -> d.ExtensionRanges:
        """An extension range, which is a mistake in proto3."""
        if self._syntax == "proto3":
            self._report(ctx.start, "proto3 has no extension ranges")
        elif self._syntax == "2023":
            self._report(ctx.start, "extension ranges are not supported, but in proto2 files that are imported")
        ranges = tuple(self._tag_range(each) for each in ctx.tagRanges().tagRange())
        return d.ExtensionRanges(ranges, self._options.options(ctx.compactOptions()))

    def visitExtensionDecl(self, ctx: P.ExtensionDeclContext) -> d.ExtendDecl:
        """An ``extend`` block."""
        extended = self._word(ctx.extendedMessage())
        if not ctx.extensionElement() and self._is_complete(ctx.L_BRACE()):
            self._mistakes.report(extended.position, "this extend block has no fields")
        return d.ExtendDecl(extended, _only(self._parts(ctx.extensionElement()), d.FieldDecl))

    def visitExtensionFieldDecl(self, ctx: P.ExtensionFieldDeclContext) -> d.FieldDecl:
        """An extension."""
        labelled = ctx.fieldDeclWithCardinality()
        return self._labelled(labelled) if labelled else self._unlabelled(ctx, ctx.extensionFieldDeclTypeName())

    def visitMessageReservedDecl(self, ctx: P.MessageReservedDeclContext) -> d.Reserved:
        """What a message reserves."""
        ranges = ctx.tagRanges()
        if ranges is None:
            return self._reserved_names(ctx.names())
        return d.Reserved(tuple(self._tag_range(each) for each in ranges.tagRange()))

    def _tag_range(self, ctx: P.TagRangeContext) -> d.Range:
        start = self._number(ctx.tagRangeStart())
        end = ctx.tagRangeEnd()
        if end is None:
            return d.Range(start, start)
        return d.Range(start, None if end.MAX() else self._number(end))

    def _reserved_names(self, ctx: P.NamesContext) -> d.Reserved:
        return d.Reserved(names=tuple(self._options.string(each) for each in ctx.stringLiteral()))

    # -- enums and services

    def visitEnumDecl(self, ctx: P.EnumDeclContext) -> d.EnumDecl:
        """An enum and its values."""
        parts: list[d.EnumValueDecl | d.Reserved | d.Option] = self._parts(ctx.enumElement())
        return d.EnumDecl(
            name=self._word(ctx.enumName()),
            values=_only(parts, d.EnumValueDecl),
            reserved=_only(parts, d.Reserved),
            options=_only(parts, d.Option),
            doc=self._doc(ctx, ctx.L_BRACE().symbol),
            complete=self._is_complete(ctx.L_BRACE()),
        )

    def visitEnumValueDecl(self, ctx: P.EnumValueDeclContext) -> d.EnumValueDecl:
        """One value of an enum."""
        name = self._word(ctx.enumValueName())
        # The grammar takes any keyword for a name here; protoc does not.
        if name.text in ("option", "reserved"):
            self._mistakes.report(name.position, f'an enum value cannot be called "{name.text}": it begins a statement')
        number = self._number(ctx.enumValueNumber())
        return d.EnumValueDecl(name, number, self._options.options(ctx.compactOptions()), self._doc(ctx, ctx.stop))

    def visitEnumReservedDecl(self, ctx: P.EnumReservedDeclContext) -> d.Reserved:
        """What an enum reserves."""
        ranges = ctx.enumValueRanges()
        if ranges is None:
            return self._reserved_names(ctx.names())
        return d.Reserved(tuple(self._value_range(each) for each in ranges.enumValueRange()))

    def _value_range(self, ctx: P.EnumValueRangeContext) -> d.Range:
        start = self._number(ctx.enumValueRangeStart())
        end = ctx.enumValueRangeEnd()
        if end is None:
            return d.Range(start, start)
        return d.Range(start, None if end.MAX() else self._number(end))

    def visitServiceDecl(self, ctx: P.ServiceDeclContext) -> d.ServiceDecl:
        """A service and its RPCs."""
        parts: list[d.MethodDecl | d.Option] = self._parts(ctx.serviceElement())
        doc = self._doc(ctx, ctx.L_BRACE().symbol)
        return d.ServiceDecl(self._word(ctx.serviceName()), _only(parts, d.MethodDecl), _only(parts, d.Option), doc)

    def visitMethodDecl(self, ctx: P.MethodDeclContext) -> d.MethodDecl:
        """One RPC."""
        request, response = ctx.inputType().messageType(), ctx.outputType().messageType()
        brace = ctx.L_BRACE()
        return d.MethodDecl(
            name=self._word(ctx.methodName()),
            input=self._word(request.methodDeclTypeName()),
            output=self._word(response.methodDeclTypeName()),
            client_streaming=request.STREAM() is not None,
            server_streaming=response.STREAM() is not None,
            options=_only(self._parts(ctx.methodElement()), d.Option),
            doc=self._doc(ctx, brace.symbol if brace else ctx.stop),
        )

    def visitOptionDecl(self, ctx: P.OptionDeclContext) -> d.Option:
        """An ``option`` statement."""
        return self._options.option(ctx)

    # -- parts of declarations

    def _parts(self, elements: Iterable[ParserRuleContext]) -> list[Any]:
        visited = (element.getChild(0).accept(self) for element in elements)
        return [part for part in visited if part is not None]

    def _is_complete(self, brace: TerminalNode) -> bool:
        """Whether nothing in the block that ``brace`` opens was left out."""
        return brace.symbol.start not in self._skipped.blocks

    def _word(self, ctx: ParserRuleContext) -> d.Word:
        return d.Word(ctx.getText(), place(self._path, ctx.start))

    def _number(self, ctx: ParserRuleContext) -> d.Number:
        return d.Number(integer(ctx.getText()), place(self._path, ctx.start))

    def _gap(self, token: Token) -> Gap:
        return self._gaps.get(token.tokenIndex, _NO_GAP)

    def _doc(self, ctx: ParserRuleContext, opening: Token) -> str:
        """The comment above a declaration; if there is none, the comment after ``opening`` on the same line."""
        return self._gap(ctx.start).leading or self._gaps.get(opening.tokenIndex + 1, _NO_GAP).trailing

    def _report(self, token: Token, what: str) -> None:
        self._mistakes.report(place(self._path, token), what)


def _name(syntax: d.Syntax) -> str:
    return f"edition {syntax}" if syntax == "2023" else syntax


def _groups(extends: Iterable[d.ExtendDecl]) -> tuple[d.MessageDecl, ...]:
    return tuple(field.group for extend in extends for field in extend.fields if field.group)


def _only(parts: Sequence[object], kind: type[T]) -> tuple[T, ...]:
    return tuple(part for part in parts if isinstance(part, kind))
