"""Frames: what is one, and what only looks like one."""

from __future__ import annotations

from chaukas_spec_lite.spool.frames import HEAD, MARK, entries_in, frame


def test_a_mark_with_zeros_behind_it_is_no_frame() -> None:
    """As a power cut leaves it, at the edge of a page. A frame of no bytes is one all the same."""
    whole = frame(b"event")
    data = whole + MARK + bytes(100)
    found = list(entries_in(data, final=True))
    assert [entry.content for entry in found] == [b"event", None]
    assert [entry.content for entry in entries_in(frame(b"") + whole, final=True)] == [b"", b"event"]


def test_no_run_of_one_byte_is_a_frame() -> None:
    for value in range(256):
        data = MARK + bytes([value]) * (1 << 12)
        assert [entry.content for entry in entries_in(data, final=True)] == [None]
    assert len(frame(b"")) == HEAD
