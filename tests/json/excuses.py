"""Which refusals of ours, and which of the reference's, are meant: by what was refused, not only by the words for it.

Each row stands for rows of differences.py; a refusal counts as meant only if the value at its path is of the kind that
the row speaks of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

_STEP = re.compile(r"\.([A-Za-z_@][A-Za-z_@0-9]*)|\[(\d+)\]|\[(\"(?:[^\"\\]|\\.)*\")\]")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BASE64 = re.compile(r"([A-Za-z0-9+/_-]{4})*([A-Za-z0-9+/_-]{2}(==)?|[A-Za-z0-9+/_-]{3}=?)?")
_DURATION = re.compile(r"-?[0-9]+(\.[0-9]{1,9})?s")
_TIME = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
_LARGEST_FLOAT = 3.4028235677973366e38

_MEANT: list[tuple[str, Callable[[Any], bool]]] = [
    ("is no base64", lambda value: not _BASE64.fullmatch(value)),
    ("is no duration", lambda value: not _DURATION.fullmatch(value)),
    ("is no timestamp", lambda value: not _TIME.fullmatch(value)),
    ("is no type URL", lambda value: "/" not in value["@type"] if isinstance(value, dict) else "/" not in value),
    ("is out of range for int32", lambda value: not -(2**31) <= float(value) < 2**31),
    ("is too large for a", lambda value: abs(float(value)) >= _LARGEST_FLOAT),
    ("expected an? (number|integer)", lambda value: not _is_number(value)),
    ("expected the name or number", lambda value: isinstance(value, bool) or not isinstance(value, int)),
    ("expected an object", lambda value: not isinstance(value, dict)),
    ("this key is given twice", lambda value: True),
    ("are both given", lambda value: True),
]


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_NUMBER.fullmatch(value)) or value in ("NaN", "Infinity", "-Infinity")
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def value_at(document: Any, path: str) -> Any:
    """The value that a JSON path names."""
    assert path.startswith("$")
    assert _STEP.sub("", path[1:]) == "", path
    for name, index, key in _STEP.findall(path):
        document = document[name] if name else document[int(index)] if index else document[json.loads(key)]
    return document


def only_ours_refuse(document: Any, path: str, message: str) -> bool:
    """Whether it is meant that we refuse a document that the reference takes."""
    return any(re.search(words, message) and kind(value_at(document, path)) for words, kind in _MEANT)


def only_theirs_refuse(document: Any, ignoring: bool) -> bool:
    """Whether it is known that the reference refuses this document, which we take.

    It does not read every null that it writes, nor the largest float; half of a surrogate pair we refuse where a value
    is read, and not where it is ignored.
    """
    for value in _walk(document):
        if value is None or (isinstance(value, float) and 3.4028234e38 < abs(value) < _LARGEST_FLOAT):
            return True
        if ignoring and isinstance(value, str) and any(0xD800 <= ord(char) < 0xE000 for char in value):
            return True
    return False


def read_more_exactly(document: Any) -> bool:
    """Whether there is an integer with a point or an exponent in it that a double does not hold, as the reference's."""
    return any(map(_is_inexact, _walk(document)))


def _is_inexact(value: Any) -> bool:
    text = repr(value) if isinstance(value, float) else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(text) or not set(text) & {".", "e", "E"}:
        return False
    exact = Decimal(text)
    return abs(exact) < 1 << 64 and exact == exact.to_integral_value() and exact != int(float(text))


def _walk(document: Any) -> Iterator[Any]:
    yield document
    inner = [*document, *document.values()] if isinstance(document, dict) else document
    for value in inner if isinstance(inner, list) else []:
        yield from _walk(value)
