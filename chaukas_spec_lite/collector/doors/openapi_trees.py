"""The answers that are made of many events, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from chaukas_spec_lite.collector.doors.openapi_parts import AGENTS, COUNT, TEXT, array, record, ref
from chaukas_spec_lite.trace.aligning import WAYS

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
"""What is told of durations, and the share of them that do not exceed it."""

_COST: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "number"},
    "description": "The amount by its currency.",
}
_TIME = {"type": ["string", "null"], "format": "date-time"}


def tree_schemas() -> dict[str, Any]:
    """Describe them."""
    return {
        "Spans": record(
            spans=array(ref("Span")),
            truncated={"type": "boolean", "description": "Whether the session has more events than were read."},
            agents={**array(TEXT), "description": "In the order of the tree."},
            **_sums()["properties"],
        ),
        "Totals": record(
            **dict.fromkeys(("events", "spans", "errors", "retries", "handoffs", "tokens"), COUNT), cost=_COST
        ),
        "Span": _span(),
        "Comparison": record(
            pairs=array(ref("PairOfSpans")),
            spans={**COUNT, "description": "How many spans both have."},
            ways={
                "type": "object",
                "additionalProperties": COUNT,
                "description": "How many spans differ in each way.",
            },
            before=_sums(),
            after=_sums(),
            truncated={"type": "boolean", "description": "Whether one of them has more events than were read."},
        ),
        "PairOfSpans": _pair(),
        "FoundEvents": record(
            events={**array(ref("StoredEvent")), "description": "Each project may have one event of an id."}
        ),
        "SeriesOverTime": record(
            times={
                **array({"type": "integer"}),
                "description": "Where each stretch of time begins, in seconds since 1970.",
            },
            width={**COUNT, "description": "How many seconds each has."},
            series=array(ref("Series")),
            agents_by_id=AGENTS,
            truncated={"type": "boolean", "description": "Whether there are more events, older than those."},
        ),
        "Series": _series(),
    }


def _sums() -> dict[str, Any]:
    return record(start=_TIME, end=_TIME, totals=ref("Totals"))


def _pair() -> dict[str, Any]:
    either = {"anyOf": [ref("Span"), {"type": "null"}]}
    return record(
        depth=COUNT,
        ways={
            **array({"enum": [*WAYS]}),
            "description": "How the second differs from the first; empty where it does not. What is below a span that "
            "was added, or is gone, is not listed.",
        },
        before=either,
        after=either,
        answers={
            "type": ["array", "null"],
            "items": TEXT,
            "description": "The beginning of what came out of the first and the second, where that is not the same.",
        },
    )


def _span() -> dict[str, Any]:
    tokens = record(prompt=COUNT, completion=COUNT, total=COUNT)
    return record(
        id={**TEXT, "description": "Tells it from all other spans of the answer."},
        span_id={**TEXT, "description": "That of its events; several spans may have the same, or none."},
        parent={**TEXT, "description": "The id of the span that it is inside of; empty for a root."},
        depth=COUNT,
        kind={**TEXT, "description": "session, agent, model, tool, mcp, input, error, and so on."},
        name=TEXT,
        agent=TEXT,
        model=TEXT,
        start={**_TIME, "description": "The time of its first event."},
        duration_ms={
            "type": ["number", "null"],
            "description": "From START to END; negative if clocks disagree, null if one of the two is missing.",
        },
        status={"enum": ["ok", "failed", "cancelled", "open"]},
        error={"type": ["string", "null"], "description": "What its events say of an error."},
        tokens={"anyOf": [tokens, {"type": "null"}]},
        cost={"anyOf": [_COST, {"type": "null"}]},
        events={**array(TEXT), "description": "The ids of its events: START and END, or one that stands for a moment."},
        marks={**array({"enum": ["orphan", "no_end", "no_start"]}), "description": "What is unusual about it."},
    )


def _series() -> dict[str, Any]:
    counts = array(COUNT)
    some = array({"type": ["number", "null"]})
    return record(
        name={**TEXT, "description": "Of the model or agent; empty where nothing is told apart."},
        **dict.fromkeys(("events", "errors"), counts),
        calls={**counts, "description": "Of models, by their END."},
        **dict.fromkeys(("tokens", "prompt_tokens", "completion_tokens"), counts),
        cost={"type": "object", "additionalProperties": array({"type": "number"})},
        duration_ms={
            **record(**dict.fromkeys(PERCENTILES, some)),
            "description": "Percentiles of how long calls of models took, or agents where these are told apart.",
        },
    )
