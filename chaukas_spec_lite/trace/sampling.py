"""What a sampler keeps: pure decisions, which are the same in every process. ``selecting`` applies them to events."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import cast

from chaukas_spec_lite.errors import SettingError, SettingTypeError
from chaukas_spec_lite.settings import Check, Flag, Number, Whole, about, check_fields, documented, shown
from chaukas_spec_lite.spec.common.v1.events import EventType
from chaukas_spec_lite.trace.kinds import KINDS
from chaukas_spec_lite.trace.tree import Edge

MIB = 1 << 20


class _Rate(Check[float]):
    """A number from 0 to 1."""

    def _take(self, value: object, name: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise SettingTypeError(name, f"has to be a number from 0 to 1, not {shown(value)}")
        if not 0 <= value <= 1:
            hint = f"; for {value} percent write {value / 100}" if 1 < value <= 100 else ""
            raise SettingError(name, f"has to be a number from 0 to 1, not {shown(value)}{hint}")
        return float(value)


_RATE = _Rate()


class _Rates(Check["dict[EventType, float]"]):
    """Rates by event type, which may be given by its name. Both ends of a kind of span get the rate of either."""

    def _take(self, value: object, name: str) -> dict[EventType, float]:
        if not isinstance(value, Mapping):
            raise SettingTypeError(
                name, f"has to be a mapping such as {{EventType.DATA_ACCESS: 0.1}}, not {shown(value)}"
            )
        rates: dict[EventType, float] = {}
        for key, rate in cast("Mapping[object, object]", value).items():
            given = _type(key, name)
            for each in both_ends(given):
                number = _RATE(rate, f"{name}[{given.name or int(given)}]")
                if rates.setdefault(each, number) != number:
                    ends = " and ".join(str(end.name) for end in both_ends(given))
                    raise SettingError(name, f"{ends} are the ends of the same spans, and cannot have different rates")
        return rates


def _type(key: object, name: str) -> EventType:
    if isinstance(key, str):
        is_span = f"{key}_START" in EventType.__members__  # TOOL_CALL for both of its ends
        try:
            key = EventType.from_string(f"{key}_START" if is_span else key)
        except ValueError as error:
            raise SettingError(name, str(error)) from None
    if isinstance(key, bool) or not isinstance(key, int):
        raise SettingTypeError(name, f"has to have members of EventType or their names for keys, not {shown(key)}")
    if key in (EventType.SESSION_START, EventType.SESSION_END):
        raise SettingError(name, "cannot leave out the ends of sessions: `rate` says how many sessions are kept")
    return EventType(key)


def both_ends(event_type: EventType) -> tuple[EventType, ...]:
    """Return the types of both ends of a kind of span, START first; of any other type, that alone."""
    kind, edge = KINDS.get(event_type, ("", Edge.POINT))
    if edge is Edge.POINT:
        return (event_type,)
    return tuple(each for each, (other, _) in KINDS.items() if other == kind)


def is_chosen(key: str, rate: float) -> bool:
    """Say whether something is among a share of all things, by its name alone: so every process says the same.

    The first eight bytes of the SHA-256 of the name in UTF-8, as a big-endian number, are compared with
    ``rate * 2**64``. What is chosen at one rate is so at any higher one.

    Args:
        key: The name: a session id, for instance.
        rate: The share, from 0 (none) to 1 (all).
    """
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    # Compared as whole numbers: as a fraction, the greatest of them would be rounded to 1.
    return int.from_bytes(digest[:8], "big") < rate * 2**64


@documented
@dataclass(frozen=True)
class Sampler:
    """Which events a recorder leaves out: whole sessions, events of some types, or both.

    A session is kept or left out whole, by a hash of its id, so that all processes that work on it decide alike (see
    ``keeps``). Events outside of any session are decided by their trace id, and a trace counts as a session that ends
    when none of its spans is open any more. So does a session of which another process has the START. Settings that say
    ``waiting`` are about what ``keep_errors`` holds in memory.

    Raises:
        SettingError: A value cannot be used.
    """

    rate: float = field(
        default=1.0,
        metadata=about("The share of sessions that are kept, from 0 to 1. 1 keeps all, 0 none.", _RATE),
    )
    _: KW_ONLY
    rates: Mapping[EventType, float] | Mapping[str, float] = field(
        default_factory=dict[EventType, float],
        hash=False,
        metadata=about(
            "The share of events of some types that are kept of the sessions that are kept: "
            "`{EventType.DATA_ACCESS: 0.1}`. START and END of a span are decided alike, by its span id, so one of "
            "them names both, as does `{'TOOL_CALL': 0.1}`; what happens within the span is kept. Other events are "
            "decided by their event_id.",
            _Rates(),
        ),
    )
    keep_errors: bool = field(
        default=True,
        metadata=about(
            "Whether a session with an error is kept whatever its hash says: one with an event of type ERROR or of "
            "status FAILED. Until then, or until its end, its events wait in memory. `rates` then leave out no event "
            "that reports an error, and no START of a span that fails.",
            Flag(),
        ),
    )
    max_waiting_events: int = field(
        default=10_000,
        metadata=about(
            "How many events of all sessions may wait. Beyond it, those of the session that has had none for the "
            "longest time are left out; of one that fills all of it, its oldest events.",
            Whole(unit="events"),
        ),
    )
    max_waiting_bytes: int = field(
        default=32 * MIB,
        metadata=about("How large they may be together, encoded; beyond it, as above.", Whole(unit="bytes")),
    )
    max_waiting_seconds: float = field(
        default=600.0,
        metadata=about(
            "After how long without an event a session that is to be left out is taken to have ended without one. "
            "It is looked at when events come.",
            Number(above=0, unit="seconds"),
        ),
    )
    max_sessions: int = field(
        default=10_000,
        metadata=about(
            "How many sessions are remembered, to know what was left out of each, and which had an error. Beyond it, "
            "the one that has had no event for the longest time is forgotten.",
            Whole(unit="sessions"),
        ),
    )

    def __post_init__(self) -> None:
        check_fields(self)

    def keeps(self, session_id: str) -> bool:
        """Say whether a session is kept, whether or not it has an error.

        It is kept if the first eight bytes of the SHA-256 of its id in UTF-8, as a big-endian number, are below
        ``rate * 2**64``. Other languages can decide the same by that.

        Args:
            session_id: The session's id; outside of any session, the trace id.
        """
        return self.rate >= 1 or is_chosen(session_id, self.rate)

    def keeps_type(self, event_type: int, key: str) -> bool:
        """Say whether an event of a kept session is kept, by the rate of its type.

        Args:
            event_type: Its type.
            key: The span id for the ends of a span, else the event id.
        """
        rate = cast("Mapping[int, float]", self.rates).get(event_type, 1.0)
        return rate >= 1 or is_chosen(key, rate)
