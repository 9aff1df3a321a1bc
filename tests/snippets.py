"""The code blocks of README.md and of the pages in docs/, as the tests execute them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / "docs"
EVENT_TYPES = DOCS / "guides" / "event-types.md"
FROM_OFFICIAL = DOCS / "guides" / "from-official.md"

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Pair:
    """The same job in the official package and in ours."""

    title: str
    official: str
    ours: str


def pages() -> list[Path]:
    """All pages in docs/."""
    return sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)


def blocks(text: str, language: str = "python") -> list[str]:
    """The code blocks of a language in a text."""
    return [code for found, code in _FENCE.findall(text) if found == language]


def program(text: str) -> str:
    """All Python blocks of a page as one program, in which each line has the number that it has on the page."""
    lines = [""] * (text.count("\n") + 1)
    for found in _FENCE.finditer(text):
        if found[1] == "python":
            first = text.count("\n", 0, found.start(2))
            code = found[2].splitlines()
            lines[first : first + len(code)] = code
    return "\n".join(lines)


def sections(text: str) -> dict[str, str]:
    """What stands below each second-level heading."""
    _, *parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def event_types() -> tuple[str, dict[str, tuple[str, str]]]:
    """What the examples of the event types have in common, and those of each: with the recorder, and by hand."""
    found = sections(EVENT_TYPES.read_text(encoding="utf-8"))
    common = "\n".join(blocks(found.pop("What all examples share")))
    pairs = {title: blocks(body) for title, body in found.items() if blocks(body)}
    assert {len(codes) for codes in pairs.values()} == {2}
    return common, {title: (codes[0], codes[1]) for title, codes in pairs.items()}


def quick_start() -> str:
    """The official README's first program."""
    (code,) = blocks(sections(FROM_OFFICIAL.read_text(encoding="utf-8"))["The official quick start, line by line"])
    return code


def migration() -> tuple[str, list[Pair]]:
    """What every pair starts from, and the pairs; the first one holds the imports."""
    text = FROM_OFFICIAL.read_text(encoding="utf-8")
    (start,) = blocks(text.partition("\n## ")[0])
    codes = {title: blocks(body) for title, body in sections(text).items()}
    return start, [Pair(title, *code) for title, code in codes.items() if len(code) == 2]
