"""Spans as rows: what tells each of them from the others."""

from __future__ import annotations

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.rows import rows
from chaukas_spec_lite.trace.tree import build


class EventId(str):
    """An id that counts how often another one is made of it."""

    made = 0

    def __format__(self, spec: str) -> str:
        EventId.made += 1
        return str(self)


def test_rows_of_one_event_id_get_ids_of_their_own_without_trying_those_of_all_others() -> None:
    """Each project may have the same id: 100,000 of them took minutes."""
    one = moment(Event(type=EventType.SYSTEM))._replace(event_id=EventId("e"))
    other = one._replace(event_id="e#3", scope=("", "other"))
    moments = [one._replace(scope=("", str(number))) for number in range(300)]
    EventId.made = 0
    ids = [row.id for row in rows(build([other, *moments]), {})]
    assert len({*ids}) == 301
    assert {"e", "e#2", "e#3", "e#4"} < {*ids}
    assert EventId.made <= 2 * len(moments)
