"""Large answers are written in slices, between which other threads have their turn."""

from __future__ import annotations

import gc
import json
import weakref
from collections import deque
from contextlib import AsyncExitStack
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


def test_the_search_for_circles_is_put_off_until_the_answer_is_made() -> None:
    usual = gc.get_threshold()

    async def main() -> None:
        turns, others = Turns(), Turns()
        async with turns.gathering("a"), turns.gathering("b"):
            assert (await turns.gathered(gc.get_threshold))[2] > 10**9
            async with others.gathering("a"):
                assert (await others.gathered(gc.get_threshold))[2] > 10**9
            assert gc.get_threshold()[2] > 10**9, "whoever has put it off ends that"
            async with turns.gathering("c"):
                await turns.gathered(lambda: 1)
            assert gc.get_threshold()[2] > 10**9, "while another one is being made"
        assert gc.get_threshold() == usual

    run(main())


class Circle:
    """Such as a connection is, whose parts know each other."""

    def __init__(self) -> None:
        self.me = self


@pytest.mark.parametrize("overlapping", [False, True])
def test_circles_are_found_also_where_answers_are_made_all_the_time(overlapping: bool) -> None:
    """They grow old before they end, and between two answers there is not much time to look for them."""
    usual = gc.get_threshold()
    alive: weakref.WeakSet[Circle] = weakref.WeakSet()
    connected: deque[Circle] = deque(maxlen=50)

    async def main() -> None:
        turns = Turns()
        async with AsyncExitStack() as stack:
            if overlapping:
                await stack.enter_async_context(turns.gathering("b"))
            await polled(turns)

    async def polled(turns: Turns) -> None:
        for _ in range(1000):
            for _ in range(20):
                connected.append(circle := Circle())
                alive.add(circle)
            assert [[] for _ in range(100)]
            async with turns.gathering("a"):
                await turns.gathered(lambda: [[] for _ in range(100)])

    # The tests' own process has so many objects that the search would seldom be worth while, and they are set aside;
    # the second search counts how many are left.
    gc.collect()
    gc.freeze()
    gc.collect()
    gc.set_threshold(50, 5, 5)
    try:
        run(main())
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
    assert len(alive) < 10_000
