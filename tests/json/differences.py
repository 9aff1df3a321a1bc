"""Where we differ on purpose from ``google.protobuf.json_format``, and why: the one table, held on both sides.

``json_format`` fails two recommended conformance tests (the first row). Most of the rest are inputs that the
specification does not allow and that ``json_format`` takes because Python's ``int``, ``float`` and ``base64`` do.

What else may differ in the tests that compare the two is in excuses.py, each of which has its rows here.
"""

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    """JSON text for a message of everything.proto, and what either side makes of it: its JSON, or None if refused."""

    why: str
    message: str
    text: str
    ours: str | None
    theirs: str | None
    ignoring: bool = False
    """Whether unknown fields are ignored."""


NO_JSON = "taken, and then has no JSON"
"""What stands for the JSON of what is read and cannot be written."""


def _nested(levels: int, opening: str, innermost: str, closing: str) -> str:
    return opening * levels + innermost + closing * levels


_DICTS = '{"struct": ' + _nested(34, '{"a": ', "1.0", "}") + "}"
_MAPS = _nested(51, '{"named": {"a": ', "{}", "}}")
_MESSAGES = _nested(100, '{"child": ', "{}", "}")


READING = [
    Difference(
        "a field by both of its names would have two values",
        "Singular",
        '{"int32Value": 1, "int32_value": 2}',
        None,
        '{"int32Value": 2}',
    ),
    Difference(
        "a map's key given twice in different spellings would have two values",
        "Keys",
        '{"int32Key": {"1": 1, "1.0": 2}}',
        None,
        '{"int32Key": {"1": 2}}',
    ),
    Difference("base64 has 64 characters", "Singular", '{"bytesValue": "YW!Jj"}', None, '{"bytesValue": "YWJj"}'),
    Difference(
        "base64 is padded in full or not at all", "Singular", '{"bytesValue": "YQ="}', None, '{"bytesValue": "YQ=="}'
    ),
    Difference(
        "a number in a string is a JSON number: no sign +",
        "Singular",
        '{"int32Value": "+1"}',
        None,
        '{"int32Value": 1}',
    ),
    Difference("no leading zeros", "Singular", '{"int32Value": "007"}', None, '{"int32Value": 7}'),
    Difference("no underscores", "Singular", '{"int32Value": "1_0"}', None, '{"int32Value": 10}'),
    Difference("no white space", "Singular", '{"int32Value": "1\\n"}', None, '{"int32Value": 1}'),
    Difference("no other digits", "Singular", '{"int32Value": "\u0663"}', None, '{"int32Value": 3}'),
    Difference(
        "infinity is spelled Infinity", "Singular", '{"doubleValue": "inf"}', None, '{"doubleValue": "Infinity"}'
    ),
    Difference("NaN is spelled NaN", "Singular", '{"doubleValue": "NAN"}', None, '{"doubleValue": "NaN"}'),
    Difference(
        "too large is not infinite", "Singular", '{"doubleValue": "1e999"}', None, '{"doubleValue": "Infinity"}'
    ),
    Difference("nor is it for a float", "Singular", '{"floatValue": "1e39"}', None, '{"floatValue": "Infinity"}'),
    Difference("a bool is no number", "Singular", '{"doubleValue": true}', None, '{"doubleValue": 1.0}'),
    Difference("a bool is no enum", "Singular", '{"enumValue": true}', None, '{"enumValue": "COLOR_RED"}'),
    Difference("a fraction is no enum", "Singular", '{"enumValue": 1.5}', None, '{"enumValue": "COLOR_RED"}'),
    Difference("an enum's number is no string", "Singular", '{"enumValue": "1"}', None, '{"enumValue": "COLOR_RED"}'),
    Difference(
        "what has a decimal point is read exactly, too",
        "Singular",
        '{"int64Value": "9007199254740993.0"}',
        '{"int64Value": "9007199254740993"}',
        '{"int64Value": "9007199254740992"}',
    ),
    Difference("-0 is minus zero", "Singular", '{"doubleValue": -0}', '{"doubleValue": -0.0}', "{}"),
    Difference(
        "null is the value of a NullValue, which makes two members of the oneof",
        "WellKnownOneOf",
        '{"nullValue": null, "boolValue": true}',
        None,
        '{"boolValue": true}',
    ),
    Difference(
        "null is the value of a NullValue, also of a repeated one",
        "WellKnownRepeated",
        '{"nullValue": [null]}',
        '{"nullValue": [null]}',
        None,
    ),
    Difference("and in a map", "WellKnownMaps", '{"nullValue": {"a": null}}', '{"nullValue": {"a": null}}', None),
    Difference(
        "the largest float as it is usually written",
        "Singular",
        '{"floatValue": 3.4028235e38}',
        '{"floatValue": 3.4028235e+38}',
        None,
    ),
    Difference(
        "what has a sign, a blank or a lower-case letter is no RFC 3339 text",
        "WellKnown",
        '{"timestamp": "2026-1-2T3:4:5Z"}',
        None,
        '{"timestamp": "2026-01-02T03:04:05Z"}',
    ),
    Difference("nor is it a duration", "WellKnown", '{"duration": "+1s"}', None, '{"duration": "1s"}'),
    Difference(
        "with digits for nanoseconds only", "WellKnown", '{"duration": "1.0000000001s"}', None, '{"duration": "1s"}'
    ),
    Difference(
        "offsets end at 23:59",
        "WellKnown",
        '{"timestamp": "2026-01-02T03:04:05+24:00"}',
        None,
        '{"timestamp": "2026-01-01T03:04:05Z"}',
    ),
    Difference(
        "whatever their sign",
        "WellKnown",
        '{"timestamp": "2026-01-02T03:04:05-99:99"}',
        None,
        '{"timestamp": "2026-01-06T07:43:05Z"}',
    ),
    Difference("a message is an object, even an empty one", "Everything", '{"singular": ""}', None, '{"singular": {}}'),
    Difference("even if nothing else is asked of it", "Everything", '{"singular": []}', None, '{"singular": {}}'),
    Difference(
        "an enum's number is one of 32 bits",
        "Singular",
        '{"enumValue": 2147483648}',
        None,
        '{"enumValue": "COLOR_SMALLEST"}',
    ),
    Difference(
        "an enum's number in a string is an unknown name, and ignored as such",
        "Singular",
        '{"enumValue": "1"}',
        "{}",
        '{"enumValue": "COLOR_RED"}',
        ignoring=True,
    ),
    Difference("what is nearly an integer is none", "Singular", '{"int32Value": "1e-400"}', None, "{}"),
    Difference("infinity has no place in a Value", "WellKnown", '{"value": 1e400}', None, NO_JSON),
    Difference("nor has it as a word", "WellKnown", '{"struct": {"a": Infinity}}', None, NO_JSON),
    Difference("nor has NaN, which is no JSON", "WellKnown", '{"list": [NaN]}', None, NO_JSON),
    Difference(
        "null leaves a repeated field empty",
        "WellKnownRepeated",
        '{"value": null}',
        "{}",
        None,
    ),
    Difference("whatever its type", "WellKnownRepeated", '{"nullValue": null}', "{}", None),
    Difference("an object in a Struct is three levels, of 100 that can be encoded", "WellKnown", _DICTS, None, _DICTS),
    Difference("a message in a map is two", "Tree", _MAPS, None, _MAPS),
    Difference("and any other is one, below the outermost", "Tree", _MESSAGES, _MESSAGES, None),
    Difference("a name that is ignored need not be text", "Singular", '{"\\ud800": 1}', "{}", None, ignoring=True),
    Difference("nor need an enum's", "Singular", '{"enumValue": "\\ud800"}', "{}", None, ignoring=True),
    Difference("and it may be that of an extension", "Singular", '{"[a.b]": 1}', "{}", None, ignoring=True),
    Difference(
        "a well-known type in an Any has a value and no fields",
        "WellKnown",
        '{"any": {"@type": "x/google.protobuf.Int32Value", "value": 1, "more": 2}}',
        None,
        '{"any": {"@type": "x/google.protobuf.Int32Value", "value": 1}}',
    ),
    Difference(
        "an Any's URL has a slash behind something",
        "WellKnown",
        '{"any": {"@type": "/google.protobuf.Int32Value", "value": 1}}',
        None,
        '{"any": {"@type": "/google.protobuf.Int32Value", "value": 1}}',
    ),
    Difference(
        "an Any's URL has a slash",
        "WellKnown",
        '{"any": {"@type": "google.protobuf.Int32Value", "value": 1}}',
        None,
        '{"any": {"@type": "google.protobuf.Int32Value", "value": 1}}',
    ),
]

WRITING = [
    ("a Value of no kind: struct.proto says that one has to be set", "WellKnown", b"\x1a\x00", None, '{"value": null}'),
    (
        "a FieldMask path with a comma would be read as two",
        "WellKnown",
        b"\x4a\x05\x0a\x03a,b",
        None,
        '{"fieldMask": "a,b"}',
    ),
    (
        "an Any's URL has a slash",
        "WellKnown",
        b"\x3a\x20\x0a\x1agoogle.protobuf.Int32Value\x12\x02\x08\x01",
        None,
        '{"any": {"@type": "google.protobuf.Int32Value", "value": 1}}',
    ),
    (
        "behind something",
        "WellKnown",
        b"\x3a\x21\x0a\x1b/google.protobuf.Int32Value\x12\x02\x08\x01",
        None,
        '{"any": {"@type": "/google.protobuf.Int32Value", "value": 1}}',
    ),
]
"""Encoded messages, and the JSON that either side makes of them."""
