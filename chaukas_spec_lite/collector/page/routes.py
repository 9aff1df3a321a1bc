"""The routes of the page: its files, the addresses of its views, and the login."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from chaukas_spec_lite.collector.page.answers import HEADERS, file_answer, login_answer, tokens_of
from chaukas_spec_lite.collector.page.files import files, index
from chaukas_spec_lite.collector.page.logins import Logins
from chaukas_spec_lite.errors import ForbiddenError, InvalidRequest, UnauthenticatedError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from chaukas_spec_lite.collector.callers import Caller

VIEWS = {
    "/": "sessions",
    "/sessions": "sessions",
    "/sessions/{rest:path}": "session",
    "/search": "search",
    "/live": "live",
    "/charts": "charts",
    "/compare/{rest:path}": "compare",
    "/login": "login",
}
"""The view at each address. The page itself finds that out, too: here it says which modules will be needed."""

_MAX_LOGIN = 4096
"""How many bytes a login has at most."""
_JSON = "application/json"


@dataclass(frozen=True)
class Page:
    """Serves the page.

    Args:
        check_host: Refuses names that others have given this machine.
        caller_of: Tells who calls, by the authorization given, or refuses.
        read: Reads the body of a request, of at most so many bytes.
        clients: Tells the variables that programs are to be given.
        logins: Who has shown a key.
    """

    check_host: Callable[[Request], None]
    caller_of: Callable[[Request, str | None], Awaitable[Caller]]
    read: Callable[[Request, int], Awaitable[bytes]]
    clients: Callable[[], Mapping[str, str]] = dict
    logins: Logins = field(default_factory=Logins)

    def routes(self) -> list[Route]:
        """Make the routes."""
        return [
            *(_view(path, partial(self.index, view)) for path, view in VIEWS.items()),
            Route("/page/login", self.login, methods=["POST"]),
            Route("/page/logout", self.logout, methods=["POST"]),
            Route("/page/clients", self.clients_told),
            Route("/page/{path:path}", self.file),
        ]

    async def index(self, view: str, request: Request) -> Response:
        """Answer the address of a view."""
        self.check_host(request)
        return file_answer(request, index(view))

    async def file(self, request: Request) -> Response:
        """Hand out a file of the page."""
        self.check_host(request)
        file = files().get(request.path_params["path"])
        if file is None:
            raise HTTPException(404, "the page has no such file")
        return file_answer(request, file)

    async def clients_told(self, request: Request) -> Response:
        """``GET /page/clients``: what programs have to be told to send here, for whoever may read."""
        self.check_host(request)
        (await self.caller(request)).check_reading()
        return JSONResponse(dict(self.clients()), headers={**HEADERS, "Cache-Control": "no-store"})

    async def login(self, request: Request) -> Response:
        """``POST /page/login``: exchange a key for a cookie."""
        self.check_host(request)
        _check_origin(request)
        # No form of another page can send this type, so nobody can be logged in by somebody else.
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
            raise InvalidRequest(f"a login has the Content-Type {_JSON}")
        authorization = f"Bearer {_key_of(await self.read(request, _MAX_LOGIN))}"
        caller = await self.caller_of(request, authorization)
        caller.check_reading()
        self._end(request)
        return login_answer(request, self.logins.begin(authorization))

    async def logout(self, request: Request) -> Response:
        """``POST /page/logout``: end the login, and take the cookie away."""
        self.check_host(request)
        _check_origin(request)
        self._end(request)
        return login_answer(request, "")

    def _end(self, request: Request) -> None:
        for token in tokens_of(request):
            self.logins.end(token)

    async def caller(self, request: Request) -> Caller:
        """Tell who calls, by key or cookie, or refuse.

        A cookie counts where the call only reads, and has no authorization of its own: browsers send it unasked, and
        must not change anything for whoever made them do so.
        """
        authorization = request.headers.get("authorization")
        if authorization is not None or request.method not in ("GET", "HEAD"):
            return await self.caller_of(request, authorization)
        _check_asker(request)
        known = (self.logins.authorization(token) for token in tokens_of(request))
        try:
            return await self.caller_of(request, next((each for each in known if each is not None), None))
        except UnauthenticatedError:
            # Of a key that was revoked: asked again and again, it would count as one that is guessed.
            self._end(request)
            raise


def _view(path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
    async def endpoint(request: Request) -> Response:
        return await answer(request)

    route = Route(path, endpoint)
    # An id may have a line's end in it, which the dot of starlette's pattern passes over.
    route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
    return route


def _check_origin(request: Request) -> None:
    """Refuse what a page of another server has a browser send.

    A browser says so itself, where it trusts the connection. Elsewhere its page's origin has to be this host, which it
    need not be behind a proxy that has a name of its own.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        own = origin is None or origin.partition("://")[2] == request.headers.get("host", "")
    if not own:
        raise ForbiddenError("the request comes from a page of another server")


def _check_asker(request: Request) -> None:
    """Refuse what a page of another server has a browser ask for, which may take seconds of work.

    The browser does not let that page read the answer. It sends the cookie where the other server is another port of
    this host, and none is needed where there are no keys. Whoever follows a link asks for it himself.
    """
    other = request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
    if other and request.headers.get("sec-fetch-dest") != "document":
        raise ForbiddenError("the request comes from a page of another server")


def _key_of(body: bytes) -> str:
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    key = cast("dict[str, Any]", content).get("key") if isinstance(content, dict) else None
    if not isinstance(key, str) or not key.strip():
        raise InvalidRequest('a login is a JSON object such as {"key": "..."}')
    return key.strip()
