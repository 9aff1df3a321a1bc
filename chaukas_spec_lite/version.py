"""The version of the package, where every module can have it without importing the package's own face."""

from __future__ import annotations

VERSION = "0.1.0"
