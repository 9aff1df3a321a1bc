"""The code blocks of README.md, as the tests execute them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TEXT = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")

_FENCE = re.compile(r"```python\n(.*?)```", re.DOTALL)
_MARKED = re.compile(r"<!-- (\S+) -->\n```python\n(.*?)```", re.DOTALL)
_ROW = re.compile(r'<tr><td colspan="2">(.*?)</td></tr>\n<tr><td>\n(.*?)\n</td><td>\n(.*?)\n</td></tr>', re.DOTALL)


@dataclass(frozen=True)
class Row:
    """A row of the migration table: the same job in the official package and in ours."""

    title: str
    official: str
    ours: str


def marked(mark: str) -> list[str]:
    """The blocks that stand behind a comment such as ``<!-- run -->``."""
    return [code for found, code in _MARKED.findall(TEXT) if found == mark]


def section(title: str) -> str:
    """The text below a second-level heading."""
    return re.split(r"^## ", TEXT.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def blocks(text: str) -> list[str]:
    """The Python blocks in a text."""
    return _FENCE.findall(text)


def event_types() -> tuple[str, dict[str, str]]:
    """What the examples of the event types have in common, and the example of each."""
    start, *parts = re.split(r"^### (\w+)$", section("The 19 event types, one example each"), flags=re.MULTILINE)
    (common,) = blocks(start)
    examples = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        (examples[name],) = blocks(body)
    return common, examples


def migration() -> tuple[str, list[Row]]:
    """What every row of the migration table starts from, and the rows; the first one holds the imports."""
    before, table = section("Moving from the official package").split("<table>")
    (start,) = blocks(before)
    rows = [Row(title, *blocks(official), *blocks(ours)) for title, official, ours in _ROW.findall(table)]
    assert len(rows) == table.count('colspan="2"') == table.count("</td><td>"), "a row is not laid out like the others"
    return start, rows
