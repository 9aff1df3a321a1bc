"""The command ``diff``: what is different in one session from another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import click
from rich.console import Console
from rich.text import Text

from chaukas_spec_lite.cli.options import epilog, limit_option, output_option, place_options
from chaukas_spec_lite.cli.output import Unreadable, pictures, refuse_own_input, run
from chaukas_spec_lite.cli.sources import session_events, source_of
from chaukas_spec_lite.cli.terminal import costs, count, fit
from chaukas_spec_lite.cli.tree_view import DIM, ERROR
from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts
from chaukas_spec_lite.printable import cells, cut, duration, glyphs_for, one_line
from chaukas_spec_lite.spec.common.v1.query import QueryFilter
from chaukas_spec_lite.trace.aligning import Differences, SpanChange, align
from chaukas_spec_lite.trace.answers import answer
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.tree import Span, build

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event

_MARKS = {"added": ("+", "green"), "gone": ("-", ERROR)}
_MAX_DEPTH = 12
_MAX_ANSWER = 200


@click.command(
    short_help="Compare two sessions, span by span.",
    epilog=epilog(
        "chaukas-lite diff s-1 s-2",
        "chaukas-lite diff s-1 s-2 --store sqlite:events.db",
        "chaukas-lite diff s-1 last runs.jsonl",
    ),
)
@click.argument("before")
@click.argument("after")
@place_options
@click.option("--tenant", default="", help="Of this tenant.")
@click.option("--project", default="", help="Of this project.")
@click.option("--all", "everything", is_flag=True, help="Spans that are the same, too.")
@limit_option
@output_option
def diff(
    place: Whereabouts,
    before: str,
    after: str,
    tenant: str,
    project: str,
    everything: bool,
    limit: int | None,
    output: str | None,
) -> None:
    """Compare the session AFTER with the session BEFORE: ids, or last for the newest.

    Spans are aligned by their paths, made of kinds and names. Told are those that were added or are gone, failed or
    recovered, took more than 1.2 times the time, cost more than 1.05 times the money or tokens, or answered
    differently. --limit is for the lines.
    """
    refuse_own_input(output, place.files)
    told = Unreadable()
    asked = Wanted(QueryFilter(tenant_id=tenant, project_id=project))
    both = run(_found(place, before, after, asked, told))
    answers = {event.event_id: answer(event) for events in both for event in events}

    def answered(span: Span) -> object:
        return [answers.get(each.event_id) for each in (span.end, span.point) if each is not None]

    old, new = (build(map(moment, events)) for events in both)
    sums, shown = Differences(), 0
    with pictures(output) as out:
        for change in align(old, new, answered):
            sums.add(change)
            if (change.ways or everything) and (limit is None or shown < limit):
                shown += 1
                for line in _lines(change, answered, out):
                    out.print(line)
        out.print(_sum(sums))
    told.close()


async def _found(
    place: Whereabouts, before: str, after: str, asked: Wanted, told: Unreadable
) -> tuple[list[Event], list[Event]]:
    async with source_of(place, told) as source:
        return await session_events(source, before, asked), await session_events(source, after, asked)


def _lines(change: SpanChange, answered: Callable[[Span], object], out: Console) -> Iterator[Text]:
    glyphs = glyphs_for(out.encoding)
    mark, style = next((_MARKS[way] for way in change.ways if way in _MARKS), ("~" if change.ways else " ", ""))
    what = one_line(f"{change.span.kind} {change.span.title}".rstrip(), out.encoding)
    indent = "  " * min(change.depth, _MAX_DEPTH)
    width = min(out.width, 120)
    said = [one_line(_said(way, change, answered), out.encoding) for way in change.ways if way not in _MARKS]
    head = f"{mark} {indent}"
    first = fit(what, width - len(head), glyphs).rstrip()
    together = f"  {', '.join(said)}" if said else ""
    # On lines of their own where there is no room beside it.
    beside = cells(head + first + together) <= width
    style = style or ("" if change.ways else DIM)
    yield Text.assemble((head + first, style), (together if beside else "", DIM))
    for each in () if beside else said:
        yield Text(f"  {indent}  {each}", DIM)


def _said(way: str, change: SpanChange, answered: Callable[[Span], object]) -> str:
    old, new = change.before, change.after
    assert old is not None
    assert new is not None
    if way in ("slower", "faster") and old.duration is not None and new.duration is not None:
        return f"{way}: {duration(old.duration)}, now {duration(new.duration)}"
    if way in ("dearer", "cheaper"):
        was, now = costs(old.cost), costs(new.cost)
        if not was and not now:
            return f"{way}: {count(old.tokens, 'token')}, now {new.tokens:,}"
        return f"{way}: {was or 'nothing'}, now {now or 'nothing'}"
    if way == "failed":
        return f"failed: {new.error[:_MAX_ANSWER]}" if new.error else "failed"
    if way == "answered differently":
        return f"{way}: {_short(answered(old))}, now {_short(answered(new))}"
    return way


def _short(answers: object) -> str:
    """Some of an answer, so that people see what it is about."""
    found = [each for each in cast("list[object]", answers) if each is not None]
    text = ", ".join(each if isinstance(each, str) else repr(each) for each in found) or "nothing"
    return cut(" ".join(text[: 2 * _MAX_ANSWER].split()), _MAX_ANSWER // 4, "...")


def _sum(sums: Differences) -> Text:
    if not sums.ways:
        return Text(f"{count(sums.spans, 'span')} of both: no difference", "green")
    found = ", ".join(f"{number:,} {way}" for way, number in sorted(sums.ways.items()))
    return Text(f"{count(sums.spans, 'span')} of both: {found}", "bold")
