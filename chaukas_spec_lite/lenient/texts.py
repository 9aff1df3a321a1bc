"""Texts as they can be written: no lone surrogates, hashes for media where that is wanted, and cut to a length."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any, TypeGuard

from chaukas_spec_lite.lenient.notes import Notes

SHORT = 200
"""TextWriter of up to so many bytes are never cut: ids, names, addresses."""

_DATA_URL = re.compile(r"data:([\w.+-]*/?[\w.+-]*)(?:;[\w.+-]+=[\w.+-]*)*;base64,([A-Za-z0-9+/_-]+={0,2})", re.ASCII)
_MEDIA = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp or audio/wav",
    b"%PDF": "application/pdf",
    b"ID3": "audio/mpeg",
    b"OggS": "audio/ogg",
}
"""How well-known kinds of files begin."""


def is_binary(value: object) -> TypeGuard[bytes | bytearray | memoryview[int]]:
    """Whether a value is bytes or a view of some."""
    return issubclass(type(value), (bytes, bytearray, memoryview))


class TextWriter:
    """One way through the texts of a message."""

    def __init__(self, notes: Notes, longest: int | None, media: int | None) -> None:
        self._notes = notes
        self._longest = longest
        self._media = media
        self.sizes: list[int] = []
        """How many bytes each text has that may be cut."""

    def made(self, text: str) -> str:
        """Make a text that can be written, and is not too long."""
        if len(text) <= SHORT and text.isascii():
            return text
        text = self.clean(text)
        if self._media is not None and len(text) > self._media:
            text = self._without_media(text)
        return self._cut(text)

    def clean(self, text: str) -> str:
        """Write lone surrogates as escapes, backslash and ``ud800``: nothing else would keep them apart."""
        try:
            text.encode()
        except UnicodeEncodeError as error:
            escape = text[error.start].encode(errors="backslashreplace").decode()
            self._notes.tell(
                f"half of a surrogate pair, at index {error.start} of the text, became its escape, {escape}"
            )
            return text.encode(errors="backslashreplace").decode()
        return text

    def of_bytes(self, value: Any) -> str:
        """Make text of bytes where text is expected: what they say in UTF-8, or base64."""
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()

    def hash_of(self, value: bytes | bytearray | memoryview[int]) -> str | None:
        """Return what stands in a Struct for bytes that are too large; None if they are not, or all are wanted."""
        if self._media is None or len(bytes(value)) <= self._media:
            return None
        return self._replaced("bytes", bytes(value))

    def data(self, value: bytes) -> bytes:
        """Make the value of a bytes field; what is too long is left out, since nobody could read a part of it."""
        size = len(value)
        if size > SHORT:
            self.sizes.append(size)
            if self._longest is not None and size > self._longest:
                self._notes.lose(f"bytes of length {size:,} were left out, as the event is too large")
                return b""
        return value

    def _cut(self, text: str) -> str:
        encoded = text.encode()
        size = len(encoded)
        if size <= SHORT:
            return text
        self.sizes.append(size)
        if self._longest is None or size <= self._longest:
            return text
        mark = f"... [cut: {size:,} bytes]"
        kept = encoded[: max(self._longest - len(mark), 0)].decode(errors="ignore")
        self._notes.lose(f"text of {size:,} bytes was cut to {len(kept.encode()):,}, as the event is too large")
        return kept + mark

    def _without_media(self, text: str) -> str:
        if "base64," in text:
            return _DATA_URL.sub(self._url, text)
        # The head first: most texts are no base64, and decoding all of one takes time.
        head = _content(text[:16])
        kind = head and next((kind for begin, kind in _MEDIA.items() if head.startswith(begin)), None)
        content = _content(text) if kind else None
        return self._replaced(kind, content) if kind and content and self._is_large(content) else text

    def _url(self, found: re.Match[str]) -> str:
        content = _content(found[2])
        if content is None or not self._is_large(content):
            return found[0]
        return self._replaced(found[1] or "text/plain", content)

    def _is_large(self, content: bytes) -> bool:
        return self._media is not None and len(content) > self._media

    def _replaced(self, kind: str, content: bytes) -> str:
        self._notes.tell(f"{kind} of {len(content):,} bytes became its size and SHA-256, as it is above media_bytes")
        return f"[{kind}, {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}]"


def _content(text: str) -> bytes | None:
    """Decode base64, of either alphabet and with or without padding; None if it is none."""
    text = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def longest_that_fit(sizes: list[int], excess: int) -> int:
    """Find to which length the longest texts have to be cut, so that all together lose ``excess`` bytes.

    Args:
        sizes: How many bytes each text has.
        excess: How many bytes have to go.

    Returns:
        The length in bytes; ``SHORT`` if cutting alone is not enough.
    """
    ordered = sorted(sizes, reverse=True)
    gone = 0  # what goes if the texts so far are cut to the length of the next
    for count, size in enumerate(ordered, 1):
        below = ordered[count] if count < len(ordered) else SHORT
        more = count * (size - below)
        if gone + more >= excess:
            # -(-a // b) rounds up.
            return max(SHORT, size - -(-(excess - gone) // count))
        gone += more
    return SHORT
