"""Checks hash chains: which are complete, and at which event each other one is at fault.

The order in which events come does not matter, as each names the one before. Of each event some hundred bytes are kept.

What a chain cannot show: that a writer lied from the start, that a whole chain is gone, or that the end of one is,
before SESSION_END. The collector's log shows the last two.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field, replace

from chaukas_spec_lite.audit.chain import INTERRUPTED, Genesis
from chaukas_spec_lite.audit.sealed import Sealed, fits_behind, read_sealed, read_sealed_bytes
from chaukas_spec_lite.errors import CodecError
from chaukas_spec_lite.spec.common.v1.events import Event

MAX_ALTERED = 1000
"""Of how many altered events it is found out whether only their place was changed; they are kept whole for that."""
MAX_TRIED = 50_000_000
"""How many bytes are hashed for that, for all of them together; a try counts as 500 at least."""


class FaultKind(enum.Enum):
    """What is wrong at an event."""

    ALTERED = "altered"
    """Its content is not what was sealed."""
    REORDERED = "reordered"
    """Its content is what was sealed, but behind another event."""
    MISSING = "missing"
    """The event before it is not there."""
    FORKED = "forked"
    """Another event follows the same one: one of the two was put there, or a writer was copied."""
    INSERTED = "inserted"
    """It stands in a chain that is not its session's, or that was closed before it."""
    DOUBLED = "doubled"
    """The very same event is there twice."""
    SAME_ID = "same id"
    """Another event of its tenant and project, with other content, has its id."""
    CUT_OFF = "cut off"
    """It is the last of its chain, and no SESSION_END: the session goes on, or its end is gone."""
    INTERRUPTED = "interrupted"
    """It is the last of its chain, and no SESSION_END: its process ended before, as another one has said."""
    UNREADABLE = "unreadable"
    """It is no event."""


