"""The page in a real browser: how large it is, how soon it shows something, and whether a long session scrolls.

All but the size needs the extra ``page``, and a Chromium on the path. A collector runs in a process of its own, on a
SQLite file.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Row
from chaukas_spec_lite import CostDetails, Event, EventType, LLMInvocation
from chaukas_spec_lite.collector.callers import ANYONE
from chaukas_spec_lite.collector.page.files import files
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession

SECTION = "The page, in a headless Chromium"

SIZE_BAR = 120.0
"""Kilobytes that all files of the page have together, compressed."""
PAINT_BAR = 500.0
"""Milliseconds from the address to the first session in the list."""
FRAMES_BAR = 60.0
EVENTS, SPANS = 100_000, 20_000
_LONG = "long"
_BATCH = 1000
_SECONDS = 4
_UNBOUND = ["--disable-gpu-vsync", "--disable-frame-rate-limit"]
"""So that frames tell what the page can do, and not how often a display would show it."""

_FIRST = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("table tbody tr")) return;
  observer.disconnect();
  // Behind the frame that shows it.
  requestAnimationFrame(() => setTimeout(() => { document.documentElement.dataset.shown = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
_ANSWERED = """
performance.getEntriesByType("resource").find((each) => each.name.endsWith("/spans")).responseEnd
"""
_SCROLL = """
(seconds) => new Promise((done) => {
  const list = document.querySelector('[role="treegrid"]');
  const most = list.scrollHeight - list.clientHeight;
  const began = performance.now();
  let frames = 0, last = began, longest = 0;
  const step = (now) => {
    frames += 1;
    longest = Math.max(longest, now - last);
    last = now;
    // From one end to the other and back, in all the time.
    const part = ((now - began) / 1000 / seconds) * 2;
    list.scrollTop = (part <= 1 ? part : 2 - part) * most;
    if (now - began < seconds * 1000) return requestAnimationFrame(step);
    done({ frames, seconds: (now - began) / 1000, longest });
  };
  requestAnimationFrame(step);
})
"""


def rows(quick: bool) -> Iterator[Row]:
    """Measure, on a tenth of the events if it is to be quick."""
    compressed = sum(len(each.compressed) for each in files().values()) / 1000
    yield Row(SECTION, "all files of the page, compressed", compressed, None, "kB", SIZE_BAR)
    if find_spec("playwright") is None or shutil.which("chromium") is None:
        print("the rest needs the extra `page`, and a chromium on the path")
        return
    share = 10 if quick else 1
    events, spans = EVENTS // share, SPANS // share
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.db"
        asyncio.run(_fill(path, spans, events))
        with _serving(path) as url:
            yield from _looked_at(url, events, spans, 3 if quick else 7)


def _looked_at(url: str, events: int, spans: int, times: int) -> Iterator[Row]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        paints = [_first_paint(browser, url) for _ in range(times)]
        browser.close()
        name = f"first session shown, of {events:,} events, nothing cached"
        yield Row(SECTION, f"{name}, median", statistics.median(each for each, _ in paints), None, "ms", PAINT_BAR)
        yield Row(SECTION, f"{name}: the page's own work", min(worked for _, worked in paints), None, "ms")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_UNBOUND)
        opened, after, scrolled = _scrolled(browser, f"{url}sessions/{_LONG}")
        browser.close()
        name = f"a session of {spans:,} spans"
        yield Row(SECTION, f"{name}: shown, most of which is the server's work", opened, None, "ms")
        yield Row(SECTION, f"{name}: shown, from the server's answer on", after, None, "ms")
        frames = scrolled["frames"]
        worked = f"{name}: frames of scrolling for a second of the page's own work"
        yield Row(SECTION, worked, frames / scrolled["worked"], None, "fps", FRAMES_BAR, faster=True)
        yield Row(SECTION, f"{name}: frames in a second of the clock", frames / scrolled["seconds"], None, "fps")
        yield Row(SECTION, f"{name}: the longest frame while it is", scrolled["longest"], None, "ms")


def _first_paint(browser: Browser, url: str) -> tuple[float, float]:
    """How long it took, and how much of that was the work of the page's own thread, in milliseconds."""
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        context.add_init_script(_FIRST)
        tab = context.new_page()
        session = _measuring(context.new_cdp_session(tab))
        tab.goto(url)
        # The policy of the page lets nobody wait for an expression.
        tab.locator("html[data-shown]").wait_for()
        worked = 1000 * _worked(session)
        return float(tab.evaluate("document.documentElement.dataset.shown")), worked


def _scrolled(browser: Browser, url: str) -> tuple[float, float, dict[str, float]]:
    """When the session was shown, how long after the server's answer, in milliseconds, and how it was scrolled."""
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        tab = context.new_page()
        tab.goto(url)
        tab.locator("[data-place]").nth(10).wait_for()
        opened = float(tab.evaluate("performance.now()"))
        answered = float(tab.evaluate(_ANSWERED))
        session = _measuring(context.new_cdp_session(tab))
        before = _worked(session)
        measured: dict[str, float] = tab.evaluate(_SCROLL, _SECONDS)
        return opened, opened - answered, {**measured, "worked": _worked(session) - before}


def _measuring(session: CDPSession) -> CDPSession:
    # The processor time of the thread that scripts, styles and layout run in: the clock tells of the machine, too.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


def _worked(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")


@contextmanager
def _serving(path: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "chaukas_spec_lite", "serve", "--store", str(path)]
    doors = ["--grpc", "off", "--http", "127.0.0.1:0"]
    with subprocess.Popen([*command, *doors], stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        try:
            said = next(line for line in process.stdout if line.startswith("The page is at"))
            (address,) = re.findall(r"http\S+", said)
            yield address
        finally:
            process.terminate()


async def _fill(path: Path, spans: int, events: int) -> None:
    service = CollectorService(SQLiteStore(path, texts=searched_text))
    await service.open()
    try:
        long = _events(_LONG, spans)
        short = (event for number in range(events) for event in _events(f"session-{number}", 20))
        every: Iterator[bytes] = islice(_chained(long, short), events)
        while batch := [*islice(every, _BATCH)]:
            await service.ingest_events(batch, ANYONE)
    finally:
        await service.close()


def _chained(*parts: Iterable[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield from part


def _events(session: str, spans: int) -> Iterator[bytes]:
    """A session of agents that call a model and a tool in turn, ten times each."""
    begin = datetime(2026, 11, 29, tzinfo=timezone.utc)
    agent = ""
    for number in range(spans):
        at = begin + timedelta(milliseconds=100 * number)
        given: dict[str, Any] = {"session_id": session, "agent_name": f"agent {number // 21 % 7}"}
        span = f"{session}-{number}"
        kind = "AGENT" if number % 21 == 0 else "MODEL_INVOCATION" if number % 2 else "TOOL_CALL"
        agent, parent = (span, "") if kind == "AGENT" else (agent, agent)
        end: dict[str, Any] = {}
        if kind == "MODEL_INVOCATION":
            given["llm_invocation"] = LLMInvocation(model="gpt-4o", prompt_tokens=800, completion_tokens=90)
            end["cost"] = CostDetails(total_cost=0.003, currency="USD")
        for edge, more in (("START", {}), ("END", end)):
            yield bytes(
                Event(
                    event_id=f"{span}-{edge}",
                    type=EventType[f"{kind}_{edge}"],
                    span_id=span,
                    parent_span_id=parent,
                    timestamp=at + timedelta(milliseconds=80 * (edge == "END")),
                    **given,
                    **more,
                )
            )
