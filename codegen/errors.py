"""What is reported about a schema that cannot be loaded."""

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
        self.errors = tuple(sorted(set(errors)))
        super().__init__("\n".join(map(str, self.errors)))


class Mistakes:
    """Collects mistakes while a schema is examined, so that one run reports them all."""

    def __init__(self) -> None:
        self.found: list[SchemaError] = []

    def report(self, position: Position, message: str) -> None:
        """Take note of a mistake."""
        self.found.append(SchemaError(position, message))

    def check(self) -> None:
        """Raise :class:`SchemaErrors` if anything was reported."""
        if self.found:
            raise SchemaErrors(self.found)


def with_article(noun: str) -> str:
    """``a message``, ``an enum``, ``a oneof``."""
    return f"an {noun}" if noun[0] in "aei" else f"a {noun}"
