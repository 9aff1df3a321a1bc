"""Random programs whose tasks and threads really run at the same time: parents are right, nothing is lost or mixed up.

Who goes first is up to the machine, and no verdict depends on it: each piece of work has a name that says what it is
part of. `test_any_program` decides who goes first, and knows more.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import EventStatus, Recorder
from chaukas_spec_lite.trace.kinds import KINDS
from chaukas_spec_lite.trace.tree import Edge
from tests.profiles import searched
from tests.trace.test_any_program import Events, Planned


@dataclass(frozen=True)
class Work:
    """Work with parts, which are done one after the other, in tasks, or in threads."""

    how: str = "in turn"
    fails: bool = False
    parts: tuple[Work, ...] = ()


works = st.recursive(
    st.builds(Work, fails=st.booleans()),
    lambda parts: st.builds(
        Work,
        how=st.sampled_from(["in turn", "tasks", "threads"]),
        fails=st.booleans(),
        parts=st.lists(parts, max_size=4).map(tuple),
    ),
    max_leaves=12,
)


async def do_async(recorder: Recorder, work: Work, path: str) -> None:
    async with recorder.tool(path):
        names = [f"{path}.{number}" for number in range(len(work.parts))]
        if work.how == "in turn":
            for part, name in zip(work.parts, names, strict=True):
                with suppress(Planned):
                    await do_async(recorder, part, name)
        else:
            jobs = [
                do_async(recorder, part, name)
                if work.how == "tasks"
                else asyncio.to_thread(do_sync, recorder, part, name)
                for part, name in zip(work.parts, names, strict=True)
            ]
            await asyncio.gather(*jobs, return_exceptions=True)
        if work.fails:
            raise Planned(path)


def do_sync(recorder: Recorder, work: Work, path: str) -> None:
    @recorder.tool(path)
    def done() -> None:
        with recorder.executor(ThreadPoolExecutor(4)) as executor:
            for number, part in enumerate(work.parts):
                name = f"{path}.{number}"
                if work.how == "threads":
                    executor.submit(do_sync, recorder, part, name)
                elif work.how == "tasks":
                    asyncio.run(_one(recorder, part, name))
                else:
                    with suppress(Planned):
                        do_sync(recorder, part, name)
        if work.fails:
            raise Planned(path)

    done()


async def _one(recorder: Recorder, work: Work, path: str) -> None:
    await asyncio.gather(do_async(recorder, work, path), return_exceptions=True)


def all_of(work: Work, path: str) -> dict[str, Work]:
    parts = [all_of(part, f"{path}.{number}") for number, part in enumerate(work.parts)]
    return {path: work} | {name: each for part in parts for name, each in part.items()}


@searched(300)
@given(works)
def test_programs_that_do_all_at_the_same_time(work: Work) -> None:
    events = Events()
    recorder = Recorder(events)
    asyncio.run(_one(recorder, work, "0"))
    starts = {event.tool_call.name: event for event in events if event.tool_call is not None}
    expected = all_of(work, "0")
    assert starts.keys() == expected.keys()
    assert len(events) == 2 * len(expected)
    ends = {event.span_id: event for event in events if KINDS[event.type] == ("tool", Edge.END)}
    for name, start in starts.items():
        outer = name.rpartition(".")[0]
        assert start.parent_span_id == (starts[outer].span_id if outer else "")
        assert start.trace_id == starts["0"].trace_id
        end = ends[start.span_id]
        assert end.parent_span_id == start.parent_span_id
        assert end.status == (EventStatus.FAILED if expected[name].fails else EventStatus.COMPLETED)
        assert (end.error is not None) == expected[name].fails
