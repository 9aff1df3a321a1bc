"""What the reference says about JSON text for an Event, and whether ours agrees but for the excuses of excuses.py."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format

from chaukas_spec_lite import Event
from chaukas_spec_lite.errors import JSONError
from tests.json.excuses import only_ours_refuse, only_theirs_refuse, parsed, read_otherwise
from tests.oracle import canonical, reference


def json_disagreement(data: bytes) -> str | None:
    """How our verdict on JSON text, or our idea of what it means, differs from the reference's."""
    official = reference(Event)
    try:
        theirs = json_format.Parse(data, official())
    except (json_format.ParseError, UnicodeDecodeError):
        theirs = None
    try:
        ours = Event.from_json(data)
    except JSONError as error:
        if not error.path.startswith("$") or not error.line or not error.column:
            return f"the error says not where: {error!r}"
        excused = theirs is None or only_ours_refuse(parsed(data), error.path, error.message)
        return None if excused else f"only we refuse: {error}"
    if theirs is None and not only_theirs_refuse(Event, parsed(data), ignoring=False):
        return f"only the reference refuses, we see {ours!r}"
    encoded = bytes(ours)
    seen = official.FromString(encoded)
    same = theirs is None or canonical(seen) == canonical(theirs)
    if not same and not read_otherwise(Event, parsed(data), ignoring=False):
        return f"we see {ours!r}, the reference sees {theirs}"
    if bytes(Event.parse(encoded)) != encoded:
        return f"{ours!r} does not survive being encoded and decoded"
    written = ours.to_json()
    if not _same(json.loads(written), json_format.MessageToDict(seen)):
        return f"we write {written}, the reference {json_format.MessageToDict(seen)}"
    return None if bytes(Event.from_json(written)) == encoded else f"{written} does not read back as it was"


def _same(a: Any, b: Any) -> bool:
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)
