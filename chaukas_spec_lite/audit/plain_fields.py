"""Regular expressions for what most of an event consists of: plain fields in their canonical form, side by side.

They are the short way of ``canonical_walk``: one call takes what would be a step for each field. What they match is in
its canonical form. What they do not match may be, too: long texts, texts beyond ASCII, fields of a oneof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

from chaukas_spec_lite.wire.fields import TIMESTAMP
from chaukas_spec_lite.wire.format import varint

_LENGTHS = 36, 71, *range(1, 36), *range(37, 41), *range(83, 88)
"""Of the texts that are matched: ids and hashes first, as they are tried in this order; what chains begin with last."""


def _bytes(text: str) -> str:
    return "".join(f"\\x{ord(each):02x}" for each in text)


def _texts(before: str = "") -> str:
    """A text behind its length; before both, if that is named, a tag and the length of all behind itself."""
    lengths = ((_bytes(chr(n + 2) + before) if before else "", n) for n in _LENGTHS)
    return "|".join(rf"{head}{_bytes(chr(n))}[\x00-\x7f]{{{n}}}" for head, n in lengths)


_DOUBLE = r"(?:.{6}[\x00-\xef].|.{7}[\x00-\x7e\x80-\xfe])"
"""What is no number is left out: it has several encodings."""
_VALUES = {
    "string": _texts(),
    "int32": r"[\x80-\xff]{0,3}[\x01-\x7f]",
    "enum": r"[\x01-\x7f]",
    "bool": r"\x01",
    "double": r"(?!\x00{8})" + _DOUBLE,
    # Of our years, with nanoseconds that are many: of five bytes in three quarters of all cases, else of four.
    TIMESTAMP: r"\x0c\x08[\x80-\xff]{4}[\x01-\x7f]\x10[\x80-\xff]{4}[\x01-\x03]"
    r"|\x0b\x08[\x80-\xff]{4}[\x01-\x7f]\x10[\x80-\xff]{3}[\x01-\x7f]",
}
KINDS = frozenset(_VALUES)
"""The kinds of fields that can be matched."""

_VALUE_TEXT = "\x1a"
"""The tag of a text in a value of a Struct."""
_VALUE = rf"(?:{_texts(_VALUE_TEXT)}|\x09\x11{_DOUBLE}|\x02(?:\x20[\x00\x01]|\x08\x00))"
"""A plain value of a Struct, behind its length."""
STRUCT_ENTRY = re.compile(
    rf"\x0a[\x00-\x7f]\x0a({_texts()})\x12(?:{_VALUE}|[\x00-\x7f]([\x2a\x32])[\x00-\x7f])".encode(), re.DOTALL
)
"""An entry of a Struct, but that lengths are any: with a plain value, or up to the content of a Struct or list in it.

Its groups are the key behind its length, and the tag of the Struct or list.
"""
LIST_VALUES = re.compile(rf"(?:\x0a{_VALUE})*".encode(), re.DOTALL)
"""Plain values of a list side by side, as many as there are."""

Plain: TypeAlias = "Callable[[bytes, int, int], re.Match[bytes]]"
"""Matches plain fields between two places, as many as there are, perhaps none."""


PlainText: TypeAlias = "Callable[[str], re.Match[str]]"
"""Matches plain fields at the beginning of a text, in which each character stands for a byte."""


def plain_fields(fields: Iterable[tuple[int, str]]) -> Plain:
    """Make what matches fields of a message in their order; each has a group, and may be there or not.

    Args:
        fields: The tag and the kind of each. None of them repeats, or is in a oneof.
    """
    return cast("Plain", re.compile(_expression(fields).encode(), re.DOTALL).match)


def plain_text(fields: Iterable[tuple[int, str]]) -> PlainText:
    """Make the same for a text: its groups are texts, which need not be decoded one by one."""
    return cast("PlainText", re.compile(_expression(fields), re.DOTALL).match)


def _expression(fields: Iterable[tuple[int, str]]) -> str:
    # A choice with nothing in it takes half the time of a question mark.
    return "".join(rf"(?:{_bytes(varint(tag))}({_VALUES[kind]})|)" for tag, kind in fields)
