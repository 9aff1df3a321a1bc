"""A collector for one machine: a gRPC server that keeps events in a SQLite file and answers queries about them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.server import Collector

__all__ = ["Collector"]


def __getattr__(name: str) -> Any:
    """Load the server on first use (PEP 562), so that a query or a store can be had without gRPC."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.server"), name)
