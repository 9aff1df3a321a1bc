"""From a QueryRequest to SQL, and page tokens. Nothing here touches a database.

What the filter's fields mean here, where the schema leaves it open:

- ``tags``: an event must have all of them. ``types``, ``statuses``, ``severities``: it must have one of them.
- ``text_query``: found without regard to case anywhere in one of the event's texts (see ``record.searched_text``).
- ``time``: from ``start``, inclusive, to ``end``, exclusive. An event without a timestamp lies in no range.

Events are ordered by timestamp, those of one instant by arrival; descending is exactly the reverse of ascending.
All pages of a query show the events that were there when the first page was made.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from chaukas_spec_lite.collector.query import fold, moment
from chaukas_spec_lite.errors import InvalidRequest
from chaukas_spec_lite.spec.common.v1.query import QueryFilter, QueryRequest, SortOrder

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000
"""Larger pages are cut down to this."""
MAX_CHOICES = 100
"""How many values each list of a filter may have. Older versions of SQLite take 999 parameters for all lists."""
MAX_TEXT_LENGTH = 1000
"""How long, in characters, each text of a filter may be."""

_EQUAL = ("tenant_id", "project_id", "session_id", "agent_id", "span_id", "trace_id")
_ONE_OF = {"types": "type", "statuses": "status", "severities": "severity"}
_POSITION = "timed, seconds, nanos, seq"
_TOKEN = struct.Struct(">qBqIq")
_DIGEST_SIZE = 8
TOKEN_LENGTH = (_TOKEN.size + _DIGEST_SIZE + 2) // 3 * 4
"""The most characters that a page token has."""

Value = str | int

Position = tuple[int, int, int, int]
"""Where an event stands in the order of time and arrival: the values of the columns ``_POSITION``."""


@dataclass(slots=True)
class _Conditions:
    terms: list[str] = field(default_factory=list[str])
    values: list[Value] = field(default_factory=list[Value])

    def add(self, term: str, *values: Value) -> None:
        self.terms.append(term)
        self.values.extend(values)


@dataclass(frozen=True, slots=True)
class Plan:
    """A query, ready to be run."""

    terms: tuple[str, ...]
    values: tuple[Value, ...]
    descending: bool
    size: int
    fingerprint: bytes
    """Tells this query from others, whatever page is asked for."""
    newest: int | None
    """The ``seq`` of the newest event when the first page was made; None if this is the first page."""
    after: Position | None
    """The last event of the page before."""

    def sql(self, newest: int) -> tuple[str, tuple[Value, ...]]:
        """Make the statement and its parameters.

        It asks for one event more than the page has, which tells whether there is a next page.

        Args:
            newest: The ``seq`` of the newest event that is stored now; a first page goes up to it.
        """
        conditions = _Conditions(list(self.terms), list(self.values))
        # Arrivals during the paging get higher numbers, so this bound keeps the result the same for all pages.
        conditions.add("seq <= ?", newest if self.newest is None else self.newest)
        # A row comparison instead of OFFSET: it can use the index, and does not count rows again on every page.
        if self.after is not None:
            conditions.add(f"({_POSITION}) {'<' if self.descending else '>'} (?, ?, ?, ?)", *self.after)
        direction = "DESC" if self.descending else "ASC"
        order = ", ".join(f"{column} {direction}" for column in _POSITION.split(", "))
        statement = (
            f"SELECT {_POSITION}, data FROM events WHERE {' AND '.join(conditions.terms)} ORDER BY {order} LIMIT ?"
        )
        return statement, (*conditions.values, self.size + 1)

    def token(self, newest: int, last: Position) -> str:
        """Make the token of the page after the one that ends with ``last``; ``newest`` as in ``sql``."""
        payload = _TOKEN.pack(newest if self.newest is None else self.newest, *last)
        return _text(payload + _digest(self.fingerprint, payload))


def plan(request: QueryRequest) -> Plan:
    """Decide how a query is run; raises ``InvalidRequest``, which names the field that is wrong."""
    filter_ = request.filter or QueryFilter()
    _check_limits(filter_)
    if request.page_size < 0:
        raise InvalidRequest(f"QueryRequest.page_size: {request.page_size} is negative")
    if request.order_by_time not in (SortOrder.UNSPECIFIED, SortOrder.ASC, SortOrder.DESC):
        raise InvalidRequest(f"QueryRequest.order_by_time: {int(request.order_by_time)} is no order that is known here")
    # Newest first unless asked otherwise: somebody who looks without asking wants what just happened.
    descending = request.order_by_time != SortOrder.ASC
    conditions = _conditions(filter_)
    fingerprint = _digest(b"descending" if descending else b"ascending", bytes(filter_))
    newest, after = _read_token(request.page_token, fingerprint) if request.page_token else (None, None)
    # Cut down rather than refused, as https://google.aip.dev/158 has it.
    size = min(request.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    return Plan(tuple(conditions.terms), tuple(conditions.values), descending, size, fingerprint, newest, after)


def _check_limits(filter_: QueryFilter) -> None:
    lists: dict[str, Sequence[object]] = {name: getattr(filter_, name) for name in (*_ONE_OF, "tags")}
    # Checked before any SQL is made, so that an error names the field, and not SQLite's limit on parameters.
    for name, items in lists.items():
        if len(items) > MAX_CHOICES:
            raise InvalidRequest(f"QueryFilter.{name}: {len(items)} values are more than the {MAX_CHOICES} allowed")
    texts = {name: getattr(filter_, name) for name in (*_EQUAL, "text_query")}
    texts.update((f"tags[{i}]", tag) for i, tag in enumerate(filter_.tags))
    for name, text in texts.items():
        if len(text) > MAX_TEXT_LENGTH:
            raise InvalidRequest(
                f"QueryFilter.{name}: {len(text)} characters are more than the {MAX_TEXT_LENGTH} allowed"
            )


def _conditions(filter_: QueryFilter) -> _Conditions:
    conditions = _Conditions()
    for name in _EQUAL:
        if wanted := getattr(filter_, name):
            conditions.add(f"{name} = ?", wanted)
    for name, column in _ONE_OF.items():
        if choices := sorted({int(choice) for choice in getattr(filter_, name)}):
            conditions.add(f"{column} IN ({', '.join('?' * len(choices))})", *choices)
    for tag in dict.fromkeys(filter_.tags):  # each once: a condition costs a search of the index
        conditions.add("seq IN (SELECT seq FROM tags WHERE tag = ?)", tag)
    if filter_.text_query:
        # Not LIKE: it folds ASCII only, and takes % and _ in the text for wildcards.
        conditions.add("instr(searched_text, ?) > 0", fold(filter_.text_query))
    if filter_.time is not None and filter_.time.start is not None:
        conditions.add("(timed, seconds, nanos) >= (?, ?, ?)", *moment(filter_.time.start))
    if filter_.time is not None and filter_.time.end is not None:
        # Without "timed = 1" events without a timestamp, which come first of all, would lie before any end.
        conditions.add("timed = 1 AND (timed, seconds, nanos) < (?, ?, ?)", *moment(filter_.time.end))
    return conditions


def _digest(key: bytes, data: bytes) -> bytes:
    # A check against mistakes, such as a token of another query. It need be no signature: a forged token finds
    # nothing that its client could not ask for.
    return hashlib.blake2b(data, digest_size=_DIGEST_SIZE, key=key).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _read_token(token: str, fingerprint: bytes) -> tuple[int, Position]:
    """Read a token back; one that was not made by ``token`` for the same filter and order is refused."""
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        payload, digest = data[: _TOKEN.size], data[_TOKEN.size :]
        # base64 has several texts for the same bytes; only ours is a token.
        if digest == _digest(fingerprint, payload) and token == _text(data):
            newest, timed, seconds, nanos, seq = _TOKEN.unpack(payload)
            return newest, (timed, seconds, nanos, seq)
    except (ValueError, struct.error):  # no base64, or not as long as ours
        pass
    raise InvalidRequest(
        "QueryRequest.page_token: not the next_page_token of a page of this query; "
        "filter and order must be the same for all pages"
    )
