"""The program ``chaukas-lite``: a file per command, and the rooms they share. Needs the extra ``cli``."""

from __future__ import annotations

import importlib
from typing import Any

COMMANDS = {
    "audit": "audit.group",
    "check": "check",
    "dead-letters": "dead_letters",
    "decode": "encode",
    "demo": "demo",
    "diff": "diff",
    "drain": "drain",
    "encode": "encode",
    "export": "export",
    "keys": "keys",
    "query": "query",
    "send": "send",
    "serve": "serve",
    "sessions": "sessions",
    "show": "show",
    "stats": "stats",
    "store": "store_records",
    "tail": "tail",
    "verify": "verify",
}
"""Each command, and the module that it is in."""


def command(name: str) -> Any:
    """Load a command. Each is loaded on its own, so that none waits for what another needs."""
    module = importlib.import_module(f"{__name__}.{COMMANDS[name]}")
    return getattr(module, name.replace("-", "_"))
