"""The routes of the HTTP door: what each request is asked for, and handed on to the service."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chaukas_spec_lite.collector.callers import ANYONE
from chaukas_spec_lite.collector.doors import http_answers, openapi
from chaukas_spec_lite.collector.doors.http_answers import NOTHING_ELSE, json_answer, problem, receipt_answer
from chaukas_spec_lite.collector.doors.http_api import Api
from chaukas_spec_lite.collector.doors.http_audit import AuditRoutes
from chaukas_spec_lite.collector.doors.http_connections import CERTIFICATE
from chaukas_spec_lite.collector.doors.http_incoming import Incoming, Reading, joined
from chaukas_spec_lite.collector.doors.http_media import Form, form_of
from chaukas_spec_lite.collector.doors.http_turns import Steps, Turns
from chaukas_spec_lite.collector.metrics import CONTENT_TYPE
from chaukas_spec_lite.collector.page.routes import Page
from chaukas_spec_lite.collector.receipts import SCANNED, Shape
from chaukas_spec_lite.errors import JSONError
from chaukas_spec_lite.rpc.server.served import ServedCall
from chaukas_spec_lite.wire.envelopes import event_request

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.callers import Authenticate, Caller
    from chaukas_spec_lite.collector.doors.http_forms import Batch
    from chaukas_spec_lite.collector.doors.http_limits import HttpLimits
    from chaukas_spec_lite.collector.receipts import IngestLimits
    from chaukas_spec_lite.collector.service import CollectorService
    from chaukas_spec_lite.collector.stores.base import EventPage
    from chaukas_spec_lite.spec.common.v1.query import QueryRequest


@dataclass(frozen=True)
class Forms:
    """Reads requests and writes answers, in whatever form: ``http_forms``. The routes know no message."""

    read_event: Callable[[bytes, Form, IngestLimits], Steps[bytes]]
    read_batch: Callable[[bytes, Form, IngestLimits], Steps[Batch]]
    read_query: Callable[[bytes, Form], QueryRequest]
    write_page: Callable[[EventPage, Form], bytes]


@dataclass(frozen=True)
class Door:
    """Everything that the routes need. ``application`` makes it an ASGI application.

    Args:
        service: What serves the requests.
        authenticate: Says who calls.
        limits: What clients may do.
        local: Whether only programs of this machine are to reach it, and no web page by a name of its own for it.
        forms: Reads and writes.
        reading: What bodies are read with.
        turns: Who works in a thread.
        clients: Tells the variables that programs are to be given, which the page shows.
    """

    service: CollectorService
    authenticate: Authenticate
    limits: HttpLimits
    local: bool
    forms: Forms
    reading: Reading
    turns: Turns
    clients: Callable[[], Mapping[str, str]] = dict

    def application(self) -> Starlette:
        """Make the application."""
        page = Page(self._check_host, self._caller_by, self._read, self.clients)

        single, batch = partial(self.ingest, shape=Shape.EVENT), partial(self.ingest, shape=Shape.BATCH)
        routes = [
            *(Route(f"{prefix}/events", _endpoint(single), methods=["POST"]) for prefix in ("", "/v1")),
            *(Route(f"{prefix}/events/batch", _endpoint(batch), methods=["POST"]) for prefix in ("", "/v1")),
            Route("/v1/query", self.query, methods=["POST"]),
            Route("/v1/capabilities", self.capabilities),
            Route("/healthz", self.healthz),
            Route("/metrics", self.metrics),
            Route("/openapi.json", self.openapi),
            *Api(self.service, page.caller, self.turns).routes(),
            *page.routes(),
            *AuditRoutes(self.service, page.caller, self._incoming, self.turns.answer).routes(),
        ]
        handlers: dict[Any, Any] = {
            **{error: http_answers.answer_error for error, _ in http_answers.STATUSES},
            HTTPException: http_answers.answer_http_error,
            ClientDisconnect: http_answers.answer_nobody,
            Exception: http_answers.answer_defect,
        }
        return Starlette(routes=routes, exception_handlers=handlers)

    async def ingest(self, request: Request, shape: Shape) -> Response:
        """``POST /events`` and ``/events/batch``."""
        caller = await self._caller(request)
        self.service.admit(caller)
        form = form_of(request.headers.get("content-type", ""))
        incoming = self._incoming(request, caller)
        if form is Form.BINARY:
            return await incoming.unless_gone(self._ingest_encoded(incoming, shape, caller))
        return await incoming.unless_gone(self._ingest_json(incoming, shape, form, caller))

    async def _ingest_encoded(self, incoming: Incoming, shape: Shape, caller: Caller) -> Response:
        async with incoming.pieces(self.service.limits.max_bytes) as pieces:
            if shape is Shape.BATCH:
                return receipt_answer(await self.service.ingest_stream(pieces, caller))
            return receipt_answer(await self.service.ingest(await joined(pieces), shape, caller))

    async def _ingest_json(self, incoming: Incoming, shape: Shape, form: Form, caller: Caller) -> Response:
        async with incoming.pieces(self.limits.max_json_bytes) as pieces:
            body = await joined(pieces)
            if shape is Shape.BATCH:
                batch = await self.turns.read(len(body), self.forms.read_batch(body, form, self.service.limits))
                unread = (each[1:] for each in batch.unread)
                receipt = await self.service.ingest_events(batch.events, caller, batch.batch_id, unread)
                return receipt_answer(receipt, batch)
            event = await self.turns.read(len(body), self.forms.read_event(body, form, self.service.limits))
            receipt = await self.service.ingest(event_request(event), shape, caller)
            # The SDK would send it again for ever; who writes JSON is told.
            return problem(400, receipt.rejected[0].reason) if receipt.rejected else receipt_answer(receipt)

    async def query(self, request: Request) -> Response:
        """``POST /v1/query``."""
        caller = await self._caller(request)
        caller.check_reading()
        form = form_of(request.headers.get("content-type", ""))
        incoming = self._incoming(request, caller)
        return await incoming.unless_gone(self._query(incoming, form, caller))

    async def _query(self, incoming: Incoming, form: Form, caller: Caller) -> Response:
        async with incoming.pieces(self.limits.max_query_bytes) as pieces:
            body = await joined(pieces)
            asked = await self.turns.answer(partial(self.forms.read_query, body, form))
        page = await self.service.query(asked, caller)
        # In a header, for answers of each form.
        scanned = {SCANNED: str(page.scanned)} if page.scanned else {}
        try:
            content = await self.turns.answer(partial(self.forms.write_page, page, form))
            return Response(content, headers={**NOTHING_ELSE, **scanned}, media_type=form.value)
        except JSONError as error:
            return problem(406, f"an event of the page has no ProtoJSON, take {Form.BINARY.value}: {error}")

    async def capabilities(self, request: Request) -> Response:
        """``GET /v1/capabilities``: every one of them, those that the collector has not as well."""
        await self._caller(request)
        return json_answer(openapi.capabilities_json(self.service.capabilities()))

    async def healthz(self, request: Request) -> Response:
        """``GET /healthz``: whether the store can store, and keys, if there are some, can be read."""
        self._check_host(request)
        if await self.service.is_serving():
            return json_answer({"status": "ok"})
        return problem(
            503, "the store cannot store, or the keys cannot be read", {"Retry-After": str(http_answers.RETRY_AFTER)}
        )

    async def metrics(self, request: Request) -> Response:
        """``GET /metrics``: with a key that was made for it, where there are keys."""
        (await self._caller(request)).check_metrics()
        return Response(await self.service.metrics(), headers={**NOTHING_ELSE, "Content-Type": CONTENT_TYPE})

    async def openapi(self, request: Request) -> Response:
        """``GET /openapi.json``."""
        self._check_host(request)
        return json_answer(openapi.document())

    async def _read(self, request: Request, most: int) -> bytes:
        async with self._incoming(request, ANYONE).pieces(most) as pieces:
            return await joined(pieces)

    async def _caller(self, request: Request) -> Caller:
        return await self._caller_by(request, request.headers.get("authorization"))

    async def _caller_by(self, request: Request, authorization: str | None) -> Caller:
        self._check_host(request)
        # The one way to read a certificate's name is that of the other door.
        peer = request.client.host if request.client else ""
        call = ServedCall(request.headers, peer, request.scope["state"].get(CERTIFICATE))
        return await self.authenticate(authorization, call.certificate_name, call.peer)

    def _check_host(self, request: Request) -> None:
        """Refuse names that others have given this machine.

        A web page may have the browser of somebody who works here send requests to it, and read the answers, once the
        name of its own server leads to 127.0.0.1 (DNS rebinding).
        """
        if self.local and not _is_local(request.url.hostname or ""):
            raise HTTPException(421, "without keys the collector answers to localhost and to addresses only")

    def _incoming(self, request: Request, caller: Caller) -> Incoming:
        return Incoming(request, self.reading, caller.name)


def _endpoint(
    serve: Callable[[Request], Coroutine[Any, Any, Response]],
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def endpoint(request: Request) -> Response:
        return await serve(request)

    return endpoint


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
