"""Makes declarations of options out of a file's parse tree: their names in parts, and their values with all entries."""

from __future__ import annotations

from proto_schema_parser.antlr.ProtobufParser import ProtobufParser as P

from codegen import declarations as d
from codegen.errors import Mistakes
from codegen.literals import string
from codegen.tokens import place


class DeclareOptions:
    """Builds the options of one file.

    Args:
        path: The file's path, for places in messages.
        mistakes: Takes what is reported.
    """

    def __init__(self, path: str, mistakes: Mistakes) -> None:
        self._path, self._mistakes = path, mistakes

    def options(self, ctx: P.CompactOptionsContext | None) -> tuple[d.Option, ...]:
        """The options in brackets behind a field, an enum value or an extension range."""
        if ctx is None:
            return ()
        commas = ctx.COMMA()
        if len(commas) == len(ctx.compactOption()):
            self._mistakes.report(place(self._path, commas[-1].symbol), "no option follows this comma")
        return tuple(self.option(each) for each in ctx.compactOption())

    def option(self, ctx: P.OptionDeclContext | P.CompactOptionContext) -> d.Option:
        """One option."""
        name = d.Word(ctx.optionName().getText(), place(self._path, ctx.optionName().start))
        parts = _parts(ctx.optionName())
        value, is_custom = ctx.optionValue(), any(part.is_extension for part in parts)
        may_be_bytes = is_custom or name.text == "default"
        scalar = value.scalarValue()
        if scalar is None:
            return d.Option(name, parts, self._aggregate(value.messageLiteralWithBraces()))
        return d.Option(name, parts, self._scalar(scalar, text_only=not may_be_bytes))

    def _scalar(self, ctx: P.ScalarValueContext, text_only: bool = False) -> d.Value:
        position, literal = place(self._path, ctx.start), ctx.stringLiteral()
        if literal is not None:
            return d.Value("string", self.string(literal, text_only).text, position)
        return d.Value("identifier" if ctx.identifier() else "number", ctx.getText(), position)

    def string(self, ctx: P.StringLiteralContext, text_only: bool = True) -> d.Word:
        """A string's value; ``text_only`` reports one that is not UTF-8, which a custom option of type bytes may be."""
        position = place(self._path, ctx.start)
        try:
            return d.Word(string(*(each.symbol.text for each in ctx.STRING_LITERAL())), position)
        # A custom option may hold bytes, so there it is no mistake.
        except ValueError:
            if text_only:
                self._mistakes.report(position, "the escapes in this string do not make valid UTF-8")
            return d.Word("", position)

    # -- aggregates

    def _message(self, ctx: P.MessageLiteralContext) -> d.Value:
        return self._aggregate(ctx.messageLiteralWithBraces() or ctx)

    def _aggregate(self, ctx: P.MessageLiteralWithBracesContext | P.MessageLiteralContext) -> d.Value:
        entries = tuple(self._entry(each) for each in ctx.messageTextFormat().messageLiteralField())
        return d.Value("message", "", place(self._path, ctx.start), entries)

    def _entry(self, ctx: P.MessageLiteralFieldContext) -> d.Entry:
        name = ctx.messageLiteralFieldName()
        plain = name.fieldName()
        inner = plain or name.specialFieldName()
        word = d.Word(inner.getText(), place(self._path, name.start))
        value = ctx.value()
        if value is None:
            literal = ctx.messageValue().messageLiteral()
            values = [literal] if literal else ctx.messageValue().listOfMessagesLiteral().messageLiteral()
            return d.Entry(word, plain is None, tuple(map(self._message, values)), literal is None)
        scalar, message = value.scalarValue(), value.messageLiteral()
        if scalar or message:
            one = self._scalar(scalar) if scalar else self._message(message) if message else None
            return d.Entry(word, plain is None, (one,) if one else (), is_list=False)
        elements = value.listLiteral().listElement()
        return d.Entry(word, plain is None, tuple(map(self._element, elements)), is_list=True)

    def _element(self, ctx: P.ListElementContext) -> d.Value:
        scalar = ctx.scalarValue()
        return self._scalar(scalar) if scalar else self._message(ctx.messageLiteral())


def _parts(ctx: P.OptionNameContext) -> tuple[d.NamePart, ...]:
    plain = ctx.identifier()
    first = d.NamePart((plain or ctx.typeName()).getText(), plain is None)
    return (first, *(part for rest in ctx.optionName() for part in _parts(rest)))
