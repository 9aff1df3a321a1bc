"""Entries of a log as a message: what the documents say of it is what it is, and whatever comes is read or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.audit.entries_message import AbsentEntry, EntriesMessage
from chaukas_spec_lite.audit.merkle import leaf_hash
from chaukas_spec_lite.errors import DecodeError
from tests.generated import classes, generate
from tests.snippets import DOCS, blocks

_TEXT = st.text(max_size=5)
_COUNT = st.integers(0, 2**63 - 1)


@st.composite
def made(draw: st.DrawFn) -> EntriesMessage:
    events = draw(st.lists(st.none() | st.binary(max_size=200), max_size=6))
    absent = [
        AbsentEntry(place, draw(_TEXT), draw(_TEXT), draw(st.booleans()), *(draw(_TEXT) for _ in range(4)))
        for place, data in enumerate(events)
        if data is None
    ]
    leaves = [leaf_hash(data or b"gone") for data in events]
    return EntriesMessage(draw(_TEXT), draw(_COUNT), draw(_COUNT), draw(st.none() | _COUNT), leaves, events, absent)


@given(made())
def test_it_comes_back_as_it_was(message: EntriesMessage) -> None:
    assert EntriesMessage.parse(message.encoded()) == message


def test_the_documents_have_its_schema(tmp_path: Path) -> None:
    """Read by classes that are generated from what the documents say."""
    (proto,) = blocks((DOCS / "reference" / "audit-log.md").read_text(encoding="utf-8"), "proto")
    (tmp_path / "entries.proto").write_text(proto)
    cls = classes(generate(("entries.proto",), (tmp_path,)))["AuditEntries"]
    gone = AbsentEntry(1, "shop", "e-2", False, "2026-11-30T01:00:00.000Z", "user:ann", "asked for", "s1")
    events = [b"one", None, b"", None, b"x" * 300]
    leaves = [leaf_hash(each or b"gone") for each in events]
    message = EntriesMessage("log/tenant/acme", 1200, 17, 22, leaves, events, [gone, AbsentEntry(3, hidden=True)])
    assert cls.parse(message.encoded()).to_dict() == {
        "origin": "log/tenant/acme",
        "size": "1200",
        "first": "17",
        "next": "22",
        "leaves": cls(leaves=b"".join(leaves)).to_dict()["leaves"],
        "lengths": [3, 0, 0, 0, 300],
        "events": cls(events=b"one" + b"x" * 300).to_dict()["events"],
        "absent": [
            {
                "place": "1",
                "projectId": "shop",
                "eventId": "e-2",
                "at": "2026-11-30T01:00:00.000Z",
                "by": "user:ann",
                "reason": "asked for",
                "sessionId": "s1",
            },
            {"place": "3", "hidden": True},
        ],
    }
    assert EntriesMessage.parse(bytes(cls.parse(message.encoded()))) == message


@given(made(), st.data())
def test_whatever_comes_is_read_or_refused(message: EntriesMessage, data: st.DataObject) -> None:
    good = message.encoded()
    at = data.draw(st.integers(0, len(good)))
    changed = good[:at] + data.draw(st.binary(max_size=3)) + good[at + data.draw(st.integers(0, 3)) :]
    try:
        found = EntriesMessage.parse(changed)
    except DecodeError:
        return
    assert len(found.leaves) == len(found.events)
    assert all(len(leaf) == 32 for leaf in found.leaves)
    assert {place for place, each in enumerate(found.events) if each is None} == {each.place for each in found.absent}


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"\x2a\x20" + bytes(32), "do not fit lengths of 0"),
        (b"\x32\x04\x01\x00\x00\x00", "hashes of 0 bytes"),
        (b"\x2a\x20" + bytes(32) + b"\x32\x04\x02\x00\x00\x00\x3a\x01x", "events of 1 bytes do not fit"),
        (b"\x2a\x20" + bytes(32) + b"\x32\x04\x01\x00\x00\x00\x3a\x01x\x42\x00", "is said to be without it"),
        (b"\x42\x02\x08\x07", "is none of these"),
        (b"\x0a\x01\xff", "a text is no UTF-8"),
    ],
)
def test_what_does_not_fit_is_refused(message: bytes, why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        EntriesMessage.parse(message)
