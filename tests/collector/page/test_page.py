"""What the HTTP door answers browsers: the files of the page, its headers, and the login. No browser is needed here."""

from __future__ import annotations

import gzip
import ssl
from typing import Any

import httpx
import pytest
import trustme

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector.callers import ANYONE, Caller
from chaukas_spec_lite.collector.page.files import MEDIA_TYPES, files, index
from chaukas_spec_lite.collector.page.logins import IDLE_SECONDS, MAX_LOGINS, MAX_LOGINS_OF_ONE, Logins
from chaukas_spec_lite.collector.page.modules import needed, without_comments
from chaukas_spec_lite.collector.page.routes import VIEWS
from chaukas_spec_lite.errors import UnauthenticatedError
from tests.collector.doors.http_serving import Served, http_serving
from tests.collector.log_keys import SIGNING
from tests.patience import run

READER, WRITER = "Bearer reader", "Bearer writer"
MARKED = "/sessions/a%0Ab"
"""The address of a session whose id has a line's end in it."""


class KeyRing:
    """Keys that can be revoked, and what was asked of them."""

    def __init__(self) -> None:
        self.callers = {READER: Caller("reader"), WRITER: Caller("writer", may_read=False)}
        self.asked: list[str | None] = []

    async def caller_of(self, authorization: str | None, *_: object) -> Caller:
        self.asked.append(authorization)
        if authorization not in self.callers:
            raise UnauthenticatedError("the call was refused")
        return self.callers[authorization]


async def log_in(served: Served, key: str = "reader", **headers: str) -> httpx.Response:
    return await served.client.post("/page/login", json={"key": key}, headers=headers)


@pytest.mark.parametrize("path", [*(each.replace("{rest:path}", "x/y") for each in VIEWS), MARKED])
def test_every_address_of_a_view_answers_the_page(path: str) -> None:
    async def main() -> None:
        async with http_serving() as served:
            found = await served.client.get(path)
            assert (found.status_code, found.headers["content-type"]) == (200, "text/html; charset=utf-8")
            head, body = files()["index.html"].content.split(b"</head>")
            assert found.content.startswith(head)
            assert found.content.endswith(body)
            assert b'<link rel="modulepreload" href="/page/app/main.js">' in found.content
            policy = dict(each.split(" ", 1) for each in found.headers["content-security-policy"].split("; "))
            assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
            expected = {
                "x-content-type-options": "nosniff",
                "referrer-policy": "no-referrer",
                "x-frame-options": "DENY",
            }
            assert {name: found.headers[name] for name in expected} == expected
            assert found.headers["cross-origin-opener-policy"] == "same-origin"

    run(main())


def test_a_view_names_all_of_its_modules_so_that_they_are_fetched_at_once() -> None:
    sources = {
        "app/main.js": 'import { a } from "./a.js";\nconst later = () => import("./views/late.js");\n',
        "app/a.js": 'import {\n  b,\n} from "../vendor/b.js";\nimport "./c.js";\nexport { d } from "./d.js";\n',
        "vendor/b.js": 'import{x as y}from"./e.js";',
        **dict.fromkeys(("app/c.js", "app/d.js", "vendor/e.js", "app/views/late.js"), ""),
    }
    assert {*needed(["app/main.js"], sources)} == sources.keys() - {"app/views/late.js"}
    for view in VIEWS.values():
        text = index(view).content.decode()
        assert f'href="/page/app/views/{view}.js"' in text
        assert text.count("modulepreload") > 5


def test_modules_are_sent_without_comments_and_keep_their_lines() -> None:
    source = """// what it is
import { a } from "./a.js"; // why
/**
 * Adds. // still
 * @param {number} b *or* so
 */
export const add = (b) => /** @type {any} */ (a) + b / 2 / 1;
  /* one line */
/** @type {any} */ (a).c = "// none";
"""
    expected = """
import { a } from "./a.js"; // why




export const add = (b) => /** @type {any} */ (a) + b / 2 / 1;

/** @type {any} */ (a).c = "// none";
"""
    assert without_comments(source) == expected
    assert b"@param" not in b"".join(file.content for path, file in files().items() if path.startswith("app/"))


def test_nothing_of_the_page_is_written_into_its_markup() -> None:
    """What the policy would refuse is not there to begin with."""
    for path, file in files().items():
        if path.endswith(".html"):
            text = file.content.decode()
            assert "style=" not in text
            assert text.count("<script") == text.count('<script type="module" src="/page/')
        if path.startswith("app/"):
            for word in (b"innerHTML", b"dangerouslySetInnerHTML", b"eval(", b"new Function", b"document.write"):
                assert word not in file.content, path


