"""What the SQLite store costs: a row stored, and each page of each filter among a million events.

``python -m benchmarks.stores [--events N] [--index-text]`` prints the table, in processor time of this process, and
fails where a page takes more than its bar. Waiting for the disk is not counted: it says more about the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import process_time

from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore

EVENTS = 1_000_000
PAGE_BAR = 0.020
"""Seconds of processor that a page may take: of any single filter, and of a tenant with any other."""
SHORT_BAR = 200
"""How many pages of a filter are read from each of its ends."""
LINEAR_BAR = 2.0
"""How much more an event may cost at the end of reading a tenant than at its beginning."""
ROOM = 4 * 2**20
_BATCH = 500
_WORDS = ("user", "agent", "tool", "call", "result", "error", "retry", "model", "answer", "plan", "step", "search")


def rows(count: int, seed: int = 1) -> Iterator[EventRow]:
    """Events as agents send them: sessions of fifty that run beside each other, most of them of one large tenant."""
    chance = random.Random(seed)
    for number in range(count):
        session = number // 1000 * 20 + number % 20
        tenant = "acme" if session % 2 else f"tenant-{session % 40}"
        tags = ("prod",) if number % 3 == 0 else ()
        text = " ".join(chance.choices(_WORDS, k=60))
        yield EventRow(
            tenant_id=tenant,
            project_id=f"project-{session % 6 // 2}",
            event_id=f"{chance.getrandbits(128):032x}",
            session_id=f"session-{session:030d}",
            agent_id=f"agent-{session % 17}",
            span_id=f"{number // 2:016x}",
            trace_id=f"{session:032x}",
            type=number % 11 * 10,
            status=4 if number % 1000 == 7 else number % 3,
            severity=5 if number % 5000 == 9 else number % 4,
            timed=1,
            seconds=1_780_000_000 + number // 100,
            nanos=(number % 100) * 10_000_000 + chance.randrange(9_000_000),
            tags=(*tags, "rare") if number % 10_000 == 1 else tags,
            data=f"{number} {text} {'x' * 200}".encode(),
        )


def filters(count: int) -> dict[str, Query]:
    """Every single condition, common and rare."""
    middle = 1_780_000_000 + count // 200
    session = count // 2000 * 20 + 3
    return {
        "everything": Query(),
        "session": Query(session_id=f"session-{session:030d}"),
        "agent": Query(agent_id="agent-3"),
        "span": Query(span_id=f"{count // 4:016x}"),
        "trace": Query(trace_id=f"{session:032x}"),
        "type": Query(types=(30,)),
        "types": Query(types=(30, 40, 50)),
        "type, none": Query(types=(33,)),
        "status": Query(statuses=(1,)),
        "status, rare": Query(statuses=(4,)),
        "severity": Query(severities=(2,)),
        "severity, rare": Query(severities=(5,)),
        "tag": Query(tags=("prod",)),
        "tag, rare": Query(tags=("rare",)),
        "time": Query(start=(middle, 0), end=(middle + 600, 0)),
        "time, from": Query(start=(middle, 0)),
    }


async def fill(store: SQLiteStore, count: int) -> float:
    """Store events; return the processor time for one, without that of making it up."""
    spent = 0.0
    source = rows(count)
    while batch := list(itertools.islice(source, _BATCH)):
        began = process_time()
        await store.add(batch)
        spent += process_time() - began
    return spent / count


async def pages(store: SQLiteStore, query: Query, most: int) -> list[tuple[float, int]]:
    """The processor time, and the events, of each page."""
    found: list[tuple[float, int]] = []
    while len(found) < most:
        began = process_time()
        page = await store.find(query, ROOM)
        found.append((process_time() - began, len(page.events)))
        if not page.next_page_token:
            break
        query = replace(query, page_token=page.next_page_token)
    return found


async def measure(path: Path, count: int, *, index_text: bool) -> list[str]:
    """Print the table; return what was missed."""
    missed: list[str] = []
    store = SQLiteStore(path, texts=lambda data: data.decode(), index_text=index_text)
    await store.open()
    try:
        per_event = await fill(store, count)
        print(f"{count} events stored: {per_event * 1e6:.1f} us and {await store.size() / count:.0f} bytes for each")
        # A collection of all that the process has, modules included, is no page's: it takes as long as two of them.
        gc.collect()
        gc.freeze()
        searches = {"text": Query(text="plan step"), "text, rare": Query(text="4711 ")} if index_text else {}
        for name, query in {**filters(count), **searches}.items():
            for tenancy, descending in itertools.product((Tenancy(), Tenancy("acme")), (True, False)):
                found = await pages(store, replace(query, tenancy=tenancy, descending=descending), SHORT_BAR)
                worst, events = max(each for each, _ in found), sum(each for _, each in found)
                label = f"{name}{' of a tenant' if tenancy.tenant_id else ''}, {'down' if descending else 'up'}"
                print(f"{label:40} {len(found):4} pages {events:6} events, the slowest {worst * 1e3:6.2f} ms")
                if worst > PAGE_BAR:
                    missed.append(f"{label}: {worst * 1e3:.1f} ms")
        whole = await pages(store, Query(tenancy=Tenancy("acme"), size=1000), 10**9)
        tenth = max(1, len(whole) // 10)
        first, last = sum(each for each, _ in whole[:tenth]), sum(each for each, _ in whole[-1 - tenth : -1])
        print(
            f"a tenant to its end: {sum(n for _, n in whole)} events, {sum(each for each, _ in whole):.2f} s; ", end=""
        )
        print(f"its last tenth takes {last / first:.2f} times the first")
        if last > LINEAR_BAR * first:
            missed.append("reading a tenant to its end is not linear")
    finally:
        await store.close()
    return missed


def main() -> None:
    """Measure, and say what was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--index-text", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "events.db"
        missed = asyncio.run(measure(path, options.events, index_text=options.index_text))
    raise SystemExit("\n".join(missed))


if __name__ == "__main__":
    main()
