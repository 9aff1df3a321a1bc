"""Batches of events to a server by HTTP, as the official SDK sends them: for what lets no gRPC pass.

One event is POSTed to ``{endpoint}/events`` as an ``IngestEventRequest``, several to ``/events/batch`` as an
``IngestEventBatchRequest``, both encoded, with ``Authorization: Bearer KEY``. Any status of 2xx acknowledges them.
httpx does it, which is imported when the sender is made.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chaukas_spec_lite import process
from chaukas_spec_lite.client.settings import Settings
from chaukas_spec_lite.clock import within
from chaukas_spec_lite.errors import ChaukasError, ClientClosedError, SettingError
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.rpc.client.endpoint import is_loopback
from chaukas_spec_lite.sinks import answers
from chaukas_spec_lite.sinks.address import HttpAddress, parse_address
from chaukas_spec_lite.spec.common.v1.events import EventBatch
from chaukas_spec_lite.version import VERSION
from chaukas_spec_lite.wire.envelopes import batch_request, event_request

if TYPE_CHECKING:
    import ssl

    import httpx

logger = logging.getLogger("chaukas_spec_lite.sinks")

INSTALL = "pip install 'chaukas-spec-lite[http]'"

MAX_REDIRECTS = 3
_CONNECT = 10.0
"""Seconds within which a connection has to come about."""
_MOST_OF_AN_ANSWER = 64 << 10
"""Bytes of an answer that are read. Nothing is expected in it, but words about what was wrong."""


class HttpSender:
    """Takes batches to an HTTP server: the sender of an exporter, as ``ChaukasClient`` is one by gRPC.

    ::

        async with EventExporter(HttpSender("https://api.chaukas.example"), spool="/var/spool/chaukas") as exporter:
            exporter.emit(Event(...))

    Proxies come from ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``, certificates to trust from
    ``SSL_CERT_FILE``, as httpx reads them. Connections are kept and used again, and made anew in a forked child and on
    another event loop. Redirects are followed where they keep method and body (307, 308), on the same host, and never
    from https to http; any other is a failure that says where it leads.

    Args:
        endpoint: The URL before ``/events``: ``https://host/path``, or ``http://...``.
        api_key: The key; ``CHAUKAS_API_KEY`` if None.
        timeout: How long one attempt may take, in seconds; ``CHAUKAS_TIMEOUT``, or 30, if None.
        headers: More headers of each request.
        verify: An ``ssl.SSLContext`` that says whom to trust, and holds a client's certificate; True for httpx's own.
        environ: Where variables of ``Settings`` are looked up; ``os.environ`` if None.

    Raises:
        SettingError: An argument, or a variable, cannot be used, or httpx is not installed.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        api_key: str | None = None,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | ssl.SSLContext = True,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        address = parse_address(endpoint, "endpoint")
        if not isinstance(address, HttpAddress):
            raise SettingError("endpoint", "has to be a URL: write https://host/path")
        self.url = address.url
        """What ``/events`` is appended to."""
        host = urlsplit(self.url)
        # Its endpoint is host and port alone; all else of the settings means the same, whatever carries events.
        self.settings = Settings.load(
            f"{host.scheme}://{host.netloc}", api_key=api_key, timeout=timeout, environ=environ
        )
        self._httpx = _import_httpx()
        self._headers = _headers(self.settings.api_key, headers or {})
        # Here and not with each client: reading who is trusted takes long enough to hold up an event loop.
        self._verify = self._httpx.create_ssl_context(verify) if isinstance(verify, bool) else verify
        self._process = process.current()
        self._clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}
        self._closed = False
        if self.settings.api_key and host.scheme == "http" and not is_loopback(host.hostname or ""):
            logger.warning("the api_key goes to %s in plain text: use https://", self.settings.endpoint)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    async def send(self, encoded_events: Sequence[bytes], /) -> None:
        """Hand over one batch in one attempt: an exporter repeats it, see ``Sender``.

        Args:
            encoded_events: What ``bytes(event)`` gives, for each event.

        Raises:
            RpcError: They were not acknowledged. ``status`` is what gRPC has for the answer of the server.
            MessageTooLargeError: They are too large together.
            ClientClosedError: It is closed.
        """
        if self._closed:
            raise ClientClosedError("it is closed")
        if len(encoded_events) == 1:
            path, body = "/events", event_request(encoded_events[0])
        else:
            path = "/events/batch"
            head = bytes(EventBatch(batch_id=uuid7(), timestamp=datetime.now(timezone.utc)))
            body = batch_request(head, encoded_events)
        try:
            # httpx's own limits are for each step: a server that sends a byte now and then would never reach one.
            await within(self.settings.timeout, self._post(path, body))
        except ChaukasError:
            raise
        except Exception as error:  # of httpx, or of what it stands on; all that is known is mapped
            mapped = answers.of_failure(error, f"POST {path}", str(self.settings.endpoint), self.settings.timeout)
            if mapped is None:
                raise
            raise mapped from error

    async def _post(self, path: str, body: bytes) -> None:
        url, rpc, peer = f"{self.url}{path}", f"POST {path}", str(self.settings.endpoint)
        followed = 0
        while (answer := await self._ask(url, body)) is not None:
            target = answer.location(url)
            if target is None:
                raise answers.of_answer(answer, rpc, peer, has_key=self.settings.api_key is not None)
            if followed == MAX_REDIRECTS or not answers.may_follow(answer.status, url, target):
                raise answers.of_redirect(answer, target, rpc, peer)
            url, followed = target, followed + 1

    async def _ask(self, url: str, body: bytes) -> answers.Answer | None:
        """Post a body; return the answer if it is no 2xx."""
        async with self._client_here().stream("POST", url, content=body, headers=self._headers) as response:
            said = await _read(response)  # of any answer, so that the connection can be used again
            if response.is_success:
                return None
            headers = {name.lower(): value for name, value in response.headers.items()}
            return answers.Answer(response.status_code, headers, said)

    def _client_here(self) -> httpx.AsyncClient:
        """The client of this process and event loop: its connections belong to both."""
        if self._process != process.current():
            process.leave_to_parent(self._clients)
            self._clients, self._process = {}, process.current()
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            # What a loop that has ended left open cannot be closed any more.
            for ended in [each for each in self._clients if each.is_closed()]:
                del self._clients[ended]
            # ``send`` limits the whole of an attempt. Only a connection that does not come about is told sooner.
            connect = _CONNECT if self.settings.timeout > _CONNECT else None
            self._clients[loop] = self._httpx.AsyncClient(
                timeout=self._httpx.Timeout(None, connect=connect), verify=self._verify, follow_redirects=False
            )
        return self._clients[loop]

    async def aclose(self) -> None:
        """Close the connections, those of other running event loops too. What is being sent fails.

        To be called before the loop ends that it was used on: nobody can close its connections afterwards.
        """
        self._closed = True
        if self._process != process.current():  # they are the parent's
            return
        clients, self._clients = self._clients, {}
        here = asyncio.get_running_loop()
        for loop, client in clients.items():
            if loop is not here and loop.is_running():
                asyncio.run_coroutine_threadsafe(client.aclose(), loop)
        if here in clients:
            await clients[here].aclose()