def test_files_are_handed_out_once_and_only_those_of_the_page() -> None:
    async def main() -> None:
        async with http_serving() as served:
            for path, file in files().items():
                found = await served.client.get(f"/page/{path}")
                assert found.status_code == 200
                assert found.content == file.content
                assert found.headers["content-type"] == MEDIA_TYPES[path[path.rfind(".") :]]
                assert "content-security-policy" in found.headers
            # Other bytes have another tag, and whoever has the one is not told that he has the other.
            tags: dict[str, str] = {}
            for accepted in ("gzip", "identity"):
                given = {"Accept-Encoding": accepted}
                tags[accepted] = (await served.client.get("/page/app/main.js", headers=given)).headers["etag"]
                asking = given | {"If-None-Match": f'"x", W/{tags[accepted]}'}
                again = await served.client.get("/page/app/main.js", headers=asking)
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tags[accepted])
            assert tags["gzip"] != tags["identity"]
            crossed = {"Accept-Encoding": "gzip", "If-None-Match": tags["identity"]}
            assert (await served.client.get("/page/app/main.js", headers=crossed)).status_code == 200
            other = await served.client.get("/page/app/main.js", headers={"If-None-Match": '"x"'})
            assert other.status_code == 200
            for path in (
                "app",
                "app/",
                "nothing.js",
                "../files.py",
                "..%2ffiles.py",
                "%2e%2e/files.py",
                "//etc/passwd",
            ):
                missing = await served.client.get(f"/page/{path}")
                assert missing.status_code == 404, path

    run(main())


def test_files_are_compressed_for_those_who_take_that() -> None:
    async def main() -> None:
        async with http_serving() as served:
            for accepted, packed in (("gzip, br", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("", False)):
                headers = {"Accept-Encoding": accepted}
                async with served.client.stream("GET", "/page/app/main.js", headers=headers) as found:
                    content = b"".join([piece async for piece in found.aiter_raw()])
                    assert found.headers.get("content-encoding") == ("gzip" if packed else None)
                    assert found.headers["vary"] == "Accept-Encoding"
                expected = files()["app/main.js"].content
                assert (gzip.decompress(content) if packed else content) == expected

    run(main())


def test_a_name_that_others_gave_this_machine_gets_nothing() -> None:
    async def main() -> None:
        async with http_serving() as served:
            for method, path in (("GET", "/"), ("GET", "/page/app/main.js"), ("POST", "/page/login")):
                found = await served.client.request(method, path, headers={"Host": "evil.example"})
                assert found.status_code == 421

    run(main())


def test_a_login_stands_for_its_key_in_calls_that_read() -> None:
    ring = KeyRing()

    async def main() -> None:
        async with http_serving(authenticate=ring.caller_of) as served:
            assert (await served.client.get("/api/sessions")).status_code == 401
            done = await log_in(served, " reader ")
            assert (done.status_code, done.content) == (204, b"")
            (cookie,) = done.headers.get_list("set-cookie")
            assert cookie.startswith(f"chaukas_page_{served.port}=")
            attributes = {each.strip().lower() for each in cookie.split(";")[1:]}
            assert attributes == {"httponly", "path=/", "samesite=strict"}
            assert "reader" not in cookie
            assert (await served.client.get("/api/sessions")).status_code == 200
            # A key that is given counts, and not the cookie.
            other = await served.client.get("/api/sessions", headers={"Authorization": WRITER})
            assert other.status_code == 403
            ended = await served.client.post("/page/logout")
            assert ended.status_code == 204
            assert (await served.client.get("/api/sessions")).status_code == 401

    run(main())


def test_a_cookie_changes_nothing_and_opens_only_what_the_page_reads() -> None:
    ring = KeyRing()
    ring.callers[READER] = ANYONE

    async def main() -> None:
        async with http_serving(authenticate=ring.caller_of) as served:
            await log_in(served)
            for path in ("/events", "/v1/events", "/events/batch", "/v1/query"):
                found = await served.post(path, bytes(Event(event_id="1")))
                assert found.status_code == 401, path
            assert (await served.client.get("/metrics")).status_code == 401
            assert (await served.client.post("/api/sessions")).status_code == 405
            assert await served.stored() == []

    run(main())


def test_a_cookie_opens_the_proofs_that_the_page_links_to() -> None:
    ring = KeyRing()
    ring.callers[READER] = ANYONE

    async def main() -> None:
        async with http_serving(authenticate=ring.caller_of, signing=SIGNING) as served:
            assert (await served.client.get("/audit/keys")).status_code == 401
            await log_in(served)
            found = await served.client.get("/audit/keys")
            assert (found.status_code, found.headers["cache-control"]) == (200, "no-store")
            assert found.headers["x-content-type-options"] == "nosniff"
            asked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "script"}
            assert (await served.client.get("/audit/keys", headers=asked)).status_code == 403
            sent = await served.client.post("/audit/cosignatures", headers={"Content-Type": "text/plain"}, content=b"x")
            assert sent.status_code == 401

    run(main())


