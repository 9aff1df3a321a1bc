"""h2's connection, frame by frame.

h2 buffers what arrives and parses frames itself. Here frames are cut out first and handed over one by one. That makes
it possible to refuse one that is too long before it is buffered, and to take a fast path around h2.

Everything here uses h2 as documented, but for the attributes ``encoder``, ``decoder`` and ``max_inbound_frame_size``.
``fast_path`` adds a fast path for the frames of ordinary calls; ``verification`` chooses between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated
from h2.exceptions import DenialOfServiceError, FrameTooLargeError, NoAvailableStreamIDError, ProtocolError

from chaukas_spec_lite.rpc.transport.headers import (
    RedactedDecoder,
    RedactedEncoder,
    RememberingDecoder,
    RememberingEncoder,
)
from chaukas_spec_lite.rpc.transport.log_redaction import REDACTION

if TYPE_CHECKING:
    from h2.events import Event
    from typing_extensions import Buffer

    from chaukas_spec_lite.rpc.transport.budget import FrameBudget

HEADER = 9
"""The number of bytes before the content of each frame (RFC 9113, section 4.1)."""
DATA, HEADERS, RST_STREAM, _PUSH_PROMISE, _GOAWAY, _CONTINUATION = 0, 1, 3, 5, 7, 9
END_STREAM, END_HEADERS = 1, 4
_STREAM_ID = 0x7FFFFFFF  # The highest bit is reserved and has to be ignored (RFC 9113, section 4.1).
_MOST_HEADER_BYTES = 64 << 10
"""How many bytes a header block may have, compressed: as many as h2 allows when they are not."""
_PREFACE = 24  # The length of what a client begins with (RFC 9113, section 3.4).


def configuration(client_side: bool) -> H2Configuration:
    """Configure h2 as grpclib does, without validation of headers, but accept headers that are not ASCII.

    In latin-1, each byte becomes a character. With an encoding that refuses some bytes, one such header would end the
    connection.
    """
    return H2Configuration(
        client_side=client_side,
        header_encoding="latin-1",
        validate_inbound_headers=False,
        validate_outbound_headers=False,
        normalize_inbound_headers=False,
        normalize_outbound_headers=False,
    )


class TooManyFrames(ProtocolError):
    """The peer has used up its budget of frames that bring nothing."""


class StrictConnection(H2Connection):
    """An ``H2Connection`` that refuses a frame that is too long as soon as it begins, and goes on after GOAWAY.

    h2 itself takes no further frame after GOAWAY, although the calls that the peer has taken may end (RFC 9113, section
    6.8). Here only new streams are refused then; what becomes of the others is for the owner to say.

    Args:
        client_side: Whether this end is the client.
        remember: Whether header blocks that come again are remembered.
    """

    encoder: RedactedEncoder
    decoder: RedactedDecoder

    def __init__(self, client_side: bool, remember: bool) -> None:
        super().__init__(configuration(client_side))
        limit = self.decoder.max_header_list_size  # h2 gave its decoder its own bound on the size of headers.
        self.encoder = RememberingEncoder() if remember else RedactedEncoder()
        self.decoder = RememberingDecoder() if remember else RedactedDecoder()
        self.decoder.max_header_list_size = limit
        self._preface_left = 0 if client_side else _PREFACE
        self._rest: bytes = b""
        """The beginning of a frame that is not complete."""
        self._amid_headers = False
        """Whether the next frame has to continue the headers of the last one."""
        self._header_bytes = 0
        """How many bytes of headers have come in one block."""
        self.leaving = False
        """Whether the peer has said GOAWAY."""
        self.budget: FrameBudget | None = None
        """What the peer may ask for with frames that bring nothing; None is without limit."""
        self.frames_at_once: int | None = None
        """How many frames are taken in one go, so that others get their turn; None is without limit."""
        self.has_more = False
        """Whether the next ``receive_data`` need not bring anything, because whole frames are left."""
        self.pause = 0.0
        """After how many seconds that one is to come."""

    @property
    def unread(self) -> int:
        """How many bytes are left of what has come."""
        return len(self._rest)

    def get_next_available_stream_id(self) -> int:
        """Number a new stream; raises ``NoAvailableStreamIDError`` if the peer takes none."""
        if self.leaving:
            raise NoAvailableStreamIDError("the peer said GOAWAY, and takes no new streams")
        return super().get_next_available_stream_id()

    def receive_data(self, data: Buffer) -> list[Event]:
        """Take what arrived and return what it means.

        Raises:
            ProtocolError: It is not valid HTTP/2, or ``TooManyFrames``, so the connection has to end.
        """
        data = bytes(data)  # Copies nothing if it is bytes already.
        events: list[Event] = []
        if self._preface_left:  # It is no frame, so h2 has to see it before any. It may arrive in pieces, too.
            opening, data = data[: self._preface_left], data[self._preface_left :]
            self._preface_left -= len(opening)
            events += super().receive_data(opening)
        data = self._rest + data if self._rest else data
        start, size = 0, len(data)
        left = self.frames_at_once
        self.has_more, self.pause = False, 0.0
        while size - start >= HEADER:
            stop = start + HEADER + int.from_bytes(data[start : start + 3], "big")
            # Checked before the frame is complete: h2 would buffer up to 16 MiB first. The error ends the connection
            # (RFC 9113, section 4.2).
            if stop - start - HEADER > self.max_inbound_frame_size:
                self.close_connection(ErrorCodes.FRAME_SIZE_ERROR)
                raise FrameTooLargeError(f"a frame of {stop - start - HEADER} bytes, above what was agreed on")
            if stop > size:
                break
            if left is not None:
                self.has_more = not left
                if self.has_more:
                    break
                left -= 1
            if self.budget is not None:
                self.pause = self.budget.pause()
                self.has_more = self.pause > 0
                if self.has_more and not self.budget.exhausted:
                    break
                if self.has_more or not self.budget.spend(data, start, stop):
                    self.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
                    raise TooManyFrames("too many frames that bring nothing")
            # h2 keeps no rest of its own, because it only ever gets whole frames. So a frame may go past it.
            taken = self._received(data, start, stop, events)
            if not taken and data[start + 3] == _GOAWAY:
                taken = self._goaway(data[start:stop], events)
            if not taken:
                self._headers_come(data[start + 3], data[start + 4], stop - start)
                with REDACTION:  # SETTINGS may make hpack's table smaller, and hpack logs the entries that it drops.
                    events += super().receive_data(data[start:stop])
            start = stop
        self._rest = data[start:]
        return events

    def _headers_come(self, kind: int, flags: int, size: int) -> None:
        # All frames of a header block follow one another (RFC 9113, section 4.3). Other frames change nothing.
        if kind not in (HEADERS, _PUSH_PROMISE, _CONTINUATION):
            return
        self._header_bytes = size + (self._header_bytes if self._amid_headers else 0)
        self._amid_headers = not flags & END_HEADERS
        # h2 keeps up to 64 frames, which is a megabyte, before it looks at any of them.
        if self._header_bytes > _MOST_HEADER_BYTES:
            self.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            raise DenialOfServiceError(f"headers of more than {_MOST_HEADER_BYTES} bytes")

    @property
    def amid_headers(self) -> bool:
        """Whether headers have begun to come, and have not ended: nothing else may come before that."""
        return self._amid_headers

    def _received(self, data: bytes, start: int, stop: int, events: list[Event]) -> bool:
        """Take a frame without h2, if that is possible; here it never is."""
        return False

    def _goaway(self, frame: bytes, events: list[Event]) -> bool:
        """Take a GOAWAY without h2, which would close the connection; not one that is invalid, which h2 refuses."""
        stream_id, content = int.from_bytes(frame[5:HEADER], "big") & _STREAM_ID, frame[HEADER:]
        if self._amid_headers or stream_id or len(content) < 8:
            return False
        event = ConnectionTerminated()
        event.last_stream_id = int.from_bytes(content[:4], "big") & _STREAM_ID
        event.error_code = _error_code(int.from_bytes(content[4:8], "big"))
        event.additional_data = content[8:] or None
        events.append(event)
        self.leaving = True
        return True


def _error_code(number: int) -> ErrorCodes | int:
    return ErrorCodes(number) if number in ErrorCodes.__members__.values() else number
