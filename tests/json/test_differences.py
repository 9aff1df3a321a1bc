from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from chaukas_spec_lite import JSONError
from chaukas_spec_lite.message import Message
from tests.generated import everything, schema
from tests.json.differences import READING, WRITING, Difference
from tests.reference import reference_class, reference_pool

POOL = reference_pool(schema())


def reference(cls: type[Message]) -> type[Any]:
    return reference_class(schema(), cls._full_name)


@pytest.mark.parametrize("case", READING, ids=lambda case: case.why)
def test_reading(case: Difference) -> None:
    cls = everything()[case.message]
    if case.theirs is None:
        with pytest.raises(json_format.ParseError):
            json_format.Parse(case.text, reference(cls)(), descriptor_pool=POOL)
    else:
        read = json_format.Parse(case.text, reference(cls)(), descriptor_pool=POOL)
        assert json_format.MessageToDict(read, descriptor_pool=POOL) == json.loads(case.theirs)
    if case.ours is None:
        with pytest.raises(JSONError, match=r"^\$.*\(line 1, column \d+\)$"):
            cls.from_json(case.text)
    else:
        assert json.loads(cls.from_json(case.text).to_json()) == json.loads(case.ours)
        assert case.ours != case.theirs


@pytest.mark.parametrize("case", WRITING, ids=lambda case: case[0])
def test_writing(case: tuple[str, str, bytes, str | None, str]) -> None:
    _, name, data, ours, theirs = case
    cls = everything()[name]
    assert json_format.MessageToDict(reference(cls).FromString(data)) == json.loads(theirs)
    assert ours is None
    with pytest.raises(JSONError, match=r"^\$\."):
        cls.parse(data).to_json()
