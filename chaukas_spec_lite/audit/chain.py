"""Hash chains: what a writer of events keeps of each session, so that each event names the one before.

A chain belongs to one writer, that is one start of a process and one recorder or exporter in it, and to one session.
Its first event has a ``hash_prev`` that names both, the genesis value; each further one has the ``content_hash`` of the
event before. ``SESSION_END`` closes it. What comes after that in the same session begins another chain.

An event is encoded outside of any lock, and sealed at the moment at which it is stored: only then is it certain that it
will be, and which one comes before it. So nothing here knows a message.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from chaukas_spec_lite import process
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.wire.format import varint

DOMAIN = b"chaukas-event-v1\n"
"""What is hashed before an event, so that its hash is none of anything else."""

ALGORITHM = "sha256:"
"""What stands before the hexadecimal digits of a ``content_hash``."""

_T = TypeVar("_T")

Owner: TypeAlias = "tuple[str, str]"
"""A tenant and a project."""

MAX_OWNERS = 100
"""Of how many it is known that a writer has chains of theirs. Whoever comes after it tells each if it ended early."""

MAX_OPEN = 10_000
"""How many chains a writer has open. Beyond it, the one that was used longest ago is left: its session begins another.
"""

ROOM = 300
"""How many bytes a seal takes at most, without the id of the session, which a chain's first event names once more."""

HASH_PREV = b"\x92\x01"
"""The tag of ``hash_prev``."""
HASH_LENGTH = len(ALGORITHM) + 64
_HASH_PREV = HASH_PREV + bytes([HASH_LENGTH])
"""The tag of one that is a hash, and how long that is."""
CONTENT_HASH = b"\x9a\x01" + bytes([HASH_LENGTH])
"""The tag of ``content_hash``, and how long it is."""

INTERRUPTED = "interrupted-writer:"
"""What the session of an event begins with that says of a writer that it was interrupted; its id is the rest."""

_GENESIS = re.compile(r"genesis:([^:]+):([1-9][0-9]{0,18}):(.*)", re.DOTALL)


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


def hash_of(canonical: bytes) -> str:
    """Return the hash of an event in its canonical form: ``sha256:`` and 64 hexadecimal digits."""
    return _hash_of(DOMAIN + canonical)


def _hash_of(preceded: bytes) -> str:
    return ALGORITHM + hashlib.sha256(preceded).hexdigest()


