"""What stands in for time and for the network."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.errors import MessageTooLargeError, RpcError, StatusCode


class FakeClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.random = random.random
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> float:
        return self.time

    async def wait(self, event: asyncio.Event, until: float | None) -> None:
        if until is not None and until <= self.time:
            await asyncio.sleep(0)
            return
        alarm = asyncio.Event()
        if until is not None:
            self._sleepers.append((until, alarm))
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(alarm.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def advance(self, seconds: float) -> None:
        self.time += seconds
        for until, alarm in self._sleepers:
            if until <= self.time:
                alarm.set()
        self._sleepers = [each for each in self._sleepers if each[0] > self.time]
        await settle()


async def settle() -> None:
    """Let every task run until it waits for something that is not there yet."""
    for _ in range(30):
        await asyncio.sleep(0)


def is_bad(data: bytes) -> bool:
    """Whether an event's agent is called so. Its id may hold the word by chance: it is made of hexadecimal digits."""
    return Event.parse(data).agent_name.startswith("bad")


class Recorder:
    """A sender that keeps what it is sent. It refuses or fails as ``answers`` or ``judge`` tell it to."""

    def __init__(self, judge: Callable[[Sequence[bytes]], Exception | None] | None = None) -> None:
        self.batches: list[list[bytes]] = []
        self.attempts: list[list[bytes]] = []
        self.answers: list[Exception] = []
        self.gate: asyncio.Event | None = None
        self._judge = judge

    async def send(self, encoded_events: Sequence[bytes], /) -> None:
        self.attempts.append(list(encoded_events))
        if self.gate is not None:
            await self.gate.wait()
        error = self.answers.pop(0) if self.answers else self._judge and self._judge(encoded_events)
        if error:
            raise error
        self.batches.append(list(encoded_events))

    @property
    def received(self) -> list[bytes]:
        return [event for batch in self.batches for event in batch]

    def names(self) -> list[str]:
        return [Event.parse(event).agent_name for event in self.received]


def unavailable() -> RpcError:
    return RpcError("down for a while", retryable=True)


def invalid() -> RpcError:
    return RpcError("not acceptable", status=StatusCode.INVALID_ARGUMENT)


def too_large() -> RpcError:
    return MessageTooLargeError("too large")


def exhausted() -> RpcError:
    return RpcError("more than I can take", status=StatusCode.RESOURCE_EXHAUSTED, retryable=True)


def internal() -> RpcError:
    return RpcError("a bug", status=StatusCode.INTERNAL)


def numbered(number: int | str, size: int = 0) -> Event:
    """An event that its ``agent_name`` tells from others."""
    return Event(type=EventType.SYSTEM, agent_name=str(number), branch="x" * size)
