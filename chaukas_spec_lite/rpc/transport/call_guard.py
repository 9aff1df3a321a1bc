"""Looks after the calls of a server: what they hold together, and which of them do not come on.

A call that needs more than there is room for is refused, unless one can give way: one whose request does not come on,
or, where the server as a whole has no room, one of the peer that holds most. So whoever fills the room without using it
keeps nobody out, and who holds little gets in.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.rpc.transport.load import ALL, SMALL, Holder, Load
from chaukas_spec_lite.rpc.transport.pace import MessagePace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chaukas_spec_lite.rpc.transport.limits import CallLimits
    from chaukas_spec_lite.rpc.transport.server_stream import ServerStream

T = TypeVar("T")

log = logging.getLogger("chaukas_spec_lite.rpc")

_MESSAGES_HELD = 8
"""How many requests of the largest size fit into the memory for all requests, unless it is told otherwise."""

Waiting: TypeAlias = "dict[ServerStream, MessagePace | None]"
"""Calls that wait for their clients, and how that comes on, once it has been looked at."""

_OWNERS = {"all": "in all", "peer": "from one address", "key": "with one key", "connection": "on one connection"}


class CallGuard:
    """Looks after all calls of one server.

    Args:
        limits: What they may take.
        max_message: The largest request, in bytes.
        now: Tells the time in seconds; monotonic.
    """

    def __init__(self, limits: CallLimits, max_message: int, now: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._now = now
        most = limits.requests_held or _MESSAGES_HELD * max_message
        peer, key = limits.requests_held_per_peer or most // 2, limits.requests_held_per_key or most // 2
        self.requests = Load({"all": most, "peer": peer, "key": key})
        """The bytes of requests that are coming in or being served."""
        self.answers = Load(
            {
                "all": limits.answers_held,
                "peer": limits.answers_held_per_peer,
                "connection": limits.answers_held_per_connection,
            }
        )
        """The bytes of answers that wait to be read."""
        self.calls = Load({"all": limits.calls, "peer": limits.calls_per_peer})
        """The calls themselves."""
        self.receiving: Waiting = {}
        """Those whose requests are there in part, or not at all."""
        self.idle: Waiting = {}
        """Those that wait for the next of their requests."""
        self.sending: Waiting = {}
        """Those whose answers are not sent yet."""
        self._lane: ThreadPoolExecutor | None = None

    def begin(self, place: Sequence[Holder]) -> bool:
        """Count a call that begins somewhere; False if there are too many."""
        if self.calls.lacking(1, place) is not None:
            return False
        self.calls.take(1, place)
        return True

    def finish(self, place: Sequence[Holder]) -> None:
        """Count a call no longer."""
        self.calls.give(1, place)

    def refusal(self, stream: ServerStream, size: int) -> GRPCError | None:
        """Have room for so many bytes more of a request, or say why there is none."""
        small = stream.held + size <= SMALL
        while (lacking := self.requests.lacking(size, stream.holders, small)) is not None:
            yielding = self._yielding(stream, size, lacking)
            if yielding is None:
                return _refusal("requests", self.requests, lacking)
            yielding.give_up(_refusal("requests", self.requests, lacking))
        return None

    def _yielding(self, stream: ServerStream, size: int, lacking: Holder) -> ServerStream | None:
        """Find the call that gives way to another one."""
        waiting = {
            each: progress
            for each, progress in self.receiving.items()
            if each is not stream and each.held and lacking in each.holders
        }
        slow = [each for each, progress in waiting.items() if progress is not None and progress.slow]
        if not slow and lacking == ALL:
            largest = self.requests.largest("peer")
            own = max((self.requests.held_by(holder) for holder in stream.holders if holder[0] == "peer"), default=0)
            if largest is not None and self.requests.held_by(largest) > own + size:
                slow = [each for each in waiting if largest in each.holders]
        return max(slow, key=lambda each: each.held, default=None)

    def answer_refusal(self, size: int, holders: Sequence[Holder]) -> GRPCError | None:
        """Say why an answer cannot wait to be read; None if it can."""
        lacking = self.answers.lacking(size, holders, size <= SMALL)
        return None if lacking is None else _refusal("answers", self.answers, lacking)

    async def aside(self, work: Callable[[], T]) -> T:
        """Have something done in a thread: one at a time, so that the event loop keeps half of the processor."""
        if self._lane is None:
            self._lane = ThreadPoolExecutor(1, "chaukas-rpc")
        return await asyncio.get_running_loop().run_in_executor(self._lane, work)

    def close(self) -> None:
        """End the thread, behind what it does at the moment."""
        if self._lane is not None:
            self._lane.shutdown(wait=False, cancel_futures=True)
            self._lane = None

    @property
    def sweeps_every(self) -> float:
        """How often ``sweep`` is to be called, in seconds."""
        limits = self.limits
        return min(1.0, limits.pace_interval / 4, limits.message_timeout / 4, limits.stream_idle / 4)

    def sweep(self) -> None:
        """Give up the calls that do not come on."""
        now, limits = self._now(), self.limits
        for stream, progress in list(self.receiving.items()):
            if progress is None:
                self.receiving[stream] = MessagePace(now, stream.received)
            elif progress.late(now, stream.received, limits):
                stream.give_up(_late(f"no more than {stream.received} bytes of the request have come in time"))
        for stream, progress in list(self.idle.items()):
            if progress is None:
                self.idle[stream] = MessagePace(now, 0)
            elif progress.age(now) >= limits.stream_idle:
                stream.give_up(_late("no further request has come for long"))
        for stream, progress in list(self.sending.items()):
            if progress is None or progress.of != stream.blocked:
                self.sending[stream] = MessagePace(now, stream.taken, stream.blocked, progress)
            elif progress.late(now, stream.taken, limits):
                stream.end_unread("the client does not read its answers")


def _refusal(what: str, load: Load, lacking: Holder) -> GRPCError:
    held, most = load.held_by(lacking), load.limit(lacking)
    details = f"the server holds {held} bytes of other {what}, and no more than {most} {_OWNERS[lacking[0]]}"
    return GRPCError(Status.RESOURCE_EXHAUSTED, f"{details}: try again later")


def _late(details: str) -> GRPCError:
    return GRPCError(Status.DEADLINE_EXCEEDED, details)
