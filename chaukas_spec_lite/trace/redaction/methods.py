"""What stands in a secret's place: a mark, a mark with a hash, or nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.misspelt import nearest
from chaukas_spec_lite.settings import shown

RECORDED = {"mask": "mask", "hash": "hash", "remove": "drop"}
"""The methods, and what the schema calls each in ``RedactionInfo.method``."""
MARK = "[redacted"
"""How each mark begins."""
SALT_LEAST = 16
_HASH_LENGTH = 32
"""How many hexadecimal digits are written of a hash: 128 bits tell any two secrets apart."""


class _RemovedType:
    """Stands for a value that is to be left out of the dict or list that it is in."""

    def __repr__(self) -> str:
        return "REMOVED"


REMOVED: Final = _RemovedType()


class Replacing:
    """One method, with its salt.

    Args:
        method: ``mask``, ``hash`` or ``remove``.
        salt: The secret of the hashes.
        salt_id: What the salt is called in events.
        names: The categories that may stand in a mark.
    """

    __slots__ = ("_key", "_mark", "method", "salt_id")

    def __init__(self, method: object, salt: object, salt_id: object, names: Iterable[str]) -> None:
        if not isinstance(method, str):
            raise SettingTypeError("method", f"has to be one of {', '.join(RECORDED)}, not {shown(method)}")
        if method not in RECORDED:
            near = "remove" if method == "drop" else nearest(method, RECORDED)
            hint = f"; did you mean {near!r}?" if near else ""
            raise SettingError("method", f"has to be one of {', '.join(RECORDED)}, not {shown(method)}{hint}")
        if not isinstance(salt_id, str):
            raise SettingTypeError("salt_id", f"has to be a str, not {shown(salt_id)}")
        self.method = method
        self.salt_id = salt_id
        self._key = _key(salt, salt_id, method)
        either = "|".join(sorted(map(re.escape, set(names)), key=len, reverse=True))
        # Only what a Redactor writes: other text in brackets may hold a secret.
        self._mark = re.compile(rf"\[redacted(?: (?:{either}))?(?: [0-9a-f]{{{_HASH_LENGTH}}})?\]")

    def is_mark(self, text: str) -> bool:
        """Whether a text is a mark and nothing else."""
        return text.startswith(MARK) and self._mark.fullmatch(text) is not None

    def without_marks(self, text: str) -> str:
        """Return a text of the same length in which NUL stands for each character of a mark."""
        return self._mark.sub(lambda found: "\0" * len(found[0]), text) if MARK in text else text

    def part(self, secret: str, category: str, normal: Callable[[str], str] | None) -> str:
        """Return what stands for a secret within a text."""
        if self.method == "remove":
            return ""
        hashed = f" {self._hash(normal(secret) if normal else secret)}" if self._key else ""
        return f"{MARK} {category}{hashed}]"

    def whole(self, value: Any) -> Any:
        """Return what stands for a value as a whole: text, or ``REMOVED``."""
        if self.method == "remove":
            return REMOVED
        return f"{MARK} {self._hash(_text_of(value))}]" if self._key else f"{MARK}]"

    def _hash(self, text: str) -> str:
        return hmac.new(self._key, text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:_HASH_LENGTH]

    def secret_key(self) -> bytes | None:
        """Return the salt, for a copy of the ``Redactor`` in another process."""
        return self._key or None


def _key(salt: object, salt_id: str, method: str) -> bytes:
    if method != "hash":
        if salt is not None or salt_id:
            name = "salt" if salt is not None else "salt_id"
            raise SettingError(name, f'is for method="hash", and method is {method!r}; leave one of the two out')
        return b""
    if salt is None:
        made = "secrets.token_bytes(32) makes one"
        raise SettingError("salt", f'has to be given for method="hash": {made}, which is kept where other secrets are')
    if not isinstance(salt, (str, bytes)):
        raise SettingTypeError("salt", f"has to be bytes or a str, not {type(salt).__name__} (its value is not shown)")
    key = salt.encode() if isinstance(salt, str) else salt
    if len(key) < SALT_LEAST:
        raise SettingError("salt", f"has to have at least {SALT_LEAST} bytes, not {len(key)}, or hashes can be guessed")
    if not salt_id:
        raise SettingError("salt_id", 'has to name the salt, as salt_id="2026-11": hashes of two salts do not compare')
    return key


def _text_of(value: Any) -> str:
    """Write a value as text, always in the same way; text stays as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as a Struct makes a float of each number
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr)
