"""What tests read from sockets by hand."""

from __future__ import annotations

import socket


def until_closed(peer: socket.socket) -> bytes:
    """Read until the other side has closed the connection."""
    heard = b""
    try:
        while data := peer.recv(1 << 16):
            heard += data
    except ConnectionError:  # It closes without having read all.
        pass
    return heard
