"""The routes under ``/audit``: what auditors and witnesses ask. ``openapi_audit`` says which there are."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from chaukas_spec_lite.collector.doors import api_parameters, audit_json
from chaukas_spec_lite.collector.doors.api_parameters import Given, number_of, page_size_of, size_of, text_of
from chaukas_spec_lite.collector.doors.audit_message import entries_message
from chaukas_spec_lite.collector.doors.http_answers import READ_HEADERS, json_answer
from chaukas_spec_lite.collector.doors.http_gone import left, unless_gone
from chaukas_spec_lite.collector.doors.http_incoming import joined
from chaukas_spec_lite.collector.doors.http_media import Form, UnknownFormError, wants_encoded
from chaukas_spec_lite.collector.doors.openapi_audit import (
    AUDIT_CALLS,
    MAX_ENCODED_ENTRIES,
    MAX_NOTE_BYTES,
    NOTE,
    OCTETS,
    AuditCall,
)
from chaukas_spec_lite.collector.stores.asking import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Tenancy
from chaukas_spec_lite.errors import InvalidRequest

if TYPE_CHECKING:
    from starlette.requests import Request

    from chaukas_spec_lite.collector.callers import Caller
    from chaukas_spec_lite.collector.doors.http_incoming import Incoming
    from chaukas_spec_lite.collector.service import CollectorService


@dataclass(frozen=True, slots=True)
class AuditRoutes:
    """Serves the calls.

    Args:
        service: What they ask.
        caller_of: Tells who calls, or refuses.
        incoming: Reads the body of a request.
        work: Does something that takes time in a thread.
    """

    service: CollectorService
    caller_of: Callable[[Request], Awaitable[Caller]]
    incoming: Callable[[Request, Caller], Incoming]
    work: Callable[[Callable[[], bytes]], Awaitable[bytes]]

    def routes(self) -> list[Route]:
        """Make the routes."""
        return [self._route(each) for each in AUDIT_CALLS]

    def _route(self, call: AuditCall) -> Route:
        if call.method == "POST":
            return Route(call.path, self._cosign, methods=["POST"])

        async def endpoint(request: Request) -> Response:
            answer: Response
            caller = await self.caller_of(request)
            given = api_parameters.read(request.query_params.multi_items(), call.parameters, request.path_params)
            for each in call.parameters:
                if each.needed and not text_of(given, each.name):
                    raise InvalidRequest(f"{each.name}: has to be given")
            with self.service.meter.request("audit"):
                encoded = call.encoded and wants_encoded(request.headers.get("accept", ""))
                serve = getattr(self, f"{call.name}_encoded" if encoded else call.name)
                answer = await unless_gone(left(request), serve(given, caller))
            answer.headers.update(READ_HEADERS)
            return answer

        route = Route(call.path.replace("{path}", "{path:path}"), endpoint)
        route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
        return route

    async def audit_keys(self, given: Given, caller: Caller) -> Response:
        """``GET /audit/keys``."""
        return json_answer(audit_json.keys(self.service.audit.signing(caller)))

    async def audit_logs(self, given: Given, caller: Caller) -> Response:
        """``GET /audit/logs``."""
        size, after = page_size_of(given), audit_json.tenant_after(text_of(given, "page_token"))
        # One more, which tells whether there is another page.
        found = await self.service.audit.logs(text_of(given, "tenant_id"), after, size + 1, caller)
        return json_answer(audit_json.logs(found[:size], len(found) > size))

    async def audit_checkpoint(self, given: Given, caller: Caller) -> Response:
        """``GET /audit/checkpoint``."""
        note = await self.service.audit.checkpoint(text_of(given, "tenant_id"), size_of(given, "size"), caller)
        return Response(note, media_type=NOTE)

    async def audit_proof(self, given: Given, caller: Caller) -> Response:
        """``GET /audit/proof``."""
        whose = Tenancy(_said(given, "tenant_id"), _said(given, "project_id"))
        return Response(await self.service.audit.proof(text_of(given, "event_id"), whose, caller), media_type=NOTE)

    async def audit_consistency(self, given: Given, caller: Caller) -> Response:
        """``GET /audit/consistency``."""
        tenant, old, new = text_of(given, "tenant_id"), size_of(given, "from") or 0, size_of(given, "to")
        found = await self.service.audit.consistency(tenant, old, new, caller)
        return json_answer(audit_json.consistency(found))

    async def audit_tile(self, given: Given, caller: Caller) -> Response:
        """``GET /audit/tile/LEVEL/INDEX``."""
        found = await self.service.audit.tile(text_of(given, "tenant_id"), text_of(given, "path"), caller)
        return Response(found, media_type=OCTETS)

    async def audit_entries(self, given: Given, caller: Caller) -> Response:
        """``GET /audit/entries``."""
        tenant, first = text_of(given, "tenant_id"), size_of(given, "from") or 0
        limit = number_of(given, "limit", MAX_PAGE_SIZE) or DEFAULT_PAGE_SIZE
        found = await self.service.audit.entries(tenant, first, limit, caller)
        content = await self.work(lambda: _encoded(audit_json.entries(found)))
        return Response(content, media_type="application/json")

    async def audit_entries_encoded(self, given: Given, caller: Caller) -> Response:
        """The same, for programs that take it as a message."""
        tenant, first = text_of(given, "tenant_id"), size_of(given, "from") or 0
        limit = number_of(given, "limit", MAX_ENCODED_ENTRIES) or DEFAULT_PAGE_SIZE
        found = await self.service.audit.entries(tenant, first, limit, caller)
        content = await self.work(lambda: entries_message(found, first).encoded())
        return Response(content, media_type=Form.BINARY.value)

    async def _cosign(self, request: Request) -> Response:
        """``POST /audit/cosignatures``."""
        caller = await self.caller_of(request)
        caller.check_reading()
        # Whatever page has the browser of somebody send it: what counts are the signatures in it.
        said = request.headers.get("content-type", "")
        if said.partition(";")[0].strip().lower() != NOTE:
            raise UnknownFormError(f"a checkpoint is sent as {NOTE}, not as {said[:100] or 'nothing'}")
        incoming = self.incoming(request, caller)
        with self.service.meter.request("audit"):
            return await incoming.unless_gone(self._cosigned(incoming, caller))

    async def _cosigned(self, incoming: Incoming, caller: Caller) -> Response:
        async with incoming.pieces(MAX_NOTE_BYTES) as pieces:
            body = await joined(pieces)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise InvalidRequest("the body is no UTF-8, and so no checkpoint") from None
        return Response(await self.service.audit.cosign(text, caller), media_type=NOTE)


def _said(given: Given, name: str) -> str | None:
    """The text of a parameter, which may be said to be empty; None if it is not said."""
    return text_of(given, name) if name in given else None


def _encoded(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()
