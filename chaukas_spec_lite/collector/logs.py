"""How the command logs: a line for each record on standard error, as text for people or as JSON for programs.

Lines never hold what events hold, nor a password of an address; nothing of the collector logs that. What is logged
beside a record's text, by ``extra={"fields": {...}}``, stands in the JSON as fields of its own, and behind the text as
``name=value``.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone
from typing import Any

from chaukas_spec_lite.printable import one_line, without_passwords

_MAX_TRACEBACK = 8000


def start_logging(form: str) -> None:
    """Let everything that is logged from INFO up go to standard error.

    Args:
        form: ``text`` or ``json``.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


class TextLines(logging.Formatter):
    """``2026-11-29 15:00:00 UTC  WARNING  text  name=value``, with nothing in it that a terminal would obey."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        text = one_line(without_passwords(record.getMessage()))
        more = "".join(f"  {name}={one_line(str(value))}" for name, value in _fields(record).items())
        line = f"{_moment(record).isoformat(' ', 'seconds')} UTC  {record.levelname:<7}  {text}{more}"
        # A traceback is ours, and worth its lines.
        return line + (f"\n{self._traceback(record)}" if record.exc_info else "")

    def _traceback(self, record: logging.LogRecord) -> str:
        assert record.exc_info
        lines = without_passwords(self.formatException(record.exc_info))[-_MAX_TRACEBACK:].splitlines()
        return "\n".join("    " + line.encode("unicode_escape").decode("ascii") for line in lines)


class JsonLines(logging.Formatter):
    """``{"time": ..., "level": ..., "logger": ..., "message": ...}``, one object on each line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        entry: dict[str, object] = {
            "time": _moment(record).isoformat(timespec="milliseconds") + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_passwords(record.getMessage()),
            **_fields(record),
        }
        if record.exc_info:
            entry["traceback"] = without_passwords(self.formatException(record.exc_info))[-_MAX_TRACEBACK:]
        return json.dumps(entry, default=str)


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, timezone.utc).replace(tzinfo=None)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields
