"""Carries the place in a trace from one process to another, in the headers of W3C Trace Context and Baggage.

Ids of events are text of any form, mostly UUIDs of 36 characters; W3C wants 32 and 16 hexadecimal digits. The rule,
which other tracing systems need not know:

- The trace id is the 32 digits of a UUID; the span id is the last 16 digits of a UUID, or the 16 digits that another
  system chose. Anything else becomes the beginning of its SHA-256.
- The ids as they are stand beside that, in an entry ``chaukas`` of ``tracestate``: ``p:`` span, ``t:`` trace, ``s:``
  session. It has at most 128 characters, which everybody passes on. What has no room there stands in ``baggage``, as
  ``chaukas.span_id``, ``chaukas.trace_id`` and ``chaukas.session_id``. Id and name of the agent always stand there.
- They count if they belong to the ``traceparent`` that they came with. If not, or if there are none, the digits are the
  ids, as they came.

Where another system has continued the trace in between, ``traceparent`` names its span, and the entry still the last
one that was recorded here: that is the parent, so that what is recorded stays one tree.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, unquote_plus

from chaukas_spec_lite.trace import carriers
from chaukas_spec_lite.trace.w3c import (
    LONG_STATE_MEMBER,
    RANDOM,
    SAMPLED,
    BaggageMember,
    TraceParent,
    format_baggage,
    format_tracestate,
    parse_baggage,
    parse_traceparent,
    parse_tracestate,
)

KEY = "chaukas"
"""Of the entry in ``tracestate``; in ``baggage`` it stands before a dot."""

_Headers = TypeVar("_Headers")

_UUID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})|([0-9a-f]{32})")
_SPAN_ID = re.compile(r"[0-9a-f]{16}")

_IN_STATE = {"p": "span_id", "t": "trace_id", "s": "session_id"}
"""Letter in ``tracestate`` and name in ``baggage``, the most important first."""


@dataclass(frozen=True, slots=True)
class TracePosition:
    """A place in a trace, as one process tells another.

    What a process sends is its own place with ``flags``, ``tracestate`` and ``baggage`` as they came to it.
    """

    trace_id: str
    """As events have it: not the digits of W3C, unless these are all that is known."""
    span_id: str
    """Of the span that is the parent of what the other process does."""
    session_id: str = ""
    agent_id: str = ""
    agent_name: str = ""
    flags: int | None = None
    """``SAMPLED`` and ``RANDOM``; None for a trace that began here, which is sampled."""
    tracestate: tuple[tuple[str, str], ...] = ()
    """Entries of others, the latest first."""
    baggage: tuple[BaggageMember, ...] = ()
    """Entries of others."""

    @property
    def traceparent(self) -> TraceParent:
        """Its ids as W3C writes them."""
        return TraceParent(w3c_trace_id(self.trace_id), w3c_span_id(self.span_id), self._flags())

    def _flags(self) -> int:
        if self.flags is not None:
            return self.flags
        # The last 56 bits of these two are random. Of those that are hashed nobody knows.
        match = _UUID.fullmatch(self.trace_id.lower())
        return SAMPLED | RANDOM if match and _digits(match)[12] in "47" else SAMPLED


def w3c_trace_id(trace_id: str) -> str:
    """The 32 hexadecimal digits that stand for a trace id."""
    match = _UUID.fullmatch(trace_id.lower())
    digits = _digits(match) if match else ""
    return digits if digits.strip("0") else _hashed(trace_id, 32)


def w3c_span_id(span_id: str) -> str:
    """The 16 hexadecimal digits that stand for a span id."""
    lower = span_id.lower()
    match = _UUID.fullmatch(lower)
    digits = _digits(match)[16:] if match else lower if _SPAN_ID.fullmatch(lower) else ""
    return digits if digits.strip("0") else _hashed(span_id, 16)


def extract(headers: object) -> TracePosition | None:
    """Read where the process stands that sent these headers.

    Args:
        headers: As ``carriers.read`` takes them.

    Returns:
        Its place in the trace, or None if there is no valid ``traceparent``.
    """
    texts = carriers.read(headers)
    parent = parse_traceparent(texts["traceparent"])
    if parent is None:
        return None
    state = parse_tracestate(texts["tracestate"])
    baggage = parse_baggage(texts["baggage"])
    ours = {member.key.removeprefix(f"{KEY}."): _plain(member.value) for member in baggage if _is_ours(member)}
    for item in dict(state).get(KEY, "").split(";"):
        letter, _, value = item.partition(":")
        if (name := _IN_STATE.get(letter)) is not None:
            ours[name] = _plain(value)
    if not _belongs(ours, parent):
        ours = {}
    return TracePosition(
        trace_id=ours.get("trace_id") or parent.trace_id,
        span_id=ours.get("span_id") or parent.parent_id,
        session_id=ours.get("session_id", ""),
        agent_id=ours.get("agent_id", ""),
        agent_name=ours.get("agent_name", ""),
        flags=parent.flags,
        tracestate=tuple(member for member in state if member[0] != KEY),
        baggage=tuple(member for member in baggage if not _is_ours(member)),
    )


def inject(position: TracePosition, headers: _Headers) -> _Headers:
    """Write a place in a trace into headers, in place of any other that stands there.

    Args:
        position: The place.
        headers: As ``carriers.write`` takes them. Baggage in it stays, and so does a ``tracestate`` of this trace.

    Returns:
        ``headers``, or what ``carriers.write`` makes in its place.
    """
    return carriers.write(headers, _values(position, headers))


def environment(position: TracePosition | None, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables for a process that is started from a place in a trace.

    Args:
        position: The place, or None if there is none.
        variables: Those that the process gets besides.

    Returns:
        A copy with ``TRACEPARENT``, ``TRACESTATE`` and ``BAGGAGE`` of the place, unchanged without a place.
    """
    if position is None:
        return dict(variables)
    values = _values(position, variables)
    others = {name: value for name, value in variables.items() if name.lower() not in values}
    return others | {name.upper(): value for name, value in values.items() if value}


