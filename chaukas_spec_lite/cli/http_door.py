"""The HTTP door of a collector that runs, as commands ask it. Whatever goes wrong is said in one sentence."""

from __future__ import annotations

import asyncio
import errno
import http.client
import json
import socket
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chaukas_spec_lite.certificates import why_untrusted
from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.printable import one_line
from chaukas_spec_lite.rpc.client.endpoint import is_loopback
from chaukas_spec_lite.sinks.answers import Answer, key_hint

if TYPE_CHECKING:
    from http.client import HTTPResponse

T = TypeVar("T")

ENCODED = "application/x-protobuf"
JSON = "application/json"

_TIMEOUT = 120.0
"""Seconds for which a collector may say nothing."""
_MAX_ANSWER = 256 << 20
"""Bytes that an answer has at most: a collector sends 16 MiB of events at once, or a single larger one, in base64."""
_DETAIL = 300
_PASSING = (429, 502, 503, 504)
"""Answers after which the same request may go through."""
_UNREACHABLE = (errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH)
"""What is said of an address while the network, or the machine there, is away."""
_LONGEST_PAUSE = 10.0


class HttpDoorError(ChaukasError):
    """A collector did not answer as one.

    Attributes:
        passing: Whether the same request may go through later.
        pause: After how many seconds, where the collector says it.
        answer: What it answered, if it did, and it was no redirect.
    """

    def __init__(
        self, message: str, *, passing: bool = False, pause: float = 0.0, answer: Answer | None = None
    ) -> None:
        super().__init__(message)
        self.passing = passing
        self.pause = pause
        self.answer = answer


