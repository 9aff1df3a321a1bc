"""Which verdicts are meant to differ from the reference's: by what was refused or read, not only by the words for it.

Each excuse stands for rows of differences.py, under a name that says which; test_differences.py holds that every row
has its excuse, and every excuse a row.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.enums import is_null_value
from chaukas_spec_lite.wire.fields import VALUE, FieldData, fields_of
from tests.generated import everything

_STEP = re.compile(r"\.([A-Za-z_@][A-Za-z_@0-9]*)|\[(\d+)\]|\[(\"(?:[^\"\\]|\\.)*\")\]")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_BASE64 = re.compile(r"([A-Za-z0-9+/_-]{4})*([A-Za-z0-9+/_-]{2}(==)?|[A-Za-z0-9+/_-]{3}=?)?")
_DURATION = re.compile(r"-?[0-9]+(\.[0-9]{1,9})?s")
_TIME = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])")
_EXTENSION = re.compile(r"\[[a-zA-Z0-9._]*\]$")
_LARGEST_FLOAT = 3.4028235677973366e38
_LEVELS = 50
"""So many levels of JSON the reference takes, whatever they are."""
_DEEP = "messages nested 100 deep"
_IGNORED_NUMBER = "an enum's number in a string, ignored"


class MinusZero(int):
    """What ``parsed`` makes of ``-0``, which is no int."""


class Place(NamedTuple):
    """A value that was refused, and where it stood."""

    value: Any
    around: Any
    """The object or array that it is in."""
    step: Any
    """Its name or index there."""
    levels: int
    """How many steps lead to it."""


def _like_a_number(text: Any) -> bool:
    """Whether Python reads a number in a string."""
    try:
        return isinstance(text, str) and float(text) is not None
    except ValueError:
        return False


def _no_number(value: Any) -> bool:
    return value is True or value is False or (_like_a_number(value) and not _NUMBER.fullmatch(value))


def _no_integer(value: Any) -> bool:
    """Whether it is an integer for Python only, or a fraction that a double does not tell from one, or an enum."""
    if isinstance(value, float):
        return not value.is_integer()
    if not _like_a_number(value):
        return False
    return not _NUMBER.fullmatch(value) or (float(value).is_integer() and not _is_whole(value))


def _is_whole(text: str) -> bool:
    try:
        return Decimal(text) == Decimal(text).to_integral_value()
    except InvalidOperation:  # an exponent of more than 18 digits
        return "-" not in text[1:]


def _int_reads(text: Any) -> bool:
    try:
        return isinstance(text, str) and int(text) is not None
    except ValueError:
        return False


def _is_inexact(value: Any) -> bool:
    """Whether it is an integer with a point or an exponent that a double does not hold, as the reference's."""
    text = repr(value) if isinstance(value, float) else value
    if not isinstance(text, str) or not _NUMBER.fullmatch(text) or not set(text) & {".", "e", "E"}:
        return False
    if abs(float(text)) >= 1 << 64 or float(text) == 0:
        return False
    exact = Decimal(text)
    return exact == exact.to_integral_value() and exact != int(float(text))


def _has_surrogate(value: Any) -> bool:
    return isinstance(value, str) and any(0xD800 <= ord(char) < 0xE000 for char in value)


def _key_twice(place: Place) -> bool:
    return any(other != place.step and Decimal(other) == Decimal(place.step) for other in place.around)


def _other_spelling(place: Place) -> bool:
    plain = place.step.replace("_", "").lower()
    return any(other != place.step and other.replace("_", "").lower() == plain for other in place.around)


def _no_url(url: Any) -> bool:
    return isinstance(url, str) and not url.rpartition("/")[0]


ONLY_OURS: dict[str, Callable[[Place], bool]] = {
    "is given twice, as": _other_spelling,
    "this key is given twice": _key_twice,
    "are both given": lambda place: None in place.around.values(),
    "is no base64": lambda place: not _BASE64.fullmatch(place.value),
    "is no duration": lambda place: not _DURATION.fullmatch(place.value),
    "is no timestamp": lambda place: not _TIME.fullmatch(place.value),
    "is no type URL": lambda place: _no_url(place.value),
    "is out of range for int32": lambda place: not isinstance(place.value, str) and not -(2**31) <= place.value < 2**31,
    # It looks at what is written with a point or an exponent alone.
    "is too large for a": lambda place: type(place.value) is not float and abs(float(place.value)) >= _LARGEST_FLOAT,
    "expected a number": lambda place: _no_number(place.value),
    "expected an integer": lambda place: _no_integer(place.value) or _no_integer(place.step),
    "expected the name or number": lambda place: isinstance(place.value, (bool, float)),
    "has no value": lambda place: _int_reads(place.value),
    "expected an object": lambda place: isinstance(place.value, (str, list)),
    "has only @type and value": lambda place: set(place.around) > {"@type", "value"},
    "in a google.protobuf.Value has no JSON": lambda place: not math.isfinite(place.value),
    "is no JSON; use the string": lambda place: any(map(_is_infinite_or_nan, _walk(place.value))),
    "nested deeper than": lambda place: place.levels > 30,
}
"""What we alone refuse: words of the error, and what the value that it names has to be."""

ONLY_OURS_WRITING: dict[str, str] = {
    "a Value of no kind": r"a google.protobuf.Value of no kind has no JSON",
    "a comma in a path": r"the path '[^']*,.*' has no JSON",
    "a type's URL without a slash behind something": r"'/?[^/]*' is no type URL",
}
"""What we alone refuse to write: a pattern of the error."""


def parsed(text: str | bytes) -> Any:
    """What JSON text holds, with ``-0`` marked."""
    return json.loads(text, parse_int=lambda digits: MinusZero() if digits == "-0" else int(digits))


