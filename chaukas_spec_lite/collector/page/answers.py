"""What the page answers: files, with headers under which hostile text does nothing, and the cookie of a login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from chaukas_spec_lite.collector.page.files import PageFile

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        # No text becomes markup or a script, not even by a mistake in the page itself.
        "require-trusted-types-for 'script'",
    )
)
"""Only files of the collector itself, and no other page around it."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Ids of sessions stand in addresses.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def file_answer(request: Request, file: PageFile) -> Response:
    """Hand a file out, or say that the browser has it already."""
    # It asks each time, and gets a file again only where that has changed: after an update no old part is mixed in.
    headers = {**HEADERS, "ETag": file.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or file.tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    content = file.content
    if _takes_gzip(request.headers.get("accept-encoding", "")):
        content, headers["Content-Encoding"] = file.compressed, "gzip"
    return Response(content, headers={**headers, "Content-Type": file.media_type})


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.split(","):
        name, _, weight = each.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def cookie_name(request: Request) -> str:
    """The name of the cookie. Browsers do not tell the ports of a machine apart, so it says the port."""
    server = request.scope.get("server") or ("", 0)
    prefix = "__Host-" if is_secure(request) else ""
    return f"{prefix}chaukas_page_{server[1]}"


def token_of(request: Request) -> str:
    """The token that a browser has sent; empty if it has none."""
    return request.cookies.get(cookie_name(request), "")


def is_secure(request: Request) -> bool:
    """Whether it came by TLS."""
    return bool(request.scope["scheme"] == "https")


def login_answer(request: Request, token: str) -> Response:
    """Hand out the cookie of a login. Without a token it takes it away."""
    secure = is_secure(request)
    response = Response(status_code=204, headers={**HEADERS, "Cache-Control": "no-store"})
    name = cookie_name(request)
    if token:
        response.set_cookie(name, token, path="/", httponly=True, samesite="strict", secure=secure)
    else:
        response.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=secure)
    return response
