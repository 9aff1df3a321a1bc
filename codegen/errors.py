"""What is reported about a schema that cannot be loaded.

Every step that reads a schema shares one ``Mistakes`` and goes on after it has reported something. So a user sees all
mistakes at once, instead of one in each run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codegen.model import Position


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

    def check(self) -> None:
        """Raise ``SchemaErrors`` with all mistakes, if there is any."""
        if self.found:
            raise SchemaErrors(self.found)


def with_article(noun: str) -> str:
    """Put the right article before one of the nouns of messages: ``a message``, ``an enum``, ``a oneof``."""
    return f"an {noun}" if noun[0] in "aei" else f"a {noun}"  # not for "o": "oneof" begins with the sound of "one"