class Unsealed:
    """An encoded event that is to be sealed: what comes before its seal, and what comes behind it.

    Args:
        head: What comes before the seal.
        tail: What comes behind it; None if the event is not in its canonical form, and has its seal behind all of it.
        in_order: Makes the canonical form of such an event.
        session_id: The event's session.
        owner: Whose the event is.
        closes: Whether it is a SESSION_END.
    """

    __slots__ = ("closes", "head", "in_order", "owner", "session_id", "tail")

    def __init__(
        self,
        head: bytes,
        tail: bytes | None,
        session_id: str,
        owner: Owner,
        closes: bool,
        in_order: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self.head = head
        self.tail = tail
        self.in_order = in_order
        self.session_id = session_id
        self.owner = owner
        self.closes = closes

    @property
    def data(self) -> bytes:
        """The event without a seal."""
        return self.head + (self.tail or b"")

    def __len__(self) -> int:
        """Return how many bytes it takes at most, once it is sealed."""
        tail = self.tail
        return len(self.head) + (0 if tail is None else len(tail)) + ROOM + len(self.session_id.encode())

    def sealed(self, hash_prev: bytes) -> tuple[bytes, bytes]:
        """Encode the event with its seal.

        Args:
            hash_prev: The hash of the event before, or a genesis value.

        Returns:
            The event, and the ``content_hash`` in it.
        """
        n = len(hash_prev)
        tag = _HASH_PREV if n == HASH_LENGTH else HASH_PREV + varint(n).encode("latin-1")
        head, tail = self.head, self.tail
        if tail is None:
            # Encoded by others, it stays as it is: its hash is that of the canonical form all the same.
            data = b"".join((head, tag, hash_prev))
            hashed = hash_of(self.in_order(data)).encode()
            return data + CONTENT_HASH + hashed, hashed
        hashed = _hash_of(b"".join((DOMAIN, head, tag, hash_prev, tail))).encode()
        return b"".join((head, tag, hash_prev, CONTENT_HASH, hashed, tail)), hashed


class Chains:
    """The open chains of one writer. Its callers see to it that one thread at a time uses it.

    Args:
        writer: The writer's id, which no other writer has: a UUID.
    """

    def __init__(self, writer: str) -> None:
        self._writer = writer
        self.owners: tuple[Owner, ...] = ()
        """Whose chains there are, or were."""
        self._number = 0
        self._last: OrderedDict[str, bytes] = OrderedDict()
        """The hash of each session's last event; the session that was used last comes last."""
        self._next: tuple[str, bytes, bool] | None = None
        """Session, hash, and whether it closes the chain, of the event of which nobody has said yet that it came."""

    @property
    def are_open(self) -> bool:
        """Whether a chain goes on that no SESSION_END has closed."""
        return bool(self._last)

    def next(self, event: Unsealed) -> bytes:
        """Encode an event with its seal, as the next one of its session; then say what became of it.

        Args:
            event: The event.
        """
        session_id = event.session_id
        before = self._last.get(session_id)
        if before is None:
            if event.owner not in self.owners and len(self.owners) < MAX_OWNERS:
                self.owners = (*self.owners, event.owner)
            before = str(Genesis(self._writer, self._number + 1, session_id)).encode()
        data, hashed = event.sealed(before)
        self._next = session_id, hashed, event.closes
        return data

    def advance(self) -> None:
        """Say that the event that ``next`` has sealed last is stored: the next one of its session comes behind it."""
        if self._next is None:
            return
        (session_id, hashed, closes), self._next = self._next, None
        last = self._last
        if session_id not in last:
            self._number += 1
        if closes:
            last.pop(session_id, None)
            return
        # Nothing is called before this line: Ctrl-C is only handled behind a call, and must not find the old hash here.
        last[session_id] = hashed
        last.move_to_end(session_id)
        if len(last) > MAX_OPEN:
            last.popitem(last=False)

    def stay(self) -> None:
        """Say that the event that ``next`` has sealed last is not stored: another one will have its place."""
        self._next = None

    def leave(self) -> None:
        """Say that nobody knows whether the event that ``next`` has sealed last is stored.

        The session begins another chain with its next event. This one ends early, which is told; if it went on, it
        would look forged, either way.
        """
        if self._next is not None:
            session_id = self._next[0]
            self.advance()
            self._last.pop(session_id, None)


class Sealing:
    """Seals events while they are stored, one at a time. Its callers see to it that one at a time uses it."""

    def __init__(self) -> None:
        self.begin()
        # A child is a writer of its own: otherwise both would go on with the same chains.
        process.after_fork_in_child(self.begin)

    def begin(self) -> None:
        """Begin as another writer: others say of the one so far that its chains go no further, or go on with them."""
        self.writer = uuid7()
        self._chains = Chains(self.writer)

    @property
    def owners(self) -> tuple[Owner, ...]:
        """Whose chains the writer has, or had, in the order in which they came."""
        return self._chains.owners

    @property
    def has_open_chains(self) -> bool:
        """Whether it has chains that no SESSION_END has closed."""
        return self._chains.are_open

    def write(
        self, event: bytes | Unsealed, append: Callable[[bytes], _T], is_stored: Callable[[_T], bool] = bool
    ) -> _T:
        """Store an event, sealed as the next one of its session.

        Args:
            event: The event; one that is bytes is stored as it is.
            append: Stores it. If it raises, nobody knows whether it did, and the session begins another chain.
            is_stored: Says whether it did, by what it returned. If it did not, the chain goes on without the event.

        Returns:
            What ``append`` returned.
        """
        if isinstance(event, bytes):
            return append(event)
        # Sealed now, and not when it was encoded: only here is it certain which event comes before it.
        try:
            outcome = append(self._chains.next(event))
            if is_stored(outcome):
                self._chains.advance()
            else:
                self._chains.stay()
        except BaseException:  # such as Ctrl-C
            self._chains.leave()
            raise
        return outcome


class Sealer:
    """Seals events while they are stored. Any thread may use it, and signal handlers and finalizers."""

    def __init__(self) -> None:
        self._sealing = Sealing()
        self._begin()
        process.after_fork_in_child(self._begin)

    def _begin(self) -> None:
        # It lets in the thread that has it already: a signal handler would wait for ever for what it interrupts.
        self._lock = threading.RLock()
        self._busy = False
        self._late: deque[Callable[[], object]] = deque()
        """What came while its own thread was busy here, such as from a signal handler."""

    def write(
        self, event: bytes | Unsealed, append: Callable[[bytes], _T], is_stored: Callable[[_T], bool] = bool
    ) -> _T | None:
        """Store an event as ``Sealing`` does it.

        Returns:
            What ``append`` returned; None if this call interrupts another one, which stores the event in a moment.
        """
        if isinstance(event, bytes):
            return append(event)
        with self._lock:
            if self._busy:
                self._late.append(lambda: self._sealing.write(event, append, is_stored))
                return None
            self._busy = True
            try:
                if self._late:
                    self._write_late()
                outcome = self._sealing.write(event, append, is_stored)
            finally:  # without a call, in which a signal could be handled
                self._busy = False
        if self._late:
            self.finish()
        return outcome

    def finish(self) -> None:
        """Store what came late, after something that was cut short. Every call of ``write`` does so."""
        with self._lock:
            if not self._busy:
                self._busy = True
                try:
                    self._write_late()
                finally:
                    self._busy = False

    def _write_late(self) -> None:
        while self._late:
            # Taken from the list behind that: if something is raised amid it, it is rather there twice.
            self._late[0]()
            self._late.popleft()
