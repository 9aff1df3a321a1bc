"""Tries out, once in each process, whether h2 and hpack still behave as ``headers`` and ``fast_path`` need it.

Both rely on private parts of h2 and hpack, which a new release may change. With a list of known version numbers, calls
would become slow after each harmless patch release. So behaviour decides: the same headers go through hpack with and
without memory, and one call goes through h2 with and without the fast path. Bytes, events and every object's state have
to be the same; much deeper comparisons stand in the tests. That takes about 2 ms (0.5 for hpack and 1.4 for h2, on
Python 3.11), so it is done when a client is made, before its first call, and when a server starts.

If something differs, connections use hpack's or h2's own way from the start, and a warning says what did not hold.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import threading
from collections import deque
from collections.abc import Callable, Sized
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import h2
import hpack
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event
from hpack import Decoder, Encoder, HeaderTuple

from chaukas_spec_lite import process
from chaukas_spec_lite.rpc.transport.headers import RedactedDecoder, RememberingDecoder, RememberingEncoder, secret
from chaukas_spec_lite.rpc.transport.http2 import StrictConnection

with contextlib.suppress(Exception):  # A changed h2 may raise anything; `check_fast_path` then says what it is.
    # Imported here so that it is loaded with the client's other modules, and not when the first client is made. The
    # functions that use it import it again, because here it may fail.
    import chaukas_spec_lite.rpc.transport.fast_path  # noqa: F401  # pyright: ignore[reportUnusedImport]

log = logging.getLogger("chaukas_spec_lite.rpc")


class Unexpected(Exception):
    """Something that is relied on does not hold."""


@dataclass(frozen=True)
class Verified:
    """What the installed libraries allow."""

    remember: bool
    """Whether header blocks may be remembered."""
    fast: bool
    """Whether frames may take the fast path, which needs remembered headers."""


def new_connection(client_side: bool) -> StrictConnection:
    """Make one end of a connection, the fastest that is safe with the installed h2 and hpack."""
    verified = verify()
    if verified.fast:
        from chaukas_spec_lite.rpc.transport.fast_path import FastConnection

        return FastConnection(client_side)
    return StrictConnection(client_side, verified.remember)


class _Once:
    """What this process has found out."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: Verified | None = None


_once = _Once()


def _after_fork() -> None:
    _once.lock = threading.Lock()  # Another thread of the parent may have held it.


process.after_fork_in_child(_after_fork)


def verify() -> Verified:
    """Try everything out, once in the process; what does not hold is logged as a warning."""
    warnings: list[str] = []
    with _once.lock:  # Clients of several threads may begin at once.
        if _once.found is None:
            remember = _holds(check_headers, hpack, "header blocks are not remembered", warnings)
            fast = remember and _holds(check_fast_path, h2, "frames do not take the fast path", warnings)
            _once.found = Verified(remember, fast)
        found = _once.found
    # A log handler may send what it gets, by a client that comes here again: the lock has to be free by then.
    for warning in warnings:
        log.warning("%s", warning)
    return found


def _holds(check: Callable[[], None], library: ModuleType, consequence: str, warnings: list[str]) -> bool:
    """Say whether a check succeeds; if not, add a warning."""
    try:
        check()
    except Exception as error:  # A changed library may raise anything here, and calls have to work all the same.
        reason = str(error) if isinstance(error, Unexpected) else f"{type(error).__name__}: {error}"
        version = getattr(library, "__version__", "?")
        warnings.append(f"{library.__name__} {version} has changed, so {consequence}, and calls take longer: {reason}")
        return False
    return True


_ONE: list[Any] = [HeaderTuple(b":status", b"200"), HeaderTuple(b"x", b"y")]
_OTHER: list[Any] = [secret(b"x", b"z"), HeaderTuple(b"te", b"y")]
_STEPS: list[tuple[tuple[int, ...], list[Any]]] = [
    ((), _ONE),  # Puts x: y into the table.
    ((), _ONE),  # Refers to x: y in the table, so it is a different block, which is remembered.
    ((), _OTHER),  # Puts te: y in front of x: y, which has another index from now on.
    ((), _ONE),  # Needs that index: the remembered block is wrong.
    ((34, 4096), _ONE),  # The table was emptied in between, though its size is the same again.
]


def check_headers() -> None:
    """Exchange headers between remembering and plain ends; raises ``Unexpected`` for a difference."""
    encoder, decoder, own_decoder = RememberingEncoder(), RememberingDecoder(), RedactedDecoder()
    remembered = False
    for sizes, headers in _STEPS:
        for size in sizes:
            encoder.header_table_size = size
        block = encoder.encode(headers)
        for each in (own_decoder, decoder):
            found = each.decode(block, raw=True)
            _same("headers", found, headers)
            _same("types of headers", list(map(type, found)), list(map(type, headers)))
        remembered = remembered or (encoder.known(headers) is block and decoder.known(block) is not None)
    if not remembered:
        raise Unexpected("headers that come again are not found in the memory")


