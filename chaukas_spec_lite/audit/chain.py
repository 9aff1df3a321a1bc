"""Hash chains: what a writer of events keeps of each session, so that each event names the one before.

A chain belongs to one writer, that is one start of a process and one recorder or exporter in it, and to one session.
Its first event has a ``hash_prev`` that names both, the genesis value; each further one has the ``content_hash`` of the
event before. ``SESSION_END`` closes it. What comes after that in the same session begins another chain.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

from chaukas_spec_lite.audit.canonical import content_hash
from chaukas_spec_lite.spec.common.v1.events import Event, EventType

MAX_OPEN = 10_000
"""How many chains a writer has open. Beyond it, the one that was used longest ago is left: its session begins another.
"""

_GENESIS = re.compile(r"genesis:([^:]+):([0-9]+):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Genesis:
    """What the ``hash_prev`` of a chain's first event says."""

    writer: str
    """The writer's id, a UUID."""
    number: int
    """Which of the writer's chains it is, counted from 1."""
    session_id: str

    def __str__(self) -> str:
        return f"genesis:{self.writer}:{self.number}:{self.session_id}"

    @classmethod
    def of(cls, hash_prev: str) -> Genesis | None:
        """Read a ``hash_prev``; None if it names an event."""
        found = _GENESIS.fullmatch(hash_prev)
        return None if found is None else cls(found[1], int(found[2]), found[3])


class Chains:
    """The open chains of one writer. Its callers see to it that one thread at a time uses it.

    Args:
        writer: The writer's id, which no other writer has: a UUID.
    """

    def __init__(self, writer: str) -> None:
        self._writer = writer
        self._number = 0
        self._last: OrderedDict[str, str] = OrderedDict()
        """The hash of each session's last event; the session that was used last comes last."""

    def seal(self, event: Event) -> None:
        """Give an event its ``hash_prev`` and ``content_hash``: it is the next one of its session.

        Args:
            event: The event, complete: what is changed later is found.

        Raises:
            EncodeError: It cannot be encoded. The chain goes on without it.
        """
        session_id = event.session_id
        event.hash_prev = self._last.get(session_id) or str(Genesis(self._writer, self._number + 1, session_id))
        event.content_hash = content_hash(event)
        if session_id not in self._last:
            self._number += 1
        if event.type == EventType.SESSION_END:
            self._last.pop(session_id, None)
            return
        self._last[session_id] = event.content_hash
        self._last.move_to_end(session_id)
        if len(self._last) > MAX_OPEN:
            self._last.popitem(last=False)
