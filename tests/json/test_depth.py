"""JSON may nest as deep as the message that it stands for: what is read can be encoded, and what is written, read."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from betterproto2 import OutputFormat
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import Event, JSONError
from chaukas_spec_lite.errors import EncodeError
from chaukas_spec_lite.files import event_from_sdk
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.protojson.dump_messages import dump
from chaukas_spec_lite.protojson.load_messages import load
from chaukas_spec_lite.protojson.problem import Problem
from chaukas_spec_lite.protojson.run import DumpRun, LoadRun
from tests.generated import everything
from tests.json.documents import documents
from tests.profiles import searched

EVERYTHING = tuple(everything().values())
TREE = everything()["Tree"]


def nested(levels: int, around: Callable[[Any], Any], innermost: Any) -> Any:
    for _ in range(levels):
        innermost = around(innermost)
    return innermost


@pytest.mark.parametrize(
    ("levels", "step", "around", "innermost"),
    [
        (32, ".a", lambda inner: {"a": inner}, 1.0),
        (32, ".a", lambda inner: {"a": inner}, {}),
        (48, "[0]", lambda inner: [inner], 1.0),
        (48, "[0]", lambda inner: [inner], []),
    ],
)
def test_a_struct_nests_as_deep_as_it_can_be_encoded(
    levels: int, step: str, around: Callable[[Any], Any], innermost: Any
) -> None:
    fits = {"metadata": {"k": nested(levels, around, innermost)}}
    event = Event.from_dict(fits)
    assert Event.parse(bytes(event)) == event
    assert event.to_dict() == fits
    refused = {"metadata": {"k": nested(levels + 1, around, innermost)}}
    with pytest.raises(EncodeError, match="nested deeper than"):
        bytes(Event(metadata=refused["metadata"]))
    for write in (Event(metadata=refused["metadata"]).to_json, Event(metadata=refused["metadata"]).to_dict):
        with pytest.raises(JSONError, match="nested deeper than"):
            write()
    for read in (Event.from_json, event_from_sdk):
        with pytest.raises(JSONError) as caught:
            read(json.dumps(refused, indent=1))
        assert caught.value.path.startswith(f"$.metadata.k{step * levels}")
        assert (caught.value.line or 0) > 30
        assert caught.value.message.startswith("nested deeper than 100 levels")


def test_a_message_in_a_map_is_two_levels() -> None:
    tree = TREE.from_dict(nested(50, lambda inner: {"named": {"a": inner}}, {}))
    assert TREE.parse(bytes(tree)) == tree
    with pytest.raises(JSONError, match=r"^\$(\.named\.a){50}\.named: nested deeper than 100 levels"):
        TREE.from_dict(nested(51, lambda inner: {"named": {"a": inner}}, {}))


def test_a_list_of_messages_is_one_level() -> None:
    tree = TREE.from_dict(nested(100, lambda inner: {"children": [inner]}, {"label": "x"}))
    assert TREE.parse(bytes(tree)) == tree
    with pytest.raises(JSONError, match=r"^\$(\.children\[0\]){101}: nested deeper than 100 levels"):
        TREE.from_dict(nested(101, lambda inner: {"children": [inner]}, {}))


def accepted(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (Problem, ValueError) as error:
        if "nested deeper than" in str(error):
            return False
        raise
    return True


@searched(1000)
@given(st.sampled_from(EVERYTHING).flatmap(lambda cls: st.tuples(st.just(cls), documents(cls))), st.integers(92, 102))
def test_reading_and_writing_count_levels_as_encoding_does(case: tuple[type[Message], Any], depth: int) -> None:
    cls, document = case
    reading, writing = LoadRun(EVERYTHING, False), DumpRun(EVERYTHING, False, False)
    try:
        message = load(cls, document, LoadRun(EVERYTHING, False))
        dump(message, DumpRun(EVERYTHING, False, False))
    except (Problem, TypeError, ValueError):
        return
    reading.depth = writing.depth = depth
    fits = accepted(lambda: message._encode(depth))
    reads, writes = accepted(lambda: load(cls, document, reading)), accepted(lambda: dump(message, writing))
    if "@type" in json.dumps(document):  # whose content is encoded by itself, but counted with what is around it
        assert fits or not (reads or writes)
    else:
        assert reads == fits == writes
    assert reading.depth == depth or not reads
    assert writing.depth == depth or not writes


DEEP_DICT = nested(100, lambda inner: {"children": [inner]}, {"label": "x"})
DEEP_JSON = json.dumps(DEEP_DICT)
DEEP = TREE.from_dict(DEEP_DICT)


@pytest.mark.parametrize(
    "call",
    [
        DEEP.to_json,
        DEEP.to_dict,
        lambda: DEEP.to_json(indent=2),
        lambda: DEEP.to_dict(output_format=OutputFormat.PYTHON),
        lambda: TREE.from_json(DEEP_JSON),
        lambda: TREE.from_dict(DEEP_DICT),
    ],
    ids=["to_json", "to_dict", "indented", "python", "from_json", "from_dict"],
)
def test_a_stack_that_is_nearly_full_is_said_to_be_that(call: Callable[[], object]) -> None:
    verdicts = set[str]()

    def deeper(levels: int) -> None:
        if levels:
            deeper(levels - 1)
            return
        try:
            call()
            verdicts.add("done")
        except JSONError as error:
            verdicts.add(error.message)

    # Below twenty calls there is no room to say anything.
    room = sys.getrecursionlimit() - len(inspect.stack()) - 20
    for left in range(0, room, 15):
        deeper(room - left)
    assert len(verdicts) == 2
    assert "done" in verdicts
    assert any(message.startswith("no room on Python's stack") for message in verdicts)
