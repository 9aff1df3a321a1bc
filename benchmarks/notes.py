"""What is behind the bars that are missed, or nearly: where the time goes, and what was tried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.measure import Row

_REAL = (
    "Half of the recorded events are below 0.4 kB, and one in four has no Struct: there the official client has "
    "nothing to do in Python and takes a ninth of our time to decode. Those with Structs, by themselves, keep to "
    "the bar. "
)
NOTES = {
    "a prompt of 100 kB, ASCII: decode": (
        "A third of the time goes into making a `str` of 100 kB, another into ten lengths of three bytes each around "
        "it. Read in place the prompt is copied once, where it was copied twice before (0.91); reading those lengths "
        "without loops gave 0.03 more. Tried: cutting the submessage out after all, which costs one copy and saves "
        "six calls (1.05 times as long at 100 kB). Longer ones keep to the bar (200 kB: 0.6)."
    ),
    "build and encode the 1,541 real events": _REAL
    + (
        "What is left is the constructor (0.6 us for 41 attributes) and asking each attribute whether it is set. "
        "Tried: what stands before a number kept ready for each key (no gain here, a fifth lost on keys that never "
        "repeat), what stands before a short string kept ready for each key and length (a tenth less or nothing, from "
        "run to run; 1.6 to 2.5 times as long on a dict of 2,000 strings), a table of tag and length for each tag (5 % "
        "of a string field), a list of pieces joined at the end (20 % of a string field, about 2 % of an event), "
        "`type(v)` for `v.__class__` (slower), looking for long keys only where the cache "
        "misses (no gain)."
    ),
    "decode the 1,541 real events to Python values": _REAL
    + (
        "Keys are looked up together with the head of their value from their second time on: a twentieth less here, a "
        "tenth on different model events, half as much again on keys that never repeat. Tried: the second byte of "
        "lengths read without a call (1 %, for two more lines a field)."
    ),
    "build and encode an event of 21 Struct values and many fields (1002 B)": (
        "Structs are a third of it; the constructor's 41 attributes and one question for each field are the rest; "
        "the official client pays only for fields that are set. The ratio differs from run to run between 0.68 and "
        "0.78. Tried: what is listed at the real events."
    ),
    "decode the event of 21 Struct values and many fields to Python values": (
        "A third is Structs, a tenth three timestamps; the rest is 154 reads, two for each field: one for tag and "
        "length, one for the content. Tried: timestamps by one expression for nanoseconds of four and five bytes (a "
        "twentieth of this event, kept), the second byte of lengths read without a call (1 %)."
    ),
    "installed size of the client and all it needs": (
        "The collector with its page, and the commands, came into the package after this bar was set: they are two "
        "fifths of what is ours, and no client loads them. The rest grew, too: recorder, trees of spans, redaction, "
        "the audit trail, bridges to other packages. More than half of the bytes are what pip compiles. As a "
        "distribution of its own, the collector could be left out; it would have to be released in step, and the "
        "command that shows a newcomer their first session would be missing from what they install."
    ),
    "process start to the first acknowledged event": (
        "Nine tenths are imports: of 126 ms by `python -X importtime`, 27 are ours, 31 grpclib's with h2, hpack, "
        "hyperframe, multidict and ssl, 10 asyncio's, 9 betterproto2's with what it imports. The ratio differs "
        "from run to run between 1.13 and 1.33. Tried: betterproto2's question for its version answered (a tenth, "
        "kept), settings and TLS loaded when they are asked for (kept), no named tuples and dataclasses in the core (a "
        "millisecond each, kept)."
    ),
    "encode, beside betterproto2's own codec": (
        "Three fifths are the three Structs: one f-string for each entry. The ratio differs from run to run by a "
        "tenth, because their codec is bound by calls and ours by strings."
    ),
    "encode, beside protobuf-py-pure (Buf)": "As beside betterproto2.",
    "`from chaukas_spec_lite import Event, EventType`, pydantic installed": (
        "Three quarters of an import are betterproto2's, and half is `importlib.metadata`, by which it finds its own "
        "version (`python -X importtime`). Where pydantic is installed it imports that too, a third on top. Loading "
        "pydantic lazily behind its back would meet the bar, and would alter what other code in the process imports. "
        "Our own part was cut by a fifth: queries, difflib and one dataclass are not loaded or made any more."
    ),
    "`from chaukas_spec_lite import Event, EventType`": (
        "Three quarters of it are betterproto2's, and half is `importlib.metadata`, which that imports."
    ),
}
"""By the name of the row."""


def about(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """The notes for the rows that missed their bars."""
    for row in rows:
        if row.met is False and row.name in NOTES:
            yield row.name, NOTES[row.name]
