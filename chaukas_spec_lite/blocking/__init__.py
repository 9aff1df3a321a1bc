"""The synchronous face: the asynchronous client and exporter, driven on an event loop in a background thread."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaukas_spec_lite.blocking.client import BlockingChaukasClient
    from chaukas_spec_lite.blocking.draining import blocking_drain
    from chaukas_spec_lite.blocking.exporter import BlockingExporter
    from chaukas_spec_lite.blocking.loop import Loop

__all__ = ["BlockingChaukasClient", "BlockingExporter", "Loop", "blocking_drain"]

_HOMES = {
    "BlockingChaukasClient": "client",
    "BlockingExporter": "exporter",
    "Loop": "loop",
    "blocking_drain": "draining",
}


def __getattr__(name: str) -> object:
    """Load a name on first use (PEP 562), so that a client alone does not bring the exporter along."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