_REQUEST: list[Any] = [(":method", "POST"), (":path", "/"), secret(":authority", "a")]
_RESPONSE: list[Any] = [(":status", "200")]
_TRAILERS: list[Any] = [("accept-encoding", "gzip, deflate")]
# None of these enters HPACK's dynamic table: they stand in the static one, or are never indexed. So the table stays as
# it is, and they are remembered from the first time on.


def check_fast_path() -> None:
    """Compare a call on the fast path with one that goes h2's way; raises ``Unexpected`` where they differ."""
    from chaukas_spec_lite.rpc.transport.fast_path import FastConnection

    class OnlyFast(FastConnection, _NoHelp):
        def _received(self, data: bytes, start: int, stop: int, events: list[Event]) -> bool:
            if not super()._received(data, start, stop, events):
                raise Unexpected(f"a frame of type {data[start + 3]} is not received on the fast path")
            return True

    # The first call goes h2's way, by the unbound methods of H2Connection, and has hpack's memory filled. The second
    # one may then go nothing but the fast path.
    client, server = OnlyFast(True), OnlyFast(False)
    server.receive_data(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    H2Connection.receive_data(client, b"")  # h2 prepares its buffer when anything arrives for the first time.
    own = _call(H2Connection, client, server, 1)
    fast = _call(OnlyFast, client, server, 3)
    _same("events", fast.pop("events"), own.pop("events"))
    for what, expected in own.items():
        _same(what, fast[what], expected)


class _NoHelp(StrictConnection):
    """Stands between the fast path and h2, which the fast path turns to through ``super()``."""

    def send_headers(self, *_: Any, **__: Any) -> None:
        raise Unexpected("headers that come again are not sent on the fast path")

    def send_data(self, *_: Any, **__: Any) -> None:
        raise Unexpected("data is not sent on the fast path")


def _call(way: type[H2Connection], client: H2Connection, server: H2Connection, number: int) -> dict[str, Any]:
    """Make a call on a stream; return all that is to be compared, with a name for each."""
    ends = {"client": client, "server": server}
    before = {name: _state(end) for name, end in ends.items()}
    noted: dict[str, Any] = {}

    way.send_headers(client, number, _REQUEST)
    way.send_data(client, number, b"abc", True)
    request = client.data_to_send()
    events = way.receive_data(server, request)
    for name, end in ends.items():
        noted[f"the {name}'s stream after the request"] = _state(end.streams[number])

    way.send_headers(server, number, _RESPONSE)
    way.send_data(server, number, b"abcd")
    way.send_headers(server, number, _TRAILERS, True)
    response = server.data_to_send()
    events += way.receive_data(client, response)
    for name, end in ends.items():
        noted[f"the {name}'s stream after the response"] = _state(end.streams[number])
        noted[f"the {name}'s connection"] = _change(before[name], _state(end), number)

    noted["bytes"] = [data.replace(number.to_bytes(4, "big"), b"....") for data in (request, response)]
    noted["events"] = [_event(event) for event in events]
    return noted


_PLAIN = frozenset({int, float, bool, bytes, str, type(None)})
_SIZED: tuple[type[Sized], ...] = (bytearray, dict, list, tuple, set, frozenset, deque)
_LEFT_OUT = (H2Configuration, Encoder, Decoder)
"""Objects that calls do not change, and hpack's, which ``check_headers`` compares."""


def _state(thing: object, prefix: str = "") -> dict[str, Any]:
    """Collect the plain values that an object of h2 and its parts hold, and the sizes of collections.

    Raises:
        Unexpected: There is something else, which might count what passes h2.
    """
    found: dict[str, Any] = {}
    for name, value in vars(thing).items():
        if type(value) in _PLAIN or isinstance(value, enum.Enum):
            if name != "stream_id":
                found[prefix + name] = value
        elif isinstance(value, _SIZED):
            found[prefix + name] = len(value)
        elif isinstance(value, _LEFT_OUT):
            continue
        elif value.__class__.__module__.startswith("h2."):
            found |= _state(value, f"{name}.")
        else:
            raise Unexpected(f"{prefix}{name} is of an unknown type: {type(value).__name__}")
    return found


def _change(before: dict[str, Any], after: dict[str, Any], number: int) -> dict[str, Any]:
    """Say what became of a connection's values: by how much numbers have grown, and what others are now.

    The highest number of a stream is told from that of the stream that was added last.
    """
    changed = dict(after)
    for name, value in after.items():
        if name.endswith("stream_id"):
            changed[name] = value == number
        elif type(value) in (int, float):
            changed[name] = value - before.get(name, 0)
    return changed


def _event(value: object) -> Any:
    if not isinstance(value, Event):
        return value
    return type(value), {name: _event(part) for name, part in vars(value).items() if name != "stream_id"}


def _same(what: str, found: Any, expected: Any) -> None:
    """Raise ``Unexpected`` for the first difference."""
    if found == expected:
        return
    if type(found) is type(expected) is dict:
        for name in {**expected, **found}:
            _same(f"{what}, {name}", found.get(name), expected.get(name))
    if type(found) is type(expected) is list and len(found) == len(expected):
        for one, other in zip(found, expected, strict=True):
            _same(what, one, other)
    raise Unexpected(f"{what}: {found!r} instead of {expected!r}")
