"""Frames: what is one, and what only looks like one."""

from __future__ import annotations

from chaukas_spec_lite.spool.frames import HEAD, MARK, frame, pieces


def test_a_mark_with_zeros_behind_it_is_no_frame() -> None:
    """As a power cut leaves it, at the edge of a page. A frame of no bytes is one all the same."""
    whole = frame(b"event")
    data = whole + MARK + bytes(100)
    found = list(pieces(data, final=True))
    assert [piece.content for piece in found] == [b"event", None]
    assert [piece.content for piece in pieces(frame(b"") + whole, final=True)] == [b"", b"event"]


def test_no_run_of_one_byte_is_a_frame() -> None:
    for value in range(256):
        data = MARK + bytes([value]) * (1 << 12)
        assert [piece.content for piece in pieces(data, final=True)] == [None]
    assert len(frame(b"")) == HEAD
