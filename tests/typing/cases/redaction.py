"""A Redactor, as users make and call it."""

from __future__ import annotations

import re
from collections.abc import Callable

from typing_extensions import assert_type

from chaukas_spec_lite import Event, Redactor
from chaukas_spec_lite.trace.redaction import DEFAULT_KEYS, DEFAULT_PATTERNS, PATTERNS, Pattern


def without_names(path: str, text: str) -> str | None:
    return None if path.startswith("metadata.name") else text.replace("Alice", "[name]")


redact = Redactor(
    paths=["metadata.user.*"],
    keys=DEFAULT_KEYS | {"maiden_name"},
    patterns=[
        *DEFAULT_PATTERNS,
        Pattern("CUSTOMER_NO", r"C-[0-9]{6}", check=lambda found: found[0] != "C-0"),
        "US_SSN",
    ],
    functions=[without_names, lambda path, text: text],
    method="hash",
    salt=b"0123456789abcdef",
    salt_id="2026-11",
    allow=["support@example.com", re.compile("x")],
    default=str,
)
assert_type(redact(Event()), Event)
before_send: Callable[[Event], Event | None] = redact
Redactor(patterns=PATTERNS.values(), method="remove")
assert redact(Event(metadata={"password": "x"})).metadata != {"password": "x"}
