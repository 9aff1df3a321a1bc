"""The routes under ``/api``: what the page and the commands read. ``openapi_api`` says which there are."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import Response
from starlette.routing import Route

from chaukas_spec_lite.collector.doors import api_json, api_parameters
from chaukas_spec_lite.collector.doors.api_parameters import Given, page_size_of, text_of
from chaukas_spec_lite.collector.doors.http_answers import JSON
from chaukas_spec_lite.collector.doors.http_gone import unless_gone
from chaukas_spec_lite.collector.doors.openapi_api import CALLS, Call
from chaukas_spec_lite.collector.stores.asking import Tenancy

if TYPE_CHECKING:
    from starlette.requests import Request

    from chaukas_spec_lite.collector.callers import Caller
    from chaukas_spec_lite.collector.service import CollectorService
    from chaukas_spec_lite.collector.stores.listing import Part

T = TypeVar("T")

Answer = Callable[[], "dict[str, Any]"]
"""Makes an answer of what was read. Takes time, so it is called in a thread."""


@dataclass(frozen=True, slots=True)
class Api:
    """Serves the calls.

    Args:
        service: What they ask.
        caller_of: Tells who calls, or refuses.
        work: Does something that takes time in a thread.
    """

    service: CollectorService
    caller_of: Callable[[Request], Awaitable[Caller]]
    work: Callable[[Callable[[], bytes]], Awaitable[bytes]]

    def routes(self) -> list[Route]:
        """Make the routes."""
        return [Route(each.path, self._endpoint(each)) for each in CALLS]

    def _endpoint(self, call: Call) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def endpoint(request: Request) -> Response:
            caller = await self.caller_of(request)
            given = api_parameters.read(request.query_params.multi_items(), call.parameters)
            answer: Answer = await unless_gone(request, getattr(self, call.name)(given, caller))
            return Response(await self.work(lambda: _encoded(answer())), media_type=JSON)

        return endpoint

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


def _asked(given: Given) -> tuple[Tenancy, int, str]:
    """Whose, how many, and from where."""
    whose = Tenancy(text_of(given, "tenant_id") or None, text_of(given, "project_id") or None)
    return whose, page_size_of(given), text_of(given, "page_token")


def _part(name: str, part: Part[T], write: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    return {name: [write(each) for each in part.items], "next_page_token": part.next_page_token}


def _encoded(answer: dict[str, Any]) -> bytes:
    # ASCII alone: half a surrogate pair that somebody has sent is an escape then, and no failure.
    return json.dumps(answer, separators=(",", ":")).encode()
