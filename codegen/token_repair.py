"""Repairs in the tokens what the grammar has no rule for, and reports the mistakes among it by name.

Left alone, they would be reported as unexpected tokens, which says nothing about the cause, and would spoil the
statements around them. A repaired mistake never reaches an emitter, since a schema with any mistake is not returned.
"""

from __future__ import annotations

from antlr4 import Token
from proto_schema_parser.antlr.ProtobufLexer import ProtobufLexer as L

from codegen.errors import Mistakes
from codegen.tokens import Tokens, place

_LABELS = (L.REQUIRED, L.OPTIONAL, L.REPEATED)
_BOUNDARIES = (L.L_BRACE, L.R_BRACE, L.SEMICOLON)
_WORDS = range(L.SYNTAX, L.IDENTIFIER + 1)
_NAME = (*_WORDS, L.DOT)


def repair(path: str, source: Tokens, mistakes: Mistakes) -> Tokens:
    """Make tokens that the parser can read. Comments stay before the tokens that they were written before."""
    return _Repair(path, source, mistakes).run()


class _Repair:
    def __init__(self, path: str, source: Tokens, mistakes: Mistakes) -> None:
        self.path, self.source, self.mistakes = path, source, mistakes
        self.tokens = source.tokens
        self.result = Tokens([], broken=source.broken)
        self.in_oneof: list[bool] = []
        """For each open brace, whether it opens a oneof."""
        self.is_edition = self.tokens[0].type == L.EDITION
        self.is_reserving = False
        """Whether the statement reserves names or numbers."""

    def run(self) -> Tokens:
        """Go through all tokens once."""
        index = 0
        while index < len(self.tokens):
            if index in self.source.gaps:
                # ``setdefault``: if a token was left out, the next one's comments must not replace those before it.
                self.result.gaps.setdefault(len(self.result.tokens), self.source.gaps[index])
            index = self._step(index)
        return self.result

    def _step(self, index: int) -> int:
        """Keep, repair or leave out the token at ``index``; returns the index of the token to go on with."""
        token, kept = self.tokens[index], self.result.tokens
        # Labels and maps are looked for only where a statement may begin: elsewhere these words may be names.
        starts = not kept or kept[-1].type in _BOUNDARIES
        if starts and token.type in _LABELS and (self._is_map(index + 1) or self._is_in_oneof()):
            what = "a map field" if self._is_map(index + 1) else "a field of a oneof"
            self._report(token, f'{what} takes no label: leave out "{token.text}"')
            return index + 1
        if starts and self._is_map(index):
            return self._map(index)
        if starts:
            self.is_reserving = token.type == L.RESERVED
        elif self.is_edition and self.is_reserving:
            self._reserve(token, kept[-1])
        if token.type == L.STREAM and len(kept) > 1 and kept[-1].type == L.STREAM and kept[-2].type == L.L_PAREN:
            token.type = L.IDENTIFIER  # "stream stream": a message type of that name, which the grammar does not know
        elif token.type == L.L_BRACE:
            self.in_oneof.append(len(kept) > 1 and kept[-2].type == L.ONEOF)
        elif token.type == L.R_BRACE and self.in_oneof:
            self.in_oneof.pop()
        kept.append(token)
        return index + 1

    def _reserve(self, token: Token, before: Token) -> None:
        """Make of a name that an edition reserves, without quotes, what the grammar knows: a string."""
        if token.type in _WORDS and before.type in (L.RESERVED, L.COMMA):
            token.type, token.text = L.STRING_LITERAL, f'"{token.text}"'
        elif token.type == L.STRING_LITERAL:
            self._report(token, f"editions reserve names without quotes: write reserved {token.text[1:-1]};")

    def _is_in_oneof(self) -> bool:
        return bool(self.in_oneof) and self.in_oneof[-1]

    def _is_map(self, index: int) -> bool:
        return self._type(index) == L.MAP and self._type(index + 1) == L.L_ANGLE

    def _type(self, index: int) -> int:
        return self.tokens[min(index, len(self.tokens) - 1)].type

    def _map(self, index: int) -> int:
        """Repair ``map<key`` at ``index``, where the grammar allows only scalars as keys.

        Any other key type becomes one token that passes for a scalar. The linker then refuses it by name.
        """
        first = last = index + 2
        while self._type(last) in _NAME:
            last += 1
        if last == first or self._type(last) != L.COMMA:
            self.result.tokens.append(self.tokens[index])
            return index + 1
        key = self.tokens[first]
        key.text = "".join(token.text for token in self.tokens[first:last])
        # The keyword ``string``, which the grammar takes for a key; the text stays what the user wrote.
        key.type = L.STRING
        self.result.tokens += (*self.tokens[index:first], key)
        return self._map_in_oneof(index, last) if self._is_in_oneof() else last

    def _map_in_oneof(self, index: int, last: int) -> int:
        """Report ``map<key, value>`` in a oneof, and turn it into a field of type string."""
        end = last + 1
        while self._type(end) in _NAME:
            end += 1
        if self._type(end) != L.R_ANGLE:
            return last
        self._report(self.tokens[index], "a oneof cannot hold a map: put the map into a message of its own")
        # The three tokens ``map``, ``<`` and the key become one, so that the field parses, and what follows is checked.
        self.result.tokens[-3:] = [self.tokens[index + 2]]
        self.tokens[index + 2].text = "string"
        return end + 1

    def _report(self, token: Token, message: str) -> None:
        self.mistakes.report(place(self.path, token), message)
