"""Finding and replacing the secrets within one text, by patterns and by names such as ``password=hunter2``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple

from chaukas_spec_lite.trace.redaction.keys import KeyNames
from chaukas_spec_lite.trace.redaction.methods import Replacing
from chaukas_spec_lite.trace.redaction.patterns import CREDENTIAL, Found, Pattern, runs_of

_BLANK = "\0"
_ESCAPES = re.compile(r"(?<!\\)\\+(?:[nrtbfv]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})")
_ROUNDS = 8
"""What is left of a text after replacing may look like a secret in turn; after so many rounds all of it goes."""


class Active(NamedTuple):
    """The rules that may find something in an event: what no text of it can match is not tried again for each text."""

    patterns: tuple[Pattern, ...]
    names: bool
    """Whether names of secrets may stand in it."""

    def __bool__(self) -> bool:
        return self.names or bool(self.patterns)


class Allowed:
    """Secrets that are none: texts that stay, as they are given or by expressions."""

    def __init__(self, texts: Iterable[str], expressions: Iterable[re.Pattern[str]]) -> None:
        self._texts = frozenset(text.casefold() for text in texts)
        self._expressions = tuple(expressions)

    def __bool__(self) -> bool:
        return bool(self._texts or self._expressions)

    def __contains__(self, text: str) -> bool:
        return text.casefold() in self._texts or any(each.fullmatch(text) for each in self._expressions)


class TextRules:
    """The rules for what stands in texts.

    Args:
        patterns: What is looked for.
        keys: The names of secrets.
        allowed: What stays nevertheless.
        replacing: What is written instead.
    """

    def __init__(self, patterns: Sequence[Pattern], keys: KeyNames, allowed: Allowed, replacing: Replacing) -> None:
        self._patterns = tuple(patterns)
        self._keys = keys
        self._allowed = allowed
        self._replacing = replacing
        self.all = Active(self._patterns, bool(keys))

    def active(self, texts: Iterable[str]) -> Active:
        """Choose the rules that may find something in these texts."""
        small = "\n".join(texts).lower()
        runs = runs_of(small)
        patterns = tuple([each for each in self._patterns if each.may_match(small, runs)])
        return Active(patterns, self._keys.may_be_in(small))

    def finds(self, text: str) -> bool:
        """Whether there is a secret in a text."""
        return bool(self._found(text, self.active([text])))

    def redact(self, text: str, active: Active) -> tuple[str, list[str]]:
        """Replace the secrets in a text.

        Returns:
            The text, and the categories of what was found in it, in the order in which it stands there; the text itself
            if nothing was.
        """
        categories: list[str] = []
        for _ in range(_ROUNDS):
            spans = self._found(text, active)
            if not spans:
                return text, categories
            categories += [span.category for span in spans]
            text = self._replaced(text, spans)
        return self._replacing.part(text, CREDENTIAL, None), categories

    def _found(self, text: str, active: Active) -> list[Found]:
        # Of a mark only the place is left, so that none becomes a part of what is found.
        hidden = self._replacing.without_marks(text)
        marked = hidden is not text
        if "\\" in hidden:  # the n of an escape is no part of the word behind it, in JSON and in reprs
            hidden = _ESCAPES.sub(_blanks, hidden)
        small = hidden.lower()
        found: list[Found] = []
        for pattern in active.patterns:
            if pattern.may_match(small, small):
                found.extend(pattern.spans(hidden))
        if active.names and self._keys.may_be_in(small):
            found += [Found(begin, end, CREDENTIAL, None, name) for name, begin, end in self._keys.assigned(hidden)]
        if marked:
            found = [stripped for span in found if (stripped := _stripped(span, hidden))]
        if self._allowed:
            found = [span for span in found if text[span.start : span.end] not in self._allowed]
        return _merged(found)

    def _replaced(self, text: str, spans: list[Found]) -> str:
        pieces: list[str] = []
        position = 0
        for span in spans:
            part = self._replacing.part(text[span.start : span.end], span.category, span.normal)
            start = span.start if part or span.whole < 0 else max(span.whole, position)
            pieces += (text[position:start], part)
            position = span.end
        return "".join([*pieces, text[position:]])


def _blanks(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _stripped(span: Found, hidden: str) -> Found | None:
    """Leave out the marks at both ends of what was found; None if nothing else is in it."""
    found = hidden[span.start : span.end]
    start = span.end - len(found.lstrip(_BLANK))
    end = span.start + len(found.rstrip(_BLANK))
    return span._replace(start=start, end=end) if start < end else None


def _merged(spans: list[Found]) -> list[Found]:
    """Put spans in order; those that overlap become one, with the category of the first: what both cover is secret."""
    if len(spans) < 2:
        return spans
    merged: list[Found] = []
    for span in sorted(spans, key=itemgetter(0)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            if span.end > last.end:
                merged[-1] = last._replace(end=span.end, normal=None)
        else:
            merged.append(span)
    return merged