_NO_END = (FaultKind.CUT_OFF, FaultKind.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong, and where."""

    kind: FaultKind
    event_id: str
    position: int
    """Which of the events that were given it is, counted from 0."""
    session_id: str = ""
    detail: str = ""

    def __str__(self) -> str:
        where = f"event {self.event_id or '(without id)'}, number {self.position}"
        return f"{self.kind.value} at {where}{f': {self.detail}' if self.detail else ''}"


@dataclass(slots=True)
class ChainReport:
    """What became of one chain."""

    genesis: Genesis | None
    """None for a piece whose beginning is missing."""
    session_id: str
    events: int = 0
    closed: bool = False
    """Whether its last event is SESSION_END."""
    faults: list[Fault] = field(default_factory=list[Fault])

    @property
    def complete(self) -> bool:
        """Whether it is whole from its genesis to SESSION_END, and nothing is wrong in it."""
        return self.closed and self.genesis is not None and not self.faults

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong in it, but that it may be cut off at its end."""
        return self.genesis is not None and all(fault.kind in _NO_END for fault in self.faults)


@dataclass(slots=True)
class Verification:
    """What was found in all events."""

    events: int
    unsealed: int
    """Events without a ``content_hash``: nothing can be said of them."""
    chains: list[ChainReport]
    unreadable: list[Fault]
    """What is no event, and so in no chain."""

    @property
    def faults(self) -> list[Fault]:
        """All that is wrong, in the order in which the events came."""
        found = [*self.unreadable, *(fault for chain in self.chains for fault in chain.faults)]
        return sorted(found, key=lambda fault: fault.position)

    @property
    def complete(self) -> bool:
        """Whether all events are sealed, and all chains complete."""
        return not self.unsealed and not self.unreadable and all(chain.complete for chain in self.chains)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, but that chains may be cut off at their end. Events without seal do not matter."""
        return not self.unreadable and all(chain.sound for chain in self.chains)


class _Link:
    """An event in the chain; a plain class, which is made in two thirds of the time: there is one for each event."""

    __slots__ = ("faults", "position", "seal")

    def __init__(self, position: int, seal: Sealed) -> None:
        self.position = position
        self.seal = seal
        self.faults: tuple[tuple[FaultKind, str], ...] = ()  # A tuple, as nearly all events have none.

    def fault(self, kind: FaultKind, detail: str) -> None:
        self.faults = (*self.faults, (kind, detail))


def verify(events: Iterable[Event | bytes]) -> Verification:
    """Check the chains that events form.

    Args:
        events: The events, in any order, encoded or not. They are gone through once.

    Returns:
        What was found. It never raises because of what the events hold.
    """
    verifier = Verifier()
    verifier.take_all(events)
    return verifier.result()


class Verifier:
    """Follows chains while their events come; ``verify`` does it with all at once."""

    def __init__(self) -> None:
        self._position = -1
        self._unsealed = 0
        self._links: list[_Link] = []
        self._by_hash: dict[str, _Link] = {}
        self._by_id: dict[tuple[str, tuple[str, str]], _Link] = {}
        self._altered: list[tuple[_Link, bytes]] = []
        self._unreadable: list[Fault] = []

    # While events come

    @property
    def taken(self) -> int:
        """How many events have come."""
        return self._position + 1

    def take(self, event: Event | bytes) -> None:
        """Look at one more event, whichever it is; never raises because of what it holds."""
        self.take_all((event,))

    def take_all(self, events: Iterable[Event | bytes]) -> None:
        """Look at more events, as ``take`` does."""
        links, first_of_hash, first_of_id = self._links, self._by_hash.setdefault, self._by_id.setdefault
        for event in events:
            self._position += 1
            try:
                seal = read_sealed_bytes(event) if isinstance(event, bytes) else read_sealed(event)
            except CodecError as error:
                self._note_unreadable(event, error)
                continue
            event_id, owner, _, hash_prev, content_hash, _, is_genuine = seal
            if not content_hash and not hash_prev:
                self._unsealed += 1
                continue
            link = _Link(self._position, seal)
            if not is_genuine:
                link.fault(FaultKind.ALTERED, "its content_hash is not that of its content")
                if len(self._altered) < MAX_ALTERED:
                    self._altered.append((link, bytes(event)))
            links.append(link)
            same = first_of_hash(content_hash, link)
            if same is not link:
                self._compare(link, same)
            if event_id:
                other = first_of_id((event_id, owner), link)
                if other is not link and other.seal != seal:
                    link.fault(FaultKind.SAME_ID, f"number {other.position} has other content")

    def _note_unreadable(self, event: Event | bytes, error: CodecError) -> None:
        event_id = "" if isinstance(event, bytes) else event.event_id
        self._unreadable.append(Fault(FaultKind.UNREADABLE, event_id, self._position, detail=str(error)))

    def _compare(self, link: _Link, same: _Link) -> None:
        """Compare an event with one that came before, and says that it has the same hash."""
        if link.seal == same.seal:
            link.fault(FaultKind.DOUBLED, f"it is number {same.position}, too")
        elif link.seal.is_genuine and not same.seal.is_genuine:
            self._by_hash[link.seal.content_hash] = link  # Of which a second one is a double.

    # When all have come

    def result(self) -> Verification:
        """Say what was found in all that came."""
        self._find_places_of_altered()
        reports = _reports(self._links, self._by_hash.keys())
        _name_interrupted(reports)
        return Verification(self.taken, self._unsealed, reports, self._unreadable)

    def _find_places_of_altered(self) -> None:
        if not self._altered:
            return
        left = MAX_TRIED
        places: dict[str, list[str]] = {}
        for link in self._links:
            known = places.setdefault(link.seal.session_id, [])
            known.append(link.seal.content_hash)
            if Genesis.of(link.seal.hash_prev) is not None:
                known.append(link.seal.hash_prev)
        for link, data in self._altered:
            each = max(500, len(data))
            tried = places[link.seal.session_id][: left // each]
            left -= each * len(tried)
            if any(fits_behind(data, place) for place in tried):
                link.faults = tuple(fault for fault in link.faults if fault[0] is not FaultKind.ALTERED)
                link.fault(FaultKind.REORDERED, "it was sealed behind another event")


def _reports(links: list[_Link], known: Set[str]) -> list[ChainReport]:
    """Follow all chains, from their first events on; all that has come is known by its ``content_hash``."""
    followers = _Followers()
    # Of several that follow the same event, the chain goes on with one that is what was sealed. They come by their
    # positions.
    faulty: list[_Link] = []
    starts: deque[_Link] = deque()
    first_behind = followers.first.setdefault
    for link in links:
        hash_prev = link.seal.hash_prev
        if hash_prev not in known:
            starts.append(link)
        if link.faults:
            faulty.append(link)
        elif first_behind(hash_prev, link) is not link:
            followers.add(link)
    for link in faulty:
        followers.add(link)
    seen: set[int] = set()
    reports: list[ChainReport] = []
    for first in _consumed(starts):
        if first.position not in seen:
            reports.append(_follow(first, followers, seen, starts))
    # What is left after that goes round in a circle, which no hash does: it is altered, and said to be.
    if len(seen) < len(links):
        for first in links:
            if first.position not in seen:
                reports.append(_follow(first, followers, seen, starts))
    return reports


def _consumed(starts: deque[_Link]) -> Iterator[_Link]:
    while starts:
        yield starts.popleft()


class _Followers:
    """Which events follow which, by their ``hash_prev``: nearly always one, which is kept without a list."""

    def __init__(self) -> None:
        self.first: dict[str, _Link] = {}
        self.others: dict[str, list[_Link]] = {}
        """Those behind the first one; taken out when they are dealt with, as doubles of the event come by here, too."""

    def add(self, link: _Link) -> None:
        """Add one behind those of its ``hash_prev`` that there are."""
        if self.first.setdefault(link.seal.hash_prev, link) is not link:
            self.others.setdefault(link.seal.hash_prev, []).append(link)


def _follow(first: _Link, followers: _Followers, seen: set[int], starts: deque[_Link]) -> ChainReport:
    """Follow a chain, or a piece of one, to its end."""
    genesis = Genesis.of(first.seal.hash_prev)
    report = ChainReport(genesis, first.seal.session_id if genesis is None else genesis.session_id)
    if genesis is None and not first.faults:
        first.fault(FaultKind.MISSING, f"the event before it, {first.seal.hash_prev or '(none named)'}, is not there")
    beside = followers.first[first.seal.hash_prev]
    if genesis is not None and first is not beside and not first.faults:
        first.fault(FaultKind.FORKED, f"number {beside.position} begins the same chain")
    last = first
    link: _Link | None = first
    behind, others = followers.first.get, followers.others
    while link is not None and link.position not in seen:
        seen.add(link.position)
        report.events += 1
        _, _, session_id, _, content_hash, closes, _ = link.seal
        if report.closed:
            link.fault(FaultKind.INSERTED, "the chain was closed before it")
        if session_id != report.session_id:
            link.fault(FaultKind.INSERTED, f"it is of session {session_id!r}")
        report.closed = report.closed or closes
        last = link
        link = behind(content_hash)
        if others:
            for other in others.pop(content_hash, ()):
                if link is not None and other.position not in seen:
                    if not other.faults:
                        other.fault(FaultKind.FORKED, f"number {link.position} follows the same event")
                    starts.append(other)
        if last.faults:
            _note(report, last)
    if not report.closed:
        report.faults.append(_fault(last, FaultKind.CUT_OFF, "no SESSION_END closes the chain"))
    return report


def _name_interrupted(reports: list[ChainReport]) -> None:
    """Tell chains whose process ended before it could close them from those of which nobody says so."""
    told = {report.session_id for report in reports if report.complete}
    for report in reports:
        if report.genesis is not None and INTERRUPTED + report.genesis.writer in told:
            report.faults = [_if_interrupted(fault) for fault in report.faults]


def _if_interrupted(fault: Fault) -> Fault:
    if fault.kind is not FaultKind.CUT_OFF:
        return fault
    return replace(fault, kind=FaultKind.INTERRUPTED, detail="its process ended before it closed the chain")


def _note(report: ChainReport, link: _Link) -> None:
    report.faults += [_fault(link, kind, detail) for kind, detail in link.faults]


def _fault(link: _Link, kind: FaultKind, detail: str) -> Fault:
    return Fault(kind, link.seal.event_id, link.position, link.seal.session_id, detail)
