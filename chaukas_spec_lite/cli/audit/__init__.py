"""The commands of ``chaukas-lite audit``, a file each: keys, witnesses, bundles for auditors."""

from __future__ import annotations

import importlib
from typing import Any

COMMANDS = {
    "export": "export",
    "keygen": "keygen",
    "witness": "witness",
}
"""Each command, and the module that it is in."""


def command(name: str) -> Any:
    """Load a command: each on its own, as for all of ``chaukas-lite``."""
    return getattr(importlib.import_module(f"{__name__}.{COMMANDS[name]}"), name)
