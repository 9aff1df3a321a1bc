"""Reads and writes the values of the headers ``traceparent``, ``tracestate`` and ``baggage``.

Pure functions on text, after Trace Context level 2 (https://www.w3.org/TR/trace-context-2/) and Baggage
(https://www.w3.org/TR/baggage/). What is malformed is left out, as they ask for, and nothing here raises: the text
comes from somebody else. What the entries mean, ours among them, is known in ``propagation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

SAMPLED = 1
"""Bit of the flags: whoever wrote them may have recorded the trace."""

RANDOM = 2
"""Bit of the flags: the last seven bytes of the trace id were chosen at random. Whoever continues a trace keeps it."""

MAX_STATE_MEMBERS = 32
MAX_STATE_CHARACTERS = 512
"""As long as everybody has to pass on; some drop the whole header if it is longer."""
LONG_STATE_MEMBER = 128
"""Characters of an entry. Where room is short, longer ones are the first to be left out."""

MAX_BAGGAGE_MEMBERS = 64
MAX_BAGGAGE_BYTES = 8192

_WHITE = " \t"

# A version above 00 may have more behind a dash; it is read as if it was 00.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_STATE_MEMBER = re.compile(r"([a-z0-9][a-z0-9_\-*/@]{0,255})=([ -+\--<>-~]{0,255}[!-+\--<>-~])")

# Members are taken apart by splitting, as an expression for all of one would try each of many spaces in several places.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*")


@dataclass(frozen=True, slots=True)
class TraceParent:
    """What ``traceparent`` says."""

    trace_id: str
    """32 hexadecimal digits in lower case, not all of them zeros."""
    parent_id: str
    """16 of them: the span of the caller."""
    flags: int = SAMPLED
    """``SAMPLED`` and ``RANDOM``, or neither."""

    def __str__(self) -> str:
        """The value of the header, of version 00."""
        return f"00-{self.trace_id}-{self.parent_id}-{self.flags & (SAMPLED | RANDOM):02x}"


@dataclass(frozen=True, slots=True)
class BaggageMember:
    """An entry of ``baggage``."""

    key: str
    value: str
    """As it stands in the header, percent-encoded."""
    text: str
    """The entry as it came, with its properties."""

    @property
    def decoded(self) -> str:
        """The value in plain text; what is no UTF-8 is replaced by U+FFFD."""
        return unquote(self.value, errors="replace")


def parse_traceparent(texts: Iterable[str]) -> TraceParent | None:
    """Read ``traceparent``.

    Args:
        texts: The values of all headers of that name. More than one cannot be right, and counts as none.

    Returns:
        Ids and flags, or None if there is no valid header. Flags that have no meaning yet are left out.
    """
    values = [text.strip(_WHITE) for text in texts]
    match = _TRACEPARENT.fullmatch(values[0]) if len(values) == 1 else None
    if match is None:
        return None
    version, trace_id, parent_id, flags, more = match.groups()
    if version == "ff" or (version == "00" and more is not None) or not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return TraceParent(trace_id, parent_id, int(flags, 16) & (SAMPLED | RANDOM))


def parse_tracestate(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Read ``tracestate``.

    Args:
        texts: The values of all headers of that name, in their order.

    Returns:
        The entries as keys and values, in their order. One that is malformed, or more than 32, make all of them void.
        Of entries with the same key the first, which is the latest, stays.
    """
    members: dict[str, str] = {}
    count = 0
    for member in ",".join(texts).split(","):
        # Spaces before the value belong to it, but those around the member do not.
        if not (stripped := member.strip(_WHITE)):
            continue
        match = _STATE_MEMBER.fullmatch(stripped)
        count += 1
        if match is None or count > MAX_STATE_MEMBERS:
            return ()
        members.setdefault(match[1], match[2])
    return tuple(members.items())


def format_tracestate(members: Iterable[tuple[str, str]]) -> str:
    """Write ``tracestate``.

    Args:
        members: Keys and values, the latest first. Of those with the same key the first stays.

    Returns:
        At most 32 entries in 512 characters. Without room, entries of more than 128 characters are left out first, then
        others; both from the end. Nothing if there are no entries.
    """
    first: dict[str, str] = {}
    for key, value in members:
        first.setdefault(key, value)
    kept = [f"{key}={value}" for key, value in first.items()][:MAX_STATE_MEMBERS]
    for text in [text for text in reversed(kept) if len(text) > LONG_STATE_MEMBER] + kept[::-1]:
        if sum(map(len, kept)) + len(kept) - 1 <= MAX_STATE_CHARACTERS:
            break
        if text in kept:
            kept.remove(text)
    return ",".join(kept)


def parse_baggage(texts: Iterable[str]) -> tuple[BaggageMember, ...]:
    """Read ``baggage``.

    Args:
        texts: The values of all headers of that name, in their order.

    Returns:
        The entries, in their order. Those that are malformed are missing.
    """
    members = (_baggage_member(member.strip(_WHITE)) for member in ",".join(texts).split(","))
    return tuple(member for member in members if member is not None)


def _baggage_member(text: str) -> BaggageMember | None:
    head, *properties = text.split(";")
    for part in properties:
        name, _, value = part.partition("=")
        if not _TOKEN.fullmatch(name.strip(_WHITE)) or not _VALUE.fullmatch(value.strip(_WHITE)):
            return None
    key, equals, value = (part.strip(_WHITE) for part in head.partition("="))
    return BaggageMember(key, value, text) if equals and _TOKEN.fullmatch(key) and _VALUE.fullmatch(value) else None


def format_baggage(members: Iterable[BaggageMember]) -> str:
    """Write ``baggage``.

    Args:
        members: The entries, most important first.

    Returns:
        Those that fit into 64 entries and 8,192 bytes, each whole and as it came. Nothing if there are none.
    """
    kept: list[str] = []
    room = MAX_BAGGAGE_BYTES + 1  # the first has no comma before it
    for member in members:
        # One that is too large does not keep out the smaller ones behind it.
        if len(kept) < MAX_BAGGAGE_MEMBERS and len(member.text) + 1 <= room:
            kept.append(member.text)
            room -= len(member.text) + 1
    return ",".join(kept)
