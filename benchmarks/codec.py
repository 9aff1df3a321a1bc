"""Encoding and decoding beside the official client (upb, in C), which does the same job in the same run."""

from __future__ import annotations

import copy
import itertools
import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from chaukas.spec.common.v1 import events_pb2

from benchmarks import builders as make
from benchmarks import workloads
from benchmarks.measure import Job, Work
from benchmarks.workloads import Values
from chaukas_spec_lite import Event, EventBatch
from chaukas_spec_lite.wire.format import size
from tests import realdata

SECTION = "Codec, beside the official client"


def jobs() -> Iterator[Job]:
    """Make the jobs one after another, so that what one needs is gone before the next."""
    yield from headline()
    yield from many_fields()
    yield from batches()
    yield from large()
    yield distinct_keys("encode", make.ours_encoded)
    yield distinct_keys("decode", lambda values: make.ours_decoded(encoded(values)))
    yield from varied()
    yield from comparing_and_copying()
    yield from for_honesty()


def headline() -> Iterator[Job]:
    """The two events, built and encoded, and decoded."""
    values, data = workloads.model(), encoded(workloads.model())
    yield building(f"build and encode the model event ({len(data)} B)", values, bar=0.75)
    yield decoding("decode the model event to Python values", data, values, bar=0.78)
    values, data = workloads.small(), encoded(workloads.small())
    yield building(f"build and encode the small event ({len(data)} B)", values, bar=0.95)
    yield Job("decode the small event and read its fields", make.ours_read(data), [make.official_read(data)], 1.60)


def many_fields() -> Iterator[Job]:
    """An event where Structs are the smaller part."""
    values = workloads.many_fields()
    data = encoded(values)
    yield building(f"build and encode an event of 21 Struct values and many fields ({len(data)} B)", values, bar=0.75)
    yield decoding("decode the event of 21 Struct values and many fields to Python values", data, values, bar=0.70)


def distinct_keys(way: str, make_work: Callable[[Values], Work]) -> Job:
    """More keys than the tables of keys hold, beside few that they do, both our own code."""
    many, few = (make_work(workloads.with_metadata(workloads.distinct_keys(count))) for count in (4200, 1000))
    # The same number of keys on both sides.
    return Job(
        f"{way} a key, 4,200 distinct ones beside 1,000",
        make.each([many] * 5),
        [make.each([few] * 21)],
        1.2,
        items=21_000,
    )


def batches() -> Iterator[Job]:
    """Batches of 100 events."""
    for name, values, bar in (("model", workloads.model(), 0.50), ("small", workloads.small(), 0.80)):
        ours, official = make.ours(values), make.official(values)
        yield Job(
            f"build and encode a batch of 100 {name} events",
            lambda build=ours: bytes(EventBatch(events=[build() for _ in range(100)])),
            [lambda build=official: _official_batch([build() for _ in range(100)])],
            bar,
        )
    for name, values in (("model", workloads.model()), ("small", workloads.small())):
        built = [make.official(values)() for _ in range(100)]
        ready = [encoded(values)] * 100
        yield Job(
            f"a batch of 100 {name} events that are encoded already, spliced",
            lambda ready=ready: spliced(ready),
            [lambda built=built: _official_batch(built)],
            0.60,
        )


def spliced(events: list[bytes]) -> bytes:
    """Put encoded events into an encoded batch, as the exporter does."""
    return b"".join([part for event in events for part in (b"\x1a", _prefix(len(event)), event)])


def _prefix(length: int) -> bytes:
    return size(length).encode("latin-1")


def _official_batch(events: list[Any]) -> bytes:
    data: bytes = events_pb2.EventBatch(events=events).SerializeToString()
    return data


def large() -> Iterator[Job]:
    """Payloads of unusual size and shape."""
    yield from both("a prompt of 100 kB, ASCII", workloads.prompt(workloads.ASCII_PROMPT), 1.8, 0.7)
    yield from both("a prompt of 100 kB, CJK", workloads.prompt(workloads.CJK_PROMPT), 1.8, 0.7)
    embedding = {"embedding": [number / 1536 for number in range(1536)]}
    yield from both("1,536 floats in a list", workloads.with_metadata(embedding), 0.15, 0.10)
    yield from both("2,000 keys in a dict", workloads.with_metadata(workloads.distinct_keys(2000)), 0.7, 0.4)
    yield never_repeating()


