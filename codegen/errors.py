"""What is reported about a schema that cannot be loaded.

Every step that reads a schema shares one ``Mistakes`` and goes on after it has reported something. So a user sees all
mistakes at once, instead of one in each run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from codegen.model import Position

_LONGEST_TRAIL = 10


@dataclass(frozen=True, slots=True, order=True)
class SchemaError:
    """One mistake and its place."""

    position: Position
    message: str

    def __str__(self) -> str:
        return f"{self.position}: {self.message}"


class SchemaErrors(Exception):
    """Every mistake that was found, sorted by position; as text, one ``file:line:column: what`` per line."""

    def __init__(self, errors: Iterable[SchemaError]) -> None:
        # A set, because one mistake may be found twice.
        self.errors = tuple(sorted(set(errors)))
        super().__init__("\n".join(map(str, self.errors)))


class Mistakes:
    """Collects mistakes while a schema is examined."""

    def __init__(self) -> None:
        self.found: list[SchemaError] = []

    def report(self, position: Position, message: str) -> None:
        """Add a mistake."""
        self.found.append(SchemaError(position, message))

    def check(self, imported_at: Mapping[str, Position]) -> None:
        """Raise ``SchemaErrors`` with all mistakes, if there is any.

        The first one in each file that was not asked for also names the imports that lead there.

        Args:
            imported_at: Where such files are imported.
        """
        if not self.found:
            return
        told: set[str] = set()
        errors: list[SchemaError] = []
        for error in sorted(set(self.found)):
            path = error.position.file
            trail = "" if path in told else _trail(path, imported_at)
            told.add(path)
            errors.append(SchemaError(error.position, error.message + trail))
        raise SchemaErrors(errors)


def _trail(path: str, imported_at: Mapping[str, Position]) -> str:
    places: list[str] = []
    while path in imported_at and len(places) < _LONGEST_TRAIL:
        places.append(str(imported_at[path]))
        path = imported_at[path].file
    return f" (imported at {', from '.join(places)})" if places else ""


def with_article(noun: str) -> str:
    """Put the right article before one of the nouns of messages: ``a message``, ``an enum``, ``a oneof``."""
    return f"an {noun}" if noun[0] in "aei" else f"a {noun}"  # not for "o": "oneof" begins with the sound of "one"
