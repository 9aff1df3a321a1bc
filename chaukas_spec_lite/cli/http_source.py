"""Events of a collector that runs, by its HTTP door: what is documented under ``/api``, as the page reads it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from chaukas_spec_lite.cli.doors import door_of
from chaukas_spec_lite.cli.http_door import ENCODED, HttpDoorError, in_thread
from chaukas_spec_lite.cli.output import say
from chaukas_spec_lite.cli.wanted import PAGE_EVENTS, Wanted
from chaukas_spec_lite.collector.stores.following import Followed
from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.retry import RetryPolicy
from chaukas_spec_lite.spec.client.v1.client import QueryEventsResponse
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, QueryResponse, TimeRange
from chaukas_spec_lite.wellknown.timetext import timestamp_to_json
from chaukas_spec_lite.wire.envelopes import page_of
from chaukas_spec_lite.wire.fields import fields_of

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event

T = TypeVar("T")

Parameters = list["tuple[str, str]"]

_WAIT = 25
"""Seconds that a collector waits for what arrives before it says that nothing has."""


@contextmanager
def understood() -> Generator[None, None, None]:
    """Take an answer apart: one that holds something else than it should is no collector's (``HttpDoorError``)."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HttpDoorError(f"an answer is not that of a collector of this version: {error!r}") from error


class HttpSource:
    """A collector that runs, asked by HTTP.

    Args:
        url: Where its HTTP door listens.
        name: The option or variable that this comes from, for errors.

    Raises:
        SettingError: It is no such address, or a variable cannot be used.
    """

    waits = True
    """Whether ``follow`` itself waits for what arrives."""

    def __init__(self, url: str, name: str) -> None:
        self._door, self._settings = door_of(url, name)
        self._told = False

    async def find(self, wanted: Wanted) -> AsyncGenerator[Event, None]:
        """Ask page by page; without a tenant, for that of the settings."""
        async with aclosing(self._found(wanted, _events)) as pages:
            async for page in pages:
                for event in page:
                    yield event

    def parts(self, wanted: Wanted) -> AsyncGenerator[Sequence[bytes], None]:
        """Ask for the same, and yield events page by page as the collector has them."""
        return self._found(wanted, page_of)

    async def _found(
        self, wanted: Wanted, read: Callable[[bytes], tuple[list[T], str]]
    ) -> AsyncGenerator[Sequence[T], None]:
        parameters = [*self.conditions(wanted), ("order_by_time", "ASC" if wanted.oldest_first else "DESC")]
        left, token = wanted.limit, ""
        while left is None or left > 0:
            size = PAGE_EVENTS if left is None else min(left, PAGE_EVENTS)
            page = [*parameters, ("page_size", str(size)), *_given("page_token", token)]
            events, next_token = await self._page("/api/events", page, read)
            yield events if left is None else events[:left]
            left = None if left is None else left - len(events)
            if not next_token:
                return
            if next_token == token:
                raise HttpDoorError(f"{self._door.url} answers a page with the token of that very page")
            token = next_token

    async def follow(self, wanted: Wanted, cursor: str) -> Followed:
        """Return what has arrived since, in the order of arrival; wait until there is something, but not for ever."""
        parameters = [*self.conditions(wanted), ("page_size", str(PAGE_EVENTS))]
        waiting = [("cursor", cursor), ("wait", str(_WAIT))] if cursor else []
        events, cursor = await self._page("/api/tail", parameters + waiting, _events)
        return Followed([bytes(each) for each in events], cursor, more=False)

    async def object(self, path: str, parameters: Parameters) -> dict[str, Any]:
        """Ask for an answer in JSON; raises ``HttpDoorError``."""
        return await self._asked(lambda: self._door.json(path, parameters))

    def conditions(self, wanted: Wanted) -> Parameters:
        """Write the conditions as parameters of a query string."""
        asked, own = wanted.filter, self._settings
        tenancy = {"tenant_id": asked.tenant_id or own.tenant_id, "project_id": asked.project_id or own.project_id}
        parameters: Parameters = []
        for field in fields_of(QueryFilter):
            value: Any = tenancy.get(field.name, getattr(asked, field.name))
            if isinstance(value, TimeRange):
                for name, time_ in ("start", value.start), ("end", value.end):
                    parameters += [] if time_ is None else [(name, timestamp_to_json(time_))]
            elif field.label == "repeated":
                parameters += [(field.name, _text(each)) for each in value]
            else:
                parameters += _given(field.name, value or "")
        return parameters

    async def _page(self, path: str, parameters: Parameters, read: Callable[[bytes], T]) -> T:
        body = await self._asked(lambda: self._door.get(path, parameters, ENCODED))
        try:
            return read(body)
        except DecodeError as error:
            raise HttpDoorError(f"{self._door.url}{path}: the answer is no page of events: {error}") from error

    async def _asked(self, ask: Callable[[], T]) -> T:
        """Ask, and again where that may help, for as long as a call may take from the first failure on."""
        deadline, policy, repetition = 0.0, RetryPolicy(), 0
        while True:
            try:
                return await in_thread(ask)
            except HttpDoorError as error:
                repetition += 1
                deadline = deadline or time.monotonic() + self._settings.timeout
                pause = error.pause or policy.backoff(repetition, random.random)
                if not error.passing or time.monotonic() + pause > deadline:
                    raise
                if not self._told:
                    self._told = True
                    say(f"No answer yet, it is tried again: {error}")
            await asyncio.sleep(pause)


def _events(body: bytes) -> tuple[list[Event], str]:
    page = QueryEventsResponse.parse(body).response or QueryResponse()
    return page.events, page.next_page_token


def _given(name: str, value: str) -> Parameters:
    return [(name, value)] if value else []


def _text(value: Any) -> str:
    """A value of a condition: the name of an enum's member, or the number of one that has none."""
    return value if isinstance(value, str) else str(value.name or int(value))
