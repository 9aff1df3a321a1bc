"""What a log line looks like, and what never stands in one."""

from __future__ import annotations

import json
import logging

import pytest

from chaukas_spec_lite.collector.logs import JsonLines, TextLines


@pytest.mark.parametrize("lines", [TextLines(), JsonLines()])
def test_passwords_of_addresses_are_taken_out(lines: logging.Formatter) -> None:
    address = "postgresql://me:s@cret@host/db"
    try:
        raise ValueError(f"cannot read {address!r}")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "%s, or\nhttp://a:b/c", (address,), None)
        record.exc_info = type(error), error, error.__traceback__
    line = lines.format(record)
    assert "cret" not in line
    assert line.count("postgresql://me:***@host/db") == 2
    assert "http://a:b/c" in line
    if isinstance(lines, JsonLines):
        assert set(json.loads(line)) == {"time", "level", "logger", "message", "traceback"}
