"""The canonical form against the reference implementation's deterministic encoding."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, TypeAlias

import pytest
from hypothesis import given

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.audit.canonical import canonical_bytes, content_hash
from chaukas_spec_lite.errors import EncodeError
from tests import realdata
from tests.audit.make_vectors import VECTORS, vectors
from tests.patience import HANG
from tests.strategies import messages

Deterministic: TypeAlias = "Callable[[bytes], tuple[bytes, bytes]]"
"""What the reference makes of an event, without what is made from the canonical form: as it is, and in order."""


@pytest.fixture(scope="module")
def deterministic() -> Iterator[Deterministic]:
    environment = {**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    command = [sys.executable, "-m", "tests.audit.reference_program"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        write, read = process.stdin, process.stdout
        assert write is not None
        assert read is not None

        def answer() -> bytes:
            return read.read(*struct.unpack("<I", read.read(4)))

        def ask(data: bytes) -> tuple[bytes, bytes]:
            write.write(struct.pack("<I", len(data)) + data)
            write.flush()
            return answer(), answer()

        yield ask
        write.close()
        assert process.wait(HANG) == 0


def test_real_events_are_as_the_reference_has_them(deterministic: Deterministic) -> None:
    for data in realdata.events():
        assert canonical_bytes(Event.parse(data)) == deterministic(data)[1]


@given(messages(Event))
def test_any_event_is_as_the_reference_has_it(deterministic: Deterministic, event: Event) -> None:
    data = bytes(event)
    before = deepcopy(event)
    assert canonical_bytes(event) == canonical_bytes(Event.parse(data))
    plain, in_order = deterministic(data)
    assert canonical_bytes(Event.parse(plain)) == in_order
    assert event == before
    assert bytes(event) == data, "it was changed"


def nested(*keys: str) -> dict[str, Any]:
    return {key: {"z": [1, {"é": 1, "a": 2, "\U0001f600": 3, "\uffff": 4}], "b": None} for key in keys}


@pytest.mark.parametrize("keys", [("b", "a"), ("a", "b"), ("aa", "a", ""), ("é", "z", "\U0001f600", "\uffff", "Z")])
def test_the_order_of_keys_does_not_matter(deterministic: Deterministic, keys: tuple[str, ...]) -> None:
    one = Event(event_id="1", metadata=nested(*keys), state_update=nested(*keys))
    other = Event(event_id="1", metadata=nested(*reversed(keys)), state_update=nested(*sorted(keys)))
    assert canonical_bytes(one) == canonical_bytes(other) == deterministic(bytes(one))[1]
    assert list(one.metadata or {}) == list(keys)


def test_hash_and_proof_are_left_out_and_the_hash_before_is_in() -> None:
    event = Event(event_id="1", type=EventType.ERROR, hash_prev="sha256:00", content_hash="x", worm_proof_id="y")
    plain = Event(event_id="1", type=EventType.ERROR, hash_prev="sha256:00")
    assert canonical_bytes(event) == bytes(plain)
    assert content_hash(event) == "sha256:" + hashlib.sha256(b"chaukas-event-v1\n" + bytes(plain)).hexdigest()
    plain.hash_prev = "sha256:01"
    assert content_hash(event) != content_hash(plain)


def test_what_cannot_be_encoded_says_so() -> None:
    deep: Any = {}
    for _ in range(200):
        deep = {"b": 1, "a": deep}
    with pytest.raises(EncodeError):
        canonical_bytes(Event(metadata=deep))


def test_the_vectors_are_those_of_this_version_and_of_the_reference(deterministic: Deterministic) -> None:
    assert json.loads(VECTORS.read_text(encoding="utf-8")) == vectors()
    for vector in vectors()["events"]:
        assert deterministic(bytes.fromhex(vector["event"]))[1].hex() == vector["canonical"]