def test_who_may_not_log_in() -> None:
    ring = KeyRing()

    async def main() -> None:
        async with http_serving(authenticate=ring.caller_of) as served:
            assert (await log_in(served, "unknown")).status_code == 401
            # A key that may not read opens an empty page: it is told at once.
            assert (await log_in(served, "writer")).status_code == 403
            for headers in (
                {"Origin": "http://evil.example"},
                {"Origin": "null"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"},
            ):
                assert (await log_in(served, **headers)).status_code == 403, headers
            for headers in (
                {"Origin": f"http://127.0.0.1:{served.port}"},
                # Behind a proxy that has a name of its own.
                {"Origin": "https://chaukas.example", "Sec-Fetch-Site": "same-origin"},
            ):
                assert (await log_in(served, **headers)).status_code == 204, headers
            form = await served.client.post("/page/login", data={"key": "reader"})
            assert form.status_code == 400
            bodies: list[Any] = [b"", b"[", b"[]", b"{}", b'{"key": 1}', b'{"key": " "}', b"[" * 4000, b"\xff"]
            for body in bodies:
                found = await served.post("/page/login", body, {"Content-Type": "application/json"})
                assert found.status_code == 400, body
            large = await served.post("/page/login", b" " * 5000, {"Content-Type": "application/json"})
            assert large.status_code == 413

    run(main())


def test_a_key_that_is_revoked_ends_its_login_and_is_not_taken_for_a_guess() -> None:
    ring = KeyRing()

    async def main() -> None:
        async with http_serving(authenticate=ring.caller_of) as served:
            await log_in(served)
            del ring.callers[READER]
            ring.asked.clear()
            for _ in range(3):
                assert (await served.client.get("/api/sessions")).status_code == 401
            assert ring.asked == [READER, None, None]

    run(main())


def test_by_tls_the_cookie_goes_by_tls_alone() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def main() -> None:
        async with http_serving(authenticate=KeyRing().caller_of, tls=context) as served:
            done = await log_in(served)
            assert done.status_code == 204, done.text
            cookie = done.headers["set-cookie"]
            assert cookie.startswith("__Host-chaukas_page_")
            assert "; secure" in cookie.lower()
            assert (await served.client.get("/api/sessions")).status_code == 200

    run(main())


def test_behind_a_proxy_with_tls_the_cookie_goes_by_tls_alone() -> None:
    headers = {"Origin": "https://chaukas.example", "Sec-Fetch-Site": "same-origin"}

    async def main() -> None:
        async with http_serving(authenticate=KeyRing().caller_of) as served:
            done = await log_in(served, **headers)
            cookie = done.headers["set-cookie"]
            assert cookie.startswith("__Host-chaukas_page_")
            assert "; secure" in cookie.lower()
            by_tls = cookie.partition(";")[0]
            open_one = (await log_in(served)).headers["set-cookie"].partition(";")[0]
            served.client.cookies.clear()
            for sent in (by_tls, open_one, f"{open_one}; {by_tls}"):
                assert (await served.client.get("/api/sessions", headers={"Cookie": sent})).status_code == 200
            both = {"Cookie": f"{open_one}; {by_tls}"}
            ended = await served.client.post("/page/logout", headers=both | headers)
            assert len(ended.headers.get_list("set-cookie")) == 2
            for sent in (by_tls, open_one):
                assert (await served.client.get("/api/sessions", headers={"Cookie": sent})).status_code == 401

    run(main())


@pytest.mark.parametrize("keys", [True, False])
def test_no_page_of_another_server_has_a_browser_ask(keys: bool) -> None:
    """It could not read the answer, and have it made a thousand times all the same."""

    async def main() -> None:
        async with http_serving(**({"authenticate": KeyRing().caller_of} if keys else {})) as served:
            await log_in(served)
            for path in ("/api/series", "/page/clients"):
                for site, dest, status in (
                    ("cross-site", "image", 403),
                    ("same-site", "empty", 403),
                    ("cross-site", "iframe", 403),
                    ("cross-site", "document", 200),
                    ("same-origin", "empty", 200),
                    ("none", "document", 200),
                ):
                    asked = await served.client.get(path, headers={"Sec-Fetch-Site": site, "Sec-Fetch-Dest": dest})
                    assert asked.status_code == status, (path, site, dest)
            with_key = {"Authorization": READER, "Sec-Fetch-Site": "cross-site"}
            assert (await served.client.get("/api/series", headers=with_key)).status_code == 200

    run(main())


def test_logins_end_when_nobody_uses_them_and_are_not_too_many() -> None:
    now = 0.0
    logins = Logins(lambda: now)
    used, unused = logins.begin("a"), logins.begin("b")
    now = IDLE_SECONDS - 1
    assert logins.authorization(used) == "a"
    now = IDLE_SECONDS
    assert (logins.authorization(used), logins.authorization(unused)) == ("a", None)
    for number in range(MAX_LOGINS):
        logins.begin(f"c{number}")
    assert (len(logins), logins.authorization(used)) == (MAX_LOGINS, None)
    assert logins.authorization("\ud800") is None


def test_who_has_one_key_does_not_end_the_logins_of_others() -> None:
    logins = Logins()
    other, oldest, kept = logins.begin("other"), logins.begin("a"), logins.begin("a")
    for _ in range(MAX_LOGINS_OF_ONE - 1):
        logins.begin("a")
    assert (logins.authorization(oldest), logins.authorization(kept)) == (None, "a")
    for _ in range(MAX_LOGINS):
        logins.begin("a")
    assert logins.authorization(other) == "other"
    assert len(logins) == MAX_LOGINS_OF_ONE + 1
