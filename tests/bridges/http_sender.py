"""Sends an exporter's batches to the server that the official SDK posts to, so that both meet the same server."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from chaukas_spec_lite import RpcError
from chaukas_spec_lite.wire.envelopes import batch_request


class HttpSender:
    """Posts batches; whatever fails may be tried again."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def send(self, encoded_events: Sequence[bytes], /) -> None:
        try:
            async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
                response = await client.post(f"{self._url}/events/batch", content=batch_request(b"", encoded_events))
                response.raise_for_status()
        except httpx.HTTPError as error:
            raise RpcError(repr(error), retryable=True) from error
