"""Writes what ``chaukas-lite demo`` plays: ``python -m tests.cli.make_demo``.

The recording is made with the recorder by `support_bot`, whose waits take no time here, and is the same in every run:
time is played, and ids are made anew out of the time and the number of each.
"""

from __future__ import annotations

import asyncio
import re
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from chaukas_spec_lite import Event, Recorder
from chaukas_spec_lite.trace.recording import Times
from tests.cli import support_bot
from tests.cli.support_bot import Bot

RECORDING = Path(__file__).parents[2] / "chaukas_spec_lite" / "cli" / "data" / "session.delim"
BEGIN = datetime(2026, 11, 27, 9, 14, 7, 250_000, tzinfo=timezone.utc)
FOLDER = str(Path(support_bot.__file__).parent) + "/"


class PlayedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is that of its timers: instead of waiting for one, it goes to that time."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        loop = self

        class Selector(selectors.DefaultSelector):
            def select(self, timeout: float | None = None) -> Any:
                ready = super().select(0)
                if not ready and timeout:
                    loop.elapsed += timeout
                return ready

        super().__init__(Selector())

    def time(self) -> float:
        return self.elapsed


class Clock:
    """A recorder's clocks in a played loop; each look at them takes a little, as work does."""

    def __init__(self, loop: PlayedLoop) -> None:
        self._loop = loop
        self._looks = 0

    def times(self) -> Times:
        return Times(now=self.now, monotonic_ns=self.monotonic_ns)

    def monotonic_ns(self) -> int:
        self._looks += 1
        return round(self._loop.elapsed * 1e6) * 1000 + self._looks * 37_000

    def now(self) -> datetime:
        return BEGIN + timedelta(microseconds=self.monotonic_ns() // 1000)


def record() -> list[Event]:
    """Record two conversations."""
    loop = PlayedLoop()
    recorder = Recorder.to(
        "memory:",
        tenant_id="acme",
        project_id="support-bot",
        branch="main",
        prices=support_bot.PRICES,
        clock=Clock(loop).times(),
    )
    bot = Bot(recorder)

    def play(conversation: Coroutine[Any, Any, None]) -> None:
        loop.run_until_complete(conversation)
        loop.run_until_complete(asyncio.sleep(2.4))

    try:
        play(bot.serve("u-2041", support_bot.QUESTION))
        play(bot.serve_in_vain("u-1377", "Do you ship to Norway?"))
    finally:
        loop.close()
    return with_ids(recorder.events)


def with_ids(events: list[Event]) -> list[Event]:
    """The events with ids and stack traces that are the same in every run, on every machine."""
    ids: dict[str, str] = {}
    for event in events:
        assert event.timestamp is not None
        millisecond = round(event.timestamp.timestamp() * 1000)
        for name in ("trace_id", "session_id", "span_id", "event_id"):
            ids.setdefault(getattr(event, name), uuid7(millisecond, len(ids)))
    pattern = re.compile("|".join(map(re.escape, filter(None, ids))))
    made = []
    for event in events:
        # By its JSON, which has ids wherever they may stand: in the calls of tools, in what an error refers to.
        text = pattern.sub(lambda found: ids[found[0]], event.to_json())
        made.append(Event.from_json(text))
        if (error := made[-1].error) is not None:
            error.stack_trace = _neutral(error.stack_trace)
    return made


def uuid7(millisecond: int, number: int) -> str:
    """A UUIDv7 whose random bits are a number's."""
    scattered = number * 0x9E3779B97F4A7C15 & (1 << 62) - 1
    bits = millisecond << 80 | 7 << 76 | (number * 0x6A7 & 0xFFF) << 64 | 2 << 62 | scattered
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _neutral(stack_trace: str) -> str:
    """A stack trace that tells nothing of the machine, nor of the version of Python, which marks columns since 3.11."""
    lines = [line for line in stack_trace.splitlines(keepends=True) if set(line.strip()) - set("^~")]
    return "".join(lines).replace(FOLDER, "support_bot/")


def delimited(events: list[Event]) -> bytes:
    """The events as a recording."""
    data = b""
    for event in events:
        encoded = bytes(event)
        size, head = len(encoded), b""
        while size > 127:
            head += bytes([size & 127 | 128])
            size >>= 7
        data += head + bytes([size]) + encoded
    return data


if __name__ == "__main__":
    # And then `python -m pytest tests/cli`, which says how the pictures in tests/cli/expected have changed.
    RECORDING.write_bytes(delimited(record()))