def place_of(document: Any, path: str) -> Place:
    """The value that a JSON path names."""
    assert path.startswith("$")
    assert _STEP.sub("", path[1:]) == "", path
    place = Place(document, None, None, 0)
    for name, index, key in _STEP.findall(path):
        step = name if name else int(index) if index else json.loads(key)
        place = Place(place.value[step], place.value, step, place.levels + 1)
    return place


def only_ours_refuse(document: Any, path: str, message: str) -> str | None:
    """The excuse for our refusing a document that the reference takes."""
    place = place_of(document, path)
    return next((words for words, meant in ONLY_OURS.items() if words in message and meant(place)), None)


def only_ours_refuse_to_write(message: str) -> str | None:
    """The excuse for our refusing to write a message that the reference writes."""
    return next((name for name, words in ONLY_OURS_WRITING.items() if re.search(words, message)), None)


def _null_among(field: FieldData, value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return _is_null(field) and field.label in ("repeated", "map") and None in inner


def _null_for_all(field: FieldData, value: Any) -> bool:
    return value is None and field.label == "repeated" and (field.kind == VALUE or _is_null(field))


def _ignored_surrogates(field: FieldData, value: Any) -> bool:
    return field.kind == "enum" and any(map(_has_surrogate, _walk(value)))


ONLY_THEIRS: dict[str, Callable[[FieldData, Any], bool]] = {
    "null among NullValues": _null_among,
    "null for a repeated Value": _null_for_all,
}
"""What the reference alone refuses, by the field and its value; it reads not every null that it writes."""

ONLY_THEIRS_IGNORING: dict[str, Callable[[FieldData, Any], bool]] = {
    "an enum's name that is no text": _ignored_surrogates
}
"""The same where unknown fields and names are ignored."""

ONLY_THEIRS_IGNORED: dict[str, Callable[[str], bool]] = {
    "a field's name that is no text": _has_surrogate,
    "a field's name in brackets": lambda name: bool(_EXTENSION.match(name)),
}
"""The same by names of fields that are ignored."""

ONLY_THEIRS_ANYWHERE: dict[str, Callable[[Any], bool]] = {
    "the largest float": lambda value: isinstance(value, float) and 3.4028234e38 < abs(value) < _LARGEST_FLOAT,
}
"""The same by values, whatever the field."""


def only_theirs_refuse(cls: type[Message], document: Any, *, ignoring: bool) -> str | None:
    """The excuse for the reference's refusing a document that we take."""
    by_field = ONLY_THEIRS | (ONLY_THEIRS_IGNORING if ignoring else {})
    for field, name, value in _fields(cls, document):
        if field is not None:
            found = next((excuse for excuse, meant in by_field.items() if meant(field, value)), None)
        else:
            found = next((excuse for excuse, meant in ONLY_THEIRS_IGNORED.items() if ignoring and meant(name)), None)
        if found:
            return found
    for excuse, meant in ONLY_THEIRS_ANYWHERE.items():
        if any(map(meant, _walk(document))):
            return excuse
    return _DEEP if _levels(document) > _LEVELS else None


VALUES: dict[str, Callable[[Any], bool]] = {
    "read more exactly": _is_inexact,
    "minus zero": lambda value: isinstance(value, MinusZero),
}
"""What both take and read as something else, by values."""


def read_otherwise(cls: type[Message], document: Any, *, ignoring: bool) -> str | None:
    """The excuse for our reading something else than the reference in a document that both take."""
    for excuse, meant in VALUES.items():
        if any(map(meant, _walk(document))):
            return excuse
    if ignoring:
        for field, _, value in _fields(cls, document):
            if field is not None and field.kind == "enum" and any(map(_int_reads, _walk(value))):
                return _IGNORED_NUMBER
    return None


NAMES = [
    *ONLY_OURS,
    *ONLY_OURS_WRITING,
    *ONLY_THEIRS,
    *ONLY_THEIRS_IGNORING,
    *ONLY_THEIRS_IGNORED,
    *ONLY_THEIRS_ANYWHERE,
    _DEEP,
    *VALUES,
    _IGNORED_NUMBER,
]
"""Every excuse."""


def _is_infinite_or_nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _is_null(field: FieldData) -> bool:
    return field.kind == "enum" and is_null_value(field.cls)


def _levels(document: Any) -> int:
    deepest, rest = 0, [(document, 1)]
    while rest:
        value, level = rest.pop()
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        deepest = max(deepest, level)
        rest += [(one, level + 1) for one in inner]
    return deepest


def _fields(cls: type[Message], document: Any) -> Iterator[tuple[FieldData | None, str, Any]]:
    """Every member of every message in a document: its field, or None if it is unknown, its name and its value."""
    if not isinstance(document, dict):
        return
    known = {field.json_name: field for field in fields_of(cls)} | {field.proto_name: field for field in fields_of(cls)}
    for name, value in document.items():
        field = known.get(name)
        yield field, name, value
        if field is not None and field.kind == "message":
            is_map = field.label == "map" and isinstance(value, dict)
            for one in value.values() if is_map else value if isinstance(value, list) else [value]:
                yield from _fields(_held(field.cls, one), one)


def _held(cls: type[Message], document: Any) -> type[Message]:
    """The class of what a document is the content of: that of the field, or for an Any what this one holds."""
    if cls._full_name != "google.protobuf.Any" or not isinstance(document, dict):
        return cls
    name = str(document.get("@type")).rpartition("/")[2]
    return everything().get(name.removeprefix("everything.v1."), cls)


def _walk(document: Any) -> Iterator[Any]:
    yield document
    inner = [*document, *document.values()] if isinstance(document, dict) else document
    for value in inner if isinstance(inner, list) else []:
        yield from _walk(value)