def _headers(api_key: str | None, more: Mapping[str, str]) -> dict[str, str]:
    headers = {"Content-Type": "application/x-protobuf", "User-Agent": f"chaukas-spec-lite/{VERSION}"}
    if api_key is not None:
        headers["Authorization"] = f"Bearer {api_key}"
    own = {name.lower() for name in headers}
    for name, value in more.items():
        if not isinstance(name, str) or not isinstance(value, str) or not (name + value).isascii():
            raise SettingError("headers", "has to hold texts of ASCII (they are not shown)")
        if name.lower() in own:
            raise SettingError("headers", f"names {name}, which is set already")
        headers[name] = value
    return headers


async def _read(response: httpx.Response) -> bytes:
    """Read an answer, up to a bound; what it is encoded with does not matter, as only people look at it."""
    data = b""
    async for part in response.aiter_raw():
        data += part
        if len(data) > _MOST_OF_AN_ANSWER:
            break
    return data


def _import_httpx() -> Any:
    try:
        import httpx
    except ImportError as error:
        otherwise = "or send by gRPC, which needs nothing more: CHAUKAS_GRPC_ENDPOINT=host:port"
        raise SettingError("endpoint", f"is an HTTP server's, which needs httpx: {INSTALL}, {otherwise}") from error
    return httpx
