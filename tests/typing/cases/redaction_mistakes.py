"""Redactors that both checkers refuse."""

from __future__ import annotations

import re

from chaukas_spec_lite import Redactor
from chaukas_spec_lite.trace.redaction import Pattern

Redactor(path=["metadata.x"])  # error: misspelt argument
Redactor(["metadata.x"])  # error: only by name
Redactor(method="drop")  # error: no such method
Redactor(functions=[len])  # error: takes no path
Redactor(patterns=[re.compile("x")])  # error: has no name
Redactor(salt=5)  # error: wrong type
Redactor()({"metadata": {}})  # error: no event
Pattern("X")  # error: without an expression
Redactor().method = "hash"  # error: no such attribute
