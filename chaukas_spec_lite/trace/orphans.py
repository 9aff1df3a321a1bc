"""Which spans name a parent that nobody recorded. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from chaukas_spec_lite.trace.tree import Session, Span


def is_orphan(root: Span) -> bool:
    """Whether a root has a parent by its own words; it became a root because that was not among the events."""
    return any(each.parent_id and each.parent_id != each.span_id for each in root.moments)


def orphans(sessions: Iterable[Session]) -> set[int]:
    """The roots that are orphans, by the identity of the span."""
    return {id(root) for session in sessions for root in session.roots if is_orphan(root)}
