"""Where recorded events go: servers by gRPC or HTTP, files, the console, memory, nowhere; opened by an address."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaukas_spec_lite.sinks.console import ConsoleSink
    from chaukas_spec_lite.sinks.counting import SinkStats
    from chaukas_spec_lite.sinks.file import FileSink
    from chaukas_spec_lite.sinks.http import HttpSender
    from chaukas_spec_lite.sinks.memory import BothSinks, MemorySink, NullSink, OpenSink
    from chaukas_spec_lite.sinks.opening import FromEnvironment, from_environment, open_sink
    from chaukas_spec_lite.sinks.server import ServerSink

__all__ = [
    "BothSinks",
    "ConsoleSink",
    "FileSink",
    "FromEnvironment",
    "HttpSender",
    "MemorySink",
    "NullSink",
    "OpenSink",
    "ServerSink",
    "SinkStats",
    "from_environment",
    "open_sink",
]

_HOMES = {
    "BothSinks": "memory",
    "ConsoleSink": "console",
    "FileSink": "file",
    "FromEnvironment": "opening",
    "HttpSender": "http",
    "MemorySink": "memory",
    "NullSink": "memory",
    "OpenSink": "memory",
    "ServerSink": "server",
    "SinkStats": "counting",
    "from_environment": "opening",
    "open_sink": "opening",
}


def __getattr__(name: str) -> Any:
    """Load a name on first use (PEP 562), so that a file does not bring HTTP along."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
