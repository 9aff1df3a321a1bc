"""One page of a query.

A query is driven by one of its conditions, the one that is likely to be met by the fewest events, and that condition's
index yields events in the order of the answer, for each owner and value apart: ``_stream``. They are merged, the other
conditions are looked at event by event, and when so many have been looked at, the page ends and its token says where.
"""

from __future__ import annotations

import heapq
import itertools
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chaukas_spec_lite.collector.page_tokens import PageTokens, Position
from chaukas_spec_lite.collector.stores.asking import Query
from chaukas_spec_lite.collector.stores.base import TEXT_SCAN_BYTES, TEXT_SCAN_EVENTS, EventPage, Texts
from chaukas_spec_lite.collector.stores.sqlite import text_index
from chaukas_spec_lite.collector.stores.sqlite.conditions import Condition, Key, conditions_of, keys_of
from chaukas_spec_lite.collector.stores.sqlite.schema import UNTIMED, Values, moment_of, stretch_of, timestamp_of
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES

SCAN_EVENTS = 20_000
"""How many events are looked at for one page, where the conditions of a query have no index together."""
_CANDIDATES = 2000
"""Up to so many events that the index of texts names, all of them are sorted; more are looked for in order."""
_CHUNK = 500
_SPREAD = 40
"""How much further apart than their number the arrivals of a chunk may lie for the index of texts to be asked."""

_LEAST_PART, _MOST_PART = 4, 1000
"""How many events are read from one key of an index at a time."""

Place = tuple[bytes, int]
"""Moment and number of an event."""
Met = tuple[bytes, int, int, bytes | None]
"""The same, whether the conditions beside the driving one are met, and the event where it was read with its place."""


@dataclass(slots=True)
class Allowance:
    """How much may be looked at for a page; ``spent`` once it was too much."""

    events: int = SCAN_EVENTS
    texts: int = TEXT_SCAN_EVENTS
    text_bytes: int = TEXT_SCAN_BYTES

    @property
    def spent(self) -> bool:
        """Whether more has been looked at than that."""
        return self.events < 0 or self.texts < 0 or self.text_bytes < 0


UNBOUNDED = 2**62

_DATA = "SELECT coalesce(CAST(data AS BLOB), x'') FROM events WHERE seq = ?"
"""Whatever stands there: somebody may have written a text into the file."""
_SMALL = "CASE WHEN length(e.data) <= 4096 THEN CAST(e.data AS BLOB) END"
"""The event with its place, which takes a third of the time; but not a large one, as many places are read at once."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement for keys of one kind, and the values of its places, or the name of those conditions of a key."""

    statement: str
    places: list[str | Values]

    def values_for(self, key: Key) -> list[object]:
        own = {"named": key.named.values, "marked": key.marked.values if key.marked else ()}
        return [value for each in self.places for value in (own[each] if isinstance(each, str) else each)]


