"""What tests read from sockets by hand."""

from __future__ import annotations

import secrets
import socket


def free_port() -> int:
    """A port that nobody has now, and that the system gives to nobody who asks for any one."""
    # What asks for any one is each connection that goes out; Linux has 32768 to 60999 for them, others 49152 and more.
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def until_closed(peer: socket.socket) -> bytes:
    """Read until the other side has closed the connection."""
    heard = b""
    try:
        while data := peer.recv(1 << 16):
            heard += data
    except ConnectionError:  # It closes without having read all.
        pass
    return heard
