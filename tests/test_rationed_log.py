"""Log lines that do not repeat without end, however many kinds of them there are."""

from __future__ import annotations

import logging

import pytest

from chaukas_spec_lite import rationed_log
from chaukas_spec_lite.rationed_log import MAX_KINDS, MAX_TOPICS, RationedLog


class Rationed:
    """A rationed log, its lines, and its clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.lines: list[str] = []
        logger = logging.Logger("rationed")
        handler = logging.Handler()
        handler.emit = lambda record: self.lines.append(record.getMessage())  # type: ignore[method-assign]
        logger.addHandler(handler)
        self.log = RationedLog(logger, 60.0, lambda: self.now)

    def say(self, kind: str, topic: str = "") -> bool:
        return self.log.log(kind, logging.WARNING, "%s %s", kind, topic, topic=topic)

    @property
    def held(self) -> int:
        """How many things it holds in memory."""
        return sum(len(each) for each in (self.log._logged_at, self.log._left_out, self.log._topics)) + sum(
            map(len, self.log._topics.values())
        )


@pytest.fixture
def rationed() -> Rationed:
    return Rationed()


def test_one_line_of_a_kind_in_an_interval(rationed: Rationed) -> None:
    assert [rationed.say("a"), rationed.say("a"), rationed.say("b"), rationed.say("a")] == [True, False, True, False]
    rationed.now = 60
    assert rationed.say("a")
    assert rationed.lines == ["a ", "b ", "a  (and 2 more like it since the last line)"]


def test_topics_have_lines_of_their_own_up_to_a_bound(rationed: Rationed) -> None:
    for number in range(10 * MAX_TOPICS):
        rationed.say("a", str(number))
    assert len(rationed.lines) == MAX_TOPICS + 1, "those beyond share one"
    rationed.now = 60
    for number in range(10 * MAX_TOPICS):
        rationed.say("a", str(-number - 1))
    assert len(rationed.lines) == 2 * (MAX_TOPICS + 1)
    assert rationed.lines[-1].endswith(f"(and {9 * MAX_TOPICS - 1} more like it since the last line)")


def test_what_is_left_out_is_told_though_its_topic_has_been_forgotten(rationed: Rationed) -> None:
    for _ in range(2):
        for number in range(MAX_TOPICS):
            rationed.say("a", str(number))
    rationed.now = 60
    for number in range(MAX_TOPICS + 1):
        rationed.say("a", str(-number - 1))
    assert rationed.lines[-1].endswith(f"(and {MAX_TOPICS} more like it since the last line)")


def test_memory_is_bounded_whatever_comes(rationed: Rationed, monkeypatch: pytest.MonkeyPatch) -> None:
    for round_ in range(5):
        for number in range(3 * MAX_KINDS):
            rationed.say("network", f"{round_}-{number}")
            rationed.say("network", f"{round_}-{number}")
            rationed.say(f"kind {round_}-{number}")
            rationed.say(f"kind {round_}-{number}")
        rationed.now += 30 if round_ % 2 else 61
    assert rationed.held < 3 * MAX_KINDS
    assert len(rationed.lines) < 5 * (MAX_KINDS + 2 * MAX_TOPICS)


def test_a_new_kind_among_very_many_costs_no_search(rationed: Rationed, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[str] = []
    monkeypatch.setattr(RationedLog, "_forget", lambda self, kind, into: forgotten.append(kind))
    looks: list[int] = []
    monkeypatch.setattr(rationed_log, "list", lambda each: looks.append(1) or [*each], raising=False)
    for number in range(5 * MAX_KINDS):
        rationed.say(f"kind {number}")
    assert len(looks) == 1
    assert forgotten == []
    assert len(rationed.lines) == MAX_KINDS + 1
