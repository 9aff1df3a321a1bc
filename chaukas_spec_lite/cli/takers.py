"""What commands hand events to: a collector, by gRPC or by its HTTP door. The first failure is told at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Protocol

from chaukas_spec_lite.cli.doors import door_of, why_not_taken, wrong_door
from chaukas_spec_lite.cli.http_door import HttpDoorError, in_thread, object_of
from chaukas_spec_lite.cli.output import say
from chaukas_spec_lite.client.settings import Settings
from chaukas_spec_lite.clock import within
from chaukas_spec_lite.errors import (
    ConnectError,
    DeadlineExceededError,
    HTTP1Error,
    RpcError,
    StatusCode,
    StatusError,
)
from chaukas_spec_lite.export.sender import NOT_ABOUT_EVENTS, Verdict, judge
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.sinks.answers import of_answer
from chaukas_spec_lite.spec.common.v1.events import EventBatch
from chaukas_spec_lite.wire.envelopes import batch_request, event_request

if TYPE_CHECKING:
    from chaukas_spec_lite.export.exporter import EventExporter
    from chaukas_spec_lite.export.stats import Stats

LOOK = 0.5
"""Seconds between two looks at how far it is, and whether it can go on."""


class Taker(Protocol):
    """Takes events to a collector: the sender of an exporter, which says of single events why they are refused."""

    @property
    def settings(self) -> Settings:
        """What the exporter completes events with."""
        ...

    async def send(self, encoded_events: Sequence[bytes], /) -> int:
        """Hand over a batch in one attempt; return how many of it were rejected. Raises ``RpcError``."""
        ...

    async def ingest_event(self, event: bytes, /) -> None:
        """Hand over one event; raises ``StatusError`` with the reason if it is refused, and ``RpcError``."""
        ...


class DoorTaker:
    """Takes events to an HTTP door, as the official SDK sends them.

    Args:
        url: Where it listens.
        name: The option or variable that this comes from, for errors.

    Raises:
        SettingError: It is no such address, or a variable cannot be used.
    """

    def __init__(self, url: str, name: str) -> None:
        self._door, self.settings = door_of(url, name)

    async def send(self, encoded_events: Sequence[bytes], /) -> int:
        """Hand over a batch."""
        head = bytes(EventBatch(batch_id=uuid7(), timestamp=datetime.now(timezone.utc)))
        return _rejected(await self._post("/events/batch", batch_request(head, encoded_events)))

    async def ingest_event(self, event: bytes, /) -> None:
        """Hand over one event."""
        receipt = await self._post("/events", event_request(event))
        if _rejected(receipt):
            raise StatusError(_reason(receipt), status=StatusCode.INVALID_ARGUMENT, rpc="POST /events")

    async def _post(self, path: str, body: bytes) -> dict[str, Any]:
        rpc, peer, timeout = f"POST {path}", str(self.settings.endpoint), self.settings.timeout
        said = b""

        async def post() -> None:
            nonlocal said
            said = await in_thread(lambda: self._door.post(path, body))

        try:
            await within(timeout, post())
        except HttpDoorError as error:
            if error.answer is None:
                # Nothing of it is about the events, which can go as soon as somebody has seen to it.
                raise ConnectError(str(error), retryable=error.passing) from error
            raise of_answer(error.answer, rpc, peer, has_key=self.settings.api_key is not None) from error
        except (TimeoutError, asyncio.TimeoutError) as error:
            why = f"no answer came within {timeout:g} s"
            status = StatusCode.DEADLINE_EXCEEDED
            raise DeadlineExceededError(why, status=status, rpc=rpc, peer=peer, retryable=True) from error
        return object_of(said) or {}  # other servers say nothing of what they took


def _rejected(receipt: dict[str, Any]) -> int:
    number = receipt.get("rejected_count")
    return number if isinstance(number, int) else 0


def _reason(receipt: dict[str, Any]) -> str:
    try:
        return str(receipt["rejected"][0]["reason"])
    except (KeyError, IndexError, TypeError):
        return "it was rejected"


class TellingTaker:
    """Hands on to another one, tells people of the first failure that may pass, and knows of one that does not.

    An exporter repeats what failed for as long as it is given time, and a minute without a word looks like a hang.

    Args:
        taker: The other one.
    """

    def __init__(self, taker: Taker) -> None:
        self.settings = taker.settings
        """What the exporter completes events with."""
        self.mistake: RpcError | None = None
        """Why nothing can be taken before somebody corrects a key or an address."""
        self._taker = taker
        self._told = False
        self._has_taken = False

    async def send(self, encoded_events: Sequence[bytes], /) -> int:
        """Hand over a batch."""
        if self.mistake is not None and not self._has_taken:
            raise self.mistake  # asked again and again with a wrong key, a collector shuts out who asks
        try:
            rejected = await self._taker.send(encoded_events)
        except HTTP1Error as error:
            said = HTTP1Error(wrong_door(self.settings.endpoint), status=StatusCode.UNIMPLEMENTED)
            self._note(said)
            raise said from error
        except RpcError as error:
            self._note(error)
            raise
        self._has_taken, self.mistake = True, None
        return rejected

    async def ingest_event(self, event: bytes, /) -> None:
        """Hand over one event."""
        await self._taker.ingest_event(event)

    def _note(self, error: RpcError) -> None:
        if self._is_mistake(error):  # who waits tells of it, and ends
            self.mistake = error
            return
        # What is about the events is told with them.
        if not self._told and judge(error) not in (Verdict.INVALID, Verdict.TOO_LARGE):
            self._told = True
            say(f"Nothing is taken yet, it is tried again: {why_not_taken(error)}")

    def _is_mistake(self, error: RpcError) -> bool:
        """Whether it stays like this, and is about no event: a key, an address, a certificate."""
        if error.status is StatusCode.PERMISSION_DENIED:
            # A key that may only read. From a server that has taken others, it may be about these events.
            return not self._has_taken
        if isinstance(error, ConnectError) and not error.retryable:
            # An address that has been right is so again, when the network or the server is back.
            return not self._has_taken
        return error.status in NOT_ABOUT_EVENTS

    def why_left(self, stats: Stats) -> str:
        """Say, behind a colon, why an exporter has something left; nothing if that is not known."""
        why = stats.last_error if self.mistake is None else why_not_taken(self.mistake)
        return f": {why}" if why else ""


async def flushed(exporter: EventExporter, taker: TellingTaker, timeout: float) -> bool:
    """Wait until an exporter has sent all that it has; return whether it has.

    Args:
        exporter: The exporter.
        taker: What it hands events to. Once this knows of a mistake, nothing is waited for any more.
        timeout: For how many seconds to wait at most.
    """
    flushing = asyncio.ensure_future(exporter.flush(timeout))
    try:
        while not flushing.done() and taker.mistake is None:
            await asyncio.wait({flushing}, timeout=LOOK)
        return flushing.done() and flushing.result()
    finally:
        flushing.cancel()
