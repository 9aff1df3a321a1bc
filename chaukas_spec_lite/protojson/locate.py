"""Finding the line and column of a value in JSON text. Runs only after something was found to be wrong there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecoder
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from chaukas_spec_lite.protojson.problem import Step

_SPACE = re.compile(r"[ \t\n\r]*")
_ATOM = re.compile(r"[^\s,\]}]+")


_read = JSONDecoder().raw_decode
"""Reads a string and tells where it ends."""


class TextPlace(NamedTuple):
    """A member of an object or an element of an array; offsets count characters."""

    depth: int
    """How many objects and arrays are around it."""
    step: Step
    name: int
    """Where its name begins; for an element, where it begins itself."""
    value: int
    repeated: bool
    """Whether an object had this name before."""


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Count lines and columns from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def find(text: str, steps: list[Step], *, at_name: bool) -> tuple[int, int]:
    """Find the line and column of the value, or of its name, that steps lead to.

    Where the text has only a part of the steps, it is the place of the last one that it has.
    """
    found = _skip_space(text, 0)
    if not steps:
        return line_and_column(text, found)
    matched = 0
    for place in places(text):
        if place.depth <= matched:
            break  # the container that was to hold it is over
        # Deeper places belong to containers that are not on the path.
        if place.depth == matched + 1 and place.step == steps[matched]:
            matched += 1
            found = place.value
            if matched == len(steps):
                found = place.name if at_name else place.value
                break
    return line_and_column(text, found)


def first_repeated(text: str) -> tuple[list[Step], int] | None:
    """Find the first name that an object has twice: its steps, and where it stands."""
    steps: list[Step] = []
    for place in places(text):
        del steps[place.depth - 1 :]
        steps.append(place.step)
        if place.repeated:
            return steps, place.name
    return None


def or_string(pattern: str) -> re.Pattern[str]:
    """Make a pattern for ``outside_strings``.

    At import, because compiling takes more of the stack than may be left when an error is looked for.
    """
    # A string that does not end reaches to the end of the text, so that no search starts again within it.
    return re.compile(rf'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|({pattern})', re.DOTALL)


def outside_strings(text: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Find a pattern in text that need not be valid JSON, wherever no string is; a match is in the first group."""
    return (found for found in pattern.finditer(text) if found[1])


_BRACKET = or_string(r"[\[{\]}]")


def deeper_than(text: str, limit: int) -> int | None:
    """Find the first bracket that opens a level beyond a limit, in text that need not be valid."""
    depth = 0
    for found in outside_strings(text, _BRACKET):
        # In text that need not be valid, kinds of brackets do not matter: only how deep the parser was.
        depth += 1 if found[1] in "[{" else -1
        if depth > limit:
            return found.start()
    return None


def places(text: str) -> Iterator[TextPlace]:
    """Walk through valid JSON text from its beginning, every member and element in order, without recursion."""
    # For each open container: the names an object had so far, or None, and the index of an array's next element.
    open_: list[tuple[set[str] | None, list[int]]] = []
    at = _skip_space(text, 0)
    while True:
        char = text[at : at + 1]
        if char in ("{", "["):
            open_.append((set() if char == "{" else None, [0]))
            at = _skip_space(text, at + 1)
        else:
            at = _skip_space(text, _after_scalar(text, at))
        while open_ and text[at : at + 1] in ("}", "]"):
            open_.pop()
            at = _skip_space(text, at + 1)
        if not open_:
            return
        # The reader has accepted this text, so nothing here needs checking.
        if text[at] == ",":
            at = _skip_space(text, at + 1)
        place = _place(text, at, len(open_), *open_[-1])
        yield place
        at = place.value


def _place(text: str, at: int, depth: int, names: set[str] | None, next_index: list[int]) -> TextPlace:
    if names is None:
        next_index[0] += 1
        return TextPlace(depth, next_index[0] - 1, at, at, False)
    name, end = _read(text, at)
    value = _skip_space(text, _skip_space(text, end) + 1)
    place = TextPlace(depth, name, at, value, name in names)
    names.add(name)
    return place


def _after_scalar(text: str, at: int) -> int:
    if text[at : at + 1] == '"':
        return _read(text, at)[1]
    atom = _ATOM.match(text, at)
    assert atom is not None, "json has read this text"
    return atom.end()


def _skip_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    assert space is not None
    return space.end()
