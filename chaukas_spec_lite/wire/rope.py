"""Writing long content in pieces, so that it is copied once and not at every level of nesting.

Encoders build latin-1 text (``wire.format`` says why), and the text of a message becomes part of the text of the
message around it: each level copies it. That is the fastest way for short content. Long content becomes a rope, a list
of pieces to which the levels around only add theirs. ``wire.window`` does this for reading.
"""

from __future__ import annotations

from typing import TypeAlias

from chaukas_spec_lite.wire.format import LONG, varint


class Rope:
    """Latin-1 text in pieces, with as much of the interface of ``str`` as encoders use.

    Adding text before or behind changes the rope and returns it, which ``str`` never does. That is safe here, because a
    rope belongs to the one message that is being written.
    """

    __slots__ = ("_pieces", "_size")

    def __init__(self, content: str) -> None:
        self._pieces = [content]
        self._size = len(content)

    def __len__(self) -> int:
        """Count the characters, which are bytes."""
        return self._size

    def __add__(self, after: Text) -> Rope:
        """Append text or the pieces of another rope."""
        if isinstance(after, Rope):
            # The pieces of the other rope, not its text: joining happens once, at the end.
            self._pieces += after._pieces
        else:
            self._pieces.append(after)
        self._size += len(after)
        return self

    def __radd__(self, before: str) -> Rope:
        """Prepend text."""
        # This moves the other pieces by one place: pointers, and no text.
        self._pieces.insert(0, before)
        self._size += len(before)
        return self

    def __str__(self) -> str:
        """Join the pieces."""
        return "".join(self._pieces)

    def encode(self, encoding: str) -> bytes:
        """Join the pieces and encode them."""
        return "".join(self._pieces).encode(encoding)


Text: TypeAlias = "str | Rope"
"""What encoders return."""


def long(content: Text) -> Text:
    """Make a rope of text that is long; short text and ropes stay as they are."""
    return Rope(content) if len(content) >= LONG and isinstance(content, str) else content


def sized(tag: str, content: Text) -> Text:
    """Write a length-delimited field whose content may be long: tag, length, content."""
    return f"{tag}{varint(len(content))}" + long(content)
