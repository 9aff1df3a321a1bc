from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from chaukas_spec_lite import JSONError
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.fields import fields_of
from tests.generated import everything, schema
from tests.json import excuses
from tests.json.differences import NO_JSON, READING, WRITING, Difference
from tests.reference import reference_class, reference_pool

POOL = reference_pool(schema())


def reference(cls: type[Message]) -> type[Any]:
    return reference_class(schema(), cls._full_name)


def read_by_the_reference(case: Difference) -> Any:
    into = reference(everything()[case.message])()
    return json_format.Parse(case.text, into, ignore_unknown_fields=case.ignoring, descriptor_pool=POOL)


def read_by_us(case: Difference) -> Message:
    return everything()[case.message].from_json(case.text, ignore_unknown_fields=case.ignoring)


@pytest.mark.parametrize("case", READING, ids=lambda case: case.why)
def test_reading(case: Difference) -> None:
    if case.theirs is None:
        with pytest.raises(json_format.ParseError):
            read_by_the_reference(case)
    elif case.theirs == NO_JSON:
        with pytest.raises(json_format.SerializeToJsonError):
            json_format.MessageToDict(read_by_the_reference(case), descriptor_pool=POOL)
    else:
        read = json_format.MessageToDict(read_by_the_reference(case), descriptor_pool=POOL)
        assert read == json.loads(case.theirs)
    if case.ours is None:
        with pytest.raises(JSONError, match=r"^\$.*\(line 1, column \d+\)$"):
            read_by_us(case)
    else:
        assert json.loads(read_by_us(case).to_json()) == json.loads(case.ours)
    assert case.ours != case.theirs


@pytest.mark.parametrize("case", WRITING, ids=lambda case: case[0])
def test_writing(case: tuple[str, str, bytes, str | None, str]) -> None:
    _, name, data, ours, theirs = case
    cls = everything()[name]
    assert json_format.MessageToDict(reference(cls).FromString(data)) == json.loads(theirs)
    assert ours is None
    with pytest.raises(JSONError, match=r"^\$\."):
        cls.parse(data).to_json()


def excuse_for(case: Difference) -> str | None:
    """The excuse that the tests that compare the two sides would find for a row."""
    document = excuses.parsed(case.text)
    cls = everything()[case.message]
    if case.ours is not None:
        excused = excuses.only_theirs_refuse if case.theirs is None else excuses.read_otherwise
        return excused(cls, document, ignoring=case.ignoring)
    with pytest.raises(JSONError) as caught:
        read_by_us(case)
    return excuses.only_ours_refuse(document, caught.value.path, caught.value.message)


def test_every_row_has_its_excuse_and_every_excuse_a_row() -> None:
    excused = {case.why: excuse_for(case) for case in READING}
    for why, name, data, _, _ in WRITING:
        with pytest.raises(JSONError) as caught:
            everything()[name].parse(data).to_json()
        excused[f"writing: {why}"] = excuses.only_ours_refuse_to_write(caught.value.message)
    assert [why for why, excuse in excused.items() if excuse is None] == []
    assert set(excused.values()) == set(excuses.NAMES)


@pytest.mark.parametrize("message", ["Maps", "WellKnownMaps"])
def test_null_is_no_value_of_a_map_but_where_it_is_a_value(message: str) -> None:
    cls = everything()[message]
    for field in (field.json_name for field in fields_of(cls)):
        text = json.dumps({field: {"1": None}})
        if message == "WellKnownMaps" and field in ("value", "nullValue"):
            assert cls.from_json(text).to_json() == text
            continue
        with pytest.raises(JSONError, match=rf"^\$\.{field}\[\"1\"\]: null is no value of a map"):
            cls.from_json(text)
        with pytest.raises(json_format.ParseError):
            json_format.Parse(text, reference(cls)(), descriptor_pool=POOL)
        assert excuses.only_theirs_refuse(cls, {field: {"1": None}}, ignoring=False) is None
