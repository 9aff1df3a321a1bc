"""Rejected events in the collector's log: counted by key and cause, one line in a minute, nothing of what they hold."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from chaukas_spec_lite.collector.rejections import NO_ID, UNDECODABLE, Rejections

log = logging.getLogger("rejections")
END = "(chaukas-lite store rejected lists them)"


class Time:
    """Tells a time that tests move, and does what is due."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.due: list[tuple[float, Callable[[], None]]] = []

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        self.due.append((self.now + seconds, work))

    def go(self, seconds: float) -> None:
        self.now += seconds
        for each in [each for each in self.due if each[0] <= self.now]:
            self.due.remove(each)
            each[1]()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.WARNING)

    def taken() -> list[str]:
        lines = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return lines

    return taken


def test_each_cause_has_a_line_in_a_minute_and_all_are_counted(told: Callable[[], list[str]]) -> None:
    time = Time()
    rejections = Rejections(log, lambda: time.now, time.later)
    rejections.note("a", {NO_ID: 1, UNDECODABLE: 3})
    rejections.note("b", {NO_ID: 2})
    assert told() == [
        f"1 event of key a rejected: they have no event_id {END}",
        f"3 events of key a rejected: they cannot be decoded {END}",
        f"2 events of key b rejected: they have no event_id {END}",
    ]
    time.go(10)
    for _ in range(500):
        rejections.note("a", {NO_ID: 2, UNDECODABLE: 1})
    time.go(49)
    assert told() == []
    time.go(1)  # also where nothing comes any more
    assert told() == [
        f"1000 events of key a rejected: they have no event_id {END}",
        f"500 events of key a rejected: they cannot be decoded {END}",
    ]
    time.go(59)
    rejections.note("a", {NO_ID: 7})
    assert told() == []
    time.go(1)
    assert told() == [f"7 events of key a rejected: they have no event_id {END}"]
    time.go(60)
    rejections.note("a", {NO_ID: 1})
    assert len(told()) == 1
    assert time.due == []


def test_what_is_untold_is_told_at_the_end(told: Callable[[], list[str]]) -> None:
    time = Time()
    rejections = Rejections(log, lambda: time.now, time.later)
    rejections.note("", {NO_ID: 1})
    rejections.note("", {NO_ID: 4})
    rejections.close()
    assert told() == [
        f"1 event rejected: they have no event_id {END}",
        f"4 events rejected: they have no event_id {END}",
    ]
    time.go(60)
    assert told() == []


def test_what_is_remembered_is_bounded_and_no_number_of_keys_fills_the_log(told: Callable[[], list[str]]) -> None:
    time = Time()
    rejections = Rejections(log, lambda: time.now, time.later)
    for _ in range(3):
        for number in range(1200):
            rejections.note(f"{number}", {NO_ID: 1, UNDECODABLE: 1})
        time.go(10)
    lines = told()
    assert len(lines) == 1002, "of 500 keys, and of all others together"
    time.go(60)
    lines += told()
    assert sum(int(line.split()[0]) for line in lines) == 3 * 1200 * 2, "none is lost"
    assert f"2099 events of other keys rejected: they have no event_id {END}" in lines
    assert len(rejections._known) <= 1002
    time.go(61)
    for number in range(1000, 1500):
        rejections.note(f"{number}", {NO_ID: 1})
    assert told()[-1] == f"1 event of key 1499 rejected: they have no event_id {END}"
    assert time.due == []