class DoorClient:
    """Asks the HTTP door of a collector, and waits for the answer, on whatever thread it is called.

    The standard library does it: proxies come from ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY``, and none leads to
    this machine; whom to trust comes from ``SSL_CERT_FILE``.

    Args:
        url: Where it listens.
        key: The key; None if there is none.
    """

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url.rstrip("/")
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._has_answered = False
        here = is_loopback(urllib.parse.urlsplit(self.url).hostname or "")
        # A redirect could take the key elsewhere, and nobody would see whose answer it is.
        self._opener = urllib.request.build_opener(_NoRedirects, *([urllib.request.ProxyHandler({})] if here else []))

    def get(self, path: str, parameters: Sequence[tuple[str, str]], accept: str) -> bytes:
        """Ask for something.

        Args:
            path: What stands behind the door's address.
            parameters: Those of the query string.
            accept: The form that the answer has to have.

        Raises:
            HttpDoorError: There is no such answer.
        """
        body, form = self.open(path, parameters, {"Accept": accept})
        if form.partition(";")[0].strip().lower() != accept:
            what = one_line(form)[:_DETAIL] or "something unknown"
            raise HttpDoorError(f"{self.url} answers with {what}, which is no collector's answer to {path}: {_ADVICE}")
        return body

    def json(self, path: str, parameters: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Ask for an object; raises ``HttpDoorError``."""
        answer = object_of(self.get(path, parameters, JSON))
        if answer is None:
            raise HttpDoorError(f"{self.url}{path}: the answer is no JSON object: {_ADVICE}")
        return answer

    def post(self, path: str, body: bytes) -> bytes:
        """Hand over an encoded message; return what is said to it.

        Raises:
            HttpDoorError: It was not taken. A web page is no receipt, whatever its status.
        """
        said, form = self.open(path, [], {"Content-Type": ENCODED}, body)
        if form.partition(";")[0].strip().lower() == "text/html":
            raise HttpDoorError(f"{self.url}{path} answers with a web page, and takes no events: {_ADVICE}")
        return said

    def open(
        self, path: str, parameters: Sequence[tuple[str, str]], headers: Mapping[str, str], body: bytes | None = None
    ) -> tuple[bytes, str]:
        """Ask for something, or post it; return the answer, and which form it says it has; raises ``HttpDoorError``."""
        where = f"{self.url}{path}"
        query = f"?{urllib.parse.urlencode(parameters, errors='surrogatepass')}" if parameters else ""
        try:
            request = urllib.request.Request(where + query, body, {**self._headers, **headers})
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                self._has_answered = True
                return self._read(where, answer), answer.headers.get("Content-Type") or ""
        except urllib.error.HTTPError as error:
            with error:
                raise self._refused(where, error) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise HttpDoorError(f"{where}: {self._lost(error)}", passing=_is_passing(error)) from error

    def _read(self, where: str, answer: HTTPResponse) -> bytes:
        data = answer.read(_MAX_ANSWER + 1)
        if len(data) > _MAX_ANSWER:
            raise HttpDoorError(f"{where}: the answer is larger than {_MAX_ANSWER:,} bytes")
        if answer.length:  # Asked for so many bytes at most, the library takes fewer without a word.
            raise HttpDoorError(f"{where}: the answer was cut off", passing=True)
        return data

    def _refused(self, where: str, error: urllib.error.HTTPError) -> HttpDoorError:
        body = error.read(_MAX_ANSWER)
        detail = one_line(_detail(body))
        said = f"{where}: {error.code} {detail}".rstrip()
        if error.code == 401:
            hint = key_hint(detail, has_key="Authorization" in self._headers)
            said += f": {hint}" if hint else ""
        elif error.code in (404, 405) and "/audit/" not in where:  # of a log, the answer itself says what is missing
            said = f"{where}: {error.code}: there is no collector that answers this: {_ADVICE}"
        elif 300 <= error.code < 400:
            target = one_line(error.headers.get("Location") or "elsewhere")[:_DETAIL]
            said = f"{where}: {error.code}: it redirects to {target}, which is not followed: name that address"
        headers = {name.lower(): value for name, value in error.headers.items()}
        answer = None if 300 <= error.code < 400 else Answer(error.code, headers, detail.encode())
        pause = _pause(headers.get("retry-after"))
        return HttpDoorError(said, passing=error.code in _PASSING, pause=pause, answer=answer)

    def _lost(self, error: Exception) -> str:
        """Say why there was no answer, and what to do."""
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        host = urllib.parse.urlsplit(self.url).netloc
        if isinstance(reason, ConnectionRefusedError):
            return "refused: is a collector running there?"
        if isinstance(reason, http.client.BadStatusLine) and not isinstance(reason, http.client.RemoteDisconnected):
            return f"it does not speak HTTP/1: of a gRPC port, write --endpoint {self._grpc_scheme()}{host}"
        if isinstance(reason, ssl.SSLCertVerificationError):
            return why_untrusted(reason)
        if isinstance(reason, ssl.SSLError):
            why = (reason.reason or str(reason)).lower().replace("_", " ")
            return f"TLS failed ({why}): without TLS, write http://{host}"
        if isinstance(reason, socket.gaierror):
            return f"the name cannot be resolved: {reason.strerror}"
        if isinstance(reason, TimeoutError):
            return f"no answer came within {_TIMEOUT:g} s"
        if isinstance(reason, (ConnectionError, http.client.HTTPException)):
            maybe_tls = self.url.startswith("http://") and not self._has_answered
            hint = f": with TLS, write https://{host}" if maybe_tls else ""
            return f"the connection was lost before the answer was there{hint}"
        return one_line(getattr(reason, "strerror", None) or str(reason)) or type(reason).__name__

    def _grpc_scheme(self) -> str:
        return "grpcs://" if self.url.startswith("https:") else ""


_ADVICE = "the address is the one that chaukas-lite serve prints behind HTTP, without what follows the port"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:
        """Follow none."""
        return


def object_of(body: bytes) -> dict[str, Any] | None:
    """Read a JSON object; None if it is none."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None  # pyright: ignore[reportUnknownVariableType]  # whatever it is


def _detail(body: bytes) -> str:
    """What the answer to a request that failed says of the reason."""
    found = object_of(body)
    if found is not None and "detail" in found:
        return str(found["detail"])[:_DETAIL]
    return body[:_DETAIL].decode(errors="replace")


def _pause(text: str | None) -> float:
    try:
        return max(0.0, min(float(text or 0), _LONGEST_PAUSE))
    except ValueError:
        return 0.0


def _is_passing(error: Exception) -> bool:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, socket.gaierror):  # a name that is not known is most likely misspelt
        return reason.errno == socket.EAI_AGAIN
    if isinstance(reason, ssl.SSLError):
        return False
    passing = ConnectionError, TimeoutError, http.client.IncompleteRead
    return isinstance(reason, passing) or (isinstance(reason, OSError) and reason.errno in _UNREACHABLE)


async def in_thread(work: Callable[[], T]) -> T:
    """Do something that blocks, in a thread that nobody waits for when the program is to end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(cast("T", result))
        else:
            done.set_exception(error)

    def make() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:  # whatever it is, it is for who waits
            error = raised
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=make, name="chaukas request", daemon=True).start()
    return await done