@dataclass(slots=True)
class Search:
    """A query on a snapshot of the file.

    Args:
        connection: A connection that reads, with a transaction.
        query: The query.
        texts: Tells what a search for text looks at.
        watermark: No event with a higher number is looked at.
        after: Where the page before ended.
        allowance: How much may be looked at.
    """

    connection: sqlite3.Connection
    query: Query
    texts: Texts
    watermark: int
    after: Place | None = None
    allowance: Allowance = field(default_factory=Allowance)
    indexed: bool = False
    """Whether the index of texts names the candidates; known once the first one is looked at."""
    _plans: dict[tuple[str, str], _Plan] = field(default_factory=dict[tuple[str, str], "_Plan"], init=False)

    @property
    def scanned(self) -> int:
        """How many events were looked into without an index."""
        return 0 if self.indexed else TEXT_SCAN_EVENTS - self.allowance.texts

    def looked_at(self) -> Iterator[tuple[Place, bytes | None]]:
        """The events in order; each with its encoded form if it is found, and None if it is only passed by."""
        for moment, seq, met, data in self._candidates():
            if data is not None:
                yield (moment, seq), data
            elif met:
                data = self._data(seq)
                yield (moment, seq), data if not self.query.text or self._has_text(data) else None
            else:
                self.allowance.events -= 1
                yield (moment, seq), None

    def _data(self, number: int) -> bytes:
        stored: tuple[bytes] | None = self.connection.execute(_DATA, (number,)).fetchone()
        if stored is None:
            raise sqlite3.DatabaseError("it is damaged: an index names an event that is not there")
        return stored[0]

    def _has_text(self, data: bytes) -> bool:
        self.allowance.texts -= 1
        self.allowance.text_bytes -= len(data)
        return self.query.text in self.texts(data)

    def _candidates(self) -> Iterator[Met]:
        pattern = text_index.pattern(self.query.text) if self.query.text else None
        if pattern is None or not text_index.complete(self.connection):
            return self._in_order()
        self.indexed = True
        found = self.connection.execute(
            "SELECT rowid FROM texts WHERE texts MATCH ? AND rowid <= ? LIMIT ?",
            (pattern, self.watermark, _CANDIDATES + 1),
        ).fetchall()
        if len(found) <= _CANDIDATES:
            return iter(self._sorted(seq for (seq,) in found))
        return self._named(pattern)

    def _sorted(self, numbers: Iterable[int]) -> list[Met]:
        """Of some events those that meet all conditions, in order, from where the page begins."""
        all_ = joined(conditions_of(self.query), range_of(self.query))
        statement = f"SELECT e.moment, e.seq FROM events e WHERE e.seq = ? AND {all_.term}"
        places = [place for n in numbers for place in self.connection.execute(statement, (n, *all_.values))]
        after = self.after
        if after is not None:
            places = [place for place in places if (place < after if self.query.descending else place > after)]
        return [(*place, 1, None) for place in sorted(places, reverse=self.query.descending)]

    def _named(self, pattern: str) -> Iterator[Met]:
        """The events in order, those that the index of texts does not name as not met."""
        events = self._in_order()
        while chunk := list(itertools.islice(events, _CHUNK)):
            numbers = [seq for _, seq, met, _ in chunk if met]
            if not numbers or max(numbers) - min(numbers) > _SPREAD * _CHUNK:
                yield from chunk
                continue
            named = self.connection.execute(
                "SELECT rowid FROM texts WHERE texts MATCH ? AND rowid BETWEEN ? AND ?",
                (pattern, min(numbers), max(numbers)),
            )
            known = {seq for (seq,) in named}
            yield from ((moment, seq, met and seq in known, None) for moment, seq, met, _ in chunk)

    def _in_order(self) -> Iterator[Met]:
        keys, rest = keys_of(self.connection, self.query)
        met = joined(rest)
        data = _SMALL if len(keys) == 1 and met.term == "1" and not self.query.text else "NULL"
        columns = Condition(f"e.moment, e.seq, {met.term}, {data}", met.values)
        # As many as a page has, from all of them together, and some for those that have more than others.
        share = max(_LEAST_PART, 2 * (self.query.size + 1) // max(1, len(keys)))
        part = self.query.size + 1 if len(keys) == 1 else share
        streams = [self._stream(key, columns, part) for key in keys]
        return streams[0] if len(streams) == 1 else heapq.merge(*streams, reverse=self.query.descending)

    def _stream(self, key: Key, columns: Condition, part: int) -> Iterator[Met]:
        """What there is of one key, in order, from where the page begins."""
        # In parts, with statements that are done when their rows are here: of a statement that still runs, Python
        # makes a new one for each stream, which takes longer than all the rest.
        place = self.after
        while True:
            plan = self._plan(key, columns, place, part)
            found: list[Met] = self.connection.execute(plan.statement, plan.values_for(key)).fetchall()
            yield from found
            if len(found) < part:
                return
            place = found[-1][:2]
            part = min(2 * part, _MOST_PART)

    def _plan(self, key: Key, columns: Condition, place: Place | None, part: int) -> _Plan:
        """The statement for the next part of a key's events; that for the first is the same for all keys of a kind."""
        kind = key.source, key.named.term
        if place == self.after and kind in self._plans:
            return self._plans[kind]
        texts: list[str] = []
        places: list[str | Values] = []
        known = Condition("+e.seq <= ?", (self.watermark,))
        for source, conditions, order in self._sections(key, place):
            every = [key.named, *conditions, known]
            texts.append(
                f"SELECT * FROM (SELECT {columns.term} FROM {source} "
                f"WHERE {joined(every).term} ORDER BY {order} LIMIT {part})"
            )
            own = {id(key.named): "named", id(key.marked): "marked"}
            places += [columns.values, *(own.get(id(each), each.values) for each in every)]
        # SQLite begins with the next section only when the one before is at its end.
        plan = _Plan(f"{' UNION ALL '.join(texts)} LIMIT {part}", places)
        if place == self.after:
            self._plans[kind] = plan
        return plan

    def _sections(self, key: Key, place: Place | None) -> Iterator[tuple[str, list[Condition], str]]:
        """Where a key's events stand behind a place, section by section: the table, conditions and order of each."""
        # Each has one bound on either side that SQLite can take for the index. A plus in front keeps it from taking
        # others, for which it would pass by all that lies between. The plain one is also why there are so many.
        query, direction = self.query, "DESC" if self.query.descending else "ASC"
        sign, order = "<" if query.descending else ">", f"e.moment {direction}, e.seq {direction}"
        behind = _from if query.descending else _until
        if place is not None:
            # Those of the same instant first, by an equality: of a comparison of both columns SQLite would use the
            # first one for the index, and pass by all events of that instant again on each page.
            yield key.source, [Condition(f"e.moment = ? AND e.seq {sign} ?", place)], order
        if key.marked is None:
            # The place is the narrower bound on its side.
            far = [range_of(query)] if place is None else [Condition(f"e.moment {sign} ?", place[:1]), behind(query)]
            yield key.source, far, order
            return
        far = [range_of(query, "+e.moment"), range_of(query, "m.since")]
        if place is not None:
            since, until = stretch_of(place[0])
            rest = f"e.moment {sign} ? AND e.moment {'>=' if query.descending else '<='} ?"
            end = since if query.descending else until
            yield key.source, [Condition(rest, (place[0], end)), behind(query, "+e.moment")], order
            far = [behind(query, "+e.moment"), behind(query, "m.since"), Condition(f"m.since {sign} ?", (since,))]
        within = Condition("e.owner = m.owner AND e.moment BETWEEN m.since AND m.until", ())
        yield f"marks m CROSS JOIN {key.source}", [key.marked, within, *far], f"m.since {direction}, {order}"


def find(connection: sqlite3.Connection, query: Query, tokens: PageTokens, max_bytes: int, texts: Texts) -> EventPage:
    """Return one page; call it within a transaction."""
    asked = tokens.read(query)
    if asked is None:
        ((watermark,),) = connection.execute("SELECT coalesce(max(seq), 0) FROM events")
        after = None
    else:
        watermark, (timed, seconds, nanos, number) = asked
        after = (moment_of(seconds, nanos) if timed else UNTIMED, number)
    search = Search(connection, query, texts, watermark, after)
    events: list[bytes] = []
    numbers: list[int] = []
    last = after
    for place, data in search.looked_at():
        if data is not None:
            max_bytes -= len(data) + MAX_FRAME_BYTES
            # This event starts the next page, unless the page is still empty: there would be no page with it.
            if events and last is not None and (len(events) == query.size or max_bytes < 0):
                return EventPage(events, tokens.write(query, watermark, _position(last)), search.scanned, numbers)
            events.append(data)
            numbers.append(place[1])
        last = place
        if search.allowance.spent:
            return EventPage(events, tokens.write(query, watermark, _position(last)), search.scanned, numbers)
    return EventPage(events, "", search.scanned, numbers)


def range_of(query: Query, moment: str = "e.moment") -> Condition:
    """The condition that an event, or the second it is in (``m.since``), lies in the query's range of time."""
    return joined([_from(query, moment), _until(query, moment)])


def _from(query: Query, moment: str = "e.moment") -> Condition:
    if query.start is not None:
        start = moment_of(*query.start)
        return Condition(f"{moment} >= ?", (stretch_of(start)[0] if moment == "m.since" else start,))
    # An event without a timestamp lies in no range.
    return Condition("1" if query.end is None else f"{moment} > x''", ())


def _until(query: Query, moment: str = "e.moment") -> Condition:
    return Condition("1", ()) if query.end is None else Condition(f"{moment} < ?", (moment_of(*query.end),))


def joined(conditions: Iterable[Condition], *more: Condition) -> Condition:
    """One condition of several."""
    every = [*conditions, *more]
    terms = [each.term for each in every if each.term != "1"]
    return Condition(" AND ".join(terms) or "1", tuple(value for each in every for value in each.values))


def _position(place: Place) -> Position:
    return (*timestamp_of(place[0]), place[1])
