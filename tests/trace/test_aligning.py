"""Spans of two sessions are aligned by their paths, and differences are named."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from chaukas_spec_lite.trace.aligning import Differences, align
from chaukas_spec_lite.trace.orphans import orphans
from chaukas_spec_lite.trace.tree import Edge, Moment, Session, Span, build

BEGIN = datetime(2026, 1, 2, tzinfo=timezone.utc)


def span(
    name: str,
    parent: str = "",
    kind: str = "tool",
    *,
    at: float = 0,
    ms: float = 100,
    failed: bool = False,
    tokens: int = 0,
    cost: float = 0.0,
) -> list[Moment]:
    def moment(edge: Edge, seconds: float) -> Moment:
        ends = edge is Edge.END
        return Moment(
            *(
                f"{name}-{at}-{edge}",
                ("", ""),
                "s",
                f"{name}{at}",
                parent,
                kind,
                edge,
                BEGIN + timedelta(seconds=seconds),
            ),
            *(name.rstrip("0123456789"), tokens if ends else 0, failed and ends, False, "boom" if failed else ""),
            {"USD": cost} if cost and ends else {},
        )

    return [moment(Edge.START, at), moment(Edge.END, at + ms / 1000)]


def trees(*spans: list[Moment]) -> tuple[Session, ...]:
    return build(each for moments in spans for each in moments)


def changes(
    before: tuple[Session, ...], after: tuple[Session, ...], **answers: str
) -> list[tuple[str, tuple[str, ...]]]:
    def answer(each: Span) -> object:
        assert each.end is not None
        return answers.get(each.end.span_id, "")

    return [(each.span.title, each.ways) for each in align(before, after, answer) if each.ways]


def test_the_same_is_the_same() -> None:
    same = trees(span("a"), span("b", "a0"))
    assert changes(same, same) == []
    sums = Differences()
    for each in align(same, same):
        sums.add(each)
    assert (sums.spans, sums.counts) == (2, {})


def test_what_was_added_and_what_is_gone_is_told_once_where_it_stood() -> None:
    before = trees(span("root"), span("x", "root0", at=1), span("y", "root0", at=2), span("below", "x1"))
    after = trees(span("root"), span("y", "root0", at=1), span("z", "root0", at=3))
    assert changes(before, after) == [("x", ("gone",)), ("z", ("added",))]
    assert changes(after, before) == [("x", ("added",)), ("z", ("gone",))]


def test_repetitions_stand_beside_each_other_in_their_order() -> None:
    before = trees(span("root"), *(span("call", "root0", at=n, ms=100) for n in range(1, 4)))
    after = trees(span("root"), *(span("call", "root0", at=n, ms=300 if n == 2 else 100) for n in range(1, 5)))
    assert changes(before, after) == [("call", ("slower",)), ("call", ("added",))]


def test_time_money_tokens_failures_and_answers_are_compared() -> None:
    before = trees(
        span("a"), span("b", ms=1), span("c", cost=0.01), span("d", tokens=100), span("e"), span("f", failed=True)
    )
    after = trees(
        span("a", ms=110),
        span("b", ms=5),
        span("c", cost=0.02),
        span("d", tokens=50),
        span("e", failed=True),
        span("f"),
    )
    assert changes(before, after, f0="other") == [
        ("c", ("dearer",)),
        ("d", ("cheaper",)),
        ("e", ("failed",)),
        ("f", ("recovered",)),
    ]
    slow = trees(span("a", ms=121))
    assert changes(trees(span("a")), slow) == [("a", ("slower",))]
    assert changes(slow, trees(span("a"))) == [("a", ("faster",))]
    both = [change for change in align(before, before, lambda each: object()) if change.ways]
    assert {change.ways for change in both} == {("answered differently",)}


def test_depth_has_no_limit() -> None:
    deep = trees(span("a"), *(span(f"a{n}", f"a{n - 1}0" if n else "a0", at=0) for n in range(3000)))
    assert len(list(align(deep, deep))) == 3001


def test_roots_with_a_parent_are_orphans() -> None:
    sessions = trees(span("a"), span("b", "nobody"), span("c", "a0"), span("d", "d0"))
    found = orphans(sessions)
    assert [root.title for each in sessions for root in each.roots if id(root) in found] == ["b"]
