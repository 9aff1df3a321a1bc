"""The values of number and string literals, as protoc reads them."""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r"""
    \\(?: [xX]([0-9A-Fa-f]{1,2}) | ([0-7]{1,3})
    | (?:u|U0000)([dD][89ABab][0-9A-Fa-f]{2})\\u([dD][C-Fc-f][0-9A-Fa-f]{2}) # the halves of a surrogate pair
    | u([0-9A-Fa-f]{4}) | U([0-9A-Fa-f]{8}) | (.) )
    """,
    re.VERBOSE | re.DOTALL,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

TOO_MANY_DIGITS = 1 << 128
"""Stands for every integer literal that is too long to be converted: it is beyond the limits of all numbers.

Converting takes time that grows with the square of the length, and Python refuses more than 4,300 digits.
"""


def integer(literal: str) -> int:
    """The value of a decimal, octal (``010``) or hexadecimal (``0x10``) literal, with or without a minus sign."""
    sign, digits = (-1, literal[1:]) if literal.startswith("-") else (1, literal)
    if digits[:2] in ("0x", "0X"):
        digits, base = digits[2:], 16
    else:
        base = 8 if digits.startswith("0") else 10
    # Leading zeros do not make a number large.
    digits = digits.lstrip("0") or "0"
    return sign * (int(digits, base) if len(digits) < 40 else TOO_MANY_DIGITS)


def string(*literals: str) -> str:
    """The text of adjacent string literals, quotes included.

    They are joined as bytes before they are decoded, because one literal may end in the middle of a character.

    Raises:
        ValueError: If their bytes are not UTF-8.
    """
    return b"".join(_bytes(literal[1:-1]) for literal in literals).decode("utf-8")


def _bytes(body: str) -> bytes:
    parts: list[bytes] = []
    end = 0
    for escape in _ESCAPE.finditer(body):
        parts += (body[end : escape.start()].encode(), _unescape(escape))
        end = escape.end()
    return b"".join((*parts, body[end:].encode()))


def _unescape(escape: re.Match[str]) -> bytes:
    hexadecimal, octal, high, low, short, long, simple = escape.groups()
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if octal:
        return bytes([int(octal, 8) & 0xFF])  # three octal digits can have nine bits; protoc keeps eight
    if high and low:
        return bytes.fromhex(high + low).decode("utf-16-be").encode()
    if short or long:
        return chr(int(short or long, 16)).encode()
    return _SIMPLE.get(simple, simple).encode()