def _values(position: TracePosition, headers: object) -> dict[str, str]:
    """The three headers, as they stand in ``headers`` afterwards."""
    there = carriers.read(headers)
    before = parse_traceparent(there["traceparent"])
    parent = position.traceparent
    # What stands there may come from another tracing system in this process. Of another trace, it means nothing here.
    same = before is not None and before.trace_id == parent.trace_id
    state = [*(parse_tracestate(there["tracestate"]) if same else ()), *position.tracestate]
    others = dict.fromkeys([*parse_baggage(there["baggage"]), *position.baggage])
    entry, ours = _own(position)
    return {
        "traceparent": str(parent),
        "tracestate": format_tracestate([(KEY, entry), *(member for member in state if member[0] != KEY)]),
        "baggage": format_baggage([*ours, *(member for member in others if not _is_ours(member))]),
    }


def _own(position: TracePosition) -> tuple[str, list[BaggageMember]]:
    """The value of our entry in ``tracestate``, and our entries in ``baggage``."""
    ids = {"span_id": position.span_id, "trace_id": position.trace_id, "session_id": position.session_id}
    agent = {"agent_id": position.agent_id, "agent_name": position.agent_name}
    entry = ""
    elsewhere: dict[str, str] = {}
    for letter, name in _IN_STATE.items():
        if value := ids[name]:
            longer = f"{entry};{letter}:{quote(value, safe='', errors='replace')}".lstrip(";")
            if len(f"{KEY}={longer}") <= LONG_STATE_MEMBER:
                entry = longer
            else:
                elsewhere[name] = value
    # An entry without an id says at least that the trace passed here.
    return entry or "p:", [_member(name, value) for name, value in (elsewhere | agent).items() if value]


def _member(name: str, value: str) -> BaggageMember:
    encoded = quote(value, safe="", errors="replace")
    return BaggageMember(f"{KEY}.{name}", encoded, f"{KEY}.{name}={encoded}")


def _belongs(ours: Mapping[str, str], parent: TraceParent) -> bool:
    """Whether ids that came beside ``traceparent`` are of its trace, and not left over from another."""
    if "trace_id" in ours:
        return w3c_trace_id(ours["trace_id"]) == parent.trace_id
    return "span_id" in ours and w3c_span_id(ours["span_id"]) == parent.parent_id


def _is_ours(member: BaggageMember) -> bool:
    return member.key.startswith(f"{KEY}.")


def _plain(value: str) -> str:
    # OpenTelemetry writes a space as `+` when it passes baggage on. A `+` of ours is always encoded.
    return unquote_plus(value, errors="replace")


def _digits(match: re.Match[str]) -> str:
    return "".join(part for part in match.groups() if part)


def _hashed(text: str, digits: int) -> str:
    # A lone surrogate cannot be encoded otherwise.
    found = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
    return found if found.strip("0") else f"{1:0{digits}x}"
