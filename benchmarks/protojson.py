"""ProtoJSON beside the official ``json_format``."""

from __future__ import annotations

from collections.abc import Iterator

from chaukas.spec.common.v1 import events_pb2
from google.protobuf import json_format

from benchmarks import builders as make
from benchmarks import workloads
from benchmarks.measure import Job
from chaukas_spec_lite import Event

SECTION = "JSON, beside the official json_format"


def jobs() -> Iterator[Job]:
    """The two events, to JSON and back."""
    # The bar is for the model event; of the small one, looking at 39 fields is what costs, and it is shown without.
    for name, values, bar in (("model", workloads.model(), 0.33), ("small", workloads.small(), None)):
        ours, official = make.ours(values)(), make.official(values)()
        text = json_format.MessageToJson(official, indent=None)
        if Event.from_json(text) != ours or json_format.Parse(ours.to_json(), events_pb2.Event()) != official:
            raise AssertionError(f"the two sides disagree on the JSON of the {name} event")
        yield Job(
            f"`to_json` of the {name} event",
            ours.to_json,
            [lambda official=official: json_format.MessageToJson(official)],
            bar,
        )
        yield Job(
            f"`to_json` of the {name} event; official: `indent=None`, which is ours by default",
            ours.to_json,
            [lambda official=official: json_format.MessageToJson(official, indent=None)],
            None,
        )
        yield Job(
            f"`from_json` of the {name} event",
            lambda text=text: Event.from_json(text),
            [lambda text=text: json_format.Parse(text, events_pb2.Event())],
            bar,
        )
