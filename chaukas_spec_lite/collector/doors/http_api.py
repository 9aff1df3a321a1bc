"""The routes under ``/api``: what the page and the commands read. ``openapi_api`` says which there are."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import Response
from starlette.routing import Route

from chaukas_spec_lite.collector.doors import api_json, api_parameters, audit_json, trees_json
from chaukas_spec_lite.collector.doors.api_parameters import (
    MAX_EVENTS,
    MAX_STRETCHES,
    STRETCHES,
    Given,
    number_of,
    page_size_of,
    text_of,
)
from chaukas_spec_lite.collector.doors.http_answers import JSON, READ_HEADERS
from chaukas_spec_lite.collector.doors.http_gone import left, unless_gone
from chaukas_spec_lite.collector.doors.http_media import Form, wants_encoded
from chaukas_spec_lite.collector.doors.json_slices import written
from chaukas_spec_lite.collector.doors.openapi_api import CALLS, MAX_SUMMED, Call
from chaukas_spec_lite.collector.gathering import Answered, Gathered, event_by_id, gather, gather_into, let_go
from chaukas_spec_lite.collector.query import within
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.errors import InvalidRequest
from chaukas_spec_lite.rpc.transport.admission import network_of
from chaukas_spec_lite.wire.envelopes import page_response

if TYPE_CHECKING:
    from starlette.requests import Request

    from chaukas_spec_lite.collector.callers import Caller
    from chaukas_spec_lite.collector.doors.http_turns import Turns
    from chaukas_spec_lite.collector.service import CollectorService
    from chaukas_spec_lite.collector.stores.base import EventPage
    from chaukas_spec_lite.collector.stores.listing import Part

T = TypeVar("T")

Answer = Callable[[], "dict[str, Any]"]
"""Makes an answer of what was read. Takes time, so it is called in a thread."""


@dataclass(frozen=True, slots=True)
class EventsAnswer:
    """An answer of events, which may be had encoded, too: as they were sent, with nothing to decode."""

    events: Sequence[bytes]
    token: str
    """Where to go on."""
    described: Answer

    def __call__(self) -> dict[str, Any]:
        """Make the JSON."""
        return self.described()

    def encoded(self) -> bytes:
        """Make the message."""
        return page_response(self.events, self.token)


@dataclass(frozen=True, slots=True)
class GatheredAnswer:
    """An answer of many events."""

    described: Callable[..., dict[str, Any]]
    """Makes the JSON of what was gathered."""
    gathered: Sequence[Gathered]

    def __call__(self) -> dict[str, Any]:
        """Make the JSON."""
        return self.described(*self.gathered)


_WAIT = 25
"""How many seconds a tail waits, unless the request says it."""


@dataclass(frozen=True, slots=True)
class Api:
    """Serves the calls.

    Args:
        service: What they ask.
        caller_of: Tells who calls, or refuses.
        turns: Who works in a thread, and who reads many events.
    """

    service: CollectorService
    caller_of: Callable[[Request], Awaitable[Caller]]
    turns: Turns

    def routes(self) -> list[Route]:
        """Make the routes."""
        return [self._route(each) for each in CALLS]

    def _route(self, call: Call) -> Route:
        # An id may have a slash in it, and a line's end, which the dot of starlette's pattern passes over.
        route = Route(call.path.replace("_id}", "_id:path}"), self._endpoint(call))
        route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
        return route

    def _endpoint(self, call: Call) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def endpoint(request: Request) -> Response:
            caller = await self.caller_of(request)
            given = api_parameters.read(request.query_params.multi_items(), call.parameters, request.path_params)
            # Nothing is begun for whoever has left, the writing of the answer included.
            return await unless_gone(left(request), self._answer(request, call, given, caller))

        return endpoint

    async def _answer(self, request: Request, call: Call, given: Given, caller: Caller) -> Response:
        serve: Callable[[Given, Caller], Awaitable[Answer]] = getattr(self, call.name)
        if call.gathers:
            return _json(await self._gathered(request, call, given, caller))
        answer = await serve(given, caller)
        if isinstance(answer, EventsAnswer) and wants_encoded(request.headers.get("accept", "")):
            return Response(answer.encoded(), headers=READ_HEADERS, media_type=Form.BINARY.value)
        return _json(await self.turns.answer(lambda: written(answer())))

    async def _gathered(self, request: Request, call: Call, given: Given, caller: Caller) -> bytes:
        with self.service.meter.request(call.name):
            caller.check_reading()  # Whoever may not read waits for nothing.
            async with self.turns.gathering(caller.name or network_of(request.client) or ""):
                answer: Answer = await getattr(self, call.name)(given, caller)
                try:
                    return await self.turns.gathered(lambda: written(answer()))
                finally:
                    if isinstance(answer, GatheredAnswer):
                        await let_go(*answer.gathered)

    async def events(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/events``."""
        return _page(await self.service.query(api_json.query_of(given), caller))

    async def session_events(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/sessions/{session_id}/events``: oldest first, as they are read."""
        return _page(await self.service.query(api_json.query_of(given, order="ASC"), caller))

    async def session_audit(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/sessions/{session_id}/audit``."""

        def pages(most: int) -> AsyncGenerator[list[bytes], None]:
            return self.service.find(api_json.query_of(given, order="ASC"), most, caller)

        found = await self.service.first_events(api_json.query_of(given, order="ASC"), caller)
        session = text_of(given, "session_id")
        logged = await self.service.audit.session(session, pages, _asked(given)[0], self.turns.gathered, caller)
        return lambda: audit_json.session_audit(found, logged)

    async def sessions(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/sessions``."""
        whose, size, token = _asked(given)
        before, only = api_json.session_place(token), api_json.sessions_of(given)
        # One more, which tells whether there is another page.
        found = await self.service.sessions(whose, size + 1, before, only, caller)
        listed = found[:size]
        return lambda: {
            "sessions": [api_json.session(each) for each in listed],
            "next_page_token": api_json.sessions_token(listed) if len(found) > size else "",
        }

    async def figures(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/figures``."""
        _check(given, caller)
        ids = api_parameters.some_of(given, "session_id", MAX_SUMMED)
        found, unread = await self.service.figures(ids, _asked(given)[0], caller)
        return lambda: {"figures": [api_json.figures(each) for each in found], "left": unread}

    async def spans(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/sessions/{session_id}/spans``."""
        found = await gather(
            self.service, api_json.query_of(given, order="ASC"), caller, self.turns.gathered, MAX_EVENTS
        )
        return GatheredAnswer(trees_json.spans, [found])

    async def compare(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/compare``."""
        _check(given, caller)
        for name in ("a", "b"):
            if not given.get(name):
                raise InvalidRequest(f"{name}: no session is given")
        requests = [api_json.query_of({**given, "session_id": given[name]}, order="ASC") for name in ("a", "b")]
        found = [Answered(), Answered()]
        try:
            for each, request in zip(found, requests, strict=True):
                await gather_into(each, self.service, request, caller, self.turns.gathered, MAX_EVENTS)
        except BaseException:
            await let_go(*found)
            raise
        return GatheredAnswer(trees_json.compared, found)

    async def event(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/event``."""
        _check(given, caller)
        for name in ("event_id", "session_id"):
            if not given.get(name):
                raise InvalidRequest(f"{name}: none is given")
        wanted = text_of(given, "event_id")
        found = await event_by_id(
            self.service, api_json.query_of(given), wanted, caller, self.turns.gathered, MAX_EVENTS
        )
        return lambda: {"events": [api_json.event(data) for data in found]}

    async def series(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/series``: of what is too much, the latest."""
        by, most = api_json.by_of(given), number_of(given, "stretches", MAX_STRETCHES) or STRETCHES
        range_ = [api_json.moment_of(given, name) for name in ("start", "end")]
        start, end = (None if each is None else each[0] for each in range_)
        found = await gather(self.service, api_json.query_of(given), caller, self.turns.gathered, MAX_EVENTS)
        described = partial(trees_json.series_of, by=by, most=most, start=start, end=end)
        return GatheredAnswer(described, [found])

    async def stats(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/stats``."""
        found = await self.service.count(api_json.query_of(given), caller)
        return lambda: api_json.counts(found)

    async def tail(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/tail``: a long poll."""
        wait = number_of(given, "wait", 1000) if given.get("wait") else _WAIT
        found = await self.service.tail(api_json.query_of(given), text_of(given, "cursor"), wait, caller)
        return EventsAnswer(found.events, found.cursor, lambda: api_json.arrivals(found))

    async def conflicts(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/conflicts``."""
        part = await self.service.conflicts(*_asked(given), caller)
        return lambda: _part("conflicts", part, api_json.conflict)

    async def rejected(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/rejected``."""
        part = await self.service.rejected(*_asked(given), caller)
        return lambda: _part("rejected", part, api_json.rejected)

    async def deletions(self, given: Given, caller: Caller) -> Answer:
        """``GET /api/deletions``."""
        part = await self.service.deletions(*_asked(given), caller)
        return lambda: _part("deletions", part, api_json.deletion)


def _check(given: Given, caller: Caller) -> None:
    """Refuse who may not ask for this, before anything is said of what they ask; raises ``ForbiddenError``."""
    caller.check_reading()
    within(caller.tenancy, text_of(given, "tenant_id"), text_of(given, "project_id"))


def _asked(given: Given) -> tuple[Tenancy, int, str]:
    """Whose, how many, and from where."""
    whose = Tenancy(text_of(given, "tenant_id") or None, text_of(given, "project_id") or None)
    return whose, page_size_of(given), text_of(given, "page_token")


def _part(name: str, part: Part[T], write: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    return {name: [write(each) for each in part.items], "next_page_token": part.next_page_token}


def _page(page: EventPage) -> EventsAnswer:
    return EventsAnswer(page.events, page.next_page_token, lambda: api_json.page(page))


def _json(content: bytes) -> Response:
    return Response(content, headers=READ_HEADERS, media_type=JSON)