def never_repeating() -> Job:
    """Structs whose keys are new each time: the worst case of any cache."""
    fresh = workloads.fresh_structs(2000, 20)
    mine, his, her = (itertools.cycle(fresh).__next__ for _ in range(3))

    def updated() -> bytes:
        event = events_pb2.Event()
        event.metadata.update(her())
        data: bytes = event.SerializeToString()
        return data

    return Job(
        "20 Struct keys that never repeat: encode",
        lambda: bytes(Event(metadata=mine())),
        [lambda: events_pb2.Event(metadata=his()).SerializeToString(), updated],
        2.0,
    )


def varied() -> Iterator[Job]:
    """The headline's jobs on many events, so that no cache flatters them."""
    real = workloads.real()
    for name, events, building_bar, decoding_bar in (
        ("100 different model events", workloads.different_models(100), 0.80, 0.85),
        (f"the {len(real):,} real events", real, 0.78, 0.80),
    ):
        data = list(map(encoded, events))
        yield Job(
            f"build and encode {name}",
            make.each(list(map(make.ours_encoded, events))),
            make.fastest_each(list(map(make.official_encoded, events))),
            building_bar,
            items=len(events),
        )
        yield Job(
            f"decode {name} to Python values",
            make.each(list(map(make.ours_decoded, data))),
            [make.each(list(map(make.official_decoded, data, events)))],
            decoding_bar,
            items=len(events),
        )
    for name, events in (
        ("100 different small events", workloads.different_small(100)),
        ("the real events' ids, type and timestamp", workloads.real_small()),
    ):
        data = list(map(encoded, events))
        yield Job(
            f"decode {name} and read the fields",
            make.each(list(map(make.ours_read, data))),
            [make.each(list(map(make.official_read, data)))],
            1.75,
            items=len(events),
        )


def comparing_and_copying() -> Iterator[Job]:
    """What is done with events besides, beside encoding the same real events with this package's own encoder."""
    data = list(realdata.events())
    events, others = list(map(Event.parse, data)), list(map(Event.parse, data))
    encode = make.each([partial(bytes, event) for event in events])
    for name, works, bar in (
        ("`==`", [partial(operator.eq, event, other) for event, other in zip(events, others, strict=True)], 0.7),
        ("`repr`", [partial(repr, event) for event in events], 1.5),
        ("`deepcopy`", [partial(copy.deepcopy, event) for event in events], 1.0),
    ):
        yield Job(
            f"{name} of the real events, beside encoding them", make.each(works), [encode], bar, items=len(events)
        )


def for_honesty() -> Iterator[Job]:
    """Where C stays ahead: shown, without a bar."""
    values = workloads.model()
    data, event, official = encoded(values), make.ours(values)(), make.official(values)()
    yield Job("encode a model event that is built already", lambda: bytes(event), [official.SerializeToString])
    yield Job(
        "decode the model event; official: only `FromString`",
        make.ours_decoded(data),
        [lambda: events_pb2.Event.FromString(data)],
    )
    yield Job(
        "decode it; official: `FromString` and a hand-written walk over the Structs",
        make.ours_decoded(data),
        [lambda: _walked(data)],
    )


def _walked(data: bytes) -> Any:
    event = events_pb2.Event.FromString(data)
    invocation = event.llm_invocation
    return event, _dict(invocation.request), _dict(invocation.response), _dict(event.metadata)


def _dict(struct: Any) -> dict[str, Any]:
    return {key: _value(value) for key, value in struct.fields.items()}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _dict(value.struct_value)
    if kind == "list_value":
        return [_value(item) for item in value.list_value.values]
    return None if kind == "null_value" else getattr(value, kind)


def building(name: str, values: Values, bar: float | None) -> Job:
    """Build an event from Python values and encode it."""
    return Job(name, make.ours_encoded(values), make.official_encoded(values), bar)


def decoding(name: str, data: bytes, values: Values, bar: float | None) -> Job:
    """Decode an event to Python values."""
    return Job(name, make.ours_decoded(data), [make.official_decoded(data, values)], bar)


def both(name: str, values: Values, encode: float, decode: float) -> Iterator[Job]:
    """Both directions."""
    yield building(f"{name}: encode", values, encode)
    yield decoding(f"{name}: decode", encoded(values), values, decode)


def encoded(values: Values) -> bytes:
    """Encode an event, making sure that both sides mean the same."""
    data = make.ours_encoded(values)()
    ours, theirs = events_pb2.Event.FromString(data), make.official(values)()
    if ours != theirs:
        raise AssertionError(f"the two sides built different events:\n{ours}\n{theirs}")
    return data
