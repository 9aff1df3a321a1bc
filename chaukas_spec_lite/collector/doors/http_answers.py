"""What the HTTP door answers: receipts and problems as JSON, and which status each error has."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from chaukas_spec_lite.collector.doors.http_bodies import TooSlowError
from chaukas_spec_lite.collector.doors.http_held import HeldTooMuchError
from chaukas_spec_lite.collector.doors.http_media import UnknownFormError
from chaukas_spec_lite.collector.page.answers import HEADERS
from chaukas_spec_lite.collector.receipts import told
from chaukas_spec_lite.errors import (
    CodecError,
    ForbiddenError,
    InvalidRequest,
    NotCoveredError,
    NotFoundError,
    NotServingError,
    QueryTimeoutError,
    RefusedLogError,
    SplitViewError,
    StoreError,
    ThrottledError,
    TooMuchError,
    UnauthenticatedError,
)

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.doors.http_forms import Batch
    from chaukas_spec_lite.collector.receipts import Receipt

JSON = "application/json"
NOTHING_ELSE = {"X-Content-Type-Options": "nosniff"}
"""A browser takes an answer for what it is said to be, and not for what its text looks like."""
READ_HEADERS = {
    **NOTHING_ELSE,
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of what the page reads or links to: browsers take an answer for nothing but what it says, keep none, as somebody else
may log in next, and have none in memory that belongs to a page of another server."""
MOST_NAMED = 1000
"""How many of the rejected events an answer names; it counts all of them."""
_ROOM = 1 << 20
"""How many bytes that may take."""
_MOST_DETAIL = 2000
"""How many characters of a problem are told: its path may hold keys of the request."""
RETRY_AFTER = 1
"""After how many seconds a client should come again, if nothing else says it."""
_SPLITTING_SDK = "chaukas-sdk/"
"""How the ``User-Agent`` of the official SDK begins. It sends its whole queue in one body, again and again, whatever
the answer is, but for a 503 with the words below: then it sends two halves."""
_SPLIT = "high memory usage: "

_NOT_FOUND = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Not found - Chaukas</title>
<link rel="icon" href="data:,">
<h1>There is nothing at this address</h1>
<p>This is a collector of agents' events. <a href="/">See the sessions</a>, or <a href="/search">search</a>.</p>
</html>
"""
"""For people. Without a style: the policy of the page lets none stand in it."""

STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (InvalidRequest, 400),
    (CodecError, 400),
    (UnauthenticatedError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (TooSlowError, 408),
    (NotCoveredError, 409),
    (SplitViewError, 409),
    (RefusedLogError, 409),
    (TooMuchError, 413),
    (UnknownFormError, 415),
    (ThrottledError, 429),
    (HeldTooMuchError, 503),
    (NotServingError, 503),
    (QueryTimeoutError, 504),
    (StoreError, 503),
)
"""The status of each error. The first class that fits counts."""


def receipt_answer(receipt: Receipt, batch: Batch | None = None) -> Response:
    """Say what became of the events of a request.

    Args:
        receipt: What the service says.
        batch: What was read of the request, where its events were read one by one.
    """
    batch_id, unread = receipt.batch_id, 0
    rejected: list[tuple[int, str, str]] = [(note.position, note.event_id, note.reason) for note in receipt.rejected]
    if batch is not None:
        rejected = [(batch.places[at], event_id, reason) for at, event_id, reason in rejected]
        rejected = sorted([*rejected, *((each.position, each.event_id, each.reason) for each in batch.unread)])
        batch_id, unread = batch.batch_id, len(batch.unread)
    named = _named(rejected)
    rejected_count = receipt.rejected_count + unread
    content = {
        "batch_id": batch_id,
        "accepted": receipt.accepted,
        "repeated": receipt.repeated,
        "conflicts": receipt.conflicts,
        "rejected_count": rejected_count,
        "rejected": named,
        "rejected_unnamed": rejected_count - len(named),
    }
    return json_answer(content, 202)


def _named(rejected: list[tuple[int, str, str]]) -> list[dict[str, Any]]:
    """Name rejected events, as many as one answer has room for."""
    named: list[dict[str, Any]] = []
    room = _ROOM
    for position, event_id, reason in rejected[:MOST_NAMED]:
        each = {"event_id": told(event_id), "position": position, "reason": told(reason)}
        room -= len(json.dumps(each))
        if room < 0:
            break
        named.append(each)
    return named


def json_answer(content: Any, status: int = 200, media_type: str = JSON, headers: Mapping[str, str] = {}) -> Response:
    """Make an answer of JSON."""
    # ASCII alone: half a surrogate pair from a bad request is an escape then, and no failure.
    return Response(json.dumps(content, separators=(",", ":")), status, {**NOTHING_ELSE, **headers}, media_type)


def problem(status: int, detail: str, headers: Mapping[str, str] = {}) -> Response:
    """Make the answer to a request that failed (RFC 9457)."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail[:_MOST_DETAIL],
    }
    return json_answer(content, status, "application/problem+json", headers)


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer a request that ended in one of the errors of ``STATUSES``."""
    status = next(status for cls, status in STATUSES if isinstance(error, cls))
    detail = str(error)
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, (ThrottledError, NotCoveredError)):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    elif status == 503:
        headers["Retry-After"] = str(RETRY_AFTER)
    if status == 408:
        headers["Connection"] = "close"
    if status == 413 and request.headers.get("user-agent", "").startswith(_SPLITTING_SDK):
        status, detail = 503, _SPLIT + detail
    return problem(status, detail, headers)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Answer what no route takes: 404, 405 with the methods that there are; 404 as a page to who opens an address."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and "text/html" in request.headers.get("accept", ""):
        # Nothing of the address stands in it.
        return Response(_NOT_FOUND, 404, {**HEADERS, "Cache-Control": "no-store"}, "text/html")
    return problem(error.status_code, f"{request.method} {request.url.path[:200]}: {error.detail}", error.headers or {})


async def answer_nobody(request: Request, error: Exception) -> Response:
    """Answer a client that has gone."""
    assert isinstance(error, ClientDisconnect)
    return Response(status_code=400)


async def answer_defect(request: Request, error: Exception) -> Response:
    """Answer a mistake in the collector itself, which the server logs with its traceback."""
    return problem(500, f"a mistake in the collector: {type(error).__name__}")
