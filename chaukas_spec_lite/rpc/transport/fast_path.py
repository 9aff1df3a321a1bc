"""h2's connection with a fast path for the ordinary frames of calls; all other frames go h2's own way.

h2 makes several objects and a dozen calls for each frame, most of them for cases that no ordinary call meets, and that
is half of what a small call costs. The fast path is taken only by a frame whose effect is known beforehand: headers
whose encoded form has been seen already, and data, without padding or priority, on a stream that is in the right
state and has room for it. Its effect on h2's objects is what h2's own code would have had: ``tests/rpc/test_http2.py``
compares the two, object by object, over whatever happens on a connection.

That needs what h2 keeps to itself. So ``verification`` compares the two for one ordinary call as well, once in each
process, with the h2 that is installed there; if they differ, no connection has a fast path.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from h2.connection import AllowedStreamIDs, ConnectionState
from h2.events import DataReceived, Event, RequestReceived, ResponseReceived, StreamEnded, TrailersReceived
from h2.stream import H2Stream, H2StreamStateMachine, StreamClosedBy, StreamState

from chaukas_spec_lite.rpc.transport.http2 import DATA, END_HEADERS, END_STREAM, HEADER, HEADERS, StrictConnection

_SLACK = 64
"""How many closed streams may gather, at least, before h2 is asked to forget them: that is a walk over all streams."""


class FastConnection(StrictConnection):
    """A ``StrictConnection`` with a fast path.

    Each method below first makes sure that h2 would accept the frame and do nothing unusual with it. In every other
    case nothing is changed, and h2 gets the frame: it knows the errors, and this module does not have to.

    Args:
        client_side: Whether this end is the client.
    """

    def __init__(self, client_side: bool) -> None:
        super().__init__(client_side, remember=True)
        self._open = ConnectionState.CLIENT_OPEN if client_side else ConnectionState.SERVER_OPEN
        self._forget_above = _SLACK

    def _received(self, data: bytes, start: int, stop: int, events: list[Event]) -> bool:
        """Take a frame on the fast path, if there is one for it."""
        kind, flags = data[start + 3], data[start + 4]
        # In the middle of a header block, only CONTINUATION is allowed (RFC 9113, section 6.10). In any other state of
        # the connection, the first frame changes it, or no frame is allowed any more.
        if self._amid_headers or self.state_machine.state is not self._open:
            return False
        # The highest bit is reserved and has to be ignored (RFC 9113, section 4.1).
        stream_id = int.from_bytes(data[start + 5 : start + HEADER], "big") & 0x7FFFFFFF
        stream = self.streams.get(stream_id)
        if kind == DATA:
            return stream is not None and self._data(stream, flags, data[start + HEADER : stop], events)
        # END_HEADERS has to be set, because otherwise the block is not complete. PADDED and PRIORITY must not be.
        if kind != HEADERS or flags & ~END_STREAM != END_HEADERS:
            return False
        headers = self.decoder.known(data[start + HEADER : stop])
        # A block that is not remembered may change HPACK's table, so hpack has to decode it.
        if headers is None:
            return False
        if stream is not None:
            return self._response(stream, flags & END_STREAM, headers, events)
        return self._request(stream_id, flags & END_STREAM, headers, events)

    def _data(self, stream: H2Stream, flags: int, data: bytes, events: list[Event]) -> bool:
        machine = stream.state_machine
        state, size = machine.state, len(data)
        whole, own = self._inbound_flow_control_window_manager, stream._inbound_window_manager
        # Padding has to be cut off; data before headers or on a stream that the peer has ended is an error; a content
        # length would have to be compared; more than a window allows is an error, too (RFC 9113, section 6.9.1).
        if (
            flags > END_STREAM
            or (state is not StreamState.OPEN and state is not StreamState.HALF_CLOSED_LOCAL)
            or not machine.headers_received
            or stream._expected_content_length is not None
            or size > whole.current_window_size
            or size > own.current_window_size
        ):
            return False
        whole.current_window_size -= size
        own.current_window_size -= size
        stream._actual_content_length += size
        event = DataReceived(stream_id=stream.stream_id, data=data, flow_controlled_length=size)
        events.append(event)
        if flags:
            event.stream_ended = _ended_by_peer(stream)
            events.append(event.stream_ended)
        return True

    def _response(self, stream: H2Stream, end: int, headers: list[Any], events: list[Event]) -> bool:
        """Take the headers or trailers of a response."""
        machine = stream.state_machine
        # A server may respond before the request is complete (then the state is OPEN), and responses to HEAD have a
        # content length without content: both are rare.
        if machine.state is not StreamState.HALF_CLOSED_LOCAL or not machine.client or stream.request_method == b"HEAD":
            return False
        event: ResponseReceived | TrailersReceived
        if not machine.headers_received:
            machine.headers_received = True
            event = ResponseReceived(stream_id=stream.stream_id, headers=headers)
        elif end and not machine.trailers_received:
            machine.trailers_received = True
            event = TrailersReceived(stream_id=stream.stream_id, headers=headers)
        else:  # Headers once more without the end of the stream, or behind trailers: an error.
            return False
        stream._expected_content_length = None  # `known` returns no headers that name one.
        events.append(event)
        if end:
            event.stream_ended = _ended_by_peer(stream)
            events.append(event.stream_ended)
        return True

    def _request(self, stream_id: int, end: int, headers: list[Any], events: list[Event]) -> bool:
        """Take the headers of a request."""
        # A client's streams have odd numbers, each higher than the last (RFC 9113, section 5.1.1). A lower one may be a
        # closed stream, for which h2 knows several rules.
        if self.config.client_side or not stream_id & 1 or stream_id <= self.highest_inbound_stream_id:
            return False
        if not self._has_room(self.local_settings.max_concurrent_streams):
            return False
        stream = self._begin_new_stream(stream_id, AllowedStreamIDs.ODD)
        machine = stream.state_machine
        machine.client, machine.headers_received, machine.state = False, True, StreamState.OPEN
        event = RequestReceived(stream_id=stream_id, headers=headers)
        events.append(event)
        if end:
            event.stream_ended = _ended_by_peer(stream)
            events.append(event.stream_ended)
        return True

    def _has_room(self, most: int) -> bool:
        """Whether one more stream is allowed; h2 counts them, and forgets closed ones, at each new one."""
        # No more streams are open than are known, so counting is seldom needed. h2 counts by a walk over all of them.
        # By waiting until as many closed ones have gathered as there were streams, the cost for each stays constant.
        if len(self.streams) < min(most, self._forget_above):
            return True
        client_side = self.config.client_side
        count = self.open_outbound_streams if client_side else self.open_inbound_streams
        self._forget_above = 2 * len(self.streams) + _SLACK
        return count < most

    def send_headers(
        self, stream_id: int, headers: Iterable[Any], end_stream: bool = False, *priority: Any, **priorities: Any
    ) -> None:
        """Send headers; raises what h2 raises."""
        block = None
        if self.state_machine.state is self._open and not priority and not priorities:
            headers = list(headers)  # It may be an iterator, and h2 needs it again if there is no fast path.
            stream = self.streams.get(stream_id)
            if stream is None:
                block = self._ask(stream_id, headers, end_stream)
            else:
                block = self._reply(stream, headers, end_stream)
        if block is None:
            super().send_headers(stream_id, headers, end_stream, *priority, **priorities)
        else:
            self._send(HEADERS, END_HEADERS | end_stream, stream_id, block)

    def _ask(self, stream_id: int, headers: list[Any], end: bool) -> bytes | None:
        """Begin a stream; return its headers encoded, or None if there is no fast path."""
        if not self.config.client_side or not stream_id & 1 or stream_id <= self.highest_outbound_stream_id:
            return None
        if not self._has_room(self.remote_settings.max_concurrent_streams):
            return None
        block = self._encoded(headers)  # Before the stream is made: if h2 has to do it, nothing may have changed.
        if block is None:
            return None
        stream = self._begin_new_stream(stream_id, AllowedStreamIDs.ODD)
        machine = stream.state_machine
        machine.client = machine.headers_sent = True
        machine.state = StreamState.HALF_CLOSED_LOCAL if end else StreamState.OPEN
        names = dict(headers[:8])  # Pseudo-headers stand at the front, so this need not go through all of them.
        stream.request_method, stream._authority = _bytes(names.get(":method")), _bytes(names.get(":authority"))
        return block

    def _reply(self, stream: H2Stream, headers: list[Any], end: bool) -> bytes | None:
        """Send the headers or trailers of a response; return them encoded, or None if there is no fast path."""
        machine = stream.state_machine
        if machine.client or (state := machine.state) not in (StreamState.OPEN, StreamState.HALF_CLOSED_REMOTE):
            return None
        if machine.trailers_sent or (machine.headers_sent and not end):  # h2 raises for both.
            return None
        block = self._encoded(headers)
        if block is None:
            return None
        if machine.headers_sent:
            machine.trailers_sent = True
        machine.headers_sent = True
        if end:
            _end(machine, state)
        stream.request_method = None  # h2 looks for a method in whatever headers are sent, and a response has none.
        return block

    def _encoded(self, headers: list[Any]) -> bytes | None:
        # A longer block than a frame holds would need CONTINUATION.
        block = self.encoder.known(headers)
        return block if block is not None and len(block) <= self.max_outbound_frame_size else None

    def send_data(
        self, stream_id: int, data: bytes | memoryview, end_stream: bool = False, pad_length: Any = None
    ) -> None:
        """Send data; raises what h2 raises."""
        stream, size = self.streams.get(stream_id), len(data)
        if (
            stream is None
            or pad_length is not None
            or self.state_machine.state is not self._open
            or size > min(self.max_outbound_frame_size, self.outbound_flow_control_window)
            or size > stream.outbound_flow_control_window
            or (state := stream.state_machine.state) not in (StreamState.OPEN, StreamState.HALF_CLOSED_REMOTE)
        ):
            super().send_data(stream_id, data, end_stream, pad_length)
            return
        stream.outbound_flow_control_window -= size
        self.outbound_flow_control_window -= size
        if end_stream:
            _end(stream.state_machine, state)
        self._send(DATA, int(end_stream), stream_id, data)

    def _send(self, kind: int, flags: int, stream_id: int, payload: bytes | memoryview) -> None:
        # A frame's header: length in 24 bits, type and flags in 8 each, stream in 32 (RFC 9113, section 4.1).
        head = len(payload) << 48 | kind << 40 | flags << 32 | stream_id
        self._data_to_send += head.to_bytes(HEADER, "big")
        self._data_to_send += payload


def _ended_by_peer(stream: H2Stream) -> StreamEnded:
    machine = stream.state_machine
    if machine.state is StreamState.OPEN:
        machine.state = StreamState.HALF_CLOSED_REMOTE
    else:
        machine.state, machine.stream_closed_by = StreamState.CLOSED, StreamClosedBy.RECV_END_STREAM
    return StreamEnded(stream_id=stream.stream_id)


def _end(machine: H2StreamStateMachine, state: StreamState) -> None:
    if state is StreamState.OPEN:
        machine.state = StreamState.HALF_CLOSED_LOCAL
    else:
        machine.state, machine.stream_closed_by = StreamState.CLOSED, StreamClosedBy.SEND_END_STREAM


def _bytes(text: str | bytes | None) -> bytes | None:
    return text.encode() if isinstance(text, str) else text
