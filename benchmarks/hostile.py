"""Adversarial inputs by size: decoding or redacting N bytes of any of them must take time in proportion to N.

Each shape is a function from a count to a piece of work. Whether the input is accepted or refused is for the tests;
here it only may not take long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chaukas_spec_lite import Event, Redactor
from chaukas_spec_lite.errors import CodecError
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.common.v1.query import QueryFilter
from chaukas_spec_lite.trace.redaction import PATTERNS
from chaukas_spec_lite.wire.fields import fields_of
from chaukas_spec_lite.wire.format import LEN, SGROUP, VARINT, varint

Shape = Callable[[int], bytes]
Read = Callable[[Any], object]


def _number(cls: type[Message], name: str) -> int:
    return next(field.number for field in fields_of(cls) if field.name == name)


def _varint(value: int) -> bytes:
    return varint(value).encode("latin-1")


def _delimited(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | LEN) + _varint(len(content)) + content


def _event(name: str, content: bytes) -> bytes:
    return _delimited(_number(Event, name), content)


_UNKNOWN = 5000
_UNKNOWN_FIELD = _varint(_UNKNOWN << 3 | VARINT) + b"\x01"


def _entry(value: bytes) -> bytes:
    return _delimited(1, _delimited(1, b"k") + _delimited(2, value))


_STRUCT_ENTRY = _entry(b"\x1a\x01v")


def _nested_values(levels: int) -> bytes:
    """A Value of lists in lists, deeper than is allowed, in time that is linear: built from the inside."""
    parts: list[bytes] = []
    length = 0
    for _ in range(levels):
        for tag in (b"\x0a", b"\x32"):
            part = tag + _varint(length)
            parts.append(part)
            length += len(part)
    return b"".join(reversed(parts))


def _nested(count: int) -> bytes:
    content = _nested_values(count)
    return _event(
        "metadata", _delimited(1, _delimited(1, b"k") + _delimited(2, b"\x32" + _varint(len(content)) + content))
    )


_DEEPEST = _nested(46)

WIRE: Mapping[str, tuple[type[Message], Shape]] = {
    "nesting without end": (Event, _nested),
    "nesting as deep as allowed, many times": (Event, lambda n: _DEEPEST * n),
    "empty submessages": (Event, lambda n: _event("extensions", b"") * n),
    "empty strings": (Event, lambda n: _event("tags", b"") * n),
    "empty fields in a Struct": (Event, lambda n: _event("metadata", b"\x0a\x00" * n)),
    "an overlong length behind many fields": (
        Event,
        lambda n: _event("tags", b"x") * n + b"\xb2\x01\xff\xff\xff\xff\x07",
    ),
    "overlong lengths inside each field": (Event, lambda n: _event("extensions", b"\x0a\xff\xff\xff\xff\x07") * n),
    "overlong lengths inside Structs": (Event, lambda n: _event("metadata", b"\x0a\xff\xff\xff\xff\x07") * n),
    "a packed field": (QueryFilter, lambda n: _delimited(_number(QueryFilter, "types"), b"\x01" * n)),
    "packed varints of ten bytes": (
        QueryFilter,
        lambda n: _delimited(_number(QueryFilter, "types"), (b"\xff" * 9 + b"\x01") * n),
    ),
    "many packed fields": (QueryFilter, lambda n: _delimited(_number(QueryFilter, "types"), b"\x01\x02") * n),
    "one submessage, again and again": (Event, lambda n: _event("llm_invocation", b"\x0a\x01x") * n),
    "one Struct, again and again": (Event, lambda n: _event("metadata", _STRUCT_ENTRY) * n),
    "one Struct within a submessage, again and again": (
        Event,
        lambda n: _event("llm_invocation", b"\x22" + _varint(len(_STRUCT_ENTRY)) + _STRUCT_ENTRY) * n,
    ),
    "one Timestamp, again and again": (Event, lambda n: _event("timestamp", b"\x08\x01") * n),
    "one string, again and again": (Event, lambda n: _event("event_id", b"abc") * n),
    "one key of a Struct, again and again": (Event, lambda n: _event("metadata", _STRUCT_ENTRY * n)),
    "two members of a oneof in turn": (
        Event,
        lambda n: (_event("message", b"\x0a\x01x") + _event("tool_call", b"\x0a\x01x")) * n,
    ),
    "two kinds of a Value in turn": (Event, lambda n: _event("metadata", _entry(b"\x2a\x00\x32\x00" * n))),
    "unknown fields": (Event, lambda n: _UNKNOWN_FIELD * n),
    "unknown fields between known ones": (Event, lambda n: (_event("event_id", b"a") + _UNKNOWN_FIELD) * n),
    "unknown fields in a submessage": (Event, lambda n: _event("message", _UNKNOWN_FIELD * n)),
    "unknown fields in Structs": (Event, lambda n: _event("metadata", _UNKNOWN_FIELD * n)),
    "unknown groups": (Event, lambda n: (_varint(_UNKNOWN << 3 | SGROUP) + _varint(_UNKNOWN << 3 | SGROUP + 1)) * n),
    "groups without end": (Event, lambda n: _varint(_UNKNOWN << 3 | SGROUP) * n),
    "a group in groups as deep as allowed": (
        Event,
        lambda n: (_varint(_UNKNOWN << 3 | SGROUP) * 90 + _varint(_UNKNOWN << 3 | SGROUP + 1) * 90) * n,
    ),
    "overlong varints": (Event, lambda n: (b"\x38" + b"\xff" * 9 + b"\x01") * n),
    "a varint without end": (Event, lambda n: b"\x38" + b"\xff" * n),
    "overlong tags": (Event, lambda n: b"\x8a\x80\x80\x80\x00\x01a" * n),
    "fields in reverse order": (Event, lambda n: (_event("tags", b"x") + _event("event_id", b"x")) * n),
    "one long string": (Event, lambda n: _event("event_id", b"x" * n)),
    "a long string that is no UTF-8 at its end": (Event, lambda n: _event("event_id", b"x" * n + b"\xff")),
}
"""Shapes of encoded messages, and the class that reads them."""

_KEYS = "{" + ", ".join(f'"k{key}": 1' for key in range(256)) + "}"

JSON: Mapping[str, Callable[[int], str]] = {
    "arrays without end": lambda n: '{"metadata": {"k": ' + "[" * n,
    "nested arrays": lambda n: '{"metadata": {"k": ' + "[" * n + "]" * n + "}}",
    "nested objects": lambda n: '{"metadata": ' + '{"k": ' * n + "1" + "}" * n + "}",
    "nesting as deep as allowed, many times": lambda n: (
        '{"metadata": {"k": [' + ", ".join(["[" * 30 + "]" * 30] * n) + "]}}"
    ),
    "many keys": lambda n: '{"metadata": {' + ", ".join(f'"k{key}": 1' for key in range(n)) + "}}",
    "objects of many keys": lambda n: '{"metadata": {"k": [' + ", ".join([_KEYS] * n) + "]}}",
    "one key, again and again": lambda n: '{"metadata": {' + ", ".join(['"k": 1'] * n) + "}}",
    "one field, again and again": lambda n: "{" + ", ".join(['"eventId": "x"'] * n) + "}",
    "unknown fields": lambda n: "{" + ", ".join(f'"k{key}": 1' for key in range(n)) + "}",
    "empty submessages": lambda n: '{"tags": [' + ", ".join(['""'] * n) + "]}",
    "wrong at the end of many lines": lambda n: '{"tags": [\n' + ",\n".join(['"x"'] * n) + ",\n1]}",
    "a long number": lambda n: '{"duration": 1, "severity": ' + "1" * n + "}",
    "a long number in a string": lambda n: '{"llmInvocation": {"promptTokens": "' + "1" * n + '"}}',
    "a long fraction": lambda n: '{"llmInvocation": {"promptTokens": 0.' + "0" * n + "1}}",
    "a large exponent": lambda n: '{"llmInvocation": {"promptTokens": "1e' + "9" * n + '"}}',
    "a long string": lambda n: '{"eventId": "' + "x" * n + '"}',
    "a string of escapes": lambda n: '{"eventId": "' + "\\u00e4" * n + '"}',
    "a string without end": lambda n: '{"eventId": "' + "x" * n,
    "a long timestamp": lambda n: '{"timestamp": "2026-01-02T03:04:05.' + "1" * n + 'Z"}',
    "white space": lambda n: " " * n + "{}" + "\n" * n,
    "an enum's name that is none": lambda n: '{"type": "' + "EVENT_TYPE_" * n + '"}',
}
"""Shapes of JSON."""


TEXTS: Mapping[str, str] = {
    "an address's beginning": "a@",
    "a domain without an end": "a@a.a.",
    "a long word": "a",
    "addresses": "a@b.co ",
    "percent signs": "%40",
    "digits": "4",
    "groups of digits": "4111 ",
    "cards with a wrong digit": "4111 1111 1111 1112 ",
    "digits in hashes": "a4111111111111111",
    "IBANs with a wrong digit": "DE89 3704 0044 0532 0130 01 ",
    "beginnings of IBANs": "AA00",
    "plus signs": "+1 ",
    "digits with spaces": "+1 2 3 4 5 6 7 8 9 ",
    "numbers with a zero": "0171 ",
    "UUIDs": "00000000-0000-4000-8000-000000000000 ",
    "beginnings of keys": "-sk-",
    "keys without a digit": "-sk-abcdefghijabcdefghij",
    "beginnings of tokens": "ghp_xoxb-AKIAhf_",
    "beginnings of a JWT": "eyJ",
    "JWTs without an end": "eyJaaaaaaaaaaa.aaa.",
    "beginnings of private keys": "-----BEGIN PRIVATE KEY-----",
    "private keys that end wrongly": "-----BEGIN PRIVATE KEY-----\n-----END ",
    "dashes": "-----BEGIN ",
    "beginnings of URLs": "a://a:",
    "URLs with passwords": "://a:b@",
    "bearers": "Bearer ",
    "names": "password",
    "names and values": "password=",
    "names and quotations": "password='\"",
    "names and escaped quotations": 'password=\\"',
    "names that are no secrets": "page_token=",
    "headers": "authorization: ",
    "cookies": "cookie: ",
    "cookies with values": "cookie: a=",
    "colons": "a:",
    "backslashes": "\\",
    "escapes": "\\n",
    "braces": '{"password": ',
    "brackets": "[",
    "marks": "[redacted EMAIL]",
    "marks without an end": "[redacted ",
    "marks and addresses": "[redacted EMAIL]a@b.co",
}
"""Pieces of text in which a pattern or a name of the ``Redactor`` begins again and again."""

DISTINCT_MOST = 2_048
"""How many names one object has in the smaller input: eight times as many still are in the processor's cache.

