"""Large answers are written in slices, between which other threads have their turn."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chaukas_spec_lite import EventType
from chaukas_spec_lite.collector.doors import trees_json
from chaukas_spec_lite.collector.doors.http_turns import Turns
from chaukas_spec_lite.collector.doors.json_slices import SLICE, Items, pieces, written
from chaukas_spec_lite.collector.gathering import Answered
from tests.collector.doors.test_http_trees import event
from tests.patience import run


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def test_an_answer_in_slices_is_what_it_is_as_a_whole() -> None:
    for size in (0, 1, SLICE, SLICE + 1, 3 * SLICE):
        each = [{"text": f'"\ud800,[{number}]', "odd": None} for number in range(size)]
        answer = {"list": Items(each, dict), 'a "name"': [1, 2], "last": {"x": 1.5}}
        assert written(answer) == compact(answer | {"list": each})
    assert written({}) == b"{}"


def test_no_more_than_a_slice_is_made_before_it_is_written() -> None:
    made: list[int] = []
    written_so_far = 0

    def make(number: int) -> int:
        made.append(number)
        return number

    for piece in pieces({"list": Items(range(10 * SLICE), make)}):
        if piece.endswith("9"):
            assert len(json.loads(f"[{piece.lstrip(',')}]")) == SLICE
            written_so_far += SLICE
            assert len(made) == written_so_far
    assert written_so_far == 10 * SLICE


def test_trees_of_many_spans_are_written_in_slices() -> None:
    found = Answered()
    found.add([bytes(event(f"{number}", EventType.SYSTEM, f"span {number}")) for number in range(4 * SLICE)])
    for answer in (trees_json.spans(found), trees_json.compared(found, found)):
        cut = [*pieces(answer)]
        assert max(map(len, cut)) <= sum(map(len, cut)) / 3.9


@pytest.fixture
def nothing_set_aside() -> Iterator[None]:
    """As a process begins, and not as the tests' own has gone on."""
    before = gc.get_freeze_count()
    gc.unfreeze()
    yield
    if before:
        gc.freeze()


@pytest.mark.usefixtures("nothing_set_aside")
def test_what_is_gathered_is_set_aside_until_the_answer_is_made() -> None:
    async def main() -> None:
        turns = Turns()
        async with turns.gathering("a"), turns.gathering("b"):
            assert await turns.gathered(gc.get_freeze_count) > 0
        assert gc.get_freeze_count() == 0
        gc.freeze()
        own = Turns()
        async with own.gathering("a"):
            assert await own.gathered(lambda: 1) == 1
        assert gc.get_freeze_count() > 0, "what others have set aside stays there"

    run(main())
