"""The parameters of the calls under ``/api``: what each of them is, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaukas_spec_lite.collector.stores.asking import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, MAX_TEXT_LENGTH
from chaukas_spec_lite.errors import InvalidRequest
from chaukas_spec_lite.misspelt import nearest

_MOMENT: Mapping[str, Any] = {
    "type": "string",
    "format": "date-time",
    "description": "RFC 3339 in UTC or with an offset, a capital T and Z, up to nine digits after the point.",
}


_IN_PATH = (
    "One or two dots have a tilde before them here, as clients take them for a direction; so have ~. and the like."
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query string."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string", "maxLength": MAX_TEXT_LENGTH})
    description: str = ""
    repeated: bool = False
    """Whether it may be given several times."""
    needed: bool = False
    """Whether it has to be given."""

    def described(self, path: str) -> dict[str, Any]:
        """Describe it as a parameter of a call with this path, for the OpenAPI document."""
        described: dict[str, Any] = {"name": self.name, "in": "query", "schema": self.schema}
        if f"{{{self.name}}}" in path:
            described |= {"in": "path", "required": True, "description": _IN_PATH}
        elif self.needed:
            described["required"] = True
        return described | ({"description": self.description} if self.description else {})


TENANCY = (Parameter("tenant_id"), Parameter("project_id"))
RANGE = (Parameter("start", _MOMENT), Parameter("end", _MOMENT))
"""From the one, inclusive, to the other, exclusive."""
ORDER = Parameter("order_by_time", {"enum": ["ASC", "DESC"]}, "Oldest or newest first.")
PAGE = (
    Parameter(
        "page_size",
        {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
        f"{DEFAULT_PAGE_SIZE} if it is 0 or not given; {MAX_PAGE_SIZE} if it is more than that.",
    ),
    Parameter("page_token", {"type": "string"}, "The next_page_token of the page before."),
)

WITH_ERRORS = Parameter("errors", {"type": "boolean"}, "Whether only those that have errors.")
MAX_EVENTS = 100_000
"""How many events are read for one answer that is made of many."""
STRETCHES, MAX_STRETCHES = 60, 500
BY = Parameter("by", {"enum": ["model", "agent"]}, "What is told apart; nothing if it is not given.")
AT_MOST = Parameter(
    "stretches",
    {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    f"How many stretches of time at most; {STRETCHES} if it is 0 or not given, and up to {MAX_STRETCHES}.",
)
CURSOR = Parameter("cursor", {"type": "string"}, "That of the answer before; none to begin.")
WAIT = Parameter(
    "wait", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, "Seconds, up to 30, and 25 if not given."
)

_DOTS = re.compile(r"~+\.\.?")

_MAX_LOG = 2**62
"""Beyond all logs, and the next number still fits into the integers of databases."""

Given = Mapping[str, "list[str]"]
"""What was given for each parameter. An empty text is as none."""


def read(given: Iterable[tuple[str, str]], known: Sequence[Parameter], in_path: Mapping[str, str] = {}) -> Given:
    """Read a query string.

    Args:
        given: Its names and values.
        known: Which parameters the call has.
        in_path: Those that stand in the path. None of them may be empty.

    Raises:
        InvalidRequest: There is one that it has not, or one too often.
    """
    parameters = {each.name: each for each in known if each.name not in in_path}
    found: dict[str, list[str]] = {name: [_undotted(value)] for name, value in in_path.items()}
    for name, value in in_path.items():
        if not value:
            raise InvalidRequest(f"{name}: empty in the path")
    for name, value in given:
        if name not in parameters:
            near = nearest(name, parameters)
            hint = f"; did you mean {near!r}?" if near else ""
            raise InvalidRequest(f"there is no parameter {name[:100]!r} here{hint}")
        values = found.setdefault(name, [])
        if values and not parameters[name].repeated:
            raise InvalidRequest(f"{name}: given more than once")
        if value:
            values.append(value)
    return found


def _undotted(value: str) -> str:
    # A client takes an id of one or two dots for a direction, escaped or not, and asks for something else.
    return value[1:] if _DOTS.fullmatch(value) else value


def text_of(given: Given, name: str) -> str:
    """The text of a parameter; empty without one."""
    values = given.get(name)
    return values[0] if values else ""


def some_of(given: Given, name: str, most: int) -> Sequence[str]:
    """The texts of a parameter that has to be there, up to so many times. Raises ``InvalidRequest``."""
    values = given.get(name) or ()
    if not 1 <= len(values) <= most:
        raise InvalidRequest(f"{name}: given {len(values)} times; 1 to {most} are allowed")
    return values


def number_of(given: Given, name: str, most: int) -> int:
    """The number of a parameter, cut down to what may be; 0 without one. Raises ``InvalidRequest``."""
    text = text_of(given, name)
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise InvalidRequest(f"{name}: {text[:20]!r} is no number from 0 on")
    return min(int(text), most)


def size_of(given: Given, name: str) -> int | None:
    """The size of a log, or a place in one, that a parameter says; None without one. Raises ``InvalidRequest``."""
    text = text_of(given, name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise InvalidRequest(f"{name}: {text[:20]!r} is no number from 0 on")
    return min(int(text), _MAX_LOG)


def flag_of(given: Given, name: str) -> bool:
    """Whether a parameter is true; false without one. Raises ``InvalidRequest``."""
    text = text_of(given, name) or "false"
    if text not in ("true", "false"):
        raise InvalidRequest(f"{name}: {text[:20]!r} is neither true nor false")
    return text == "true"


def page_size_of(given: Given) -> int:
    """How many items a page may have; raises ``InvalidRequest``."""
    return number_of(given, "page_size", MAX_PAGE_SIZE) or DEFAULT_PAGE_SIZE
