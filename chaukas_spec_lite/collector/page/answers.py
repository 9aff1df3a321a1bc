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
    compressed = _takes_gzip(request.headers.get("accept-encoding", ""))
    tag = file.compressed_tag if compressed else file.tag
    headers = {**HEADERS, "ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = file.media_type
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return Response(file.compressed if compressed else file.content, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.split(","):
        name, _, weight = each.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def cookie_name(request: Request, *, secure: bool) -> str:
    """The name of the cookie. Browsers do not tell the ports of a machine apart, so it says the port."""
    server = request.scope.get("server") or ("", 0)
    return f"{'__Host-' if secure else ''}chaukas_page_{server[1]}"


def tokens_of(request: Request) -> list[str]:
    """The tokens that a browser has sent: none or one, or two where it comes with and without TLS."""
    by_tls = bool(request.scope["scheme"] == "https")
    # Behind a proxy that ends TLS, both may come. By TLS only one counts: the other may be from whoever can alter what
    # goes by an open line.
    names = [cookie_name(request, secure=True), *([] if by_tls else [cookie_name(request, secure=False)])]
    return [request.cookies[name] for name in names if request.cookies.get(name)]


def is_secure(request: Request) -> bool:
    """Whether the browser logs in by TLS, which may end at a proxy."""
    return bool(request.scope["scheme"] == "https") or request.headers.get("origin", "").startswith("https://")


def login_answer(request: Request, token: str) -> Response:
    """Hand out the cookie of a login. Without a token it takes away what there is."""
    response = Response(status_code=204, headers={**HEADERS, "Cache-Control": "no-store"})
    if token:
        secure = is_secure(request)
        name = cookie_name(request, secure=secure)
        response.set_cookie(name, token, path="/", httponly=True, samesite="strict", secure=secure)
        return response
    for secure in (True, False):
        name = cookie_name(request, secure=secure)
        if name in request.cookies:
            response.delete_cookie(name, path="/", httponly=True, samesite="strict", secure=secure)
    return response
