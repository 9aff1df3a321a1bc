"""Requests whose end two readers may see in different places are refused, and end their connection.

Where a proxy in front of the collector sees the end elsewhere, what one client sends is taken for a part of another's
request. h11 is lenient where RFC 9112 leaves it the choice; here nobody needs that.
"""

from __future__ import annotations

import re
from typing import Any

import h11

_END_OF_HEAD = b"\r\n\r\n"
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_FOLDED_LINE = re.compile(rb"\n[ \t]")


class StrictHttpConnection(h11.Connection):
    """The state of HTTP/1 on a server's connection.

    Args:
        most: How many bytes the head of a request has at most, and what else is not its body.
    """

    def __init__(self, most: int) -> None:
        super().__init__(h11.SERVER, most)
        self._most = most
        self._chunked = False

    def next_event(self) -> Any:
        """Return what comes next of what was received; raises ``h11.RemoteProtocolError``."""
        before = b""
        if self.their_state is h11.IDLE:
            self._check_head(self.trailing_data[0])
        elif self._chunked:
            before = self.trailing_data[0]
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._chunked = _is_chunked(event)
        elif self._chunked and isinstance(event, h11.EndOfMessage):
            self._chunked = False
            self._check_lines(before[: len(before) - len(self.trailing_data[0])])
        return event

    def _check_head(self, received: bytes) -> None:
        """Check the head of a request, or as much of it as has come."""
        end = received.find(_END_OF_HEAD)
        self._check_lines(received if end < 0 else received[: end + len(_END_OF_HEAD)])

    def _check_lines(self, lines: bytes) -> None:
        # h11 takes any size that comes in one go.
        if len(lines) > self._most:
            raise h11.RemoteProtocolError(f"more than {self._most} bytes of headers")
        if _BARE_LINE_FEED.search(lines):
            raise h11.RemoteProtocolError("a line ends without a carriage return")
        if _FOLDED_LINE.search(lines):
            raise h11.RemoteProtocolError("a header is folded over several lines")


def _is_chunked(request: h11.Request) -> bool:
    names = {name for name, _ in request.headers}
    if b"transfer-encoding" not in names:
        return False
    if b"content-length" in names or request.http_version < b"1.1":
        raise h11.RemoteProtocolError("Transfer-Encoding beside Content-Length, or in HTTP/1.0")
    return True
