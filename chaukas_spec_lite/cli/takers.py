"""What commands hand events to: a collector, by gRPC or by its HTTP door. The first failure is told at once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timezone
from typing import Any, Protocol

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
from chaukas_spec_lite.export.sender import Verdict, judge
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.sinks.answers import of_answer
from chaukas_spec_lite.spec.common.v1.events import EventBatch
from chaukas_spec_lite.wire.envelopes import batch_request, event_request


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
                status = StatusCode.UNAVAILABLE if error.passing else StatusCode.UNIMPLEMENTED
                raise ConnectError(str(error), status=status, retryable=error.passing) from error
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
    """Hands on to another one, and tells people of the first failure that may pass.

    An exporter repeats what failed for as long as it is given time, and a minute without a word looks like a hang.

    Args:
        taker: The other one.
        untold: The statuses that somebody else tells of.
    """

    def __init__(self, taker: Taker, untold: Collection[StatusCode]) -> None:
        self.settings = taker.settings
        self._taker = taker
        self._untold = untold
        self._told = False

    async def send(self, encoded_events: Sequence[bytes], /) -> int:
        """Hand over a batch."""
        try:
            return await self._taker.send(encoded_events)
        except HTTP1Error as error:
            said = HTTP1Error(wrong_door(self.settings.endpoint), status=StatusCode.UNIMPLEMENTED)
            self._note(said)
            raise said from error
        except RpcError as error:
            self._note(error)
            raise

    async def ingest_event(self, event: bytes, /) -> None:
        """Hand over one event."""
        await self._taker.ingest_event(event)

    def _note(self, error: RpcError) -> None:
        # What is about the events is told with them.
        is_told = error.status in self._untold or judge(error) in (Verdict.INVALID, Verdict.TOO_LARGE)
        if not self._told and not is_told:
            self._told = True
            say(f"Nothing is taken yet, it is tried again: {why_not_taken(error)}")
