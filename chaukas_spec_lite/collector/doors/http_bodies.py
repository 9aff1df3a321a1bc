"""Bodies of HTTP requests as they come in: in pieces, inflated, and never more than is allowed, nor more slowly."""

from __future__ import annotations

import asyncio
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from chaukas_spec_lite.collector.doors.http_media import UnknownFormError
from chaukas_spec_lite.errors import InvalidRequest, TooMuchError

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.receipts import IngestLimits

PIECE = 256 << 10
"""How many bytes a piece has at most."""
_ANY_GZIP = 31
"""The ``wbits`` of zlib for data with gzip's header."""
_MOST_PARTS = 1000
"""How many compressed parts a body may have; each costs the same however small it is."""
_ZSTD_WINDOW_LOG = 23
"""8 MiB, the largest window that senders may ask for over HTTP (RFC 9659)."""


class TooSlowError(Exception):
    """A body that does not come on."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly a body may come in.

    A sender has ``patience`` seconds, and gets one back for each ``rate`` bytes that come, but never more than it began
    with: whoever has sent much, and quickly, has nothing in store to live on. And in ``most`` seconds all has to be
    there. The time in which nobody asks for more is not the sender's.
    """

    patience: float = 30.0
    rate: int = 16 << 10
    most: float = 300.0


class _Decompressor(Protocol):
    """Inflates what was compressed together, so many bytes at a time."""

    error: type[Exception]

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def pieces(self, data: bytes) -> Iterator[bytes]: ...


class _Gzip:
    error: type[Exception] = zlib.error

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_ANY_GZIP)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece = self._inflate.decompress(data, PIECE)
            data = self._inflate.unconsumed_tail
            if piece:
                yield piece
            # Without input there may still be output, unless the last piece was not a full one.
            if self._inflate.eof or (not data and len(piece) < PIECE):
                return


class _Zstd:
    def __init__(self, module: Any) -> None:
        self.error: type[Exception] = module.ZstdError
        options = {module.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        self._inflate = module.ZstdDecompressor(options=options)

    @property
    def eof(self) -> bool:
        return bool(self._inflate.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inflate.unused_data)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece = self._inflate.decompress(data, PIECE)
            data = b""
            if piece:
                yield piece
            if self._inflate.eof or self._inflate.needs_input:
                return


def _zstd() -> Any:
    """Import the standard library's zstd, which Python has from 3.14 on, or the same as a package."""
    if sys.version_info >= (3, 14):
        return import_module("compression.zstd")
    return import_module("backports.zstd")


def decompressor_of(encoding: str) -> Callable[[], _Decompressor] | None:
    """Return what makes a decompressor for a ``Content-Encoding``; None if nothing is compressed.

    Raises:
        UnknownFormError: There is none. The text says which there are.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    if name in ("gzip", "x-gzip"):
        return _Gzip
    if name == "zstd":
        try:
            module = _zstd()
        except ModuleNotFoundError:
            raise UnknownFormError("zstd needs the package backports.zstd here; send gzip") from None
        return lambda: _Zstd(module)
    raise UnknownFormError("the Content-Encoding is none of gzip, zstd and identity")


async def inflated(
    chunks: AsyncIterator[bytes], encoding: str, limits: IngestLimits, most: int
) -> AsyncIterator[bytes]:
    """Inflate a body piece by piece.

    Args:
        chunks: The body as it comes in.
        encoding: Its ``Content-Encoding``.
        limits: What says how many times its compressed size it may have.
        most: How many bytes it may have, inflated.

    Raises:
        UnknownFormError: There is no decompressor for it.
        InvalidRequest: It is not compressed like this, or ends too early.
        TooMuchError: It is above a limit; nothing beyond the limit has been inflated.
    """
    make = decompressor_of(encoding)
    name = encoding.strip().lower()
    received = size = parts = 0
    inflate: _Decompressor | None = None
    async for chunk in chunks:
        received += len(chunk)
        data = chunk
        while data:
            if make is None:
                pieces, data = iter((data,)), b""
            else:
                if inflate is None:
                    inflate, parts = make(), parts + 1
                    if parts > _MOST_PARTS:
                        raise TooMuchError(f"a body of more than {_MOST_PARTS} compressed parts")
                pieces, data = _pieces(inflate, data, name), b""
            for piece in pieces:
                size += len(piece)
                _check(size, received, limits, most)
                yield piece
                # Others have their turn between two pieces, which may all come of a few bytes.
                await asyncio.sleep(0)
            if inflate is not None and inflate.eof:
                # Several compressed parts one behind the other are one body, for both formats.
                data, inflate = inflate.unused_data, None
    if inflate is not None:
        raise InvalidRequest(f"the body ends within its {name}")


def _pieces(inflate: _Decompressor, data: bytes, name: str) -> Iterator[bytes]:
    try:
        yield from inflate.pieces(data)
    except (inflate.error, EOFError) as error:
        raise InvalidRequest(f"the body is no {name}: {error}") from error


def _check(size: int, received: int, limits: IngestLimits, most: int) -> None:
    if size > most:
        raise TooMuchError(f"a body of more than the {most} bytes that are taken")
    if size > limits.free_bytes and size > received * limits.max_ratio:
        raise TooMuchError(f"a body that is compressed to less than 1/{limits.max_ratio} of its size")


async def paced(
    chunks: AsyncIterator[bytes], pace: Pace, now: Callable[[], float] = time.monotonic
) -> AsyncIterator[bytes]:
    """Pass a body on as it comes in, as long as it does; raises ``TooSlowError``."""
    left, rest, received = pace.patience, pace.most, 0
    while True:
        asked = now()
        try:
            chunk = await asyncio.wait_for(anext(chunks), max(0.0, min(left, rest)))
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError:
            raise TooSlowError(f"no more than {received} bytes of the body have come in time") from None
        took = now() - asked
        received += len(chunk)
        rest -= took
        left = min(pace.patience, left - took + len(chunk) / pace.rate)
        yield chunk