From 16,384 to 131,072 names ``json.loads`` alone takes 18 times as long, for the memory that a dict of so many strings
is spread over; that says nothing of our work, which would show at fewer names too if it grew with their square.
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """One shape, and what reads it."""

    name: str
    shape: Callable[[int], Any]
    """Makes the input with so many pieces, as bytes or text."""
    read: Read
    most: int | None = None
    """How many pieces the smaller input has at most; it is read several times where that does not take long."""


def attacks() -> list[Attack]:
    """All shapes, read strictly, JSON also with unknown fields ignored, and texts to redact."""
    most: dict[str, int] = dict.fromkeys(("many keys", "unknown fields"), DISTINCT_MOST)
    found = [Attack(f"parse: {name}", shape, reading(cls)) for name, (cls, shape) in WIRE.items()]
    found += [
        Attack(f"from_json: {name}", shape, reading_json(ignore=False), most.get(name)) for name, shape in JSON.items()
    ]
    ignored = JSON["unknown fields"]
    found.append(Attack("from_json: unknown fields, ignored", ignored, reading_json(ignore=True), DISTINCT_MOST))
    redact = redacting()
    found += [Attack(f"redact: {name}", piece.__mul__, redact) for name, piece in TEXTS.items()]
    return found


def redacting() -> Read:
    """Make a function that looks for every secret there is in a text."""
    redactor = Redactor(patterns=PATTERNS.values())
    return lambda text: redactor(Event(metadata={"text": text}))


def reading(cls: type[Message]) -> Read:
    """Make a function that decodes, and takes a refusal for a result."""
    return lambda data: _tried(cls.parse, data)


def reading_json(*, ignore: bool) -> Read:
    """Make a function that reads an event's JSON, with unknown fields ignored or not."""
    return lambda text: _tried(lambda value: Event.from_json(value, ignore_unknown_fields=ignore), text)


def _tried(read: Callable[[Any], object], value: Any) -> object:
    try:
        return read(value)
    except CodecError as error:
        return error
