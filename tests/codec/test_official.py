"""Messages of other protobuf implementations, given to ``parse``; and how encoded events are completed."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from chaukas.spec.client.v1 import client_pb2
from chaukas.spec.common.v1 import events_pb2
from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from hypothesis import given, settings
from hypothesis import strategies as st

from chaukas_spec_lite.audit.chain import Chains
from chaukas_spec_lite.audit.sealing import seal
from chaukas_spec_lite.defaults import complete
from chaukas_spec_lite.encoded_events import complete_encoded, encode_given
from chaukas_spec_lite.errors import DecodeError, EncodeError
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.message.official import full_name_of
from chaukas_spec_lite.spec.client.v1.client import IngestEventRequest
from chaukas_spec_lite.spec.common.v1.events import Event, EventBatch
from tests import oracle
from tests.patience import HANG
from tests.strategies import messages, reference_message

EVENT = events_pb2.Event


class Settings:
    """Defaults as a client's settings hold them."""

    def __init__(self, tenant_id: str = "", project_id: str = "", branch: str = "", tags: tuple[str, ...] = ()) -> None:
        self.tenant_id, self.project_id, self.branch, self.tags = tenant_id, project_id, branch, tags
        self.batch_size, self.flush_interval, self.max_batch_bytes = 20, 1.0, 1000


def dynamic_event() -> type[Any]:
    """A class for events that is made at run time, in a pool of its own."""
    pool = DescriptorPool()

    def add(file: Any) -> None:
        for dependency in file.dependencies:
            add(dependency)
        pool.AddSerializedFile(file.serialized_pb)

    add(events_pb2.DESCRIPTOR)
    made: type[Any] = message_factory.GetMessageClass(pool.FindMessageTypeByName("chaukas.spec.common.v1.Event"))
    return made


@pytest.mark.parametrize("cls", oracle.CHAUKAS, ids=lambda cls: cls._full_name)
def test_every_official_message_is_parsed(cls: type[Message]) -> None:
    official = oracle.reference(cls)()
    assert full_name_of(official) == cls._full_name
    assert cls.parse(official) == cls()


@pytest.mark.searched
@settings(max_examples=300)
@given(messages(Event))
def test_what_is_parsed_is_what_the_official_message_holds(event: Event) -> None:
    official = reference_message(event, EVENT())
    parsed = Event.parse(official)
    assert oracle.canonical(EVENT.FromString(bytes(parsed))) == oracle.canonical(official)


def test_dynamic_messages_are_official_ones() -> None:
    cls = dynamic_event()
    assert cls is not EVENT
    assert Event.parse(cls(event_id="e1", tags=["a"])) == Event(event_id="e1", tags=["a"])


def test_buf_messages_are_taken() -> None:
    pytest.importorskip("protobuf")
    from benchmarks.rivals import buf_event

    message = buf_event().from_binary(bytes(Event(event_id="e1", metadata={"k": [1.5, None]})))
    assert full_name_of(message) == Event._full_name
    assert Event.parse(message) == Event(event_id="e1", metadata={"k": [1.5, None]})


def test_the_slow_implementation_of_google_is_taken() -> None:
    program = """
from google.protobuf.internal import api_implementation
assert api_implementation.Type() == "python"
from chaukas.spec.common.v1 import events_pb2
from chaukas_spec_lite import Event
official = events_pb2.Event(event_id="e1", tags=["a"])
official.metadata.update({"k": 1})
assert Event.parse(official) == Event(event_id="e1", tags=["a"], metadata={"k": 1.0})
"""
    environment = {**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=HANG)


def test_google_is_not_imported() -> None:
    program = """
import sys
from chaukas_spec_lite import Event
class Descriptor:
    full_name = "chaukas.spec.common.v1.Event"
class Theirs:
    DESCRIPTOR = Descriptor
    def SerializeToString(self):
        return b"\\x0a\\x02e1"
assert Event.parse(Theirs()).event_id == "e1"
assert not [name for name in sys.modules if name.startswith("google.protobuf")]
"""
    subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{program}"], check=True)


def test_another_message_is_refused_with_both_names() -> None:
    with pytest.raises(
        TypeError,
        match=r"Event.parse expects chaukas.spec.common.v1.Event, got chaukas.spec.client.v1.IngestEventRequest",
    ):
        Event.parse(client_pb2.IngestEventRequest())
    with pytest.raises(
        TypeError, match=r"EventBatch.parse expects chaukas.spec.common.v1.EventBatch, got chaukas.spec"
    ):
        EventBatch.parse(EVENT())
    assert IngestEventRequest.parse(client_pb2.IngestEventRequest(event=EVENT(event_id="e1"))) == IngestEventRequest(
        event=Event(event_id="e1")
    )


