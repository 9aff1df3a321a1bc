"""What is wrong is said with a JSON path, and with line and column where text was given."""

from __future__ import annotations

import decimal
import io
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import NO_KIND, Event, EventBatch, EventType, JSONError, LLMInvocation
from chaukas_spec_lite.protojson.locate import find, line_and_column
from tests.generated import everything

TREE = everything()["Tree"]


@pytest.mark.parametrize(
    ("text", "path", "message", "line", "column"),
    [
        ('{"events": [{}, {},\n {"llmInvocation": {"promptTokens": 1.5}}]}', "$.events[2].llmInvocation.promptTokens",
         "expected an integer for int32, got 1.5", 2, 37),
        ('{"events": [{"metadata": {"a b": ["\\ud800"]}}]}', '$.events[0].metadata["a b"][0]',
         "a lone surrogate at index 0 is no Unicode text", 1, 35),
        ('{"events": [{\n"tenant_ID": ""}]}', "$.events[0].tenant_ID",
         "chaukas.spec.common.v1.Event has no field \"tenant_ID\"; did you mean 'tenantId'?", 2, 1),
        ('{"events": [{"type": "AGENT_START"}]}', "$.events[0].type", "EventType has no value", 1, 22),
        ('{"events": [{"type": 2147483648}]}', "$.events[0].type", "2147483648 is out of range for int32", 1, 22),
        ('{"events": [null]}', "$.events[0]", "null is no element of a repeated field", 1, 13),
        ('{"events": {}}', "$.events", "expected an array, got an object", 1, 12),
        ('{"events": [{"toolCall": {},\n "policy": {}}]}', "$.events[0].policy",
         "toolCall and policy are both given, but only one of oneof content can be", 2, 2),
        ('{"events": [{"timestamp": "now"}]}', "$.events[0].timestamp", "'now' is no timestamp", 1, 27),
        ('{"events": [], "events": []}', "$.events", "this name is given twice", 1, 16),
        ('{"events": [{"metadata": {"x": {"a": 1,\n\t"a": 2}}}]}', "$.events[0].metadata.x.a",
         "this name is given twice", 2, 2),
        ('{"events": [],}', "$", "", 1, 14 if sys.version_info >= (3, 13) else 15),  # the comma, or what follows it
        ('{"events": [NaN]}', "$", 'NaN is no JSON; use the string "NaN"', 1, 13),
        ('{"x": "NaN", "y": -Infinity}', "$", '-Infinity is no JSON; use the string "-Infinity"', 1, 19),
        ("\n null", "$", "expected an object for chaukas.spec.common.v1.EventBatch, got null", 2, 2),
        pytest.param("[" * 200_000, "$", "nested deeper than 100 levels", 1, 203, id="brackets"),
        ('{"x": ' + "9" * 5000 + "}", "$", "an integer of 5000 digits is out of range", 1, 7),
        ('{"x": ' + "9" * 4300 + ',\n"y": -' + "9" * 4301 + "}", "$", "an integer of 4301 digits", 2, 6),
        ('{"x": 0.' + "9" * 5000 + ', "y": 1e' + "0" * 5000 + ',\n"z": ' + "9" * 4400 + "}", "$",
         "an integer of 4400 digits", 2, 6),
        ('{"x": ' + "9" * 5000 + ".5, " + '"y": ' + "9" * 4301 + "}", "$", "an integer of 4301 digits", 1, 5016),
        ('{"events": [{"extensions": [{"@type": "\\ud800/google.protobuf.FieldMask", "value": "a"}]}]}',
         '$.events[0].extensions[0]["@type"]', "a lone surrogate at index 0 is no Unicode text", 1, 39),
        ('{"events": [{"extensions": [{"@type": "a/google.protobuf.FieldMask", "value": "a\\ud800"}]}]}',
         "$.events[0].extensions[0].value", "a lone surrogate at index 1 is no Unicode text", 1, 79),
        ('{"events": [{"metadata": {"a": 1e400}}]}', "$.events[0].metadata.a", "inf in a google.protobuf", 1, 32),
    ],
)  # fmt: skip
def test_where_text_is_wrong(text: str, path: str, message: str, line: int, column: int) -> None:
    with pytest.raises(JSONError) as caught:
        EventBatch.from_json(text)
    assert (caught.value.path, caught.value.line, caught.value.column) == (path, line, column)
    assert caught.value.message.startswith(message)
    assert str(caught.value).endswith(f"(line {line}, column {column})")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0e99999999999999999999999", 0),
        ("-0.000e-99999999999999999999999", 0),
        ("0.00000000000000000000000000000000000000001e41", 1),
        ("10000000000000000000000000000000000000000e-40", 1),
        ("-12.50e1", -125),
        ("1e000000000000000000000000000000001", 10),
    ],
)
def test_an_integer_is_read_however_it_is_written(text: str, number: int) -> None:
    with decimal.localcontext() as context:  # the caller's business, not ours
        context.prec = 1
        context.Emax = 1
        context.traps[decimal.Inexact] = True
        assert LLMInvocation.from_dict({"promptTokens": text}).prompt_tokens == number


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1e-99999999999999999999999", "expected an integer for int32, got "),
        ("0.5e-99999999999999999999999", "expected an integer for int32, got "),
        ("12.55e1", "expected an integer for int32, got "),
        ("1e99999999999999999999999", '"1e99999999999999999999999" is out of range for int32'),
        ("1e10", '"1e10" is out of range for int32'),
        ("1e+31", '"1e+31" is out of range for int32'),
    ],
)
def test_why_a_number_is_no_integer(text: str, message: str) -> None:
    with pytest.raises(JSONError) as caught:
        LLMInvocation.from_dict({"promptTokens": text})
    assert caught.value.message.startswith(message)


