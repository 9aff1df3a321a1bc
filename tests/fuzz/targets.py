"""What fuzzing checks: functions of arbitrary bytes that raise ``AssertionError`` where an invariant is broken.

The library may raise nothing but its own errors, which is why nothing else is caught here. What fuzzing finds becomes
a row of ``REGRESSIONS``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from chaukas_spec_lite import Event
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.fields import fields_of
from tests.fuzz.seeds import encoded, json_texts
from tests.generated import classes, everything, generate, schema
from tests.json.oracle import json_disagreement
from tests.oracle import disagreement
from tests.reference import reference_class
from tests.strategies import delimited


def fuzz_event(data: bytes) -> None:
    """Decode an Event: same verdict and same message as the reference, and what was decoded encodes again."""
    wrong = disagreement(Event, data)
    assert wrong is None, wrong


def fuzz_everything(data: bytes) -> None:
    """The same for a message that has every kind of field."""
    wrong = disagreement(everything()["Everything"], data)
    assert wrong is None, wrong


def fuzz_suite(data: bytes) -> None:
    """The same for the message of the official conformance suite, whose protos ``SUITE_PROTOS`` names."""
    cls, reference = suite_classes()
    wrong = disagreement(cls, data, reference)
    assert wrong is None, wrong


@cache
def suite_classes() -> tuple[type[Message], type[Any]]:
    """Our class and the reference's; the protos come with the runner (tests/conformance/get_runner.sh)."""
    folder = os.environ.get("SUITE_PROTOS")
    if not folder:
        raise SystemExit("SUITE_PROTOS must name the folder of the conformance suite's protos")
    paths, roots = ("google/protobuf/test_messages_proto3.proto",), (Path(folder),)
    name = "protobuf_test_messages.proto3.TestAllTypesProto3"
    return classes(generate(paths, roots))[name], reference_class(schema(paths, roots), name)


def fuzz_json(data: bytes) -> None:
    """Read JSON text as an Event: what the reference makes of it, but for known differences, also when written."""
    wrong = json_disagreement(data)
    assert wrong is None, wrong


TARGETS: dict[str, Callable[[bytes], None]] = {
    "event": fuzz_event,
    "everything": fuzz_everything,
    "suite": fuzz_suite,
    "json": fuzz_json,
}


def seeds(target: str) -> Iterator[bytes]:
    """What a target starts from."""
    return json_texts() if target == "json" else encoded(message_class(target))


def message_class(target: str) -> type[Message]:
    """The class that a target reads."""
    if target == "suite":
        return suite_classes()[0]
    return everything()["Everything"] if target == "everything" else Event


def is_known(target: str, seed: bytes) -> bool:
    """Whether a seed is accepted, and is not all unknown fields."""
    cls = message_class(target)
    message = cls.from_json(seed) if target == "json" else cls.parse(seed)
    return not message._unknown_fields and any(message.is_set(field.name) for field in fields_of(cls))


REGRESSIONS: dict[str, tuple[str, bytes]] = {
    "field number 0 in a group": ("event", b"\x73\x00\x01\x74"),
    "field number 0 in a message without fields": ("everything", delimited(14, b"\x00\x05")),
    "unknown field in a map entry": ("event", delimited(90, delimited(1, b"\x0a\x01k\x12\x02\x08\x00\x18\x05"))),
    "a broken member of a oneof that another one replaces": ("event", delimited(36, b"\xff") + delimited(30, b"")),
    "a broken kind of Value that another one replaces": (
        "event",
        delimited(90, delimited(1, b"\x12\x05\x2a\x01\xff\x08\x00")),
    ),
    "null in a field of type Value": ("everything", delimited(8, delimited(3, b"\x08\x00"))),
    "unknown field beside NaN": (
        "event",
        delimited(90, delimited(1, b"\x12\x09\x11\0\0\0\0\0\0\xf8\x7f") + b"\x10\x01"),
    ),
    "JSON that nests deeper than can be encoded": ("json", b'{"metadata": ' + b'{"a": ' * 40 + b"1" + b"}" * 41),
    "a signalling NaN of 32 bits": ("everything", delimited(1, b"\x5d\x5d\x9a\x9a\xff")),
}
"""Inputs that were handled wrongly once: the target, and its input."""
