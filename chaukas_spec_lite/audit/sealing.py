"""Encoding an event so that its seal can be put in: once, in the canonical form."""

from __future__ import annotations

import os

from chaukas_spec_lite.audit.canonical import canonical_bytes, encode_in_order
from chaukas_spec_lite.audit.chain import ALGORITHM, CONTENT_HASH, INTERRUPTED, Chains, Owner, Unsealed
from chaukas_spec_lite.spec.common.v1.events import ErrorInfo, Event, EventStatus, EventType

_MARK = ALGORITHM + os.urandom(32).hex()
"""Stands where the hash will be, while an event is encoded. Nobody knows it, so nothing else in an event is equal."""
_MARKED = CONTENT_HASH + _MARK.encode()
_SESSION_END = int(EventType.SESSION_END)
"""A plain number, which is compared in a fraction of the time."""


def marked(event: Event) -> Event:
    """Copy an event, with a mark where its hash will be. The copy shares all else with it.

    Args:
        event: The event.
    """
    copied = event.__copy__()  # what `copy.copy` calls, which takes as long again to find it
    copied.hash_prev = copied.worm_proof_id = ""
    copied.content_hash = _MARK
    return copied


def unmarked(data: bytes) -> bytes:
    """Take the mark out of an encoded event."""
    return data.replace(_MARKED, b"", 1)


def unsealed(event: Event, data: bytes) -> Unsealed:
    """Return what is to be sealed of an event.

    Args:
        event: The event.
        data: What ``encode_in_order`` made of the marked event.
    """
    head, _, tail = data.partition(_MARKED)
    owner = event.tenant_id or "", event.project_id or ""
    return Unsealed(head, tail, event.session_id or "", owner, event.type == _SESSION_END)


def unsealed_bytes(data: bytes) -> Unsealed | None:
    """Return what is to be sealed of an event that others have encoded: its bytes stay, the seal comes behind them.

    Args:
        data: The event.

    Returns:
        None if it has a seal already, which it keeps.

    Raises:
        DecodeError: The bytes are no event.
    """
    event = Event.parse(data)
    if event.content_hash:
        return None
    owner = event.tenant_id, event.project_id
    return Unsealed(data, None, event.session_id, owner, event.type == _SESSION_END, _in_order)


def _in_order(data: bytes) -> bytes:
    return canonical_bytes(Event.parse(data))


def seal(event: Event, chains: Chains) -> None:
    """Give an event its ``hash_prev`` and ``content_hash``: it is the next one of its session.

    Args:
        event: The event, complete: what is changed later is found.
        chains: Those of the writer.

    Raises:
        EncodeError: It cannot be encoded. The chain goes on without it.
    """
    sealed = Event.parse(chains.next(unsealed(event, encode_in_order(marked(event)))))
    chains.advance()
    event.hash_prev, event.content_hash = sealed.hash_prev, sealed.content_hash


def interruption(writer: str, owner: Owner) -> Event:
    """Make the event which says that a process ended, and that its chains go no further. It is a chain of its own.

    Args:
        writer: The id of the chains' writer.
        owner: To whom it is said: whoever has these chains has to have this event, too.
    """
    text = f"the process of writer {writer} ended before it closed its chains"
    tenant, project = owner
    return Event(
        tenant_id=tenant,
        project_id=project,
        type=EventType.SESSION_END,
        session_id=INTERRUPTED + writer,
        status=EventStatus.FAILED,
        error=ErrorInfo(error_code="WRITER_INTERRUPTED", error_message=text),
    )
