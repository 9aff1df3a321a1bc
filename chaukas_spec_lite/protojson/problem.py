"""What goes wrong while JSON is written or read, and where: the path is put together while the error rises."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from typing import Any

from chaukas_spec_lite.errors import JSONError
from chaukas_spec_lite.wire.format import MAX_DEPTH
from chaukas_spec_lite.wire.refusals import said_by

Step = str | int
"""One step of a path: the name of an object's member, or the index in an array."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Problem(Exception):
    """What is wrong with one value. As it rises, each caller adds its step of the path, from the innermost one out."""

    def __init__(self, message: str, *, at_name: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.at_name = at_name
        """Whether the last step's name is what is wrong, not the value behind it."""
        self.outward: list[Step] = []
        """The steps so far, from the value to the root."""

    @property
    def steps(self) -> list[Step]:
        """The steps from the root to the value."""
        return self.outward[::-1]

    def error(self, line: int | None = None, column: int | None = None) -> JSONError:
        """The error for the library's user."""
        return JSONError(self.message, path=path(self.steps), line=line, column=column)


def step_of(key: object, show: Callable[[object], str] = repr) -> str:
    """The step of a path that a key is, whatever the key does when it is shown."""
    try:
        return key if type(key) is str else show(key)
    except Exception:  # of a class that somebody else wrote
        return type(key).__name__


def within(error: Exception, step: Step) -> Problem:
    """Add a step to the path of an error; one of a function that knows nothing of JSON becomes a ``Problem`` first."""
    # Memory or Python's stack is full, or another thread changes a dict: no value is wrong.
    if isinstance(error, (MemoryError, RuntimeError)):
        raise error
    problem = error if isinstance(error, Problem) else Problem(said_by(error))
    # Appended, and turned round at the end: inserting in front at each level would take quadratic time.
    problem.outward.append(step)
    return problem


def named(step: Step, message: str) -> Problem:
    """Make the problem of a member whose name is wrong."""
    return within(Problem(message, at_name=True), step)


def path(steps: list[Step]) -> str:
    """Write a JSON path: ``$.events[2].metadata["a key"]``."""
    return "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if _NAME.fullmatch(step) else f"[{json.dumps(step)}]"
        for step in steps
    )


def too_deep() -> Problem:
    """Make the problem of what nests too deep to be encoded; levels are those of the wire, as in ``run.depth``."""
    return Problem(
        f"nested deeper than {MAX_DEPTH} levels, or a cycle; an object in a Struct is three levels of the encoded "
        "message, an array two"
    )


def out_of_stack() -> Problem:
    """Make the problem of a stack that the calls around this library have filled, not the JSON."""
    return Problem(f"no room on Python's stack, which {sys.getrecursionlimit()} calls fill: call this from less deep")


def shown(value: object) -> str:
    """Show a value of any size in an error."""
    # Python refuses to print integers of more than some thousand digits.
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return f"an integer of {value.bit_length()} bits"
    # Cut short: errors end up in logs, and input may be of any size.
    if isinstance(value, str):
        return json.dumps(value if len(value) <= 60 else value[:57] + "...")
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def json_type(value: object) -> str:
    """Name a value's type as JSON does, where it has a name there."""
    return "null" if value is None else _TYPES.get(type(value), type(value).__name__)


_TYPES: dict[type[Any], str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a bool",
    int: "a number",
    float: "a number",
}
