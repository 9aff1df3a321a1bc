"""Texts as they can be written: no lone surrogates, hashes for media where that is wanted, and cut to a length."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from chaukas_spec_lite.lenient.notes import Notes

SHORT = 200
"""TextWriter of up to so many bytes are never cut: ids, names, addresses."""

_DATA_URL = re.compile(r"data:([\w.+-]*/?[\w.+-]*)(?:;[\w.+-]+=[\w.+-]*)*;base64,([A-Za-z0-9+/_-]+={0,2})", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}", re.ASCII)
_MEDIA = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp or audio/wav",
    "Qk": "image/bmp",
    "JVBERi0": "application/pdf",
    "SUQz": "audio/mpeg",
    "T2dnUw": "audio/ogg",
    "AAAA": "video/mp4",
}
"""How the base64 of well-known kinds of files begins."""


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
            self._notes.tell(f"a lone surrogate at index {error.start} became its escape")
            return text.encode(errors="backslashreplace").decode()
        return text

    def of_bytes(self, value: Any) -> str:
        """Make text of bytes where text is expected: what they say in UTF-8, or base64."""
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()

    def data(self, value: bytes) -> bytes:
        """Make the value of a bytes field; what is too long is left out, since nobody could read a part of it."""
        size = len(value)
        if self._media is not None and size > self._media:
            self._notes.tell(f"{size:,} bytes became their hash")
            return _replaced("application/octet-stream", value).encode()
        if size > SHORT:
            self.sizes.append(size)
            if self._longest is not None and size > self._longest:
                self._notes.tell(f"{size:,} bytes left out: the event is too large")
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
        self._notes.tell(f"text of {size:,} bytes cut to {len(kept.encode()):,}: the event is too large")
        return kept + mark

    def _without_media(self, text: str) -> str:
        assert self._media is not None
        least = self._media
        if "base64," in text:
            return _DATA_URL.sub(lambda found: self._url(found, least), text)
        kind = next((kind for head, kind in _MEDIA.items() if text.startswith(head)), None)
        content = _content(text) if kind and _BASE64.fullmatch(text.replace("\n", "")) else None
        if kind is None or content is None or len(content) <= least:
            return text
        self._notes.tell(f"{kind} of {len(content):,} bytes became its hash")
        return _replaced(kind, content)

    def _url(self, found: re.Match[str], least: int) -> str:
        content = _content(found[2])
        if content is None or len(content) <= least:
            return found[0]
        self._notes.tell(f"{found[1] or 'data'} of {len(content):,} bytes became its hash")
        return _replaced(found[1] or "text/plain", content)


def _content(text: str) -> bytes | None:
    """Decode base64, of either alphabet and with or without padding; None if it is none."""
    text = text.replace("\n", "").rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _replaced(kind: str, content: bytes) -> str:
    return f"[{kind}, {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}]"


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
