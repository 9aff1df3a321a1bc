"""Requests whose end is a matter of opinion are refused, and nothing behind them is taken for another request."""

from __future__ import annotations

import asyncio
import logging

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.doors.http_limits import HttpLimits
from chaukas_spec_lite.errors import UnauthenticatedError
from tests.collector.doors.http_serving import ended, http_serving, single
from tests.patience import AGES, run

HEAD = b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
BODY = single(Event(event_id="1"))
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY)
NEXT = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

REFUSED = {
    "both lengths": HEAD + LENGTH + CHUNKED + b"\r\n" + CHUNKS + b"\r\n",
    "both lengths, the other way round": HEAD + CHUNKED + LENGTH + b"\r\n" + CHUNKS + b"\r\n",
    "two lengths": HEAD + LENGTH + b"Content-Length: 3\r\n\r\n" + BODY,
    "two lengths in one": HEAD + b"Content-Length: 5, 6\r\n\r\n" + BODY,
    "a signed length": HEAD + b"Content-Length: +5\r\n\r\n" + BODY,
    "a negative length": HEAD + b"Content-Length: -5\r\n\r\n" + BODY,
    "a length in hexadecimal": HEAD + b"Content-Length: 0x5\r\n\r\n" + BODY,
    "a length with an underscore": HEAD + b"Content-Length: 1_0\r\n\r\n" + BODY,
    "a length without end": HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n" + BODY,
    "a space before the colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS + b"\r\n",
    "a folded header": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKS + b"\r\n",
    "a folded header of no interest": HEAD + LENGTH + b"X: a\r\n\tb\r\n\r\n" + BODY,
    "a line without a carriage return": HEAD + b"X: a\n" + LENGTH + b"\r\n" + BODY,
    "a head without any": HEAD.replace(b"\r", b"") + LENGTH.replace(b"\r", b"") + b"\n" + BODY,
    "an end without one": HEAD + LENGTH + b"\n" + BODY,
    "a lone carriage return": HEAD + b"X: a\rTransfer-Encoding: chunked\r\n\r\n" + CHUNKS + b"\r\n",
    "a zero byte": HEAD + b"X: a\0b\r\n\r\n" + BODY,
    "another coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS + b"\r\n",
    "a coding twice": HEAD + CHUNKED + CHUNKED + b"\r\n" + CHUNKS + b"\r\n",
    "identity": HEAD + b"Transfer-Encoding: identity\r\n" + LENGTH + b"\r\n" + BODY,
    "chunks in HTTP/1.0": HEAD.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n" + CHUNKS + b"\r\n",
    "a chunk of a wrong size": HEAD + CHUNKED + b"\r\n" + CHUNKS.replace(b"\r\n0", b"xx\r\n0") + b"\r\n",
    "a chunk of no size": HEAD + CHUNKED + b"\r\n" + b"\r\n" + CHUNKS + b"\r\n",
    "a chunk of a signed size": HEAD + CHUNKED + b"\r\n-" + CHUNKS + b"\r\n",
    "a chunk ended by a line feed": HEAD + CHUNKED + b"\r\n" + CHUNKS.replace(b"\r\n", b"\n") + b"\r\n",
    "trailers ended by a line feed": HEAD + CHUNKED + b"\r\n" + CHUNKS + b"\n",
    "a trailer ended by a line feed": HEAD + CHUNKED + b"\r\n" + CHUNKS + b"X: a\n\r\n",
    "a folded trailer": HEAD + CHUNKED + b"\r\n" + CHUNKS + b"X: a\r\n b\r\n\r\n",
    "two hosts": HEAD + b"Host: other\r\n" + LENGTH + b"\r\n" + BODY,
    "no host": HEAD.replace(b"Host: localhost\r\n", b"") + LENGTH + b"\r\n" + BODY,
    "a space before the first header": HEAD.replace(b"Host", b" Host") + LENGTH + b"\r\n" + BODY,
    "large headers": HEAD + b"X: " + b"x" * 20_000 + b"\r\n" + LENGTH + b"\r\n" + BODY,
    "many headers": HEAD + b"X: y\r\n" * 5000 + LENGTH + b"\r\n" + BODY,
    "a large chunk extension": HEAD + CHUNKED + b"\r\n1;" + b"x" * 40_000 + b"\r\n" + CHUNKS + b"\r\n",
    "many trailers": HEAD + CHUNKED + b"\r\n" + CHUNKS + b"X: y\r\n" * 10_000 + b"\r\n",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_two_readers_may_see_differently_ends_the_connection(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with http_serving() as served:
            reader, writer = await served.connect()
            writer.write(REFUSED[kind] + LAST)
            said = await ended(reader)
            assert said[:13] in (b"HTTP/1.1 400 ", b""), said
            assert said or kind in LARGE
            assert said.count(b"HTTP/1.1") <= 1, "what stands behind it is no request"
            writer.close()
            assert await served.stored() == []

    run(main())
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.WARNING] == []


LARGE = ("large headers", "many headers", "a large chunk extension", "many trailers")
"""Of those the answer may be lost: not all of them has been read when the connection is closed."""

TAKEN = {
    "a length": HEAD + LENGTH + b"\r\n" + BODY,
    "a length twice": HEAD + LENGTH + LENGTH + b"\r\n" + BODY,
    "chunks": HEAD + CHUNKED + b"\r\n" + CHUNKS + b"\r\n",
    "chunks in capitals": HEAD + CHUNKED.upper() + b"\r\n" + CHUNKS + b"\r\n",
    "chunks with extensions": HEAD + CHUNKED + b"\r\n" + CHUNKS.replace(b"\r\n0", b'\r\n0;a="b"') + b"\r\n",
    "trailers": HEAD + CHUNKED + b"\r\n" + CHUNKS + b"X: y\r\nZ: z\r\n\r\n",
    "line feeds in the body": HEAD + b"Content-Length: %d\r\n\r\n" % (len(BODY) + 5) + BODY + b"\xaa\x06\x02\n ",
}


@pytest.mark.parametrize("kind", TAKEN)
@pytest.mark.parametrize("step", [1 << 16, 7, 1])
def test_what_is_plain_is_taken_and_the_next_request_too(kind: str, step: int) -> None:
    sent = TAKEN[kind] + NEXT

    async def main() -> None:
        async with http_serving() as served:
            reader, writer = await served.connect()
            for start in range(0, len(sent), step):
                writer.write(sent[start : start + step])
                await asyncio.sleep(0)
            assert (await reader.readuntil(b"}"))[:13] == b"HTTP/1.1 202 "
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            writer.close()
            assert [event.event_id for event in await served.stored()] == ["1"]

    run(main())


def test_nonsense_behind_an_answer_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """A stranger's request is answered before its body has come, whatever that is then."""

    async def nobody(authorization: str | None, certificate_name: str | None, peer: str) -> Caller:
        raise UnauthenticatedError("a key is needed")

    async def main() -> None:
        async with http_serving(authenticate=nobody) as served:
            for _ in range(5):
                reader, writer = await served.connect()
                writer.write(HEAD + CHUNKED + b"\r\n")
                assert (await reader.readuntil(b"}"))[:13] == b"HTTP/1.1 401 "
                writer.write(b"nonsense\r\n" + NEXT)
                assert await ended(reader) == b""
                writer.close()

    with caplog.at_level(logging.WARNING):
        run(main())
    assert len(caplog.records) == 1


def test_a_body_behind_an_answer_is_read_to_its_end_and_no_further() -> None:
    """Whoever has been refused may go on to send; the next request on the connection is served."""

    async def main() -> None:
        async with http_serving(limits=HttpLimits(max_json_bytes=10, body_patience=AGES)) as served:
            reader, writer = await served.connect()
            writer.write(HEAD.replace(b"x-protobuf", b"json") + b"Content-Length: 100000\r\n\r\n")
            assert (await reader.readuntil(b"}"))[:13] == b"HTTP/1.1 413 "
            writer.write(b"x" * 100_000)
            writer.write(NEXT)
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            writer.close()

    run(main())


@pytest.mark.parametrize("host", ["[", "[::1", "localhost:abc", "a@b", "%zz", "\xff", "", "localhost:99999999"])
def test_no_host_is_a_mistake_of_the_collectors(host: str) -> None:
    async def main() -> None:
        async with http_serving() as served:
            for path in ("/healthz", "/v1/capabilities", "/%ff%00", "//x", "*"):
                reader, writer = await served.connect()
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1"))
                said = await ended(reader)
                assert said.startswith(b"HTTP/1.1 ")
                assert said[9:10] in (b"2", b"4"), said
                writer.close()

    run(main())
