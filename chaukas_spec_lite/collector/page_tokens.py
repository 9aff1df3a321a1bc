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
class PageTokens:
    """Writes and reads the tokens of one store.

    Args:
        secret: The store's, which all collectors on it share. Without it no token can be made, or moved to another
            query or tenant.
    """

    secret: bytes

    def write(self, query: Query, watermark: int, last: Position) -> str:
        """Make the token of the page after the one that ends with ``last``.

        Args:
            query: The query.
            watermark: What tells the events that were there when the first page was made from later ones.
            last: Where the page ended.
        """
        payload = _TOKEN.pack(watermark, *last)
        seal = self._seal(query, payload)
        return _text(self._masked(payload, seal) + seal)

    def read(self, query: Query) -> tuple[int, Position] | None:
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
            payload = self._masked(data[: _TOKEN.size], seal)
            # base64 has several texts for the same bytes; only ours is a token.
            if hmac.compare_digest(seal, self._seal(query, payload)) and token == _text(data):
                watermark, timed, seconds, nanos, number = _TOKEN.unpack(payload)
                return watermark, (timed, seconds, nanos, number)
        except ValueError:  # no base64, or not as long as ours
            pass
        raise InvalidRequest(
            "QueryRequest.page_token: not the next_page_token of a page of this query; "
            "filter and order must be the same for all pages"
        )

    def _masked(self, payload: bytes, seal: bytes) -> bytes:
        """Hide or show a payload. As the seal depends on all of it, no two payloads are hidden by the same bytes."""
        mask = hashlib.blake2b(seal, digest_size=_TOKEN.size, key=self.secret, person=b"page token mask").digest()
        return bytes(a ^ b for a, b in zip(payload, mask, strict=True))

    def _seal(self, query: Query, payload: bytes) -> bytes:
        return hashlib.blake2b(
            query.fingerprint + payload, digest_size=_SEAL_SIZE, key=self.secret, person=b"page token seal"
        ).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