def test_bytes_are_utf_8() -> None:
    assert Event.from_json('{"eventId": "é"}'.encode()).event_id == "é"
    with pytest.raises(JSONError, match=r"not UTF-8: .*\(line 2, column 3\)"):
        Event.from_json(b'{\n "\xff": 1}')
    with pytest.raises(JSONError, match=r"not UTF-8: .*\(line 2, column 5\)"):  # characters count, not bytes
        Event.from_json("éé\n".encode() + b'{"\xc3\xa9\xc3\xa9\xff": 1}')
    with pytest.raises(TypeError, match="JSON is expected as str or bytes, got dict; use from_dict"):
        Event.from_json({})  # type: ignore[arg-type]  # that is the mistake


def test_a_dict_has_a_path_and_no_line() -> None:
    with pytest.raises(JSONError) as caught:
        EventBatch.from_dict({"events": [{"timestamp": 5}]})
    assert str(caught.value).startswith("$.events[0].timestamp: expected RFC 3339 text")
    assert caught.value.line is None
    wrong: Any = io.StringIO("{}")
    with pytest.raises(TypeError, match=r"got StringIO; use value.read\(\)"):
        Event.from_json(wrong)
    wrong = "{}"
    with pytest.raises(JSONError, match=r"\$: expected an object .*, got a string; use from_json for text"):
        Event.from_dict(wrong)
    with pytest.raises(JSONError, match=r"got a string \(line 1, column 1\)"):
        Event.from_json('"{}"')


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (Event(metadata={"a": [1, {"b": float("nan")}]}), r"\$.metadata.a\[1\].b: nan in a google.protobuf.Value"),
        (Event(metadata={"a": NO_KIND}), r"\$.metadata.a: a google.protobuf.Value of no kind has no JSON"),
        (Event(metadata={1: 2}), r"\$.metadata\[\"1\"\]: a key is 1, not a str; use str\(key\)"),
        (Event(tags=["a", "\udc00"]), r"\$.tags\[1\]: a lone surrogate"),
        (Event(event_id=5), r"\$.eventId: expected str, got int"),
        (Event(event_id=[]), r"\$.eventId: expected str, got list"),
        (Event(type=1 << 40), r"\$.type: .* is out of range for int32"),
        (Event(llm_invocation=Event()), r"\$.llmInvocation: expected LLMInvocation, got Event"),
        (Event(llm_invocation=LLMInvocation(prompt_tokens="x")), r"\$.llmInvocation.promptTokens: expected int"),
    ],
)  # fmt: skip
def test_where_a_message_has_no_json(message: Event, error: str) -> None:
    for write in (message.to_json, message.to_dict):
        with pytest.raises(JSONError, match=error):
            write()


def test_two_members_of_a_oneof_have_no_json() -> None:
    tree = TREE(left=TREE())
    tree.right = TREE()
    with pytest.raises(JSONError, match="left and right are both set, but only one of oneof branch can be"):
        tree.to_json()


def nested(depth: int) -> Any:
    document: dict[str, Any] = {}
    for _ in range(depth):
        document = {"child": document}
    return document


def test_depth_is_bounded_both_ways() -> None:
    deepest = TREE.from_dict(nested(100))
    assert deepest.to_dict() == nested(100)
    assert TREE.parse(bytes(deepest)) == deepest
    with pytest.raises(JSONError, match=r"^\$(\.child){101}: nested deeper than 100 levels"):
        TREE.from_dict(nested(101))
    with pytest.raises(JSONError, match=r"nested deeper than 100 levels.*line 1"):
        TREE.from_json(json.dumps(nested(400)))
    cycle = TREE()
    cycle.child = cycle
    endless: dict[str, Any] = {}
    endless["a"] = endless
    for message in (cycle, Event(metadata=endless)):
        with pytest.raises(JSONError, match="nested deeper than 100 levels, or a cycle"):
            message.to_json()


def test_values_are_shown_shortened() -> None:
    with pytest.raises(JSONError) as caught:
        Event.from_dict({"type": 10**5000})
    assert str(caught.value) == "$.type: an integer of 16610 bits is out of range for int32"
    with pytest.raises(JSONError) as caught:
        Event.from_dict({"x" * 100_000: 1})
    assert len(caught.value.message) < 200
    assert EventType.from_string("AGENT_START") is EventType.AGENT_START


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(st.text(max_size=4), inner, min_size=1),
    max_leaves=12,
)


@given(documents, st.sampled_from([None, 2]), st.booleans(), st.data())
def test_every_place_in_a_text_is_found(
    document: Any, indent: int | None, ascii_only: bool, data: st.DataObject
) -> None:
    text = " " + json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    steps: list[str | int] = []
    value = document
    while isinstance(value, (dict, list)) and data.draw(st.booleans()):
        step = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        steps.append(step)
        value = value[step]
    line, column = find(text, steps, at_name=False)
    offset = sum(map(len, text.split("\n")[: line - 1])) + line - 1 + column - 1
    assert line_and_column(text, offset) == (line, column)
    assert repr(json.JSONDecoder().raw_decode(text, offset)[0]) == repr(value)
    if steps and isinstance(steps[-1], str):
        line, column = find(text, steps, at_name=True)
        offset = sum(map(len, text.split("\n")[: line - 1])) + line - 1 + column - 1
        assert json.JSONDecoder().raw_decode(text, offset)[0] == steps[-1]
