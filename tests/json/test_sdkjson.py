"""What the official SDK wrote in file mode is read back as the official package reads it, once a zone is added."""

from __future__ import annotations

import json

import pytest
from chaukas.spec.common.v1 import events_pb2
from google.protobuf import json_format

from chaukas_spec_lite import Event, JSONError
from chaukas_spec_lite.files import event_from_sdk
from tests import realdata


def test_every_recorded_line_is_what_the_official_package_reads() -> None:
    lines = realdata.jsonl()
    assert len(lines) == 563
    for line in lines:
        row = json.loads(line)
        row["timestamp"] += "Z"
        reference = json_format.ParseDict(row, events_pb2.Event())
        event = event_from_sdk(line)
        assert event == Event.parse(reference.SerializeToString())
        assert event == event_from_sdk(line.encode())
        assert events_pb2.Event.FromString(bytes(event)) == reference


def test_only_the_lenient_reader_takes_a_time_without_a_zone() -> None:
    line = realdata.jsonl()[0]
    with pytest.raises(JSONError, match=r"\$\.timestamp: .* is no timestamp: .* \(line 1, column \d+\)"):
        Event.from_json(line)


def test_a_zone_that_is_there_counts() -> None:
    event = event_from_sdk('{"timestamp": "2026-01-02T03:04:05+01:00"}')
    assert event == Event.from_json('{"timestamp": "2026-01-02T02:04:05Z"}')


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"timestamp": "yesterday"}', r"\$\.timestamp: 'yesterday' is no timestamp.*column 15"),
        ('{"timestamp": "2026-13-01T00:00:00"}', r"\$\.timestamp: .* is no timestamp"),
        ('{"timestamp": 5}', r"\$\.timestamp: expected RFC 3339 text"),
        ('{"event_i": "a"}', r"has no field \"event_i\"; did you mean 'event_id'.*column 2"),
        ("[]", r"\$: expected an object for chaukas.spec.common.v1.Event, got an array"),
        ('{"event_id": "a"', r"\$: .*line 1, column 17"),
    ],
)
def test_what_is_wrong_otherwise_is_refused(line: str, message: str) -> None:
    with pytest.raises(JSONError, match=message):
        event_from_sdk(line)


def test_unknown_fields_can_be_ignored() -> None:
    assert event_from_sdk('{"event_id": "a", "later": 1}', ignore_unknown_fields=True) == Event(event_id="a")