def test_a_subclass_takes_the_message_of_its_base_class() -> None:
    class Mine(Event):
        pass

    mine = Mine.parse(EVENT(event_id="e1"))
    assert type(mine) is Mine
    assert mine.event_id == "e1"


@pytest.mark.parametrize(
    "given",
    [EVENT, Event, Event(), MagicMock(), SimpleNamespace(SerializeToString=bytes, DESCRIPTOR=EVENT.DESCRIPTOR), 3, "e"],
    ids=["official class", "our class", "ours", "mock", "namespace", "int", "text"],
)
def test_what_is_no_official_message(given: Any) -> None:
    assert full_name_of(given) == ""
    with pytest.raises(TypeError, match="expects bytes"):
        Event.parse(given)


class Broken:
    """A message whose class encodes nothing."""

    DESCRIPTOR = EVENT.DESCRIPTOR
    made: Any = ValueError("no")

    def SerializeToString(self) -> Any:
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


def test_a_class_with_methods_of_these_names_is_no_message() -> None:
    class Other:
        def to_binary(self) -> bytes:
            return b""

        def desc(self) -> str:
            return "of an object, not of its class"

    assert full_name_of(Other()) == ""


def test_a_message_that_its_own_class_cannot_encode() -> None:
    with pytest.raises(EncodeError, match=r"Event: the class Broken cannot encode it: ValueError\('no'\)"):
        Event.parse(Broken())
    broken = Broken()
    broken.made = "text"
    with pytest.raises(EncodeError, match="the class Broken made str of it, not bytes"):
        Event.parse(broken)


# Completing


@pytest.mark.searched
@settings(max_examples=300)
@given(
    messages(Event),
    st.builds(
        Settings,
        st.sampled_from(["", "acme"]),
        st.sampled_from(["", "demo"]),
        st.sampled_from(["", "main"]),
        st.sampled_from([(), ("a", "b")]),
    )
    | st.none(),
    st.booleans(),
)
def test_an_encoded_event_is_completed_as_ours_is(event: Event, defaults: Settings | None, as_bytes: bool) -> None:
    official = reference_message(event, EVENT())
    given: Any = official.SerializeToString() if as_bytes else official
    before = encode_given(given)
    assert before is not None
    data = complete_encoded(before, given, defaults)
    # What was there stands there as it was: unknown fields, too, and in their order.
    assert data.startswith(before)
    found, wanted = Event.parse(data), Event.parse(before)
    complete(wanted, defaults)
    for name in ("event_id", "timestamp"):  # made anew each time
        if not Event.parse(before).is_set(name) and not wanted.content_hash:
            assert found.is_set(name)
            setattr(wanted, name, getattr(found, name))
    assert oracle.canonical(EVENT.FromString(data)) == oracle.canonical(EVENT.FromString(bytes(wanted)))


def test_a_sealed_event_gets_nothing() -> None:
    """Whatever it were given would not be in its hash."""
    event = Event(event_id="e1", session_id="s", tenant_id="acme")
    seal(event, Chains("w"))
    data = bytes(event)
    assert complete_encoded(data, data, Settings("other", "demo", "main", ("a",))) == data
    complete(event, Settings("other", "demo", "main", ("a",)))
    assert bytes(event) == data


def test_what_is_there_is_not_filled_in() -> None:
    event = Event(
        event_id="e1",
        timestamp=datetime(1970, 1, 1, tzinfo=timezone.utc),
        tenant_id="t",
        project_id="p",
        branch="b",
        tags=[""],
    )
    data = bytes(event)
    assert complete_encoded(data, data, Settings("acme", "demo", "main", ("a",))) == data


def test_an_empty_id_behind_a_real_one_counts() -> None:
    data = bytes(Event(event_id="e1")) + b"\x0a\x00"
    assert Event.parse(data).event_id == ""
    assert len(Event.parse(complete_encoded(data, data, None)).event_id) == 36


def test_official_bytes_are_checked_as_far_as_they_can_be_wrong() -> None:
    inner_damage = bytes(Event(event_id="e1")) + b"\xf2\x01\x02\x0a\x7f"
    with pytest.raises(DecodeError, match="Event"):
        complete_encoded(inner_damage, inner_damage, None)
    broken = Broken()
    broken.made = b"\x0a\x7f"
    with pytest.raises(DecodeError, match="Event: a length of 127 bytes exceeds"):
        complete_encoded(broken.made, broken, None)


def test_bytes_of_every_kind_are_taken() -> None:
    data = bytes(Event(event_id="e1"))
    for kind in (bytes, bytearray, memoryview):
        assert encode_given(kind(data)) == data
    assert encode_given(events_pb2.EventBatch()) is None
    assert encode_given(descriptor_pb2.FileDescriptorProto()) is None
