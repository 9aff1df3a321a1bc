"""Every recorded event and HTTP body through our codec and the reference's."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from chaukas_spec_lite import Event
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.client.v1 import client
from chaukas_spec_lite.wire.fields import STRUCT, TIMESTAMP, fields_of
from tests import realdata
from tests.oracle import canonical, reference

BODY_CLASSES = {cls._full_name: cls for cls in (client.IngestEventRequest, client.IngestEventBatchRequest)}


def check_same(ours: Any, theirs: Any, path: str) -> None:
    """Each field of ours is what the reference sees there."""
    for field in fields_of(type(ours)):
        value, other = getattr(ours, field.name), getattr(theirs, field.proto_name)
        where = f"{path}.{field.name}"
        if field.label == "repeated":
            assert len(value) == len(other), where
            for index, (one, another) in enumerate(zip(value, other, strict=True)):
                if field.kind == "message":
                    check_same(one, another, f"{where}[{index}]")
                else:
                    assert one == another, where
        elif field.has_presence:
            assert (value is not None) == theirs.HasField(field.proto_name), where
            if value is not None:
                check_message(field.kind, value, other, where)
        else:
            assert value == other, where


def check_message(kind: str, value: Any, theirs: Any, where: str) -> None:
    if kind == "message":
        check_same(value, theirs, where)
    elif kind == STRUCT:
        assert value == MessageToDict(theirs), where
    else:
        assert kind == TIMESTAMP, where
        assert value.tzinfo is not None, where
        assert value.replace(tzinfo=None) == theirs.ToDatetime(), where


def check(cls: type[Message], data: bytes) -> None:
    theirs = reference(cls).FromString(data)
    ours = cls.parse(data)
    check_same(ours, theirs, cls.__name__)
    # The SDK writes fields by number and each once; we keep the order of Struct keys: so not one byte differs.
    assert bytes(ours) == data
    assert canonical(reference(cls).FromString(bytes(ours))) == canonical(theirs)


@pytest.mark.parametrize("capture", realdata.CAPTURES)
def test_events(capture: str) -> None:
    events = realdata.events(capture)
    assert events
    for event in events:
        check(Event, event)


def test_all_events_are_there() -> None:
    assert len(realdata.events()) == 1_541


def test_bodies() -> None:
    bodies = realdata.bodies()
    assert len(bodies) == 112
    for body in bodies:
        check(BODY_CLASSES[body.message_type], body.data)
