"""A collector: a server that takes events by gRPC and HTTP, keeps them in a store, and answers queries about them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.server import Collector
    from chaukas_spec_lite.collector.settings import CollectorSettings

__all__ = ["Collector", "CollectorSettings"]

_MODULES = {"Collector": "server", "CollectorSettings": "settings"}


def __getattr__(name: str) -> Any:
    """Load the server on first use (PEP 562), so that a query or a store can be had without gRPC."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
