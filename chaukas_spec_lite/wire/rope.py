"""Long content on its way out, in pieces, so that it is copied once and not at every level it stands in.

Encoders build latin-1 text (see ``wire``) and put each message's into the one around it. For most content that costs
less than anything else; what is long becomes a rope, which takes what stands before and behind it as further pieces.
It is the counterpart of ``window``.
"""

from __future__ import annotations

from typing import TypeAlias

from chaukas_spec_lite.wire.format import LONG, varint


class Rope:
    """Latin-1 text in pieces, with what encoders need of a ``str``. Whoever adds one to something gives it away."""

    __slots__ = ("_pieces", "_size")

    def __init__(self, content: str) -> None:
        self._pieces = [content]
        self._size = len(content)

    def __len__(self) -> int:
        """Count the characters, which are bytes."""
        return self._size

    def __add__(self, after: Text) -> Rope:
        """Take what stands behind."""
        if isinstance(after, Rope):
            self._pieces += after._pieces
        else:
            self._pieces.append(after)
        self._size += len(after)
        return self

    def __radd__(self, before: str) -> Rope:
        """Take what stands before."""
        self._pieces.insert(0, before)
        self._size += len(before)
        return self

    def __str__(self) -> str:
        """Put the pieces together."""
        return "".join(self._pieces)

    def encode(self, encoding: str) -> bytes:
        """Put the pieces together, as bytes."""
        return "".join(self._pieces).encode(encoding)


Text: TypeAlias = "str | Rope"
"""What encoders return."""


def long(content: Text) -> Text:
    """Make a rope of content that is long, unless it is one."""
    return Rope(content) if len(content) >= LONG and isinstance(content, str) else content


def sized(tag: str, content: Text) -> Text:
    """Write a field whose content may be long: behind its tag and its length."""
    return f"{tag}{varint(len(content))}" + long(content)
