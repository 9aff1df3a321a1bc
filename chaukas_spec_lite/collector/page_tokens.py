"""Tokens of pages: where to go on, sealed with a secret of the store, for one query and its tenant, and unreadable.

Numbers of arrivals and transactions count what all tenants store, and a page may end at an event it only passed by.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import TypeAlias

from chaukas_spec_lite.collector.stores.asking import Query
from chaukas_spec_lite.errors import InvalidRequest

_TOKEN = struct.Struct(">qBqIq")
_SEAL_SIZE = 16
TOKEN_LENGTH = (_TOKEN.size + _SEAL_SIZE + 2) // 3 * 4
"""The most characters that a page token has."""

SECRET_BYTES = 32
"""How many random bytes a store's secret has."""

Position: TypeAlias = "tuple[int, int, int, int]"
"""Where an event stands in the order of time and arrival: timed, seconds, nanos, and the number of its arrival."""


@dataclass(frozen=True, slots=True)
class What:
    """What pages hold: the token of one kind is none of another."""

    name: str
    """At most 16 ASCII characters."""
    wrong: str
    """What to say of a token that is not theirs."""


EVENTS = What(
    "events",
    "QueryRequest.page_token: not the next_page_token of a page of this query; "
    "filter and order must be the same for all pages",
)


@dataclass(frozen=True, slots=True)
class PageTokens:
    """Writes and reads the tokens of one store.

    Args:
        secret: The store's, which all collectors on it share. Without it no token can be made, or moved to another
            query or tenant.
    """

    secret: bytes

    def write(self, query: Query, watermark: int, last: Position, what: What = EVENTS) -> str:
        """Make the token of the page after the one that ends with ``last``.

        Args:
            query: The query.
            watermark: What tells the events that were there when the first page was made from later ones.
            last: Where the page ended.
            what: What the pages hold.
        """
        payload = _TOKEN.pack(watermark, *last)
        seal = self._seal(query, what, payload)
        return _text(self._hidden(seal, payload) + seal)

    def read(self, query: Query, what: What = EVENTS) -> tuple[int, Position] | None:
        """Return watermark and position of a query's page; None for the first page.

        Raises:
            InvalidRequest: The token was not made here for the same conditions, order and tenant.
        """
        token = query.page_token
        if not token:
            return None
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            seal = data[_TOKEN.size :]
            payload = self._hidden(seal, data[: _TOKEN.size])
            # base64 has several texts for the same bytes; only ours is a token.
            if hmac.compare_digest(seal, self._seal(query, what, payload)) and token == _text(data):
                watermark, timed, seconds, nanos, number = _TOKEN.unpack(payload)
                return watermark, (timed, seconds, nanos, number)
        except ValueError:  # no base64, or not as long as ours
            pass
        raise InvalidRequest(what.wrong)

    def _seal(self, query: Query, what: What, payload: bytes) -> bytes:
        return self._hash(_SEAL_SIZE, b"seal", query.fingerprint + payload, what)

    def _hidden(self, seal: bytes, payload: bytes) -> bytes:
        """Hide a payload, or show it again: flip its bits as its seal says, which no other payload has."""
        mask = self._hash(_TOKEN.size, b"hide", seal)
        return bytes(a ^ b for a, b in zip(payload, mask, strict=True))

    def _hash(self, size: int, use: bytes, data: bytes, what: What | None = None) -> bytes:
        kind = b"" if what is None else what.name.encode()
        return hashlib.blake2b(data, digest_size=size, key=self.secret, salt=use, person=kind).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
