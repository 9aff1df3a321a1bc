"""The JSON of trees of spans and of series over time, which are made of many events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.collector.doors.json_slices import Items
from chaukas_spec_lite.collector.doors.openapi_trees import PERCENTILES
from chaukas_spec_lite.trace.aligning import Differences
from chaukas_spec_lite.trace.comparing import compare
from chaukas_spec_lite.trace.rows import SpanRow, rows
from chaukas_spec_lite.trace.series import By, Series, Stretch, percentile, series
from chaukas_spec_lite.trace.tree import Counts
from chaukas_spec_lite.wellknown.timetext import timestamp_to_json

if TYPE_CHECKING:
    from datetime import datetime

    from chaukas_spec_lite.collector.gathering import Answered, Gathered
    from chaukas_spec_lite.trace.comparing import RowPair
    from chaukas_spec_lite.trace.tree import Session

_NOTHING = Stretch()


def spans(gathered: Gathered) -> dict[str, Any]:
    """Write the spans of what was gathered. Takes time."""
    sessions = gathered.sessions()
    listed = [*rows(sessions, gathered.details)]
    return {
        "spans": Items(listed, span),
        "truncated": gathered.truncated,
        "agents": [*dict.fromkeys(each.agent for each in listed if each.agent)],
        **totals(sessions),
    }


def compared(before: Answered, after: Answered) -> dict[str, Any]:
    """Write how two sessions differ. Takes time."""
    old, new, differences = before.recorded(), after.recorded(), Differences()
    # All of them, as what differs is known only then.
    pairs = [*compare(old, new, differences)]
    return {
        "pairs": Items(pairs, _pair),
        "spans": differences.spans,
        "ways": dict(sorted(differences.counts.items())),
        "before": totals(old.sessions),
        "after": totals(new.sessions),
        "truncated": before.truncated or after.truncated,
    }


def _pair(pair: RowPair) -> dict[str, Any]:
    return {
        "depth": pair.change.depth,
        "ways": [*pair.change.ways],
        "before": None if pair.before is None else span(pair.before),
        "after": None if pair.after is None else span(pair.after),
        "answers": None if pair.answers is None else [*pair.answers],
    }


def totals(sessions: Iterable[Session]) -> dict[str, Any]:
    """Write what sessions come to, together."""
    sessions = [*sessions]
    sums = Counts.together(each.totals for each in sessions)
    return {
        "start": time_text(min((each.start for each in sessions if each.start is not None), default=None)),
        "end": time_text(max((each.end for each in sessions if each.end is not None), default=None)),
        "totals": {
            "events": sums.events,
            "spans": sums.spans,
            "errors": sums.errors,
            "retries": sums.retries,
            "handoffs": sums.handoffs,
            "tokens": sums.tokens,
            "cost": dict(sums.cost),
        },
    }


def span(row: SpanRow) -> dict[str, Any]:
    """Write a span."""
    of = row.span
    moments, duration, total, cost = of.moments, of.duration, of.tokens, of.cost
    return {
        "id": row.id,
        "span_id": moments[0].span_id,
        "parent": row.parent,
        "depth": row.depth,
        "kind": of.kind,
        "name": of.title,
        "agent": row.agent,
        "model": row.model,
        "start": time_text(moments[0].time),
        "duration_ms": None if duration is None else duration.total_seconds() * 1e3,
        "status": row.status,
        "error": of.error or None,
        "tokens": {"prompt": row.prompt_tokens, "completion": row.completion_tokens, "total": total} if total else None,
        "cost": dict(cost) or None,
        "events": [each.event_id for each in moments],
        "marks": row.marks,
    }


def time_text(time: datetime | None) -> str | None:
    """Write a time as RFC 3339; None where it has none, as before the year 1."""
    try:
        return None if time is None else timestamp_to_json(time)
    except ValueError:
        return None


def series_of(gathered: Gathered, by: By, most: int, start: int | None, end: int | None) -> dict[str, Any]:
    """Write what happened over time. Takes time."""
    found = series(gathered.sessions(), gathered.details, by, most, start, end)
    return {
        "times": [] if found is None else found.times,
        "width": 0 if found is None else found.width,
        "series": [] if found is None else [_group(name, each, found) for name, each in found.groups.items()],
        "agents_by_id": gathered.agents,
        "truncated": gathered.truncated,
    }


def _group(name: str, stretches: Mapping[int, Stretch], of: Series) -> dict[str, Any]:
    each = [stretches.get(number, _NOTHING) for number in range(of.count)]
    currencies = {currency: None for stretch in each for currency in stretch.cost}
    return {
        "name": name,
        "events": [stretch.events for stretch in each],
        "errors": [stretch.errors for stretch in each],
        "calls": [stretch.calls for stretch in each],
        "tokens": [stretch.tokens for stretch in each],
        "prompt_tokens": [stretch.prompt_tokens for stretch in each],
        "completion_tokens": [stretch.completion_tokens for stretch in each],
        "cost": {currency: [stretch.cost.get(currency, 0.0) for stretch in each] for currency in currencies},
        "duration_ms": {
            told: [percentile(stretch.durations, share) for stretch in each] for told, share in PERCENTILES.items()
        },
    }
