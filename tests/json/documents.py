"""Strategies for JSON documents that may or may not be a message: the right shape mostly, edge cases throughout."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.fields import SIGNED, UNSIGNED, WRAPPERS, FieldData, fields_of
from tests.strategies import rarely

_whole = st.sampled_from(
    [
        0,
        1,
        -1,
        2**31 - 1,
        2**31,
        -(2**31),
        -(2**31) - 1,
        2**32 - 1,
        2**32,
        2**53 + 1,
        2**63,
        2**64 - 1,
        2**64,
        -(2**63),
        10**40,
    ]
)
_numbers = st.one_of(
    _whole,
    _whole.map(str),
    _whole.map(float),
    st.integers(-100, 100),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [
            "1e2",
            "1.0",
            "1.5",
            "-0",
            "",
            " 1",
            "1 ",
            "0x1",
            "1e",
            "1e400",
            "0e999999999999",
            "0e99999999999999999999",
            "1e-99999999999999999999",
            "1e-2",
            "100e-2",
            "NaN",
            "nan",
            "Infinity",
            "-Infinity",
            "Inf",
            "9007199254740993.0",
            1e2,
            1.5,
            -0.0,
            3.4028235e38,
            3.5e38,
            -3.5e38,
            1e308,
        ]
    ),
)
_strings = st.text(max_size=5) | st.sampled_from(["", "é", "😀", "\0", "\ud800", "\udc00", "true", "a,bC", "a_b", "A"])
_bytes = st.binary(max_size=6).map(lambda data: b64encode(data).decode()) | st.sampled_from(
    ["", "YQ", "YQ==", "YQ=", "Y", "-_", "+/8=", "-_8", "é", "Y Q", "====", "YWJj"]
)
_times = st.sampled_from(
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.123456789+23:59",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05-99:99",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "0001-01-01T00:00:00+01:00",
        "2026-02-30T00:00:00Z",
        "2026-01-02T03:04:05",
        "2026-01-02t03:04:05Z",
        "2026-01-02T03:04:05.1234567890Z",
        "",
    ]
)
_durations = st.sampled_from(
    [
        "1s",
        "-1.5s",
        "0.000000001s",
        "-0.5s",
        "315576000000.999999999s",
        "315576000001s",
        "1",
        "1.s",
        "s",
        "",
        "1.0000000001s",
        "-0s",
    ]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | _strings,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_strings, inner, max_size=3),
    max_leaves=5,
)
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys([*SIGNED, *UNSIGNED, "double", "float"], _numbers),
    "bool": st.booleans() | st.sampled_from(["true", 0, 1]),
    "string": _strings,
    "bytes": _bytes,
}
_PLAIN = {
    "google.protobuf.Struct": st.dictionaries(_strings, _json, max_size=3),
    "google.protobuf.ListValue": st.lists(_json, max_size=3),
    "google.protobuf.Value": _json,
    "google.protobuf.Timestamp": _times,
    "google.protobuf.Duration": _durations,
    **{name: _SCALARS[kind] for name, kind in WRAPPERS.items()},
}
_KEYS = {
    "string": _strings,
    "bool": st.sampled_from(["true", "false", "True", "1", ""]),
    **dict.fromkeys([*SIGNED, *UNSIGNED], _numbers.map(str)),
}
_anys = st.one_of(
    st.just({}),
    st.builds(lambda value: {"@type": "type.googleapis.com/google.protobuf.Value", "value": value}, _json),
    st.builds(lambda value: {"value": value, "@type": "x/google.protobuf.Int64Value"}, _numbers),
    st.sampled_from(
        [
            {"@type": "type.googleapis.com/everything.v1.Tree", "label": "a", "child": {}},
            {"@type": "type.googleapis.com/everything.v1.Tree", "value": {}},
            {
                "@type": "type.googleapis.com/google.protobuf.Any",
                "value": {"@type": "type.googleapis.com/google.protobuf.Empty"},
            },
            {"@type": "type.googleapis.com/google.protobuf.Duration"},
            {"@type": "type.googleapis.com/no.such.Message"},
            {"@type": "/google.protobuf.Empty"},
            {"@type": "google.protobuf.Int32Value", "value": 1},
            {"@type": "x/google.protobuf.Int32Value", "value": 1, "more": 2},
            {"@type": ""},
            {"@type": None},
            {"a": 1},
        ]
    ),
)
_masks = st.sampled_from(["", "a", "a,bC", "a_b", "a.bC,d1", ",", "aB", 1])


def _one(field: FieldData, depth: int) -> st.SearchStrategy[Any]:
    if field.kind == "enum":
        names = list(field.cls.betterproto_value_to_renamed_proto_names().values()) or list(field.cls.__members__)
        return st.sampled_from([*names, 0, 1, 2, 77, -5, 2**31, "NO_SUCH", "", 1.0])
    if field.kind == "message":
        name = field.cls._full_name
        if name == "google.protobuf.Any":
            return _anys
        return _masks if name == "google.protobuf.FieldMask" else documents(field.cls, depth + 1)
    return _PLAIN[field.kind] if field.kind in _PLAIN else _SCALARS[field.kind]


def _value(field: FieldData, depth: int) -> st.SearchStrategy[Any]:
    one = rarely(rarely(_one(field, depth), st.none()), _json)
    if field.label == "repeated":
        return rarely(st.lists(one, max_size=3), one)
    if field.label == "map":
        assert field.key is not None
        return rarely(st.dictionaries(_KEYS[field.key], one, max_size=3), one)
    return one


@cache
def documents(cls: type[Message], depth: int = 0) -> st.SearchStrategy[Any]:
    """Documents that look like a message of a class."""
    fields = [field for field in fields_of(cls) if depth < 3 or field.kind != "message"]

    @st.composite
    def build(draw: Callable[[st.SearchStrategy[Any]], Any]) -> dict[str, Any]:
        document: dict[str, Any] = {}
        for field in (
            draw(st.lists(st.sampled_from(fields), max_size=3, unique_by=lambda f: f.number)) if fields else []
        ):
            name = draw(rarely(st.just(field.json_name), st.just(field.proto_name)))
            document[name] = draw(_value(field, depth))
        if draw(rarely(st.just(False), st.booleans())):
            document[draw(st.sampled_from(["unknown", "", "é"]))] = draw(_json)
        return document

    return build()
