"""The lines and the indentation of emitted code, and how code that does not fit on a line is divided."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Generator, Iterable
from contextlib import contextmanager

WIDTH = 120

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_QUOTES = re.compile(r'"""')
_QUOTES_OR_LAST = re.compile(r'"""|"\Z')


class Writer:
    """Collects lines. What is written inside ``with writer.block(head)`` is indented by one level more."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._depth = 0

    def line(self, text: str = "") -> None:
        """Write one line at the current level; an empty line gets no indentation."""
        self._lines.append("    " * self._depth + text if text else "")

    def lines(self, texts: Iterable[str]) -> None:
        """Write several lines."""
        for text in texts:
            self.line(text)

    @contextmanager
    def block(self, head: str) -> Generator[None, None, None]:
        """Write the head of a block; what follows is one level deeper."""
        self.line(head)
        with self.indented():
            yield

    @contextmanager
    def indented(self) -> Generator[None, None, None]:
        """Write what follows one level deeper."""
        self._depth += 1
        yield
        self._depth -= 1

    def gap(self, count: int = 1) -> None:
        """Add empty lines until there are ``count`` of them; none at the beginning of the text."""
        # Blank lines that are there count, so that emitters need not know what was written before.
        while self._lines and any(self._lines[-count:]):
            self._lines.append("")

    def docstring(self, text: str) -> None:
        """Write a docstring: in one line if it fits, else with each line of ``text`` wrapped by itself."""
        # A schema's comments may hold anything, and come out as valid Python all the same: backslashes first, or those
        # that are added below would be doubled.
        text = text.strip().expandtabs(4) or "Undocumented."
        text = text.replace("\\", "\\\\")
        text = _CONTROL.sub(lambda control: f"\\x{ord(control[0]):02x}", text)
        short = _QUOTES_OR_LAST.sub(_escaped, text)  # a quote at the end would run into those of the docstring
        text = _QUOTES.sub(_escaped, text)
        if "\n" not in text and self.fits(f'"""{short}"""'):
            self.line(f'"""{short}"""')
            return
        width = WIDTH - 4 * self._depth - 3  # the first line begins with the quotes
        first, *rest = [part for line in text.split("\n") for part in self._wrapped(line, width)]
        self.line(f'"""{first}')
        self.lines(rest)
        self.line('"""')

    @staticmethod
    def _wrapped(line: str, width: int) -> list[str]:
        indent = line[: len(line) - len(line.lstrip())]
        wrapped = textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        return wrapped or [""]

    def fits(self, text: str, deeper: int = 0) -> bool:
        """Whether a line is short enough, where it stands now, or some levels of indentation deeper."""
        return len(text) + 4 * (self._depth + deeper) <= WIDTH

    def call(self, head: str, arguments: Iterable[str], tail: str = "") -> None:
        """Write ``head(arguments)tail`` in one line if it fits, else with one argument per line."""
        self.listed(f"{head}(", arguments, f"){tail}")

    def import_from(self, module: str, clauses: Iterable[str]) -> None:
        """Write ``from module import clauses`` in one line if it fits, else with one clause per line."""
        clauses = list(clauses)
        line = f"from {module} import {', '.join(clauses)}"
        if self.fits(line):
            self.line(line)
        else:
            self._divided(f"from {module} import (", (f"{clause}," for clause in clauses), ")")

    def listed(self, head: str, items: Iterable[str], tail: str) -> None:
        """Write items between ``head``, which ends in a bracket, and ``tail``.

        They are in one line if that fits, else there is one item per line.
        """
        items = list(items)
        line = f"{head}{', '.join(items)}{tail}"
        if self.fits(line):
            self.line(line)
        else:
            self._divided(head, (f"{item}," for item in items), tail)

    def statement(self, head: str, *parts: str, tail: str = "") -> None:
        """Write ``head`` and an expression in one line if it fits, else in parentheses with one part per line."""
        line = f"{head} {' '.join(parts)}{tail}"
        if self.fits(line):
            self.line(line)
        else:
            self._divided(f"{head} (", parts, f"){tail}")

    def assignments(self, targets: Iterable[str], value: str) -> None:
        """Write ``target = target = value``, in as few lines as possible."""
        line = ""
        for target in targets:
            # Filled greedily: a statement is ended only when one more target would not fit.
            longer = f"{line}{target} = "
            if line and not self.fits(longer + value):
                self.line(line + value)
                longer = f"{target} = "
            line = longer
        self.line(line + value)

    def bracketed(self, head: str, parts: Iterable[str], tail: str) -> None:
        """Write an expression between ``head``, which ends in a bracket, and ``tail``: in one line if it fits."""
        parts = list(parts)
        line = f"{head}{' '.join(parts)}{tail}"
        if self.fits(line):
            self.line(line)
        else:
            self._divided(head, parts, tail)

    def _divided(self, head: str, lines: Iterable[str], tail: str) -> None:
        with self.block(head):
            self.lines(lines)
        self.line(tail)

    @contextmanager
    def condition(self, head: str, *parts: str) -> Generator[None, None, None]:
        """Write ``head`` and a condition; what follows is one level deeper."""
        self.statement(head, *parts, tail=":")
        with self.indented():
            yield

    def text(self) -> str:
        """Everything that was written, with one line break at the end."""
        return "\n".join(self._lines).rstrip("\n") + "\n"


def _escaped(quotes: re.Match[str]) -> str:
    return '\\"' * len(quotes[0])


def quoted(text: str) -> str:
    """Text as a string literal in double quotes, of ASCII characters only."""
    return '"' + text.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'
