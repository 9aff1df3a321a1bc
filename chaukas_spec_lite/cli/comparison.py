"""Tells whether the events that came back are those that were sent. Pure; keeps a digest of each, not the event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import zip_longest
from typing import TYPE_CHECKING, cast

from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.fields import fields_of

if TYPE_CHECKING:
    from chaukas_spec_lite.spec.common.v1.events import Event

EventKey = tuple[str, str, str]
"""Tenant, project and event id: what makes an event one and the same."""

MAX_KEPT = 20
"""Differences that are kept to be shown; the others are only counted."""

MAX_SHOWN = 120
"""Characters shown of a value that differs."""


def key_of(event: Event) -> EventKey:
    """What identifies an event."""
    return event.tenant_id, event.project_id, event.event_id


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it was sent."""

    problem: str
    """``came back altered``, ``came back twice``, ``was never sent``, ``did not come back`` or ``lost to another event
    of its id``."""
    key: EventKey
    returned: Event | None = None
    """The event as it came back, if it came back altered."""


class Comparison:
    """Remembers what was sent, and compares what comes back with it."""

    def __init__(self) -> None:
        self.sent = 0
        """Events sent, duplicates included."""
        self.duplicates = 0
        """Events sent whose id was sent before: a collector keeps the first of them."""
        self.returned = 0
        """Events that came back."""
        self.problems: Counter[str] = Counter()
        """How often each problem occurred."""
        self.differences: list[Difference] = []
        """The first few problems."""
        self._digests: dict[EventKey, bytes] = {}
        self._seen: set[EventKey] = set()

    def send(self, event: Event, data: bytes) -> None:
        """Note an event and its encoded form."""
        self.sent += 1
        digest = _digest(data)
        # The same id with the same content is a repetition, which a collector may leave out; with other content, an
        # event is lost.
        if self._digests.setdefault(key_of(event), digest) != digest:
            self._add(Difference("lost to another event of its id", key_of(event)))
        self.duplicates = self.sent - len(self._digests)

    def receive(self, event: Event) -> None:
        """Compare an event that came back with the one that was sent."""
        self.returned += 1
        key = key_of(event)
        if key not in self._digests:
            self._add(Difference("was never sent", key))
        elif key in self._seen:
            self._add(Difference("came back twice", key))
        # Compared as bytes, so that nothing goes unseen which equality of messages passes over.
        elif _digest(bytes(event)) != self._digests[key]:
            self._add(Difference("came back altered", key, event))  # the only kind that needs the event, to be shown
        self._seen.add(key)

    def close(self) -> None:
        """Note what did not come back."""
        for key in self._digests.keys() - self._seen:
            self._add(Difference("did not come back", key))

    @property
    def expected(self) -> int:
        """How many events should come back."""
        return len(self._digests)

    def _add(self, difference: Difference) -> None:
        self.problems[difference.problem] += 1
        if len(self.differences) < MAX_KEPT:
            self.differences.append(difference)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


def changes(sent: object, returned: object, path: str = "Event") -> Iterator[str]:
    """Name the fields in which two events differ: ``Event.error.error_code: sent 'a', came back 'b'``.

    Values are compared by what ``repr`` shows, which tells apart all that the wire does: -0.0, the order of keys.
    """
    stack = [(path, sent, returned)]  # no recursion: a Struct may be nested as deep as its sender liked
    while stack:
        path, sent, returned = stack.pop()
        if repr(sent) == repr(returned):
            continue
        parts = list(_parts(sent, returned))
        if parts:
            stack.extend((path + step, a, b) for step, a, b in reversed(parts))
        else:
            yield f"{path}: sent {_shown(sent)}, came back {_shown(returned)}"


def _parts(sent: object, returned: object) -> Iterator[tuple[str, object, object]]:
    """The parts of two values of one kind, or nothing if they have none that differ."""
    if isinstance(sent, Message) and type(sent) is type(returned):
        for name in [field.name for field in fields_of(type(sent))] + ["_unknown_fields"]:
            yield f".{name}", getattr(sent, name), getattr(returned, name)
    elif isinstance(sent, dict) and isinstance(returned, dict):
        ours, theirs = cast("Mapping[str, object]", sent), cast("Mapping[str, object]", returned)
        # Keys that differ, or stand in another order, have no parts to compare: the whole dict is shown.
        if list(ours) == list(theirs):
            for key in ours:
                yield f"[{key!r}]", ours[key], theirs[key]
    elif isinstance(sent, list) and isinstance(returned, list):
        pairs = zip_longest(cast("list[object]", sent), cast("list[object]", returned))
        for index, (a, b) in enumerate(pairs):
            yield f"[{index}]", a, b


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."
