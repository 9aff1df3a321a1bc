"""Where a user's settings and data are: the TOML file, and the folder that a system has for data."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from chaukas_spec_lite.errors import SettingError

_FOLDER = "chaukas-lite"


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        SettingError: It cannot be read, or is no TOML.
    """
    try:
        # tomli is what became tomllib.
        read = (import_module("tomllib") if sys.version_info >= (3, 11) else import_module("tomli")).loads
    except ModuleNotFoundError:
        raise SettingError(
            str(path), "needs the package tomli on Python 3.10: pip install 'chaukas-spec-lite[cli]'"
        ) from None
    try:
        found: dict[str, Any] = read(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(str(path), f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise SettingError(str(path), f"is no TOML: {error}") from error
    return found


def data_directory(environ: Mapping[str, str]) -> Path:
    """Return where programs keep a user's data on this system; it need not exist.

    That is ``$XDG_DATA_HOME``, or ``~/.local/share``; ``~/Library/Application Support`` on macOS; ``%LOCALAPPDATA%`` on
    Windows; each with the folder ``chaukas-lite``.
    """
    home = Path.home()
    if sys.platform == "win32":
        base = environ.get("LOCALAPPDATA", "") or str(home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(home / "Library" / "Application Support")
    else:
        # A relative path there is not valid and to be ignored (https://specifications.freedesktop.org/basedir-spec/).
        base = environ.get("XDG_DATA_HOME", "")
        base = base if base.startswith("/") else str(home / ".local" / "share")
    return Path(base) / _FOLDER
