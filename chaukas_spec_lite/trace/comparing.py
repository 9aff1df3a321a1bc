"""Two sessions beside each other: each span as a row, with the row of its counterpart. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from chaukas_spec_lite.trace.aligning import Differences, align
from chaukas_spec_lite.trace.rows import Details, EventKey, SpanRow, key_of, rows

if TYPE_CHECKING:
    from chaukas_spec_lite.trace.aligning import SpanChange
    from chaukas_spec_lite.trace.answers import BriefAnswer
    from chaukas_spec_lite.trace.tree import Session, Span


class RecordedSession(NamedTuple):
    """What comparing needs of a session."""

    sessions: tuple[Session, ...]
    """Its trees, as ``build`` makes them."""
    details: Details
    answers: Mapping[EventKey, BriefAnswer]
    """What came out of its spans, by the events that tell it."""

    def answer(self, span: Span) -> list[BriefAnswer]:
        """What came out of a span."""
        found = (self.answers.get(key_of(each)) for each in (span.end, span.point) if each is not None)
        return [each for each in found if each is not None]

    def rows(self) -> dict[int, SpanRow]:
        """The rows of its spans, by the identity of the span."""
        return {id(row.span): row for row in rows(self.sessions, self.details)}


@dataclass(frozen=True, slots=True)
class RowPair:
    """A span of one session beside its counterpart in the other; either may be missing."""

    change: SpanChange
    before: SpanRow | None
    after: SpanRow | None
    answers: tuple[str, str] | None
    """What came out of both, where that is not the same."""


def compare(before: RecordedSession, after: RecordedSession, differences: Differences) -> Iterator[RowPair]:
    """Compare two sessions, span by span, as ``align`` does.

    Args:
        before: One of them.
        after: The other.
        differences: Is told of each difference.
    """
    # Aligning hands out the very spans that the rows are made of.
    old, new = before.rows(), after.rows()

    def answered(span: Span) -> list[BriefAnswer]:
        return (before if id(span) in old else after).answer(span)

    for change in align(before.sessions, after.sessions, answered):
        differences.add(change)
        answers = None
        if change.before is not None and change.after is not None and "answered differently" in change.ways:
            answers = _text(before.answer(change.before)), _text(after.answer(change.after))
        yield RowPair(
            change,
            None if change.before is None else old[id(change.before)],
            None if change.after is None else new[id(change.after)],
            answers,
        )


def _text(answers: list[BriefAnswer]) -> str:
    return ", ".join(each.text for each in answers)
