"""What verification looks at in an event: its seal, and whether the seal is that of its content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from chaukas_spec_lite.audit.canonical import canonical_bytes
from chaukas_spec_lite.audit.canonical_walk import walk
from chaukas_spec_lite.audit.chain import hash_of
from chaukas_spec_lite.errors import CodecError
from chaukas_spec_lite.spec.common.v1.events import Event, EventType
from chaukas_spec_lite.wire.format import NotCanonical

_SESSION_END = int(EventType.SESSION_END)
"""A plain number, which is compared in a fraction of the time: this runs for every event."""


class Sealed(NamedTuple):
    """The seal of an event, and what is needed to find its place."""

    event_id: str
    owner: tuple[str, str]
    """Tenant and project, within which the id is unique."""
    session_id: str
    hash_prev: str
    content_hash: str
    """Empty if it was never sealed."""
    closes: bool
    """Whether it is a SESSION_END."""
    is_genuine: bool
    """Whether ``content_hash`` is the hash of the event as it is."""


_new = cast("Callable[[type[Sealed], tuple[object, ...]], Sealed]", cast("Any", tuple).__new__)


def read_sealed(event: Event) -> Sealed:
    """Read the seal of an event, and check it against the canonical form of its content.

    However the event was encoded, and whatever hash its bytes have as they came: what counts is the one form that the
    specification names, so that every implementation comes to the same verdict.

    Raises:
        EncodeError: It cannot be encoded.
    """
    claimed = event.content_hash
    is_genuine = claimed != "" and hash_of(canonical_bytes(event)) == claimed
    owner = event.tenant_id, event.project_id
    closes = event.type == EventType.SESSION_END
    return Sealed(event.event_id, owner, event.session_id, event.hash_prev, claimed, closes, is_genuine)


def read_sealed_bytes(data: bytes) -> Sealed:
    """Read the seal of an encoded event; as ``read_sealed``, in half the time if it is in its canonical form.

    Raises:
        DecodeError: The bytes are no event.
    """
    try:
        event_id, tenant, project, session, hash_prev, claimed, kind, start, stop = walk(data)
    except (NotCanonical, ValueError, KeyError, IndexError):
        return read_sealed(Event.parse(data))
    is_genuine = claimed != "" and hash_of(data[:start] + data[stop:]) == claimed
    # Past its constructor, which takes three times as long.
    return _new(Sealed, (event_id, (tenant, project), session, hash_prev, claimed, kind == _SESSION_END, is_genuine))


def fits_behind(data: bytes, hash_prev: str) -> bool:
    """Say whether an event's ``content_hash`` is right if this was its ``hash_prev``: then only its place is wrong."""
    try:
        event = Event.parse(data)
        event.hash_prev = hash_prev
        return hash_of(canonical_bytes(event)) == event.content_hash
    except CodecError:
        return False
