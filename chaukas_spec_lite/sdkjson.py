"""Reading what the official SDK writes in file mode: one event to a line, nearly ProtoJSON.

Its timestamps lack the zone that RFC 3339 demands, and mean UTC. Everything else about a line has to be ProtoJSON;
names are the schema's.
"""

from __future__ import annotations

import re

from chaukas_spec_lite.protojson.load import from_parsed
from chaukas_spec_lite.protojson.text import decode, parse
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wire.scalars import is_dict

_NAIVE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?")


def event_from_sdk(line: str | bytes, *, ignore_unknown_fields: bool = False) -> Event:
    """Read one line of a file that the official SDK wrote; a ``timestamp`` without a zone is in UTC.

    Raises:
        JSONError: with the JSON path, and the line and column within ``line``.
    """
    text = decode(line)
    parsed = parse(text)
    if is_dict(parsed):
        timestamp = parsed.get("timestamp")
        if isinstance(timestamp, str) and _NAIVE.fullmatch(timestamp):
            parsed["timestamp"] = f"{timestamp}Z"
    return from_parsed(Event, parsed, text, ignore_unknown_fields=ignore_unknown_fields)
