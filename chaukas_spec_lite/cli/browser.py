"""The page in the browser of whoever runs a command."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping

from chaukas_spec_lite.rpc.client.endpoint import Tcp

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses to listen on that nobody can go to, and those of this machine in their place."""


def page_address(http: Tcp, *, tls: bool = False) -> str:
    """Write the address of the page for a browser on this machine.

    Args:
        http: Where HTTP listens.
        tls: Whether it does so with TLS.
    """
    reached = Tcp(_ANYWHERE.get(http.host, http.host), http.port)
    return f"{'https' if tls else 'http'}://{reached}/"


def has_browser(environ: Mapping[str, str], platform: str) -> bool:
    """Whether there is likely a window for a browser; without one, Python would start one in the terminal."""
    if platform in ("win32", "darwin"):
        return True
    return any(environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def open_page(address: str, failed: Callable[[str], None]) -> None:
    """Open the page in a browser, without waiting for it.

    Args:
        address: Of the page.
        failed: Is told, in a sentence, that there is no browser.
    """

    def work() -> None:
        try:
            opened = has_browser(os.environ, sys.platform) and webbrowser.open(address)
        except (webbrowser.Error, OSError):
            opened = False
        if not opened:
            failed(f"No browser was found here: open {address} in one")

    # A thread that nothing waits for: some browsers are programs that end when their window is closed.
    threading.Thread(target=work, name="chaukas-browser", daemon=True).start()
