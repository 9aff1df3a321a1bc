"""Taking secrets and personal data out of events before they leave the program, or touch its disk."""

from __future__ import annotations

from chaukas_spec_lite.trace.redaction.keys import DEFAULT_KEYS
from chaukas_spec_lite.trace.redaction.patterns import DEFAULT_PATTERNS, PATTERNS, Pattern
from chaukas_spec_lite.trace.redaction.redactor import Redactor

__all__ = ["DEFAULT_KEYS", "DEFAULT_PATTERNS", "PATTERNS", "Pattern", "Redactor"]
